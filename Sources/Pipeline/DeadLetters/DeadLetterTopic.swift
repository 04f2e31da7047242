public import Kafka

/// The dead-letter topic as it is now: what was put aside, and what of it was sent to intake again.
public struct DeadLetterTopic {
    /// Which letters; nil: whatever it is.
    public struct Filter: Sendable {
        public var places: Set<DeadLetter.Place>?
        public var reason: String?
        /// The source topic.
        public var topic: String?
        /// When they were put aside, in milliseconds since 1970.
        public var since: Int64?
        public var until: Int64?

        public init() {}

        func takes(_ letter: DeadLetter) -> Bool {
            (places.map { $0.contains(letter.place) } ?? true) && (reason.map { $0 == letter.reason } ?? true)
                && (topic.map { $0 == letter.source.topic } ?? true)
                && (since.map { letter.timestamp >= $0 } ?? true) && (until.map { letter.timestamp < $0 } ?? true)
        }
    }

    /// Beside its letters a partition has marks of this name: the offset of a letter that went to intake again, in a record
    /// without key and value.
    static let mark = "standing.redriven"
    /// Where that letter went, `TOPIC/PARTITION/OFFSET`.
    static let markTo = "standing.redriven.to"

    private let scan: TopicScan
    /// Where each letter went that was sent to intake again.
    public let redriven: [DeadLetter.Place: String]

    public init(_ kafka: KafkaConfiguration, topic: String) throws {
        scan = try TopicScan(kafka, topic: topic)
        var redriven: [DeadLetter.Place: String] = [:]
        try scan.forEach { place, record in
            guard let offset = record.header("standing.redriven").flatMap(Self.number) else { return }
            redriven[.init(partition: place.partition, offset: offset)] =
                record.header("standing.redriven.to").map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
        self.redriven = redriven
    }

    /// Calls `body` with every letter that `filter` takes, in the order of each partition.
    public func forEach(_ filter: Filter, _ body: (DeadLetter) throws -> Void) throws {
        try scan.forEach { place, record in
            guard let letter = DeadLetter(record, partition: place.partition), filter.takes(letter) else { return }
            try body(letter)
        }
    }

    private static func number(_ text: UnsafeRawBufferPointer) -> Int64? {
        Int64(String(decoding: text, as: UTF8.self))
    }
}
