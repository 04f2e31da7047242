internal import CoreMetrics
internal import Events
internal import Kafka
internal import Ledger
internal import Logging
internal import Replay
internal import Scoring
internal import Synchronization

/// A ledger partition at work. What reaches it is done in slices, by one worker at a time; what takes a disk is done in the
/// storage line, and no slice runs meanwhile.
///
/// It opens its archive and its newest snapshot first, and is a standby until the group assigns it.
final class PartitionRunner: Sliced, @unchecked Sendable {
    /// How long a slice works, but for the frame that it is in; and, where no time passes, how many frames.
    static let sliceTime = Duration.milliseconds(2)
    static let maximumSliceFrames = 64
    /// So long a full disk is left alone.
    static let diskFullPause = Duration.milliseconds(100)
    /// In a long run of slices files are flushed and views renewed this often.
    static let upkeepEvery = Duration.milliseconds(50)

    /// Frames whose facts are on their way and that are timed: what is sent beyond that is not.
    static let maximumTimedFrames = 1024

    /// What the poller and others read between two slices.
    struct Status {
        /// Nil before the partition is open.
        var shared: OwnedPartition?
        /// Facts of it may be on their way.
        var publishes = false
        /// It has heard that it must leave, and sends nothing more.
        var hasLeft = false
        /// Every fact that was sent is acknowledged.
        var isSettled = true
        /// The ledger offset of the next frame.
        var nextOffset: Int64 = 0
        /// The ledger offset before which every fact is acknowledged, and how far the fact topics are; nil: nothing to commit.
        var position: (offset: Int64, marks: [Publication.Mark])?
        var isCurrent = false
        /// Facts that are sent and not acknowledged.
        var factsInFlight: Int64 = 0
        /// The archive takes no frame.
        var isDiskFull = false
        /// When a snapshot was taken last, or the partition was opened; nil where none are taken.
        var lastSnapshot: ContinuousClock.Instant?
        /// `LedgerPartition.behind`.
        var behind: Duration?
        /// `LedgerPartition.late`, likewise.
        var late: Duration?
        /// While the partition switches to another policy.
        var policySwitch: PartitionFold.PolicySwitch?
        var quarantined: PipelineStatus.Quarantined?
        var countedTo: Int64
        /// When a slice noted this; nil before one did.
        var notedAt: ContinuousClock.Instant?
        /// Bytes that the state's tables take at once when they grow next.
        var nextGrowth: Int64 = 0
        /// Bytes that the state takes, and entries that it was folded from.
        var stateBytes: Int64 = 0
        var entries: Int64 = 0
        /// Of the policy that is ordered to be folded beside the active one; nil if none is.
        var shadow: PipelineStatus.Shadow?
    }

    let number: Int32
    let inbox: PartitionInbox
    let runtime: FoldRuntime
    let changes: PartitionChanges
    let lastStatus: Mutex<Status>
    /// `SliceQueue`'s.
    var sliceState = SliceQueue.SliceState.idle

    // What follows is the slice's own, or of the work in the storage line that it waits for.

    /// Nil until it is open, and when it is closed.
    var partition: LedgerPartition?
    /// The group has assigned it to this member.
    private var isOurs = false
    private var recovered: PartitionInbox.Recovered?
    /// Takes what is polled.
    var isReading = false
    private var hasOpened = false
    private var hasFailed = false
    /// Whether a snapshot is taken before.
    private var closing: Bool?
    private var hasClosed = false
    var operation: Operation?
    private var afterOperation: ((LedgerPartition) throws -> Void)?

    /// The frames in hand, and how many of them are done.
    var block: FrameBlock?
    var done = 0
    /// The frame that is folded in part, and the block that it may lie in.
    var unfinished: Unfinished?
    /// A policy is switched here; no more partitions than there are workers do that at a time, for each is there twice meanwhile.
    var isSwitching = false
    /// The ledger offsets of the last backlog.
    var lastRange: Range<Int64>?
    /// The producer of the publication: nothing of it may go through another one, which knows nothing of what this one lost.
    var producer: (any ProducerClient)?
    /// The facts in hand, and how many of them are sent.
    var batch = EncodedFacts()
    var sentFacts = 0
    /// Facts that were sent since the partition last had nothing more to fold.
    var factsInARow = 0
    /// A frame that is folded, and whose facts are not all sent.
    var completed: (from: Int64, next: Int64)?
    var checkpoint: (bytes: [UInt8], next: Int64)?
    /// Frames whose facts are on their way: the ledger offset after each, the timestamp of its record, and the time of its first
    /// event, in milliseconds; nil if it has none.
    var timedFrames: [(next: Int64, written: Int64, event: Int64?)] = []
    /// Counted, and not yet on the board.
    var counts = Counts()
    /// This partition has the one copy of a state that there may be.
    var isSnapshotInMemory = false
    /// The archive's disk is full.
    var isDiskFull = false
    /// The policy that is ordered to be folded beside the active one; nil if none is.
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
        /// The timestamp of the frame's record, if its way is timed.
        let written: Int64?
        /// A part of it that is folded has facts.
        let hasFacts: Bool
    }

    /// Work in the storage line.
    final class Operation: Sendable {
        let result = Mutex<Result<Void, any Error>?>(nil)
    }

    /// `countedTo`: up to which ledger offset this process has counted what is new.
    init(_ number: Int32, _ runtime: FoldRuntime, countedTo: Int64) {
        (self.number, self.runtime, changes) = (number, runtime, runtime.changes[number])
        inbox = PartitionInbox(keepsOrder: runtime.configuration.keepsPartitionsInOrder)
        lastStatus = Mutex(Status(countedTo: countedTo))
        (lastUpkeep, diskRetryAt) = (runtime.host.now, runtime.host.now)
    }

    /// The poller's: what it was is of no use from here on, until a slice has obeyed the order that follows.
    func forgetPosition() {
        lastStatus.withLock { status in
            (status.position, status.behind, status.late, status.policySwitch) = (nil, nil, nil, nil)
            status.isCurrent = false
            status.shared?.isCurrent = false
        }
    }

    var configuration: PipelineConfiguration { runtime.configuration }
    var logger: Logger { runtime.logger }
    var status: Status { lastStatus.withLock { $0 } }

    // MARK: Slices

    func runSlice() -> SliceQueue.Outcome {
        do {
            guard !hasClosed, try operationIsOver() else { return .nothing }
            try take(inbox.takeNews())
            guard operation == nil, let partition, closing == nil, !hasFailed else { return .nothing }
            let (start, before) = (runtime.host.now, entries(of: partition))
            let hasMore = try work(partition)
            let (folded, time) = (entries(of: partition) - before, runtime.host.now - start)
            runtime.busySeconds.increment(by: time / .seconds(1))
            if hasMore { runtime.rate.add(entries: folded, in: time) }
            if operation == nil { try maintainStorage(partition, isIdle: !hasMore) }
            if !hasMore, factsInARow > 0 {
                runtime.hurry(afterFacts: factsInARow)
                factsInARow = 0
            }
            let hasShadowWork = try operation == nil && payShadow(of: partition, folded: folded)
            note(partition)
            guard operation == nil else { return .nothing }
            return hasMore ? .more : hasShadowWork ? .spare : .nothing
        } catch {
            fail(error)
            // What it is told meanwhile it still hears.
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
            runtime.board.add(partition.shared)
            // One that is ahead of its facts is of no use.
            if partition.isUsable { read(partition) } else { closing = closing ?? false }
        case .shadow(let order): obeyShadow(order)
        case .close(let takesSnapshot): closing = takesSnapshot
        }
    }

    private func letGoOfFrames() {
        (block, done, isReading) = (nil, 0, false)
        (unfinished, completed, checkpoint, sentFacts) = (nil, nil, nil, 0)
        timedFrames.removeAll()
        endSwitch()
        batch.removeAll()
        partition?.begun = nil
    }

    /// What waits for the partition meanwhile is a slice's. Nothing of it is in the storage line: a slice would not have left
    /// the rest to wait.
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
        if error is CancellationError, runtime.stop.isSet { return }
        runtime.report(.failed(error), of: self)
    }

    // MARK: The storage line

    /// Nothing else of this partition runs until `work` is done; then `next` runs in a slice.
    func onStorage(_ next: @escaping (LedgerPartition) throws -> Void = { _ in }, _ work: @escaping () throws -> Void) {
        let operation = Operation()
        (self.operation, afterOperation) = (operation, next)
        nonisolated(unsafe) let work = work
        runtime.host.background(.storage) { [self] in
            let result = Result(catching: work)
            operation.result.withLock { $0 = result }
            runtime.slices.ready(self)
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
        onStorage { [self] partition in
            lastStatus.withLock { $0.shared = partition.shared }
            if isOurs { partition.assign() } else { read(partition) }
            runtime.report(.opened, of: self)
        } _: { [self] in
            partition = try openPartition(countedTo: countedTo)
        }
    }

    /// The archives closed and, if it is wanted and every fact is out, a last snapshot, so that the next start is short. What
    /// fails here costs time, not facts.
    private func close(_ takesSnapshot: Bool) {
        changes.end()
        guard partition != nil else {
            hasClosed = true
            return runtime.report(.closed, of: self)
        }
        onStorage { [self] in
            guard let partition else { return }
            do {
                try partition.close(takesSnapshot: takesSnapshot && !hasFailed)
            } catch {
                logger.warning("archive and snapshot are not whole", metadata: ["reason": "\(error)"])
                if let error = error as? FileError, error.isFailedSync {
                    runtime.report(.failed(storageError(error)), of: self)
                }
            }
            lastStatus.withLock { ($0.shared, $0.countedTo) = (nil, partition.countedTo) }
            self.partition = nil
            giveBackSnapshotRoom()
            runtime.memory.note(nil, of: number)
        }
    }

    // MARK: Assignment

    /// A state is chosen that is not ahead of its facts, and folded to the ledger's end.
    private func restore(_ found: PartitionInbox.Recovered, in partition: LedgerPartition) throws {
        recovered = nil
        producer = runtime.outlet?.producer
        partition.recover(
            found.marks, committed: found.committed,
            waitsForAcknowledgements: configuration.waitsForAcknowledgements)
        guard !partition.resumePublication() else { return try beginCatchUp(partition, to: found.end) }
        onStorage { [self] partition in
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

    /// Asks for what the topic has beyond the archive, or beyond the state where there is none. What was polled before is polled
    /// again.
    func read(_ partition: LedgerPartition) {
        (block, done, isReading) = (nil, 0, false)
        runtime.report(.reads(from: partition.store.archiveEnd ?? partition.nextOffset), of: self)
    }
}

extension PartitionRunner.Status {
    /// One that is well is noted more often; where it is not for longer, it waits for something.
    private static let longestPause = Duration.seconds(1)

    /// As it is at `now`.
    func aged(to now: ContinuousClock.Instant) -> Self {
        guard let notedAt, now - notedAt > Self.longestPause else { return self }
        var result = self
        result.behind = behind.map { $0 + (now - notedAt) }
        result.late = late.map { $0 + (now - notedAt) }
        return result
    }
}
