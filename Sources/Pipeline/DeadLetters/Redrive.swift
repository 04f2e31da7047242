public import Kafka
public import Replay

/// Sends dead letters to intake again: key, value and headers as they were, to the source partition that they came from.
///
/// Where a letter came from only its headers say, and whoever may write to the dead-letter topic writes them. So a letter goes
/// to no topic but a source topic, and to the control topic only if the caller allows it.
///
/// A letter whose record is acknowledged gets a mark beside it, and no later redrive takes it. A redrive that dies between
/// the two repeats the record next time; an event is known by its source and id, so that it counts once all the same.
public final class Redrive {
    public struct Summary: Sendable, Equatable {
        /// Letters that went, by source topic.
        public var sent: [String: Int] = [:]
        /// Went before.
        public var alreadySent = 0
        /// An operator has put them aside for good.
        public var discarded: [DeadLetter.Place] = []
        /// They name the control topic, and that was not allowed.
        public var withheld: [DeadLetter.Place] = []
        /// Their bytes are not in the dead-letter topic; they stay, until they are sent with bytes given.
        public var withoutBytes: [DeadLetter.Place] = []
        /// What they name is no source topic, or is not in the cluster.
        public var withoutTopic: [DeadLetter.Place] = []
        /// Of those that went, these had no key: several of one subject can change places among each other.
        public var withoutKey = 0

        public var total: Int { sent.values.reduce(0, +) }
        /// Those that could not go, and wait on.
        public var staying: Int { withheld.count + withoutBytes.count + withoutTopic.count }
        public var found: Int { total + alreadySent + discarded.count + staying }
    }

    private static let queuedRecords = 1000
    private static let patienceMilliseconds = 60_000
    /// Marks the delivery of a mark.
    private static let markTag = -1

    private let topic: DeadLetterTopic
    private let name: String
    private let control: String
    private let sources: Set<String>
    private let producer: Producer
    private let admin: Admin
    private var partitions: [String: Int] = [:]
    private var underWay: [DeadLetter.Place] = []
    private var marks: [(place: DeadLetter.Place, to: String)] = []
    private var failure: KafkaError?

    /// The topics' names; `sources` are those besides the control topic.
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

    /// `repaired`: bytes for the one letter that `filter` names, instead of its own. `isDryRun`: only says what would go.
    /// `allowsControl`: letters may go to the control topic. Throws `KafkaError`, or `PipelineError` where acknowledgements do
    /// not come; what was acknowledged before is marked.
    public func run(
        _ filter: DeadLetterTopic.Filter, repaired: [UInt8]? = nil, isDryRun: Bool, allowsControl: Bool = false
    ) throws -> Summary {
        var summary = Summary()
        try topic.forEach(filter) { letter in
            if topic.redriven[letter.place] != nil { return summary.alreadySent += 1 }
            if topic.discarded[letter.place] != nil { return summary.discarded.append(letter.place) }
            let isControl = letter.source.topic == control
            if isControl, !allowsControl { return summary.withheld.append(letter.place) }
            guard isControl || sources.contains(letter.source.topic),
                let count = try partitionCount(of: letter.source.topic)
            else { return summary.withoutTopic.append(letter.place) }
            guard letter.droppedBytes == nil || repaired != nil else {
                return summary.withoutBytes.append(letter.place)
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
            + [(DeadLetter.redriveOf, Array(letter.place.description.utf8))]
        let source = letter.source
        let partition = Int(source.partition) < partitions ? source.partition : Producer.anyPartition
        underWay.append(letter.place)
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
        while let (place, to) = marks.popLast() {
            let headers: [DeadLetter.Header] = [
                (DeadLetterTopic.redriveMark.description, Array(String(place.offset).utf8)),
                (DeadLetterTopic.redrivenTo.description, Array(to.utf8)),
            ]
            try produce(try producer.topic(name), place.partition, nil, nil, headers, tag: Self.markTag)
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
