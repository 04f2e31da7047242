import Foundation
import Testing

/// A file is short enough to be read at once. A longer one has a seam: an aspect goes to `Type+Aspect.swift`.
@Suite struct FileLengthTests {
    private static let root = URL(filePath: #filePath).appending(path: "../../..").standardized
    private static let maximumLines = 400
    /// Tests and what they need may be longer, because a list of cases is read in parts.
    private static let maximumTestLines = 450
    /// Tables of data, one text or one row after another.
    private static let tables: Set = ["BuiltInTopics+Schemas.swift"]
    private static let endings: Set = ["swift", "c", "cpp", "h"]

    /// The files of code below a folder, with their numbers of lines.
    private func lengths(below folder: String) throws -> [(file: String, lines: Int)] {
        let folder = Self.root.appending(path: folder)
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        var lengths: [(file: String, lines: Int)] = []
        for case let file as URL in files where Self.endings.contains(file.pathExtension) {
            let bytes = try Data(contentsOf: file)
            lengths.append((file.lastPathComponent, bytes.count { $0 == UInt8(ascii: "\n") }))
        }
        return lengths
    }

    @Test func noSourceIsTooLong() throws {
        let lengths = try lengths(below: "Sources")
        #expect(lengths.count > 500)
        let long = Set(lengths.filter { $0.lines > Self.maximumLines }.map(\.file))
        #expect(long == Self.tables)
    }

    @Test func noTestIsTooLong() throws {
        let lengths = try lengths(below: "Tests")
        #expect(lengths.count > 300)
        let long = lengths.filter { $0.lines > Self.maximumTestLines }.map(\.file)
        #expect(long == [])
    }
}
