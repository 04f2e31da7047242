import Foundation

/// A folder that goes with its owner.
final class TemporaryFolder {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "standing-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// Writes a file; answers its path.
    func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
        let file = url.appending(path: name)
        try Data(bytes).write(to: file)
        return file.path(percentEncoded: false)
    }

    func write(_ text: String, to name: String) throws -> String { try write(text.utf8, to: name) }

    static let gzip = URL(filePath: "/usr/bin/gzip")
    static var hasGzip: Bool { FileManager.default.isExecutableFile(atPath: gzip.path(percentEncoded: false)) }

    /// Compresses a file; answers the path of the new one.
    func gzip(_ path: String) throws -> String {
        let process = Process()
        process.executableURL = Self.gzip
        process.arguments = ["-k", "-f", path]
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
        return path + ".gz"
    }
}

/// What is shared with other programs lies beside the package; a test that needs it is skipped where it is absent.
enum Shared {
    static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "../shared").standardizedFileURL

    static func path(_ name: String) -> String { folder.appending(path: name).path(percentEncoded: false) }

    static func has(_ names: String...) -> Bool {
        names.allSatisfy { FileManager.default.fileExists(atPath: path($0)) }
    }
}
