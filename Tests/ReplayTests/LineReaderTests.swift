import Foundation
import Randomness
import Replay
import TestFiles
import Testing

@Suite struct LineReaderTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func lines(_ path: String, maximumBytes: Int = 1 << 20) throws -> [String] {
        let reader = try LineReader(path, maximumBytes: maximumBytes)
        var lines: [String] = []
        while let line = try reader.next() {
            lines.append(String(decoding: line, as: UTF8.self))
            #expect(reader.line == lines.count)
        }
        #expect(try reader.next() == nil, "the end stays the end")
        return lines
    }

    private func failure(_ path: String, maximumBytes: Int = 1 << 20) -> String {
        do {
            _ = try lines(path, maximumBytes: maximumBytes)
            return ""
        } catch {
            return "\(error)".replacing(folder.url.path(percentEncoded: false) + "/", with: "")
        }
    }

    static let texts: [(String, [String])] = [
        ("", []), ("\n", [""]), ("a", ["a"]), ("a\n", ["a"]), ("a\nb", ["a", "b"]), ("a\n\nb\n", ["a", "", "b"]),
        ("\n\n\n", ["", "", ""]), ("a\r\nb\r\n", ["a\r", "b\r"]), ("ä€😀\n\u{0}\n", ["ä€😀", "\u{0}"]),
    ]

    @Test(arguments: texts) func plainFiles(text: String, expected: [String]) throws {
        #expect(try lines(try folder.write(text, to: "a.jsonl")) == expected)
    }

    @Test(.enabled(if: TemporaryFolder.hasGzip, "gzip is not here"), arguments: texts)
    func gzipFiles(text: String, expected: [String]) throws {
        #expect(try lines(try folder.gzip(try folder.write(text, to: "a.jsonl"))) == expected)
    }

    /// Lines of every length across the reader's chunks, plain and compressed.
    @Test(.enabled(if: TemporaryFolder.hasGzip, "gzip is not here")) func manyLines() throws {
        var random = Seeded(1)
        let expected = (0..<20_000).map { number in
            let length = number.isMultiple(of: 1000) ? 300_000 : Int.random(in: 0...200, using: &random)
            return "\(number) " + String(repeating: "x", count: length)
        }
        let path = try folder.write(expected.joined(separator: "\n"), to: "many.jsonl")
        #expect(try lines(path) == expected)
        #expect(try lines(try folder.gzip(path)) == expected)
    }

    @Test(.enabled(if: TemporaryFolder.hasGzip, "gzip is not here")) func gzipFilesOneAfterTheOther() throws {
        let parts = try ["a\nb", "c\nd\n"].map { text in
            try Data(contentsOf: URL(filePath: try folder.gzip(try folder.write(text, to: "part.jsonl"))))
        }
        #expect(try lines(try folder.write(parts.joined(), to: "both.gz")) == ["a", "bc", "d"])
    }

    @Test(arguments: [101, 1000, 600_000], ["", "\n", "\nb\n"])
    func aLineThatIsTooLongIsSaidAndTheReadingGoesOnBehindIt(length: Int, after: String) throws {
        let path = try folder.write("a\n" + String(repeating: "x", count: length) + after, to: "long.jsonl")
        #expect(failure(path, maximumBytes: 100) == "long.jsonl:2: error: a line is longer than 100 bytes")
        let reader = try LineReader(path, maximumBytes: 100)
        _ = try reader.next()
        #expect(throws: LineReader.Failure.self) { try reader.next() }
        #expect(try reader.next().map { String(decoding: $0, as: UTF8.self) } == (after == "\nb\n" ? "b" : nil))
        #expect(reader.line == (after == "\nb\n" ? 3 : 2))
    }

    @Test(arguments: ["", "\n", "\nb\n"]) func aLineMayBeAsLongAsTheLimit(after: String) throws {
        let path = try folder.write("a\n" + String(repeating: "x", count: 100) + after, to: "long.jsonl")
        #expect(failure(path, maximumBytes: 100) == "")
    }

    @Test func aByteOrderMarkIsNoPartOfTheFirstLine() throws {
        for text in ["\u{FEFF}{}\n{}", "\u{FEFF}", "\u{FEFF}\n"] {
            let expected = try lines(try folder.write(String(text.unicodeScalars.dropFirst()), to: "plain.jsonl"))
            #expect(try lines(try folder.write(text, to: "marked.jsonl")) == expected)
        }
        let inside = "a\n\u{FEFF}b"
        #expect(try lines(try folder.write(inside, to: "inside.jsonl")) == ["a", "\u{FEFF}b"])
        for mark in [[0xFF, 0xFE], [0xFE, 0xFF]] as [[UInt8]] {
            let path = try folder.write(Data(mark + [0x7B, 0]), to: "wide.jsonl")
            #expect(failure(path) == "wide.jsonl: error: the file is UTF-16 or UTF-32: save it as UTF-8")
        }
    }

    @Test func whatCannotBeReadIsSaid() throws {
        #expect(failure(folder.url.path(percentEncoded: false) + "/nothing").hasSuffix("error: cannot be opened"))
        #expect(failure(folder.url.path(percentEncoded: false)).contains("error: cannot be read to its end: "))
    }

    @Test(.enabled(if: TemporaryFolder.hasGzip, "gzip is not here")) func aDamagedGzipFileIsSaid() throws {
        var random = Seeded(2)
        let text = (0..<2_000).map { _ in "\(UInt64.random(in: 0...(.max), using: &random))" }.joined(separator: "\n")
        let good = try Data(contentsOf: URL(filePath: try folder.gzip(try folder.write(text, to: "a.jsonl"))))
        for cut in [5, 11, 30, good.count / 2, good.count - 9, good.count - 4, good.count - 1] {
            let path = try folder.write(good.prefix(cut), to: "cut.gz")
            #expect(failure(path).hasPrefix("cut.gz: error: cannot be read to its end: "), "cut at \(cut)")
        }
        for byte in [good.count / 3, good.count / 2, good.count - 6, good.count - 2] {
            var damaged = good
            damaged[byte] ^= 0x40
            let path = try folder.write(damaged, to: "damaged.gz")
            #expect(failure(path).hasPrefix("damaged.gz: error: cannot be read to its end: "), "byte \(byte)")
        }
    }
}
