import CEL
import Foundation
import Testing

/// The example of Sources/CEL/README.md, which is compiled here.
@Suite struct ReadmeTests {
    private static let file = URL(filePath: #filePath)

    private func example() throws -> Bool {
        var declarations = Declarations()
        let points = declarations.declare("points", as: .int)
        let kind = declarations.declare("kind", as: .string)
        let expression = try Expression("points >= 100 && kind.startsWith('busi')", in: &declarations)

        let frame = EvaluationFrame(declarations)
        frame.slots[points] = .int(120)
        frame.slots[kind] = .string(Text("business"))
        let isLarge = expression.truth(frame) == .yes
        return isLarge
    }

    @Test func theExampleDoesWhatItsNameSays() throws {
        #expect(try example())
    }

    @Test func thePageHasTheExampleOfThisFile() throws {
        let file = Self.file.appending(path: "../../../Sources/CEL/README.md").standardized
        let page = try String(contentsOf: file, encoding: .utf8)
        let blocks = page.components(separatedBy: "```swift\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
        #expect(blocks.count == 1)
        let source = try String(contentsOf: Self.file, encoding: .utf8)
        for block in blocks {
            let lines = block.split(separator: "\n").drop { !$0.hasPrefix("var ") }
            let code = source.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            #expect(code.contains("import CEL") && block.hasPrefix("import CEL\n"))
            let first = try #require(lines.first.flatMap { code.firstIndex(of: String($0)) })
            #expect(code[first...].prefix(lines.count).elementsEqual(lines.map(String.init)))
        }
    }

    /// No other room, and nothing that the standard library does not have.
    @Test func theLibraryImportsNothing() throws {
        let folder = Self.file.appending(path: "../../../Sources/CEL").standardized
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "swift" }
        #expect(files.count > 40)
        for file in files {
            let text = try String(contentsOf: file, encoding: .utf8)
            for line in text.split(separator: "\n") where line.contains("import ") && !line.hasPrefix(" ") {
                Issue.record("\(file.lastPathComponent): \(line)")
            }
        }
    }
}
