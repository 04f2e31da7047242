internal import Events
internal import Foundation
internal import Terminal

/// The progress of an import: a JSON document in a file of the operator. It is valid only for the same file, map and
/// topic.
public struct ImportState: Codable, Equatable {
    /// The size of the table's file.
    public var bytes: Int64
    public var fingerprint: String
    /// SHA-256 of the map's text.
    public var map: String
    /// The options of reading the table.
    public var manner: String
    public var topic: String
    /// The number of rows whose events are acknowledged, from the first on.
    public var rows: Int64 = 0

    private static let chunkBytes = 1 << 20

    public init(of input: TableInput, map: String, topic: String) throws {
        guard let file = FileHandle(forReadingAtPath: input.file) else {
            throw fail("\(input.file): error: cannot be read")
        }
        defer { try? file.close() }
        var (bytes, state): (Int64, UInt64) = (0, 0)
        while let chunk = try file.read(upToCount: Self.chunkBytes), !chunk.isEmpty {
            bytes += Int64(chunk.count)
            state = chunk.withUnsafeBytes { $0.fingerprint(seed: state) }
        }
        self.bytes = bytes
        fingerprint = String(state, radix: 16)
        self.map = PolicyHash.of(map)
        manner = input.manner
        self.topic = topic
    }

    /// The number of acknowledged rows according to the file at `path`; 0 if there is none. Ends the command if the
    /// file is of another import.
    public func resumed(from path: String) throws -> Int64 {
        guard FileManager.default.fileExists(atPath: path) else { return 0 }
        guard let data = FileManager.default.contents(atPath: path),
            let before = try? JSONDecoder().decode(ImportState.self, from: data)
        else { throw fail("\(path): error: no state of an import", Exit.usage) }
        let what: String? =
            if before.topic != topic {
                "it is of another topic, \(before.topic)"
            } else if (before.bytes, before.fingerprint) != (bytes, fingerprint) {
                "the table is not the one that it was"
            } else if before.map != map {
                "the map is not the one that it was"
            } else if before.manner != manner { "the table was read in another manner" } else { nil }
        if let what {
            throw fail(
                "\(path): error: \(what): move the state away to begin anew; what was sent counts once", Exit.usage)
        }
        return before.rows
    }

    public func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let output = try OutputFile(path)
        try encoder.encode(self).withUnsafeBytes { try output.write(line: $0) }
        try output.close()
    }
}
