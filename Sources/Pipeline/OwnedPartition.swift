public import Events
internal import Ledger
public import Policy
internal import Replay
public import Scoring
internal import Synchronization

/// The state of a ledger partition that this process folds, and how far it is. The thread of its `LedgerPartition` folds; any
/// thread may read.
///
/// The fold changes the state for as long as a part of a frame takes; between two parts, and while a snapshot is copied, all may read
/// it. Metrics and readiness wait for no fold: they read the view that it has left last, which has a lock of its own.
final class OwnedPartition: Sendable {
    let partition: Int32
    private let state: ReadersWriterLock<PartitionFold>
    private let lastView: Mutex<PartitionView>
    private let current = Atomic(false)
    private let knownEnd = Atomic(Int64(-1))
    /// Nil without an archive. An optional Mutex would be laid out in two ways by the compiler (6.3.1).
    private let history: Mutex<SubjectHistory?>
    /// Nil without an archive: then a state has all texts of its events.
    private let textBytes: Int?
    /// For searches. Whoever has it may read the fold meanwhile, and not the other way round.
    let searchIndex = Mutex(SubjectIndex())
    private let bandHistory = Mutex(BandHistory())
    /// `FrameChain.head` of the frames before an offset; empty before the first view.
    private let lastChain = Mutex((offset: Int64(0), head: [UInt8]()))

    /// `archive`: where its frames are kept, if they are. `textBytes`: of events' texts that a state has in memory then.
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

    /// What the archive has, to answer what a fold asks. An index that is damaged is made again. Throws `ArchiveDamage`.
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

    /// A subject's entries before a ledger offset; nil: there is no archive. An index that is damaged is made again.
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

    /// The ledger offset at which the clock reaches `time` (`SubjectHistory.offset(reaching:)`). `isKept`: false without an archive.
    func offset(reaching time: Timestamp) throws -> (isKept: Bool, offset: Int64?) {
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

    /// For the thread that folds: nobody reads meanwhile.
    func withFold<Result>(_ body: (inout PartitionFold) throws -> sending Result) rethrows -> sending Result {
        try state.change(body)
    }

    /// Waits until a part of a frame is folded.
    func readFold<Result>(_ body: (borrowing PartitionFold) throws -> sending Result) rethrows -> sending Result {
        try state.read(body)
    }

    /// The same; nil at once while a part of a frame is folded.
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

    /// The state as it was when the view was renewed last. Waits for no fold.
    var view: PartitionView { lastView.withLock { $0 } }

    /// The chain that led to the last view: its head over the frames before the offset. Nil before the first view.
    var chain: (offset: Int64, head: [UInt8])? {
        let chain = lastChain.withLock { $0 }
        return chain.head.isEmpty ? nil : chain
    }

    /// For the thread that folds.
    func note(chainHead head: [UInt8], before offset: Int64) { lastChain.withLock { $0 = (offset, head) } }

    /// For the thread that folds. A state into which a frame went in part leaves no view: another one takes its place.
    func renewView() {
        guard let view = readFold({ $0.isSpoiled ? nil : PartitionView($0) }) else { return }
        lastView.withLock { $0 = view }
        bandHistory.withLock { $0.note(view) }
    }

    /// Subjects by band over time, as they lie beside a snapshot. Waits for no fold.
    var bandBytes: [UInt8] { bandHistory.withLock { $0 }.bytes }

    /// What a process before has left, before anything is folded here.
    func restore(_ bands: BandHistory) { bandHistory.withLock { $0 = bands } }

    /// Subjects by band over time. Waits for no fold.
    func bandSamples(
        _ resolution: PipelineService.BandResolution
    ) -> [(clock: Timestamp, bands: [PartitionView.Band])] {
        bandHistory.withLock { $0 }.samples(resolution)
    }

    /// The ledger's end, as far as it is known.
    var end: Int64? {
        get {
            let end = knownEnd.load(ordering: .relaxed)
            return end < 0 ? nil : end
        }
        set { knownEnd.store(newValue ?? -1, ordering: .relaxed) }
    }

    /// As of `offset`, the next one of the answer, with the policy switch that was under way there.
    func freshness(offset: Int64, clock: Int64, policySwitch: PartitionFold.PolicySwitch?) -> Freshness {
        Freshness(
            partition: partition, offset: offset, clock: clock, lag: isCurrent ? 0 : end.map { max(0, $0 - offset) },
            isCurrent: isCurrent, policySwitch: policySwitch.map { .init(partition, $0) })
    }

    /// Folded to the end of the ledger, every fact acknowledged.
    var isCurrent: Bool {
        get { current.load(ordering: .relaxed) }
        set { current.store(newValue, ordering: .relaxed) }
    }
}

/// The partitions that this process folds now.
///
/// Whoever lets go of a partition last frees its state, which takes seconds for millions of subjects. That is for the storage
/// line: it gets what goes, and an event loop uses a partition without owning it (`withOwned`).
final class OwnedPartitions: Sendable {
    /// What is folded under a partition's number.
    private struct Place {
        var owned: OwnedPartition?
        var standby: OwnedPartition?
    }

    /// Stays once it is there.
    private final class Slot: Sendable {
        let place = Mutex(Place())
    }

    private let host: any Runtime
    /// By the partition's number.
    private let slots = Mutex<[Slot]>([])

    init(_ host: any Runtime) { self.host = host }

    private func slot(_ partition: Int32) -> Slot? {
        slots.withLock { $0.indices.contains(Int(partition)) ? $0[Int(partition)] : nil }
    }

    subscript(_ partition: Int32) -> OwnedPartition? { slot(partition)?.place.withLock { $0.owned } }

    /// Runs `body` with a partition that is owned, which does not go meanwhile: `body` must not take long, nor keep it. Nil: it
    /// is not owned.
    func withOwned<Result: Sendable>(_ partition: Int32, _ body: (OwnedPartition) -> Result) -> Result? {
        slot(partition)?.place.withLock { $0.owned.map(body) }
    }

    /// One that another member owns and that is folded here too: it may be behind.
    func standby(_ partition: Int32) -> OwnedPartition? { slot(partition)?.place.withLock { $0.standby } }

    /// Those that are owned, by number.
    var all: [OwnedPartition] { slots.withLock { $0 }.compactMap { slot in slot.place.withLock { $0.owned } } }

    /// For one thread.
    func replace(_ owned: [OwnedPartition], standby: [OwnedPartition]) {
        var next: [Place] = []
        func place(_ partition: OwnedPartition, _ member: WritableKeyPath<Place, OwnedPartition?>) {
            let number = Int(partition.partition)
            while next.count <= number { next.append(Place()) }
            next[number][keyPath: member] = partition
        }
        for partition in owned { place(partition, \.owned) }
        for partition in standby { place(partition, \.standby) }
        let slots = slots.withLock { slots in
            while slots.count < next.count { slots.append(Slot()) }
            return slots
        }
        var gone: [OwnedPartition] = []
        for (number, slot) in slots.enumerated() {
            let new = number < next.count ? next[number] : Place()
            let old = slot.place.withLock { place in
                let old = place
                place = new
                return old
            }
            gone += [old.owned, old.standby].compactMap { $0 }.filter { $0 !== new.owned && $0 !== new.standby }
        }
        guard !gone.isEmpty else { return }
        host.background(.storage) { [gone] in withExtendedLifetime(gone) {} }
    }
}

/// Where in the ledger an answer holds.
public struct Freshness: Sendable {
    public let partition: Int32
    /// The ledger offset of the next frame.
    public let offset: Int64
    /// The partition's clock, in microseconds since 1970; `Int64.min` before the first event.
    public let clock: Int64
    /// Frames that the ledger has and the answer does not know; nil: not known.
    public let lag: Int64?
    /// Folded to the ledger's end.
    public let isCurrent: Bool
    /// Another policy is switched to: the answer is under the one before. Nil: none is.
    public let policySwitch: PipelineStatus.Switching?
}

/// A subject's standing and where in the ledger it holds.
public struct StandingAnswer: Sendable {
    public let standing: Standing
    let sharedPolicy: SharedPolicy
    public let freshness: Freshness
    public var policy: ScoringPolicy { sharedPolicy.policy }
    /// As `Freshness.policySwitch`.
    public var policySwitch: PipelineStatus.Switching? { freshness.policySwitch }

    /// The standing with what made it, as JSON.
    public func writeExplained(to writer: inout ByteWriter) {
        let clock = Timestamp(microseconds: freshness.clock)
        standing.writeExplained(to: &writer, policy: sharedPolicy.policy, clock: clock)
    }
}
