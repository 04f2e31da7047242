internal import Events
internal import Ledger
internal import Policy
internal import Scoring

/// A ledger partition's frames from its first on, folded again under a policy that is not active, a limited number of
/// entries at a time. Records that cannot be read or folded are passed over if the history says so (`SkipSearch`): then
/// the folding begins anew.
final class HistoryFold {
    let policy: ScoringPolicy
    /// Its state, which has no facts.
    var past: PartitionFold
    /// The ledger offset up to which everything is folded. A frame that is folded in part (`past.isWithinFrame`) is at
    /// it or after it.
    private(set) var folded: Int64 = 0
    /// Whether the next frame of the history is not available yet.
    private(set) var isWaiting = false

    private let rule: PartitionFold.Rule
    private let history: PartitionFold.RangeHistory
    private let maximumSessions: Int
    private var skipped: Set<Int64>
    private let leftOut: [[UInt8]]
    /// Opened at the first frame of a range, and released after its last.
    private var frames: (any FrameFeed)?
    /// The end of the range of `frames`.
    private var framesEnd: Int64 = 0
    /// A frame of `frames` that is folded in part.
    private var frame: LedgerFrame?
    private var search: Search?
    private var nothing = EncodedFacts()

    /// The search for the entry that passes over the record at fault.
    private struct Search {
        let problem: PartitionFold.Problem
        /// Nil until the first frame is requested.
        var frames: (any FrameFeed)?
        var search = SkipSearch()
    }

    /// `skipped` has the records that the partition passes over already. `leftOut` has the source topics that are left
    /// out from the first frame on. `rule` is a past or a shadow.
    init(
        _ policy: ScoringPolicy, as rule: PartitionFold.Rule, partition: Int32, skipped: Set<Int64>,
        leftOut: [[UInt8]], maximumSessions: Int, history: @escaping PartitionFold.RangeHistory
    ) {
        (self.policy, self.rule, self.history) = (policy, rule, history)
        (self.skipped, self.leftOut, self.maximumSessions) = (skipped, leftOut, maximumSessions)
        past = PartitionFold(partition: partition, of: policy, as: rule, maximumSessions: maximumSessions)
        past.skipped = skipped
        past.leaveOut(leftOut)
    }

    /// The same without these source topics, from the first frame on.
    func restarted(leavingOut topics: [[UInt8]]) -> HistoryFold {
        HistoryFold(
            policy, as: rule, partition: past.partition, skipped: skipped, leftOut: topics,
            maximumSessions: maximumSessions, history: history)
    }

    /// Whether everything before this offset is folded, and nothing from it on.
    func stands(at offset: Int64) -> Bool { folded == offset && search == nil && !past.isWithinFrame }

    /// From now on the record at this offset is passed over as far as it cannot be read or folded.
    func skip(_ offset: Int64) {
        skipped.insert(offset)
        past.skip(offset)
    }

    /// Folds the frames of the history before `end`. Returns false if `left` is used up first, or if this waits.
    ///
    /// Throws `Problem` if a frame cannot be folded, which is final. Throws the history's errors too, after which it
    /// can be called again.
    func fold(before end: Int64, within left: inout PartitionFold.Slice) throws -> Bool {
        isWaiting = false
        while search != nil || folded < end {
            guard !isWaiting, left.hasRoomForHistory else { return false }
            if search != nil {
                try goOnSearching(before: end, &left)
                continue
            }
            do {
                try foldNextFrame(before: end, &left)
            } catch let problem as PartitionFold.Problem {
                closeHistory()
                guard skipped.insert(problem.offset).inserted else { throw problem }
                search = Search(problem: problem)
            } catch {
                closeHistory()
                throw error
            }
        }
        closeHistory()
        return true
    }

    private func foldNextFrame(before end: Int64, _ left: inout PartitionFold.Slice) throws {
        if frame == nil {
            let source = try frames ?? history(folded..<end)
            if frames == nil { (frames, framesEnd) = (source, end) }
            switch try source.poll() {
            case .frame(let next): frame = next
            case .end: break
            case .notYet:
                isWaiting = true
                return
            }
            left.history -= 1
        }
        guard let frame, frame.offset < framesEnd else {
            let isCut = past.isWithinFrame
            closeHistory()
            guard !isCut else { throw past.problem("the history does not have it any more") }
            folded = max(folded, framesEnd)
            return
        }
        guard frame.offset >= folded else {
            self.frame = nil
            return
        }
        guard past.isOpen(frame.bytes, at: frame.offset) else {
            throw past.problem("the history has another frame than the partition")
        }
        guard try past.foldPart(frame.bytes, at: frame.offset, within: &left, into: &nothing) == .done else { return }
        self.frame = nil
        folded = frame.offset + 1
    }

    private func closeHistory() { (frames, frame) = (nil, nil) }

    /// Searches one more frame. Begins the folding anew if the frame names the record.
    private func goOnSearching(before end: Int64, _ left: inout PartitionFold.Slice) throws {
        guard var search else { return }
        let source = try search.frames ?? history(search.problem.offset + 1..<max(search.problem.offset + 1, end))
        // After an error of the source it is opened again.
        self.search?.frames = nil
        let frame: LedgerFrame
        switch try source.poll() {
        case .frame(let next): frame = next
        case .end: throw search.problem
        case .notYet:
            search.frames = source
            (self.search, isWaiting) = (search, true)
            return
        }
        search.frames = source
        let isNamed = search.search.names(search.problem.offset, in: frame)
        left.history -= 1 + search.search.entryCount
        guard isNamed else {
            self.search = search
            return
        }
        let (partition, horizon) = (past.partition, past.horizon)
        past = PartitionFold(partition: partition, of: policy, as: rule, maximumSessions: maximumSessions)
        (past.skipped, past.horizon) = (skipped, horizon)
        past.leaveOut(leftOut)
        (self.search, folded) = (nil, 0)
    }

    /// Folds a frame, or a part of it, that is not from the history. `end` is that of `PartitionFold.fold`. Returns
    /// false if `left` is used up first; then this method, or the history, must supply the frame again.
    func fold(
        _ frame: UnsafeRawBufferPointer, at offset: Int64, until end: Int = .max, within left: inout PartitionFold.Slice
    ) throws -> Bool {
        guard left.hasRoomForHistory else { return false }
        guard try past.foldPart(frame, at: offset, until: end, within: &left, into: &nothing) == .done else {
            return false
        }
        folded = offset + 1
        return true
    }
}
