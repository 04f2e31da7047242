internal import Ledger
internal import Replay

// What becomes of a frame, and which frames are next.
extension LedgerPartition {
    enum Outcome: Equatable {
        /// It was folded before.
        case repeated
        /// A part of it is folded: the next call goes on with it.
        case unfinished
        /// `from`: the offset at which the fold stood. `news`: what it has done that nobody has counted yet; nil if everything
        /// is counted. The batch has the facts that are to be sent.
        case folded(from: Int64, news: FoldTallies?)
        /// It cannot be read or folded: the partition is in quarantine. `search`: offsets at which the archive has frames that
        /// may end it; nil if it has none.
        case quarantined(search: Range<Int64>?)
    }

    /// Whether a frame that was polled is folded now; it comes into the archive before. Else it waits there, or in the topic:
    /// after the backlog, until the quarantine is over, or until the partition's owner has published its facts.
    func admits(_ frame: LedgerFrame) -> Bool {
        if let stop = quarantine?.problem.offset {
            quarantine?.look(at: frame)
            guard frame.offset < stop else { return false }
        }
        return backlog == nil && !isStandby
    }

    /// Folds a frame, or as much of it as goes into a slice. Leaves the facts of that which are not sent yet in `batch`, whatever
    /// it held before.
    func fold(_ frame: LedgerFrame, into batch: inout EncodedFacts, within slice: PartitionFold.Slice = .standard)
        throws -> Outcome
    {
        batch.removeAll()
        do {
            let (outcome, isSwitching, retired) = try withFold { state -> (Outcome, Bool, PartitionFold.Retired?) in
                guard frame.offset >= state.nextOffset else { return (.repeated, state.policySwitch != nil, nil) }
                if begun == nil {
                    if beginsNews(at: frame.offset) { state.beginDiagnosis() }
                    begun = (state.nextOffset, FoldTallies(state))
                }
                let progress = try state.apply(
                    frame: frame.bytes, at: frame.offset, above: sent, into: &batch, within: slice)
                let retired = state.takeRetired()
                guard progress == .done, let start = begun else {
                    return (.unfinished, state.policySwitch != nil, retired)
                }
                begun = nil
                // What was folded before, here or elsewhere, is not counted as new.
                let news = frame.offset >= newFrom ? FoldTallies(state) - start.tallies : nil
                if beginsNews(at: state.nextOffset) { state.beginDiagnosis() }
                return (.folded(from: start.from, news: news), false, retired)
            }
            self.retired = retired
            note(isSwitching: isSwitching)
            if outcome != .repeated { isViewOld = true }
            guard case .folded(_, let news) = outcome else { return outcome }
            if news != nil { countedTo = frame.offset + 1 }
            chain.append(frame.bytes, at: frame.offset)
            return outcome
        } catch let problem as PartitionFold.Problem {
            batch.removeAll()
            (isViewOld, begun) = (true, nil)
            note(isSwitching: false)
            return .quarantined(search: begin(problem))
        }
    }

    /// The offsets of frames that the archive has and the fold does not, before `limit`; nil if there are none, or if the fold
    /// waits there for the end of the quarantine.
    func unfolded(before limit: Int64 = .max) -> Range<Int64>? {
        let start = nextOffset
        guard let archived = store.archiveEnd else { return nil }
        let end = min(archived, limit, quarantine?.problem.offset ?? .max)
        return start < end ? start..<end : nil
    }
}
