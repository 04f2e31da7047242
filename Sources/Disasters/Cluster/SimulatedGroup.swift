internal import Kafka

/// A consumer group of the range assignor, as its coordinator sees it.
final class SimulatedGroup {
    static let session: Int64 = 10_000_000
    /// The default of librdkafka's `max.poll.interval.ms`, which `Consumer` does not change, in microseconds. A member that
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
        /// Static membership under this name.
        let instance: String?
        /// The one that polls.
        let thread: String?
        var lastHeard: Int64
        var isGone = false
        /// Waits for the partitions to be dealt.
        var hasJoined = true
        var assignment: [TopicPartition] = []

        var isOverdue: Bool { !isGone && process.isOverdue(on: thread) }
    }

    private let topics: () -> [String: Int]
    private var members: [Member] = []
    private var nextID = 1
    /// How often partitions were dealt.
    private(set) var generation = 0
    private(set) var isDealing = false
    private(set) var committed: [TopicPartition: PartitionOffset] = [:]
    /// By process: how often it was expelled because it did not poll in time.
    private(set) var expulsions: [String: Int] = [:]
    /// Those of them that were its own fault.
    private(set) var stalls: [Stall] = []

    /// `topics`: partitions by topic, as they are when it asks.
    init(topics: @escaping () -> [String: Int]) { self.topics = topics }

    private func index(_ id: Int) -> Int? { members.firstIndex { $0.id == id } }

    func contains(_ id: Int) -> Bool { index(id) != nil }

    /// `thread`: the one that polls; nil if the member has no poll deadline. Returns the member's id.
    func join(
        _ process: SimulatedProcess, _ topics: [String], as instance: String?, on thread: String?, at time: Int64
    ) -> Int {
        defer { nextID += 1 }
        var member = Member(
            id: nextID, process: process, topics: topics, instance: instance, thread: thread, lastHeard: time)
        if let instance, let index = members.firstIndex(where: { $0.instance == instance }) {
            // It takes the place of the one that it was before, and nothing is dealt.
            member.assignment = members[index].assignment
            members[index] = member
            if isDealing { dealIfAllAreHere() }
        } else {
            members.append(member)
            deal(joined: nextID)
        }
        return nextID
    }

    func leave(_ id: Int) {
        guard let index = index(id) else { return }
        members.remove(at: index)
        deal(joined: nil)
    }

    /// Left without a word.
    func lose(_ id: Int) { if let index = index(id) { members[index].isGone = true } }

    /// Members that have not polled in time, and those that were not heard of for a session.
    func expel(at time: Int64) {
        for index in members.indices where members[index].process.isHeard && !members[index].isGone {
            members[index].lastHeard = time
        }
        expelOverdue()
        let count = members.count
        members.removeAll { time - $0.lastHeard > Self.session }
        if members.count < count { deal(joined: nil) }
    }

    /// The client finds by itself that it was not polled, and leaves the group. A static member stops its heartbeats instead, and
    /// so does one that cannot reach the broker: the session's end expels them.
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
        deal(joined: nil)
    }

    /// The topic has other partitions than before.
    func dealAnew(_ topic: String) { if members.contains(where: { $0.topics.contains(topic) }) { deal(joined: nil) } }

    private func deal(joined: Int?) {
        if !isDealing { for index in members.indices { members[index].hasJoined = false } }
        isDealing = true
        if let joined, let index = index(joined) { members[index].hasJoined = true }
        dealIfAllAreHere()
    }

    func mustRejoin(_ id: Int) -> Bool { isDealing && index(id).map { !members[$0].hasJoined } ?? false }

    func rejoin(_ id: Int) {
        guard let index = index(id) else { return }
        members[index].hasJoined = true
        dealIfAllAreHere()
    }

    private func dealIfAllAreHere() {
        guard isDealing, members.allSatisfy(\.hasJoined) else { return }
        isDealing = false
        generation += 1
        for index in members.indices { members[index].assignment = [] }
        for (topic, partitions) in topics().sorted(by: { $0.key < $1.key }) {
            let readers = members.indices.filter { members[$0].topics.contains(topic) }
            guard !readers.isEmpty else { continue }
            let (share, rest) = partitions.quotientAndRemainder(dividingBy: readers.count)
            var next = 0
            for (place, reader) in readers.enumerated() {
                for _ in 0..<(share + (place < rest ? 1 : 0)) {
                    members[reader].assignment.append(TopicPartition(topic, Int32(next)))
                    next += 1
                }
            }
        }
    }

    /// Nil: they are not dealt.
    func assignment(of id: Int) -> [TopicPartition]? {
        guard !isDealing, let index = index(id) else { return nil }
        return members[index].assignment
    }

    /// Who was given a partition last and has not been expelled since.
    func owner(of place: TopicPartition) -> SimulatedProcess? {
        members.first { $0.assignment.contains(place) }?.process
    }

    /// `generation`: the one that the committer knows.
    func commit(_ offsets: [PartitionOffset], of id: Int, generation: Int) throws(KafkaError) {
        guard contains(id), generation == self.generation else { throw .illegalGeneration }
        for offset in offsets { committed[offset.topicPartition] = offset }
    }
}

extension SimulatedProcess {
    /// The thread has not polled for longer than a group's member may.
    func isOverdue(on thread: String?) -> Bool {
        guard !isDead, let thread else { return false }
        return busy(on: thread).total > SimulatedGroup.maximumPollInterval
    }
}
