import Foundation
import Policy
import Replay
import Testing

/// A case passes when its facts are exactly those it lists; else it says what is different, in its own language.
@Suite struct PolicyCaseRunnerTests {
    /// The differences of the only case in a file.
    private func difference(_ body: String) throws -> [String] {
        let indented = body.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)" }
        let yaml = "policy: town.yaml\ncases:\n  - name: one\n" + indented.joined(separator: "\n")
        let file = try PolicyCaseFileTests.read(yaml)
        let result = PolicyCaseRunner(policy: file.policy).run(file.cases[0])
        #expect(result.hasPassed == result.difference.isEmpty)
        #expect((result.name, result.file, result.line) == ("one", "cases.yaml", 3))
        return result.difference
    }

    private static let life = """
        given:
          - {enrol: anna, kind: individual, at: 2026-01-01}
          - {event: fare.evaded, at: 2026-01-02T10:00:00Z, data: {line: 4}, id: f1, source: /city}
          - {event: fare.evaded, at: 2026-01-03, data: {line: 4}, id: f2}
          - {tick: 2026-03-15}
        """

    @Test func aLifeWithEveryField() throws {
        let found = try difference(
            Self.life + """

                then:
                  - {score: 1000, was: ~, band: A, subject: anna, at: 2026-01-01, because: []}
                  - {perk: bikes, state: granted, subject: anna, at: 2026-01-01, because: []}
                  - {score: 975, was: 1000, band: A, at: 2026-01-02T10:00:00Z, because: [fare -25]}
                  - {score: 950, was: 975, band: B, at: 2026-01-03, because: [fare -25]}
                  - {sanction: rail-ban, state: noticed, at: 2026-01-03, since: 2026-01-03, until: 2026-02-02, because: [fare -50]}
                  - {sanction: rail-ban, state: in-force, at: 2026-01-10}
                  - {perk: bikes, state: revoked, at: 2026-01-17}
                  - {sanction: rail-ban, state: lifted, reason: expired, at: 2026-02-02}
                  - {score: 1000, was: 950, band: A, at: 2026-03-01, because: [fare +50]}
                  - {perk: bikes, state: granted}
                standing: {anna: {kind: individual, score: 1000, band: A, dimensions: {transport: 0}, sanctions: {}, perks: [bikes]}}
                """)
        #expect(found == [])
    }

    @Test func fieldsThatAreLeftOutAreNotCompared() throws {
        let found = try difference(
            Self.life + """

                then:
                  - {score: 1000}
                  - {perk: bikes}
                  - {band: A}
                  - {band: B}
                  - {sanction: rail-ban}
                  - {sanction: rail-ban}
                  - {perk: bikes}
                  - {sanction: rail-ban}
                  - {band: A}
                  - {perk: bikes}
                """)
        #expect(found == [])
    }

    @Test func withWhenOnlyItsFactsAreCompared() throws {
        let found = try difference(
            """
            given:
              - {enrol: anna, at: 2026-01-01}
            when:
              - {event: bill.paid, at: 2026-01-02}
            then:
              - {score: 1002}
            """)
        #expect(found == [])
    }

    @Test func theDifferenceCanBePasted() throws {
        let found = try difference(
            """
            given:
              - {enrol: anna, at: 2026-01-01}
              - {event: fare.evaded, at: 2026-01-02, times: 2}
              - {event: bill.paid, at: 2026-01-03T12:00:00Z}
            then:
              - {score: 1000}
              - {perk: bikes, state: granted}
              - {score: 980, because: [fare -20]}
              - {score: 950}
              - {perk: bikes, state: revoked}
              - {score: 952}
            """)
        #expect(
            found == [
                "--- then", "+++ actual",
                "  - {score: 1000}",
                "  - {perk: bikes, state: granted}",
                "- - {score: 980, because: [fare -20]}",
                "+ - {score: 975, because: [fare -25]}",
                "  - {score: 950}",
                "- - {perk: bikes, state: revoked}",
                "+ - {sanction: rail-ban, state: noticed, at: 2026-01-02}",
                "  - {score: 952}",
            ])
    }

    @Test func moreAndFewerFactsThanExpected() throws {
        let given = "given: [{enrol: anna, at: 2026-01-01}, {event: bill.paid, at: 2026-01-02}]"
        #expect(
            try difference(given + "\nthen: []") == [
                "--- then", "+++ actual",
                "+ - {score: 1000, band: A, at: 2026-01-01, because: []}",
                "+ - {perk: bikes, state: granted, at: 2026-01-01}",
                "+ - {score: 1002, band: A, at: 2026-01-02, because: [paid +2]}",
            ])
        #expect(
            try difference(given + "\nthen: [{score: 1000}, {perk: bikes}, {score: 1002}, {score: 1004}]") == [
                "--- then", "+++ actual",
                "  - {score: 1000}", "  - {perk: bikes}", "  - {score: 1002}", "- - {score: 1004}",
            ])
    }

    @Test func longRunsOfExpectedFactsAreLeftOut() throws {
        let facts = (1...20).map { "  - {score: \(1000 + 2 * $0)}" }
        let found = try difference(
            """
            given: [{enrol: anna, at: 2026-01-01}]
            when: [{event: bill.paid, at: 2026-01-02, times: 20}]
            then:
            \((facts.dropLast() + ["  - {score: 0}"]).joined(separator: "\n"))
            """)
        #expect(
            found == [
                "--- then", "+++ actual", "@@ 16 facts as expected @@",
                "  - {score: 1034}", "  - {score: 1036}", "  - {score: 1038}",
                "- - {score: 0}", "+ - {score: 1040}",
            ])
    }

    @Test func subjectsAreShownWhereThereIsMoreThanOne() throws {
        let found = try difference(
            """
            given: [{enrol: anna, at: 2026-01-01}]
            when: [{enrol: "Bert B", at: 2026-01-01, kind: business}]
            then: []
            """)
        #expect(
            found == [
                "--- then", "+++ actual",
                "+ - {score: 1000, band: A, subject: \"Bert B\", at: 2026-01-01, because: []}",
                "+ - {perk: bikes, state: granted, subject: \"Bert B\", at: 2026-01-01}",
            ])
    }

    @Test func appealsDecisionsVoidsAndWithdrawals() throws {
        let found = try difference(
            """
            given:
              - {enrol: anna, at: 2026-01-01}
              - {event: bill.missed, at: 2026-01-05, data: {days: 31}, id: b1, source: /bank}
            when:
              - {appeal: no-credit, at: 2026-01-06, statement: Paid.}
              - {decide: no-credit, outcome: rejected, at: 2026-01-07, reason: Not paid.}
              - {void: b1, at: 2026-01-08, reason: Paid after all.}
              - {event: bill.missed, at: 2026-01-09, data: {days: 40}, id: b2}
              - {appeal: no-credit, at: 2026-01-10}
              - {decide: no-credit, outcome: upheld, at: 2026-01-11}
              - {withdraw: anna, at: 2026-01-12}
            then:
              - {sanction: no-credit, state: stayed}
              - {sanction: no-credit, state: in-force, restored: true}
              - {sanction: no-credit, state: lifted, reason: voided}
              - {score: 1000, because: [missed +31]}
              - {sanction: no-credit, state: in-force, since: 2026-01-09, until: 2026-03-10}
              - {score: 960, because: [missed -40]}
              - {sanction: no-credit, state: stayed}
              - {sanction: no-credit, state: lifted, reason: appeal-upheld}
              - {perk: bikes, state: revoked}
              - {score: ~, was: 960}
            standing: {anna: ~, bert: ~}
            """)
        #expect(found == [])
    }

    @Test func standings() throws {
        let given = "given: [{enrol: anna, at: 2026-01-01}, {event: fare.evaded, at: 2026-01-02, times: 2}]"
        #expect(
            try difference(
                given
                    + "\nstanding: {anna: {score: 960, dimensions: {payment: 1, transport: -50}, sanctions: {}}, bert: {band: A}}"
            )
                == [
                    "--- standing", "+++ actual",
                    "- anna: {score: 960, dimensions: {payment: 1, transport: -50}, sanctions: {}}",
                    "+ anna: {score: 950, dimensions: {payment: 0, transport: -50}, sanctions: {rail-ban: noticed}}",
                    "--- standing", "+++ actual", "- bert: {band: A}", "+ bert: ~",
                ])
        #expect(
            try difference(given + "\nstanding: {anna: ~}") == [
                "--- standing", "+++ actual", "- anna: ~",
                "+ anna: {kind: individual, score: 950, band: B, dimensions: {payment: 0, transport: -50}, "
                    + "sanctions: {rail-ban: noticed}, perks: [bikes]}",
            ])
        #expect(
            try difference(given + "\nstanding: {anna: {band: B, sanctions: {rail-ban: noticed}, perks: [bikes]}}")
                == [])
    }

    /// YAML's plain scalars are null, booleans and numbers; quoted ones are texts.
    @Test(arguments: [
        ("{days: 7}", 993), ("{days: \"7\"}", nil), ("{days: 7.5}", nil), ("{days: ~}", nil), ("{}", nil),
    ])
    func dataIsWhatYAMLSaysItIs(data: String, score: Int?) throws {
        let found = try difference(
            """
            given: [{enrol: anna, at: 2026-01-01}]
            when: [{event: bill.missed, at: 2026-01-02, data: \(data)}]
            then: [\(score.map { "{score: \($0)}" } ?? "")]
            """)
        #expect(found == [], "\(data)")
    }
}
