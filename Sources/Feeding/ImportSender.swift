internal import Foundation
public import Kafka
internal import Ledger

/// Produces events to a topic at a bounded rate. The producer's queue bounds the memory.
public final class ImportSender {
    /// How far sending may be ahead of its rate.
    private static let burst = Duration.milliseconds(20)
    private static let structured = HeaderSet([
        (name: "content-type", value: Array("application/cloudevents+json; charset=UTF-8".utf8))
    ])

    private let producer: Producer
    private let topic: Int
    private let partitions: Int
    /// The time per event; nil if the rate is not limited.
    private let pause: Duration?
    private let start = ContinuousClock.now
    private var failure: KafkaError?
    public private(set) var sent: Int64 = 0

    /// `rate`: events per second; 0 if it is not limited.
    public init(_ kafka: KafkaConfiguration, topic: String, partitions: Int, rate: Int) throws {
        producer = try Producer(kafka)
        self.topic = try producer.topic(topic)
        self.partitions = partitions
        pause = rate > 0 ? .nanoseconds(1_000_000_000 / Int64(rate)) : nil
    }

    /// The key decides the partition, as in Kafka's Java client.
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

    /// Throws if a record was not acknowledged, because it would count as sent.
    private func serve(_ milliseconds: Int) throws {
        producer.serve(timeoutMilliseconds: min(milliseconds, 100)) { delivery in
            if let error = delivery.error(topicName: producer.topicName(delivery.topic)) { failure = failure ?? error }
        }
        if let failure { throw failure }
        if let fatal = producer.fatalError { throw fatal }
    }

    /// Waits until the broker has acknowledged everything.
    public func flush() throws {
        if producer.queued > 0 { producer.hurry() }
        while producer.queued > 0 { try serve(20) }
        try serve(0)
    }
}
