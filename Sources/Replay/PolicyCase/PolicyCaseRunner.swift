internal import Events
public import Policy
internal import Scoring

/// Folds cases and compares. No I/O: the texts of the files are arguments.
public struct PolicyCaseRunner {
    let policy: ScoringPolicy
    private let decoder = EventDecoder()

    public init(policy: ScoringPolicy) { self.policy = policy }

    public func run(_ example: PolicyCase) -> PolicyCaseResult {
        var execution = Execution(policy)
        for step in example.given { apply(step, to: &execution) }
        if let when = example.when {
            execution.addCoverage(example.subjects)
            execution.facts = []
            for step in when { apply(step, to: &execution) }
        }
        execution.addCoverage(example.subjects)
        var difference: [String] = []
        if let then = example.then {
            difference =
                PolicyCaseDifference(
                    expected: then, actual: execution.facts, hidden: example.hasOneSubject ? ["subject"] : []
                ).lines
        }
        var standings: [PolicyCaseLine?] = []
        for expected in example.standings {
            difference += compare(expected, execution.fold)
            standings.append(line(expected, execution.fold))
        }
        difference += breaches(of: example.never, in: execution)
        if example.isInAnyOrder, difference.isEmpty { difference = orders(of: example, like: execution) }
        return PolicyCaseResult(
            name: example.name, file: example.file, line: example.line, difference: difference,
            errors: execution.fold.diagnosis.failures, coverage: execution.coverage, facts: execution.facts,
            standings: standings)
    }

    /// The state of a case that is being run.
    struct Execution: ~Copyable {
        var fold: Fold
        /// The facts that are compared.
        var facts: [PolicyCaseLine] = []
        /// All facts, with their times.
        var everything: [(line: PolicyCaseLine, time: Timestamp)] = []
        var coverage = PolicyCoverage()

        init(_ policy: ScoringPolicy) { fold = Fold(policy: policy) }

        mutating func addCoverage(_ subjects: [String]) {
            for subject in subjects {
                if let standing = Array(subject.utf8).withUnsafeBytes({ fold.standing(of: $0) }) {
                    coverage.add(standing)
                }
            }
        }
    }

    func apply(_ step: PolicyCase.Step, to execution: inout Execution) {
        switch step {
        case .tick(let time): execution.fold.tick(time, entry: 0)
        case .event(let json, _), .control(let json):
            json.withUnsafeBytes { bytes in
                var event = EventView.empty
                let defect = decoder.decode(structured: bytes, into: &event)
                precondition(defect == nil, "a case was read with an event that is none")
                execution.fold.fold(event, type: execution.fold.resolve(type: event.type), entry: 0)
                take(&execution)
            }
        }
        take(&execution)
    }

    private func take(_ execution: inout Execution) {
        for fact in execution.fold.output.facts {
            let line = line(fact, reasons: execution.fold.output.reasons)
            execution.facts.append(line)
            execution.everything.append((line, fact.time))
            execution.coverage.add(fact, reasons: execution.fold.output.reasons)
        }
        execution.fold.clearOutput()
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
        let actual = line(expected, fold)
        if let wanted = expected.line, let actual, wanted.matches(actual) { return [] }
        if expected.line == nil, actual == nil { return [] }
        let shown = actual.map { actual in expected.line.map { actual.showing($0.fields.map(\.key)) } ?? actual }
        return [
            "--- standing", "+++ actual", "- \(subject): \(expected.line?.text ?? "~")",
            "+ \(subject): \(shown?.text ?? "~")",
        ]
    }

    /// The actual standing in the form of the expected one; nil if the subject is not enrolled.
    private func line(_ expected: PolicyCase.ExpectedStanding, _ fold: borrowing Fold) -> PolicyCaseLine? {
        let actual = Array(expected.subject.utf8).withUnsafeBytes { fold.standing(of: $0) }
        let dimensions = expected.line == nil ? Array(policy.dimensions.indices) : expected.dimensions
        return actual.map { line($0, dimensions: dimensions, measures: expected.measures) }
    }

    func line(_ standing: Standing, dimensions: [Int], measures: [Int]) -> PolicyCaseLine {
        let points = dimensions.map {
            (PolicyCaseText.word(policy.dimensions[$0].name), "\(standing.dimensions[$0])")
        }
        // A measure of another kind is 0; its least, greatest and latest values are absent.
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
