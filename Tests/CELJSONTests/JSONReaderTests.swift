import Foundation
import Randomness
import Testing

@testable import CEL
@testable import CELJSON

/// One way to write what a value is, for comparisons: keys in order, doubles by their bits.
func shown(_ value: Value) -> String {
    switch value {
    case .null: "null"
    case .bool(let bool): "\(bool)"
    case .int(let int): "\(int)"
    case .double(let double): "double \(double.bitPattern)"
    case .string(let text): String(decoding: text.bytes, as: UTF8.self).debugDescription
    case .list(let list): "[" + list.items.map(shown).joined(separator: ",") + "]"
    case .map(let map):
        "{" + map.entries.map { shown($0.key) + ":" + shown($0.value) }.joined(separator: ",") + "}"
    case .error(let error): "error \(error.rawValue)"
    default: "neither"
    }
}

func json(_ text: String) -> String? { json(Array(text.utf8)) }
func json(_ bytes: [UInt8]) -> String? { bytes.withUnsafeBytes { JSONReader.value(of: $0).map(shown) } }

/// Random JSON, and what it means.
struct RandomJSON {
    var random: Seeded

    init(_ seed: UInt64) { random = Seeded(seed) }

    mutating func space() -> String { Int.random(in: 0..<4, using: &random) == 0 ? " \n" : "" }

    mutating func string() -> String {
        let pieces = [
            "a", "b", "long enough for two words of eight bytes", "é", "☃", "\u{1F431}", "\\n", "\\\"", "\\\\", "\\/",
            "\\u0041", "\\u00e9", "\\ud83d\\udc31", "\\t", "1234567", "12345678", "{", "]", ",", ":",
        ]
        let count = Int.random(in: 0...4, using: &random)
        return "\"" + (0..<count).map { _ in pieces.randomElement(using: &random)! }.joined() + "\""
    }

    mutating func number() -> String {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: "0"
        case 1: "-\(Int.random(in: 0...9_999_999, using: &random))"
        case 2: "\(Int64.random(in: .min ... .max, using: &random))"
        case 3: "\(random.next())"
        case 4: "\(Double(Int.random(in: -9999...9999, using: &random)) / 100)"
        case 5: "\(Int.random(in: 0...99, using: &random))e\(Int.random(in: -30...30, using: &random))"
        case 6: "1\(random.next())\(random.next())"
        default: "\(Int.random(in: 0...99_999_999, using: &random))"
        }
    }

    mutating func value(_ depth: Int) -> String {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &random) {
        case 0: return "null"
        case 1: return Bool.random(using: &random) ? "true" : "false"
        case 2, 3: return number()
        case 4, 5: return string()
        case 6:
            let items = (0..<Int.random(in: 0...4, using: &random)).map { _ in space() + value(depth - 1) + space() }
            return "[" + (items.isEmpty ? space() : items.joined(separator: ",")) + "]"
        default: return object(depth - 1, count: Int.random(in: 0...4, using: &random)).text
        }
    }

    /// The keys are different.
    mutating func object(_ depth: Int, count: Int) -> (text: String, members: [(key: String, value: String)]) {
        var keys: Set<String> = []
        var members: [(key: String, value: String)] = []
        for _ in 0..<count {
            let key = string()
            let meaning = json(key) ?? key
            if keys.insert(meaning).inserted { members.append((key, value(depth))) }
        }
        let text = members.map { space() + $0.key + space() + ":" + space() + $0.value + space() }
        return ("{" + (text.isEmpty ? space() : text.joined(separator: ",")) + "}", members)
    }
}

@Suite struct JSONReaderTests {
    @Test(arguments: [
        ("null", "null"), (" true ", "true"), ("\n[ ]", "[]"), ("{}", "{}"), ("0", "0"), ("-0", "0"),
        ("9223372036854775807", "9223372036854775807"), ("-9223372036854775808", "-9223372036854775808"),
        ("9223372036854775808", "double \(9_223_372_036_854_775_808.0.bitPattern)"),
        ("1.0", "double \(1.0.bitPattern)"),
        ("-0.0", "double \((-0.0).bitPattern)"), ("1e2", "double \(100.0.bitPattern)"),
        ("1E+2", "double \(100.0.bitPattern)"),
        ("-9223372036854775809", "double \((-9_223_372_036_854_775_809.0).bitPattern)"),
        ("1e400", "double \(Double.infinity.bitPattern)"), ("\"\"", "\"\""), ("\"\\u0041\\ud83d\\udc31\"", "\"A🐱\""),
        ("\"\\b\\f\\n\\r\\t\\/\\\\\\\"\"", "\u{08}\u{0C}\n\r\t/\\\"".debugDescription),
        ("{\"b\":1,\"a\":[true,{\"c\":null}]}", "{\"b\":1,\"a\":[true,{\"c\":null}]}"),
    ])
    func reads(_ text: String, _ value: String) {
        #expect(json(text) == value)
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "tru", "01", "-", "-01", "1.", ".5", "1.e3", "1e", "1e+", "+1", "0x1", "1_0", "NaN",
        "Infinity", "[1,]", "[,1]", "[1 2]", "[", "]", "{", "}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:1}",
        "{\"a\":1 \"b\":2}", "[1}", "{\"a\":1]", "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"",
        "\"\\ud83d\"", "\"\\ud83dx\"", "\"\\ud83d\\u0041\"", "\"\\udc31\"", "\"a\nb\"", "\"\u{01}\"", "1 2", "'a'",
        "// 1",
        "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "\u{FEFF}1", "\"long enough to be two words \u{1F}\"",
    ])
    func refuses(_ text: String) {
        #expect(json(text) == nil)
    }

    @Test func refusesWhatIsNotUTF8() {
        for bytes in [[0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80]] as [[UInt8]] {
            #expect(json([0x22] + bytes + [0x22]) == nil)
            #expect(json(Array("\"a long text before it".utf8) + bytes + [0x22]) == nil)
        }
    }

    @Test func nestingHasALimit() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(json(nested(JSONReader.maximumDepth)) != nil)
        #expect(json(nested(JSONReader.maximumDepth + 1)) == nil)
        #expect(json(String(repeating: "[", count: 1_000_000)) == nil)
        #expect(json(String(repeating: "{\"a\":", count: 1_000_000)) == nil)
    }

    /// Strings outlive the text.
    @Test func valuesOwnTheirStrings() {
        var bytes = Array("[\"some text\"]".utf8)
        let value = bytes.withUnsafeBytes { JSONReader.value(of: $0) }
        for index in bytes.indices { bytes[index] = 0 }
        #expect(value.map(shown) == "[\"some text\"]")
    }

    @Test(arguments: [301, 302] as [UInt64])
    func agreesWithFoundation(_ seed: UInt64) throws {
        var source = RandomJSON(seed)
        for _ in 0..<1500 {
            let text = source.value(4)
            let theirs = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
            let ours = try #require(Array(text.utf8).withUnsafeBytes { JSONReader.value(of: $0) }, "\(text)")
            let (expected, found) = (sorted(theirs), sorted(ours))
            #expect(found == expected, "\(text)")
        }
    }

    /// Changed or cut, the text is still JSON or it is not, and Foundation thinks alike of most.
    @Test(arguments: [311, 312] as [UInt64])
    func changedBytesDoNoHarm(_ seed: UInt64) {
        var source = RandomJSON(seed)
        for _ in 0..<3000 {
            var bytes = Array(source.value(3).utf8)
            for _ in 0..<Int.random(in: 1...3, using: &source.random) {
                guard let index = bytes.indices.randomElement(using: &source.random) else { break }
                switch Int.random(in: 0..<3, using: &source.random) {
                case 0: bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &source.random)
                case 1: bytes.removeSubrange(index...)
                default: bytes[index] = Array("{}[]\",:\\u0-.eE".utf8).randomElement(using: &source.random)!
                }
            }
            _ = json(bytes)
        }
    }

    /// Thirteen digits: Foundation's numbers on Linux are off by some units of the last place.
    private func rounded(_ number: Double) -> String { String(format: "%.12e", number) }

    /// As `shown`, with keys sorted and all numbers as doubles, as Foundation's dictionaries and numbers are.
    private func sorted(_ value: Value) -> String {
        switch value {
        case .int(let int): rounded(Double(int))
        case .double(let double): rounded(double)
        case .list(let list): "[" + list.items.map(sorted).joined(separator: ",") + "]"
        case .map(let map):
            "{" + map.entries.map { shown($0.key) + ":" + sorted($0.value) }.sorted().joined(separator: ",") + "}"
        default: shown(value)
        }
    }

    private func sorted(_ object: Any) -> String {
        switch object {
        case let string as String: string.debugDescription
        case let array as [Any]: "[" + array.map { sorted($0) }.joined(separator: ",") + "]"
        case let members as [String: Any]:
            "{" + members.map { $0.key.debugDescription + ":" + sorted($0.value) }.sorted().joined(separator: ",") + "}"
        case is NSNull: "null"
        case let number as NSNumber:
            String(cString: number.objCType) == "c" ? "\(number.boolValue)" : rounded(number.doubleValue)
        default: "unknown"
        }
    }
}
