import Backtests
import Foundation
import Replay
import TestFiles
import Testing

@Suite struct BacktestOutcomesTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func read(_ text: String) throws -> BacktestOutcomes {
        try BacktestOutcomes(csv: try folder.write(text, to: "outcomes.csv"))
    }

    private func mistakes(_ text: String) -> String {
        do {
            _ = try read(text)
            return ""
        } catch {
            return "\(error)".replacing(folder.url.path(percentEncoded: false), with: "")
                .replacing("/outcomes.csv", with: "outcomes.csv")
        }
    }

    @Test func outcomesBySubject() throws {
        let found = try read("\u{FEFF}subject,defaulted\r\nanna,0\r\n\r\nben,1\r\n\"c,\"\"arl\",\"1\"")
        #expect(found.name == "defaulted")
        #expect(found.bySubject == [Array("anna".utf8): false, Array("ben".utf8): true, Array("c,\"arl".utf8): true])
        #expect(try read("subject,x").bySubject.isEmpty)
    }

    /// Two texts that Unicode holds for the same are two subjects.
    @Test func subjectsAreBytes() throws {
        #expect(try read("subject,x\n\u{E9},0\ne\u{301},1\n").bySubject.count == 2)
    }

    @Test(arguments: ["", "\n\n", "defaulted,subject\n", "subject\n", "subject,\n", "subject,a,b\n", "subject,\"a\n"])
    func theHeaderSaysWhatTheOutcomeIs(text: String) {
        #expect(mistakes(text).hasSuffix(": error: the header must be \"subject\" and the outcome's name"))
        #expect(mistakes(text).hasPrefix("outcomes.csv:1:"))
    }

    @Test func everyMalformedLineIsSaid() {
        let text =
            "subject,x\nanna,1\nben\ncarl,2\n,1\ndora,1,1\n\"emil,0\nfr\"itz,0\ngerd, 1\nanna,1\nhugo,\n\"i\"x,1\n"
        #expect(
            mistakes(text) == """
                outcomes.csv:3: error: must have two fields, a subject and 0 or 1
                outcomes.csv:4: error: the outcome must be 0 or 1
                outcomes.csv:5: error: the subject is empty
                outcomes.csv:6: error: must have two fields, a subject and 0 or 1
                outcomes.csv:7: error: must have two fields, a subject and 0 or 1
                outcomes.csv:8: error: must have two fields, a subject and 0 or 1
                outcomes.csv:9: error: the outcome must be 0 or 1
                outcomes.csv:10: error: a second outcome of the same subject
                outcomes.csv:11: error: the outcome must be 0 or 1
                outcomes.csv:12: error: must have two fields, a subject and 0 or 1
                """)
    }

    @Test func afterTwentyMistakesTheyAreOnlyCounted() {
        let lines = mistakes("subject,x\n" + String(repeating: "no\n", count: 25)).split(separator: "\n")
        #expect(lines.count == 21)
        #expect(lines.last == "and 5 more lines")
    }

    @Test func aFileThatIsNotThereIsAnError() {
        #expect(throws: LineReader.Failure.self) { try BacktestOutcomes(csv: "/nowhere/outcomes.csv") }
    }
}
