internal import Events
internal import Ledger
internal import Policy
internal import Scoring

/// A policy that is switched to: what lies before its activation, folded under it a bounded number of entries at a time. Records
/// that cannot be read or folded are passed over where the history says so (`SkipSearch`): then the folding begins anew.
final class PolicyCandidate {
    let policy: ScoringPolicy
    let text: String
    /// Its state.
    var past: PartitionFold
    /// How far it has come on its way to the state behind the activation.
    private(set) var succession = Fold.Succession()
    /// The ledger offset up to which the history is folded.
    private(set) var folded: Int64 = 0
    /// The next frame of the history is not here yet.
    private(set) var isWaiting = false

    private let end: Int64
    private let history: PartitionFold.History
    private let maximumSessions: Int
    private var skipped: Set<Int64>
    /// Opened at the first frame, and given back after the last.
    private var frames: (any FrameFeed)?
    /// A frame of `frames` that is folded in part.
    private var frame: LedgerFrame?
    private var search: Search?
    private var isHistoryFolded = false
    /// The frame of the activation is folded, up to it.
    private var isFrameFolded = false

    /// A past has no facts.
    private var nothing = FactBatch()

    /// For the entry that says that the record at fault is passed over.
    private struct Search {
        var frames: any FrameFeed
        var problem: PartitionFold.Problem
        var search = SkipSearch()
    }

    /// `end`: the ledger offset of the first frame that is not history. `skipped`: what the partition passes over already.
    init(
        _ policy: ScoringPolicy, text: String, partition: Int32, before end: Int64, skipped: Set<Int64>,
        maximumSessions: Int, history: @escaping PartitionFold.History
    ) {
        (self.policy, self.text, self.end, self.history) = (policy, text, end, history)
        (self.skipped, self.maximumSessions) = (skipped, maximumSessions)
        past = PartitionFold(partition: partition, pastOf: policy, maximumSessions: maximumSessions)
        past.skipped = skipped
    }

    /// False: `left` is used up before all of the history is folded, or the candidate waits.
    func foldHistory(within left: inout PartitionFold.Slice) throws -> Bool {
        isWaiting = false
        while !isHistoryFolded {
            guard !isWaiting, left.history > 0, left.timers > 0 else { return false }
            if search != nil {
                try goOnSearching(&left)
                continue
            }
            do {
                try foldNextFrame(&left)
            } catch let problem as PartitionFold.Problem {
                guard skipped.insert(problem.offset).inserted else { throw problem }
                search = Search(frames: try history(end), problem: problem)
            }
        }
        return true
    }

    private func foldNextFrame(_ left: inout PartitionFold.Slice) throws {
        if frame == nil {
            let source = try frames ?? history(end)
            frames = source
            switch try source.poll() {
            case .frame(let next): frame = next
            case .end: frame = nil
            case .notYet:
                isWaiting = true
                return
            }
            left.history -= 1
        }
        guard let frame, frame.offset < end else {
            (self.frame, frames, isHistoryFolded, folded) = (nil, nil, true, end)
            return
        }
        guard try past.foldPart(frame.bytes, at: frame.offset, within: &left, into: &nothing) == .done else {
            return
        }
        self.frame = nil
        folded = frame.offset + 1
    }

    /// Looks at one more frame; begins the folding anew where it names the record.
    private func goOnSearching(_ left: inout PartitionFold.Slice) throws {
        guard var search else { return }
        self.search = nil
        let frame: LedgerFrame
        switch try search.frames.poll() {
        case .frame(let next): frame = next
        case .end: throw search.problem
        case .notYet:
            (self.search, isWaiting) = (search, true)
            return
        }
        let isNamed = search.search.names(search.problem.offset, in: frame)
        left.history -= 1 + search.search.entryCount
        guard isNamed else {
            self.search = search
            return
        }
        let partition = past.partition
        past = PartitionFold(partition: partition, pastOf: policy, maximumSessions: maximumSessions)
        past.skipped = skipped
        (frames, self.frame, folded) = (nil, nil, 0)
    }

    /// Folds the entries of the activation's frame that lie before it. False: `left` is used up before.
    func fold(
        _ frame: UnsafeRawBufferPointer, until entry: Int, within left: inout PartitionFold.Slice
    ) throws -> Bool {
        guard !isFrameFolded else { return true }
        guard left.history > 0, left.timers > 0 else { return false }
        isFrameFolded = try past.foldPart(frame, at: end, until: entry, within: &left, into: &nothing) == .done
        return isFrameFolded
    }

    /// As `Fold.succeed`. False: `left` is used up before.
    func succeed(
        _ old: borrowing Fold, by event: EventView, entry: Int, within left: inout PartitionFold.Slice
    ) throws(Fold.WrongPast) -> Bool {
        past.fold.allowance = Fold.Allowance(timers: left.timers, facts: left.facts, subjects: left.history)
        let isDone = try past.fold.succeed(old, by: event, entry: entry, &succession)
        (left.timers, left.history) = (past.fold.allowance.timers, past.fold.allowance.subjects)
        past.fold.allowance = .unlimited
        return isDone
    }

    func forgetDiagnosis() { past.fold.forgetDiagnosis() }
}
