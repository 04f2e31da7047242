internal import Kafka
internal import Ledger
internal import Pipeline
internal import Simulation

/// A process on a simulated machine, from its start to its death. After its death every call returns an error and has
/// no effect.
final class SimulatedProcess: @unchecked Sendable {
    /// The time that a thread has spent since it last polled as a member of a group, in microseconds.
    struct Busy: Equatable {
        /// Time of computing and of its disk.
        var own: Int64 = 0
        /// Time of waiting for the broker, in calls that their own time-outs bound.
        var waiting: Int64 = 0

        var total: Int64 { own + waiting }
    }

    let cluster: SimulatedCluster
    let name: String
    private(set) var isDead = false
    /// The process was stopped by SIGSTOP.
    var isPaused = false
    var isConnected = true
    /// Whether the process folds a policy beside the active one in a ledger partition of its own.
    var hasShadow: (_ partition: Int32) -> Bool = { _ in false }
    /// Whether the process runs the later one of two releases (`RollingUpgrade`).
    var isOfNextRelease = false
    /// The number of calls that it still makes before it dies; nil if there is no limit.
    var callsLeft: Int?
    private var busy: [String: Busy] = [:]
    /// The assignment of each consumer, as far as the process knows.
    private var assigned: [ObjectIdentifier: Set<TopicPartition>] = [:]

    init(_ cluster: SimulatedCluster, name: String = "tool") { (self.cluster, self.name) = (cluster, name) }

    /// Whether the group's coordinator gets its heartbeats.
    var sendsHeartbeats: Bool { !isDead && !isPaused && isConnected && !cluster.isDown }
    /// Whether a message that it sends now leaves the machine.
    var canSend: Bool { sendsHeartbeats }

    func die() { isDead = true }

    func noteAssignment(_ topicPartitions: Set<TopicPartition>, of consumer: AnyObject) {
        assigned[ObjectIdentifier(consumer)] = topicPartitions.isEmpty ? nil : topicPartitions
    }

    /// Whether the partition is assigned to the process, as far as it knows.
    func isAssigned(_ topicPartition: TopicPartition) -> Bool {
        assigned.contains { $0.value.contains(topicPartition) }
    }

    // MARK: Time

    func busy(on thread: String) -> Busy { busy[thread] ?? Busy() }

    /// The current thread polls. Only polls of a group's member count.
    func polled() { if let thread = cluster.thread { busy[thread] = Busy() } }

    /// The current thread computes for this time.
    func compute(_ microseconds: Int64) { pass(microseconds, as: \.own) }

    /// The current thread waits for the broker for this time.
    func waitForBroker(_ microseconds: Int64) { pass(microseconds, as: \.waiting) }

    /// The time is noted before it passes: a caller that waits finds it noted, and so does a group that expels
    /// meanwhile.
    private func pass(_ microseconds: Int64, as kind: WritableKeyPath<Busy, Int64>) {
        if let thread = cluster.thread { busy[thread, default: Busy()][keyPath: kind] += microseconds }
        cluster.wait(microseconds)
    }

    // MARK: Calls

    /// Counts a call of the process, which may be its last. Returns false if the process is dead.
    func call() -> Bool {
        if let left = callsLeft {
            callsLeft = left - 1
            if left <= 0 { die() }
        }
        return !isDead
    }

    func check() throws(KafkaError) { if !call() { throw .deadProcess } }

    /// Waits until a request is answered.
    func request(timeoutMilliseconds: Int) throws(KafkaError) {
        try check()
        let limit = Int64(timeoutMilliseconds) * 1000
        guard isConnected, !cluster.isDown, !cluster.random.chance(perMille: cluster.faults.timeouts) else {
            waitForBroker(limit)
            throw .timedOut
        }
        let latency = cluster.latency
        waitForBroker(min(latency, limit))
        if latency > limit { throw .timedOut }
    }
}

/// The connection of one process to the cluster.
struct ProcessCluster: KafkaCluster {
    let process: SimulatedProcess

    var brokers: String { "simulated" }

    func consumer(
        _ options: Consumer.Options, listener: (any RebalanceListener)?, onNotice: @escaping (KafkaNotice) -> Void
    ) throws(KafkaError) -> any ConsumerClient {
        try process.check()
        return SimulatedConsumer(process, options, listener, onNotice)
    }

    func producer(
        _ options: Producer.Options, onNotice: @escaping (KafkaNotice) -> Void
    ) throws(KafkaError) -> any ProducerClient {
        try process.check()
        return SimulatedProducer(process)
    }

    func metadata(timeoutMilliseconds: Int) throws(KafkaError) -> Metadata {
        try process.request(timeoutMilliseconds: timeoutMilliseconds)
        return Metadata(
            brokers: 1,
            topics: process.cluster.topics.sorted { $0.key < $1.key }
                .map { Metadata.Topic(name: $0.key, partitions: $0.value) })
    }

    func beginnings(
        of partitions: [TopicPartition], timeoutMilliseconds: Int
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        try process.request(timeoutMilliseconds: timeoutMilliseconds)
        var result: [TopicPartition: Int64] = [:]
        for topicPartition in partitions { result[topicPartition] = process.cluster.beginning(topicPartition) }
        return result
    }

    func ends(
        of partitions: [TopicPartition], timeoutMilliseconds: Int
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        try process.request(timeoutMilliseconds: timeoutMilliseconds)
        var result: [TopicPartition: Int64] = [:]
        for topicPartition in partitions { result[topicPartition] = process.cluster.end(topicPartition) }
        return result
    }
}

/// A machine: its disk and its clock outlive its processes.
final class SimulatedMachine: Runtime, @unchecked Sendable {
    /// Only differences count.
    private static let origin = ContinuousClock.now

    let name: String
    let start: Int64
    let disk = FaultyFileSystem()
    private let cluster: SimulatedCluster
    /// The error of its wall clock, in microseconds.
    var error: Int64 = 0
    /// Whether every call of its disk takes time.
    var hasSlowDisk = false
    /// The work that waits in each background line, in order.
    private var work: [BackgroundLine: [@Sendable () -> Void]] = [:]

    /// `start`: the time at the beginning, in microseconds since 1970.
    init(_ name: String, _ cluster: SimulatedCluster, start: Int64) {
        (self.name, self.cluster, self.start) = (name, cluster, start)
    }

    var now: ContinuousClock.Instant { Self.origin + .microseconds(cluster.time) }
    var wallClock: Int64 { start + cluster.time + error }
    var residentBytes: Int64? { nil }
    func randomSession() -> UInt64 { cluster.random.next() | 1 }
    func background(_ line: BackgroundLine, _ work: @escaping @Sendable () -> Void) {
        self.work[line, default: []].append(work)
    }

    var stepsWork: Bool { true }

    func stepWork(_ slice: () -> Void) {
        offThePoll(slice)
        workInBackground()
    }

    /// Runs the first piece of work of one of the lines.
    func workInBackground() {
        let lines = BackgroundLine.allCases.filter { work[$0]?.isEmpty == false }
        guard !lines.isEmpty, let piece = work[lines[cluster.random.below(lines.count)]]?.removeFirst() else { return }
        offThePoll { piece() }
    }

    /// Runs the work of a thread that does not poll. The time that passes meanwhile delays no member's poll.
    func offThePoll(_ body: () throws -> Void) rethrows { try cluster.run(on: nil, body) }

    /// Drops the work of the process that has ended, and the work that its objects leave when they are freed.
    func forgetWork() {
        while !work.isEmpty {
            let forgotten = work
            work = [:]
            withExtendedLifetime(forgotten) {}
        }
    }

    // MARK: The disk

    /// The duration of calls of a slow disk, in microseconds. A sync takes up to seconds.
    private static let (slowSync, slowCall): (ClosedRange<Int>, ClosedRange<Int>) = (0...3_000_000, 0...5000)

    /// The duration of a call of the disk, in microseconds.
    func diskTime(of call: FileError.Call) -> Int64 {
        guard hasSlowDisk else { return 0 }
        let isSync = call == .sync || call == .syncDirectory
        return Int64(cluster.random.within(isSync ? Self.slowSync : Self.slowCall))
    }

    /// Changes the disk as a crash does. `losesPower`: any part of the bytes that were not synced may be lost, and any
    /// of the new names.
    func crashDisk(losesPower: Bool) {
        guard losesPower else { return disk.crash(names: true) { _, _, count in count } }
        disk.crash(names: cluster.random.chance(perMille: 500)) { [cluster] _, _, count in
            switch cluster.random.below(3) {
            case 0: nil
            case 1: count
            default: cluster.random.within(0...count)
            }
        }
    }
}

/// A machine's disk as seen by one process. The time of a call passes for the thread that makes it.
struct ProcessDisk: FileSystem {
    private static let ioError = -5

    let process: SimulatedProcess
    let machine: SimulatedMachine

    private var disk: FaultyFileSystem { machine.disk }

    /// Lets the time of the call pass. Returns false if the process is dead.
    private func call(_ call: FileError.Call) -> Bool {
        guard process.call() else { return false }
        let time = machine.diskTime(of: call)
        if time > 0 { process.compute(time) }
        return true
    }

    private func run(_ call: FileError.Call, _ body: () -> Int) -> Int { self.call(call) ? body() : Self.ioError }

    func open(_ path: String, create: Bool, readOnly: Bool) -> Int {
        run(.open) { disk.open(path, create: create, readOnly: readOnly) }
    }
    func read(_ descriptor: Int, _ bytes: UnsafeMutableRawBufferPointer, at position: Int64) -> Int {
        run(.read) { disk.read(descriptor, bytes, at: position) }
    }
    func write(_ descriptor: Int, _ bytes: UnsafeRawBufferPointer, at position: Int64) -> Int {
        run(.write) { disk.write(descriptor, bytes, at: position) }
    }
    func size(_ descriptor: Int) -> Int64 { Int64(run(.size) { Int(disk.size(descriptor)) }) }
    func sync(_ descriptor: Int) -> Int { run(.sync) { disk.sync(descriptor) } }
    func truncate(_ descriptor: Int, to size: Int64) -> Int {
        run(.truncate) { disk.truncate(descriptor, to: size) }
    }
    /// Takes no time, because it may run in the `deinit` of the file's owner.
    func close(_ descriptor: Int) -> Int { process.isDead ? Self.ioError : disk.close(descriptor) }
    func lock(_ descriptor: Int) -> Int { run(.lock) { disk.lock(descriptor) } }
    func rename(_ path: String, to target: String) -> Int { run(.rename) { disk.rename(path, to: target) } }
    func remove(_ path: String) -> Int { run(.remove) { disk.remove(path) } }
    func makeDirectory(_ path: String) -> Int { run(.makeDirectory) { disk.makeDirectory(path) } }
    func syncDirectory(_ path: String) -> Int { run(.syncDirectory) { disk.syncDirectory(path) } }
    func names(in directory: String) -> Result<[String], FileError> {
        call(.list) ? disk.names(in: directory) : .failure(FileError(.list, directory, 5))
    }
}
