import Events
import Foundation
import Kafka
import Ledger
import Testing

extension CommandTests {
    /// The audit of a member in a process of its own.
    struct AuditCommandTests {
        private struct Verified: Decodable {
            let partition: Int
            let records: Int
            let findings: Int
            let signed: Int
            let unsigned: Int
        }

        @Test func theAuditIsListedAndProved() async throws {
            let folder = try TemporaryFolder()
            let broker = try await Broker()
            for name in ["key", "strange"] {
                let made = try await standing("key", folder.path(name))
                #expect(made.code == 0, "\(made.messages)")
            }
            let server = try await Server(
                broker: broker.address, policy: try folder.write(Trial.policy, to: "policy.yaml"),
                ["--member", "one", "--signing-key", folder.path("key"), "--four-eyes", "activate"])
            try await server.waitUntilReady()
            #expect(server.process.messagesSoFar.contains("this member trusts its own key alone"))
            let environment = ["STANDING_BROKERS": broker.address]
            func run(_ arguments: String...) async throws -> Finished {
                try await Running(["audit"] + arguments, environment: environment).finished(limit: Limit.run)
            }
            // The member's own first record.
            try await wait(for: "the audit to open") {
                let list = try await run("list", "--action", "openAudit", "--output", "json")
                return list.code == 0 && list.output.contains(#""actor":"one""#) ? true : nil
            }
            let verified = try await run("verify", "--output", "json")
            #expect(verified.code == 0, "\(verified.messages)")
            let partition = try JSONDecoder().decode(Verified.self, from: Data(try #require(verified.lines.first).utf8))
            #expect(partition.partition == 0 && partition.records > 0 && partition.findings == 0)
            #expect(partition.signed == partition.records && partition.unsigned == 0)
            #expect(verified.messages.contains("no key is trusted"), "\(verified.messages)")
            let trusted = try await run("verify", "--trusted-keys", folder.path("key.pub"))
            #expect(trusted.code == 0 && !trusted.messages.contains("signed"), "\(trusted.messages)")
            // A private key is not opened, also if the settings that the command shares with the member name one.
            let shared = try await Running(
                ["audit", "verify", "--trusted-keys", folder.path("key.pub")],
                environment: environment.merging(["STANDING_SIGNING_KEY": folder.path("absent")]) { $1 }
            ).finished(limit: Limit.run)
            #expect(shared.code == 0, "\(shared.messages)")
            let strange = try await run("verify", "--trusted-keys", folder.path("strange.pub"))
            #expect(strange.code == 3 && strange.messages.contains("is not trusted"), "\(strange.messages)")
            // The member has vouched for a record that is there, and then for one that is not there any more.
            try await wait(for: "the member's head") {
                let verified = try await run("verify", "--trusted-keys", folder.path("key.pub"))
                return verified.code == 0 && !verified.messages.contains("has vouched") ? true : nil
            }
            let kafka = KafkaConfiguration(brokers: broker.address, fetchWaitMilliseconds: 10)
            let head = AuditHead(
                topic: "standing.audit", cluster: try Admin(kafka).clusterID() ?? "", partition: 0, offset: 1_000_000,
                hash: PolicyHash.of("cut"), time: Timestamp(microseconds: 1_700_000_000_000_000), member: "one")
            let signed = try #require(SignedAuditHead(head, signedWith: try Keyring(signing: folder.path("key"))))
            let producer = try AcknowledgedProducer(
                kafka, topics: ["standing.checkpoints"], maximumQueued: 1, longestWait: Limit.settle)
            _ = try await producer.send(to: "standing.checkpoints", key: nil) { _ in signed.json }
            producer.close()
            let cut = try await run("verify", "--trusted-keys", folder.path("key.pub"))
            #expect(cut.code == 3 && cut.messages.contains("it is missing: one has vouched for it"), "\(cut.messages)")
            let since = try await run(
                "verify", "--trusted-keys", folder.path("key.pub"), "--heads-since", "2023-12-01T00:00:00Z")
            #expect(since.code == 0, "that head is of November 2023: \(since.messages)")
            #expect(try await run("verify").code == 0, "without trusted keys nothing is vouched for")
            // A head is no bad checkpoint.
            let ledger = try await Running(["verify"], environment: environment).finished(limit: Limit.run)
            #expect(ledger.code == 0 && !ledger.messages.contains("no checkpoint"), "\(ledger.messages)")
            for flag in ["--unsigned-before", "--heads-since"] {
                let useless = try await run("verify", flag, "2026-01-01T00:00:00Z")
                #expect(useless.code == 2 && useless.messages.contains("--trusted-keys"), "\(useless.messages)")
            }
            let table = try await run("list", "--limit", "1")
            #expect(table.lines.first?.hasPrefix("time") == true, "\(table.output)")
            for arguments in [["--since", "yesterday"], ["--limit", "0"], ["--before", "x"]] {
                let refused = try await Running(["audit", "list"] + arguments, environment: environment).finished()
                #expect(refused.code == 2, "\(arguments)")
            }
        }
    }
}
