internal import Events
internal import Foundation
public import Kafka
internal import Ledger

/// Produces events to source topics as fast as they are taken in, never faster: what is fed and not yet folded stays
/// below a bound, so that nothing falls out of a broker that keeps little.
public final class Feed {
    /// Bytes fed and not yet folded. The embedded broker keeps 5 MB of a partition, and all of it may be in one.
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
    /// Behind the last acknowledged record of each partition.
    public private(set) var ends: [TopicPartition: Int64] = [:]

    /// `progress` says how many records have come all the way through; it throws to end the feeding.
    public init(_ kafka: KafkaConfiguration, progress: @escaping () throws -> Int64) throws {
        var options = Producer.Options()
        options.lingerMilliseconds = 2
        producer = try Producer(kafka, options: options)
        self.progress = progress
    }

    /// Sends one event; the partition is the key's, as Kafka's Java client chooses it.
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
            let place = TopicPartition(producer.topicName(delivery.topic), delivery.partition)
            ends[place] = max(ends[place] ?? 0, delivery.offset + 1)
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

    /// What was sent and is not in the topic must not be taken for fed.
    private func check() throws {
        if let failure { throw failure }
        if let fatal = producer.fatalError { throw fatal }
    }

    /// Waits until the broker has everything.
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
