public import Events
internal import Ledger
public import Policy
internal import Replay
public import Scoring
internal import Synchronization

/// The state of a ledger partition that this process folds, and its progress. The thread of its `LedgerPartition`
/// folds. Any thread may read.
///
/// The fold holds the state's lock for the duration of a part of a frame. Between two parts, and while a snapshot is
/// copied, all threads may read. Metrics and readiness do not wait for the fold: they read its last view, which has a
/// lock of its own.
final class OwnedPartition: Sendable {
    let partition: Int32
    private let state: ReadersWriterLock<PartitionFold>
    private let lastView: Mutex<PartitionView>
    private let current = Atomic(false)
    private let knownEnd = Atomic(Int64(-1))
    /// Nil if there is no archive. An optional Mutex would be laid out in two ways by the compiler (6.3.1).
    private let history: Mutex<SubjectHistory?>
    /// Nil if there is no archive; the state then has all texts of its events in memory.
    private let textBytes: Int?
    /// For searches. A thread with this lock may take the fold's lock, but not the other way round.
    let searchIndex = Mutex(SubjectIndex())
    private let bandHistory = Mutex(BandHistory())
    /// `FrameChain.head` of the frames before an offset; empty before the first view.
    private let lastChain = Mutex((offset: Int64(0), head: [UInt8]()))

    /// `archive`: the archive of its frames, if there is one. `textBytes`: the size of events' texts that a state then
    /// has in memory.
    init(
        _ fold: consuming sending PartitionFold, archive: ArchiveDirectory?,
        textBytes: Int = Fold.standardTextBytes
    ) {
        partition = fold.partition
        self.textBytes = archive == nil ? nil : textBytes
        lastView = Mutex(PartitionView(fold))
        state = ReadersWriterLock(fold)
        history = Mutex(archive.map { SubjectHistory($0) })
        lookUpEarlierEvents()
    }

    private func lookUpEarlierEvents() {
        guard let textBytes else { return }
        state.change { $0.lookUpEarlierEvents(textBytes: textBytes) }
    }

    /// The archive's answers to a fold's questions. A damaged index is rebuilt. Throws `ArchiveDamage`.
    func answers(
        to questions: [PartitionFold.EarlierEventQuestion]
    ) throws -> [PartitionFold.EarlierEventQuestion: [PartitionFold.EarlierEventNames]] {
        try history.withLock { history in
            guard let history else { return [:] }
            do {
                return try EarlierEventAnswers(questions).found(in: history)
            } catch let damage as ArchiveDamage {
                guard try history.forget(damage) else { throw damage }
                return try EarlierEventAnswers(questions).found(in: history)
            }
        }
    }

    /// A subject's entries before a ledger offset; nil if there is no archive. A damaged index is rebuilt.
    func entries(of subject: [UInt8], until end: Int64) throws -> SubjectEntries? {
        try history.withLock { history in
            guard let history else { return nil }
            do {
                return try SubjectEntries(of: subject, in: history, until: end)
            } catch let damage as ArchiveDamage {
                guard try history.forget(damage) else { throw damage }
                return try SubjectEntries(of: subject, in: history, until: end)
            }
        }
    }

    /// The ledger offset at which the clock reaches `time` (`SubjectHistory.offset(reaching:)`). `isArchived`: false if
    /// there is no archive.
    func offset(reaching time: Timestamp) throws -> (isArchived: Bool, offset: Int64?) {
        try history.withLock { history in
            guard let history else { return (false, nil) }
            do {
                return (true, try history.offset(reaching: time))
            } catch let damage as ArchiveDamage {
                guard try history.forget(damage) else { throw damage }
                return (true, try history.offset(reaching: time))
            }
        }
    }

    /// Makes the indexes of closed segments that have none yet.
    func index() throws { try history.withLock { _ = try $0?.index() } }

    /// For the thread that folds. Other threads do not read meanwhile.
    func withFold<Result>(_ body: (inout PartitionFold) throws -> sending Result) rethrows -> sending Result {
        try state.change(body)
    }

    /// Waits until the current part of a frame is folded.
    func readFold<Result>(_ body: (borrowing PartitionFold) throws -> sending Result) rethrows -> sending Result {
        try state.read(body)
    }

    /// Like `readFold`, but returns nil at once while a part of a frame is folded.
    func readFoldIfFree<Result>(
        _ body: (borrowing PartitionFold) throws -> sending Result
    ) rethrows -> sending Result? {
        try state.readIfFree(body)
    }

    func replace(_ fold: consuming sending PartitionFold) {
        var fold = Optional(fold)
        state.change { if let new = fold.take() { $0 = new } }
        searchIndex.withLock { $0 = SubjectIndex() }
        lookUpEarlierEvents()
        renewView()
    }

    /// The state when the view was last renewed. Does not wait for the fold.
    var view: PartitionView { lastView.withLock { $0 } }

    /// The chain of the last view: its head over the frames before the offset. Nil before the first view.
    var chain: (offset: Int64, head: [UInt8])? {
        let chain = lastChain.withLock { $0 }
        return chain.head.isEmpty ? nil : chain
    }

    /// For the thread that folds.
    func note(chainHead head: [UInt8], before offset: Int64) { lastChain.withLock { $0 = (offset, head) } }

    /// For the thread that folds. A state with a frame that failed in part has no view, because another state replaces
    /// it.
    func renewView() {
        guard let view = readFold({ $0.isSpoiled ? nil : PartitionView($0) }) else { return }
        lastView.withLock { $0 = view }
        bandHistory.withLock { $0.note(view) }
    }

    /// Subjects by band over time, in the format of the file beside a snapshot. Does not wait for the fold.
    var bandBytes: [UInt8] { bandHistory.withLock { $0 }.bytes }

    /// Restores the history of an earlier process, before anything is folded here.
    func restore(_ bands: BandHistory) { bandHistory.withLock { $0 = bands } }

    /// Subjects by band over time. Does not wait for the fold.
    func bandSamples(
        _ resolution: PipelineService.BandResolution
    ) -> [(clock: Timestamp, bands: [PartitionView.Band])] {
        bandHistory.withLock { $0 }.samples(resolution)
    }

    /// The ledger's end; nil if it is unknown.
    var end: Int64? {
        get {
            let end = knownEnd.load(ordering: .relaxed)
            return end < 0 ? nil : end
        }
        set { knownEnd.store(newValue ?? -1, ordering: .relaxed) }
    }

    /// `offset`: the next one of the answer. `policySwitch`: the switch in progress there; nil if there is none.
    func freshness(offset: Int64, clock: Int64, policySwitch: PartitionFold.PolicySwitch?) -> Freshness {
        Freshness(
            partition: partition, offset: offset, clock: clock, lag: isCurrent ? 0 : end.map { max(0, $0 - offset) },
            isCurrent: isCurrent, policySwitch: policySwitch.map { .init(partition, $0) })
    }

    /// Whether the partition is folded to the end of the ledger, and every fact acknowledged.
    var isCurrent: Bool {
        get { current.load(ordering: .relaxed) }
        set { current.store(newValue, ordering: .relaxed) }
    }
}

/// The partitions that this process folds now.
///
/// The last owner of a partition frees its state, which takes seconds for millions of subjects. The storage line must
/// do that: it gets the removed partitions, and an event loop uses a partition without owning it (`withOwned`).
final class OwnedPartitions: Sendable {
    /// The partitions under one number.
    private struct Contents {
        var owned: OwnedPartition?
        var standby: OwnedPartition?
    }

    /// A slot is never removed.
    private final class Slot: Sendable {
        let contents = Mutex(Contents())
    }

    private let runtime: any Runtime
    /// By the partition's number.
    private let slots = Mutex<[Slot]>([])

    init(_ runtime: any Runtime) { self.runtime = runtime }

    private func slot(_ partition: Int32) -> Slot? {
        slots.withLock { $0.indices.contains(Int(partition)) ? $0[Int(partition)] : nil }
    }

    subscript(_ partition: Int32) -> OwnedPartition? { slot(partition)?.contents.withLock { $0.owned } }

    /// Runs `body` with an owned partition, which is not freed meanwhile. `body` must be short and must not retain the
    /// partition. Nil if the partition is not owned.
    func withOwned<Result: Sendable>(_ partition: Int32, _ body: (OwnedPartition) -> Result) -> Result? {
        slot(partition)?.contents.withLock { $0.owned.map(body) }
    }

    /// A partition that another member owns and that is folded here too. It may lag.
    func standby(_ partition: Int32) -> OwnedPartition? { slot(partition)?.contents.withLock { $0.standby } }

    /// The owned partitions by number.
    var all: [OwnedPartition] { slots.withLock { $0 }.compactMap { slot in slot.contents.withLock { $0.owned } } }

    /// Called by one thread.
    func replace(_ owned: [OwnedPartition], standby: [OwnedPartition]) {
        var next: [Contents] = []
        func assign(_ partition: OwnedPartition, _ member: WritableKeyPath<Contents, OwnedPartition?>) {
            let number = Int(partition.partition)
            while next.count <= number { next.append(Contents()) }
            next[number][keyPath: member] = partition
        }
        for partition in owned { assign(partition, \.owned) }
        for partition in standby { assign(partition, \.standby) }
        let slots = slots.withLock { slots in
            while slots.count < next.count { slots.append(Slot()) }
            return slots
        }
        var gone: [OwnedPartition] = []
        for (number, slot) in slots.enumerated() {
            let new = number < next.count ? next[number] : Contents()
            let old = slot.contents.withLock { contents in
                let old = contents
                contents = new
                return old
            }
            gone += [old.owned, old.standby].compactMap { $0 }.filter { $0 !== new.owned && $0 !== new.standby }
        }
        guard !gone.isEmpty else { return }
        runtime.background(.storage) { [gone] in withExtendedLifetime(gone) {} }
    }
}

/// The position in the ledger for which an answer holds.
public struct Freshness: Sendable {
    public let partition: Int32
    /// The ledger offset of the next frame.
    public let offset: Int64
    /// The partition's clock, in microseconds since 1970; `Int64.min` before the first event.
    public let clock: Int64
    /// The number of frames in the ledger that are not in the answer; nil if it is unknown.
    public let lag: Int64?
    /// Whether the partition is folded to the ledger's end.
    public let isCurrent: Bool
    /// The switch to another policy, or to a history with other sources, in progress, while the answer is of the state
    /// before; nil if there is none.
    public let policySwitch: PipelineReading.Switching?
}

/// A subject's standing with its position in the ledger.
public struct StandingAnswer: Sendable {
    public let standing: Standing
    let sharedPolicy: SharedPolicy
    public let freshness: Freshness
    public var policy: ScoringPolicy { sharedPolicy.policy }
    /// As `Freshness.policySwitch`.
    public var policySwitch: PipelineReading.Switching? { freshness.policySwitch }

    /// Writes the standing with the reasons for it, as JSON.
    public func writeExplained(to writer: inout JSONWriter) {
        let clock = Timestamp(microseconds: freshness.clock)
        writer.value { standing.writeExplained(to: &$0, policy: sharedPolicy.policy, clock: clock) }
    }
}
