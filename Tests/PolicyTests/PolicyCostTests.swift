import CEL
import Policy
import Testing

/// Costs that an event can reach are reported before one does.
@Suite struct PolicyCostTests {
    private func warnings(_ rules: String, more: String = "") throws -> [String] {
        let text = PolicyDocument.with {
            $0.rules = rules
            ($0.bands, $0.perks) = ("bands: [{name: A, from: 0}]", "")
            $0.more = more
        }
        return try PolicyReview(yaml: text, file: "").warnings.map { "\($0.line):\($0.column): \($0.message)" }
    }

    private static let pairs = "data.tags.exists(a, data.tags.exists(b, a + b == 3))"

    @Test func listsThatAreComparedWithThemselves() throws {
        #expect(
            try warnings("rules: [{id: r, dimension: transport, event: x, points: 1, when: '\(Self.pairs)'}]") == [
                "6:66: an event with 1024 bytes of data can cost more than an expression may (1000000 units of work): then it "
                    + "is an evaluation error"
            ])
    }

    @Test(arguments: [
        "data.tags.exists(t, t == \"late\" || t == \"lost\")",
        "data.items.all(i, i.price > 0 && i.kind in [\"a\", \"b\"])",
        "data.orders.exists(o, o.items.exists(i, i.price > 10 && i.tags.exists(t, t == \"x\")))",
        "data.text.contains(\"x\") && data.text.matches(\"^(a|b)*c$\") && size(data.text) < 100",
    ])
    func whatOnlyGreatEventsReachIsNotTold(when: String) throws {
        let rules = (0..<3).map { "  - {id: r\($0), dimension: transport, event: x, points: 1, when: '\(when)'}" }
        #expect(try warnings("rules:\n" + rules.joined(separator: "\n")) == [])
    }

    @Test func manyExpressionsOverOneEvent() throws {
        let when = "data.tags.exists(t, t.startsWith(\"late\") && t.size() > 5 && t.size() < 50)"
        func rules(_ event: (Int) -> String) -> String {
            "rules:\n"
                + (0..<40).map {
                    "  - {id: r\($0), dimension: transport, event: \(event($0)), points: 1, when: '\(when)'}"
                }
                .joined(separator: "\n")
        }
        let found = try warnings(rules { _ in "fare.late" })
        #expect(found.count == 1)
        #expect(found.first?.contains("an event \"fare.late\" with ") == true, "\(found)")
        #expect(found.first?.contains("all expressions over it may together (2000000 units") == true, "\(found)")
        #expect(try warnings(rules { "fare.\($0)" }) == [])
        // A prefix comes together with each of its types.
        #expect(try warnings(rules { $0 == 0 ? "fare.late" : "fare.*" }).count == 2)
    }

    @Test func whatFollowsFromAnEvent() throws {
        let items = (0..<500).map(String.init).joined(separator: ", ")
        let more = """
            constants: {steps: [\(items)]}
            attributes: {tiers: string}
            measures: [{id: n, dimension: transport, event: x, count: true, adverse: true}]
            """
        let costly = "constant.steps.all(a, constant.steps.all(b, measure.n > 0))"
        let one = try warnings("rules: [{id: r, dimension: transport, points: '\(costly) ? -1 : 0'}]", more: more)
        #expect(
            one == [
                "6:47: this can cost more than an expression may (1000000 units of work): then it is an evaluation error",
                "10:14: no expression names the attribute \"tiers\"",
            ])
        let cheaper = "constant.steps.all(a, [1, 2, 3].all(b, constant.steps.exists(c, c == measure.n)))"
        let rules = (0..<2).map {
            "  - {id: r\($0), dimension: transport, points: '\(cheaper) ? -1 : attribute.tiers.size()'}"
        }
        #expect(try warnings("rules:\n" + rules.joined(separator: "\n"), more: more).count == 2)
    }

    @Test func whatAlwaysCostsTooMuchIsAMistake() throws {
        let items = (0..<1000).map(String.init).joined(separator: ", ")
        let text = PolicyDocument.with {
            $0.more = "constants: {big: [\(items)]}"
            $0.rules = """
                rules: [{id: r, dimension: transport, event: x, points: 1, when: 'constant.big.map(a, constant.big.map(b, a + b)).size() > data.n'}]
                """
        }
        #expect(
            try mistakes(in: text) == [
                "6:66: this always costs more than an expression may (1000000 units of work): it never has a value"
            ])
    }
}
