import Policy
import Replay
import Testing

/// The data of a case are the values that YAML 1.2's core schema has, as a rule sees them.
@Suite struct PolicyCaseDataTests {
    /// Whether a rule finds what `condition` says of `data.x`.
    private func finds(_ condition: String, in value: String) throws -> Bool {
        let policy = """
            policy: rides
            version: 1
            score: {base: 0, min: 0, max: 10}
            dimensions: {driving: {}}
            rules:
              - {id: ride, dimension: driving, event: ride.finished, when: '\(condition)', points: 1}
            bands: [{name: A, from: 0}]
            """
        let yaml = """
            policy: rides.yaml
            cases:
              - name: a ride
                given: [{enrol: anna, at: 2026-01-01}]
                when:
                  - event: ride.finished
                    at: 2026-01-02
                    data:
                      x: \(value)
                then: [{score: 1}]
            """
        let file = try PolicyCaseFile(yaml: yaml, file: "cases.yaml") { try ScoringPolicy(yaml: policy, file: $0) }
        let result = PolicyCaseRunner(policy: file.policy).run(file.cases[0])
        #expect(result.errors == [])
        return result.hasPassed
    }

    @Test(arguments: [
        (".5", "0.5"), ("5.", "5.0"), ("+1.5", "1.5"), ("01.5", "1.5"), ("-.5", "-0.5"), ("1e3", "1000.0"),
        ("5.e1", "50.0"), ("!!float 5", "5.0"),
    ])
    func aNumberWithAFractionOrAnExponentIsADouble(value: String, expected: String) throws {
        #expect(try finds("type(data.x) == double && data.x == \(expected)", in: value))
    }

    @Test(arguments: [
        ("0x10", "16"), ("0o17", "15"), ("+12", "12"), ("012", "12"), ("-3", "-3"),
        ("9223372036854775807", "9223372036854775807"),
        ("!!int '5'", "5"),
    ])
    func aWholeNumberIsAnInt(value: String, expected: String) throws {
        #expect(try finds("type(data.x) == int && data.x == \(expected)", in: value))
    }

    @Test(arguments: [
        ("1_000", "1_000"), ("0b11", "0b11"), ("1:30", "1:30"), ("yes", "yes"), ("on", "on"), ("'5'", "5"),
        ("\"0x10\"", "0x10"),
        ("!!str 5", "5"), ("! .5", ".5"), ("2026-01-01", "2026-01-01"), ("\"\\ud83d\\ude00\"", "😀"),
        ("|-\n            5", "5"),
    ])
    func whatYAML12HasNoNumberForIsAText(value: String, expected: String) throws {
        #expect(try finds("type(data.x) == string && data.x == \"\(expected)\"", in: value))
    }

    @Test(arguments: ["", "~", "null", "Null", "NULL"]) func nothingIsNull(value: String) throws {
        #expect(try finds("data.x == null", in: value))
    }

    @Test(arguments: ["true", "True", "TRUE"]) func aBoolean(value: String) throws {
        #expect(try finds("type(data.x) == bool && data.x", in: value))
    }

    @Test(arguments: [
        (".inf", ".inf is no number that JSON knows"), (".nan", ".nan is no number that JSON knows"),
        ("!!int 1.5", "\"1.5\" is no !!int of YAML's core schema"),
    ])
    func whatJSONCannotHaveIsAMistakeWithItsLocation(value: String, message: String) throws {
        let error = #expect(throws: YAMLMistakes.self) { try finds("true", in: value) }
        #expect(error?.description == "cases.yaml:9:14: error: \(message)")
    }

    /// What a reviewer sees as a comment is no step.
    @Test(arguments: ["\u{85}", "\u{2028}", "\u{2029}"]) func aSeparatorInACommentIsNoLineBreak(separator: String)
        throws
    {
        let yaml = """
            policy: town.yaml
            cases:
              - name: one
                given:
                  - {enrol: anna, at: 2026-01-01} # \(separator)      - {event: bill.paid, at: 2026-01-02}
                then: [{score: 1000}, {perk: bikes}]
            """
        let file = try PolicyCaseFileTests.read(yaml)
        #expect(PolicyCaseRunner(policy: file.policy).run(file.cases[0]).difference == [])
    }
}
