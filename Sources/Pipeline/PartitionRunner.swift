internal import CoreMetrics
internal import Events
internal import Kafka
internal import Ledger
internal import Logging
internal import Replay
internal import Scoring
internal import Synchronization

/// A ledger partition at work. One worker at a time processes its input in slices. Work that takes a disk is done in
/// the storage line, and no slice runs meanwhile.
///
/// It first opens its archive and its newest snapshot, and is a standby until the group assigns it.
final class PartitionRunner: Sliced, @unchecked Sendable {
    /// The duration of a slice, without the rest of its last frame; and the number of frames, for a clock that stands
    /// still.
    static let sliceTime = Duration.milliseconds(2)
    static let maximumSliceFrames = 64
    /// The pause after a full disk.
    static let diskFullPause = Duration.milliseconds(100)
    /// The interval of flushes and views in a long run of slices.
    static let upkeepEvery = Duration.milliseconds(50)

    /// The number of timed frames whose facts are in flight. Further ones are not timed.
    static let maximumTimedFrames = 1024

    /// The state that the poller and others read between two slices.
    struct Status {
        /// Nil before the partition is open.
        var shared: OwnedPartition?
        /// Whether its facts may be in flight.
        var publishes = false
        /// Whether it has obeyed the order to leave, and sends nothing more.
        var hasLeft = false
        /// Whether every sent fact is acknowledged.
        var isSettled = true
        /// The ledger offset of the next frame.
        var nextOffset: Int64 = 0
        /// The ledger offset before which every fact is acknowledged, and the positions in the fact topics; nil if
        /// there is nothing to commit.
        var position: (offset: Int64, marks: [Publication.Mark])?
        var isCurrent = false
        /// Facts that are sent and not acknowledged.
        var factsInFlight: Int64 = 0
        /// Whether the archive cannot take a frame.
        var isDiskFull = false
        /// Whether the producer cannot take a fact or a checkpoint.
        var lacksRoom = false
        /// The time of the last snapshot, or of the opening; nil if no snapshots are taken.
        var lastSnapshot: ContinuousClock.Instant?
        /// `LedgerPartition.behind`.
        var behind: Duration?
        /// `LedgerPartition.late`.
        var late: Duration?
        /// The switch to another policy in progress; nil if there is none.
        var policySwitch: PartitionFold.PolicySwitch?
        var quarantined: PipelineReading.Quarantined?
        var countedTo: Int64
        /// The time of the slice that noted this; nil before the first.
        var notedAt: ContinuousClock.Instant?
        /// The size of the next growth of the state's tables, in bytes.
        var nextGrowth: Int64 = 0
        /// The size of the state in bytes, and the number of its folded entries.
        var stateBytes: Int64 = 0
        var entries: Int64 = 0
        /// The state of the policy to fold beside the active one; nil if there is none.
        var shadow: PipelineReading.Shadow?
    }

    let number: Int32
    let inbox: PartitionInbox
    let environment: FoldEnvironment
    let changes: PartitionChanges
    let lastStatus: Mutex<Status>
    /// Used by `SliceQueue`.
    var sliceState = SliceQueue.SliceState.idle

    // The following is used by the slice, or by the work in the storage line that it waits for.

    /// Nil until it is open, and after it is closed.
    var partition: LedgerPartition?
    /// Whether the group has assigned it to this member.
    private var isOurs = false
    private var recovered: PartitionInbox.Recovered?
    /// Whether it takes polled frames.
    var isReading = false
    private var hasOpened = false
    private var hasFailed = false
    /// Whether a snapshot is taken before closing; nil if it does not close.
    private var closing: Bool?
    private var hasClosed = false
    var operation: Operation?
    /// Refers to the runner by `unowned`, because the operation of a process that is killed, in a simulation, does not
    /// end.
    private var afterOperation: ((LedgerPartition) throws -> Void)?

    /// The current block, and the number of its frames that are done.
    var block: FrameBlock?
    var done = 0
    /// The frame that is folded in part, and the block with its bytes.
    var unfinished: Unfinished?
    /// Whether the policy is switched here. At most as many partitions as workers switch at a time, because each has
    /// two states meanwhile.
    var isSwitching = false
    /// The ledger offsets of the last backlog.
    var lastRange: Range<Int64>?
    /// The producer of the publication. Its facts must not be sent with another one, which does not know the facts that
    /// this one lost.
    var producer: (any ProducerClient)?
    /// The current batch, and the number of its facts that are sent.
    var batch = EncodedFacts()
    var sentFacts = 0
    /// Whether the producer has no room for the next fact or the checkpoint. Nothing is folded then.
    var lacksRoom = false
    /// Facts that were sent since the partition last had nothing more to fold.
    var factsInARow = 0
    /// A folded frame whose facts are not all sent.
    var completed: (from: Int64, next: Int64)?
    var checkpoint: (bytes: [UInt8], next: Int64)?
    /// Frames with facts in flight: the ledger offset after each, the timestamp of its record, and the time of its
    /// first event, in milliseconds; nil if it has none.
    var timedFrames: [(next: Int64, written: Int64, event: Int64?)] = []
    /// Counts that are not in the status yet.
    var counts = Counts()
    /// Whether this partition has the one copied state that is allowed.
    var isSnapshotInMemory = false
    /// Whether the archive's disk is full.
    var isDiskFull = false
    /// The policy to fold beside the active one; nil if there is none.
    var shadow: ShadowWork?
    var diskRetryAt: ContinuousClock.Instant
    var lastUpkeep: ContinuousClock.Instant

    struct Counts {
        var frames = 0
        var facts = [Int64](repeating: 0, count: FactTopic.allCases.count)
        var factBytes = [Int64](repeating: 0, count: FactTopic.allCases.count)
        var news: FoldTallies?
    }

    struct Unfinished {
        let frame: LedgerFrame
        let block: FrameBlock?
        /// The timestamp of the frame's record, if it is timed.
        let written: Int64?
        /// Whether a folded part of it has facts.
        let hasFacts: Bool
    }

    /// Work in the storage line.
    final class Operation: Sendable {
        let result = Mutex<Result<Void, any Error>?>(nil)
    }

    /// `countedTo`: the ledger offset up to which this process has counted new entries.
    init(_ number: Int32, _ environment: FoldEnvironment, countedTo: Int64) {
        (self.number, self.environment, changes) = (number, environment, environment.changes[number])
        inbox = PartitionInbox(keepsOrder: environment.configuration.keepsPartitionsInOrder)
        lastStatus = Mutex(Status(countedTo: countedTo))
        (lastUpkeep, diskRetryAt) = (environment.runtime.now, environment.runtime.now)
    }

    /// For the poller: the present status is invalid until a slice has obeyed the next order.
    func forgetPosition() {
        lastStatus.withLock { status in
            (status.position, status.behind, status.late, status.policySwitch) = (nil, nil, nil, nil)
            status.isCurrent = false
            status.shared?.isCurrent = false
        }
    }

    var configuration: PipelineConfiguration { environment.configuration }
    var logger: Logger { environment.logger }
    var status: Status { lastStatus.withLock { $0 } }

    // MARK: Slices

    func runSlice() -> SliceQueue.Outcome {
        do {
            guard !hasClosed, try operationIsOver() else { return .nothing }
            try take(inbox.takeNews())
            guard operation == nil, let partition, closing == nil, !hasFailed else { return .nothing }
            let (start, before) = (environment.runtime.now, entries(of: partition))
            let hasMore = try work(partition)
            let (folded, time) = (entries(of: partition) - before, environment.runtime.now - start)
            environment.busySeconds.increment(by: time / .seconds(1))
            if hasMore { environment.rate.add(entries: folded, in: time) }
            if operation == nil { try maintainStorage(partition, isIdle: !hasMore) }
            if !hasMore, factsInARow > 0 {
                environment.hurry(afterFacts: factsInARow)
                factsInARow = 0
            }
            let hasShadowWork = try operation == nil && payShadow(of: partition, folded: folded)
            note(partition)
            guard operation == nil else { return .nothing }
            return hasMore ? .more : hasShadowWork ? .spare : .nothing
        } catch {
            fail(error)
            // It still obeys later orders.
            return .more
        }
    }

    private func take(_ news: PartitionInbox.News) throws {
        for order in news.orders { obey(order) }
        for (topic, mark) in news.acknowledged.enumerated() {
            if let mark { partition?.acknowledge(topic: topic, sequence: mark.sequence, offset: mark.offset) }
        }
        partition?.settle()
        changes.acknowledge(news.acknowledged)
        noteLatency()
        if hasFailed { lastStatus.withLock { $0.isSettled = partition?.isSettled ?? true } }
        if let takesSnapshot = closing { return close(takesSnapshot) }
        guard !hasFailed else { return }
        guard let partition else { return open() }
        if let end = news.end {
            partition.note(end: end.offset)
            partition.ends.note(end: partition.shared.end ?? end.offset, at: end.at)
        }
        if let offset = news.publishedByOwner, partition.isStandby { partition.publishedByOwner = offset }
        for checkpoint in news.checkpoints { try compare(checkpoint, in: partition) }
        if let found = recovered, partition.phase == .recovering { try restore(found, in: partition) }
    }

    private func obey(_ order: PartitionInbox.Order) {
        switch order {
        case .assign:
            letGoOfFrames()
            (isOurs, recovered, producer) = (true, nil, nil)
            changes.end()
            partition?.assign()
        case .recover(let found): recovered = found
        case .read: (block, done, isReading) = (nil, 0, true)
        case .leave:
            letGoOfFrames()
            changes.end()
            partition?.leave()
            lastStatus.withLock { ($0.hasLeft, $0.isSettled) = (true, false) }
        case .standBy:
            letGoOfFrames()
            (isOurs, recovered, producer) = (false, nil, nil)
            lastStatus.withLock { ($0.publishes, $0.hasLeft) = (false, false) }
            changes.end()
            guard let partition else { return }
            partition.standBy()
            partition.store.abandonSnapshot()
            environment.pipelineStatus.add(partition.shared)
            // A state that is ahead of its facts is not usable.
            if partition.isUsable { read(partition) } else { closing = closing ?? false }
        case .shadow(let order): obeyShadow(order)
        case .close(let takesSnapshot): closing = takesSnapshot
        }
    }

    private func letGoOfFrames() {
        (block, done, isReading) = (nil, 0, false)
        (unfinished, completed, checkpoint, sentFacts, lacksRoom) = (nil, nil, nil, 0, false)
        timedFrames.removeAll()
        endSwitch()
        batch.removeAll()
        partition?.begun = nil
    }

    /// Nothing of the partition is in the storage line, because the slice before would not have left spare work
    /// otherwise.
    func runSpare() -> SliceQueue.Outcome {
        do {
            guard operation == nil, closing == nil, !hasFailed, let partition else { return .nothing }
            return try workOnShadow(of: partition) ? .spare : .nothing
        } catch {
            fail(error)
            return .more
        }
    }

    private func fail(_ error: any Error) {
        hasFailed = true
        endSwitch()
        if error is CancellationError, environment.stop.isSet { return }
        environment.report(.failed(error), of: self)
    }

    // MARK: The storage line

    /// Nothing else of this partition runs until `work` is done; then `next` runs in a slice.
    func onStorage(_ next: @escaping (LedgerPartition) throws -> Void = { _ in }, _ work: @escaping () throws -> Void) {
        let operation = Operation()
        (self.operation, afterOperation) = (operation, next)
        nonisolated(unsafe) let work = work
        environment.runtime.background(.storage) { [self] in
            let result = Result(catching: work)
            operation.result.withLock { $0 = result }
            environment.slices.ready(self)
        }
    }

    private func operationIsOver() throws -> Bool {
        guard let operation else { return true }
        guard let result = operation.result.withLock({ $0 }) else { return false }
        let next = afterOperation
        (self.operation, afterOperation) = (nil, nil)
        try result.get()
        if let partition { try next?(partition) }
        return self.operation == nil
    }

    private func open() {
        guard !hasOpened else { return }
        hasOpened = true
        let countedTo = status.countedTo
        onStorage { [unowned self] partition in
            lastStatus.withLock { $0.shared = partition.shared }
            if isOurs { partition.assign() } else { read(partition) }
            environment.report(.opened, of: self)
        } _: { [self] in
            partition = try openPartition(countedTo: countedTo)
        }
    }

    /// Closes the archive. If `takesSnapshot` is true and every fact is published, it takes a last snapshot for a short
    /// next start. A failure costs time, but no facts.
    private func close(_ takesSnapshot: Bool) {
        changes.end()
        guard partition != nil else {
            hasClosed = true
            return environment.report(.closed, of: self)
        }
        onStorage { [self] in
            guard let partition else { return }
            do {
                try partition.close(takesSnapshot: takesSnapshot && !hasFailed)
            } catch {
                logger.warning("archive and snapshot are not whole", metadata: ["reason": "\(error)"])
                if let error = error as? FileError, error.isFailedSync {
                    environment.report(.failed(storageError(error)), of: self)
                }
            }
            lastStatus.withLock { ($0.shared, $0.countedTo) = (nil, partition.countedTo) }
            self.partition = nil
            giveBackSnapshotRoom()
            environment.memory.note(nil, of: number)
        }
    }

    // MARK: Assignment

    /// Chooses a state that is not ahead of its facts, and folds it to the ledger's end.
    private func restore(_ found: PartitionInbox.Recovered, in partition: LedgerPartition) throws {
        recovered = nil
        producer = environment.factProducer?.producer
        partition.recover(
            found.marks, committed: found.committed,
            waitsForAcknowledgements: configuration.waitsForAcknowledgements)
        guard !partition.resumePublication() else { return try beginCatchUp(partition, to: found.end) }
        onStorage { [unowned self] partition in
            try beginCatchUp(partition, to: found.end)
        } _: { [self] in
            try useOnlyWhatIsPublished(partition)
        }
    }

    private func beginCatchUp(_ partition: LedgerPartition, to end: Int64) throws {
        partition.catchUp(to: end)
        if let sent = partition.publication?.sent { changes.begin(published: sent) }
        lastStatus.withLock { $0.publishes = true }
        try readOn(partition)
        read(partition)
    }

    /// Requests the topic's frames after the archive, or after the state if there is no archive. Frames that were
    /// polled before are polled again.
    func read(_ partition: LedgerPartition) {
        (block, done, isReading) = (nil, 0, false)
        environment.report(.reads(from: partition.store.archiveEnd ?? partition.nextOffset), of: self)
    }
}

extension PartitionRunner.Status {
    /// A healthy partition notes its status more often. After this time without a note it waits for something.
    private static let longestPause = Duration.seconds(1)

    /// The status at `now`.
    func aged(to now: ContinuousClock.Instant) -> Self {
        guard let notedAt, now - notedAt > Self.longestPause else { return self }
        var result = self
        result.behind = behind.map { $0 + (now - notedAt) }
        result.late = late.map { $0 + (now - notedAt) }
        return result
    }
}
