internal import Foundation
public import Kafka
internal import Ledger

/// Produces events to a topic at a bounded rate, in memory that is bounded by the producer's queue.
public final class ImportSender {
    /// How far sending may be ahead of its rate.
    private static let burst = Duration.milliseconds(20)
    private static let structured = HeaderSet([
        (name: "content-type", value: Array("application/cloudevents+json; charset=UTF-8".utf8))
    ])

    private let producer: Producer
    private let topic: Int
    private let partitions: Int
    /// How long an event takes; nil if nothing bounds the rate.
    private let pause: Duration?
    private let start = ContinuousClock.now
    private var failure: KafkaError?
    public private(set) var sent: Int64 = 0

    /// `rate`: events a second, 0 for no bound.
    public init(_ kafka: KafkaConfiguration, topic: String, partitions: Int, rate: Int) throws {
        producer = try Producer(kafka)
        self.topic = try producer.topic(topic)
        self.partitions = partitions
        pause = rate > 0 ? .nanoseconds(1_000_000_000 / Int64(rate)) : nil
    }

    /// The partition is the key's, as Kafka's Java client chooses it.
    public func send(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) throws {
        try waitForTurn()
        let partition = Int32(Murmur2.partition(of: key, count: partitions))
        while try !producer.produce(
            topic: topic, partition: partition, key: key, value: value, headers: Self.structured)
        {
            try serve(10)
        }
        sent += 1
        if sent % 256 == 0 { try serve(0) }
    }

    private func waitForTurn() throws {
        guard let pause else { return }
        let due = start + pause * Double(sent)
        while true {
            let ahead = due - ContinuousClock.now
            guard ahead > Self.burst else { return }
            try serve(max(1, Int(ahead / .milliseconds(1))))
        }
    }

    /// What was sent and is not in the topic must not be taken for sent.
    private func serve(_ milliseconds: Int) throws {
        producer.serve(timeoutMilliseconds: min(milliseconds, 100)) { delivery in
            if let error = delivery.error(topicName: producer.topicName(delivery.topic)) { failure = failure ?? error }
        }
        if let failure { throw failure }
        if let fatal = producer.fatalError { throw fatal }
    }

    /// Waits until the broker has everything.
    public func flush() throws {
        if producer.queued > 0 { producer.hurry() }
        while producer.queued > 0 { try serve(20) }
        try serve(0)
    }
}
