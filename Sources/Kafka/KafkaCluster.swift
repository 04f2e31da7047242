/// A Kafka cluster as the pipeline uses it. A simulation replaces it here. `KafkaConfiguration` is a real cluster,
/// whose calls retry transient failures within their time-out.
public protocol KafkaCluster: Sendable {
    /// The cluster's name in messages.
    var brokers: String { get }
    /// The patience of readers that read to an end.
    var patience: Patience { get }

    /// The same cluster for a caller that can be stopped while it waits and that reports its waits itself.
    func waiting(
        until isStopped: @escaping @Sendable () -> Bool, onWait: @escaping @Sendable (Patience.Wait) -> Void
    ) -> any KafkaCluster

    func consumer(
        _ options: Consumer.Options, listener: (any RebalanceListener)?, onNotice: @escaping (KafkaNotice) -> Void
    ) throws(KafkaError) -> any ConsumerClient

    func producer(
        _ options: Producer.Options, onNotice: @escaping (KafkaNotice) -> Void
    ) throws(KafkaError) -> any ProducerClient

    /// Blocks for at most `timeoutMilliseconds`.
    func metadata(timeoutMilliseconds: Int) throws(KafkaError) -> Metadata

    /// The oldest offset that each partition still has. Throws if one partition has no answer. Blocks for at most
    /// `timeoutMilliseconds`.
    func beginnings(
        of partitions: [TopicPartition], timeoutMilliseconds: Int
    ) throws(KafkaError) -> [TopicPartition: Int64]

    /// The next offset of each partition. Throws if one partition has no answer. Blocks for at most
    /// `timeoutMilliseconds`.
    func ends(
        of partitions: [TopicPartition], timeoutMilliseconds: Int
    ) throws(KafkaError) -> [TopicPartition: Int64]
}

extension KafkaCluster {
    public static var patienceMilliseconds: Int { 10_000 }

    public var patience: Patience { Patience() }

    public func waiting(
        until isStopped: @escaping @Sendable () -> Bool, onWait: @escaping @Sendable (Patience.Wait) -> Void
    ) -> any KafkaCluster { self }

    /// The number of partitions of a topic that is expected to exist. Throws a retriable error if it does not exist
    /// yet.
    public func partitions(of topic: String) throws(KafkaError) -> Int {
        let metadata = try metadata(timeoutMilliseconds: Self.patienceMilliseconds)
        guard let found = metadata.topics.first(where: { $0.name == topic }) else {
            throw metadata.failures[topic] ?? .unknownTopic(topic)
        }
        return found.partitions
    }

    public func beginnings(of partitions: [TopicPartition]) throws(KafkaError) -> [TopicPartition: Int64] {
        try beginnings(of: partitions, timeoutMilliseconds: Self.patienceMilliseconds)
    }

    public func ends(of partitions: [TopicPartition]) throws(KafkaError) -> [TopicPartition: Int64] {
        try ends(of: partitions, timeoutMilliseconds: Self.patienceMilliseconds)
    }
}

extension KafkaConfiguration: KafkaCluster {
    public func consumer(
        _ options: Consumer.Options, listener: (any RebalanceListener)?, onNotice: @escaping (KafkaNotice) -> Void
    ) throws(KafkaError) -> any ConsumerClient {
        try Consumer(self, options: options, listener: listener, onNotice: onNotice)
    }

    public func producer(
        _ options: Producer.Options, onNotice: @escaping (KafkaNotice) -> Void
    ) throws(KafkaError) -> any ProducerClient {
        try Producer(self, options: options, onNotice: onNotice)
    }

    public func waiting(
        until isStopped: @escaping @Sendable () -> Bool, onWait: @escaping @Sendable (Patience.Wait) -> Void
    ) -> any KafkaCluster {
        var result = self
        result.patience.isStopped = isStopped
        result.patience.onWait = onWait
        return result
    }

    public func metadata(timeoutMilliseconds: Int) throws(KafkaError) -> Metadata {
        try admin(timeoutMilliseconds).metadata()
    }

    public func beginnings(
        of partitions: [TopicPartition], timeoutMilliseconds: Int
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        try admin(timeoutMilliseconds).beginnings(of: partitions)
    }

    public func ends(
        of partitions: [TopicPartition], timeoutMilliseconds: Int
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        try admin(timeoutMilliseconds).ends(of: partitions)
    }

    /// A caller that states a time-out waits no longer, neither for a silent cluster nor for one that answers "not
    /// yet".
    private func admin(_ timeoutMilliseconds: Int) throws(KafkaError) -> Admin {
        try Admin(within(milliseconds: timeoutMilliseconds), timeoutMilliseconds: timeoutMilliseconds)
    }
}

/// The methods of `Consumer`, documented there.
public protocol ConsumerClient: AnyObject {
    var fatalError: KafkaError? { get }
    var assignment: [Consumer.Assigned] { get }
    func subscribe(to topics: [String]) throws(KafkaError)
    func assign(_ offsets: [PartitionOffset]) throws(KafkaError)
    func knownEnd(_ source: Int) -> Int64?
    @discardableResult
    func poll(timeoutMilliseconds: Int, _ body: (UnsafeBufferPointer<Record>) throws -> Void) throws -> Int
    func takeErrors() -> [(topicPartition: TopicPartition, error: KafkaError)]
    func pause(_ partitions: [TopicPartition]) throws(KafkaError)
    func resume(_ partitions: [TopicPartition]) throws(KafkaError)
    func committed(_ partitions: [TopicPartition], timeoutMilliseconds: Int) throws(KafkaError) -> [PartitionOffset]
    func commit(_ offsets: [PartitionOffset], wait: Bool) throws(KafkaError)
    func close()
}

/// The methods of `Producer`, documented there.
public protocol ProducerClient: AnyObject {
    var fatalError: KafkaError? { get }
    var queued: Int { get }
    func topic(_ name: String) throws(KafkaError) -> Int
    func topicName(_ topic: Int) -> String
    func produce(
        topic: Int, partition: Int32, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        headers: HeaderSet?, tag: Int
    ) throws(KafkaError) -> Bool
    func hurry()
    func serve(timeoutMilliseconds: Int, _ delivered: (Delivery) -> Void)
    func flush(timeoutMilliseconds: Int, _ delivered: (Delivery) -> Void) -> Bool
    func purge()
}

extension ProducerClient {
    /// For a producer that never delays records to fill a batch.
    public func hurry() {}

    public func produce(
        topic: Int, partition: Int32, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, tag: Int
    ) throws(KafkaError) -> Bool {
        try produce(topic: topic, partition: partition, key: key, value: value, headers: nil, tag: tag)
    }
}
