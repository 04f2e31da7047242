import Kafka
import Testing

/// Suites that start brokers run one after the other.
@Suite(.serialized) enum BrokerTests {}

/// What a record has, copied.
struct CopiedRecord: Equatable {
    struct Header: Equatable {
        var name: String
        var value: [UInt8]?
    }

    var topicPartition: TopicPartition
    var offset: Int64 = 0
    var key: [UInt8]?
    var value: [UInt8]?
    var headers: [Header] = []
}

/// An embedded broker with one topic, and what tests do with it.
struct KafkaFixture {
    /// Bound of every wait, far beyond what it takes.
    static let patience = Duration.seconds(60)
    static let patienceMilliseconds = 60_000
    static let topic = "orders"

    let broker: EmbeddedBroker
    let kafka: KafkaConfiguration

    /// `properties`: librdkafka's, of every client.
    init(partitions: Int = 2, properties: [String: String] = [:]) throws {
        broker = try EmbeddedBroker()
        try broker.createTopic(Self.topic, partitions: partitions)
        let properties = ["compression.codec": "none"].merging(properties) { $1 }
        kafka = KafkaConfiguration(brokers: broker.bootstrap, properties: properties, fetchWaitMilliseconds: 10)
    }

    static func topicPartition(_ partition: Int32) -> TopicPartition { TopicPartition(topic, partition) }

    func produce(_ records: [CopiedRecord]) throws {
        let producer = try Producer(kafka)
        for record in records {
            let topic = try producer.topic(record.topicPartition.topic)
            let headers = HeaderSet(copying: record.headers.map { ($0.name, $0.value) })
            let isQueued = try producer.produce(
                topic: topic, partition: record.topicPartition.partition, key: record.key, value: record.value,
                headers: headers)
            try #require(isQueued)
        }
        var failures = 0
        let isFlushed = producer.flush(timeoutMilliseconds: Self.patienceMilliseconds) {
            if $0.code != 0 { failures += 1 }
        }
        try #require(isFlushed && failures == 0)
    }

    /// `values` as decimal texts, to one partition.
    func produce(_ values: Range<Int>, to partition: Int32 = 0) throws {
        try produce(
            values.map { CopiedRecord(topicPartition: Self.topicPartition(partition), value: Array(String($0).utf8)) })
    }

    func consumer(group: String? = nil) throws -> Consumer {
        var options = Consumer.Options(group: group)
        options.reportsEnds = true
        return try Consumer(kafka, options: options)
    }

    /// Reads until `isDone`, which is asked after each poll; returns what came, in order.
    @discardableResult
    func read(_ consumer: Consumer, until isDone: ([CopiedRecord]) -> Bool) throws -> [CopiedRecord] {
        let end = ContinuousClock.now + Self.patience
        var records: [CopiedRecord] = []
        while !isDone(records) {
            try #require(ContinuousClock.now < end, "the records did not come")
            try consumer.poll(timeoutMilliseconds: 20) { batch in
                for record in batch {
                    records.append(
                        CopiedRecord(
                            topicPartition: consumer.assignment[record.source].topicPartition, offset: record.offset,
                            key: record.key.map(Array.init), value: record.value.map(Array.init),
                            headers: record.copyHeaders().map { .init(name: $0.name, value: $0.value) }))
                }
            }
        }
        return records
    }

    /// Everything in the topic, from its beginning to its end.
    func readAll(partitions: Int32 = 2) throws -> [CopiedRecord] {
        let consumer = try consumer()
        try consumer.assign(
            (0..<partitions).map { PartitionOffset(Self.topicPartition($0), offset: PartitionOffset.beginning) })
        return try read(consumer) { _ in consumer.assignment.allSatisfy(\.reachedEnd) }
    }
}

extension Producer {
    func produce(topic: Int, partition: Int32, key: [UInt8]?, value: [UInt8]?, headers: HeaderSet? = nil, tag: Int = 0)
        throws -> Bool
    {
        try withBytes(of: key) { key in
            try withBytes(of: value) { value in
                try produce(topic: topic, partition: partition, key: key, value: value, headers: headers, tag: tag)
            }
        }
    }

    private func withBytes<Result>(of array: [UInt8]?, _ body: (UnsafeRawBufferPointer?) throws -> Result) rethrows
        -> Result
    {
        guard let array else { return try body(nil) }
        return try array.withUnsafeBytes { try body($0) }
    }
}

extension [CopiedRecord] {
    /// The values of a partition's records as numbers, in order.
    func numbers(of partition: Int32) -> [Int?] {
        filter { $0.topicPartition.partition == partition }.map {
            $0.value.flatMap { Int(String(decoding: $0, as: UTF8.self)) }
        }
    }
}
