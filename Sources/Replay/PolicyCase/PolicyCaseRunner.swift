internal import Events
public import Policy
internal import Scoring

/// Folds cases and compares. No I/O: the texts of the files are passed in.
public struct PolicyCaseRunner {
    private let policy: ScoringPolicy
    private let decoder = EventDecoder()

    public init(policy: ScoringPolicy) { self.policy = policy }

    public func run(_ example: PolicyCase) -> PolicyCaseResult {
        var fold = Fold(policy: policy)
        var facts: [PolicyCaseLine] = []
        for step in example.given { apply(step, to: &fold, &facts) }
        if let when = example.when {
            facts = []
            for step in when { apply(step, to: &fold, &facts) }
        }
        var difference: [String] = []
        if let then = example.then {
            difference =
                PolicyCaseDifference(
                    expected: then, actual: facts, hidden: example.hasOneSubject ? ["subject"] : []
                ).lines
        }
        for expected in example.standings { difference += compare(expected, fold) }
        return PolicyCaseResult(
            name: example.name, file: example.file, line: example.line, difference: difference,
            errors: fold.diagnosis.failures)
    }

    private func apply(_ step: PolicyCase.Step, to fold: inout Fold, _ facts: inout [PolicyCaseLine]) {
        switch step {
        case .tick(let time): fold.tick(time, entry: 0)
        case .event(let json):
            json.withUnsafeBytes { bytes in
                var event = EventView.empty
                let defect = decoder.decode(structured: bytes, into: &event)
                precondition(defect == nil, "a case was read with an event that is none")
                fold.fold(event, type: fold.resolve(type: event.type), entry: 0)
                take(&fold, &facts)
            }
        }
        take(&fold, &facts)
    }

    private func take(_ fold: inout Fold, _ facts: inout [PolicyCaseLine]) {
        for fact in fold.output.facts { facts.append(line(fact, reasons: fold.output.reasons)) }
        fold.clearOutput()
    }

    // MARK: Facts

    private func line(_ fact: Fact, reasons: [Reason]) -> PolicyCaseLine {
        var line = PolicyCaseLine()
        func add(_ key: String, _ text: String) { line.fields.append(.init(key, text)) }
        switch fact.kind.topic {
        case .scoreChanges:
            add("score", fact.after.map { "\($0.score)" } ?? "~")
            add("was", fact.before.map { "\($0.score)" } ?? "~")
            add("band", fact.after.map { PolicyCaseText.word(policy.bands[$0.band].name) } ?? "~")
        case .sanctions:
            add("sanction", PolicyCaseText.word(policy.sanctions[fact.item].id))
            add("state", Self.state(fact.kind))
            if let reason = fact.term?.lifted { add("reason", reason.name.description) }
            if fact.term?.isRestored == true { add("restored", "true") }
        case .perks:
            add("perk", PolicyCaseText.word(policy.perks[fact.item].id))
            add("state", Self.state(fact.kind))
        }
        add("subject", PolicyCaseText.word(String(decoding: fact.subject, as: UTF8.self)))
        add("at", PolicyCaseText.time(fact.time))
        if let term = fact.term {
            add("since", PolicyCaseText.time(term.since))
            add("until", PolicyCaseText.time(term.until))
        }
        add(
            "because",
            PolicyCaseText.list(
                reasons[fact.reasons].map { PolicyCaseText.reason(policy.rules[$0.rule].id, $0.points) }))
        return line
    }

    private static func state(_ kind: Fact.Kind) -> String {
        switch kind {
        case .scoreChanged: "changed"
        case .sanctionNoticed: "noticed"
        case .sanctionInForce: "in-force"
        case .sanctionStayed: "stayed"
        case .sanctionLifted: "lifted"
        case .perkGranted: "granted"
        case .perkRevoked: "revoked"
        }
    }

    // MARK: Standings

    private func compare(_ expected: PolicyCase.ExpectedStanding, _ fold: borrowing Fold) -> [String] {
        let subject = PolicyCaseText.word(expected.subject)
        let actual = Array(expected.subject.utf8).withUnsafeBytes { fold.standing(of: $0) }
        guard let actual else {
            return expected.line.map { ["--- standing", "+++ actual", "- \(subject): \($0.text)", "+ \(subject): ~"] }
                ?? []
        }
        let dimensions = expected.line == nil ? Array(policy.dimensions.indices) : expected.dimensions
        let line = line(actual, dimensions: dimensions, measures: expected.measures)
        if let wanted = expected.line, wanted.matches(line) { return [] }
        let shown = expected.line.map { line.showing($0.fields.map(\.key)) } ?? line
        return [
            "--- standing", "+++ actual", "- \(subject): \(expected.line?.text ?? "~")", "+ \(subject): \(shown.text)",
        ]
    }

    private func line(_ standing: Standing, dimensions: [Int], measures: [Int]) -> PolicyCaseLine {
        let points = dimensions.map {
            (PolicyCaseText.word(policy.dimensions[$0].name), "\(standing.dimensions[$0])")
        }
        // A measure of another kind is 0, its least, greatest and latest are absent.
        let values = measures.map { number in
            let measure = policy.measures[number]
            let value = standing.measures.first { $0.measure == number }.map(\.value) ?? (measure.mayBeAbsent ? nil : 0)
            return (PolicyCaseText.word(measure.id), value.map { "\($0)" } ?? "~")
        }
        let sanctions = standing.sanctions.map {
            (PolicyCaseText.word(policy.sanctions[$0.sanction].id), $0.state.name.description)
        }
        let perks = standing.perks.map { PolicyCaseText.word(policy.perks[$0].id) }
        var line = PolicyCaseLine(fields: [
            .init("kind", standing.kind.description), .init("score", "\(standing.level.score)"),
            .init("band", PolicyCaseText.word(policy.bands[standing.level.band].name)),
            .init("dimensions", PolicyCaseText.mapping(points)),
        ])
        if !values.isEmpty { line.fields.append(.init("measures", PolicyCaseText.mapping(values))) }
        line.fields += [
            .init("sanctions", PolicyCaseText.mapping(sanctions)), .init("perks", PolicyCaseText.list(perks)),
        ]
        return line
    }
}
