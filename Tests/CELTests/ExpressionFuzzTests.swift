import CEL
@testable import CELJSON
import Foundation
import Randomness
import Testing

/// Whatever the text is, it compiles or is refused with a location, and what compiles has a value or an error.
@Suite struct ExpressionFuzzTests {
    @Test func noTextTraps() throws {
        var fuzz = Fuzz("expression", count: 20_000)
        var texts = FuzzedText(seed: fuzz.seed)
        var compiled = 0
        var values = 0
        for _ in 0..<fuzz.count {
            let text = texts.next()
            fuzz.run(text) {
                var town = Town()
                do throws(ExpressionError) {
                    let expression = try town.compile(text)
                    compiled += 1
                    let frame = EvaluationFrame(town.declarations)
                    for slot in expression.slots { frame.slots[slot] = texts.value(depth: 2) }
                    let value = expression.evaluate(frame)
                    let truth = expression.truth(frame)
                    let integer = expression.integer(frame)
                    switch value {
                    case .bool(let bool): #expect(truth == (bool ? .yes : .no), "\(text)")
                    default: #expect(truth == .error, "\(text)")
                    }
                    if case .int(let int) = value {
                        #expect(integer == int, "\(text)")
                    } else {
                        #expect(integer == nil)
                    }
                    if case .error = value {} else { values += 1 }
                    _ = value.typedJSON
                } catch {
                    #expect(error.line >= 1 && error.column >= 1)
                    _ = error.diagnostic(source: text, name: nil)
                }
            }
        }
        fuzz.report("\(compiled) compiled, \(values) with a value")
        #expect(compiled > fuzz.count / 20)
    }

    @Test func noRowTraps() {
        var texts = FuzzedText(seed: 2)
        for _ in 0..<2000 {
            var bytes = Array(#"{"name":"n","expr":"x + y.z","vars":{"x":{"type":"int","value":"1"}}}"#.utf8)
            for _ in 0..<texts.below(4) { bytes[texts.below(bytes.count)] = UInt8(texts.below(256)) }
            #expect(EvaluationRow(line: bytes.prefix(texts.below(bytes.count + 1))).resultLine.hasPrefix(#"{"name":""#))
        }
    }
}

/// Random texts of three kinds: soups of tokens, mutations of real expressions, and nested structures.
private struct FuzzedText {
    private var random: Seeded

    init(seed: UInt64) { random = Seeded(seed) }

    mutating func below(_ bound: Int) -> Int { random.below(bound) }

    private mutating func pick<T>(_ items: [T]) -> T { items[below(items.count)] }

    private static let tokens = [
        "1", "0", "-1", "9223372036854775807", "18446744073709551615u", "1.5", "1e308", ".5", "0x7f", "2u", "true",
        "false", "null", "'a'", "\"é\"", "b'\\xff'", "r'\\d+'", "'''x'''", "''", "data", "data.a", "data.list",
        "points", "kind", "time", "dimension.payment", "x", "y", "int", "type",
        "google.protobuf.Timestamp", "+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "!", "?",
        ":", "in", ".", ",", "(", ")", "[", "]", "{", "}",
        "size(", "int(", "uint(", "double(", "string(", "bytes(", "bool(", "timestamp(", "duration(", "dyn(", "type(",
        ".size()", ".contains('a')", ".matches('a*b')", ".startsWith(", ".endsWith(", ".getHours()", ".map(x, ",
        ".filter(y, ", ".all(x, x", ".exists(x, ", ".exists_one(x, ", "has(data.a)", "has(", ".`a-b`", "//c\n", " ",
        "\\", "\u{0}", "`", "'", "\"", "$", "🐱", "for", "a.b.c", ".x", "'2026-01-02T03:04:05Z'", "'1h30m'",
    ]

    private static let real = [
        "data.amount >= 1000.0 && data.category == \"utility\"", "points <= -100",
        "data.months >= 3 ? -90 : data.months * -30", "data.paid * 20 >= data.billed", "data.category in [\"a\",\"b\"]",
        "has(data.hours) && data.hours > 0", "data.list.exists(x, x.a > 1 || x in [1, 2.0, 'c'])",
        "[1, 2, 3].map(x, x > 1, {x: x * 2}).filter(m, 2 in m)", "time.getFullYear('America/New_York') == 2026",
        "timestamp('2026-01-02T03:04:05Z') - duration('90m') > time", "kind.matches('^[a-z]+(ness)?$')",
        "{'a': [1, 2], 'b': {'c': b'\\x00'}}.b.c == bytes(kind)", "type(data.a) == int ? string(data.a) : 'no'",
        "[[1]].map(x, [x, x]).map(x, [x, x]).map(x, [x, x]) == data.a", "data.map(k, data[k]).exists(v, v == 3)",
        "-9223372036854775808 / -1 == int('12') % data.n", "'a' + 'b' + kind == \"\"\"x\"\"\" || !(1u < 2)",
        "data.all(k, v, size(k) > 0 && v != null) ? 1 : 2", "dimension.payment + dimension.conduct * 2 < points",
    ]

    mutating func next() -> String {
        switch below(4) {
        case 0: return (0..<1 + below(30)).map { _ in pick(Self.tokens) }.joined(separator: pick(["", " "]))
        case 1, 2: return mutated(pick(Self.real))
        default: return nested(depth: 1 + below(6))
        }
    }

    private mutating func mutated(_ source: String) -> String {
        var bytes = Array(source.utf8)
        for _ in 0..<below(4) {
            let at = below(bytes.count + 1)
            switch below(5) {
            case 0 where at < bytes.count: bytes.remove(at: at)
            case 1 where at < bytes.count: bytes[at] = UInt8(32 + below(95))
            case 2: bytes.insert(contentsOf: pick(Self.tokens).utf8, at: at)
            case 3:
                let other = Array(pick(Self.real).utf8)
                bytes.insert(contentsOf: other[below(other.count)...], at: at)
            default:
                let end = min(bytes.count, at + below(12))
                bytes.insert(contentsOf: bytes[at..<end], at: below(bytes.count + 1))
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Mostly well-formed.
    private mutating func nested(depth: Int) -> String {
        guard depth > 0 else {
            return pick([
                "1", "-2", "3u", "0.5", "'s'", "b'b'", "true", "null", "points", "kind", "data.a", "data.list", "data",
                "x", "y", "time", "duration('3s')", "[]", "{}",
            ])
        }
        func inner() -> String { nested(depth: depth - 1) }
        switch below(12) {
        case 0: return "(\(inner()) \(pick(["+", "-", "*", "/", "%"])) \(inner()))"
        case 1: return "(\(inner()) \(pick(["==", "!=", "<", "<=", ">", ">=", "in"])) \(inner()))"
        case 2: return "(\(inner()) \(pick(["&&", "||"])) \(inner()))"
        case 3: return "(\(inner()) ? \(inner()) : \(inner()))"
        case 4: return "[\(inner()), \(inner())]"
        case 5: return "{\(inner()): \(inner())}"
        case 6: return "\(inner())[\(inner())]"
        case 7: return "\(inner()).a"
        case 8: return "\(pick(["size", "int", "string", "type", "dyn", "double", "bool"]))(\(inner()))"
        case 9, 10:
            let macro = pick(["map", "filter", "all", "exists", "exists_one"])
            return "\(inner()).\(macro)(\(pick(["x", "y"])), \(inner()))"
        default: return "\(pick(["!", "-"]))(\(inner()))"
        }
    }

    mutating func value(depth: Int) -> Value {
        switch below(depth > 0 ? 12 : 9) {
        case 0: return .null
        case 1: return .bool(below(2) == 0)
        case 2: return .int(pick([0, 1, -1, .max, .min, 42]))
        case 3: return .uint(pick([0, 1, .max]))
        case 4: return .double(pick([0, -0.0, 1.5, .nan, .infinity, 1e300]))
        case 5, 6: return .string(Text(pick(["", "a", "utility", "é🐱", String(repeating: "ab", count: 500)])))
        case 7: return .error(.noSuchField)
        case 8: return .timestamp(Moment(seconds: Int64(below(4_000_000_000)), nanoseconds: 5))
        case 9, 10: return .list(ValueList((0..<below(5)).map { _ in element(depth: depth - 1) }))
        default:
            return .map(ValueMap((0..<below(12)).map { (.string(Text("k\($0)")), element(depth: depth - 1)) }))
        }
    }

    /// Lists and maps hold no errors.
    private mutating func element(depth: Int) -> Value {
        let value = value(depth: depth)
        if case .error = value { return .null }
        return value
    }
}
