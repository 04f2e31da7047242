import Foundation
import Testing

extension CommandTests {
    struct LogTests {
        /// Every line of the log is lost, and nothing else is.
        @Test func aLogLineToAFullDiskEndsNothing() async throws {
            let folder = try TemporaryFolder()
            let policy = try folder.write(Trial.policy, to: "policy.yaml")
            let broker = try await Broker()
            let cluster = try TrialCluster(broker.address)
            let port = try freePort()
            let process = try Running(
                [
                    "-c", "exec \"$0\" \"$@\" 2>/dev/full >/dev/full", try Package.binary().path, "serve", "--brokers",
                    broker.address, "--policy", policy, "--http-port", "\(port)", "--clock", "events", "--kafka",
                    "fetch.wait.max.ms=10",
                ], executable: URL(filePath: "/bin/sh"))
            let events = Trial.events(200, subjects: 10, seed: 3)
            try cluster.feed(events)
            let subject = try #require(events.first?.subject)
            try await wait(for: "a standing") {
                guard process.isRunning else { throw Trouble("serve ended") }
                return await answer("http://127.0.0.1:\(port)/subjects/\(subject)")?.status == 200 ? true : nil
            }
            let ended = try await process.stop()
            #expect(ended.code == 0)
        }

        /// A password with a comma in it: the text after the comma looks like another property.
        @Test func secretsBehindACommaAreNotEchoed() async throws {
            for value in ["sasl.password=left,hunter2=x", "sasl.password=left,hunter2"] {
                let run = try await standing(
                    "serve", "--brokers", "127.0.0.1:1", "--show-config", environment: ["STANDING_KAFKA": value])
                #expect(run.code == 2, "\(run.messages)")
                #expect(!run.messages.contains("hunter2") && !run.messages.contains("left"), "\(run.messages)")
                #expect(run.messages.contains("item 2") && !run.output.contains("hunter2"))
            }
        }
    }
}
