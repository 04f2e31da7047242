internal import CoreMetrics
internal import Events
internal import Kafka
internal import Ledger
internal import Logging
internal import Policy
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
    private static let diskFullPause = Duration.milliseconds(100)
    /// In a long run of slices files are flushed and views renewed this often.
    private static let upkeepEvery = Duration.milliseconds(50)

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
    }

    let number: Int32
    let inbox: PartitionInbox
    let runtime: FoldRuntime
    private let lastStatus: Mutex<Status>
    /// `SliceQueue`'s.
    var sliceState = SliceQueue.SliceState.idle

    // What follows is the slice's own, or of the work in the storage line that it waits for.

    /// Nil until it is open, and when it is closed.
    var partition: LedgerPartition?
    /// The group has assigned it to this member.
    private var isOurs = false
    private var recovered: PartitionInbox.Recovered?
    /// Takes what is polled.
    private var isReading = false
    private var hasOpened = false
    private var hasFailed = false
    /// Whether a snapshot is taken before.
    private var closing: Bool?
    private var hasClosed = false
    private var operation: Operation?
    private var afterOperation: ((LedgerPartition) throws -> Void)?

    /// The frames in hand, and how many of them are done.
    private var block: FrameBlock?
    private var done = 0
    /// The frame that is folded in part, and the block that it may lie in.
    private var unfinished: (frame: LedgerFrame, block: FrameBlock?)?
    /// A policy is switched here; no more partitions than there are workers do that at a time, for each is there twice meanwhile.
    private var isSwitching = false
    /// The ledger offsets of the last backlog.
    var lastRange: Range<Int64>?
    /// The producer of the publication: nothing of it may go through another one, which knows nothing of what this one lost.
    var producer: (any ProducerClient)?
    /// The facts in hand, and how many of them are sent.
    var batch = FactBatch()
    var sentFacts = 0
    /// A frame that is folded, and whose facts are not all sent.
    var completed: (from: Int64, next: Int64)?
    var checkpoint: (bytes: [UInt8], next: Int64)?
    /// Counted, and not yet on the board.
    var counts = Counts()
    /// This partition has the one copy of a state that there may be.
    var isSnapshotInMemory = false
    /// The archive's disk is full.
    private var isDiskFull = false
    private var diskRetryAt: ContinuousClock.Instant
    private var lastUpkeep: ContinuousClock.Instant

    struct Counts {
        var frames = 0
        var facts = [Int64](repeating: 0, count: FactTopic.allCases.count)
        var news: FoldTallies?
    }

    /// Work in the storage line.
    private final class Operation: Sendable {
        let result = Mutex<Result<Void, any Error>?>(nil)
    }

    /// `countedTo`: up to which ledger offset this process has counted what is new.
    init(_ number: Int32, _ runtime: FoldRuntime, countedTo: Int64) {
        (self.number, self.runtime) = (number, runtime)
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

    func runSlice() -> Bool {
        do {
            guard !hasClosed, try operationIsOver() else { return false }
            try take(inbox.takeNews())
            guard operation == nil, let partition, closing == nil, !hasFailed else { return false }
            let hasMore = try work(partition)
            if operation == nil { try keepUp(partition, isIdle: !hasMore) }
            note(partition)
            return hasMore && operation == nil
        } catch {
            fail(error)
            // What it is told meanwhile it still hears.
            return true
        }
    }

    private func take(_ news: PartitionInbox.News) throws {
        for order in news.orders { obey(order) }
        for (topic, mark) in news.acknowledged.enumerated() {
            if let mark { partition?.acknowledge(topic: topic, sequence: mark.sequence, offset: mark.offset) }
        }
        partition?.settle()
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
            partition?.assign()
        case .recover(let found): recovered = found
        case .read: (block, done, isReading) = (nil, 0, true)
        case .leave:
            letGoOfFrames()
            partition?.leave()
            lastStatus.withLock { ($0.hasLeft, $0.isSettled) = (true, false) }
        case .standBy:
            letGoOfFrames()
            (isOurs, recovered, producer) = (false, nil, nil)
            lastStatus.withLock { ($0.publishes, $0.hasLeft) = (false, false) }
            guard let partition else { return }
            partition.standBy()
            partition.store.abandonSnapshot()
            runtime.board.keep(partition.shared)
            // One that is ahead of its facts is of no use.
            if partition.isUsable { read(partition) } else { closing = closing ?? false }
        case .close(let takesSnapshot): closing = takesSnapshot
        }
    }

    private func letGoOfFrames() {
        (block, done, isReading) = (nil, 0, false)
        (unfinished, completed, checkpoint, sentFacts) = (nil, nil, nil, 0)
        endSwitch()
        batch.removeAll()
        partition?.begun = nil
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

    // MARK: Work

    /// Folds for a slice's time. True: there is more to do.
    private func work(_ partition: LedgerPartition) throws -> Bool {
        switch partition.phase {
        case .recovering, .restoring, .leaving: return false
        case .standby, .catchingUp, .current, .switching: break
        }
        if partition.quarantine != nil, unfinished == nil { try settleQuarantine(partition) }
        if isDiskFull, runtime.host.now >= diskRetryAt { isDiskFull = false }
        let deadline = runtime.host.now + Self.sliceTime
        var frames = 0
        while operation == nil {
            guard try sendFacts(of: partition) else { return false }
            if let unfinished {
                guard beginsSwitch(partition) else { return false }
                try fold(unfinished.frame, in: partition)
            } else if try !workOnNext(partition) {
                return partition.quarantine.map { !$0.isOver && $0.unsearched != nil } ?? false
            }
            frames += 1
            if frames == Self.maximumSliceFrames || runtime.host.now >= deadline { return true }
        }
        return false
    }

    /// False: others switch, and this one waits.
    private func beginsSwitch(_ partition: LedgerPartition) -> Bool {
        guard !isSwitching, partition.withFold({ $0.policySwitch != nil }) else { return true }
        isSwitching = runtime.beginSwitch()
        return isSwitching
    }

    private func endSwitch() {
        guard isSwitching else { return }
        isSwitching = false
        runtime.endSwitch()
    }

    /// One frame that was polled goes into the archive, and is folded unless others come before it; one of those is. False: there
    /// is nothing to do.
    private func workOnNext(_ partition: LedgerPartition) throws -> Bool {
        var hasWorked = false
        if let frame = nextPolled(), try archive(frame, of: partition) {
            (done, hasWorked) = (done + 1, true)
            counts.frames += 1
            guard !partition.admits(frame) else {
                try fold(frame, in: partition)
                return true
            }
        }
        guard operation == nil else { return hasWorked }
        if partition.backlog == nil {
            guard partition.isStandby, partition.isBehindOwner, !partition.isStopped else { return hasWorked }
            let range = lastRange
            try readOn(partition)
            if lastRange == range { partition.backlog = nil }
            return hasWorked || partition.backlog != nil
        }
        if partition.isStandby, partition.isStopped { return hasWorked }
        if let frame = try partition.backlog?.next() {
            try fold(frame, in: partition)
        } else {
            // A range that had nothing may end in offsets that are no records.
            let range = lastRange
            try readOn(partition)
            if lastRange == range { partition.backlog = nil }
        }
        return true
    }

    private func nextPolled() -> LedgerFrame? {
        guard isReading, !isDiskFull else { return nil }
        if let block, done < block.count { return block[done] }
        (block, done) = (inbox.takeBlock(), 0)
        return block.map { $0[0] }
    }

    private func archive(_ frame: LedgerFrame, of partition: LedgerPartition) throws -> Bool {
        if partition.store.isSegmentFull {
            // Its sync takes long. Where the disk is full it stays as it is.
            onStorage { [self] partition in
                if partition.store.isSegmentFull { noteFullDisk() }
            } _: { [self] in
                try storing { try partition.store.closeSegment() }
            }
            return false
        }
        guard try keep(frame, of: partition) else {
            noteFullDisk()
            return false
        }
        return true
    }

    private func noteFullDisk() {
        (isDiskFull, diskRetryAt) = (true, runtime.host.now + Self.diskFullPause)
    }

    private func fold(_ frame: LedgerFrame, in partition: LedgerPartition) throws {
        unfinished = nil
        defer { if isSwitching, unfinished == nil { endSwitch() } }
        switch try partition.fold(frame, into: &batch) {
        case .repeated: break
        case .unfinished: unfinished = (frame, block)
        case .quarantined(let search):
            partition.quarantine?.unsearched = search.map { frames(of: partition, in: $0) }
            try settleQuarantine(partition)
        case .folded(let from, let news):
            if let news { note(news, at: frame.offset, in: partition) }
            completed = (from, frame.offset + 1)
        }
        _ = try sendFacts(of: partition)
    }

    // MARK: Upkeep

    private func keepUp(_ partition: LedgerPartition, isIdle: Bool) throws {
        let now = runtime.host.now
        if isIdle { noteWhetherCurrent(partition) }
        partition.noteBehind(at: now, readyWithin: .microseconds(configuration.readyWithin))
        tick(partition)
        guard isIdle || now - lastUpkeep > Self.upkeepEvery else { return }
        lastUpkeep = now
        partition.renewView()
        try store(partition)
    }

    /// Whatever the topic has is here, folded, and its facts acknowledged.
    private func noteWhetherCurrent(_ partition: LedgerPartition) {
        let isDone = (block.map { done == $0.count } ?? true) && unfinished == nil && completed == nil
        inbox.settle { hasEverything in
            partition.noteEnd(nil, reachedEnd: hasEverything && isDone && isReading)
        }
    }

    /// The owner's duty (SPEC section 5): where the wall clock has run ahead, an entry that only moves the clock.
    private func tick(_ partition: LedgerPartition) {
        guard configuration.clock == .wall, !partition.isStandby,
            let time = partition.tick(
                at: runtime.clock.time, interval: configuration.tickInterval, readyWithin: configuration.readyWithin)
        else { return }
        runtime.report(.tick(time), of: self)
    }

    private func note(_ partition: LedgerPartition) {
        let (next, growth, step) = partition.withFold {
            ($0.nextOffset, Int64($0.fold.nextGrowth), $0.policySwitch)
        }
        // What is said of a time that is over would pass for that of the next one.
        inbox.withoutOrders { note(partition, next: next, growth: growth, step) }
        publishCounts()
    }

    private func note(
        _ partition: LedgerPartition, next: Int64, growth: Int64, _ step: PartitionFold.PolicySwitch?
    ) {
        lastStatus.withLock { status in
            status.notedAt = runtime.host.now
            status.isSettled = partition.isSettled && completed == nil
            status.nextOffset = next
            status.nextGrowth = growth
            status.countedTo = partition.countedTo
            status.isCurrent = partition.phase == .current
            (status.behind, status.late) = (partition.behind, partition.late)
            status.policySwitch = partition.phase == .switching ? step : nil
            status.quarantined = partition.quarantine.map {
                .init(partition: number, offset: $0.problem.offset, reason: $0.description)
            }
            status.position = partition.publication.flatMap {
                $0.committable > 0 ? ($0.committable, $0.acknowledged) : nil
            }
        }
    }

    private func publishCounts() {
        guard counts.frames > 0 || counts.facts.contains(where: { $0 > 0 }) || counts.news != nil else { return }
        runtime.frameCounter.increment(by: counts.frames)
        for (topic, count) in counts.facts.enumerated() where count > 0 {
            runtime.publishedCounters[topic].increment(by: count)
        }
        let counts = counts
        runtime.board.update { status in
            status.frames += Int64(counts.frames)
            for topic in counts.facts.indices { status.factsPublished[topic] += counts.facts[topic] }
            if let news = counts.news { status.folded = status.folded + news }
        }
        self.counts = Counts()
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
