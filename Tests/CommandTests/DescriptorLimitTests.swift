import Foundation
import Testing

extension CommandTests {
    /// What a member can need of file descriptors is held against what it may have.
    struct DescriptorLimitTests {
        private static let marker = "may open fewer files than it can need"

        /// What a member says under a limit until it is ready and has been stopped.
        private func messages(limit: Int) async throws -> String {
            let folder = try TemporaryFolder()
            let policy = try folder.write(Trial.policy, to: "policy.yaml")
            let broker = try await Broker()
            let member = try Running(
                [
                    "-c", "ulimit -n \(limit) && exec \"$@\"", "bash", try Package.binary().path, "serve", "--brokers",
                    broker.address, "--policy", policy, "--http-port", "0", "--clock", "events", "--data",
                    folder.path("data"), "--kafka", "fetch.wait.max.ms=10",
                ], executable: URL(filePath: "/bin/bash"))
            let address = try await member.message(after: "listening on ")
            try await wait(for: "readiness: \(member.messagesSoFar.suffix(2000))") {
                await answer(address + "/readyz")?.status == 200 ? true : nil
            }
            let ended = try await member.stop()
            #expect(ended.code == 0, "\(ended.messages.suffix(2000))")
            return ended.messages
        }

        @Test func aLimitBelowWhatAMemberCanNeedIsToldOnce() async throws {
            let lines = try await messages(limit: 200).split(separator: "\n").filter { $0.contains(Self.marker) }
            let line = try #require(lines.first)
            #expect(lines.count == 1)
            #expect(line.contains("`ulimit -n`") && line.contains("limit=200"), "\(line)")
            let needed = try #require(line.firstMatch(of: /needed=([0-9]+)/).flatMap { Int($0.1) })
            #expect(needed > 200)
            // What the line says is enough.
            #expect(try await !messages(limit: needed).contains(Self.marker))
        }
    }
}
