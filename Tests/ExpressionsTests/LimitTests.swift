import Expressions
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
