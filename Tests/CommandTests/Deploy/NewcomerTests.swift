import Foundation
import Testing

extension CommandTests {
    /// `deploy/newcomer`, which shows the whole way: from a broker to an alert, its cause and its end.
    @Suite(.enabled(if: Tool.prometheus != nil, "prometheus is not installed"))
    struct NewcomerTests {
        /// `timeout` ends all that the script has started, should it never come to its end.
        private static let limit = ["-k", "10", "170"]

        @Test func aNewcomerSeesTheAlertAndItsCause() async throws {
            let folder = try TemporaryFolder()
            // By its name on the path, whatever the build's folder is called.
            try FileManager.default.createSymbolicLink(
                atPath: folder.path("standing"), withDestinationPath: try Package.binary().path)
            let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
            let run = try await Running(
                Self.limit + [DeployFolder.root.appending(path: "newcomer").path],
                environment: ["PATH": "\(folder.url.path):\(path)"], executable: URL(filePath: "/usr/bin/timeout")
            ).finished(limit: Limit.run)
            #expect(run.code == 0, "\(run.output)\(run.messages.suffix(3000))")
            #expect(run.lines.last == "== done: the score is 1006, and the alert is over")
        }
    }
}
