import Foundation
import Testing

extension CommandTests {
    /// `deploy/newcomer`, which shows the whole way: from a broker to an alert, its cause and its end.
    @Suite(.enabled(if: Tool.prometheus != nil, "prometheus is not installed"))
    struct NewcomerTests {
        /// After 400 s the script names its step and what does not end, for which it takes up to a minute. Then it is killed.
        private static let limit = ["-k", "70", "400"]

        @Test func aNewcomerSeesTheAlertAndItsCause() async throws {
            let folder = try TemporaryFolder()
            // By its name on the path, whatever the build's folder is called.
            try FileManager.default.createSymbolicLink(
                atPath: folder.path("standing"), withDestinationPath: try Package.binary().path)
            let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
            let run = try await Running(
                Self.limit + [DeployFolder.root.appending(path: "newcomer").path],
                environment: ["PATH": "\(folder.url.path):\(path)"], executable: URL(filePath: "/usr/bin/timeout")
            ).finished(limit: .seconds(480))
            #expect(run.code == 0, "\(run.output)\(run.messages.suffix(6000))")
            #expect(run.lines.last == "== done: the score is 1006, and the alert is over")
        }
    }
}
