internal import Events
internal import Ledger
public import Policy
public import Scoring

// The switch at an entry that activates a policy: everything before it is folded again under that policy, which then
// continues.
extension PartitionFold {
    /// Begins the switch, unless the activation changes nothing. Returns false if the slice is used up first.
    mutating func beginSwitch(above published: [Int64], into facts: inout EncodedFacts) throws -> Bool {
        switch admitActivation() {
        case .unfinished: return false
        case .refused:
            place = .reading
            return true
        case .admitted: place = .reading
        }
        guard let text = entry.event.policyText(decoder), text != policyText else { return true }
        let policy = if let shadowFold, shadowFold.isOf(text) { shadowFold.policy } else { try parse(text) }
        guard case .ledger(let history?) = rule else {
            throw problem(
                "policy \(policy.id) version \(policy.version) is activated here, and there is no history to "
                    + "fold it from")
        }
        drain(above: published, into: &facts, sameEntry: true)
        candidate = takeShadow(of: text) ?? candidate(policy, text: text, history)
        place = .switching
        return true
    }

    private func candidate(_ policy: ScoringPolicy, text: String, _ history: @escaping History) -> PolicyCandidate {
        PolicyCandidate(
            policy, text: text, partition: partition, before: frameOffset, skipped: skipped,
            leftOut: leftOut, maximumSessions: maximumSessions, history: history)
    }

    private mutating func admitActivation() -> Fold.Admission {
        fold.allowance = left.allowance
        let admission = fold.admitActivation(entry.event, entry: reader.index)
        left.settle(&fold)
        return admission
    }

    /// Continues the switch. Returns false if the slice is used up before it is done.
    mutating func goOnSwitching(
        _ frame: UnsafeRawBufferPointer, above published: [Int64], into facts: inout EncodedFacts
    ) throws -> Bool {
        guard let candidate else { preconditionFailure("no policy is switched to") }
        let isDone: Bool
        do {
            isDone = try succeed(candidate, frame)
        } catch {
            guard candidate.isOfShadow, case .ledger(let history?) = rule else { throw error }
            // The failure of a shadow must not stop the partition.
            retired = candidate
            self.candidate = self.candidate(candidate.policy, text: candidate.text, history)
            return try goOnSwitching(frame, above: published, into: &facts)
        }
        guard candidate.succession.isTelling else { return isDone }
        let new = FactEncoder(
            policy: candidate.policy, previous: fold.policy, partition: partition, ledger: identity.name)
        left.facts -= candidate.folding.past.fold.output.facts.count
        Self.number(
            candidate.folding.past.fold, new, offset: frameOffset, &sequences, above: published, into: &facts)
        candidate.folding.past.fold.clearOutput(sameEntry: true)
        guard isDone else { return false }
        encoder = new
        swap(&fold, &candidate.folding.past.fold)
        lookUpInFold()
        policyText = candidate.text
        noteSwitchBesideShadow()
        forgetTypes()
        (retired, self.candidate, place) = (candidate, nil, .reading)
        return true
    }

    /// Returns false if the slice is used up before the candidate's state is that after the activation, with all facts.
    private mutating func succeed(_ candidate: PolicyCandidate, _ frame: UnsafeRawBufferPointer) throws -> Bool {
        guard try candidate.foldHistory(within: &left),
            try candidate.fold(frame, until: reader.index, within: &left)
        else { return false }
        do {
            return try candidate.succeed(fold, by: entry.event, entry: reader.index, within: &left)
        } catch {
            throw problem("the policy that is activated here cannot be folded: \(error)")
        }
    }

    /// Folds a part of a frame of a policy's past. It counts entries as history, and gives no facts.
    mutating func foldPart(
        _ frame: UnsafeRawBufferPointer, at offset: Int64, until end: Int = .max, within rest: inout Slice,
        into nothing: inout EncodedFacts
    ) throws -> Progress {
        left = Slice(entries: rest.history, timers: rest.timers, history: 1, facts: .max, cost: rest.cost)
        defer {
            (rest.history, rest.timers, rest.cost) = (left.entries, left.timers, left.cost)
            fold.clearOutput()
        }
        return try fold(frame, at: offset, until: end, above: [], into: &nothing)
    }

    /// The state directly after an activation of `policy` here. `history` supplies the frames that were folded, and
    /// must wait for them. Does not change the fold observably. Throws `Problem` also if a frame is folded in part.
    public mutating func preview(_ policy: ScoringPolicy, history: @escaping History) throws -> Fold {
        guard !isWithinFrame else { throw problem("the frame is folded in part, and has no preview of a policy") }
        let candidate = PolicyCandidate(
            policy, text: policy.text, partition: partition, before: nextOffset, skipped: skipped,
            leftOut: leftOut, maximumSessions: maximumSessions, history: history)
        var rest = Slice.unbounded
        while try !candidate.foldHistory(within: &rest) {
            precondition(!candidate.isWaiting, "the history's next frame is not here yet")
            rest = .unbounded
        }
        var event = EventView.empty
        event.time = fold.clock
        do {
            try candidate.folding.past.fold.succeed(fold, by: event, entry: 0, isPreview: true)
        } catch {
            throw problem("\(error)")
        }
        var result = Fold(policy: .absent)
        swap(&result, &candidate.folding.past.fold)
        return result
    }
}
