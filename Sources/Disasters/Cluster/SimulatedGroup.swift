internal import Kafka

/// A consumer group of the range assignor, as its coordinator sees it.
final class SimulatedGroup {
    static let session: Int64 = 10_000_000
    /// The default of librdkafka's `max.poll.interval.ms` in microseconds; `Consumer` does not change it. A member that
    /// is busy for longer between two polls loses its membership, although it sends heartbeats.
    static let maximumPollInterval: Int64 = 300_000_000

    /// An expulsion that the member itself has caused, because it was busy with its own work.
    struct Stall {
        let member: String
        let busy: SimulatedProcess.Busy
    }

    private struct Member {
        let id: Int
        let process: SimulatedProcess
        let topics: [String]
        /// The name of a static member; nil if the member is dynamic.
        let instance: String?
        /// The thread that polls; nil if the member has no poll deadline.
        let thread: String?
        var lastHeartbeat: Int64
        var isGone = false
        /// Whether the member waits for an assignment.
        var hasJoined = true
        var assignment: [TopicPartition] = []

        var isOverdue: Bool { !isGone && process.isOverdue(on: thread) }
    }

    private let topics: () -> [String: Int]
    private var members: [Member] = []
    private var nextID = 1
    /// How often partitions were assigned.
    private(set) var generation = 0
    private(set) var isRebalancing = false
    private(set) var committed: [TopicPartition: PartitionOffset] = [:]
    /// How often each process was expelled because it did not poll in time.
    private(set) var expulsions: [String: Int] = [:]
    /// The expulsions among them that the members caused themselves.
    private(set) var stalls: [Stall] = []

    /// `topics`: returns the current number of partitions by topic.
    init(topics: @escaping () -> [String: Int]) { self.topics = topics }

    private func index(_ id: Int) -> Int? { members.firstIndex { $0.id == id } }

    func contains(_ id: Int) -> Bool { index(id) != nil }

    /// `thread`: the thread that polls; nil if the member has no poll deadline. Returns the member's id.
    func join(
        _ process: SimulatedProcess, _ topics: [String], as instance: String?, on thread: String?, at time: Int64
    ) -> Int {
        defer { nextID += 1 }
        var member = Member(
            id: nextID, process: process, topics: topics, instance: instance, thread: thread, lastHeartbeat: time)
        if let instance, let index = members.firstIndex(where: { $0.instance == instance }) {
            // It takes over the assignment of the earlier member of its name, and the group does not rebalance.
            member.assignment = members[index].assignment
            members[index] = member
            if isRebalancing { assignIfAllJoined() }
        } else {
            members.append(member)
            rebalance(joined: nextID)
        }
        return nextID
    }

    func leave(_ id: Int) {
        guard let index = index(id) else { return }
        members.remove(at: index)
        rebalance(joined: nil)
    }

    /// The member is gone without a request to leave.
    func lose(_ id: Int) { if let index = index(id) { members[index].isGone = true } }

    /// Expels members that have not polled in time, and those without a heartbeat for a session.
    func expel(at time: Int64) {
        for index in members.indices where members[index].process.sendsHeartbeats && !members[index].isGone {
            members[index].lastHeartbeat = time
        }
        expelOverdue()
        let count = members.count
        members.removeAll { time - $0.lastHeartbeat > Self.session }
        if members.count < count { rebalance(joined: nil) }
    }

    /// A client finds by itself that it was not polled, and leaves the group. A static member stops its heartbeats
    /// instead, as does one that cannot reach the broker; both are expelled at the end of the session.
    private func expelOverdue() {
        var leaving: Set<Int> = []
        for index in members.indices where members[index].isOverdue {
            let (process, thread) = (members[index].process, members[index].thread ?? "")
            expulsions[process.name, default: 0] += 1
            let busy = process.busy(on: thread)
            if busy.own > Self.maximumPollInterval, process.isConnected, !process.isPaused {
                stalls.append(Stall(member: process.name, busy: busy))
            }
            members[index].isGone = true
            if process.canSend, members[index].instance == nil { leaving.insert(members[index].id) }
        }
        guard !leaving.isEmpty else { return }
        members.removeAll { leaving.contains($0.id) }
        rebalance(joined: nil)
    }

    /// The number of the topic's partitions has changed.
    func noteChange(_ topic: String) {
        if members.contains(where: { $0.topics.contains(topic) }) { rebalance(joined: nil) }
    }

    private func rebalance(joined: Int?) {
        if !isRebalancing { for index in members.indices { members[index].hasJoined = false } }
        isRebalancing = true
        if let joined, let index = index(joined) { members[index].hasJoined = true }
        assignIfAllJoined()
    }

    func mustRejoin(_ id: Int) -> Bool { isRebalancing && index(id).map { !members[$0].hasJoined } ?? false }

    func rejoin(_ id: Int) {
        guard let index = index(id) else { return }
        members[index].hasJoined = true
        assignIfAllJoined()
    }

    private func assignIfAllJoined() {
        guard isRebalancing, members.allSatisfy(\.hasJoined) else { return }
        isRebalancing = false
        generation += 1
        for index in members.indices { members[index].assignment = [] }
        for (topic, partitions) in topics().sorted(by: { $0.key < $1.key }) {
            let readers = members.indices.filter { members[$0].topics.contains(topic) }
            guard !readers.isEmpty else { continue }
            let (share, rest) = partitions.quotientAndRemainder(dividingBy: readers.count)
            var next = 0
            for (index, reader) in readers.enumerated() {
                for _ in 0..<(share + (index < rest ? 1 : 0)) {
                    members[reader].assignment.append(TopicPartition(topic, Int32(next)))
                    next += 1
                }
            }
        }
    }

    /// Nil while partitions are not assigned.
    func assignment(of id: Int) -> [TopicPartition]? {
        guard !isRebalancing, let index = index(id) else { return nil }
        return members[index].assignment
    }

    /// The process that was assigned the partition last; nil if it was expelled since.
    func owner(of topicPartition: TopicPartition) -> SimulatedProcess? {
        members.first { $0.assignment.contains(topicPartition) }?.process
    }

    /// `generation`: the one that the committer knows.
    func commit(_ offsets: [PartitionOffset], of id: Int, generation: Int) throws(KafkaError) {
        guard contains(id), generation == self.generation else { throw .illegalGeneration }
        for offset in offsets { committed[offset.topicPartition] = offset }
    }
}

extension SimulatedProcess {
    /// Whether the thread has not polled for longer than a group's member may.
    func isOverdue(on thread: String?) -> Bool {
        guard !isDead, let thread else { return false }
        return busy(on: thread).total > SimulatedGroup.maximumPollInterval
    }
}
