import Foundation
import TestFiles

extension TemporaryFolder {
    static let gzip = URL(filePath: "/usr/bin/gzip")
    static var hasGzip: Bool { FileManager.default.isExecutableFile(atPath: gzip.path(percentEncoded: false)) }

    /// Compresses a file, and returns the path of the new one.
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
