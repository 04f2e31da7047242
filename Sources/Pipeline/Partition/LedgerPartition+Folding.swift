internal import Ledger
internal import Replay

// The result of a frame, and the choice of the next frames.
extension LedgerPartition {
    enum Outcome: Equatable {
        /// It was folded before.
        case repeated
        /// A part of it is folded. The next call continues it.
        case unfinished
        /// `from`: the offset of the fold before. `news`: the counts of it that are not counted yet; nil if everything
        /// is counted. The batch has the facts that must be sent.
        case folded(from: Int64, news: FoldTallies?)
        /// It cannot be read or folded, so the partition is in quarantine. `search`: offsets of the archive's frames
        /// that may end it; nil if there are none.
        case quarantined(search: Range<Int64>?)
    }

    /// Whether a polled frame is folded now. It is archived before. Otherwise it waits in the archive, or in the topic:
    /// until the backlog is folded, until the quarantine is over, or until the partition's owner has published its
    /// facts.
    func admits(_ frame: LedgerFrame) -> Bool {
        if let stop = quarantine?.problem.offset {
            quarantine?.look(at: frame)
            guard frame.offset < stop else { return false }
        }
        return backlog == nil && !isStandby
    }

    /// Folds a frame, or the part of it that fits into a slice. `batch` then has the facts of that part that are not
    /// sent yet.
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
                // Frames that were folded before, here or elsewhere, are not counted as new.
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

    /// The offsets of frames in the archive that are not folded, before `limit`; nil if there are none, or if the fold
    /// waits there for the end of the quarantine.
    func unfolded(before limit: Int64 = .max) -> Range<Int64>? {
        let start = nextOffset
        guard let archived = store.archiveEnd else { return nil }
        let end = min(archived, limit, quarantine?.problem.offset ?? .max)
        return start < end ? start..<end : nil
    }
}
