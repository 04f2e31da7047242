internal import Events
internal import Foundation
internal import Kafka
internal import Ledger
internal import Logging
internal import Synchronization

/// The recent acts in the control topic, by their events' ids. So a repeat is known on every member, and after a
/// restart. A thread follows the topic. Older acts are known to the ledger only, which counts an event once, however
/// often it is repeated.
final class RecentActs: Sendable {
    struct Act: Sendable, Hashable {
        /// The digest of the event's request; nil if the event has none.
        let digest: String?
        let origin: LedgerWatch.Origin
    }

    /// The greatest number of acts. The oldest are removed first.
    static let maximum = 65_536
    private static let pollMilliseconds = 50
    private static let pause = 1.0

    fileprivate struct State {
        var acts: [String: Act] = [:]
        var order: [String] = []
        var front = 0
        var isRead = false
        var positions: [Int32: Int64] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())
    private let kafka: any KafkaCluster
    private let topic: String
    private let source: String
    private let keys: ControlKeys?
    private let logger: Logger

    /// `source`: of the events that are acts.
    init(_ configuration: PipelineConfiguration, source: String, logger: Logger) {
        (kafka, topic, keys) = (configuration.kafka, configuration.topics.control, configuration.controlKeys)
        (self.source, self.logger) = (source, logger)
        let topic = topic
        let thread = Thread { [self] in
            var lastLogged = ""
            while !isClosed {
                do {
                    try read()
                } catch {
                    // A repeated reason is logged once.
                    logger.log(
                        level: lastLogged == "\(error)" ? .debug : .warning, "acts are not followed",
                        metadata: ["topic": "\(topic)", "reason": "\(error)"])
                    lastLogged = "\(error)"
                    Thread.sleep(forTimeInterval: Self.pause)
                }
            }
        }
        thread.name = "acts"
        thread.start()
    }

    func close() { state.withLock { $0.isClosed = true } }

    private var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Whether the topic has been read to its end once.
    var isRead: Bool { state.withLock { $0.isRead } }

    /// The first act with this id; nil if there is none, or it is not remembered.
    subscript(_ id: String) -> Act? { state.withLock { $0.acts[id] } }

    /// Notes this member's own act after it is acknowledged.
    func note(_ id: String, _ act: Act) { state.withLock { $0.note(id, act) } }

    /// The event became a dead letter, so the act must be done again.
    func forget(_ id: String) { state.withLock { $0.acts[id] = nil } }

    private func read() throws {
        let topicPartitions = (0..<Int32(try kafka.partitions(of: topic))).map { TopicPartition(topic, $0) }
        let (beginnings, ends) = (try kafka.beginnings(of: topicPartitions), try kafka.ends(of: topicPartitions))
        let share = Int64(max(1, Self.maximum / max(1, topicPartitions.count)))
        var options = Consumer.Options()
        options.reportsEnds = true
        options.maximumQueuedKilobytes = 4096
        let consumer = try kafka.consumer(options, listener: nil) { _ in }
        defer { consumer.close() }
        let positions = state.withLock { $0.positions }
        try consumer.assign(
            topicPartitions.map { topicPartition in
                let newest = max(beginnings[topicPartition] ?? 0, (ends[topicPartition] ?? 0) - share)
                return PartitionOffset(topicPartition, offset: max(newest, positions[topicPartition.partition] ?? 0))
            })
        let decoder = RecordDecoder(controlKeys: keys)
        while !isClosed {
            try consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) { records in
                for record in records { note(record, consumer.assignment[record.source].topicPartition, decoder) }
            }
            for (_, error) in consumer.takeErrors() where !error.isRetriable { throw error }
            if consumer.assignment.allSatisfy(\.reachedEnd) { state.withLock { $0.isRead = true } }
        }
    }

    private func note(_ record: Record, _ topicPartition: TopicPartition, _ decoder: RecordDecoder) {
        var event = EventView.empty
        var found: (String, String?)?
        // An event that intake refuses is no act, such as one with a wrong signature or without one.
        if decoder.decode(record, fromControlTopic: true, latest: .max, into: &event) == nil,
            event.source.elementsEqual(source.utf8)
        {
            let digest = record.value.flatMap { decoder.memberDecoder.string(ControlEvent.digestAttribute, of: $0) }
            found = (
                String(decoding: event.id, as: UTF8.self), digest.map { String(decoding: $0, as: UTF8.self) }
            )
        }
        let origin = LedgerWatch.Origin(partition: topicPartition.partition, offset: record.offset)
        state.withLock { state in
            state.positions[topicPartition.partition] = record.offset + 1
            if let (id, digest) = found { state.note(id, Act(digest: digest, origin: origin)) }
        }
    }
}

extension RecentActs.State {
    fileprivate mutating func note(_ id: String, _ act: RecentActs.Act) {
        guard acts[id] == nil else { return }
        acts[id] = act
        order.append(id)
        while order.count - front > RecentActs.maximum {
            acts[order[front]] = nil
            front += 1
        }
        guard front > RecentActs.maximum else { return }
        order.removeFirst(front)
        front = 0
    }
}
