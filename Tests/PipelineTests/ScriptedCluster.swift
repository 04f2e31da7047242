import Kafka

@testable import Pipeline

/// A cluster of one thread that does what a test says, and notes what is asked of it. Time passes while somebody waits for it.
struct ScriptedCluster: KafkaCluster {
    final class Script: @unchecked Sendable {
        let runtime = StillRuntime()
        /// Records of the partitions that the group assigns, in this order.
        var logs: [(topicPartition: TopicPartition, records: [PipelineFixture.Sent])] = []
        /// The oldest offset that is still there; 0 if it is not given.
        var beginnings: [TopicPartition: Int64] = [:]
        var committed: [TopicPartition: Int64] = [:]
        /// Records of one poll.
        var batch = 10
        /// What is sent is acknowledged when it is asked for.
        var acknowledges = false
        /// Records that producers have room for; what is acknowledged makes room.
        var room = Int.max

        var options: Consumer.Options?
        var polls = 0
        var handedOut = 0
        /// The partitions that are paused, whenever that has changed.
        var pauses: [Set<TopicPartition>] = []
        /// Each wait for everything to be acknowledged: its bound, and after how many polls it came.
        var flushes: [(milliseconds: Int, polls: Int)] = []
        var nextOffsets: [TopicPartition: Int64] = [:]

        func records(of topicPartition: TopicPartition) -> [PipelineFixture.Sent] {
            logs.first { $0.topicPartition == topicPartition }?.records ?? []
        }
    }

    let script: Script

    var brokers: String { "scripted" }

    func consumer(
        _ options: Consumer.Options, listener: (any RebalanceListener)?, onNotice: @escaping (KafkaNotice) -> Void
    ) throws(KafkaError) -> any ConsumerClient {
        script.options = options
        return ScriptedConsumer(script, listener)
    }

    func producer(
        _ options: Producer.Options, onNotice: @escaping (KafkaNotice) -> Void
    ) throws(KafkaError) -> any ProducerClient {
        ScriptedProducer(script)
    }

    func metadata(timeoutMilliseconds: Int) -> Metadata {
        var counts: [String: Int] = [:]
        for log in script.logs { counts[log.topicPartition.topic, default: 0] += 1 }
        return Metadata(brokers: 1, topics: counts.map { Metadata.Topic(name: $0.key, partitions: $0.value) })
    }

    func beginnings(of partitions: [TopicPartition], timeoutMilliseconds: Int) -> [TopicPartition: Int64] {
        Dictionary(uniqueKeysWithValues: partitions.map { ($0, script.beginnings[$0] ?? 0) })
    }

    func ends(of partitions: [TopicPartition], timeoutMilliseconds: Int) -> [TopicPartition: Int64] {
        Dictionary(uniqueKeysWithValues: partitions.map { ($0, Int64(script.records(of: $0).count)) })
    }
}

private final class ScriptedConsumer: ConsumerClient {
    private let script: ScriptedCluster.Script
    private weak var listener: (any RebalanceListener)?
    private(set) var assignment: [Consumer.Assigned] = []
    private var errors: [(topicPartition: TopicPartition, error: KafkaError)] = []
    private var isMember = false
    private var paused: Set<TopicPartition> = [] {
        didSet { if paused != oldValue { script.pauses.append(paused) } }
    }

    init(_ script: ScriptedCluster.Script, _ listener: (any RebalanceListener)?) {
        (self.script, self.listener) = (script, listener)
    }

    var fatalError: KafkaError? { nil }
    func subscribe(to topics: [String]) {}
    func knownEnd(_ source: Int) -> Int64? { nil }
    func close() {}

    func assign(_ offsets: [PartitionOffset]) {
        assignment = offsets.map { Consumer.Assigned($0) }
        paused = []
    }

    func poll(timeoutMilliseconds: Int, _ body: (UnsafeBufferPointer<Record>) throws -> Void) throws -> Int {
        script.polls += 1
        if !isMember {
            isMember = true
            assign(listener?.assigned(script.logs.map(\.topicPartition), to: self) ?? [])
            listener?.began(self)
        }
        for source in assignment.indices {
            let (topicPartition, position) = (assignment[source].topicPartition, assignment[source].position)
            if paused.contains(topicPartition) { continue }
            guard position >= script.beginnings[topicPartition] ?? 0 else {
                errors.append((topicPartition, KafkaError(code: 1, name: "OFFSET_OUT_OF_RANGE", message: "expired")))
                continue
            }
            let records = Array(script.records(of: topicPartition).dropFirst(Int(position)).prefix(script.batch))
            guard !records.isEmpty else { continue }
            assignment[source].position += Int64(records.count)
            script.handedOut += records.count
            script.runtime.pass(.milliseconds(1))
            try lend(records, of: source, from: position, body)
            return records.count
        }
        script.runtime.pass(.milliseconds(timeoutMilliseconds))
        return 0
    }

    /// The records in memory that is the caller's for the length of the call.
    private func lend(
        _ records: [PipelineFixture.Sent], of source: Int, from first: Int64,
        _ body: (UnsafeBufferPointer<Record>) throws -> Void
    ) throws {
        var memory: [UnsafeMutableRawBufferPointer] = []
        func copy(_ bytes: [UInt8]?) -> UnsafeRawBufferPointer? {
            bytes.map { bytes in
                let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 1)
                copy.copyBytes(from: bytes)
                memory.append(copy)
                return UnsafeRawBufferPointer(rebasing: copy[..<bytes.count])
            }
        }
        let lent = UnsafeMutablePointer<MemoryRecord>.allocate(capacity: records.count)
        for (index, record) in records.enumerated() {
            (lent + index).initialize(
                to: MemoryRecord(
                    key: copy(record.key), value: copy(record.value),
                    headers: record.headers.map { ($0.name, copy($0.value)) }))
        }
        defer {
            lent.deinitialize(count: records.count)
            lent.deallocate()
            for bytes in memory { bytes.deallocate() }
        }
        let handedOut = records.indices.map { Record(source: source, offset: first + Int64($0), memory: lent + $0) }
        try handedOut.withUnsafeBufferPointer(body)
    }

    func takeErrors() -> [(topicPartition: TopicPartition, error: KafkaError)] {
        defer { errors = [] }
        return errors
    }

    func pause(_ partitions: [TopicPartition]) { paused.formUnion(partitions) }
    func resume(_ partitions: [TopicPartition]) { paused.subtract(partitions) }

    func committed(_ partitions: [TopicPartition], timeoutMilliseconds: Int) -> [PartitionOffset] {
        partitions.map { PartitionOffset($0, offset: script.committed[$0] ?? PartitionOffset.none) }
    }

    func commit(_ offsets: [PartitionOffset], wait: Bool) {
        for offset in offsets { script.committed[offset.topicPartition] = offset.offset }
    }
}

private final class ScriptedProducer: ProducerClient {
    private let script: ScriptedCluster.Script
    private var names: [String] = []
    private var underWay: [Delivery] = []

    init(_ script: ScriptedCluster.Script) { self.script = script }

    var fatalError: KafkaError? { nil }
    var queued: Int { underWay.count }

    func topic(_ name: String) -> Int {
        names.append(name)
        return names.count - 1
    }

    func topicName(_ topic: Int) -> String { names[topic] }

    func produce(
        topic: Int, partition: Int32, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        headers: HeaderSet?, tag: Int
    ) -> Bool {
        guard script.room > 0 else { return false }
        script.room -= 1
        let topicPartition = TopicPartition(names[topic], max(0, partition))
        let offset = script.nextOffsets[topicPartition] ?? 0
        script.nextOffsets[topicPartition] = offset + 1
        underWay.append(Delivery(topic: topic, partition: topicPartition.partition, offset: offset, tag: tag, code: 0))
        return true
    }

    func serve(timeoutMilliseconds: Int, _ delivered: (Delivery) -> Void) {
        guard script.acknowledges, !underWay.isEmpty else {
            return script.runtime.pass(.milliseconds(timeoutMilliseconds))
        }
        let deliveries = underWay
        underWay = []
        script.room += deliveries.count
        for delivery in deliveries { delivered(delivery) }
    }

    func flush(timeoutMilliseconds: Int, _ delivered: (Delivery) -> Void) -> Bool {
        script.flushes.append((timeoutMilliseconds, script.polls))
        serve(timeoutMilliseconds: timeoutMilliseconds, delivered)
        return underWay.isEmpty
    }

    func purge() { underWay = [] }
}
