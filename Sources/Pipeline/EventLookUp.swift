internal import Events
public import Kafka
internal import Scoring

/// The records of one event that a cluster still has: its source record, the ledger's record, its facts, and dead
/// letters.
public struct EventLookUp {
    /// The parts of a record that a trace needs.
    public struct Found: Sendable, Equatable {
        public var offset: Int64
        /// Milliseconds since 1970; nil if unknown.
        public var written: Int64?
        /// Of CloudEvents' distributed tracing extension, or of the header that OpenTelemetry writes; nil if there is
        /// none.
        public var traceparent: String?
        public var tracestate: String?
    }

    /// The greatest number of records that a search reads.
    static let maximumRecords = 10_000
    private static let pollMilliseconds = 100

    private let kafka: KafkaConfiguration

    public init(_ kafka: KafkaConfiguration) { self.kafka = kafka }

    /// The record at an offset; nil if the topic does not have it any more.
    public func record(at offset: Int64, of topicPartition: TopicPartition) throws -> Found? {
        try first(of: topicPartition, from: offset) { $0.offset == offset ? .found : .ended }
    }

    /// The record of a fact with this sequence number, which is never before the offset that is one less. Nil if the
    /// topic does not have it, or there are too many repeats before it.
    public func fact(_ sequence: Int64, of topicPartition: TopicPartition) throws -> Found? {
        let decoder = EventDecoder()
        return try first(of: topicPartition, from: sequence - 1) { record in
            record.value.flatMap { decoder.sequence(ofFact: $0) } == sequence ? .found : .goOn
        }
    }

    /// Dead letters of the event, among those with a readable source and id.
    public func deadLetters(
        source: String, id: String, topic: String
    ) throws -> [(letter: DeadLetter, redrivenTo: String?, discarded: String?)] {
        let letters = try DeadLetterTopic(kafka, topic: topic)
        let decoder = EventDecoder()
        var found: [(letter: DeadLetter, redrivenTo: String?, discarded: String?)] = []
        try letters.forEach(.init()) { letter in
            guard found.count < Self.maximumRecords, letter.isOf(source: source, id: id, decoder) else { return }
            found.append((letter, letters.redriven[letter.position], letters.discarded[letter.position]))
        }
        return found
    }

    private enum Verdict { case found, goOn, ended }

    private func first(
        of topicPartition: TopicPartition, from offset: Int64, _ judge: (Record) -> Verdict
    ) throws -> Found? {
        let topicPartitions = [topicPartition]
        guard let end = try kafka.ends(of: topicPartitions)[topicPartition],
            let beginning = try kafka.beginnings(of: topicPartitions)[topicPartition],
            offset < end
        else { return nil }
        let start = max(offset, beginning)
        var options = Consumer.Options()
        options.reportsEnds = true
        options.batch = 64
        let consumer = try Consumer(kafka, options: options)
        defer { consumer.close() }
        try consumer.assign([PartitionOffset(topicPartition, offset: start)])
        var reading = Patience.Reading(topicPartition.description, kafka.patience)
        var (found, read, isOver) = (Found?.none, 0, false)
        while !isOver, read < Self.maximumRecords, consumer.assignment[0].position < end {
            let count = try consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) { records in
                for record in records where !isOver {
                    switch judge(record) {
                    case .found: (found, isOver) = (Found(record), true)
                    case .ended: isOver = true
                    case .goOn: break
                    }
                }
            }
            read += count
            if consumer.assignment[0].reachedEnd { break }
            try reading.note(records: count, ended: 0, errors: consumer.takeErrors())
        }
        return found
    }
}

extension EventLookUp.Found {
    fileprivate init(_ record: Record) {
        let decoder = EventDecoder()
        func text(_ header: StaticString) -> String? {
            record.header(header).map { String(decoding: $0, as: UTF8.self) }
        }
        func member(_ name: StaticString) -> String? {
            guard case .structured = ContentMode(contentType: record.header("content-type")), let value = record.value
            else { return nil }
            // The text is in the decoder's memory, which is freed with the decoder.
            return withExtendedLifetime(decoder) {
                decoder.string(name, of: value).map { String(decoding: $0, as: UTF8.self) }
            }
        }
        offset = record.offset
        written = record.timestamp < 0 ? nil : record.timestamp
        traceparent = member("traceparent") ?? text("ce_traceparent") ?? text("traceparent")
        tracestate = member("tracestate") ?? text("ce_tracestate") ?? text("tracestate")
    }
}

extension DeadLetter {
    /// Whether its event has this source and id, in the mode of its content type.
    func isOf(source: String, id: String, _ decoder: EventDecoder) -> Bool {
        func header(_ name: String) -> [UInt8]? { headers.last { $0.name == name }?.value }
        if let named = header("ce_source"), let numbered = header("ce_id") {
            return named == Array(source.utf8) && numbered == Array(id.utf8)
        }
        guard let value else { return false }
        return value.withUnsafeBytes { value in
            func member(_ name: StaticString) -> String? {
                decoder.string(name, of: value).map { String(decoding: $0, as: UTF8.self) }
            }
            return member("source") == source && member("id") == id
        }
    }
}
