import GRDB

/// What one accepted fact does to a service's database. Doing it twice is the same as doing it once.
typealias FactEffect = @Sendable (Database) throws -> Void

/// How far a service has come in one partition of its topic.
struct FactPosition: Sendable, Equatable {
    /// The next Kafka offset to read.
    var offset: Int64
    /// The greatest accepted sequence number; 0 before the first.
    var sequence: Int64
    /// The greatest sequence number that was read since the partition's beginning, or since it was last read from there again:
    /// greater than `sequence` while facts are missing, less where the topic does not have what was accepted before.
    var seen: Int64

    /// `seen`: as `sequence` unless given.
    init(offset: Int64, sequence: Int64, seen: Int64? = nil) {
        (self.offset, self.sequence, self.seen) = (offset, sequence, seen ?? sequence)
    }

    /// Every fact that was read is accepted, and the topic has every fact that was accepted.
    var isWhole: Bool { seen == sequence }
}

/// What a service keeps of the facts it follows.
protocol FactStore: Sendable {
    var database: FactDatabase { get }
    /// What this fact does; nil for a type that the service has no use for.
    func effect(of fact: FactMessage) throws(MalformedFact) -> FactEffect?
    /// How many perks are held, or sanctions in force. Reads the database.
    func count() throws -> Int
    /// Reads a little of what answers come from; throws if it cannot be read.
    func probe() async throws
}
