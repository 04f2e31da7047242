internal import Ledger
internal import Replay
internal import Scoring

/// A member's data of a ledger partition: the fold, the archive, the snapshots, the positions of published facts, and
/// the phase. It gets events and returns actions; its owner does the I/O with Kafka. It is used by one thread at a
/// time. Any thread may read `shared`.
final class LedgerPartition {
    enum Phase: Equatable {
        /// Another member owns the partition, or no member does yet. It is folded without publishing.
        case standby
        /// Assigned to this member, which searches for the published facts.
        case recovering
        /// The positions of the published facts are known, and a state that is not ahead of them is chosen.
        case restoring
        /// The state is folded towards the ledger's end, and its facts are published.
        case catchingUp
        /// Folded to the ledger's end, every fact acknowledged.
        case current
        /// The policy is switched. The state answers under the previous policy, and frames after the activation wait.
        case switching
        /// Revoked: sent facts are acknowledged and committed.
        case leaving
    }

    /// `newFrom` of a partition that another member owns, because the owner counts what is new.
    private static let nothingIsNew = Int64.max
    /// Greater than every sequence number, so no fact is encoded.
    private static let everything = [Int64](repeating: .max, count: FactTopic.allCases.count)

    let number: Int32
    /// The state, as read by other threads.
    let shared: OwnedPartition
    let store: PartitionStore
    private(set) var phase = Phase.standby
    /// Nil for a standby, and during the search for published facts.
    private(set) var publication: Publication?
    /// For a standby: the ledger offset before which the owner has published every fact, as far as it is known. A
    /// standby folds no further. A state that is ahead of its facts could not publish those that its owner did not
    /// publish before it died.
    var publishedByOwner: Int64 = 0

    /// Over the frames before the fold's next offset.
    var chain: FrameChain
    var comparison = CheckpointComparison()
    /// The offset of the last checkpoint that this member has published, also before a restart.
    var lastCheckpoint: Int64 = 0

    /// Whether the state has changed since its view was renewed.
    var isViewOld = false
    /// The start of a frame that is folded in part, and the counts before it; nil between two frames.
    var begun: (from: Int64, tallies: FoldTallies)?
    /// The state that a switch has replaced. Its owner frees it in the background.
    var retired: PartitionFold.Retired?

    /// Archived frames that are not folded; nil if the fold continues with polled frames.
    var backlog: (any FrameFeed)?
    /// Whether the archive cannot take a frame.
    var isDiskFull = false
    /// Nil while there is no quarantine.
    var quarantine: Quarantine?

    /// The ledger offset up to which this process has counted new entries.
    var countedTo: Int64
    /// The ledger offset up to which everything was folded and published before this member took the partition.
    var newFrom = nothingIsNew { didSet { hasNews = false } }
    private var hasNews = false

    /// The movement of the ledger's end.
    var ends = TimeBehind()
    /// The ledger's end at the time of the assignment; `Int64.max` while it is unknown.
    var firstEnd = Int64.max
    /// The time for which the oldest frame of the ledger has waited whose facts are not all acknowledged; nil if it is
    /// unknown.
    var behind: Duration?
    /// `behind` without the time of policy switches, which readiness uses.
    var late: Duration?
    var switchTime = SwitchTime()
    /// The time of the last tick, in microseconds since 1970; nil if this member has appended none since the
    /// assignment.
    var lastTick: Int64?

    /// A standby. `chain`: of the frames before the state's next offset. `countedTo`: the offset up to which this
    /// process has counted before. `textBytes`: as in `OwnedPartition`.
    init(
        _ fold: consuming sending PartitionFold, chain: FrameChain, store: PartitionStore, countedTo: Int64 = 0,
        textBytes: Int = Fold.standardTextBytes
    ) {
        number = store.partition
        self.chain = chain
        self.store = store
        self.countedTo = countedTo
        let offset = fold.nextOffset
        store.begin(at: offset)
        shared = OwnedPartition(fold, archive: store.directory, textBytes: textBytes)
        shared.note(chainHead: chain.head, before: offset)
    }

    func withFold<Result>(_ body: (inout PartitionFold) throws -> sending Result) rethrows -> sending Result {
        try shared.withFold(body)
    }

    /// Renews the view for other threads, if the state has changed since.
    func renewView() {
        guard isViewOld else { return }
        isViewOld = false
        shared.renewView()
        shared.note(chainHead: chain.head, before: nextOffset)
    }

    /// The ledger offset of the next frame.
    var nextOffset: Int64 { withFold { $0.nextOffset } }

    /// Replaces the state. `chain`: as in `init`.
    func replace(_ fold: consuming sending PartitionFold, chain: FrameChain) {
        (self.chain, begun) = (chain, nil)
        let offset = fold.nextOffset
        store.begin(at: offset)
        shared.replace(fold)
        shared.note(chainHead: chain.head, before: offset)
    }

    /// Returns true once: if the next frame's offset is `newFrom` or greater.
    func beginsNews(at nextOffset: Int64) -> Bool {
        guard nextOffset >= newFrom, !hasNews else { return false }
        hasNews = true
        return true
    }

    func isSnapshotDue(at now: ContinuousClock.Instant, interval: Int64) -> Bool {
        !store.isSnapshotUnderWay && (now - store.lastSnapshot.time) / .microseconds(1) > Double(interval)
    }

    // MARK: Publication

    /// Whether a standby can continue to fold.
    var isBehindOwner: Bool { nextOffset < publishedByOwner }

    /// The ledger offset before which every fact is published, as far as it is known.
    var committable: Int64 { isStandby ? publishedByOwner : publication?.committable ?? 0 }

    /// The group's commit for this partition; nil if there is nothing to commit.
    var position: (offset: Int64, metadata: String)? {
        publication.flatMap { $0.committable > 0 ? ($0.committable, $0.metadata) : nil }
    }

    /// Whether every sent fact is acknowledged.
    var isSettled: Bool { publication?.isSettled ?? true }

    /// The sequence numbers up to which no fact must be published, by `FactTopic.rawValue`.
    var sent: [Int64] { isStandby ? Self.everything : publication!.sent }

    func send(_ topic: FactTopic, _ sequence: Int64) { publication?.send(topic, sequence) }

    /// Notes that the facts of every frame before `next` are sent.
    func folded(next: Int64) { publication?.folded(next: next) }

    /// `settle` applies it, once for many calls.
    func acknowledge(topic: Int, sequence: Int64, offset: Int64) {
        publication?.acknowledge(topic: topic, sequence: sequence, offset: offset)
    }

    func settle() { publication?.settle() }

    // MARK: Phases

    var isStandby: Bool { if case .standby = phase { true } else { false } }

    /// Called when the group assigns the partition to this member.
    func assign() {
        phase = .recovering
        (publication, backlog, quarantine, lastTick) = (nil, nil, nil, nil)
        (behind, late, switchTime) = (nil, nil, SwitchTime())
        (ends, firstEnd, shared.end, shared.isCurrent) = (TimeBehind(), .max, nil, false)
    }

    /// Called when the published facts are found. `committed`: the ledger offset that the group has of the partition.
    /// `waitsForAcknowledgements`: as in `PipelineConfiguration`.
    func recover(_ found: [Publication.Mark], committed: Int64, waitsForAcknowledgements: Bool = true) {
        publication = Publication(found: found, waitsForAcknowledgements: waitsForAcknowledgements)
        newFrom = max(committed, countedTo)
        phase = .restoring
    }

    /// Continues to publish after the facts of the state. Returns false if the state cannot be used: it is ahead of the
    /// published facts, so that some would be left out, or it is within a frame.
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

    /// Called when the state is chosen. It is folded towards the ledger's end, now `end`.
    func catchUp(to end: Int64) {
        withFold { if beginsNews(at: $0.nextOffset) { $0.beginDiagnosis() } }
        isViewOld = true
        (shared.end, firstEnd) = (end, end)
        phase = .catchingUp
    }

    /// Called when a part of a frame is folded, or the frame has failed. A standby stays one.
    func note(isSwitching: Bool) {
        switch phase {
        case .catchingUp, .current: if isSwitching { (phase, shared.isCurrent) = (.switching, false) }
        case .switching: if !isSwitching { phase = .catchingUp }
        case .standby, .recovering, .restoring, .leaving: break
        }
    }

    /// Notes whether the fold has reached the ledger's end with every fact acknowledged, which is never so during a
    /// switch of the policy. `reachedEnd`: everything in the topic is here.
    func noteEnd(_ end: Int64?, reachedEnd: Bool) {
        note(end: end)
        guard phase == .catchingUp || phase == .current else { return }
        let isCurrent = reachedEnd && backlog == nil && quarantine == nil && isSettled
        shared.isCurrent = isCurrent
        phase = isCurrent ? .current : .catchingUp
    }

    /// Notes the ledger's end, which never moves back.
    func note(end: Int64?) {
        if let end { shared.end = max(end, shared.end ?? 0) }
    }

    /// Called when the group revokes the partition.
    func leave() { phase = .leaving }

    /// Called when the partition is at another member, or at none.
    func standBy() {
        publishedByOwner = committable
        phase = .standby
        (publication, backlog, shared.isCurrent) = (nil, nil, false)
        (behind, late, switchTime) = (nil, nil, SwitchTime())
        newFrom = Self.nothingIsNew
    }

    /// Whether a standby can continue with its state. A state that is ahead of the published facts needs an archive,
    /// from which an earlier state is folded.
    var isUsable: Bool {
        (store.directory != nil || nextOffset <= committable) && !withFold { $0.isSpoiled || $0.isWithinFrame }
    }
}
