public import Kafka
public import Replay

/// Discards dead letters: it adds a mark with the reason beside each. Nothing is deleted. Later redrives ignore the
/// letters.
///
/// A letter that was sent to intake again, or is discarded already, does not change, so a discard that was interrupted
/// can be run again.
public struct Discard {
    public struct Summary: Sendable, Equatable {
        /// Letters that were marked.
        public var discarded = 0
        /// Letters that were marked before.
        public var alreadyDiscarded = 0
        /// Letters that were sent to intake before.
        public var alreadySent = 0

        public var found: Int { discarded + alreadyDiscarded + alreadySent }
    }

    /// The greatest size of the reason in UTF-8, which is in every mark.
    public static let maximumReasonBytes = 1024
    private static let patienceMilliseconds = 60_000

    private let topic: DeadLetterTopic
    private let name: String
    private let producer: Producer

    /// `name`: the dead-letter topic.
    public init(
        _ kafka: KafkaConfiguration, deadLetters name: String, progress: ReplayProgress = ReplayProgress()
    ) throws {
        self.name = name
        topic = try DeadLetterTopic(kafka, topic: name, progress: progress)
        var options = Producer.Options()
        options.gapless = true
        producer = try Producer(kafka, options: options)
    }

    /// `isDryRun`: only counts. Throws `KafkaError`, and `PipelineError` if acknowledgements do not come.
    public func run(_ filter: DeadLetterTopic.Filter, reason: String, isDryRun: Bool) throws -> Summary {
        var summary = Summary()
        var failure: KafkaError?
        func note(_ delivery: Delivery) {
            guard delivery.code != 0, failure == nil else { return }
            failure = delivery.error(topicName: name)
        }
        let number = try producer.topic(name)
        try topic.forEach(filter) { letter in
            if topic.redriven[letter.position] != nil { return summary.alreadySent += 1 }
            if topic.discarded[letter.position] != nil { return summary.alreadyDiscarded += 1 }
            if !isDryRun {
                let mark = HeaderSet([
                    (DeadLetterTopic.discardMark.description, Array(String(letter.position.offset).utf8)),
                    (DeadLetterTopic.discardReason.description, Array(reason.utf8)),
                ])
                while try !producer.produce(
                    topic: number, partition: letter.position.partition, key: nil, value: nil, headers: mark)
                { producer.serve(timeoutMilliseconds: 50, note) }
                producer.serve(timeoutMilliseconds: 0, note)
                if let failure { throw failure }
            }
            summary.discarded += 1
        }
        let isFlushed = producer.flush(timeoutMilliseconds: Self.patienceMilliseconds, note)
        if let failure = failure ?? producer.fatalError { throw failure }
        guard isFlushed else {
            throw PipelineError(.storage, "\(name): not every mark is acknowledged; run the discard again")
        }
        return summary
    }
}
