internal import Kafka
internal import Logging
internal import Synchronization

/// Who owns which ledger partition, as the members themselves say.
final class MemberDirectory: Sendable {
    private static let pollMilliseconds = 200

    private struct State {
        var ownAddress: String?
        var announced: MemberAnnouncement?
        var hasSpoken = false
        /// By the key of the record.
        var partitions: [String: [Int32]] = [:]
        var owners: [Int32: String] = [:]
        var full: Set<String> = []
    }

    private let member: String
    private let state = Mutex(State())

    init(member: String) { self.member = member }

    /// `HOST:PORT`, once it is known.
    var ownAddress: String? {
        get { state.withLock { $0.ownAddress } }
        set { state.withLock { $0.ownAddress = newValue } }
    }

    /// The address of the member that was the last to say that it owns this partition; nil: nobody did.
    func owner(of partition: Int32) -> String? { state.withLock { $0.owners[partition] } }

    /// Whether a partition's owner has no room for another subject; `unknown`: where nobody else says that it owns it.
    func isFull(_ partition: Int32, unknown: Bool) -> Bool {
        state.withLock { state in
            guard let owner = state.owners[partition], owner != state.ownAddress else { return unknown }
            return state.full.contains(owner)
        }
    }

    /// What is to be announced; nil: it is said already, or there is no address yet.
    func news(of partitions: [Int32], isFull: Bool = false) -> MemberAnnouncement? {
        state.withLock { state in
            guard let address = state.ownAddress else { return nil }
            let announcement = MemberAnnouncement(
                member: member, address: address, partitions: partitions, isFull: isFull)
            guard announcement != state.announced else { return nil }
            state.announced = announcement
            state.hasSpoken = true
            return announcement
        }
    }

    /// Partitions were dealt anew: whatever comes of it is said, for others may have spoken since.
    func forget() { state.withLock { $0.announced = nil } }

    /// What is to be taken back: this member's key; nil: it has said nothing.
    func farewell() -> String? {
        state.withLock { state in
            defer { state.hasSpoken = false }
            state.announced = nil
            return state.hasSpoken ? state.ownAddress : nil
        }
    }

    /// A record of the topic, in its order. Nil: the member has gone.
    func note(_ announcement: MemberAnnouncement?, key: String) {
        state.withLock { state in
            for partition in state.partitions[key] ?? [] where state.owners[partition] == key {
                state.owners[partition] = nil
            }
            state.partitions[key] = announcement?.partitions
            if announcement?.full == true { state.full.insert(key) } else { state.full.remove(key) }
            for partition in announcement?.partitions ?? [] { state.owners[partition] = key }
        }
    }

    /// Follows the topic from its beginning, until stopped.
    func follow(_ kafka: any KafkaCluster, topic: String, stop: StopFlag, logger: Logger) throws {
        var options = Consumer.Options()
        options.maximumQueuedKilobytes = 1024
        let consumer = try kafka.consumer(options, listener: nil) { logger.kafka($0, of: "members") }
        let count = try kafka.partitions(of: topic)
        try consumer.assign(
            (0..<Int32(count)).map { PartitionOffset(TopicPartition(topic, $0), offset: PartitionOffset.beginning) })
        while !stop.isSet {
            try consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) { records in
                for record in records {
                    guard let key = record.key.map({ String(decoding: $0, as: UTF8.self) }) else { continue }
                    note(record.value.flatMap { MemberAnnouncement(json: $0) }, key: key)
                }
            }
            for (_, error) in consumer.takeErrors() where !error.isRetriable { throw error }
        }
    }
}
