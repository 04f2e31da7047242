import Randomness
import Testing

@testable import CEL

/// A pattern that says what it means: how it is written, and where it can end from each position.
private indirect enum Pattern {
    case character(Unicode.Scalar)
    case any
    case members([ClosedRange<UInt32>], negated: Bool)
    case begin, end, lineBegin, lineEnd, boundary, noBoundary
    case sequence([Pattern])
    case either([Pattern])
    case repeated(Pattern, Int, Int?)

    var text: String {
        switch self {
        case .character(let scalar): String(Character(scalar))
        case .any: "."
        case .members(let ranges, let negated):
            "[" + (negated ? "^" : "")
                + ranges.map { "\\x{\(String($0.lowerBound, radix: 16))}-\\x{\(String($0.upperBound, radix: 16))}" }
                .joined() + "]"
        case .begin: "^"
        case .end: "$"
        case .lineBegin: "(?m:^)"
        case .lineEnd: "(?m:$)"
        case .boundary: "\\b"
        case .noBoundary: "\\B"
        case .sequence(let parts): "(?:" + parts.map(\.text).joined() + ")"
        case .either(let parts): "(" + parts.map(\.text).joined(separator: "|") + ")"
        case .repeated(let part, let min, let max):
            switch (min, max) {
            case (0, nil): "(?:\(part.text))*"
            case (1, nil): "(?:\(part.text))+?"
            case (0, 1): "(?:\(part.text))?"
            case (_, nil): "(?:\(part.text)){\(min),}"
            case (_, let max?): "(?:\(part.text)){\(min),\(max)}"
            }
        }
    }

    /// Every position where a match that begins at `start` can end.
    func ends(_ text: [UInt32], from start: Int) -> Set<Int> {
        switch self {
        case .character(let scalar): consume(text, start) { $0 == scalar.value }
        case .any: consume(text, start) { $0 != 0x0A }
        case .members(let ranges, let negated):
            consume(text, start) { code in ranges.contains { $0.contains(code) } != negated }
        case .begin: start == 0 ? [start] : []
        case .end: start == text.count ? [start] : []
        case .lineBegin: start == 0 || text[start - 1] == 0x0A ? [start] : []
        case .lineEnd: start == text.count || text[start] == 0x0A ? [start] : []
        case .boundary: isBoundary(text, start) ? [start] : []
        case .noBoundary: isBoundary(text, start) ? [] : [start]
        case .sequence(let parts):
            parts.reduce(into: [start]) { positions, part in
                positions = Set(positions.flatMap { part.ends(text, from: $0) })
            }
        case .either(let parts): Set(parts.flatMap { $0.ends(text, from: start) })
        case .repeated(let part, let min, let max): repetition(part, min, max, text, start)
        }
    }

    private func repetition(_ part: Pattern, _ min: Int, _ max: Int?, _ text: [UInt32], _ start: Int) -> Set<Int> {
        var positions: Set<Int> = [start]
        var found: Set<Int> = min == 0 ? [start] : []
        // More rounds than the text has positions change nothing.
        for round in 1..<Swift.max((max ?? min + text.count + 1) + 1, 2) where max.map({ round <= $0 }) ?? true {
            positions = Set(positions.flatMap { part.ends(text, from: $0) })
            if round >= min { found.formUnion(positions) }
            if positions.isEmpty { break }
        }
        return found
    }

    private func consume(_ text: [UInt32], _ at: Int, _ takes: (UInt32) -> Bool) -> Set<Int> {
        at < text.count && takes(text[at]) ? [at + 1] : []
    }

    private func isBoundary(_ text: [UInt32], _ at: Int) -> Bool {
        func isWord(_ index: Int) -> Bool {
            guard text.indices.contains(index), let scalar = Unicode.Scalar(text[index]) else { return false }
            return Character(scalar).isASCII
                && (Character(scalar).isLetter || Character(scalar).isNumber || scalar == "_")
        }
        return isWord(at - 1) != isWord(at)
    }

    static let alphabet: [Unicode.Scalar] = ["a", "b", "c", "_", " ", "\n", "é", "☃", "\u{1F431}"]

    static func random(_ depth: Int, using random: inout Seeded) -> Pattern {
        let kind = Int.random(in: 0..<(depth > 0 ? 20 : 11), using: &random)
        switch kind {
        case 0...3: return .character(alphabet[0..<4].randomElement(using: &random)!)
        case 4: return .character(alphabet[6...].randomElement(using: &random)!)
        case 5: return .any
        case 6: return .members([0x61...0x62, 0xE9...0x2603], negated: false)
        case 7: return .members([0x61...0x61, 0x80...0xFF], negated: true)
        case 8: return [.begin, .end].randomElement(using: &random)!
        case 9: return [.lineBegin, .lineEnd].randomElement(using: &random)!
        case 10: return [.boundary, .noBoundary].randomElement(using: &random)!
        case 11...14:
            return .sequence(
                (0..<Int.random(in: 0...3, using: &random)).map { _ in .random(depth - 1, using: &random) })
        case 15...16:
            return .either((0..<Int.random(in: 1...3, using: &random)).map { _ in .random(depth - 1, using: &random) })
        default:
            let min = Int.random(in: 0...2, using: &random)
            let max = Bool.random(using: &random) ? nil : min + Int.random(in: 0...2, using: &random)
            return .repeated(.random(depth - 1, using: &random), min, max)
        }
    }
}

@Suite struct RegularExpressionOracleTests {
    @Test(arguments: [101, 102, 103, 104] as [UInt64])
    func agreesWithTryingEverything(_ seed: UInt64) throws {
        var random = Seeded(seed)
        for _ in 0..<1000 {
            let pattern = Pattern.random(3, using: &random)
            let text = pattern.text
            let expressions = [try compiled(text), try compiled(text, tableWork: 0)]
            for _ in 0..<6 {
                let scalars = (0..<Int.random(in: 0...8, using: &random)).map { _ in
                    Pattern.alphabet.randomElement(using: &random)!
                }
                let codes = scalars.map(\.value)
                let expected = (0...codes.count).contains { !pattern.ends(codes, from: $0).isEmpty }
                let string = String(String.UnicodeScalarView(scalars))
                for expression in expressions {
                    #expect(
                        expression.matches(string) == expected, "seed \(seed): \(text) on \(string.debugDescription)")
                }
            }
        }
    }

    /// Pieces of patterns in any order, and bytes in any order: an error or an answer, the same from both machines.
    @Test(arguments: [201, 202, 203, 204] as [UInt64])
    func anyPatternIsAnsweredOrRefused(_ seed: UInt64) {
        let pieces = [
            "a", "b", "é", ".", "*", "+", "?", "{2}", "{1,3}", "{", "}", "(", ")", "|", "[", "]", "^", "$", "-", "\\",
            "\\b", "\\d", "\\W", "\\pL", "\\PN", "[:alpha:]", "(?i)", "(?m:", "(?P<x>", "\\Q", "\\E", "\\x{e9}", "{20}",
            "(?s-i)", "[^", "\\x", "{40}", "\n", "\u{1F431}",
        ].map { Array($0.utf8) }
        var random = Seeded(seed)
        for round in 0..<1500 {
            var pattern: [UInt8] = []
            for _ in 0..<Int.random(in: 0...10, using: &random) {
                pattern +=
                    round % 3 == 0
                    ? [UInt8.random(in: 0...255, using: &random)] : pieces.randomElement(using: &random)!
            }
            let table = try? compiled(pattern)
            let simulated = try? compiled(pattern, tableWork: 0)
            #expect((table == nil) == (simulated == nil))
            guard let table, let simulated else { continue }
            for _ in 0..<3 {
                let text = (0..<Int.random(in: 0...20, using: &random)).map { _ in
                    Bool.random(using: &random)
                        ? UInt8.random(in: 0...255, using: &random)
                        : [0x61, 0x62, 0x0A, 0xC3, 0xA9].randomElement(using: &random)!
                }
                #expect(
                    table.matches(text) == simulated.matches(text),
                    "seed \(seed): \(String(decoding: pattern, as: UTF8.self)) on \(text)")
            }
        }
    }
}
