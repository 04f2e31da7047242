internal import Kafka
internal import Simulation

/// An idempotent producer of the simulated cluster. It has one batch per partition on its way, which it sends again
/// until it is answered. Batches that it has sent may arrive after it is dead.
final class SimulatedProducer: ProducerClient {
    private static let maximumQueued = 64
    private static let maximumBatch = 6
    private static let lingerMicroseconds = 0...5000
    private static let retryMicroseconds: Int64 = 100_000
    private static let purged: Int32 = -152

    struct Outgoing {
        let topic: Int
        let topicPartition: TopicPartition
        var record: SimulatedCluster.Stored
        let tag: Int
    }

    /// Records on their way.
    final class Batch {
        var items: [Outgoing]
        var firstOffset: Int64?
        /// Whether no caller waits for it any more.
        var isForgotten = false
        init(_ items: [Outgoing]) { self.items = items }
    }

    private let process: SimulatedProcess
    private var names: [String] = []
    private var pending: [TopicPartition: [Outgoing]] = [:]
    private var underWay: [TopicPartition: Batch] = [:]
    private var reports: [Delivery] = []
    private(set) var fatalError: KafkaError?

    init(_ process: SimulatedProcess) { self.process = process }

    deinit { for batch in underWay.values { batch.isForgotten = true } }

    private var cluster: SimulatedCluster { process.cluster }

    var queued: Int {
        pending.values.reduce(0) { $0 + $1.count } + underWay.values.reduce(0) { $0 + $1.items.count } + reports.count
    }

    func topic(_ name: String) -> Int {
        if let index = names.firstIndex(of: name) { return index }
        names.append(name)
        return names.count - 1
    }

    func topicName(_ topic: Int) -> String { names[topic] }

    func produce(
        topic: Int, partition: Int32, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        headers: HeaderSet?, tag: Int
    ) throws(KafkaError) -> Bool {
        try process.check()
        if let fatalError { throw fatalError }
        guard queued < Self.maximumQueued else { return false }
        let key = key.map { Array($0) }
        let name = names[topic]
        let topicPartition = TopicPartition(
            name, partition == Producer.anyPartition ? cluster.partition(of: key, in: name) : partition)
        let record = SimulatedCluster.Stored(key: key, value: value.map { Array($0) }, headers: headers?.pairs ?? [])
        pending[topicPartition, default: []].append(
            Outgoing(topic: topic, topicPartition: topicPartition, record: record, tag: tag))
        if underWay[topicPartition] == nil, pending[topicPartition]?.count == 1 { plan(topicPartition) }
        return true
    }

    private func plan(_ topicPartition: TopicPartition) {
        cluster.later(Int64(cluster.random.within(Self.lingerMicroseconds))) { [weak self] in
            self?.transmit(topicPartition)
        }
    }

    private func transmit(_ topicPartition: TopicPartition) {
        guard !process.isDead, fatalError == nil, underWay[topicPartition] == nil,
            let waiting = pending[topicPartition], !waiting.isEmpty
        else { return }
        guard process.canSend else {
            cluster.later(Self.retryMicroseconds) { [weak self] in self?.transmit(topicPartition) }
            return
        }
        let count = min(waiting.count, cluster.random.within(1...Self.maximumBatch))
        let batch = Batch(Array(waiting[..<count]))
        pending[topicPartition]?.removeFirst(count)
        underWay[topicPartition] = batch
        send(batch, to: topicPartition)
    }

    private func send(_ batch: Batch, to topicPartition: TopicPartition) {
        let (cluster, process) = (cluster, process)
        cluster.later(cluster.latency) { [weak self] in
            // A batch of a dead process may still arrive.
            if process.isDead || batch.isForgotten {
                guard batch.firstOffset == nil, cluster.random.chance(perMille: 500) else { return }
            }
            guard !cluster.isDown else { return Self.again(self, batch, topicPartition) }
            if batch.firstOffset == nil {
                if cluster.random.chance(perMille: cluster.faults.refusals) {
                    self?.refuse()
                    return
                }
                batch.firstOffset = cluster.take(batch.items, to: topicPartition, of: process)
            }
            if cluster.random.chance(perMille: cluster.faults.lostAnswers) {
                return Self.again(self, batch, topicPartition)
            }
            cluster.later(cluster.latency) { [weak self] in self?.acknowledge(batch, topicPartition) }
        }
    }

    private static func again(_ producer: SimulatedProducer?, _ batch: Batch, _ topicPartition: TopicPartition) {
        guard let producer else { return }
        producer.cluster.later(retryMicroseconds) { [weak producer] in
            guard let producer, !batch.isForgotten else { return }
            guard producer.process.canSend else { return again(producer, batch, topicPartition) }
            producer.send(batch, to: topicPartition)
        }
    }

    private func acknowledge(_ batch: Batch, _ topicPartition: TopicPartition) {
        guard !process.isDead, !batch.isForgotten, underWay[topicPartition] === batch else { return }
        underWay[topicPartition] = nil
        for (index, item) in batch.items.enumerated() {
            reports.append(
                Delivery(
                    topic: item.topic, partition: topicPartition.partition,
                    offset: (batch.firstOffset ?? 0) + Int64(index),
                    tag: item.tag, code: 0))
        }
        if pending[topicPartition]?.isEmpty == false { plan(topicPartition) }
    }

    private func refuse() {
        fatalError = .outOfOrder
        fail(KafkaError.outOfOrder.code)
    }

    private func fail(_ code: Int32) {
        let topicPartitions = Set(pending.keys).union(underWay.keys).sorted()
        for topicPartition in topicPartitions {
            for item in (underWay[topicPartition]?.items ?? []) + (pending[topicPartition] ?? []) {
                reports.append(
                    Delivery(
                        topic: item.topic, partition: topicPartition.partition, offset: -1, tag: item.tag, code: code))
            }
            underWay[topicPartition]?.isForgotten = true
        }
        (pending, underWay) = ([:], [:])
    }

    func purge() { if !process.isDead { fail(Self.purged) } }

    func serve(timeoutMilliseconds: Int, _ delivered: (Delivery) -> Void) {
        guard process.call() else {
            fatalError = .deadProcess
            return
        }
        if reports.isEmpty { process.waitForBroker(Int64(timeoutMilliseconds) * 1000) }
        let taken = reports
        reports = []
        for report in taken { delivered(report) }
    }

    func flush(timeoutMilliseconds: Int, _ delivered: (Delivery) -> Void) -> Bool {
        let deadline = cluster.time + Int64(timeoutMilliseconds) * 1000
        while queued > 0, cluster.time < deadline, fatalError == nil { serve(timeoutMilliseconds: 10, delivered) }
        serve(timeoutMilliseconds: 0, delivered)
        return queued == 0
    }
}
