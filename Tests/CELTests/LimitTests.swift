import CEL
import CELJSON
import Testing

@Suite struct LimitTests {
    static func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

    @Test(arguments: [
        repeated("(", 1000) + "1" + repeated(")", 1000), repeated("[", 1000) + repeated("]", 1000),
        repeated("-", 1000) + "x", repeated("!", 1000) + "true", repeated("1 + ", 1000) + "1",
        "a" + repeated(".b", 1000), "a" + repeated("[0]", 1000), repeated("size(", 1000) + "''" + repeated(")", 1000),
        repeated("true ? 1 : ", 1000) + "1", repeated("{1:", 1000) + "1" + repeated("}", 1000),
        repeated("[1].map(x, ", 1000) + "x" + repeated(")", 1000), repeated("(", 60_000),
    ])
    func depthIsACleanError(_ source: String) {
        #expect(evaluated(source).contains("nests at most"))
    }

    @Test func aLongChainOfConditionsIsNotDeep() {
        #expect(evaluated(Self.repeated("false || ", 5000) + "true") == "true")
        #expect(evaluated(Self.repeated("true && ", 5000) + "1 == 1") == "true")
        #expect(evaluated("[" + Self.repeated("1, ", 10_000) + "].size()") == "10000")
    }

    @Test func sourcesAndPartsAreCounted() {
        #expect(evaluated(Self.repeated(" ", Limit.sourceBytes) + "1").contains("at most \(Limit.sourceBytes) bytes"))
        #expect(evaluated("[" + Self.repeated("1,", 20_000) + "]").contains("at most \(Limit.nodes) parts"))
    }

    @Test func containersAreShort() {
        #expect(evaluated("1", container: Self.repeated("a.", 100_000)).contains("a container has at most"))
    }

    @Test func containersHaveFewNames() {
        let names = Array(repeating: "a", count: Limit.containerSegments)
        #expect(evaluated("1", container: names.joined(separator: ".")) == "1")
        #expect(evaluated("1", container: (names + ["a"]).joined(separator: ".")).contains("a container has at most"))
    }

    /// Each was once work that nothing paid for.
    @Test func longTextsAndKeysArePaidFor() {
        let list = Value.list(ValueList((0..<1000).map { .int($0) }))
        func text(_ end: String) -> Value { .string(Text(Self.repeated("a", 20_000) + end)) }
        func bytes(_ end: String) -> Value { .bytes(Text(Self.repeated("a", 20_000) + end)) }
        let map = Value.map(ValueMap((0..<8).map { (text("\($0)"), .int($0)) }))
        let constant = Self.repeated("a", 20_000) + "y"
        for condition in [
            "s == '\(constant)'", "s in ['\(constant)']", "s in m", "m == n", "{s: 1, t: 2} == {}", "c < b", "t < s",
            "(s + '') in [1, '\(constant)']",
        ] {
            let result = evaluated(
                "x.exists(i, x.exists(j, \(condition)))", ("x", list), ("s", text("x")), ("t", text("z")), ("m", map),
                ("n", .map(ValueMap((0..<8).map { (text("\($0)"), .int(-1)) }))), ("b", bytes("x")), ("c", bytes("z")))
            #expect(result == "error: \(EvaluationError.tooExpensive)", "\(condition.prefix(20))")
        }
    }

    @Test func patternsMadeAtRunTimeArePaidFor() {
        let list = Value.list(ValueList((0..<1000).map { .int($0) }))
        for pattern in [#"(?i)[\pL1][\pL2][\pL3]"#, "((.{30}){30}){1}", "a"] {
            let result = evaluated("x.all(i, !'!'.matches(p + string(i)))", ("x", list), ("p", .string(Text(pattern))))
            #expect(result == "error: \(EvaluationError.tooExpensive)", "\(pattern)")
        }
    }

    /// So many classes are too much for eight patterns, and not for one.
    @Test func patternsShareTheWorkOfTheirClasses() {
        func pattern(_ number: Int) -> String {
            "'!'.matches(r\"(?i)" + (0..<20).map { "[\\pL\($0)\(number)]" }.joined() + "\")"
        }
        #expect(evaluated(pattern(1)) == "false")
        #expect(evaluated((1...8).map(pattern).joined(separator: " || ")) == "error: \(EvaluationError.badPattern)")
    }

    @Test func workIsBounded() {
        let list = Value.list(ValueList((0..<1000).map { .int($0) }))
        let source = "x.all(a, x.all(b, x.all(c, a + b + c >= 0)))"
        #expect(evaluated(source, ("x", list)) == "error: \(EvaluationError.tooExpensive)")
        #expect(evaluated("x.all(a, a in x)", ("x", list)) == "true")
    }

    @Test func whatGrowsIsBounded() {
        let doubled = Self.repeated(".map(x, x + x)", 40)
        #expect(evaluated("['aaaaaaaa']\(doubled)", ("x", .int(1))).hasPrefix("error: "))
        #expect(evaluated("[[1, 2, 3]]\(doubled)").hasPrefix("error: "))
        let shared = Self.repeated(".map(x, [x, x])", 40)
        #expect(evaluated("[[1]]\(shared) == [[1]]\(shared)").hasPrefix("error: "))
        #expect(EvaluationRow(name: "n", "[[1]]\(shared)", variables: []).resultLine.contains("too large a value"))
    }

    @Test func patternsAreBounded() {
        let patterns = (0..<20).map { "'a'.matches('\($0)')" }.joined(separator: " || ")
        #expect(evaluated(patterns).contains("at most \(Limit.patterns) patterns"))
        let text = Value.string(Text(Self.repeated("a", 1_000_000)))
        #expect(evaluated("x.matches('(a?){500}(b|c){500}')", ("x", text)) == "error: \(EvaluationError.tooExpensive)")
        #expect(evaluated("x.matches('^a+$')", ("x", text)) == "true")
    }
}
