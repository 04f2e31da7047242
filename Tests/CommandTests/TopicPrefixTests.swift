import Foundation
import Testing

extension CommandTests {
    /// On a cluster that has topics under a prefix alone every command goes to those that `topic-prefix` says.
    struct TopicPrefixTests {
        @Test func everyCommandTakesThePrefix() async throws {
            let folder = try TemporaryFolder()
            let prefix = "other."
            let broker = try await Broker(topicPrefix: prefix)
            let policy = try folder.write(Trial.policy, to: "policy.yaml")
            let environment = [
                "STANDING_BROKERS": broker.address, "STANDING_CLOCK": "events", "STANDING_TOPIC_PREFIX": prefix,
            ]
            func run(_ arguments: [String], prefix: Bool = true) async throws -> Finished {
                let variables = environment.filter { prefix || $0.key != "STANDING_TOPIC_PREFIX" }
                return try await Running(arguments, environment: variables).finished(limit: Limit.run)
            }

            let data = folder.path("data")
            let server = try await Server(
                broker: broker.address, policy: policy, ["--topic-prefix", prefix, "--data", data])
            try await server.waitUntilReady()
            let enrolment = [
                "subject", "enrol", "--subject", "anna", "--kind", "individual", "--terms", "t", "--time",
                "2026-01-01T00:00:00Z",
            ]
            #expect(try await run(enrolment).code == 0)
            try await wait(for: "the enrolment") { try await server.standing(of: "anna") }
            #expect(try await server.process.stop().code == 0)

            // Each reads the ledger, which is not there without the prefix.
            let reading: [[String]] = [
                ["policy", "show"], ["policy", "log"], ["policy", "show", "--topic"],
                ["replay", "--topic", "--subject", "anna"],
            ]
            for arguments in reading {
                let found = try await run(arguments)
                #expect(found.code == 0 && !found.output.isEmpty, "\(arguments): \(found.messages)")
                #expect(try await run(arguments, prefix: false).code != 0, "\(arguments)")
            }
            let verified = try await run(["verify", "--data", data])
            #expect(verified.code == 0 && verified.output.contains("\"findings\":0"), "\(verified.messages)")
            #expect(try await run(["archive", "repair", "--data", data]).code == 0)
            #expect(try await run(["dead-letter", "list", "--topic", "behaviour.payments"]).code == 0)
            let lag = try await run(["lag", "--output", "json", "--interval", "200ms"])
            #expect(lag.output.contains("\"other.standing-fold\""), "\(lag.messages)")

            // An export says which topic it is of, and goes back into it.
            for (name, source) in [("topic", ["--topic"]), ("archive", ["--archive", data])] {
                let exported = try await run(["ledger", "export", folder.path(name)] + source)
                #expect(exported.code == 0, "\(exported.messages)")
                #expect(try folder.read("\(name)/ledger.jsonl").contains("\"ledger\":\"other.standing.ledger\""))
            }
            let imported = try await run(["ledger", "import", folder.path("topic")])
            #expect(imported.code == 0 && imported.output.contains("\"appended\":0"), "\(imported.messages)")

            let skip = ["ledger", "skip", "0", "0", "--reason", "x"]
            #expect(try await run(skip).code == 1)
            let upgraded = try await run(["ledger", "upgrade", "--ledger", "another"])
            #expect(upgraded.code == 1 && upgraded.messages.contains("has the name"), "\(upgraded.messages)")
            // With the prefix or without, it is the same source.
            for topic in ["behaviour.payments", "other.behaviour.payments"] {
                let sent = try await run(["source", "acknowledge", topic, "--reason", "looked at"])
                #expect(sent.code == 0, "\(sent.messages)")
            }
        }
    }
}
