import Policy
import Replay
import Testing

/// What a case can say of all its facts, of all orders, and of measures and attributes.
@Suite struct PolicyCasePropertyTests {
    private static let policy = """
        policy: town
        version: 1
        score: {base: 1000, min: 0, max: 1300}
        attributes: {tier: string, fleet: int, since: timestamp}
        dimensions: {transport: {}}
        measures:
          - {id: late, dimension: transport, event: fare.*, when: data.minutes > 10, count: true, within: 30 days, adverse: true}
          - {id: last, dimension: transport, event: fare.late, latest: data.minutes}
        rules:
          - {id: three, dimension: transport, points: "measure.late >= 3 ? -60 : 0"}
          - {id: gold, dimension: transport, event: ride, when: has(attribute.tier) && attribute.tier == "gold", points: 5}
        bands: [{name: B, from: 0}, {name: A, from: 960}]
        sanctions:
          - {id: rail-ban, dimension: transport, measures: [rail], when: measure.late >= 2, lasts: 10 days}
        """

    private static func read(_ cases: String, needsExpectation: Bool = true) throws -> PolicyCaseFile {
        try PolicyCaseFile(yaml: cases, file: "cases.yaml", needsExpectation: needsExpectation) {
            try ScoringPolicy(yaml: policy, file: $0)
        }
    }

    /// The only case of a file.
    private static func file(_ body: String) -> String {
        let indented = body.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)" }
        return "policy: town.yaml\ncases:\n  - name: one\n" + indented.joined(separator: "\n")
    }

    private func run(_ body: String) throws -> PolicyCaseResult {
        let file = try Self.read(Self.file(body))
        return PolicyCaseRunner(policy: file.policy).run(file.cases[0])
    }

    private static let twoLate = """
        given:
          - {enrol: anna, at: 2026-01-01, kind: individual}
          - {event: fare.late, at: 2026-01-05, data: {minutes: 20}}
          - {event: fare.early, at: 2026-01-20, data: {minutes: 30}}

        """

    // MARK: Measures and attributes

    @Test func standingsHaveMeasures() throws {
        #expect(try run(Self.twoLate + "standing: {anna: {measures: {late: 2, last: 20}}}").difference == [])
        #expect(
            try run(Self.twoLate + "standing: {anna: {measures: {last: ~, late: 1}}}").difference == [
                "--- standing", "+++ actual", "- anna: {measures: {late: 1, last: ~}}",
                "+ anna: {measures: {late: 2, last: 20}}",
            ])
    }

    @Test func attributesAreThoseOfTheLastEnrolment() throws {
        let found = try run(
            """
            given:
              - {enrol: anna, at: 2026-01-01, kind: individual, attributes: {tier: gold, fleet: 3, since: 2020-01-01T00:00:00Z}}
              - {event: ride, at: 2026-01-02}
              - {enrol: anna, at: 2026-01-03, kind: individual}
              - {event: ride, at: 2026-01-04}
            standing: {anna: {score: 1005}}
            """)
        #expect(found.difference == [])
        #expect(found.errors.isEmpty)
    }

    @Test(arguments: [
        ("{teir: gold}", "unknown attribute \"teir\"; did you mean \"tier\"?"),
        ("{tier: 3}", "the attribute \"tier\" is declared as string"),
        ("{fleet: many}", "the attribute \"fleet\" is declared as int"),
        ("{fleet: 1.5}", "the attribute \"fleet\" is declared as int"),
        ("{since: today}", "the attribute \"since\" is declared as timestamp"), ("{fleet: ~}", ""),
    ])
    func attributesAreChecked(attributes: String, mistake: String) throws {
        let text = Self.file(
            "given: [{enrol: anna, at: 2026-01-01, attributes: \(attributes)}]\nthen: [{score: 1000}]")
        do {
            _ = try Self.read(text)
            #expect(mistake.isEmpty)
        } catch let error as YAMLMistakes {
            #expect(error.mistakes.map(\.message) == [mistake])
        }
    }

    // MARK: Never

    @Test(arguments: [
        ("{sanction: rail-ban}", false), ("{sanction: rail-ban, within: 19 days}", true),
        ("{sanction: rail-ban, within: 20 days}", false), ("[{band: B}]", true), ("[{band: A}]", false),
    ])
    func whatNeverHappens(never: String, holds: Bool) throws {
        #expect(try run(Self.twoLate + "never: \(never)").hasPassed == holds)
    }

    @Test func whatHappenedAllTheSameIsShown() throws {
        let found = try run(Self.twoLate + "never: {sanction: rail-ban, within: 1 month}").difference
        #expect(found.prefix(3) == ["--- never", "+++ actual", "- {sanction: rail-ban, within: 1 month}"])
        #expect(found.last?.hasPrefix("+ {sanction: rail-ban, state: in-force") == true)
    }

    // MARK: Order

    @Test func scoresAreTheSameInAnyOrder() throws {
        let found = try run(
            """
            given:
              - {enrol: anna, at: 2026-01-01, kind: individual}
              - {event: fare.late, at: 2026-01-05, data: {minutes: 20}, times: 3, every: 1 day}
              - {event: fare.late, at: 2026-01-04, data: {minutes: 25}}
            any-order: true
            """)
        #expect(found.difference == [])
    }

    /// Only an event can impose a sanction, and its term counts from the clock.
    @Test func aSanctionCanDependOnTheOrder() throws {
        let found = try run(
            """
            given:
              - {enrol: anna, at: 2026-01-01, kind: individual}
              - {event: fare.late, at: 2026-01-05, data: {minutes: 20}}
              - {event: fare.late, at: 2026-01-06, data: {minutes: 20}}
              - {event: ride, at: 2026-01-20, data: {}}
              - {event: ride, at: 2026-03-20, data: {}}
            any-order: true
            """)
        #expect(found.difference == [])
        let other = try run(
            """
            given:
              - {enrol: anna, at: 2026-01-01, kind: individual}
              - {event: fare.late, at: 2026-01-05, data: {minutes: 20}}
              - {event: fare.late, at: 2026-01-06, data: {minutes: 20}}
              - {event: ride, at: 2026-01-20, data: {}}
              - {event: ride, at: 2026-01-21, data: {}}
            any-order: true
            """)
        #expect(other.difference.prefix(2) == ["--- standing", "+++ in another order"])
        #expect(other.difference.last?.hasPrefix("in this order: ride of step 5, ") == true)
    }

    // MARK: Coverage

    @Test func whatNoCaseTouches() throws {
        let file = try Self.read(Self.file(Self.twoLate + "then: []"))
        let coverage = PolicyCaseRunner(policy: file.policy).run(file.cases[0]).coverage
        #expect(
            coverage.lines(of: file.policy) == [
                "0 of 2 rules, 2 of 2 measures, 1 of 2 bands, 1 of 1 sanctions",
                "no case touches the rules three, gold",
                "no case touches the bands B",
            ])
    }

    // MARK: Update

    private func updated(_ yaml: String) throws -> PolicyCaseUpdate {
        let file = try Self.read(yaml, needsExpectation: false)
        let runner = PolicyCaseRunner(policy: file.policy)
        return PolicyCaseUpdate(of: file, yaml: yaml, results: file.cases.map { runner.run($0) })
    }

    @Test func whatACaseGaveTakesThePlaceOfWhatItExpected() throws {
        let before = """
            policy: town.yaml
            cases:
              # The first.
              - name: wrong facts
                given:
                  - {enrol: anna, at: 2026-01-01, kind: individual}   # as always
                  - {event: fare.late, at: 2026-01-05, data: {minutes: 20}, times: 2}
                then:
                  - {score: 1000}
                  - {score: 900}
                standing:
                  anna: {score: 900, measures: {late: 7}}

              # The second expects nothing yet.
              - name: new
                given:
                  - {enrol: bert, at: 2026-01-01, kind: individual}

              - {name: in one line, given: [{enrol: c, at: 2026-01-01}], then: []}
            """
        let update = try updated(before)
        #expect(update.changed == ["wrong facts", "new"])
        #expect(update.left == ["in one line"])
        #expect(
            update.text == """
                policy: town.yaml
                cases:
                  # The first.
                  - name: wrong facts
                    given:
                      - {enrol: anna, at: 2026-01-01, kind: individual}   # as always
                      - {event: fare.late, at: 2026-01-05, data: {minutes: 20}, times: 2}
                    then:
                      - {score: 1000}
                      - {sanction: rail-ban, state: in-force, at: 2026-01-05}
                    standing:
                      anna: {score: 1000, measures: {late: 2}}

                  # The second expects nothing yet.
                  - name: new
                    given:
                      - {enrol: bert, at: 2026-01-01, kind: individual}
                    then:
                      - {score: 1000, band: A, at: 2026-01-01, because: []}

                  - {name: in one line, given: [{enrol: c, at: 2026-01-01}], then: []}
                """)
        #expect(try updated(update.text).changed == [])
    }
}
