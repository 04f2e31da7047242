internal import Ledger
internal import Replay
internal import Scoring

/// All that a member has of a ledger partition: the fold, the archive and the snapshots, how far the facts are published, and
/// the phase it is in. It takes what happens and returns what is to be done; its owner talks to Kafka. One thread at a time
/// uses it; any thread reads `shared`.
final class LedgerPartition {
    enum Phase: Equatable {
        /// Another member owns the partition, or nobody does yet. It is folded without publishing.
        case standby
        /// Assigned to this member, which looks for the facts that are published.
        case recovering
        /// How far the facts are published is known, and a state that is not ahead of them is chosen.
        case restoring
        /// The state is folded, and its facts are published, towards the ledger's end.
        case catchingUp
        /// Folded to the ledger's end, every fact acknowledged.
        case current
        /// A policy is switched to: the state answers under the one before, and what comes after the activation waits.
        case switching
        /// Revoked: what is sent is waited for and committed.
        case leaving
    }

    /// `newFrom` of a partition that another member owns: the owner counts what is new in it.
    private static let nothingIsNew = Int64.max
    /// Above every sequence number: no fact is encoded.
    private static let everything = [Int64](repeating: .max, count: FactTopic.allCases.count)

    let number: Int32
    /// The state, and what other threads ask about it.
    let shared: OwnedPartition
    let store: PartitionStore
    private(set) var phase = Phase.standby
    /// Nil for a standby, and while the published facts are looked for.
    private(set) var publication: Publication?
    /// Of a standby: the ledger offset before which the owner has published every fact, as far as it is known. A standby folds
    /// no further: a state that is ahead of its facts could not publish those that its owner did not live to send.
    var publishedByOwner: Int64 = 0

    /// Over the frames before the fold's next offset.
    var chain: FrameChain
    var comparison = CheckpointComparison()
    /// The offset of the last checkpoint that this member has published, now or in an earlier life.
    var lastCheckpoint: Int64 = 0

    /// The state has changed since its view was renewed.
    var isViewOld = false
    /// What of a frame was folded, and what had been counted before it; nil between two frames.
    var begun: (from: Int64, tallies: FoldTallies)?
    /// The state that a switch has replaced, for whoever may take the time to let it go.
    var retired: PartitionFold.Retired?

    /// Frames that the archive has and the fold does not; nil: the fold goes on with what is polled.
    var backlog: (any FrameFeed)?
    /// The archive takes no frame.
    var isDiskFull = false
    /// Nil while the fold goes on.
    var quarantine: Quarantine?

    /// The ledger offset up to which this process has counted what is new.
    var countedTo: Int64
    /// The ledger offset before which everything was folded, and its facts published, when this member took the partition.
    var newFrom = nothingIsNew { didSet { hasNews = false } }
    private var hasNews = false

    /// How the ledger's end moves.
    var ends = TimeBehind()
    /// The ledger's end when the partition was assigned; `Int64.max` while that is not known.
    var firstEnd = Int64.max
    /// For how long the oldest frame of the ledger has waited whose facts are not all acknowledged; nil if that is not known
    /// yet.
    var behind: Duration?
    /// `behind` less the time that policy switches took of it: what readiness goes by.
    var late: Duration?
    var switchTime = SwitchTime()
    /// The time of the last tick, in microseconds since 1970; nil if this member has appended none since the partition was
    /// assigned.
    var lastTick: Int64?

    /// A standby. `chain`: of the frames before the state's next offset. `countedTo`: up to where this process counted
    /// before. `textBytes`: as `OwnedPartition` has it.
    init(
        _ fold: consuming sending PartitionFold, chain: FrameChain, store: PartitionStore, countedTo: Int64 = 0,
        textBytes: Int = Fold.standardTextBytes
    ) {
        number = store.partition
        self.chain = chain
        self.store = store
        self.countedTo = countedTo
        store.begin(at: fold.nextOffset)
        shared = OwnedPartition(fold, archive: store.directory, textBytes: textBytes)
    }

    func withFold<Result>(_ body: (inout PartitionFold) throws -> sending Result) rethrows -> sending Result {
        try shared.withFold(body)
    }

    /// Renews the view that other threads read, if the state has changed since.
    func renewView() {
        guard isViewOld else { return }
        isViewOld = false
        shared.renewView()
        shared.note(chainHead: chain.head, before: nextOffset)
    }

    /// The ledger offset of the next frame.
    var nextOffset: Int64 { withFold { $0.nextOffset } }

    /// Frames that the ledger has and the fold does not.
    var framesLeft: Int64 { max(0, (shared.end ?? 0) - nextOffset) }

    /// Another state takes the place of the one that is there. `chain` as for `init`.
    func replace(_ fold: consuming sending PartitionFold, chain: FrameChain) {
        (self.chain, begun) = (chain, nil)
        store.begin(at: fold.nextOffset)
        shared.replace(fold)
    }

    /// True once, where the next frame's offset is `newFrom` or beyond it.
    func beginsNews(at nextOffset: Int64) -> Bool {
        guard nextOffset >= newFrom, !hasNews else { return false }
        hasNews = true
        return true
    }

    func isSnapshotDue(at now: ContinuousClock.Instant, interval: Int64) -> Bool {
        !store.isSnapshotUnderWay && (now - store.lastSnapshot.time) / .microseconds(1) > Double(interval)
    }

    // MARK: Publication

    /// A standby can be folded on.
    var isBehindOwner: Bool { nextOffset < publishedByOwner }

    /// The ledger offset before which every fact is published, as far as it is known.
    var committable: Int64 { isStandby ? publishedByOwner : publication?.committable ?? 0 }

    /// What the group is to have of this partition; nil if there is nothing to commit.
    var position: (offset: Int64, metadata: String)? {
        publication.flatMap { $0.committable > 0 ? ($0.committable, $0.metadata) : nil }
    }

    /// Every fact that was sent is acknowledged.
    var isSettled: Bool { publication?.isSettled ?? true }

    /// The sequence numbers up to which no fact is to be published, by `FactTopic.rawValue`.
    var sent: [Int64] { isStandby ? Self.everything : publication!.sent }

    func send(_ topic: FactTopic, _ sequence: Int64) { publication?.send(topic, sequence) }

    /// The facts of every frame before `next` are sent.
    func folded(next: Int64) { publication?.folded(next: next) }

    /// `settle` draws the conclusions, once for many.
    func acknowledge(topic: Int, sequence: Int64, offset: Int64) {
        publication?.acknowledge(topic: topic, sequence: sequence, offset: offset)
    }

    func settle() { publication?.settle() }

    // MARK: Phases

    var isStandby: Bool { if case .standby = phase { true } else { false } }

    /// The group assigns the partition to this member.
    func assign() {
        phase = .recovering
        (publication, backlog, quarantine, lastTick) = (nil, nil, nil, nil)
        (behind, late, switchTime) = (nil, nil, SwitchTime())
        (ends, firstEnd, shared.end, shared.isCurrent) = (TimeBehind(), .max, nil, false)
    }

    /// The facts that are published are found. `committed`: the ledger offset that the group has of the partition.
    /// `waitsForAcknowledgements`: as in `PipelineConfiguration`.
    func recover(_ found: [Publication.Mark], committed: Int64, waitsForAcknowledgements: Bool = true) {
        publication = Publication(found: found, waitsForAcknowledgements: waitsForAcknowledgements)
        newFrom = max(committed, countedTo)
        phase = .restoring
    }

    /// Goes on publishing after the facts of the state. False: the state is ahead of what is published, and would leave facts
    /// out, or it stands within a frame; another one is needed.
    func resumePublication() -> Bool {
        let found = publication!.sent
        let (isPublished, next) = withFold { state in
            (
                !state.isWithinFrame && !state.isSpoiled && zip(state.sequences, found).allSatisfy { $0 <= $1 },
                state.nextOffset
            )
        }
        guard isPublished else { return false }
        publication?.begin(at: next)
        return true
    }

    /// The state is chosen: it is folded towards the ledger's end, which is `end` now.
    func catchUp(to end: Int64) {
        withFold { if beginsNews(at: $0.nextOffset) { $0.beginDiagnosis() } }
        isViewOld = true
        (shared.end, firstEnd) = (end, end)
        phase = .catchingUp
    }

    /// A part of a frame is folded, or the frame is at fault. A standby stays one.
    func note(isSwitching: Bool) {
        switch phase {
        case .catchingUp, .current: if isSwitching { (phase, shared.isCurrent) = (.switching, false) }
        case .switching: if !isSwitching { phase = .catchingUp }
        case .standby, .recovering, .restoring, .leaving: break
        }
    }

    /// Whether the fold has the ledger's end, every fact acknowledged: never while a policy is switched to. `reachedEnd`:
    /// everything that the topic has is here.
    func noteEnd(_ end: Int64?, reachedEnd: Bool) {
        note(end: end)
        guard phase == .catchingUp || phase == .current else { return }
        let isCurrent = reachedEnd && backlog == nil && quarantine == nil && isSettled
        shared.isCurrent = isCurrent
        phase = isCurrent ? .current : .catchingUp
    }

    /// The ledger's end never goes back.
    func note(end: Int64?) {
        if let end { shared.end = max(end, shared.end ?? 0) }
    }

    /// The group takes the partition from this member.
    func leave() { phase = .leaving }

    /// The partition is with another member now, or with none.
    func standBy() {
        publishedByOwner = committable
        phase = .standby
        (publication, backlog, shared.isCurrent) = (nil, nil, false)
        (behind, late, switchTime) = (nil, nil, SwitchTime())
        newFrom = Self.nothingIsNew
    }

    /// Whether a standby's state can be folded on. One that is ahead of its facts is of use only where an archive has a way
    /// back.
    var isUsable: Bool {
        (store.directory != nil || nextOffset <= committable) && !withFold { $0.isSpoiled || $0.isWithinFrame }
    }
}
