internal import Events
internal import Policy
internal import Scoring

// The expectations of a case: facts and standings, in the spelling that the runner uses too.
extension PolicyCaseParser {
    mutating func facts(_ value: Value) -> [PolicyCaseLine] {
        (list(value, what: "then", limit: PolicyCaseFile.maximumSteps) ?? []).compactMap { fact($0) }
    }

    private func fact(_ item: Value) -> PolicyCaseLine? {
        guard let words = reader.mapping(item, what: "a fact", known: nil) else { return nil }
        let common = ["subject", "at", "because"]
        if words["sanction"] != nil {
            return sanctionFact(item, known: ["sanction", "state", "reason", "restored", "since", "until"] + common)
        }
        if words["perk"] != nil { return perkFact(item, known: ["perk", "state"] + common) }
        if words["score"] != nil || words["band"] != nil {
            return scoreFact(item, known: ["score", "was", "band"] + common)
        }
        if let first = words.names.first, !common.contains(first.name) {
            reader.noteUnknown(
                "fact", first.name, known: ["score", "band", "sanction", "perk"], at: first.key, listing: true)
        } else {
            reader.note("a fact is about a score (or a band), a sanction or a perk", at: item)
        }
        return nil
    }

    private func scoreFact(_ item: Value, known: [String]) -> PolicyCaseLine? {
        guard let fact = reader.mapping(item, what: "the fact of a score", known: known) else { return nil }
        var line = PolicyCaseLine()
        // There is no score before the enrolment and none after the withdrawal.
        for key in ["score", "was"] {
            guard let value = fact[key] else { continue }
            if reader.isNull(value) {
                line.fields.append(.init(key, "~"))
            } else if let score = score(value, what: key) {
                line.fields.append(.init(key, "\(score)"))
            }
        }
        if let band = fact["band"].flatMap({ self.band($0) }) { line.fields.append(.init("band", band)) }
        appendCommon(fact, to: &line)
        return line
    }

    private func sanctionFact(_ item: Value, known: [String]) -> PolicyCaseLine? {
        guard let fact = reader.mapping(item, what: "the fact of a sanction", known: known) else { return nil }
        var line = PolicyCaseLine()
        if let id = fact["sanction"].flatMap({ sanction($0) }) {
            line.fields.append(.init("sanction", PolicyCaseText.word(id)))
        }
        let states = SanctionState.allCases.map(\.name.description) + ["lifted"]
        append("state", fact["state"], of: states, to: &line)
        append("reason", fact["reason"], of: LiftReason.allCases.map(\.name.description), to: &line)
        if let restored = fact["restored"].flatMap({ reader.bool($0, what: "restored") }), restored {
            line.fields.append(.init("restored", "true"))
        }
        if let location = fact.location(of: "reason"), line["state"] != nil, line["state"] != "lifted" {
            reader.note("only a lifted sanction has a reason", at: location)
        }
        appendCommon(fact, to: &line)
        return line
    }

    private func perkFact(_ item: Value, known: [String]) -> PolicyCaseLine? {
        guard let fact = reader.mapping(item, what: "the fact of a perk", known: known) else { return nil }
        var line = PolicyCaseLine()
        append("perk", fact["perk"], of: policy.perks.map(\.id), listing: false, to: &line)
        append("state", fact["state"], of: ["granted", "revoked"], to: &line)
        appendCommon(fact, to: &line)
        return line
    }

    private func appendCommon(_ fact: YAMLReader.Mapping, to line: inout PolicyCaseLine) {
        if let subject = fact["subject"].flatMap({ reader.string($0, what: "subject") }) {
            line.fields.append(.init("subject", PolicyCaseText.word(subject)))
        }
        for key in ["at", "since", "until"] {
            guard let time = fact[key].flatMap({ time($0, what: key) }) else { continue }
            line.fields.append(.init(key, PolicyCaseText.time(time)))
        }
        if let because = fact["because"].flatMap({ list($0, what: "because", limit: ScoringPolicy.maximumRules) }) {
            line.fields.append(.init("because", PolicyCaseText.list(because.compactMap { reason($0) })))
        }
    }

    /// `RULE POINTS`
    private func reason(_ value: Value) -> String? {
        guard let text = reader.string(value, what: "because") else { return nil }
        let words = text.split(separator: " ")
        guard words.count == 2, let points = Int64(words[1]) else {
            reader.note("because lists rules with their points, such as [fare-evaded -15]", at: value)
            return nil
        }
        let rule = String(words[0])
        guard policy.rules.contains(where: { $0.id == rule }) else {
            reader.noteUnknown("rule", rule, known: policy.rules.map(\.id), at: value)
            return nil
        }
        return PolicyCaseText.reason(rule, points)
    }

    private func append(
        _ key: String, _ value: Value?, of known: [String], listing: Bool = true, to line: inout PolicyCaseLine
    ) {
        guard let value, let index = choice(value, what: key, of: known, listing: listing) else { return }
        line.fields.append(.init(key, PolicyCaseText.word(known[index])))
    }

    private func score(_ value: Value, what: String) -> Int64? {
        reader.integer(value, what: what, in: -ScoringPolicy.saturation...ScoringPolicy.saturation)
    }

    private func band(_ value: Value) -> String? {
        let names = policy.bands.map(\.name)
        return choice(value, what: "band", of: names, listing: true).map { PolicyCaseText.word(names[$0]) }
    }

    // MARK: Forbidden facts

    /// One, or a list. `within` counts from the first step that has a time.
    func forbidden(_ value: Value, from steps: [PolicyCase.Step]) -> [PolicyCase.Forbidden] {
        let items = value.items ?? [value]
        return items.compactMap { item in
            guard
                let words = reader.mapping(
                    item, what: "what is never so", known: ["sanction", "perk", "band", "within"])
            else { return nil }
            var line = PolicyCaseLine()
            if let id = words["sanction"].flatMap({ sanction($0) }) {
                line.fields.append(.init("sanction", PolicyCaseText.word(id)))
            }
            append("perk", words["perk"], of: policy.perks.map(\.id), listing: false, to: &line)
            if let band = words["band"].flatMap({ self.band($0) }) { line.fields.append(.init("band", band)) }
            guard words.names.count(where: { $0.name != "within" }) == 1 else {
                reader.note("never is about a sanction, a perk or a band", at: item)
                return nil
            }
            var text = line
            var before: Timestamp?
            if let value = words["within"], let written = reader.string(value, what: "within") {
                guard let span = CalendarSpan(written) else {
                    reader.note("within must be a number of days, months or years, such as 30 days", at: value)
                    return nil
                }
                before = steps.lazy.compactMap(\.time).first?.adding(span)
                text.fields.append(.init("within", span.description))
            }
            return line.fields.isEmpty ? nil : PolicyCase.Forbidden(line: line, before: before, text: text.text)
        }
    }

    // MARK: Standings

    mutating func standings(_ value: Value) -> [PolicyCase.ExpectedStanding] {
        guard let mapping = reader.mapping(value, what: "standing", known: nil) else { return [] }
        return mapping.names.compactMap { name, _, value in standing(of: name, value) }
    }

    private func standing(of subject: String, _ value: Value) -> PolicyCase.ExpectedStanding? {
        if reader.isNull(value) { return .init(subject: subject, line: nil, dimensions: [], measures: []) }
        let known = ["kind", "score", "band", "dimensions", "measures", "sanctions", "perks"]
        guard let mapping = reader.mapping(value, what: "a standing", known: known) else { return nil }
        var line = PolicyCaseLine()
        append("kind", mapping["kind"], of: SubjectKind.allCases.map(\.description), to: &line)
        if let score = mapping["score"].flatMap({ self.score($0, what: "score") }) {
            line.fields.append(.init("score", "\(score)"))
        }
        if let band = mapping["band"].flatMap({ self.band($0) }) { line.fields.append(.init("band", band)) }
        var dimensions: [(number: Int, points: Int64)] = []
        if let value = mapping["dimensions"] { dimensions = points(value) }
        if !dimensions.isEmpty {
            let texts = dimensions.map { (PolicyCaseText.word(policy.dimensions[$0.number].name), "\($0.points)") }
            line.fields.append(.init("dimensions", PolicyCaseText.mapping(texts)))
        }
        let measures = mapping["measures"].map(measures) ?? []
        if !measures.isEmpty {
            let texts = measures.map { (PolicyCaseText.word(policy.measures[$0.number].id), $0.text) }
            line.fields.append(.init("measures", PolicyCaseText.mapping(texts)))
        }
        if let value = mapping["sanctions"] { line.fields.append(.init("sanctions", sanctions(value))) }
        if let value = mapping["perks"] { line.fields.append(.init("perks", perks(value))) }
        return .init(
            subject: subject, line: line, dimensions: dimensions.map(\.number), measures: measures.map(\.number))
    }

    /// The measures that are named, in policy order; `~` is an absent one.
    private func measures(_ value: Value) -> [(number: Int, text: String)] {
        guard let mapping = reader.mapping(value, what: "measures", known: policy.measures.map(\.id)) else { return [] }
        return mapping.names.compactMap { name, _, value in
            guard let number = policy.measures.firstIndex(where: { $0.id == name }) else { return nil }
            if reader.isNull(value) { return (number, "~") }
            return reader.integer(value, what: name, in: .min ... .max).map { (number, "\($0)") }
        }.sorted { $0.number < $1.number }
    }

    private func points(_ value: Value) -> [(number: Int, points: Int64)] {
        guard let mapping = reader.mapping(value, what: "dimensions", known: policy.dimensions.map(\.name)) else {
            return []
        }
        return mapping.names.compactMap { name, _, value in
            guard let number = policy.dimensions.firstIndex(where: { $0.name == name }),
                let points = score(value, what: name)
            else { return nil }
            return (number, points)
        }.sorted { $0.number < $1.number }
    }

    private func sanctions(_ value: Value) -> String {
        let ids = policy.sanctions.map(\.id)
        let states = SanctionState.allCases.map(\.name.description)
        guard let mapping = reader.mapping(value, what: "sanctions", known: ids) else { return "" }
        let found = mapping.names.compactMap { name, _, value -> (Int, String)? in
            guard let sanction = ids.firstIndex(of: name),
                let state = choice(value, what: "state", of: states, listing: true)
            else { return nil }
            return (sanction, states[state])
        }
        return PolicyCaseText.mapping(found.sorted { $0.0 < $1.0 }.map { (PolicyCaseText.word(ids[$0.0]), $0.1) })
    }

    private func perks(_ value: Value) -> String {
        let ids = policy.perks.map(\.id)
        let found = (list(value, what: "perks", limit: ScoringPolicy.maximumPerks) ?? []).compactMap {
            choice($0, what: "perk", of: ids)
        }
        return PolicyCaseText.list(found.sorted().map { PolicyCaseText.word(ids[$0]) })
    }
}

extension PolicyCase.Step {
    /// Nil if there is none.
    fileprivate var time: Timestamp? {
        switch self {
        case .tick(let time): return time
        case .event(let json, _), .control(let json):
            return json.withUnsafeBytes { bytes in
                var event = EventView.empty
                return EventDecoder().decode(structured: bytes, into: &event) == nil ? event.time : nil
            }
        }
    }
}
