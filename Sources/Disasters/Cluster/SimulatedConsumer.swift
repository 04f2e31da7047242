internal import Kafka
internal import Simulation

/// A consumer of the simulated cluster, alone or in a group. As a member it can be expelled, rejoin and lose its
/// assignment.
final class SimulatedConsumer: ConsumerClient {
    private static let batch = 8
    private static let commitTimeoutMilliseconds = 1000
    /// The time after which a member notices that it was expelled.
    private static let noticeMicroseconds = 0...3_000_000

    private let process: SimulatedProcess
    private let reportsEnds: Bool
    private let groupName: String?
    private let instance: String?
    private weak var listener: (any RebalanceListener)?
    private let onNotice: (KafkaNotice) -> Void
    /// The thread that polls; nil before the first poll.
    private var thread: String?
    private(set) var assignment: [Consumer.Assigned] = []
    /// The last known end of each partition, by its index in the assignment; nil if it is not known.
    private var ends: [Int64?] = []
    private var paused: Set<TopicPartition> = []
    private var errors: [(topicPartition: TopicPartition, error: KafkaError)] = []
    /// The time at which the records of slow brokers arrive; nil if none are on their way.
    private var arrivesAt: Int64?

    private var topics: [String] = []
    private var member: Int?
    private var generation = 0
    private var owns = false
    private var noticesAt: Int64?
    private var isClosed = false

    init(
        _ process: SimulatedProcess, _ options: Consumer.Options, _ listener: (any RebalanceListener)?,
        _ onNotice: @escaping (KafkaNotice) -> Void
    ) {
        (self.process, self.listener, self.onNotice) = (process, listener, onNotice)
        (groupName, instance, reportsEnds) = (options.group, options.instance, options.reportsEnds)
    }

    deinit {
        listener = nil
        leave()
    }

    var fatalError: KafkaError? { process.isDead ? .deadProcess : nil }

    private var cluster: SimulatedCluster { process.cluster }
    private var group: SimulatedGroup { cluster.group(groupName ?? "") }

    // MARK: The group

    func subscribe(to topics: [String]) throws(KafkaError) {
        try process.check()
        self.topics = topics
    }

    private func takePart() {
        guard process.isConnected, !cluster.isDown else { return }
        guard let member else {
            self.member = group.join(process, topics, as: instance, on: thread, at: cluster.time)
            return
        }
        if !group.contains(member) {
            noticeExpulsion()
        } else if group.mustRejoin(member) {
            if owns { revoke(lost: false) }
            // If the member was expelled while it revoked its partitions, it notices that in the next round.
            group.rejoin(member)
        } else if !owns, let topicPartitions = group.assignment(of: member) {
            generation = group.generation
            owns = true
            process.noteAssignment(Set(topicPartitions), of: self)
            let starts = listener?.assigned(topicPartitions, to: self) ?? []
            read(starts)
            listener?.began(self)
        }
    }

    private func noticeExpulsion() {
        let at = noticesAt ?? cluster.time + Int64(cluster.random.within(Self.noticeMicroseconds))
        noticesAt = at
        guard cluster.time >= at else { return }
        noticesAt = nil
        member = nil
        if owns { revoke(lost: true) }
    }

    /// As in librdkafka, a poll that comes too late reports the error and revokes the partitions. The next poll joins
    /// anew.
    private func noticeStall() {
        onNotice(.error(.notPolled))
        (member, noticesAt) = (nil, nil)
        if owns { revoke(lost: true) }
    }

    private func revoke(lost: Bool) {
        owns = false
        listener?.revoked(assignment.map(\.topicPartition), lost: lost, from: self)
        process.noteAssignment([], of: self)
        read([])
    }

    private func leave() {
        guard !isClosed else { return }
        isClosed = true
        guard !process.isDead, let member else { return }
        if owns { revoke(lost: !group.contains(member)) }
        // If the request to leave is lost or was not sent, the end of the session expels the member.
        if process.canSend, instance == nil { group.leave(member) } else { group.lose(member) }
    }

    func close() { leave() }

    func committed(_ partitions: [TopicPartition], timeoutMilliseconds: Int) throws(KafkaError) -> [PartitionOffset] {
        try process.request(timeoutMilliseconds: timeoutMilliseconds)
        return partitions.map { group.committed[$0] ?? PartitionOffset($0, offset: PartitionOffset.none) }
    }

    func commit(_ offsets: [PartitionOffset], wait: Bool) throws(KafkaError) {
        try process.check()
        guard let member, !process.isOverdue(on: thread) else { throw .illegalGeneration }
        let offsets = cluster.bug == .earlyCommit ? handedOut(offsets) : offsets
        let (group, generation) = (group, generation)
        guard wait else {
            guard process.canSend, !cluster.random.chance(perMille: cluster.faults.commitErrors) else { return }
            cluster.later(cluster.latency) { try? group.commit(offsets, of: member, generation: generation) }
            return
        }
        try process.request(timeoutMilliseconds: Self.commitTimeoutMilliseconds)
        if cluster.random.chance(perMille: cluster.faults.commitErrors) { throw .rebalancing }
        try group.commit(offsets, of: member, generation: generation)
    }

    /// As with `enable.auto.commit`, records that were returned count as processed.
    private func handedOut(_ offsets: [PartitionOffset]) -> [PartitionOffset] {
        offsets.map { offset in
            guard let read = assignment.first(where: { $0.topicPartition == offset.topicPartition }),
                read.position > offset.offset
            else { return offset }
            return PartitionOffset(offset.topicPartition, offset: read.position, metadata: offset.metadata)
        }
    }

    // MARK: Reading

    func assign(_ offsets: [PartitionOffset]) throws(KafkaError) {
        try process.check()
        read(offsets)
    }

    private func read(_ offsets: [PartitionOffset]) {
        assignment = offsets.map { Consumer.Assigned($0) }
        (paused, arrivesAt) = ([], nil)
        ends = assignment.map { _ in nil }
    }

    func knownEnd(_ source: Int) -> Int64? { ends[source] }

    func pause(_ partitions: [TopicPartition]) throws(KafkaError) {
        try process.check()
        paused.formUnion(partitions)
    }

    func resume(_ partitions: [TopicPartition]) throws(KafkaError) {
        try process.check()
        paused.subtract(partitions)
    }

    func takeErrors() -> [(topicPartition: TopicPartition, error: KafkaError)] {
        defer { errors = [] }
        return errors
    }

    @discardableResult
    func poll(timeoutMilliseconds: Int, _ body: (UnsafeBufferPointer<Record>) throws -> Void) throws -> Int {
        try process.check()
        if groupName != nil { beginPoll() }
        guard process.isConnected, !cluster.isDown else {
            rest(Int64(timeoutMilliseconds) * 1000)
            return 0
        }
        if !assignment.isEmpty, cluster.random.chance(perMille: cluster.faults.fetchErrors) {
            let source = cluster.random.below(assignment.count)
            errors.append((assignment[source].topicPartition, .noConnection))
        }
        guard arrive(within: timeoutMilliseconds) else { return 0 }
        let count = try fetch(body)
        if count == 0 { rest(Int64(timeoutMilliseconds) * 1000) }
        return count
    }

    private func beginPoll() {
        let isOverdue = process.isOverdue(on: thread)
        thread = cluster.thread
        process.polled()
        if isOverdue, member != nil { noticeStall() } else { takePart() }
    }

    /// Waits for the records of slow brokers. Returns false if they have not arrived within the time-out.
    private func arrive(within milliseconds: Int) -> Bool {
        guard arrivesAt != nil || cluster.isSlow else { return true }
        let time = arrivesAt ?? cluster.time + cluster.latency
        arrivesAt = time
        let left = max(0, time - cluster.time)
        guard left <= Int64(milliseconds) * 1000 else {
            rest(Int64(milliseconds) * 1000)
            return false
        }
        arrivesAt = nil
        rest(left)
        return true
    }

    /// Waits for records. A member of a group polls meanwhile.
    private func rest(_ microseconds: Int64) {
        if groupName == nil { process.waitForBroker(microseconds) } else { cluster.wait(microseconds) }
    }

    private func fetch(_ body: (UnsafeBufferPointer<Record>) throws -> Void) throws -> Int {
        var found: [(source: Int, offset: Int64)] = []
        let limit = cluster.random.within(1...Self.batch)
        let first = cluster.random.below(max(1, assignment.count))
        for step in assignment.indices {
            let source = (first + step) % assignment.count
            if paused.contains(assignment[source].topicPartition) { continue }
            let end = cluster.end(assignment[source].topicPartition)
            ends[source] = end
            let beginning = cluster.beginning(assignment[source].topicPartition)
            if assignment[source].position < 0 { assignment[source].position = beginning }
            guard assignment[source].position >= beginning else {
                errors.append((assignment[source].topicPartition, .outOfRange))
                continue
            }
            // The position stays after the last record. Only the end shows that there are more offsets, without
            // records.
            let topicPartition = assignment[source].topicPartition
            guard var next = cluster.nextRecord(topicPartition, from: assignment[source].position) else {
                if reportsEnds { assignment[source].end = end }
                continue
            }
            while found.count < limit {
                found.append((source, next))
                (assignment[source].position, assignment[source].end) = (next + 1, nil)
                guard let further = cluster.nextRecord(topicPartition, from: next + 1) else { break }
                next = further
            }
        }
        guard !found.isEmpty else { return 0 }
        try lend(found, body)
        if cluster.bug == .stalls, groupName != nil, cluster.random.below(PlantedBug.oneIn) == 0 {
            process.compute(2 * SimulatedGroup.maximumPollInterval)
        }
        return found.count
    }

    /// Passes the records in memory that is valid only during the call.
    private func lend(
        _ found: [(source: Int, offset: Int64)], _ body: (UnsafeBufferPointer<Record>) throws -> Void
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
        let lent = UnsafeMutablePointer<MemoryRecord>.allocate(capacity: found.count)
        for (index, item) in found.enumerated() {
            let stored = cluster.logs[assignment[item.source].topicPartition]![Int(item.offset)]
            (lent + index).initialize(
                to: MemoryRecord(
                    key: copy(stored.key), value: copy(stored.value),
                    headers: stored.headers.map { ($0.name, copy($0.value)) }))
        }
        defer {
            lent.deinitialize(count: found.count)
            lent.deallocate()
            for bytes in memory { bytes.deallocate() }
        }
        let records = found.enumerated().map { Record(source: $1.source, offset: $1.offset, memory: lent + $0) }
        try records.withUnsafeBufferPointer(body)
    }
}
