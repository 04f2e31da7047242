import Policy
import Testing

/// What can be wrong with constants, attributes, measures, rules over them, rolling and fading rules, and prefixes.
@Suite struct MeasureMistakesTests {
    private static let ofConstant =
        "the constant \"a\" must be an int, a double, a text, true or false, or a list of them"
    private static let ofVariable =
        "must be lower-case letters, digits and underscores, a letter first, at most 128"
    private static let ofField = "must be letters, digits and underscores, no digit first, at most 128"
    private static let notOverEvent =
        "is not seen over an event: only rules without \"event\", sanctions by level and perks see measures"
    private static let notWithoutEvent =
        "needs an event: a rule without \"event\" is over measures, and counts at every moment"
    private static let ofTransport =
        "a rule without \"event\" sees the measures of \"transport\", constant, attribute and kind"

    /// A line, what of it the mistake is at, and its message.
    struct Mistake: Sendable, CustomTestStringConvertible {
        let line: String
        let marked: String
        let message: String

        init(_ line: String, at marked: String, _ message: String) {
            (self.line, self.marked, self.message) = (line, marked, message)
        }

        var testDescription: String { line }

        /// `COLUMN: MESSAGE`; the column is that of the last `marked` in the line.
        var text: String {
            let column = line.ranges(of: marked).last.map {
                line.distance(from: line.startIndex, to: $0.lowerBound) + 1
            }
            return "\(column ?? 0): \(message)"
        }
    }

    // MARK: Sections

    private static func measure(_ members: String, at marked: String, _ message: String) -> Mistake {
        Mistake("measures: [{id: n, dimension: transport, \(members)}]", at: marked, message)
    }

    static let sections: [Mistake] = [
        Mistake("constants: 3", at: "3", "constants must be a mapping"),
        Mistake("constants: {2nd: 3}", at: "2nd", "\"2nd\" \(ofField)"),
        Mistake("constants: {a: {}}", at: "{}", ofConstant), Mistake("constants: {a: ~}", at: "~", ofConstant),
        Mistake("constants: {a: .inf}", at: ".inf", ofConstant),
        Mistake("constants: {a: [[1]]}", at: "[1]", ofConstant),
        Mistake("constants: {a: 9223372036854775808}", at: "9223372036854775808", ofConstant),
        Mistake("attributes: [tier]", at: "[tier]", "attributes must be a mapping"),
        Mistake(
            "attributes: {tier: strnig}", at: "strnig",
            "unknown type \"strnig\": int, double, string, bool, timestamp; did you mean \"string\"?"),
        Mistake("attributes: {tier: {}}", at: "{}", "the type of an attribute must be a word or text"),
        Mistake("attributes: {tier-1: int}", at: "tier-1", "\"tier-1\" \(ofField)"),
        Mistake(
            "attributes: {marital_status: string}", at: "marital_status",
            "\"marital_status\" is a protected attribute: no policy may know it"),
        Mistake(
            "attributes: {union__membership: bool}", at: "union__membership",
            "\"union__membership\" is a protected attribute: no policy may know it"),
        Mistake("measures: {}", at: "{}", "measures must be a list"),
        measure("count: true", at: "{id", "a measure lacks \"event\""),
        measure("event: x", at: "{id", "a measure lacks what it measures: count, sum, min, max, latest, streak"),
        measure("event: x, count: false", at: "false", "count is true where there is one"),
        measure("event: x, count: 3", at: "3", "count must be true or false"),
        measure(
            "event: x, count: true, sum: data.n", at: "sum",
            "a measure is one of count, sum, min, max, latest, streak, and this has count"),
        measure("event: x, sum: 1.5", at: "1.5", "sum must give an int, not a double"),
        measure("event: x, max: kind", at: "kind", "max must give an int, not a string"),
        measure(
            "event: x, latest: data.n +", at: "data.n",
            "expected a value, not the end (character 9 of the expression)"),
        measure("event: x, streak: []", at: "[]", "streak must name at least one"),
        measure(
            "event: x, streak: standing.*", at: "standing", "types under \"standing.\" are reserved for control events"),
        measure("event: x, count: true, within: 0 days", at: "0 days", "within must be at least 1 day"),
        measure("event: x, count: true, adverse: 1", at: "1", "adverse must be true or false"),
        measure(
            "event: x, count: true, when: data.gender == 'f'", at: "data.gender",
            "\"gender\" is a protected attribute: no rule and no sanction may look at it"),
        measure("event: x, count: true, lasts: 3 days", at: "lasts", "unknown key \"lasts\" in a measure"),
        measure("event: x, count: true, when: measure.n > 1", at: "measure.n", "measure.n \(notOverEvent)"),
        Mistake(
            "measures: [{id: n-1, dimension: transport, event: x, count: true}]", at: "n-1", "\"n-1\" \(ofVariable)"),
        measure(
            "event: x, count: true}, {dimension: transport, event: x, count: true, id: n", at: "n}",
            "the measure \"n\" is already there"),
        measure(
            "event: fare.paid, count: true, kinds: [person]", at: "person",
            "unknown kind \"person\": individual, business, official"),
    ]

    @Test(arguments: sections) func sectionsHaveTheirMistakesLocated(mistake: Mistake) throws {
        #expect(try mistakes(in: PolicyDocument.with { $0.more = mistake.line }) == ["9:\(mistake.text)"])
    }

    // MARK: Rules

    /// Three lines.
    private static let measures = """
        measures: [{id: fares, dimension: transport, event: fare.*, count: true}, {id: bills, dimension: payment, event: bill.*, count: true}]
        attributes: {tier: string}
        constants: {limit: 3}
        """

    private static func rule(_ members: String, at marked: String, _ message: String) -> Mistake {
        Mistake("rules: [{id: r, dimension: transport, \(members)}]", at: marked, message)
    }

    static let rules: [Mistake] = [
        rule("points: measure.bills", at: "measure.bills", ofTransport),
        rule("points: score", at: "score", ofTransport),
        rule(
            "points: data.n", at: "data.n",
            "unknown name 'data': there is no event here (character 1 of the expression)"),
        rule(
            "points: measure.fare", at: "measure.fare",
            "'measure' has no field 'fare'; did you mean 'fares'? (character 9 of the expression)"),
        rule(
            "points: measure.trips", at: "measure.trips",
            "'measure' has no field 'trips': measures declares none of this name (character 9 of the expression)"),
        rule(
            "event: fare.paid, points: constant.colour", at: "constant.colour",
            "'constant' has no field 'colour': constants declares none of this name (character 10 of the expression)"),
        rule(
            "points: \"has(attribute.gender) ? 1 : 0\"", at: "\"has",
            "\"gender\" is a protected attribute: no policy may know it"),
        rule(
            "event: fare.paid, points: 1, when: \"attribute['marital-status'] == 'x'\"", at: "\"attribute",
            "\"marital-status\" is a protected attribute: no policy may know it"),
        rule("points: measure.fares > 1", at: "measure.fares", "points must give an int, not a bool"),
        rule("points: 1, when: true", at: "when", "when \(notWithoutEvent)"),
        rule("points: 1, per: day", at: "per", "per \(notWithoutEvent)"),
        rule("points: 1, within: 1 day", at: "within", "within \(notWithoutEvent)"),
        rule("points: 1, fades: true", at: "fades", "fades \(notWithoutEvent)"),
        rule("event: fare.paid, points: 1, within: 0 months", at: "0 months", "within must be at least 1 day"),
        rule(
            "event: fare.paid, points: 1, within: 1 day, per: day", at: "per",
            "per does not go with within, which counts each event from its own day on"),
        rule(
            "event: fare.paid, points: 1, lasts: 1 day, within: 1 day", at: "lasts",
            "lasts does not go with within, which counts each event from its own day on"),
        rule(
            "event: fare.paid, points: 1, within: 1 day, fades: true", at: "fades",
            "fades does not go with within, which counts each event from its own day on"),
        rule(
            "event: fare.paid, points: 1, per: day, fades: true", at: "fades",
            "fades needs per and lasts: this rule lacks \"lasts\""),
        rule(
            "event: fare.paid, points: 1, per: day, lasts: 121 days, fades: true", at: "fades",
            "fades takes 1 to 120 steps, one a day or a month of lasts; 121 days are not"),
        rule(
            "event: fare.paid, points: 1, per: day, lasts: 11 years, fades: true", at: "fades",
            "fades takes 1 to 120 steps, one a day or a month of lasts; 11 years are not"),
        rule("event: fare.paid, points: 1, per: day, lasts: 1 day, fades: 1", at: "1", "fades must be true or false"),
        rule(
            "event: fare.paid, points: 1, when: measure.fares > 1", at: "measure.fares", "measure.fares \(notOverEvent)"
        ),
        rule(
            "event: fare.paid, points: 1, when: score > 1", at: "score",
            "unknown name 'score': what is over an event sees no standing (character 1 of the expression)"),
        rule(
            "event: fare.paid, points: 1, when: attribute.tier > 1", at: "attribute",
            "no overload of > for string and int (character 16 of the expression)"),
        rule(
            "event: fare.paid, points: 1, when: constant.limit == 'a'", at: "constant",
            "an int never equals a string: '==' is always false (character 16 of the expression)"),
        rule("event: fare*, points: 1", at: "fare*", "a * stands only at the end of a prefix such as bill.*"),
        rule(
            "event: [fare.paid, \"*\"], points: 1", at: "\"*\"", "a * stands only at the end of a prefix such as bill.*"
        ),
        rule(
            "event: standing.subject.*, points: 1", at: "standing",
            "types under \"standing.\" are reserved for control events"),
    ]

    @Test(arguments: rules) func rulesHaveTheirMistakesLocated(mistake: Mistake) throws {
        let text = PolicyDocument.with { ($0.rules, $0.more) = (mistake.line, Self.measures) }
        #expect(try mistakes(in: text) == ["6:\(mistake.text)"])
    }

    @Test(arguments: [
        "points: measure.fares * 2", "points: 1, cap: 3", "points: constant.limit",
        "points: 'has(attribute.tier) && kind == \"business\" ? constant.limit : 0'",
        "event: fare.paid, points: 1, within: 1 day, cap: 3", "event: [fare.*, fare.paid], points: 1",
        "event: fare.paid, points: 1, per: day, lasts: 120 days, fades: true",
        "event: fare.paid, points: 1, per: day, fades: false", "points: 1, fades: false",
        "event: fare.paid, points: 1, within: 1 day, fades: false",
        "event: fare.paid, points: 1, when: \"attribute.tier in ['a', 'b'] && data.n > constant.limit\"",
        "points: attribute.colour", "points: 'has(attribute.colour) ? 1 : 2'",
        "event: fare.paid, points: attribute.rate, when: attribute.colour == 'red'",
    ])
    func goodRules(members: String) throws {
        let text = PolicyDocument.with {
            ($0.rules, $0.more) = ("rules: [{id: r, dimension: transport, \(members)}]", Self.measures)
        }
        #expect(try mistakes(in: text) == [])
    }

    // MARK: Who sees what

    private static let outsideItsDimension =
        "a sanction's level must not look outside its dimension: it sees points and measures (those of \"transport\"), "
        + "attribute and kind"

    private static func sanction(_ members: String, at marked: String, _ message: String) -> Mistake {
        Mistake(
            "sanctions: [{id: s, dimension: transport, measures: [m], lasts: 1 day, \(members)}]", at: marked, message)
    }

    static let sanctions: [Mistake] = [
        sanction("when: measure.bills > 3", at: "measure.bills", outsideItsDimension),
        sanction("when: score < 3", at: "score", outsideItsDimension),
        sanction("event: fare.x, when: measure.fares > 1", at: "measure.fares", "measure.fares \(notOverEvent)"),
    ]

    @Test(arguments: sanctions) func sanctionsHaveTheirMistakesLocated(mistake: Mistake) throws {
        let text = PolicyDocument.with { $0.more = Self.measures + "\n" + mistake.line }
        #expect(try mistakes(in: text) == ["12:\(mistake.text)"])
    }

    @Test func whatMayBeSeen() throws {
        let text = PolicyDocument.with {
            $0.perks = "perks: [{id: p, when: measure.fares + measure.bills > constant.limit && attribute.tier == 'a'}]"
            $0.more =
                Self.measures + """

                    sanctions:
                      - {id: s, dimension: transport, measures: [m], lasts: 1 day, when: measure.fares > 3 || points < -constant.limit}
                      - {id: t, dimension: payment, measures: [m], lasts: 1 day, when: measure.bills > 3 && attribute.tier == 'a'}
                      - {id: u, dimension: payment, measures: [m], lasts: 1 day, event: bill.*, when: attribute.tier == 'a'}
                    """
        }
        #expect(try mistakes(in: text) == [])
    }

    // MARK: Two dimensions

    private func mistakesOfRules(_ events: (String, String)...) throws -> [String] {
        try mistakes(
            in: PolicyDocument.with {
                $0.rules =
                    "rules:\n"
                    + events.enumerated().map { number, event in
                        "- {id: r\(number), dimension: \(event.1), points: 1, event: \(event.0)}"
                    }.joined(separator: "\n")
            })
    }

    private static func overlap(_ later: String, _ earlier: String, _ dimension: String, _ user: String) -> String {
        "the \(later) overlaps \"\(earlier)\", which is used in dimension \"\(dimension)\" (by rule \"\(user)\"): "
            + "evidence must not cross dimensions"
    }

    @Test func prefixesAndTypesOfTwoDimensionsDoNotOverlap() throws {
        #expect(try mistakesOfRules(("fare.*", "transport"), ("fares.x", "payment"), ("fare", "payment")) == [])
        #expect(try mistakesOfRules(("fare.*", "transport"), ("fare.paid", "transport")) == [])
        #expect(
            try mistakesOfRules(("fare.*", "transport"), ("fare.paid", "payment")) == [
                "8:50: " + Self.overlap("event type \"fare.paid\"", "fare.*", "transport", "r0")
            ])
        #expect(
            try mistakesOfRules(("fare.paid", "transport"), ("[bill.paid, fare.*]", "payment")) == [
                "8:62: " + Self.overlap("prefix \"fare.*\"", "fare.paid", "transport", "r0")
            ])
        #expect(
            try mistakesOfRules(("a.b.*", "transport"), ("a.*", "payment"), ("a.b.c.*", "transport")) == [
                "8:50: " + Self.overlap("prefix \"a.*\"", "a.b.*", "transport", "r0"),
                "9:52: " + Self.overlap("prefix \"a.b.c.*\"", "a.*", "payment", "r1"),
            ])
    }

    @Test func whatBreaksAStreakBelongsToItsDimension() throws {
        let text = PolicyDocument.with {
            $0.more = "measures: [{id: n, dimension: payment, event: bill.paid, streak: fare.*}]"
        }
        #expect(
            try mistakes(in: text) == ["9:66: " + Self.overlap("prefix \"fare.*\"", "fare.paid", "transport", "fare")])
    }

    @Test func limitsOfNumber() throws {
        func list(_ count: Int, _ item: (Int) -> String) -> String { (0..<count).map(item).joined(separator: ", ") }
        func found(_ more: String) throws -> [String] { try mistakes(in: PolicyDocument.with { $0.more = more }) }
        #expect(try found("constants: {\(list(257) { "c\($0): 1" })}") == ["9:12: more than 256 constants"])
        #expect(
            try found("constants: {c: [\(list(1025) { "\($0)" })]}") == ["9:16: a constant has at most 1024 items"])
        #expect(try found("attributes: {\(list(65) { "a\($0): int" })}") == ["9:13: more than 64 attributes"])
        let measures = list(257) { "{id: m\($0), dimension: transport, event: x, count: true}" }
        #expect(try found("measures: [\(measures)]") == ["9:11: more than 256 measures"])
    }
}
