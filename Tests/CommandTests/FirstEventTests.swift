import Foundation
import Testing

extension CommandTests {
    /// What topics/README.md says to paste.
    struct FirstEventTests {
        /// `timeout` ends all that the block has started, should it never come to its end.
        private static let limit = ["-k", "10", "150"]

        @Test func yourFirstOwnEventIsScored() async throws {
            let folder = try TemporaryFolder()
            let page = try String(contentsOf: Package.root.appending(path: "topics/README.md"), encoding: .utf8)
            let sections = page.components(separatedBy: "\n## ")
            let section = try #require(sections.first { $0.hasPrefix("Your first own event\n") })
            let parts = section.components(separatedBy: "\n```\n")
            try #require(parts.count == 3, "one block")
            let script = try folder.write(parts[1], to: "block.sh")

            let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
            let binaries = try Package.binary().deletingLastPathComponent().path
            let block = try Running(
                Self.limit + ["bash", script],
                environment: ["PATH": "\(binaries):\(path)", "STANDING_HTTP_PORT": "\(try freePort())"],
                executable: URL(filePath: "/usr/bin/timeout"))
            let run = try await block.finished(limit: Limit.run)
            #expect(run.code == 0, "\(run.messages.suffix(2000))")
            let ada = try #require(run.lines.first { $0.contains("\"subject\":\"ada\"") }, "\(run.output)")
            let standing = try JSONDecoder().decode(Standing.self, from: Data(ada.utf8))
            #expect(standing.score == 1004 && standing.dimensions["community"] == 4)
        }
    }
}
