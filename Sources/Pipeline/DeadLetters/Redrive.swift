public import Kafka
public import Replay

/// Sends dead letters to intake again: unchanged key, value and headers, to the original source partition.
///
/// The source is known only from the letter's headers, which every writer of the dead-letter topic controls. So a
/// letter is sent only to a source topic, and to the control topic only if the caller allows it.
///
/// After a letter's record is acknowledged, a mark is added beside the letter, and later redrives ignore it. A redrive
/// that is interrupted between the two repeats the record the next time. An event is identified by its source and id,
/// so the repeat has no effect.
public final class Redrive {
    public struct Summary: Sendable, Equatable {
        /// Letters that were sent, by source topic.
        public var sent: [String: Int] = [:]
        /// Letters that were sent before.
        public var alreadySent = 0
        /// Letters that an operator has discarded.
        public var discarded: [DeadLetter.Position] = []
        /// Letters whose headers name the control topic, if that is not allowed.
        public var withheld: [DeadLetter.Position] = []
        /// Letters whose bytes are not in the dead-letter topic. They stay until they are sent with given bytes.
        public var withoutBytes: [DeadLetter.Position] = []
        /// Letters whose headers name a topic that is not a source topic, or not in the cluster.
        public var withoutTopic: [DeadLetter.Position] = []
        /// Letters among `sent` without a key. The order of those of one subject may change.
        public var withoutKey = 0

        public var total: Int { sent.values.reduce(0, +) }
        /// Letters that could not be sent and stay.
        public var staying: Int { withheld.count + withoutBytes.count + withoutTopic.count }
        public var found: Int { total + alreadySent + discarded.count + staying }
    }

    private static let queuedRecords = 1000
    private static let patienceMilliseconds = 60_000
    /// The tag of a mark's delivery.
    private static let markTag = -1

    private let topic: DeadLetterTopic
    private let name: String
    private let control: String
    private let sources: Set<String>
    private let producer: Producer
    private let admin: Admin
    private var partitions: [String: Int] = [:]
    private var underWay: [DeadLetter.Position] = []
    private var marks: [(position: DeadLetter.Position, to: String)] = []
    private var failure: KafkaError?

    /// The topics' names. `sources`: without the control topic.
    public init(
        _ kafka: KafkaConfiguration, deadLetters name: String, control: String, sources: [String],
        progress: ReplayProgress = ReplayProgress()
    ) throws {
        self.name = name
        self.control = control
        self.sources = Set(sources)
        topic = try DeadLetterTopic(kafka, topic: name, progress: progress)
        var options = Producer.Options()
        options.gapless = true
        options.maximumQueuedRecords = Self.queuedRecords
        producer = try Producer(kafka, options: options)
        admin = try Admin(kafka)
    }

    /// `repaired`: bytes for the one letter that `filter` matches, instead of its own. `isDryRun`: only counts.
    /// `allowsControl`: whether letters may be sent to the control topic. Throws `KafkaError`, and `PipelineError` if
    /// acknowledgements do not come. Records that were acknowledged before have their marks.
    public func run(
        _ filter: DeadLetterTopic.Filter, repaired: [UInt8]? = nil, isDryRun: Bool, allowsControl: Bool = false
    ) throws -> Summary {
        var summary = Summary()
        try topic.forEach(filter) { letter in
            if topic.redriven[letter.position] != nil { return summary.alreadySent += 1 }
            if topic.discarded[letter.position] != nil { return summary.discarded.append(letter.position) }
            let isControl = letter.source.topic == control
            if isControl, !allowsControl { return summary.withheld.append(letter.position) }
            guard isControl || sources.contains(letter.source.topic),
                let count = try partitionCount(of: letter.source.topic)
            else { return summary.withoutTopic.append(letter.position) }
            guard letter.droppedBytes == nil || repaired != nil else {
                return summary.withoutBytes.append(letter.position)
            }
            if !isDryRun { try send(letter, repaired ?? letter.value, partitions: count) }
            summary.sent[letter.source.topic, default: 0] += 1
            if letter.key == nil { summary.withoutKey += 1 }
            try serve(0)
        }
        try finish()
        return summary
    }

    private func partitionCount(of topic: String) throws -> Int? {
        if let count = partitions[topic] { return count }
        guard let count = try admin.topic(topic)?.partitions else { return nil }
        partitions[topic] = count
        return count
    }

    private func send(_ letter: DeadLetter, _ value: [UInt8]?, partitions: Int) throws {
        let headers =
            letter.headers.filter { $0.name != DeadLetter.redriveOf }
            + [(DeadLetter.redriveOf, Array(letter.position.description.utf8))]
        let source = letter.source
        let partition = Int(source.partition) < partitions ? source.partition : Producer.anyPartition
        underWay.append(letter.position)
        try produce(
            try producer.topic(source.topic), partition, letter.key, value, headers, tag: underWay.count - 1)
    }

    private func produce(
        _ topic: Int, _ partition: Int32, _ key: [UInt8]?, _ value: [UInt8]?, _ headers: [DeadLetter.Header], tag: Int
    ) throws {
        let set = HeaderSet(copying: headers)
        func lend(_ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
            guard let bytes else { return try body(nil) }
            try bytes.withUnsafeBytes { try body($0) }
        }
        try lend(key) { key in
            try lend(value) { value in
                while try !producer.produce(
                    topic: topic, partition: partition, key: key, value: value, headers: set, tag: tag)
                { try serve(50) }
            }
        }
    }

    private func serve(_ milliseconds: Int) throws {
        producer.serve(timeoutMilliseconds: milliseconds) { delivery in
            guard delivery.code == 0 else {
                if failure == nil { failure = delivery.error(topicName: producer.topicName(delivery.topic)) }
                return
            }
            guard delivery.tag != Self.markTag else { return }
            let to = "\(producer.topicName(delivery.topic))/\(delivery.partition)/\(delivery.offset)"
            marks.append((underWay[delivery.tag], to))
        }
        while let (position, to) = marks.popLast() {
            let headers: [DeadLetter.Header] = [
                (DeadLetterTopic.redriveMark.description, Array(String(position.offset).utf8)),
                (DeadLetterTopic.redrivenTo.description, Array(to.utf8)),
            ]
            try produce(try producer.topic(name), position.partition, nil, nil, headers, tag: Self.markTag)
        }
        if let failure { throw failure }
        if let fatal = producer.fatalError { throw fatal }
    }

    private func finish() throws {
        let deadline = ContinuousClock.now + .milliseconds(Self.patienceMilliseconds)
        while producer.queued > 0, ContinuousClock.now < deadline { try serve(50) }
        try serve(0)
        guard producer.queued == 0 else {
            throw PipelineError(.storage, "\(name): not every letter is acknowledged; run the redrive again")
        }
    }
}
