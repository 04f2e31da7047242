internal import Events
internal import Ledger
public import Policy
public import Scoring

// The switch at an entry that activates a policy, or that withdraws or restores a source: everything before it is folded
// again under that policy, or with other sources left out. That state then continues.
extension PartitionFold {
    /// Begins the switch, unless the entry changes nothing. Returns false if the slice is used up first.
    mutating func beginSwitch(above published: [Int64], into facts: inout EncodedFacts) throws -> Bool {
        let type = ControlType(entry.event.type)
        switch admit(type) {
        case .unfinished: return false
        case .refused:
            phase = .reading
            return true
        case .admitted: phase = .reading
        }
        guard
            let next = type == .policyActivated
                ? try candidateOfPolicy() : try candidateOfSources(isWithdrawal: type == .sourceWithdrawn)
        else { return true }
        drain(above: published, into: &facts, sameEntry: true)
        (candidate, phase) = (next, .switching)
        return true
    }

    /// Nil if the policy is active already.
    private mutating func candidateOfPolicy() throws -> PolicyCandidate? {
        guard let text = entry.event.policyText(decoder), text != policyText else { return nil }
        let policy = if let shadowFold, shadowFold.isOf(text) { shadowFold.policy } else { try parse(text) }
        return try takeShadow(of: text)
            ?? candidate(policy, text: text) { "policy \(policy.id) version \(policy.version) is activated here" }
    }

    /// Nil if the source is withdrawn already, or is not.
    private func candidateOfSources(isWithdrawal: Bool) throws -> PolicyCandidate? {
        guard let topic = decoder.string("topic", of: entry.event.data).map({ Array($0) }),
            withdrawnSources.contains(topic) != isWithdrawal
        else { return nil }
        return try candidate(
            fold.policy, text: policyText,
            leavingOut: isWithdrawal ? withdrawnSources + [topic] : withdrawnSources.filter { $0 != topic }
        ) { "a source is \(isWithdrawal ? "withdrawn" : "restored") here" }
    }

    /// `topics` are the source topics that are left out from now on; nil for those that are left out already.
    private func candidate(
        _ policy: ScoringPolicy, text: String, leavingOut topics: [[UInt8]]? = nil, _ event: () -> String
    ) throws -> PolicyCandidate {
        guard let history = rule.history else { throw problem("\(event()), and there is no history to fold it from") }
        return candidate(policy, text: text, before: frameOffset, leavingOut: topics, history)
    }

    private func candidate(
        _ policy: ScoringPolicy, text: String, before end: Int64, leavingOut topics: [[UInt8]]?,
        _ history: @escaping History
    ) -> PolicyCandidate {
        PolicyCandidate(
            HistoryFold(
                policy, as: .past(isFixed: rule.isFixed), partition: partition, skipped: skipped,
                leftOut: topics ?? withdrawnSources, maximumSessions: maximumSessions,
                history: { try history($0.upperBound) }),
            text: text, before: end, withdrawnSources: topics)
    }

    private mutating func admit(_ type: ControlType?) -> Fold.Admission {
        fold.allowance = left.allowance
        let admission =
            type == .policyActivated
            ? fold.admitActivation(entry.event, entry: reader.index)
            : fold.admitSourceAct(entry.event, entry: reader.index)
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
            guard candidate.isOfShadow, let history = rule.history else { throw error }
            // The failure of a shadow must not stop the partition.
            retired = [candidate]
            self.candidate = self.candidate(
                candidate.policy, text: candidate.text, before: frameOffset, leavingOut: nil, history)
            return try goOnSwitching(frame, above: published, into: &facts)
        }
        guard candidate.succession.isEmitting else { return isDone }
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
        retired = [candidate]
        if let topics = candidate.withdrawnSources {
            leaveOut(topics)
            if let shadow = restartShadow() { retired.append(shadow) }
        } else {
            noteSwitchBesideShadow()
        }
        forgetTypes()
        (self.candidate, phase) = (nil, .reading)
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
        try preview(candidate(policy, text: policy.text, before: nextOffset, leavingOut: nil, history))
    }

    /// The state directly after a withdrawal of the source topic here, as above. Adds the topic's behaviour events to
    /// `entries`.
    public mutating func preview(
        withdrawing topic: [UInt8], history: @escaping History, entries: inout Int64
    ) throws -> Fold {
        let candidate = candidate(
            fold.policy, text: policyText, before: nextOffset, leavingOut: withdrawnSources + [topic], history)
        let result = try preview(candidate)
        entries += candidate.folding.past.leftOutEntries(of: topic)
        return result
    }

    private mutating func preview(_ candidate: PolicyCandidate) throws -> Fold {
        guard !isWithinFrame else { throw problem("the frame is folded in part, and has no preview") }
        var rest = Slice.unbounded
        while try !candidate.foldHistory(within: &rest) {
            precondition(!candidate.isWaiting, "the history's next frame is not here yet")
            rest = .unbounded
        }
        var event = EventView.empty
        event.time = fold.clock
        do {
            try candidate.folding.past.fold.succeed(
                fold, by: event, entry: 0, isPreview: true, hasOtherSources: candidate.withdrawnSources != nil)
        } catch {
            throw problem("\(error)")
        }
        var result = Fold(policy: .absent)
        swap(&result, &candidate.folding.past.fold)
        return result
    }
}
