internal import Events
internal import Foundation
public import Kafka
internal import Ledger

/// Produces events to source topics as fast as they are folded. The bytes in flight are bounded, so that a broker with
/// short retention does not delete records before they are read.
public final class Feed {
    /// The greatest number of bytes that are fed and not yet folded. The embedded broker retains 5 MB of a partition,
    /// and all of them may be in one.
    static let maximumBytesInFlight = 4 * 1024 * 1024

    private static let structured = HeaderSet([
        (name: "content-type", value: Array("application/cloudevents+json; charset=UTF-8".utf8))
    ])

    private let producer: Producer
    private let progress: () throws -> Int64
    private var waiting: [(upTo: Int64, bytes: Int)] = []
    private var firstWaiting = 0
    private var bytesInFlight = 0
    public private(set) var fed: Int64 = 0
    private var failure: KafkaError?
    /// The offset after the last acknowledged record of each partition.
    public private(set) var ends: [TopicPartition: Int64] = [:]

    /// `progress`: returns the number of records that are fully processed. It throws to end the feeding.
    public init(_ kafka: KafkaConfiguration, progress: @escaping () throws -> Int64) throws {
        var options = Producer.Options()
        options.lingerMilliseconds = 2
        producer = try Producer(kafka, options: options)
        self.progress = progress
    }

    /// Sends one event. Its key decides the partition, as in Kafka's Java client.
    public func send(topic: String, partitions: Int, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer) throws
    {
        while bytesInFlight > 0, bytesInFlight + value.count > Self.maximumBytesInFlight {
            try settle()
            if bytesInFlight + value.count > Self.maximumBytesInFlight { serve(1) }
        }
        let number = try producer.topic(topic)
        let partition = key.map { Int32(Murmur2.partition(of: $0, count: partitions)) } ?? 0
        while try !producer.produce(
            topic: number, partition: partition, key: key, value: value, headers: Self.structured)
        {
            serve(10)
            try check()
        }
        fed += 1
        bytesInFlight += value.count
        if let last = waiting.indices.last, last >= firstWaiting, waiting[last].bytes < 16 * 1024 {
            waiting[last].upTo = fed
            waiting[last].bytes += value.count
        } else {
            waiting.append((fed, value.count))
        }
        if fed % 256 == 0 { serve(0) }
    }

    private func serve(_ milliseconds: Int) {
        producer.serve(timeoutMilliseconds: milliseconds) { delivery in
            if let error = delivery.error(topicName: producer.topicName(delivery.topic)) {
                failure = failure ?? error
                return
            }
            let topicPartition = TopicPartition(producer.topicName(delivery.topic), delivery.partition)
            ends[topicPartition] = max(ends[topicPartition] ?? 0, delivery.offset + 1)
        }
    }

    private func settle() throws {
        let through = try progress()
        while firstWaiting < waiting.count, waiting[firstWaiting].upTo <= through {
            bytesInFlight -= waiting[firstWaiting].bytes
            firstWaiting += 1
        }
        if firstWaiting > 1024 {
            waiting.removeFirst(firstWaiting)
            firstWaiting = 0
        }
        try check()
    }

    /// Throws if a record was not acknowledged, because it would count as fed.
    private func check() throws {
        if let failure { throw failure }
        if let fatal = producer.fatalError { throw fatal }
    }

    /// Waits until the broker has acknowledged everything.
    public func flush() throws {
        while producer.queued > 0 {
            serve(20)
            try check()
            _ = try progress()
        }
        serve(0)
        try check()
    }
}
