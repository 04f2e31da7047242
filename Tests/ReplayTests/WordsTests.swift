import Foundation
import Testing

/// The comments of all modules and tests, and the pages, are in plain English (`Tests/README.md`).
@Suite struct WordsTests {
    private static let root = URL(filePath: #filePath).appending(path: "../../..").standardized

    /// The first column of the page's table, without phrases that have an ellipsis.
    private func phrases() throws -> [String] {
        let page = try String(contentsOf: Self.root.appending(path: "Tests/README.md"), encoding: .utf8)
        return page.matches(of: /(?m)^\| `([^`]+)` \|/).map { String($0.1) }.filter { !$0.contains("…") }
    }

    /// Comments with the number of their first line. Lines that follow each other are one comment.
    private func comments(in text: String) -> [(line: Int, text: String)] {
        var comments: [(line: Int, text: String)] = []
        var wasComment = false
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.drop { $0 == " " }
            let isComment = words.hasPrefix("//")
            let comment = words.drop { $0 == "/" }.drop { $0 == " " }
            if isComment, wasComment {
                comments[comments.count - 1].text += " " + comment
            } else if isComment {
                comments.append((index + 1, String(comment)))
            }
            wasComment = isComment
        }
        return comments
    }

    /// A comment without its code. "There is none" is good English.
    private func prose(of comment: String) -> String {
        comment.lowercased().replacing(/`[^`]*`/, with: "code").replacing("there is none", with: "")
    }

    /// Whether a phrase stands between words, and not within one.
    private func has(_ phrase: String, _ prose: String) -> Bool {
        let isWord = (begin: phrase.first?.isLetter == true, end: phrase.last?.isLetter == true)
        for range in prose.ranges(of: phrase) {
            let before = isWord.begin && prose[..<range.lowerBound].last?.isLetter == true
            let after = isWord.end && prose[range.upperBound...].first?.isLetter == true
            if !before, !after { return true }
        }
        return false
    }

    private func findings(in text: String, _ phrases: [String]) -> [String] {
        var findings: [String] = []
        for comment in comments(in: text) {
            let prose = prose(of: comment.text)
            for phrase in phrases where has(phrase, prose) { findings.append("\(comment.line): \(phrase)") }
        }
        return findings
    }

    /// The files below a folder of the repository that have one of these endings.
    private func files(in folder: String, _ endings: Set<String>) throws -> [(path: String, text: String)] {
        let folder = Self.root.appending(path: folder)
        let files = try #require(FileManager.default.enumerator(atPath: folder.path))
        var texts: [(path: String, text: String)] = []
        while let path = files.nextObject() as? String {
            let file = folder.appending(path: path)
            guard endings.contains(file.pathExtension) else { continue }
            texts.append((file.path, try String(contentsOf: file, encoding: .utf8)))
        }
        return texts
    }

    @Test(arguments: [("Sources", 500), ("Tests", 300)])
    func commentsHaveNoneOfTheBadPhrases(folder: String, leastFiles: Int) throws {
        let phrases = try phrases()
        #expect(phrases.count > 10, "the page's table is read")
        // This file has bad phrases for its own test.
        let files = try files(in: folder, ["swift", "c", "cpp", "h"]).filter { !$0.path.hasSuffix("/WordsTests.swift") }
        #expect(files.count > leastFiles, "the files are found")
        for file in files {
            let found = findings(in: file.text, phrases)
            #expect(found.isEmpty, "\(file.path)")
        }
    }

    /// A page without its blocks of code.
    private func paragraphs(of page: String) -> [String] {
        let parts = page.components(separatedBy: "\n```")
        return parts.indices.filter { $0 % 2 == 0 }.flatMap { parts[$0].components(separatedBy: "\n\n") }
    }

    @Test(arguments: ["Sources", "Tests", "deploy", "topics"])
    func pagesHaveNoneOfTheBadPhrases(folder: String) throws {
        // A consumer group may be behind; that is the term of those who run one. The page of the phrases has them all.
        let phrases = try phrases().filter { $0 != "behind" }
        let pages = try files(in: folder, ["md"]).filter { !$0.path.hasSuffix("/Tests/README.md") }
        for page in pages {
            for paragraph in paragraphs(of: page.text) {
                let prose = prose(of: paragraph.replacing("\n", with: " "))
                for phrase in phrases where has(phrase, prose) {
                    Issue.record("\(page.path): \(phrase): \(paragraph.prefix(80))")
                }
            }
        }
    }

    @Test func aBadPhraseIsFoundAcrossLines() throws {
        let text = """
            /// A greater record is
            /// none.
            let a = "nil: none"
            // The offset behind the last; `behind` is code, and behindhand another word.
            let b = 1
            /// Nil if there is none.
            """
        #expect(findings(in: text, try phrases()) == ["1: is none", "4: behind"])
    }
}
