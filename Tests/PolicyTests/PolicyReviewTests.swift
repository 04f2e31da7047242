import Events
import Foundation
import Policy
import Testing

/// What a policy allows and its author perhaps did not mean.
@Suite struct PolicyReviewTests {
    private func warnings(_ text: String) throws -> [String] {
        try PolicyReview(yaml: text, file: "town.yaml").warnings.map { "\($0.line):\($0.column): \($0.message)" }
    }

    /// Rules of one line that give and take points, so that every band and sanction can be reached.
    private static let rules = """
        rules: [{id: fare, dimension: transport, event: fare.paid, points: 1}, {id: evaded, dimension: transport, event: fare.evaded, points: -1}]
        """

    private func document(_ change: (inout PolicyDocument) -> Void = { _ in }) -> String {
        PolicyDocument.with {
            $0.rules = Self.rules
            change(&$0)
        }
    }

    @Test func theGoodDocumentHasNone() throws { #expect(try warnings(document()) == []) }

    private static let policies = URL(filePath: #filePath).appending(path: "../../../deploy/policies").standardized

    @Test(arguments: ["town", "loyalty", "licence", "drive", "market", "credit"])
    func samplesHaveNone(name: String) throws {
        let file = Self.policies.appending(path: "\(name)/\(name).yaml")
        #expect(try warnings(String(contentsOf: file, encoding: .utf8)) == [])
    }

    // MARK: Numbers

    @Test(arguments: [
        ("data.km / 10.0 > 1.0", "/", "double(data.km)", 1),
        ("1.5 * data.trip.km > 3.0", "*", "double(data.trip.km)", 7),
        ("data.a - data.b + 0.5 > 1.0", "+", "double(…)", 8), ("-data.km * 1.5 < 0.0", "*", "double(…)", 1),
        ("data.km > 0.5 - data.x", "-", "double(data.x)", 17),
        ("data.km / (data.far ? 1.5 : 2) > 1.0", "/", "double(data.km)", 1),
        ("data.trips.exists(t, t.km / 10.0 > 2.5)", "/", "double(t.km)", 22),
    ])
    func aJSONNumberThatMeetsADouble(when: String, sign: String, hint: String, column: Int) throws {
        let text = document {
            $0.rules = "rules: [{id: r, dimension: transport, event: x, points: 1, when: \(quoted(when))}]"
            ($0.bands, $0.perks) = ("bands: [{name: A, from: 0}]", "")
        }
        #expect(
            try warnings(text) == [
                "6:66: a whole number in JSON is an int, and \(sign) of an int and a double has no value: write \(hint) "
                    + "(character \(column) of the expression)"
            ])
    }

    @Test(arguments: [("data.km / 10u > 1u", "/", 1), ("2u * data.km > 1u", "*", 6), ("data.km % 2u == 1u", "%", 1)])
    func aJSONNumberThatMeetsAUint(when: String, sign: String, column: Int) throws {
        let text = document {
            $0.rules = "rules: [{id: r, dimension: transport, event: x, points: 1, when: \(quoted(when))}]"
            ($0.bands, $0.perks) = ("bands: [{name: A, from: 0}]", "")
        }
        #expect(
            try warnings(text) == [
                "6:66: a number in JSON is no uint, and \(sign) of it and a uint has no value: write uint(data.km) "
                    + "(character \(column) of the expression)"
            ])
    }

    @Test(arguments: [
        "double(data.km) / 10.0 > 1.0", "data.km / 10 > 1", "uint(data.km) / 10u > 1u", "data.km > 10u",
        "data.km > 10.0", "data.km == 1.5", "data.a * data.b > 1",
    ])
    func numbersThatAreMeantSo(when: String) throws {
        let text = document {
            $0.rules = "rules: [{id: r, dimension: transport, event: x, points: 1, when: \(quoted(when))}]"
            ($0.bands, $0.perks) = ("bands: [{name: A, from: 0}]", "")
        }
        #expect(try warnings(text) == [])
    }

    @Test(arguments: ["data.km / 0 > 1", "data.km % 0 == 1", "size(data.l) / 0 > 1"])
    func aDivisionByZero(when: String) throws {
        let text = document {
            $0.rules = "rules: [{id: r, dimension: transport, event: x, points: 1, when: \(quoted(when))}]"
            ($0.bands, $0.perks) = ("bands: [{name: A, from: 0}]", "")
        }
        let found = try warnings(text)
        #expect(found.count == 1)
        #expect(found.first?.contains("always an error: division by zero") == true, "\(found)")
    }

    @Test func aConstantThatIs0MaySwitchADivisionOff() throws {
        let text = document {
            $0.rules = """
                rules: [{id: r, dimension: transport, event: x, points: 1, when: "data.all || data.km / constant.step > 1 || data.kg > 5 % constant.step"}]
                """
            $0.more = "constants: {step: 0}"
            ($0.bands, $0.perks) = ("bands: [{name: A, from: 0}]", "")
        }
        #expect(try warnings(text) == [])
    }

    // MARK: Answers that are certain

    @Test(arguments: [
        ("score >= 1400", "this is never true: it lies between 0 and 1300 (character 7 of the expression)"),
        ("score >= 0", "this is always true: it lies between 0 and 1300 (character 7 of the expression)"),
        ("dimension.payment > 120", "this is never true: it is 0 (character 19 of the expression)"),
        (
            "kind == \"official\"",
            "this is never true: there is no kind \"official\" here (character 6 of the expression)"
        ),
        (
            "band == \"AA\"",
            "this is never true: there is no band \"AA\" here; did you mean \"A\"? (character 6 of the expression)"
        ),
        ("band in [\"A\", \"D\"]", "there is no band \"D\" here (character 6 of the expression)"),
        ("band in [\"A\", \"C\"]", "this is always true (character 6 of the expression)"),
        (
            "score > 999 && score < 1000",
            "this is never true: these conditions on score exclude each other (character 13 of the expression)"
        ),
        (
            "score <= 999.5 || score > 999.5",
            "this is always true: these conditions on score leave nothing out (character 16 of the expression)"
        ),
        ("false", "this is never true"), ("1 > 2", "this is never true (character 3 of the expression)"),
    ])
    func perksWithACertainAnswer(when: String, message: String) throws {
        let text = document { $0.perks = "perks: [{id: p, when: \(quoted(when))}]" }
        #expect(try warnings(text) == ["8:23: \(message)"])
    }

    @Test(arguments: [
        "score > 998 && score < 1000", "score > 998.5 && score < 999.5", "score >= 1300", "score > 0",
        "kind == \"business\"", "band == \"A\"", "true",
    ])
    func perksWithoutACertainAnswer(when: String) throws {
        #expect(try warnings(document { $0.perks = "perks: [{id: p, when: \(quoted(when))}]" }) == [])
    }

    private static let measures = """
        measures:
          - {id: n, dimension: transport, event: fare.late, count: true}
          - {id: late, dimension: transport, event: fare.late, count: true, adverse: true}

        """

    @Test func aCountIsNeverNegative() throws {
        let text = document {
            $0.perks = "perks: [{id: p, when: measure.n >= 0 && measure.late > 1}]"
            $0.more = Self.measures
        }
        #expect(try warnings(text) == ["8:23: this is always true: it is at least 0 (character 11 of the expression)"])
    }

    // MARK: What can do nothing

    @Test(arguments: [
        ("event: court.debt, lifted-by: court.debt", true), ("event: \"court.*\", lifted-by: court.paid", true),
        ("event: [court.debt, court.paid], lifted-by: [x, court.paid]", true),
        ("event: court.debt, lifted-by: court.paid", false), ("event: court.debt, lifted-by: \"court.*\"", false),
        ("event: \"court.*\", lifted-by: court.paid, when: data.amount > 0", false),
        ("event: \"court.*\", lifted-by: court.paid, when: true", true),
    ])
    func anEventThatLiftsWhatItImposes(members: String, isFound: Bool) throws {
        let text = document {
            $0.more = "sanctions: [{id: s, dimension: payment, measures: [m], lasts: 1 year, \(members)}]"
        }
        let found = try warnings(text)
        #expect(found.count == (isFound ? 1 : 0), "\(found)")
        #expect(found.allSatisfy { $0.contains("lifts it and imposes it anew") }, "\(found)")
    }

    @Test func bandsThatNobodyReaches() throws {
        let text = document {
            $0.rules = """
                rules: [{id: up, dimension: transport, event: a, points: 1, cap: 10}, {id: down, dimension: transport, event: b, points: -1, per: month, cap: 5, lasts: 1 month}]
                """
            $0.bands = "bands: [{name: D, from: 0}, {name: C, from: 900}, {name: B, from: 1000}, {name: A, from: 1011}]"
            $0.perks = ""
        }
        // Of months that count at once there are at most 1 month / 28 days + 2 = 3.
        #expect(
            try warnings(text) == [
                "7:9: nobody can fall to the band \"D\": no score is less than 985",
                "7:74: nobody can reach the band \"A\": no score is more than 1010",
            ])
    }

    @Test func rulesThatDoNothing() throws {
        let text = document {
            $0.rules = """
                rules:
                - {id: a, dimension: transport, event: x, points: 0}
                - {id: b, dimension: transport, event: x, points: 1, cap: 0}
                - {id: c, dimension: transport, kinds: [official], event: x, points: 3}
                - {id: d, dimension: transport, event: x, points: 3, when: false}
                - {id: e, dimension: transport, points: 3}
                - {id: f, dimension: transport, event: x, points: 30}
                """
            $0.bands = "bands: [{name: A, from: 0}]"
            $0.perks = ""
        }
        #expect(
            try warnings(text) == [
                "7:8: this rule never gives and never takes a point",
                "8:8: this rule never gives and never takes a point",
                "9:40: the policy scores nobody of these kinds", "10:60: this is never true",
                "11:8: this rule has no event and names no measure: it gives everyone the same, at every moment",
            ])
    }

    @Test func whatIsHeldAgainstNobody() throws {
        let text = document {
            $0.more =
                Self.measures + """
                    sanctions:
                      - {id: s, dimension: transport, measures: [m], when: measure.n > 3, lasts: 1 day}
                      - {id: t, dimension: transport, measures: [m], when: measure.late > 3, lasts: 1 day}
                      - {id: u, dimension: payment, measures: [m], when: points < 0, lasts: 1 day}
                      - {id: v, dimension: transport, measures: [m], when: points < 0, notice: 1 month, lasts: 28 days}
                      - {id: w, dimension: transport, measures: [m], when: points < 0, notice: 12 months, lasts: 1 year}
                    """
        }
        #expect(
            try warnings(text) == [
                "13:56: this is a level of measures none of which is adverse: an event that comes into one of them does not "
                    + "impose it",
                "15:54: nothing can impose this: no rule over events takes points in \"payment\", and none of its measures is "
                    + "adverse",
                "15:54: this is never true: it is 0 (character 8 of the expression)",
                "16:76: it ends before it is in force: notice is as long as lasts",
                "17:76: it ends before it is in force: notice is as long as lasts",
            ])
    }

    @Test func aRuleThatTakesPointsByWhatIsNotAdverse() throws {
        let text = document {
            $0.rules = """
                rules:
                - {id: a, dimension: transport, points: "measure.n > 3 ? -60 : 0"}
                - {id: b, dimension: transport, points: "measure.late > 3 ? -60 : 0"}
                - {id: c, dimension: transport, points: "measure.n > 3 ? 60 : 0"}
                - {id: d, dimension: transport, points: measure.n * -2}
                """
            $0.bands = "bands: [{name: A, from: 0}]"
            $0.perks = ""
            $0.more = Self.measures
        }
        let message =
            "this rule takes points by measures none of which is adverse: their events impose no sanction by level"
        #expect(try warnings(text) == ["7:8: \(message)", "10:8: \(message)"])
    }

    @Test func whatNothingNames() throws {
        let text = document {
            $0.more = """
                constants: {a: 1, b: 2}
                attributes: {c: int, d: int}
                measures:
                  - {id: e, dimension: transport, event: fare.late, when: data.n > constant.a && attribute.c > 1, count: true}
                """
        }
        #expect(
            try warnings(text) == [
                "9:19: no expression names the constant \"b\"", "10:22: no expression names the attribute \"d\"",
                "12:10: no rule, perk or sanction names the measure \"e\"",
            ])
    }

    @Test func attributesThatAreNotDeclaredAreAbsent() throws {
        let text = document {
            $0.perks = "perks: [{id: p, when: attribute.teir == 'gold' || score > 1}, {id: q, when: has(attribute.x)}]"
            $0.more = "attributes: {tier: string}"
        }
        #expect(
            try warnings(text) == [
                "8:23: 'attribute' has no field 'teir': it is absent, and reading it is an error; did you mean 'tier'? "
                    + "(character 11 of the expression)",
                "8:77: 'attribute' has no field 'x': it is absent, and reading it is an error "
                    + "(character 15 of the expression)",
                "8:77: this is never true", "9:14: no expression names the attribute \"tier\"",
            ])
        #expect(try ScoringPolicy(yaml: text, file: "").namesUndeclaredAttributes)
        let declared = text.replacing("teir", with: "tier").replacing("attribute.x", with: "attribute.tier")
        #expect(try !ScoringPolicy(yaml: declared, file: "").namesUndeclaredAttributes)
    }

    @Test func warningsArePrintedForAnEditor() throws {
        let review = try PolicyReview(
            yaml: document { $0.perks = "perks: [{id: p, when: false}]" }, file: "etc/town.yaml")
        #expect(review.lines() == ["etc/town.yaml:8:23: warning: this is never true"])
        #expect(review.lines(areErrors: true) == ["etc/town.yaml:8:23: error: this is never true"])
    }

    // MARK: Samples

    private static func event(_ type: String, _ data: String, subject: String = "anna") -> String {
        """
        {"specversion":"1.0","id":"1","source":"/s","type":"\(type)","subject":"\(subject)","time":"2026-01-01T00:00:00Z","data":\(data)}
        """
    }

    @Test func whatASampleShows() throws {
        let text = document {
            $0.rules = """
                rules:
                - {id: a, dimension: transport, event: fare.*, when: data.km > 3, points: 1}
                - {id: b, dimension: transport, event: fare.paid, when: attribute.tier == 'gold', points: data.km}
                - {id: c, dimension: transport, kinds: [business], event: fare.paid, points: -1}
                - {id: d, dimension: transport, event: fare.lost, points: 1}
                """
            $0.more = "attributes: {tier: string}"
        }
        var review = try PolicyReview(yaml: text, file: "town.yaml")
        var sample = PolicySample(review.policy)
        let decoder = EventDecoder()
        for json in [
            Self.event("standing.subject.enrolled", #"{"kind":"individual","terms":"-","attributes":{"tier":"gold"}}"#),
            Self.event("standing.subject.enrolled", #"{"kind":"individual","terms":"-"}"#, subject: "bert"),
            Self.event("fare.paid", #"{"km":4}"#), Self.event("fare.paid", #"{"km":4.5}"#),
            Self.event("fare.paid", #"{}"#, subject: "bert"), Self.event("bill.paid", #"{}"#),
        ] {
            Array(json.utf8).withUnsafeBytes { bytes in
                var event = EventView.empty
                #expect(decoder.decode(structured: bytes, into: &event) == nil)
                sample.add(event)
            }
        }
        #expect(sample.events == 4)
        review.add(sample)
        let found = review.warnings.map { "\($0.line):\($0.column): \($0.message)" }
        #expect(
            found == [
                "7:8: no value for 1 of the sample's events (4 read), first \"1\" of \"/s\": no such field",
                "8:8: no value for 2 of the sample's events (4 read), first \"1\" of \"/s\": the value is a double, not an int",
                "9:8: no event of the sample matches (4 read)", "10:8: no event of the sample matches (4 read)",
            ])
    }
}
