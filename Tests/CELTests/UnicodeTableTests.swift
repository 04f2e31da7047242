import Foundation
import Testing

@testable import CEL

@Suite struct UnicodeTableTests {
    /// Patterns and texts of every kind, which an independent program has answered.
    @Test func answersAreThoseOfRE2() throws {
        let texts = RE2Answers.texts.split(whereSeparator: \.isWhitespace).map { text in
            text.split(separator: ".").compactMap { UInt32($0, radix: 16).flatMap(Unicode.Scalar.init) }
        }
        .map { String(String.UnicodeScalarView($0)) }
        #expect(texts.count == 128)
        let lines = RE2Answers.patterns.utf8.split(separator: UInt8(ascii: "\n"))
        #expect(lines.count == 300)
        for line in lines {
            let space = try #require(line.firstIndex(of: UInt8(ascii: " ")))
            let pattern = Array(line[line.index(after: space)...])
            let answer = String(decoding: line[..<space], as: UTF8.self)
            let shown = String(decoding: pattern, as: UTF8.self)
            for work in [RegularExpression.maximumTableWork, 0] {
                let expression = try? compiled(pattern, tableWork: work)
                #expect((expression == nil) == (answer == "-"), "\(shown)")
                guard let expression, let bits = UInt128(answer, radix: 16) else { continue }
                for (index, text) in texts.enumerated() where expression.matches(text) != (bits >> index & 1 == 1) {
                    Issue.record("\(shown) on \(text.debugDescription)")
                }
            }
        }
    }

    /// The totals of Unicode 17.0.0.
    @Test(arguments: [
        ("L", 145_672), ("Lo", 141_062), ("Lu", 1886), ("Ll", 2283), ("Lt", 31), ("Nd", 770), ("Mn", 2059), ("Sc", 64),
        ("Zs", 17),
        ("Cc", 65), ("Cs", 2048), ("Co", 137_468),
    ])
    func categoriesHaveTheirTotals(_ name: String, _ count: Int) throws {
        let ranges = try #require(RegularExpression.category(name))
        #expect(ranges.reduce(0) { $0 + $1.count } == count)
    }

    /// U+20C1 and U+16EA0 came with Unicode 17; U+20C2 has no meaning in it.
    @Test func theVersionOfUnicodeIs17() throws {
        #expect(try compiled(#"\p{Sc}"#).matches("\u{20C1}"))
        #expect(try compiled("(?i)\u{16EA0}").matches("\u{16EBB}"))
        #expect(try !compiled(#"\p{S}|\p{L}|\p{N}|\p{M}|\p{P}|\pC"#).matches("\u{20C2}"))
    }

    /// A newer toolchain has a newer Unicode, and would change which texts match.
    @Test func noCodeAsksTheToolchainAboutUnicode() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources/CEL")
        for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        where file.pathExtension == "swift" {
            let text = try String(contentsOf: file, encoding: .utf8)
            for call in [".properties", "lowercased()", "uppercased()", ".isWhitespace", "generalCategory"]
            where text.contains(call) {
                Issue.record("\(call) in \(file.lastPathComponent)")
            }
        }
    }
}
