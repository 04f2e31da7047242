import Foundation
import Policy
import Testing

/// One order, quotes where YAML needs them, and nothing else.
@Suite struct PolicyFormatTests {
    private static let policies = URL(filePath: #filePath).appending(path: "../../../deploy/policies").standardized

    private func formatted(_ text: String) throws -> String { try PolicyFormat.formatted(text, file: "policy.yaml") }

    @Test func aByteOrderMarkRemainsAtTheBegin() throws {
        #expect(try formatted("\u{FEFF}version: 1\npolicy: x\n") == "\u{FEFF}policy: x\nversion: 1\n")
    }

    @Test func aLoneTagBeforeAnExpressionIsStillIgnored() throws {
        #expect(
            try formatted("rules:\n  - when: ! data.late\n    id: a\n  - when: !data.late\n    id: b\n")
                == "rules:\n  - id: a\n    when: ! data.late\n  - id: b\n    when: '!data.late'\n")
    }

    @Test func partsComeInOrderWithTheirComments() throws {
        let text = """
            # A header
            # of two lines.

            # About the version.
            version: 1
            policy: messy   # its name


            bands:
            - {from: 0, name: A}   # the only one
            # Above the perks.
            perks:
              # free
              - when: sanctioned
                # why
                grace: 3 days
                id: p

              - {when: "score >= 1", id: q}
            rules:
              - points: 2
                id: a
                # of trains
                event:
                  - x
                  - y
                dimension: d
              # the last
              - id: c
                dimension: d
                points: >-
                  measure.x > 1
                  ? 2 : 1
            score: {base: 1, min: 0, max: 2}
            dimensions: {d: {}}
            """
        let result = try formatted(text)
        #expect(
            result == """
                # A header
                # of two lines.

                policy: messy   # its name
                # About the version.
                version: 1
                score: {base: 1, min: 0, max: 2}
                dimensions: {d: {}}
                rules:
                  - id: a
                    dimension: d
                    # of trains
                    event:
                      - x
                      - y
                    points: 2
                  # the last
                  - id: c
                    dimension: d
                    points: >-
                      measure.x > 1
                      ? 2 : 1

                bands:
                - {name: A, from: 0}   # the only one
                # Above the perks.
                perks:
                  # free
                  - id: p
                    when: sanctioned
                    # why
                    grace: 3 days

                  - {id: q, when: "score >= 1"}

                """)
        #expect(try formatted(result) == result)
    }

    @Test(arguments: [
        ("when: !data.late", "when: '!data.late'"), ("when: 'a' == data.x", "when: '''a'' == data.x'"),
        ("when: \"a\" == data.x", "when: '\"a\" == data.x'"),
        ("when: data.x > 1 ? true : false", "when: 'data.x > 1 ? true : false'"),
        ("when: -data.x > 1", "when: -data.x > 1"), ("when: data.x == \"a\"", "when: data.x == \"a\""),
        ("when: \"data.x == 'it''s'\"", "when: \"data.x == 'it''s'\""),
        ("when: true   # always", "when: true   # always"),
    ])
    func expressionsGetTheirQuotes(line: String, expected: String) throws {
        let rule = "rules:\n  - id: a\n    dimension: d\n    event: x\n    \(line)\n    points: -5\n"
        #expect(try formatted(rule) == rule.replacing(line, with: expected))
    }

    @Test func inBracesToo() throws {
        #expect(
            try formatted(
                "rules:\n  - {points: data.km > 1 ? 2 : 1, id: b, when: data.x in ['a', \"b,c\"], event: [x, y]}\n")
                == "rules:\n  - {id: b, event: [x, y], when: 'data.x in [''a'', \"b,c\"]', points: 'data.km > 1 ? 2 : 1'}\n"
        )
    }

    @Test func aSanctionSaysFirstWhatImposesIt() throws {
        #expect(
            try formatted(
                "sanctions:\n  - {lasts: 1 day, measures: [m], event: x, id: s}\n  - {when: points < 0, measures: [m], id: t}\n"
            )
                == "sanctions:\n  - {id: s, event: x, measures: [m], lasts: 1 day}\n  - {id: t, measures: [m], when: points < 0}\n"
        )
    }

    /// The line is no part of a key, so the formatter may not make YAML by leaving it out.
    @Test(arguments: ["    dimension: road", "nce.", "- a"]) func aStrayLineIsNotLost(line: String) throws {
        let text = "# A header.\n\(line)\npolicy: p\nversion: 1\n"
        #expect(throws: YAMLMistakes.self) { try formatted(text) }
    }

    @Test func theCommentsOfAHeaderStay() throws {
        let text = "# One.\n---\n# Two.\nversion: 1\npolicy: p\n"
        let result = try formatted(text)
        #expect(result.contains("# One.\n") && result.contains("# Two.\n"), "\(result)")
        #expect(try formatted(result) == result)
    }

    @Test func linesOfAnotherSystemAreFormattedToo() throws {
        #expect(try formatted("version: 1\r\npolicy: p\r\n") == "policy: p\nversion: 1\n")
    }

    /// A mapping of very many keys: comparing what it means takes no time that grows with the square.
    @Test func manyKeysMeanTheSame() throws {
        let keys = (0..<20_000).map { "k\($0): {b: 2, a: \($0)}\n" }
        let text = "version: 1\npolicy: p\n" + keys.joined()
        // Names with digits are no keys that the formatter knows: they stay below the key that they follow.
        #expect(try formatted(text) == "policy: p\n" + keys.joined() + "version: 1\n")
    }

    @Test(arguments: ["a: [", "a: b: c", "\"a"]) func whatIsNoYAMLIsToldAsItIs(text: String) {
        #expect(throws: YAMLMistakes.self) { try formatted(text) }
    }

    @Test(arguments: ["town", "loyalty", "licence", "drive", "market", "credit"])
    func samplesAreInOrder(name: String) throws {
        let text = try String(contentsOf: Self.policies.appending(path: "\(name)/\(name).yaml"), encoding: .utf8)
        #expect(try formatted(text) == text)
    }

    @Test func theFirstPolicyIsInOrder() throws {
        #expect(try formatted(PolicyTemplate.policy("club")) == PolicyTemplate.policy("club"))
    }
}
