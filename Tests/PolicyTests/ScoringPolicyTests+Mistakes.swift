import Policy
import Testing

extension ScoringPolicyTests {
    /// A change of the good document, and the one mistake that it makes: line, column and message.
    static let oneMistake: [(String, String)] = [
        // Keys.
        (
            PolicyDocument.with { $0.more = "perk: []" },
            "9:1: unknown key \"perk\" in the policy; did you mean \"perks\"?"
        ),
        (PolicyDocument.with { $0.more = "colour: red" }, "9:1: unknown key \"colour\" in the policy"),
        (
            PolicyDocument.with { $0.more = "sanction: []" },
            "9:1: unknown key \"sanction\" in the policy; did you mean \"sanctions\"?"
        ),
        (PolicyDocument.with { $0.more = "[a, b]: 1" }, "9:1: a key of the policy must be a word"),
        (PolicyDocument.with { $0.policy = "" }, "2:1: the policy lacks \"policy\""),
        (PolicyDocument.with { $0.version = "" }, "1:1: the policy lacks \"version\""),
        (PolicyDocument.with { $0.score = "" }, "1:1: the policy lacks \"score\""),
        (
            PolicyDocument.with {
                $0.bands = ""; $0.perks = ""
            }, "1:1: the policy lacks \"bands\""
        ),
        (PolicyDocument.with { $0.rules = "" }, "1:1: the policy lacks \"rules\""),
        // The head.
        (
            PolicyDocument.with { $0.policy = "policy: Town" },
            "1:9: \"Town\" must be lower-case letters, digits and hyphens, a letter first, at most 128"
        ),
        (
            PolicyDocument.with { $0.policy = "policy: 2town" },
            "1:9: \"2town\" must be lower-case letters, digits and hyphens, a letter first, at most 128"
        ),
        (
            PolicyDocument.with { $0.policy = "policy: tőwn" },
            "1:9: \"tőwn\" must be lower-case letters, digits and hyphens, a letter first, at most 128"
        ),
        (PolicyDocument.with { $0.policy = "policy: [town]" }, "1:9: policy must be a word or text"),
        (PolicyDocument.with { $0.policy = "policy:" }, "1:8: policy is empty"),
        (PolicyDocument.with { $0.version = "version: 0" }, "2:10: version must be from 1 to 9223372036854775807"),
        (PolicyDocument.with { $0.version = "version: 1.5" }, "2:10: version must be a whole number"),
        (PolicyDocument.with { $0.version = "version: \"1\"" }, "2:10: version must be a whole number, without quotes"),
        (PolicyDocument.with { $0.score = "score: 600" }, "3:8: score must be a mapping"),
        (PolicyDocument.with { $0.score = "score: {base: 600, min: 350}" }, "3:8: score lacks \"max\""),
        (
            PolicyDocument.with { $0.score = "score: {base: 600, min: 0, max: 950, maxx: 1}" },
            "3:38: unknown key \"maxx\" in score; did you mean \"max\"?"
        ),
        (
            PolicyDocument.with { $0.score = "score: {base: 2000, min: 0, max: 1300}" },
            "3:15: score.base must lie between score.min and score.max"
        ),
        (
            PolicyDocument.with { $0.score = "score: {base: 0, min: 0, max: 2147483649}" },
            "3:31: score.max must be from -2147483648 to 2147483648"
        ),
        (
            PolicyDocument.with { $0.more = "early: 8 days" },
            "9:8: early must be a number of minutes, hours or days, such as 1 hour (at most 7 days), not \"8 days\""
        ),
        (
            PolicyDocument.with { $0.more = "early: soon" },
            "9:8: early must be a number of minutes, hours or days, such as 1 hour (at most 7 days), not \"soon\""
        ),
        (PolicyDocument.with { $0.kinds = "kinds: []" }, "4:8: kinds must name at least one kind"),
        (PolicyDocument.with { $0.kinds = "kinds: individual" }, "4:8: kinds must be a list"),
        (
            PolicyDocument.with { $0.kinds = "kinds: [individal]" },
            "4:9: unknown kind \"individal\": individual, business, official; did you mean \"individual\"?"
        ),
        (
            PolicyDocument.with { $0.kinds = "kinds: [robot]" },
            "4:9: unknown kind \"robot\": individual, business, official"
        ),
        // Dimensions.
        (
            PolicyDocument.with { $0.dimensions = "dimensions: {payment: 7, transport: {}}" },
            "5:23: dimension \"payment\" must be a mapping"
        ),
        (
            PolicyDocument.with { $0.dimensions = "dimensions: {payment: {low: 7}, transport: {}}" },
            "5:24: unknown key \"low\" in dimension \"payment\""
        ),
        (
            PolicyDocument.with { $0.dimensions = "dimensions: {payment: {min: 7, max: -7}, transport: {}}" },
            "5:29: min is greater than max"
        ),
        (
            PolicyDocument.with { $0.dimensions = "dimensions: {pay ment: {}, transport: {}}" },
            "5:14: \"pay ment\" must be letters, digits, hyphens, underscores and points, a letter or digit first, at most 128"
        ),
        // Rules.
        (rule("{dimension: transport, event: fare.paid, points: 1}"), "6:9: a rule lacks \"id\""),
        (rule("{id: fare, event: fare.paid, points: 1}"), "6:9: a rule lacks \"dimension\""),
        (rule("{id: fare, dimension: transport, event: fare.paid}"), "6:9: a rule lacks \"points\""),
        (
            rule("{id: fare, dimension: transport, event: fare.paid, points: 1, lasts: 1 day}"),
            "6:71: lasts needs a bucket that ends: give per (day, month or year)"
        ),
        (
            rule("{id: fare, dimension: transport, event: fare.paid, points: 1, per: week}"),
            "6:76: unknown period \"week\": day, month, year, ever"
        ),
        (
            rule("{id: fare, dimension: transport, event: fare.paid, points: 1, per: day, lasts: 2 weeks}"),
            "6:88: lasts must be a number of days, months or years, such as 14 days (at most 1000 years), "
                + "not \"2 weeks\""
        ),
        (
            rule("{id: fare, dimension: transport, event: fare.paid, points: 1, pionts: 1}"),
            "6:71: unknown key \"pionts\" in a rule; did you mean \"points\"?"
        ),
        (
            rule("{id: fare, dimension: transprot, event: fare.paid, points: 1}"),
            "6:31: unknown dimension \"transprot\"; did you mean \"transport\"?"
        ),
        (rule("{id: fare, dimension: health, event: fare.paid, points: 1}"), "6:31: unknown dimension \"health\""),
        (
            rule("{id: -fare, dimension: transport, event: fare.paid, points: 1}"),
            "6:14: \"-fare\" must be letters, digits, hyphens, underscores and points, a letter or digit first, at most 128"
        ),
        (
            rule("{id: fare, dimension: transport, event: fare.paid, points: 1.5}"),
            "6:68: points must give an int, not a double"
        ),
        (
            rule("{id: fare, dimension: transport, event: fare.paid, points: 2147483649}"),
            "6:68: points must be from -2147483648 to 2147483648"
        ),
        (
            rule("{id: fare, dimension: transport, event: fare.paid, points: 1, cap: -1}"),
            "6:76: cap must be from 0 to 2147483648"
        ),
        (rule("{id: fare, dimension: transport, event: [], points: 1}"), "6:49: event must name at least one"),
        (
            rule("{id: fare, dimension: transport, event: standing.appeal.filed, points: 1}"),
            "6:49: types under \"standing.\" are reserved for control events"
        ),
        (
            rule("{id: fare, dimension: transport, event: fare.paid, points: 1, kinds: [person]}"),
            "6:79: unknown kind \"person\": individual, business, official"
        ),
        (
            PolicyDocument.with {
                $0.rules = """
                    rules:
                    - {id: fare, dimension: transport, event: fare.paid, points: 1}
                    - {id: bill, dimension: payment, event: [bill.paid, fare.paid], points: 1}
                    """
            },
            "8:53: the event type \"fare.paid\" is already used in dimension \"transport\""
                + " (by rule \"fare\"): evidence must not cross dimensions"
        ),
        (
            PolicyDocument.with {
                $0.rules = """
                    rules:
                    - {id: fare, dimension: transport, event: fare.paid, points: 1}
                    - {id: fare, dimension: transport, event: fare.evaded, points: -1}
                    """
            }, "8:8: the rule \"fare\" is already there"
        ),
        // Bands.
        (
            PolicyDocument.with {
                $0.bands = "bands: []"; $0.perks = ""
            }, "7:8: bands must name at least one"
        ),
        (
            PolicyDocument.with { $0.bands = "bands: [{name: C, from: 1}, {name: A, from: 960}]" },
            "7:25: the first band must cover score.min (0)"
        ),
        (
            PolicyDocument.with { $0.bands = "bands: [{name: C, from: 0}, {name: A, from: 0}]" },
            "7:45: bands must rise: 0 is not above 0"
        ),
        (
            PolicyDocument.with { $0.bands = "bands: [{name: C, from: 0}, {name: A, from: 5}, {name: B, from: 4}]" },
            "7:65: bands must rise: 4 is not above 5"
        ),
        (
            PolicyDocument.with { $0.bands = "bands: [{name: A, from: 0}, {name: A, from: 5}]" },
            "7:36: the band \"A\" is already there"
        ),
        (PolicyDocument.with { $0.bands = "bands: [{name: A, from: 0}, {name: C}]" }, "7:29: a band lacks \"from\""),
        (
            PolicyDocument.with { $0.bands = "bands: [{name: A, from: 0}, {name: C, from: many}]" },
            "7:45: from must be a whole number"
        ),
        // Perks.
        (perk("{when: band == \"A\"}"), "8:9: a perk lacks \"id\""),
        (perk("{id: bikes}"), "8:9: a perk lacks \"when\""),
        (
            perk("{id: bikes, when: band == \"A\", grace: 2 weeks}"),
            "8:47: grace must be a number of days, months or years, such as 14 days (at most 1000 years), "
                + "not \"2 weeks\""
        ),
        (
            perk("{id: bikes, when: band == \"A\", grace: 366001 days}"),
            "8:47: grace must be a number of days, months or years, such as 14 days (at most 1000 years), "
                + "not \"366001 days\""
        ),
        (
            perk("{id: bikes, when: band == \"A\", grace: -1 days}"),
            "8:47: grace must be a number of days, months or years, such as 14 days (at most 1000 years), "
                + "not \"-1 days\""
        ),
        (
            perk("{id: bikes, when: band == \"A\"}, {id: bikes, when: band == \"A\"}"),
            "8:46: the perk \"bikes\" is already there"
        ),
        // Documents.
        ("", "1:1: the document is empty"), ("# nothing\n", "1:1: the document is empty"),
        ("- a\n- b\n", "1:1: the policy must be a mapping"), ("town", "1:1: the policy must be a mapping"),
        (String(repeating: "#", count: YAMLReader.maximumBytes + 1), "1:1: the document is larger than 1048576 bytes"),
    ]

    private static func rule(_ text: String) -> String { PolicyDocument.with { $0.rules = "rules: [\(text)]" } }
    private static func perk(_ text: String) -> String { PolicyDocument.with { $0.perks = "perks: [\(text)]" } }

    @Test(arguments: oneMistake) func everyMistakeHasItsLocation(text: String, mistake: String) throws {
        #expect(try mistakes(in: text) == [mistake])
    }

    @Test func severalMistakesComeOutAtOnceInOrder() throws {
        let text = """
            policy: Town
            versoin: 1
            score: {base: 5, min: 10, max: 20}
            dimensions: {payment: {}, transport: {}}
            rules:
              - {id: fare, dimension: transprot, event: fare.paid, points: 1.5}
              - {id: bill, dimension: payment, kinds: [robot], points: 1}
            bands:
              - {name: C, from: 10}
              - {name: A, from: 10}
            perks:
              - {id: bikes, when: points > 1}
            """
        #expect(
            try mistakes(in: text) == [
                "1:1: the policy lacks \"version\"",
                "1:9: \"Town\" must be lower-case letters, digits and hyphens, a letter first, at most 128",
                "2:1: unknown key \"versoin\" in the policy; did you mean \"version\"?",
                "3:15: score.base must lie between score.min and score.max",
                "6:27: unknown dimension \"transprot\"; did you mean \"transport\"?",
                "6:64: points must give an int, not a double",
                "7:44: unknown kind \"robot\": individual, business, official",
                "10:21: bands must rise: 10 is not above 10",
                "12:23: a perk sees no points: name a dimension's, such as dimension.payment",
            ])
    }

    /// A mistake does not hide another one of the same item.
    @Test func noMistakeHidesAnother() throws {
        #expect(
            try mistakes(in: Self.rule("{id: -Fare, dimension: transport, event: [], points: 1, kinds: [robot]}")) == [
                "6:14: \"-Fare\" must be letters, digits, hyphens, underscores and points, a letter or digit first, at most 128",
                "6:50: event must name at least one",
                "6:73: unknown kind \"robot\": individual, business, official",
            ])
    }

    @Test func mistakesArePrintedForAnEditor() throws {
        let text = PolicyDocument.with { ($0.version, $0.kinds) = ("version: x", "kinds: []") }
        let error = #expect(throws: YAMLMistakes.self) { try ScoringPolicy(yaml: text, file: "etc/town.yaml") }
        #expect(
            error?.description == """
                etc/town.yaml:2:10: error: version must be a whole number
                etc/town.yaml:4:8: error: kinds must name at least one kind
                """)
    }

    @Test(arguments: [
        ("policy: [town", 2), ("policy: town\n\tversion: 1", 2), ("policy: \"town", 1), ("a: b: c", 1),
        ("policy: town\n  version: 1", 2), ("policy: *nowhere", 1), ("policy: town\n...\n---\npolicy: town\n", 3),
        ("policy: town\nversion: 1\npolicy: city", 3), ("score: {base: 1, base: 2}", 1),
        (String(repeating: "[", count: 100_000), 1), ("a: \u{1}", 1),
    ])
    func whatIsNotYAMLHasALocation(text: String, line: Int) throws {
        let found = try mistakes(in: text)
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("\(line):") == true, "\(found)")
    }

    @Test func aDuplicateKeyIsNamedWhereItStandsForTheSecondTime() throws {
        #expect(
            try mistakes(in: PolicyDocument.with { $0.more = "version: 4" })
                == ["9:1: the key version stands here for a second time"])
    }

    @Test func limitsOfNumber() throws {
        func list(_ count: Int, _ item: (Int) -> String) -> String { (0..<count).map(item).joined(separator: ", ") }
        let dimensions = PolicyDocument.with {
            $0.dimensions = "dimensions: {transport: {}, \(list(64) { "d\($0): {}" })}"
        }
        #expect(try mistakes(in: dimensions) == ["5:13: more than 64 dimensions"])
        let rules = PolicyDocument.with {
            $0.rules = "rules: [\(list(1025) { "{id: r\($0), dimension: transport, event: e\($0), points: 1}" })]"
        }
        #expect(try mistakes(in: rules) == ["6:8: more than 1024 rules"])
        let bands = PolicyDocument.with {
            $0.bands = "bands: [\(list(65) { "{name: \($0 == 0 ? "A" : "b\($0)"), from: \($0)}" })]"
        }
        #expect(try mistakes(in: bands) == ["7:8: more than 64 bands"])
        let perks = PolicyDocument.with {
            $0.perks = "perks: [\(list(257) { "{id: p\($0), when: band == \"A\"}" })]"
        }
        #expect(try mistakes(in: perks) == ["8:8: more than 256 perks"])
        func found(_ more: String) throws -> [String] { try mistakes(in: PolicyDocument.with { $0.more = more }) }
        let members = "dimension: transport, measures: [m], event: x, lasts: 1 day"
        #expect(
            try found("sanctions: [\(list(257) { "{id: s\($0), \(members)}" })]") == ["9:12: more than 256 sanctions"])
        func named(_ count: Int) throws -> [String] {
            try mistakes(
                in: PolicyDocument.with {
                    $0.rules =
                        "rules: [{id: r, dimension: transport, points: 1, event: [\(list(count) { "e\($0)" })]}]"
                })
        }
        #expect(try named(ScoringPolicy.maximumNames) == [])
        #expect(try named(ScoringPolicy.maximumNames + 1) == ["6:57: event has more than 256 items"])
    }

    /// Each of the types is one for each of the rules over all of them.
    @Test func typesAreCountedAsOftenAsTheyAreUsed() throws {
        func rules(_ everything: Int) -> String {
            let all = (0..<everything).map { "  - {id: a\($0), dimension: transport, event: \"e.*\", points: 1}" }
            let own = (0..<20).map { rule in
                let types = (0..<250).map { "e.\(rule)x\($0)" }.joined(separator: ", ")
                return "  - {id: r\(rule), dimension: transport, event: [\(types)], points: 1}"
            }
            return "rules:\n" + (all + own).joined(separator: "\n")
        }
        #expect(try mistakes(in: PolicyDocument.with { $0.rules = rules(198) }) == [])
        let found = try mistakes(in: PolicyDocument.with { $0.rules = rules(200) })
        #expect(found.count == 1 && found[0].hasPrefix("7:43: more than 1000000 uses of event types"), "\(found)")
    }

    @Test func theListOfMistakesIsBounded() throws {
        let keys = (0..<1500).map { "k\($0): 1" }.joined(separator: "\n")
        let found = try mistakes(in: keys)
        #expect(found.count == YAMLReader.maximumMistakes + 1)
        #expect(found.count { $0.hasSuffix(" more mistakes") } == 1)
    }
}
