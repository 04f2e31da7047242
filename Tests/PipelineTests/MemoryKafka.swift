import Kafka

/// A cluster in memory, for one thread: a test says how much room producers have, and what they hear to be acknowledged.
final class MemoryKafka: KafkaCluster, @unchecked Sendable {
    /// What was given to a producer.
    struct Sent: Equatable {
        var topic: String
        var partition: Int32
        var key: [UInt8]?
        var value: [UInt8]?
        var tag: Int
    }

    private(set) var logs: [TopicPartition: [[UInt8]]] = [:]
    fileprivate(set) var committed: [TopicPartition: PartitionOffset] = [:]
    fileprivate(set) var sent: [Sent] = []
    /// Records that producers still take; nil for any number.
    var room: Int?
    /// Records that are still acknowledged; nil for any number.
    var acknowledgements: Int?
    /// It has no records for consumers, and does not say where topics end.
    var isSilent = false
    /// Calls of consumers' `poll`.
    fileprivate(set) var polls = 0
    /// Reads as a member of a group.
    private(set) weak var member: Reader?
    /// Consumers that are not gone.
    fileprivate(set) var consumers = 0

    var brokers: String { "memory" }

    func consumer(
        _ options: Consumer.Options, listener: (any RebalanceListener)?, onNotice: @escaping (KafkaNotice) -> Void
    ) throws(KafkaError) -> any ConsumerClient {
        let reader = Reader(self, options, listener)
        if options.group != nil { member = reader }
        return reader
    }

    func producer(
        _ options: Producer.Options, onNotice: @escaping (KafkaNotice) -> Void
    ) throws(KafkaError) -> any ProducerClient { Writer(self) }

    func metadata(timeoutMilliseconds: Int) throws(KafkaError) -> Metadata { Metadata(brokers: 1, topics: []) }

    func beginnings(of partitions: [TopicPartition], timeoutMilliseconds: Int) -> [TopicPartition: Int64] {
        Dictionary(uniqueKeysWithValues: partitions.map { ($0, 0) })
    }

    func ends(of partitions: [TopicPartition], timeoutMilliseconds: Int) -> [TopicPartition: Int64] {
        Dictionary(uniqueKeysWithValues: partitions.map { ($0, end(of: $0)) })
    }

    fileprivate func end(of topicPartition: TopicPartition) -> Int64 { Int64(logs[topicPartition]?.count ?? 0) }

    /// Returns the record's offset.
    @discardableResult func append(_ value: [UInt8], to topicPartition: TopicPartition) -> Int64 {
        logs[topicPartition, default: []].append(value)
        return end(of: topicPartition) - 1
    }

    // MARK: Producers

    /// Its records are in their topics once they are acknowledged.
    final class Writer: ProducerClient {
        private let kafka: MemoryKafka
        private var names: [String] = []
        private var pending: [Sent] = []
        var fatalError: KafkaError? { nil }
        var queued: Int { pending.count }

        fileprivate init(_ kafka: MemoryKafka) { self.kafka = kafka }

        func topic(_ name: String) -> Int {
            if let known = names.firstIndex(of: name) { return known }
            names.append(name)
            return names.count - 1
        }

        func topicName(_ topic: Int) -> String { names[topic] }

        func produce(
            topic: Int, partition: Int32, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
            headers: HeaderSet?, tag: Int
        ) throws(KafkaError) -> Bool {
            guard kafka.room != 0 else { return false }
            if let room = kafka.room { kafka.room = room - 1 }
            let record = Sent(
                topic: names[topic], partition: partition, key: key.map { Array($0) }, value: value.map { Array($0) },
                tag: tag)
            kafka.sent.append(record)
            pending.append(record)
            return true
        }

        func serve(timeoutMilliseconds: Int, _ delivered: (Delivery) -> Void) {
            let count = min(pending.count, kafka.acknowledgements ?? .max)
            if let left = kafka.acknowledgements { kafka.acknowledgements = left - count }
            let records = pending.prefix(count)
            pending.removeFirst(count)
            for record in records {
                let offset = kafka.append(record.value ?? [], to: TopicPartition(record.topic, record.partition))
                delivered(
                    Delivery(
                        topic: topic(record.topic), partition: record.partition, offset: offset, tag: record.tag,
                        code: 0))
            }
        }

        func flush(timeoutMilliseconds: Int, _ delivered: (Delivery) -> Void) -> Bool {
            serve(timeoutMilliseconds: timeoutMilliseconds, delivered)
            return pending.isEmpty
        }

        func purge() { pending = [] }
    }

    // MARK: Consumers

    final class Reader: ConsumerClient {
        private let kafka: MemoryKafka
        private let options: Consumer.Options
        private weak var listener: (any RebalanceListener)?
        private(set) var assignment: [Consumer.Assigned] = []
        private(set) var paused: Set<TopicPartition> = []
        var fatalError: KafkaError? { nil }

        fileprivate init(
            _ kafka: MemoryKafka, _ options: Consumer.Options, _ listener: (any RebalanceListener)?
        ) {
            (self.kafka, self.options, self.listener) = (kafka, options, listener)
            kafka.consumers += 1
        }

        deinit { kafka.consumers -= 1 }

        /// The group assigns these to the member.
        func rebalance(_ topicPartitions: [TopicPartition]) {
            assign(listener?.assigned(topicPartitions, to: self) ?? [])
            listener?.began(self)
        }

        func subscribe(to topics: [String]) {}

        func assign(_ offsets: [PartitionOffset]) {
            (assignment, paused) = (offsets.map { Consumer.Assigned($0) }, [])
        }

        func knownEnd(_ source: Int) -> Int64? { kafka.end(of: assignment[source].topicPartition) }

        func poll(timeoutMilliseconds: Int, _ body: (UnsafeBufferPointer<Record>) throws -> Void) throws -> Int {
            kafka.polls += 1
            guard !kafka.isSilent else { return 0 }
            var found: [(source: Int, offset: Int64)] = []
            for source in assignment.indices where !paused.contains(assignment[source].topicPartition) {
                let end = kafka.end(of: assignment[source].topicPartition)
                assignment[source].position = max(0, assignment[source].position)
                guard assignment[source].position < end else {
                    if options.reportsEnds { assignment[source].end = end }
                    continue
                }
                while assignment[source].position < end, found.count < options.batch {
                    found.append((source, assignment[source].position))
                    assignment[source].position += 1
                    assignment[source].end = nil
                }
            }
            if !found.isEmpty { try lend(found, body) }
            return found.count
        }

        /// In memory that is the caller's for the length of the call.
        private func lend(
            _ found: [(source: Int, offset: Int64)], _ body: (UnsafeBufferPointer<Record>) throws -> Void
        ) throws {
            let lent = UnsafeMutablePointer<MemoryRecord>.allocate(capacity: found.count)
            var copies: [UnsafeMutableRawBufferPointer] = []
            for (index, item) in found.enumerated() {
                let value = kafka.logs[assignment[item.source].topicPartition]?[Int(item.offset)] ?? []
                let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, value.count), alignment: 1)
                copy.copyBytes(from: value)
                copies.append(copy)
                (lent + index).initialize(
                    to: MemoryRecord(
                        key: nil, value: UnsafeRawBufferPointer(rebasing: copy[..<value.count]), headers: []))
            }
            defer {
                lent.deinitialize(count: found.count)
                lent.deallocate()
                for copy in copies { copy.deallocate() }
            }
            let records = found.enumerated().map { Record(source: $1.source, offset: $1.offset, memory: lent + $0) }
            try records.withUnsafeBufferPointer(body)
        }

        func takeErrors() -> [(topicPartition: TopicPartition, error: KafkaError)] { [] }
        func pause(_ partitions: [TopicPartition]) { paused.formUnion(partitions) }
        func resume(_ partitions: [TopicPartition]) { paused.subtract(partitions) }

        func committed(_ partitions: [TopicPartition], timeoutMilliseconds: Int) -> [PartitionOffset] {
            partitions.map { kafka.committed[$0] ?? PartitionOffset($0, offset: PartitionOffset.none) }
        }

        func commit(_ offsets: [PartitionOffset], wait: Bool) {
            for offset in offsets { kafka.committed[offset.topicPartition] = offset }
        }

        func close() {}
    }
}
