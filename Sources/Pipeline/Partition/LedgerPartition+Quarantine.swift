internal import Ledger
internal import Replay

// A record that cannot be read or folded stops the fold of its partition. A later entry ends the quarantine.
extension LedgerPartition {
    /// Begins a quarantine: the fold stops before the record. Returns the offsets of the archive's frames after it.
    /// Later frames are searched when they are polled.
    func begin(_ problem: PartitionFold.Problem) -> Range<Int64>? {
        quarantine = Quarantine(problem)
        backlog = nil
        let start = problem.offset + 1
        return store.archiveEnd.flatMap { start < $0 ? start..<$0 : nil }
    }

    /// Whether the fold is at the record in quarantine.
    var isStopped: Bool { quarantine.map { nextOffset >= $0.problem.offset } ?? false }

    /// Whether a frame failed in part, so that the state must be replaced.
    var isSpoiled: Bool { withFold { $0.isSpoiled } }

    /// Replaces the state by one that is not spoiled and passes over the same records.
    func repair(_ fold: consuming sending PartitionFold, chain: FrameChain) {
        let skipped = withFold { $0.skipped }
        replace(fold, chain: chain)
        withFold { state in for offset in skipped { state.skip(offset) } }
        newFrom = max(newFrom, countedTo)
    }

    /// Searches this many of the archive's frames for the entry that ends the quarantine. Returns the quarantine once:
    /// when all are searched and an operator must end it.
    func search(frames: Int) throws -> Quarantine? {
        quarantine?.isWaiting = false
        for _ in 0..<frames {
            guard quarantine?.isSearching == true, let unsearched = quarantine?.unsearched else { break }
            switch try unsearched.poll() {
            case .frame(let frame): quarantine?.look(at: frame)
            case .end: quarantine?.unsearched = nil
            case .notYet: quarantine?.isWaiting = true
            }
        }
        guard let quarantine, !quarantine.isOver, quarantine.unsearched == nil, !quarantine.isReported else {
            return nil
        }
        self.quarantine?.isReported = true
        return quarantine
    }

    /// Passes the record over, if the entry for it is found. Returns the quarantine that ends.
    func endQuarantine() -> Quarantine? {
        guard let quarantine, quarantine.isOver else { return nil }
        self.quarantine = nil
        withFold { $0.skip(quarantine.problem.offset) }
        return quarantine
    }
}
