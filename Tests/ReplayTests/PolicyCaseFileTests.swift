import Policy
import Replay
import Testing

/// What is wrong with a file of cases is reported with its location, all at once.
@Suite struct PolicyCaseFileTests {
    static let policy = """
        policy: town
        version: 1
        score: {base: 1000, min: 0, max: 1300}
        dimensions: {payment: {min: -100}, transport: {}}
        rules:
          - {id: paid, dimension: payment, event: bill.paid, points: 2}
          - {id: missed, dimension: payment, event: bill.missed, points: data.days * -1}
          - {id: fare, dimension: transport, event: fare.evaded, points: -25, per: month, lasts: 1 month}
        bands: [{name: B, from: 0}, {name: A, from: 960}]
        perks: [{id: bikes, when: band == "A", grace: 14 days}]
        sanctions:
          - {id: rail-ban, dimension: transport, measures: [rail], when: points <= -50, notice: 7 days, lasts: 30 days}
          - {id: no-credit, dimension: payment, measures: [credit], event: bill.missed, when: data.days > 30, lasts: 60 days}
        """

    static func read(_ yaml: String) throws -> PolicyCaseFile {
        try PolicyCaseFile(yaml: yaml, file: "cases.yaml") { path in
            #expect(path == "town.yaml")
            return try ScoringPolicy(yaml: policy, file: path)
        }
    }

    static func mistakes(_ yaml: String) throws -> [String] {
        do {
            _ = try read(yaml)
            return []
        } catch let error as YAMLMistakes {
            return error.mistakes.map { "\($0.line):\($0.column): \($0.message)" }
        }
    }

    @Test(arguments: [
        ("policy: town\ncases: []", PolicyCaseFile.Content.cases), ("cases:", .cases), ("a: [", .cases),
        ("policy: town", .other), ("policy: town\ncasse: []", .other), ("[cases]", .other),
        ("policy: town\nrules: []", .policy), ("score: {}", .policy),
    ])
    func whatIsAFileOfCases(yaml: String, content: PolicyCaseFile.Content) {
        #expect(PolicyCaseFile.Content(of: yaml) == content)
    }

    @Test func namesAndLines() throws {
        let file = try Self.read(
            """
            policy: town.yaml
            cases:
              - name: one
                given: [{enrol: anna, at: 2026-01-01}]
                then: []
              - {name: two, given: [], standing: {}}
            """)
        #expect(file.policy.id == "town")
        #expect(file.cases.map(\.name) == ["one", "two"])
        #expect(file.cases.map(\.line) == [3, 6])
        #expect(file.cases.allSatisfy { $0.file == "cases.yaml" })
    }

    /// A step, and the one mistake in it; the step's brace is in column 10 of line 4.
    @Test(arguments: [
        (
            "{enroll: anna, at: 2026-01-01}",
            "4:11: unknown step \"enroll\": enrol, event, void, appeal, decide, withdraw, tick; did you mean \"enrol\"?"
        ),
        ("{at: 2026-01-01}", "4:11: unknown step \"at\": enrol, event, void, appeal, decide, withdraw, tick"),
        (
            "{tick: 2026-01-01, withdraw: anna}",
            "4:10: a step is one of enrol, event, void, appeal, decide, withdraw, tick"
        ),
        ("tick", "4:10: a step must be a mapping"),
        (
            "{tick: 2026-13-01}",
            "4:17: tick must be a day or an RFC 3339 time, such as 2026-01-31 or 2026-01-31T10:00:00Z, not \"2026-13-01\""
        ),
        ("{tick: 2026-01-01, at: 2026-01-01}", "4:29: unknown key \"at\" in the step \"tick\""),
        ("{enrol: bert}", "4:10: the step \"enrol\" lacks \"at\""),
        ("{enrol: bert, kind: robot, at: 2026-01-01}", "4:30: unknown kind \"robot\": individual, business, official"),
        (
            "{event: bill.payed, subject: anna, at: 2026-01-01}",
            "4:18: unknown event type (no rule, no measure and no sanction names it) \"bill.payed\"; did you mean \"bill.paid\"?"
        ),
        (
            "{event: bill.paid, at: 2026-01-01T10:00}",
            "4:33: at must be a day or an RFC 3339 time, such as 2026-01-31 or 2026-01-31T10:00:00Z, not \"2026-01-01T10:00\""
        ),
        ("{event: bill.paid, at: 2026-01-01, data: 4}", "4:51: data must be a mapping"),
        ("{event: bill.paid, at: 2026-01-01, data: {a: .nan}}", "4:55: .nan is no number that JSON knows"),
        ("{event: bill.paid, at: 2026-01-01, times: 0}", "4:52: times must be from 1 to 10000"),
        ("{event: bill.paid, at: 2026-01-01, times: 2, id: b}", "4:59: \"b\" cannot be the id of 2 events"),
        (
            "{event: bill.paid, at: 2026-01-01, times: 2, every: week}",
            "4:62: every must be a number of days, months or years, such as 1 month"
        ),
        ("{event: bill.paid, at: 2026-01-01, id: \"a\\u0001\"}", "4:10: id has a control character"),
        ("{void: b1, at: 2026-01-01}", "4:17: unknown event \"b1\""),
        ("{appeal: railban, at: 2026-01-01}", "4:19: unknown sanction \"railban\"; did you mean \"rail-ban\"?"),
        ("{decide: rail-ban, at: 2026-01-01}", "4:10: the step \"decide\" lacks \"outcome\""),
        ("{decide: rail-ban, outcome: won, at: 2026-01-01}", "4:38: unknown outcome \"won\": upheld, rejected"),
    ])
    func steps(step: String, mistake: String) throws {
        let yaml = """
            policy: town.yaml
            cases:
              - {name: one, then: [], when: [{enrol: anna, at: 2026-01-01}], given: [
                     \(step)]}
            """
        let found = try Self.mistakes(yaml)
        #expect(found == [mistake])
    }

    /// A fact, and the one mistake in it; its brace is in column 10 of line 4.
    @Test(arguments: [
        ("{scores: 975}", "4:11: unknown fact \"scores\": score, band, sanction, perk; did you mean \"score\"?"),
        ("{subject: anna}", "4:10: a fact is about a score (or a band), a sanction or a perk"),
        ("{score: high}", "4:18: score must be a whole number"),
        ("{score: 975, band: AA}", "4:29: unknown band \"AA\": B, A; did you mean \"A\"?"),
        ("{score: 975, reason: cured}", "4:23: unknown key \"reason\" in the fact of a score"),
        ("{score: 975, because: fare}", "4:32: because must be a list"),
        ("{score: 975, because: [fare]}", "4:33: because lists rules with their points, such as [fare-evaded -15]"),
        ("{score: 975, because: [fares -25]}", "4:33: unknown rule \"fares\"; did you mean \"fare\"?"),
        (
            "{score: 975, at: soon}",
            "4:27: at must be a day or an RFC 3339 time, such as 2026-01-31 or 2026-01-31T10:00:00Z, not \"soon\""
        ),
        ("{sanction: rail-bam}", "4:21: unknown sanction \"rail-bam\"; did you mean \"rail-ban\"?"),
        ("{sanction: rail-ban, state: forced}", "4:38: unknown state \"forced\": noticed, in-force, stayed, lifted"),
        (
            "{sanction: rail-ban, state: lifted, reason: cursed}",
            "4:54: unknown reason \"cursed\": cured, remedied, expired, appeal-upheld, appeal-lapsed, voided, withdrawn; did you mean \"cured\"?"
        ),
        ("{sanction: rail-ban, state: noticed, reason: cured}", "4:47: only a lifted sanction has a reason"),
        ("{perk: bike}", "4:17: unknown perk \"bike\"; did you mean \"bikes\"?"),
        ("{perk: bikes, state: lost}", "4:31: unknown state \"lost\": granted, revoked"),
    ])
    func facts(fact: String, mistake: String) throws {
        let yaml = """
            policy: town.yaml
            cases:
              - {name: one, given: [{enrol: anna, at: 2026-01-01}], then: [
                     \(fact)]}
            """
        #expect(try Self.mistakes(yaml) == [mistake])
    }

    @Test func everythingThatIsWrongIsToldAtOnce() throws {
        let yaml = """
            policy: town.yaml
            case: []
            cases:
              - name: one
                given: [{enrol: anna, at: 2026-01-01}, {enrol: bert, at: 2026-01-01}, {event: bill.paid, at: 2026-01-02}]
              - name: one
                given: [{event: bill.paid, at: 2026-01-02}]
                then: []
                standing: {anna: {score: 1, dimensions: {rail: 0}, sanctions: {rail-ban: on}, perks: [bike]}}
            """
        #expect(
            try Self.mistakes(yaml) == [
                "2:1: unknown key \"case\" in the file; did you mean \"cases\"?",
                "4:5: a case compares something: it lacks \"then\", \"standing\" or \"never\"",
                "5:75: the step needs a subject: this case enrols more than one",
                "6:11: the case \"one\" is already there",
                "7:13: the step needs a subject: this case enrols nobody",
                "9:46: unknown key \"rail\" in dimensions",
                "9:78: unknown state \"on\": noticed, in-force, stayed",
                "9:91: unknown perk \"bike\"; did you mean \"bikes\"?",
            ])
    }

    @Test func limits() throws {
        let step = "{event: bill.paid, at: 2026-01-01, times: 6000}"
        let yaml = """
            policy: town.yaml
            cases:
              - name: one
                given:
                  - {enrol: anna, at: 2026-01-01}
                  - \(step)
                  - \(step)
                then: []
            """
        #expect(try Self.mistakes(yaml) == ["7:9: the case has more than 10000 steps"])
        let many = "policy: town.yaml\ncases: [" + String(repeating: "~, ", count: 1001) + "]"
        #expect(try Self.mistakes(many) == ["2:8: cases has more than 1000 items"])
        let heavy = """
            policy: town.yaml
            cases:
              - name: one
                given:
                  - {enrol: anna, at: 2026-01-01}
                  - {event: bill.paid, at: 2026-01-01, times: 9000, data: {note: \(String(repeating: "x", count: 8000))}}
                then: []
            """
        #expect(try Self.mistakes(heavy) == ["6:9: the events of the file take more than 67108864 bytes"])
        let large = "policy: town.yaml\n#" + String(repeating: "x", count: PolicyCaseFile.maximumBytes)
        #expect(try Self.mistakes(large) == ["1:1: the document is larger than 1048576 bytes"])
    }

    @Test func whatIsWrongWithThePolicyIsThrownAsItIs() throws {
        struct Gone: Error {}
        #expect(throws: Gone.self) {
            try PolicyCaseFile(yaml: "policy: town.yaml\ncases: []", file: "cases.yaml") { _ in throw Gone() }
        }
    }
}
