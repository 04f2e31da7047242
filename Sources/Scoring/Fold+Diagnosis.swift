internal import Events
internal import CEL
internal import Policy

// Reasons why events do not count: noted by number where they occur, reported by name.
extension Fold {
    /// Counts a failed evaluation and notes its reason, for which it is evaluated once more.
    @inline(never) mutating func noteError(
        of part: FoldDiagnostics.Part, _ expression: Unmanaged<Expression>, wanted: ValueType, _ frame: EvaluationFrame,
        _ cause: Cause, _ record: UnsafeMutablePointer<Int64>
    ) {
        counters.evaluationErrors += 1
        // The count in a subject's record is part of the state. A shadow counts the failures that a past counts.
        if purpose == .shadow, !part.isOfPast { return }
        let header = SubjectTable.header(record)
        if header.pointee.errors < .max { header.pointee.errors += 1 }
        // Failures in a policy's past are not reported.
        guard purpose == .live else { return }
        let reason = expression._withUnsafeGuaranteedRef { $0.failure(frame, wanted: wanted) }
        diagnostics.note(part, reason, of: cause.behaviour)
    }

    /// The reasons why events did not count since this fold began, or since `takeDiagnosis`. Topics have no names here:
    /// the ledger has them.
    public var diagnosis: Diagnosis {
        var diagnosis = Diagnosis()
        diagnosis.failures = diagnostics.failures.enumerated()
            .sorted { a, b in
                let (x, y) = (a.element.part.order, b.element.part.order)
                return (x.list, x.number, a.offset) < (y.list, y.number, b.offset)
            }
            .map { failure($0.element) }
        diagnosis.otherFailures = diagnostics.otherFailures
        diagnosis.unmatchedTypes = diagnostics.types
            .map { Diagnosis.UnmatchedType(type: String(decoding: $0.name, as: UTF8.self), events: $0.events) }
            .sorted { a, b in (b.events, a.type) < (a.events, b.type) }
        diagnosis.otherUnmatched = diagnostics.otherTypes
        diagnosis.waiting = Int64(early.count)
        diagnosis.timersFired = diagnostics.timersFired
        for (rule, counts) in zip(policy.rules, countsByRule) {
            if counts.events > 0 {
                diagnosis.ruleEvents.append(Diagnosis.RuleEvents(rule: rule.id, events: counts.events))
            }
            if counts.cost > 0 { diagnosis.ruleCosts.append(Diagnosis.RuleCost(rule: rule.id, units: counts.cost)) }
        }
        return diagnosis
    }

    /// Returns the diagnosis and resets it.
    public mutating func takeDiagnosis() -> Diagnosis {
        let taken = diagnosis
        if !diagnostics.isEmpty { diagnostics = FoldDiagnostics() }
        forgetCountsByRule()
        return taken
    }

    /// Begins the counts by name anew. `counters` stay.
    public mutating func forgetDiagnosis() {
        diagnostics = FoldDiagnostics()
        forgetCountsByRule()
    }

    func forgetCountsByRule() { countsByRule.update(repeating: RuleCounts()) }

    /// Timers that are not due yet.
    public var timerCount: Int { timers.count + decisionTimers.count }

    private func failure(_ failure: FoldDiagnostics.Failure) -> Diagnosis.Failure {
        let (part, id) = name(failure.part)
        let example = failure.example.map { example in
            Diagnosis.Example(
                source: String(decoding: example.source, as: UTF8.self),
                id: String(decoding: example.id, as: UTF8.self))
        }
        return Diagnosis.Failure(
            part: part, id: id, reason: failure.reason.description, count: failure.count, example: example)
    }

    private func name(_ part: FoldDiagnostics.Part) -> (part: Diagnosis.Part, id: String) {
        switch part {
        case .rule(let number): (.rule, policy.rules[number].id)
        case .measure(let number): (.measure, policy.measures[number].id)
        case .sanction(let number): (.sanction, policy.sanctions[number].id)
        case .perk(let number): (.perk, policy.perks[number].id)
        }
    }
}

extension FoldDiagnostics.Part {
    /// Whether a policy's past evaluates this part's expressions too.
    fileprivate var isOfPast: Bool {
        switch self {
        case .rule, .measure: true
        case .sanction, .perk: false
        }
    }

    /// Rules, measures, sanctions and perks, each in policy order.
    fileprivate var order: (list: Int, number: Int) {
        switch self {
        case .rule(let number): (0, number)
        case .measure(let number): (1, number)
        case .sanction(let number): (2, number)
        case .perk(let number): (3, number)
        }
    }
}

extension Fold.Cause {
    /// The behaviour event of the step; nil for a timer and for a change of policy.
    fileprivate var behaviour: UnsafePointer<EventView>? {
        if case .event(let event) = self { event } else { nil }
    }
}
