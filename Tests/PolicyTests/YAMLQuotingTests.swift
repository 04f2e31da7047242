import CEL
import Policy
import Testing

/// Where quotes are what is wrong, the mistake says so.
@Suite struct YAMLQuotingTests {
    private static func rule(_ members: String) -> String {
        PolicyDocument.with {
            $0.rules = """
                rules:
                - id: fare
                  dimension: transport
                  event: fare.paid
                  \(members)
                """
        }
    }

    @Test(arguments: [
        (
            "points: data.km > 1 ? 2 : 1",
            "mapping values are not allowed in this context: an expression with \": \" in it stands in quotes"
        ),
        (
            "points: \"data.x.matches('\\d')\" ",
            "found unknown escape character: in double quotes a \\ is written twice, in single quotes once"
        ),
        (
            "points: 1\n  when: 'a' == data.x",
            "did not find expected key: an expression that begins with a quote stands in other quotes as a whole"
        ),
        (
            "points: 1\n  when: [1, 2].exists(i, i == data.x)",
            "did not find expected key: an expression that begins with [ or { stands in quotes"
        ),
        (
            "points: 1\n  when: > 5",
            "did not find expected comment or line break: an expression that begins with > or | stands in quotes"
        ),
        (
            "points: 1\n  when: @x",
            "found character that cannot start any token: an expression that begins with %, @ or ` stands in quotes"
        ),
        (
            "points: 1\n  when: data.x > 1 &&\n    data.y ? data.a : data.b",
            "mapping values are not allowed in this context: an expression with \": \" in it stands in quotes"
        ),
        (
            "points: - 5",
            "block sequence entries are not allowed in this context: an expression that begins with a minus and a space stands "
                + "in quotes"
        ),
        ("points: 1\n  when: [data.x]", "when must be a text: an expression that begins with [ or { stands in quotes"),
        ("points: {a: 1}", "points must be a text: an expression that begins with [ or { stands in quotes"),
        ("points:\n    - 1", "points must be a text"),
        ("points: 1\n  cap: 'a' 'b'", "did not find expected key"),
        (
            "points: 1\n    when: data.x",
            "mapping values are not allowed in this context: this line is indented unlike the one above it"
        ),
        (
            "points: 1\n    size_2: data.x",
            "mapping values are not allowed in this context: this line is indented unlike the one above it"
        ),
        (
            "points: data.km > 1 ?\n    two: 1",
            "mapping values are not allowed in this context: an expression with \": \" in it stands in quotes"
        ),
        (
            "when: 'a'\n\tpoints: 1", "found character that cannot start any token: indent with spaces, not tabs"
        ),
        ("points: 1\n  when:data.x", "this line is no key: a key is followed by a colon and a space"),
    ])
    func ofABlock(members: String, message: String) throws {
        let found = try mistakes(in: Self.rule(members))
        #expect(found.count == 1)
        #expect(found.first?.hasSuffix(message) == true, "\(found)")
    }

    @Test func aPrefixWithoutQuotesAtItsBegin() throws {
        let text = PolicyDocument.with {
            $0.rules = "rules: [{id: fare, dimension: transport, event: *.paid, points: 1}]"
        }
        let message =
            "did not find expected alphabetic or numeric character: a text that begins with !, & or * stands in quotes"
        #expect(try mistakes(in: text).map { $0.hasSuffix(message) } == [true])
    }

    @Test(arguments: [
        (
            "points: 1, when: 'a' == data.x",
            "did not find expected ',' or '}': an expression that begins with a quote stands in other quotes as a whole"
        ),
        (
            "points: 1, when: data.x in ['a'] && data.y",
            "in braces, an expression with : , [ ] { or } in it stands in quotes"
        ),
        (
            "points: 1, when: data['x'] > 1",
            "found character that cannot start any token: in braces, an expression with : , [ ] { or } in it stands in quotes"
        ),
    ])
    func inBracesTheCauseIsTheLastKey(members: String, message: String) throws {
        let text = PolicyDocument.with {
            $0.rules = "rules: [{id: fare, dimension: transport, event: fare.paid, \(members)}]"
        }
        let found = try mistakes(in: text)
        #expect(found.map { $0.hasSuffix(message) } == [true], "\(found)")
    }

    @Test func aTextThatYAMLCutsAtAComma() throws {
        let text = PolicyDocument.with {
            $0.rules = """
                rules: [{id: fare, dimension: transport, event: fare.paid, points: 1, when: data.tags.exists(t, t == 1)}]
                """
        }
        #expect(
            try mistakes(in: text).first
                == "6:77: expected ',' or ')', not the end; YAML takes the , after it for the end of the text: in braces, an "
                + "expression with : , [ ] { or } in it stands in quotes (character 19 of the expression)")
    }

    @Test(arguments: ["points: data.km > 1 ? 2 : 1", "points: 1, when: data.x in ['a']"])
    func inBraces(members: String) throws {
        let text = PolicyDocument.with {
            $0.rules = "rules: [{id: fare, dimension: transport, event: fare.paid, \(members)}]"
        }
        let found = try mistakes(in: text)
        #expect(found.count == 1)
        #expect(
            found.first?.hasSuffix(
                "did not find expected ',' or '}': in braces, an expression with : , [ ] { or } in it stands in quotes")
                == true, "\(found)")
    }

    @Test(arguments: [
        ("!data.late", "!data.late"), ("!has(data.late)", "!has(data.late)"),
        ("!data.late == data.x", "!data.late"), ("! [data.late]", "!"),
    ])
    func aTagThatIsMeantAsNot(when: String, tag: String) throws {
        #expect(
            try mistakes(in: Self.rule("points: 1\n  when: \(when)")) == [
                "11:9: YAML takes \"\(tag)\" for a tag: an expression that begins with ! stands in quotes"
            ])
    }

    /// A ledger that has such a policy folds as before.
    @Test(arguments: ["! data.late", "! 'data.late'"])
    func aTagThatIsIgnoredIsOnlyAWarning(when: String) throws {
        let review = try PolicyReview(yaml: Self.rule("points: 1\n  when: \(when)"), file: "town.yaml")
        #expect(review.policy.rules[0].when?.source == "data.late")
        #expect(
            review.lines().filter { $0.hasPrefix("town.yaml:11:") } == [
                "town.yaml:11:9: warning: YAML takes the ! for a tag, which is ignored: an expression that begins with ! "
                    + "stands in quotes"
            ])
    }

    @Test func aTextThatYAMLCutsAtAComment() throws {
        #expect(
            try mistakes(in: Self.rule("points: 1\n  when: data.x == \"a #b\"")) == [
                "11:9: this text has no closing quote; YAML takes the # after it for the beginning of a comment: an expression "
                    + "with \" #\" in it stands in quotes (character 11 of the expression)"
            ])
        #expect(try mistakes(in: Self.rule("points: 1\n  when: data.x == 1 # it is")) == [])
    }

    @Test func aNullThatIsMeantAsAName() throws {
        let text = PolicyDocument.with { $0.bands = "bands: [{name: null, from: 0}]" }
        #expect(try mistakes(in: text) == ["7:16: name is empty: null is YAML's null, unless it stands in quotes"])
    }

    @Test func aNumberInQuotes() throws {
        #expect(
            try mistakes(in: Self.rule("points: 1\n  cap: '3'")) == ["11:8: cap must be a whole number, without quotes"]
        )
        #expect(
            try mistakes(in: Self.rule("points: 1\n  per: day\n  lasts: 1 day\n  fades: 'true'"))
                == ["13:10: fades must be true or false, without quotes"])
    }
}
