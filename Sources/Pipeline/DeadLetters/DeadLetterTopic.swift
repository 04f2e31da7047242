public import Kafka
public import Replay

/// The present content of the dead-letter topic: the letters, and which of them are still open.
///
/// Beside its letters a partition has marks: records without key and value that have the outcome of a letter of the
/// same partition. `standing.redriven` (the letter's offset in decimal digits) and `standing.redriven.to`
/// (TOPIC/PARTITION/OFFSET) mean that it was sent to intake again. `standing.discarded` (the offset) and
/// `standing.discarded.reason` (UTF-8 text) mean that an operator has discarded it. Letters and marks are only ever
/// appended.
public struct DeadLetterTopic {
    /// Conditions for letters. A condition that is nil matches every letter.
    public struct Filter: Sendable {
        public var positions: Set<DeadLetter.Position>?
        public var reason: String?
        /// The source topic.
        public var topic: String?
        /// The least time of the letter, in milliseconds since 1970.
        public var since: Int64?
        public var until: Int64?

        public init() {}

        func takes(_ letter: DeadLetter) -> Bool {
            (positions.map { $0.contains(letter.position) } ?? true) && (reason.map { $0 == letter.reason } ?? true)
                && (topic.map { $0 == letter.source.topic } ?? true)
                && (since.map { letter.timestamp >= $0 } ?? true) && (until.map { letter.timestamp < $0 } ?? true)
        }
    }

    static let redriveMark: StaticString = "standing.redriven"
    static let redrivenTo: StaticString = "standing.redriven.to"
    static let discardMark: StaticString = "standing.discarded"
    static let discardReason: StaticString = "standing.discarded.reason"

    private let scan: TopicScan
    private let progress: ReplayProgress
    /// The destinations of letters that were sent to intake again.
    public let redriven: [DeadLetter.Position: String]
    /// The reasons of discarded letters.
    public let discarded: [DeadLetter.Position: String]

    /// `progress` counts the records of two readings: for the marks, and for the letters.
    public init(
        _ kafka: KafkaConfiguration, topic: String, progress: ReplayProgress = ReplayProgress()
    ) throws {
        self.progress = progress
        scan = try TopicScan(kafka, topic: topic)
        progress.expect(2 * scan.offsets)
        var redriven: [DeadLetter.Position: String] = [:]
        var discarded: [DeadLetter.Position: String] = [:]
        try scan.forEach(progress: { progress.add(offsets: $0, entries: $0) }) { topicPartition, record in
            // A letter has the headers of its original, which can be anything.
            guard !DeadLetter.isLetter(record) else { return }
            func note(_ mark: StaticString, _ detail: StaticString, in marks: inout [DeadLetter.Position: String]) {
                guard let offset = record.header(mark).flatMap({ Int64(Self.text($0)) }) else { return }
                marks[.init(partition: topicPartition.partition, offset: offset)] =
                    record.header(detail).map(Self.text) ?? ""
            }
            note(Self.redriveMark, Self.redrivenTo, in: &redriven)
            note(Self.discardMark, Self.discardReason, in: &discarded)
        }
        (self.redriven, self.discarded) = (redriven, discarded)
    }

    /// Calls `body` with every letter that matches `filter`, in the order of each partition.
    public func forEach(_ filter: Filter, _ body: (DeadLetter) throws -> Void) throws {
        try scan.forEach(progress: { progress.add(offsets: $0, entries: $0) }) { topicPartition, record in
            guard let letter = DeadLetter(record, partition: topicPartition.partition), filter.takes(letter) else {
                return
            }
            try body(letter)
        }
    }

    private static func text(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }
}
