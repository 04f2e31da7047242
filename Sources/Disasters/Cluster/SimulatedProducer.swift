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
        let place: TopicPartition
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
        let place = TopicPartition(
            name, partition == Producer.anyPartition ? cluster.partition(of: key, in: name) : partition)
        let record = SimulatedCluster.Stored(key: key, value: value.map { Array($0) }, headers: headers?.pairs ?? [])
        pending[place, default: []].append(Outgoing(topic: topic, place: place, record: record, tag: tag))
        if underWay[place] == nil, pending[place]?.count == 1 { plan(place) }
        return true
    }

    private func plan(_ place: TopicPartition) {
        cluster.later(Int64(cluster.random.within(Self.lingerMicroseconds))) { [weak self] in self?.transmit(place) }
    }

    private func transmit(_ place: TopicPartition) {
        guard !process.isDead, fatalError == nil, underWay[place] == nil, let waiting = pending[place], !waiting.isEmpty
        else { return }
        guard process.canSend else {
            cluster.later(Self.retryMicroseconds) { [weak self] in self?.transmit(place) }
            return
        }
        let count = min(waiting.count, cluster.random.within(1...Self.maximumBatch))
        let batch = Batch(Array(waiting[..<count]))
        pending[place]?.removeFirst(count)
        underWay[place] = batch
        send(batch, to: place)
    }

    private func send(_ batch: Batch, to place: TopicPartition) {
        let (cluster, process) = (cluster, process)
        cluster.later(cluster.latency) { [weak self] in
            // A batch of a dead process may still arrive.
            if process.isDead || batch.isForgotten {
                guard batch.firstOffset == nil, cluster.random.chance(perMille: 500) else { return }
            }
            guard !cluster.isDown else { return Self.again(self, batch, place) }
            if batch.firstOffset == nil {
                if cluster.random.chance(perMille: cluster.faults.refusals) {
                    self?.refuse()
                    return
                }
                batch.firstOffset = cluster.take(batch.items, to: place, of: process)
            }
            if cluster.random.chance(perMille: cluster.faults.lostAnswers) { return Self.again(self, batch, place) }
            cluster.later(cluster.latency) { [weak self] in self?.acknowledge(batch, place) }
        }
    }

    private static func again(_ producer: SimulatedProducer?, _ batch: Batch, _ place: TopicPartition) {
        guard let producer else { return }
        producer.cluster.later(retryMicroseconds) { [weak producer] in
            guard let producer, !batch.isForgotten else { return }
            guard producer.process.canSend else { return again(producer, batch, place) }
            producer.send(batch, to: place)
        }
    }

    private func acknowledge(_ batch: Batch, _ place: TopicPartition) {
        guard !process.isDead, !batch.isForgotten, underWay[place] === batch else { return }
        underWay[place] = nil
        for (index, item) in batch.items.enumerated() {
            reports.append(
                Delivery(
                    topic: item.topic, partition: place.partition, offset: (batch.firstOffset ?? 0) + Int64(index),
                    tag: item.tag, code: 0))
        }
        if pending[place]?.isEmpty == false { plan(place) }
    }

    private func refuse() {
        fatalError = .outOfOrder
        fail(KafkaError.outOfOrder.code)
    }

    private func fail(_ code: Int32) {
        let places = Set(pending.keys).union(underWay.keys).sorted()
        for place in places {
            for item in (underWay[place]?.items ?? []) + (pending[place] ?? []) {
                reports.append(
                    Delivery(
                        topic: item.topic, partition: place.partition, offset: -1, tag: item.tag, code: code))
            }
            underWay[place]?.isForgotten = true
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
