public import Kafka

/// A record that is not a valid event: its original key, value and headers, and the headers of Kafka Connect's error
/// reporter (KIP-298) with its source and its defect.
public struct DeadLetter: Sendable {
    /// A letter's position in the dead-letter topic, written `PARTITION:OFFSET`.
    public struct Position: Hashable, Comparable, Sendable, LosslessStringConvertible {
        public let partition: Int32
        public let offset: Int64

        public init(partition: Int32, offset: Int64) { (self.partition, self.offset) = (partition, offset) }

        public init?(_ text: String) {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let partition = Int32(parts[0]), let offset = Int64(parts[1]), partition >= 0,
                offset >= 0
            else { return nil }
            self.init(partition: partition, offset: offset)
        }

        public var description: String { "\(partition):\(offset)" }

        public static func < (a: Position, b: Position) -> Bool { (a.partition, a.offset) < (b.partition, b.offset) }
    }

    public typealias Header = (name: String, value: [UInt8]?)

    private static let prefix = "__connect.errors."
    /// The header of a letter that was sent to intake again and came back: the position of the previous letter.
    public static let redriveOf = "standing.redrive-of"

    public let position: Position
    /// When it became a dead letter, in milliseconds since 1970; -1 if unknown.
    public let timestamp: Int64
    public let key: [UInt8]?
    /// The original bytes; nil if there were none, or if the broker refused a record of that size (`droppedBytes`).
    public let value: [UInt8]?
    /// The original ones.
    public let headers: [Header]
    public let source: TopicPartition
    public let sourceOffset: Int64
    /// `ATTRIBUTE/REASON`, as `EventDefect.code`.
    public let reason: String
    public let message: String
    public let droppedBytes: Int64?

    /// Whether the record is a letter. A letter has the report of its source; a mark does not.
    static func isLetter(_ record: Record) -> Bool { record.header("__connect.errors.topic") != nil }

    /// Nil if the record is not one of our dead letters.
    init?(_ record: Record, partition: Int32) {
        let all = record.copyHeaders()
        // The last report is ours. A record can have earlier ones, of other pipelines.
        guard let start = all.lastIndex(where: { $0.name == Self.prefix + "topic" }) else { return nil }
        func text(_ name: String) -> String? {
            all[start...].last { $0.name == Self.prefix + name }?.value.map { String(decoding: $0, as: UTF8.self) }
        }
        guard let topic = text("topic"), let number = text("partition").flatMap(Int32.init),
            let offset = text("offset").flatMap(Int64.init), let reason = text("exception.class.name")
        else { return nil }
        position = Position(partition: partition, offset: record.offset)
        timestamp = record.timestamp
        key = record.key.map(Array.init)
        value = record.value.map(Array.init)
        headers = Array(all[..<start])
        source = TopicPartition(topic, number)
        sourceOffset = offset
        self.reason = reason
        message = text("exception.message") ?? ""
        droppedBytes = text("value.dropped.bytes").flatMap(Int64.init)
    }

    /// The headers of a dead letter. `code`: ATTRIBUTE/REASON.
    static func headers(
        _ record: Record, from topicPartition: TopicPartition, code: String, message: String, valueDropped: Bool = false
    ) -> HeaderSet {
        var headers = record.copyHeaders()
        func add(_ name: String, _ value: String) { headers.append((prefix + name, Array(value.utf8))) }
        add("topic", topicPartition.topic)
        add("partition", String(topicPartition.partition))
        add("offset", String(record.offset))
        add("connector.name", "standing-intake")
        add("stage", "VALUE_CONVERTER")
        add("exception.class.name", code)
        add("exception.message", message)
        if valueDropped {
            // The broker refuses a record of this size. The original is at the position in the headers.
            add("value.dropped.bytes", String(record.value?.count ?? 0))
        }
        return HeaderSet(copying: headers)
    }
}
