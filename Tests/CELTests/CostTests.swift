import CEL
import CELJSON
import Randomness
import Testing

/// The cost of an expression is known before it runs.
@Suite struct CostTests {
    private static func cost(_ source: String, bytes: Int) throws -> ClosedRange<Double> {
        var town = Town()
        return try #require(try town.compile(source).cost { _ in bytes })
    }

    /// What an expression costs at least, and at most where a list of numbers, or a text, has a thousand bytes.
    private static let worst: [(source: String, least: Double, most: Double)] = [
        ("points > 3 && kind == 'individual'", 0, 0), ("data.l.exists(x, x > 1)", 0, 2000),
        ("data.l.exists(x, data.l.exists(y, x + y > 1))", 0, 1_754_000),
        ("[1, 2, 3].map(x, x * points).size() > 3", 14, 14), ("[1, 2, 3].exists(x, x > points)", 4, 12),
        ("points > 1 ? data.s.size() > 3 : true", 0, 33), ("data.s.contains('abc')", 2, 64),
        ("data.s.matches('^a+$')", 1, 63),
    ]

    @Test(arguments: worst) func theWorstOfAThousandBytes(source: String, least: Double, most: Double) throws {
        let cost = try Self.cost(source, bytes: 1001)
        #expect(cost.lowerBound == least)
        #expect(cost.upperBound >= most)
        #expect(cost.upperBound <= most * 1.5 + 8)
    }

    /// The items of a list together have no more bytes than the list.
    @Test func listsInAListShareItsBytes() throws {
        let apart = try Self.cost("data.l.exists(x, x.m.exists(y, y.n.exists(z, z > 1)))", bytes: 16_000)
        #expect(apart.upperBound < 500_000)
        let same = try Self.cost("data.l.exists(x, data.m.exists(y, x == y))", bytes: 16_000)
        #expect(same.upperBound > 200_000_000)
    }

    @Test func whatIsNestedWithoutMeasureIsNotTold() throws {
        var town = Town()
        let source =
            LimitTests.repeated("data.l.all(x, data.l.all(y, ", 15) + "x > 1 && y > 1" + LimitTests.repeated("))", 15)
        let cost = try #require(try town.compile(source).cost { _ in 1000 })
        #expect(cost.upperBound > Double(Limit.cost))
        let wide = "[" + Array(repeating: source, count: 100).joined(separator: ", ") + "].size() > 1"
        #expect(try town.compile(wide).cost { _ in 1000 } == nil)
    }

    /// Whatever the data, the greatest estimated cost suffices, and less than the least does not.
    @Test func noEvaluationCostsMoreThanTheMostOrLessThanTheLeast() throws {
        var fuzz = Fuzz("expression cost", count: 3000, long: 100_000)
        var random = Seeded(fuzz.seed)
        var valued = 0
        for _ in 0..<fuzz.count {
            var source = CostlyExpression(random: random)
            let text = source.value(depth: 0)
            let json = ["a", "b", "s"].map { "\"\($0)\":\(source.json(depth: 0))" }
            random = source.random
            try fuzz.run(text) {
                var declarations = Declarations()
                declarations.declareObject("data")
                let expression = try Expression(text, in: &declarations)
                guard expression.diagnostics.isEmpty else { return }
                let bytes = json.reduce(0) { $0 + $1.utf8.count + 1 } + 1
                guard let cost = expression.cost({ _ in bytes }) else { return }
                let frame = EvaluationFrame(declarations)
                let data = Array("{\(json.joined(separator: ","))}".utf8)
                data.withUnsafeBytes { data in
                    JSONFields(fields: declarations.objectFields, whole: declarations.wholeObjectSlot, isExcluded: nil)
                        .read(data, into: frame.slots)
                    let free = expression.evaluate(frame)
                    if case .error(.tooExpensive) = free {
                        #expect(cost.upperBound > Double(Limit.cost), "\(text)")
                        return
                    }
                    frame.allow(Int(min(cost.upperBound, Double(Limit.cost))))
                    let most = expression.evaluate(frame)
                    #expect(brief(free) == brief(most), "\(text) costs more than \(cost) for \(json)")
                    if case .error = free { return }
                    valued += 1
                    guard cost.lowerBound >= 1, expression.constant == nil else { return }
                    frame.allow(Int(cost.lowerBound) - 1)
                    let less = expression.evaluate(frame)
                    #expect(brief(less).hasPrefix("error: "), "\(text) costs less than \(cost)")
                }
            }
        }
        fuzz.report("\(valued) with a value")
        #expect(valued > fuzz.count / 20)
    }
}

/// Random expressions with macros, and random data for them.
private struct CostlyExpression {
    var random: Seeded
    private var variables: [String] = []

    init(random: Seeded) { self.random = random }

    private mutating func below(_ bound: Int) -> Int { random.below(bound) }

    mutating func value(depth: Int) -> String {
        switch below(depth > 4 ? 3 : 12) {
        case 0: ["1", "2.5", "'ab'", "[1, 2, 3]", "'\(String(repeating: "x", count: 100))'", "true"][below(6)]
        case 1: variables.isEmpty ? "data.a" : variables[below(variables.count)]
        case 2: ["data.a", "data.b", "data.s"][below(3)]
        case 3, 4: "\(value(depth: depth + 1)).\(macro(depth: depth))"
        case 5: "[\(value(depth: depth + 1)), \(value(depth: depth + 1))]"
        case 6: "{'k': \(value(depth: depth + 1))}"
        case 7: "(\(value(depth: depth + 1)) \(["+", "==", "<", "in", "!="][below(5)]) \(value(depth: depth + 1)))"
        case 8: "(\(condition(depth: depth + 1)) ? \(value(depth: depth + 1)) : \(value(depth: depth + 1)))"
        case 9: "\(["size", "string", "type", "dyn"][below(4)])(\(value(depth: depth + 1)))"
        case 10: "\(value(depth: depth + 1))\([".k", "[0]", "['k']"][below(3)])"
        default: "(\(condition(depth: depth + 1)) \(["&&", "||"][below(2)]) \(condition(depth: depth + 1)))"
        }
    }

    private mutating func condition(depth: Int) -> String {
        let value = value(depth: depth + 1)
        return ["\(value) == 1", "\(value) in data.b", "string(\(value)).contains('b')", "has(data.a)"][below(4)]
    }

    private mutating func macro(depth: Int) -> String {
        let name = "v\(variables.count)"
        let isPair = below(4) == 0
        let names = isPair ? [name, name + "x"] : [name]
        variables += names
        defer { variables.removeLast(names.count) }
        let list = names.joined(separator: ", ")
        switch below(5) {
        case 0: return "all(\(list), \(condition(depth: depth + 1)))"
        case 1: return "exists(\(list), \(condition(depth: depth + 1)))"
        case 2:
            return isPair
                ? "transformList(\(list), \(value(depth: depth + 1)))" : "map(\(list), \(value(depth: depth + 1)))"
        case 3:
            return isPair
                ? "transformMap(\(list), \(condition(depth: depth + 1)), \(value(depth: depth + 1)))"
                : "filter(\(list), \(condition(depth: depth + 1)))"
        default: return "existsOne(\(list), \(condition(depth: depth + 1)))"
        }
    }

    mutating func json(depth: Int) -> String {
        switch below(depth > 2 ? 4 : 8) {
        case 0: return "\(below(4))"
        case 1: return "\"\(String(repeating: "ab", count: below(200)))\""
        case 2: return ["true", "null", "1.5", "[]"][below(4)]
        case 3: return "[\((0..<below(40)).map { _ in "\(below(9))" }.joined(separator: ","))]"
        case 4, 5: return "[\((0..<below(12)).map { _ in json(depth: depth + 1) }.joined(separator: ","))]"
        default:
            let keys = ["k", "l", "m", "\(String(repeating: "key", count: below(60)))"].prefix(below(5))
            return "{\(keys.map { "\"\($0)\":\(json(depth: depth + 1))" }.joined(separator: ","))}"
        }
    }
}
