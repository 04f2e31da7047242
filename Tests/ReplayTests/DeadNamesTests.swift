import Foundation
import Testing

/// Names that are declared in the sources and stand nowhere else, neither there nor in tests: nothing uses them.
@Suite struct DeadNamesTests {
    private static let root = URL(filePath: #filePath).appending(path: "../../..").standardized
    private static let keywords: Set<Substring> = [
        "func", "var", "let", "struct", "class", "enum", "protocol", "typealias", "actor",
    ]
    /// Called by libraries or by the language, or there for its size.
    private static let requirements: Set<Substring> = [
        "callAsFunction", "channelReadComplete", "escapeText", "renderText", "unused",
        "makeFloatingPointCounter", "makeMeter", "makeRecorder", "makeTimer",
        "destroyFloatingPointCounter", "destroyMeter", "destroyRecorder", "destroyTimer",
    ]

    /// The words of Swift code, without the lines that are comments.
    private func words(of code: String) -> [Substring] {
        code.split(separator: "\n").flatMap { line -> [Substring] in
            guard !line.drop(while: { $0 == " " }).hasPrefix("//") else { return [] }
            return line.utf8.split { !Self.isOfWord($0) }.map { Substring($0) }
        }
    }

    private static func isOfWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private func code(in folder: String) throws -> [String] {
        let folder = Self.root.appending(path: folder)
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        var code: [String] = []
        // The exceptions above are no uses.
        for case let file as URL in files
        where file.pathExtension == "swift" && file.lastPathComponent != "DeadNamesTests.swift" {
            code.append(try String(contentsOf: file, encoding: .utf8))
        }
        return code
    }

    /// The names that are declared in `sources` and stand once in all of the code.
    private func deadNames(sources: [String], tests: [String]) -> Set<Substring> {
        var counts: [Substring: Int] = [:]
        var declared: Set<Substring> = []
        for code in sources {
            var previous: Substring = ""
            for word in words(of: code) {
                counts[word, default: 0] += 1
                if Self.keywords.contains(previous), !Self.keywords.contains(word) { declared.insert(word) }
                previous = word
            }
        }
        for code in tests { for word in words(of: code) { counts[word, default: 0] += 1 } }
        return declared.filter { counts[$0] == 1 && $0 != "_" && $0 != "init" }
    }

    @Test func everyNameIsUsedSomewhere() throws {
        let sources = try code(in: "Sources")
        #expect(sources.count > 500)
        let dead = deadNames(sources: sources, tests: try code(in: "Tests"))
        #expect(dead.subtracting(Self.requirements).sorted() == [])
    }

    @Test func aNameThatIsDeclaredOnlyIsFound() {
        let sources = ["func used() {}\n/// dead() is named in a comment.\nprivate static func dead() { used() }\n"]
        #expect(deadNames(sources: sources, tests: ["used()"]) == ["dead"])
        #expect(deadNames(sources: sources, tests: ["dead()"]) == [])
    }
}
