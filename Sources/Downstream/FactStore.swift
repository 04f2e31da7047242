import GRDB

/// The effect of one accepted fact on a service's database. Applying it twice has the same result as once.
typealias FactEffect = @Sendable (Database) throws -> Void

/// How far a service has read one partition of its topic.
struct FactPosition: Sendable, Equatable {
    /// The next Kafka offset to read.
    var offset: Int64
    /// The greatest accepted sequence number; 0 before the first.
    var sequence: Int64
    /// The greatest sequence number that was read since the partition's beginning, or since it was last read from
    /// there again. It is greater than `sequence` while facts are missing, and less if the topic lacks facts that
    /// were accepted before.
    var seen: Int64

    /// `seen` defaults to `sequence`.
    init(offset: Int64, sequence: Int64, seen: Int64? = nil) {
        (self.offset, self.sequence, self.seen) = (offset, sequence, seen ?? sequence)
    }

    /// True if every fact that was read is accepted, and the topic has every accepted fact.
    var isWhole: Bool { seen == sequence }
}

/// What a service stores of the facts that it follows.
protocol FactStore: Sendable {
    var database: FactDatabase { get }
    /// The effect of a fact; nil if the service does not use facts of its type.
    func effect(of fact: FactMessage) throws(MalformedFact) -> FactEffect?
    /// The number of perks, or of sanctions in force. Reads the database.
    func count() throws -> Int
    /// Reads a little of the data for answers; throws if it cannot be read.
    func probe() async throws
}
