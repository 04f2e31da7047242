internal import Kafka
internal import Ledger
internal import Simulation

/// A Kafka cluster in memory, with its clock: logs, groups, and the messages on their way to and from them. Time passes
/// only while a caller waits. Everything that happens by itself is in the agenda, in order of its time.
///
/// The cluster and everything that belongs to it are used by one thread.
final class SimulatedCluster: @unchecked Sendable {
    typealias Header = (name: String, value: [UInt8]?)

    struct Stored {
        var key: [UInt8]?
        var value: [UInt8]?
        var headers: [Header] = []
        /// Whether a reader gets no record at this offset: it is of a transaction that was aborted, or the marker at
        /// the end of a transaction.
        var isHole = false

        static let hole = Stored(key: nil, value: nil, isHole: true)
    }

    private struct Appointment {
        var time: Int64
        var number: Int
        var action: () -> Void
    }

    /// The number of partitions by topic.
    private(set) var topics: [String: Int]
    let bug: PlantedBug?
    var random: SplitMix64
    var faults = Faults()
    /// Microseconds since the beginning of the run.
    private(set) var time: Int64 = 0
    /// The simulated thread that runs now; nil if it does not poll for a group.
    private(set) var thread: String?
    private(set) var logs: [TopicPartition: [Stored]] = [:]
    private(set) var groups: [String: SimulatedGroup] = [:]
    /// The first offset of each log. Records before it are deleted.
    private var beginnings: [TopicPartition: Int64] = [:]
    /// The brokers answer no request before this time.
    private var downUntil: Int64 = 0
    /// Answers are late before this time.
    private var slowUntil: Int64 = 0
    private var agenda: [Appointment] = []
    private var appointments = 0

    init(topics: [String: Int], random: SplitMix64, bug: PlantedBug?) {
        (self.topics, self.random, self.bug) = (topics, random, bug)
        for (topic, partitions) in topics {
            for partition in 0..<partitions { logs[TopicPartition(topic, Int32(partition))] = [] }
        }
    }

    // MARK: Time

    /// Lets the time pass, and runs the agenda's entries up to its end.
    func wait(_ microseconds: Int64) {
        let end = time + microseconds
        while let index = nextAppointment(by: end) {
            let next = agenda.remove(at: index)
            time = max(time, next.time)
            next.action()
        }
        time = max(time, end)
        for group in groups.values { group.expel(at: time) }
    }

    /// Runs the work of a thread. The time that passes meanwhile delays the next poll of this thread only.
    func run<Result>(on thread: String?, _ body: () throws -> Result) rethrows -> Result {
        let interrupted = self.thread
        self.thread = thread
        defer { self.thread = interrupted }
        return try body()
    }

    private func nextAppointment(by end: Int64) -> Int? {
        var best: Int?
        for index in agenda.indices where agenda[index].time <= end {
            if let known = best, (agenda[known].time, agenda[known].number) < (agenda[index].time, agenda[index].number)
            {
                continue
            }
            best = index
        }
        return best
    }

    func later(_ microseconds: Int64, _ action: @escaping () -> Void) {
        appointments += 1
        agenda.append(Appointment(time: time + microseconds, number: appointments, action: action))
    }

    /// Drops groups and agenda, which refer to processes and by them to the cluster. Nothing happens after it.
    func end() {
        let dropped = (agenda, groups)
        (agenda, groups) = ([], [:])
        withExtendedLifetime(dropped) {}
    }

    private static let (latencies, slowLatencies): (ClosedRange<Int>, ClosedRange<Int>) = (
        200...3000, 200_000...3_000_000
    )

    /// The time of one way through the network, in microseconds: usually milliseconds, now and then many, and up to
    /// seconds if the brokers are slow.
    var latency: Int64 {
        if isSlow { return Int64(random.within(Self.slowLatencies)) }
        return Int64(random.within(Self.latencies)) * (random.chance(perMille: faults.delays) ? 100 : 1)
    }

    // MARK: The broker

    var isDown: Bool { time < downUntil }
    func goDown(for microseconds: Int64) { downUntil = max(downUntil, time + microseconds) }
    func comeUp() { downUntil = time }

    var isSlow: Bool { time < slowUntil }
    func goSlow(for microseconds: Int64) { slowUntil = max(slowUntil, time + microseconds) }
    func goFast() { slowUntil = time }

    func beginning(_ topicPartition: TopicPartition) -> Int64 { beginnings[topicPartition] ?? 0 }

    /// Deletes the records before this offset, as retention does.
    func expire(_ topicPartition: TopicPartition, before offset: Int64) {
        beginnings[topicPartition] = max(beginning(topicPartition), min(offset, end(topicPartition)))
    }

    func end(_ topicPartition: TopicPartition) -> Int64 { Int64(logs[topicPartition]?.count ?? 0) }

    /// The offset after the last record. From there to the log's end there are no records.
    func recordsEnd(_ topicPartition: TopicPartition) -> Int64 {
        (logs[topicPartition]?.lastIndex { !$0.isHole }).map { Int64($0) + 1 } ?? 0
    }

    /// The offset of the first record at `offset` or after it; nil if there is none up to the end.
    func nextRecord(_ topicPartition: TopicPartition, from offset: Int64) -> Int64? {
        guard let log = logs[topicPartition], offset < log.count else { return nil }
        return log[Int(offset)...].firstIndex { !$0.isHole }.map(Int64.init)
    }

    /// A log's records under their offsets.
    func records(_ topicPartition: TopicPartition) -> [(offset: Int64, record: Stored)] {
        (logs[topicPartition] ?? []).enumerated().filter { !$1.isHole }.map { (Int64($0), $1) }
    }

    /// Aborts a transaction of this many records.
    func abort(_ count: Int, in topicPartition: TopicPartition) {
        for _ in 0...count { append(.hole, to: topicPartition) }
    }

    /// Returns the offset.
    @discardableResult func append(_ record: Stored, to topicPartition: TopicPartition) -> Int64 {
        logs[topicPartition, default: []].append(record)
        return end(topicPartition) - 1
    }

    func group(_ name: String) -> SimulatedGroup {
        if let group = groups[name] { return group }
        let group = SimulatedGroup { [unowned self] in topics }
        groups[name] = group
        return group
    }

    /// Readers of the topic are assigned its partitions anew.
    func addPartition(to topic: String) {
        let partition = topics[topic] ?? 0
        topics[topic] = partition + 1
        logs[TopicPartition(topic, Int32(partition))] = []
        for group in groups.values { group.noteChange(topic) }
    }

    /// The partition of a key by the cluster's murmur2.
    func partition(of key: [UInt8]?, in topic: String) -> Int32 {
        let count = topics[topic] ?? 1
        guard let key else { return Int32(random.below(count)) }
        return key.withUnsafeBytes { Int32(Murmur2.partition(of: $0, count: count)) }
    }
}

/// How often faults happen, in a thousand.
struct Faults {
    /// A message takes long.
    var delays = 0
    /// An answer is lost, and the request is sent again.
    var lostAnswers = 0
    /// A broker refuses a batch finally.
    var refusals = 0
    /// A request for positions or metadata is not answered in time.
    var timeouts = 0
    /// A fetch returns an error instead of records.
    var fetchErrors = 0
    /// A commit is refused.
    var commitErrors = 0
}

extension KafkaError {
    static let deadProcess = KafkaError(code: -199, name: "_FATAL", message: "the process is dead", isFatal: true)
    static let timedOut = KafkaError(code: -185, name: "_TIMED_OUT", message: "no answer", isRetriable: true)
    static let notPolled = KafkaError(
        code: -147, name: "_MAX_POLL_EXCEEDED", message: "the application did not poll in time: leaving the group")
    static let illegalGeneration = KafkaError(code: 22, name: "ILLEGAL_GENERATION", message: "of an old generation")
    static let rebalancing = KafkaError(
        code: 27, name: "REBALANCE_IN_PROGRESS", message: "the group is dealing", isRetriable: true)
    static let outOfRange = KafkaError(code: 1, name: "OFFSET_OUT_OF_RANGE", message: "the broker has it no more")
    static let noConnection = KafkaError(code: -195, name: "_TRANSPORT", message: "no connection", isRetriable: true)
    static let outOfOrder = KafkaError(
        code: 45, name: "OUT_OF_ORDER_SEQUENCE_NUMBER", message: "refused for good", isFatal: true)
}
