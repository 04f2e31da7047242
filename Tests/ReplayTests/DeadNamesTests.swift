import Foundation
import Testing

/// Names that are declared in the sources and occur nowhere else in them: only tests use them, or nothing.
@Suite struct DeadNamesTests {
    private static let root = URL(filePath: #filePath).appending(path: "../../..").standardized
    private static let keywords: Set<Substring> = [
        "func", "var", "let", "struct", "class", "enum", "protocol", "typealias", "actor",
    ]
    /// Called by libraries or by the language, or there for its size.
    private static let requirements: Set<Substring> = [
        "callAsFunction", "channelReadComplete", "decrement", "escapeText", "renderText", "unused",
        "makeCounter", "makeFloatingPointCounter", "makeMeter", "makeRecorder", "makeTimer",
        "destroyCounter", "destroyFloatingPointCounter", "destroyMeter", "destroyRecorder", "destroyTimer",
    ]
    /// Faults and limits of the embedded broker and of the simulated disk, which are there for the tests of several modules.
    private static let faults: Set<Substring> = [
        "callCount", "clearFailures", "failDescriptions", "moveCoordinator", "moveLeader", "retainedBytesPerPartition",
        "setBroker", "setCapacity", "setRoundTrip",
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

    private func sources() throws -> [String] {
        let folder = Self.root.appending(path: "Sources")
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        var code: [String] = []
        for case let file as URL in files where file.pathExtension == "swift" {
            code.append(try String(contentsOf: file, encoding: .utf8))
        }
        return code
    }

    /// The names that are declared in the code and occur once in it.
    private func deadNames(in sources: [String]) -> Set<Substring> {
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
        return declared.filter { counts[$0] == 1 && $0 != "_" && $0 != "init" }
    }

    @Test func theProductUsesEveryNameThatItDeclares() throws {
        let sources = try sources()
        #expect(sources.count > 500)
        let dead = deadNames(in: sources)
        #expect(dead.subtracting(Self.requirements).subtracting(Self.faults).sorted() == [])
        #expect(
            Self.requirements.union(Self.faults).subtracting(dead).sorted() == [],
            "an exception of what is used, or gone")
    }

    @Test func aNameThatIsDeclaredOnlyIsFound() {
        let code = "func used() {}\n/// dead() is named in a comment.\nprivate static func dead() { used() }\n"
        #expect(deadNames(in: [code]) == ["dead"])
        #expect(deadNames(in: [code, "let _ = dead()"]) == [])
    }
}
