import Foundation
import Testing

extension CommandTests {
    /// A record that something else has written to the ledger topic, from the alarm to the mend, with an owner and a standby.
    struct LedgerSkipTests {
        private struct Readiness: Decodable {
            struct Quarantined: Decodable {
                let partition: Int32
                let offset: Int64
                let reason: String
            }
            let ready: Bool
            let quarantined: [Quarantined]?
        }

        private func readiness(_ server: Server) async throws -> Readiness? {
            guard let answer = await server.get("/readyz") else { return nil }
            return try JSONDecoder().decode(Readiness.self, from: Data(answer.body.utf8))
        }

        @Test func aStrayRecordInTheLedgerIsNamedAndSkipped() async throws {
            let folder = try TemporaryFolder()
            let policy = try folder.write(Trial.policy, to: "policy.yaml")
            let broker = try await Broker()
            let cluster = try TrialCluster(broker.address)
            let events = Trial.events(3000, subjects: 60, seed: 5)
            let text = try folder.write(Trial.text(events), to: "events.jsonl")
            let expected = try Standing.table(
                try await standing("replay", "--policy", policy, "--events", text).output)
            let server = try await Server(
                broker: broker.address, policy: policy,
                ["--data", folder.path("one"), "--snapshot-interval", "1s", "--member", "one"])
            try cluster.feed(Array(events[..<1500]))
            try await server.waitUntilReady()
            let standby = try await Server(
                broker: broker.address, policy: policy,
                ["--data", folder.path("two"), "--roles", "fold", "--standby", "--member", "two"])

            let hurt: Int32 = 3
            try cluster.write(Array("not a frame, and longer than a frame's header".utf8), toLedger: hurt)
            let stopped = try await wait(for: "the alarm") {
                for member in [server, standby] {
                    if let stopped = try await readiness(member)?.quarantined?.first { return stopped }
                }
                return nil
            }
            #expect(stopped.partition == hurt && stopped.reason.contains("wrong magic"))
            let command = "standing ledger skip \(hurt) \(stopped.offset) --reason"
            #expect(stopped.reason.contains(command))
            // Not while the group deals its partitions anew because of the second member.
            try await wait(for: "the quarantine in the metrics") {
                for member in [server, standby] {
                    let metrics = await member.get("/metrics")?.body
                    if metrics?.contains("\nstanding_fold_partitions_quarantined 1\n") == true { return true }
                }
                return nil
            }
            try cluster.feed(Array(events[1500...]))

            // One that is good stays; the stray goes, once.
            let brokers = [
                "--brokers", broker.address, "--reason", "somebody tried a console producer", "--output", "json",
            ]
            let refused = try await Running(["ledger", "skip", "\(hurt)", "0"] + brokers).finished(limit: Limit.run)
            #expect(refused.code == 1 && refused.messages.contains("nothing is wrong with this record"))
            let absent = try await Running(["ledger", "skip", "99", "0"] + brokers).finished(limit: Limit.run)
            #expect(absent.code == 1 && absent.messages.contains("not 99"))
            for isFirst in [true, false] {
                let run = try await Running(["ledger", "skip", "\(hurt)", "\(stopped.offset)"] + brokers).finished(
                    limit: Limit.run)
                #expect(run.code == 0, "\(run.messages)")
                #expect(run.output.contains("\"appended\":\(isFirst)") && run.output.contains("wrong magic") == isFirst)
            }
            try await server.waitUntil(expected)
            for member in [server, standby] {
                try await wait(for: "nothing is in quarantine") {
                    try await readiness(member)?.quarantined == nil ? true : nil
                }
            }
            // The one that stays follows every partition by itself before it stops: its archive then has all of the ledger.
            for member in [standby, server] {
                try await server.waitUntil(expected)
                let ended = try await member.process.stop()
                #expect(ended.code == 0, "\(ended.messages.suffix(2000))")
            }

            // Every way of reading the ledger passes the record over.
            let archive = folder.path("one")
            let replayed = try await standing("replay", "--archive", archive)
            #expect(try Standing.table(replayed.output) == expected, "\(replayed.messages)")
            let start = try await Running(["facts", "bootstrap", "--data", archive, "--brokers", broker.address])
                .finished(
                    limit: Limit.run)
            #expect(start.code == 0 && start.output.hasSuffix(replayed.output), "\(start.messages)")
            let digests = try await standing("replay", "--digests", "--archive", archive)
            let ofTopic = try await Running(["replay", "--digests", "--topic", "--brokers", broker.address]).finished(
                limit: Limit.run)
            #expect(ofTopic.output == digests.output && ofTopic.code == 0, "\(ofTopic.messages)")
            let verified = try await Running(["verify", "--brokers", broker.address, "--data", archive]).finished(
                limit: Limit.run)
            #expect(verified.code == 0, "\(verified.messages)")
            let checked = try await standing("archive", "verify", "--data", archive)
            #expect(checked.code == 0, "\(checked.messages)")
            let log = try await standing("policy", "log", "--archive", archive)
            #expect(log.code == 0, "\(log.messages)")

            // And who begins with nothing.
            let third = try await Server(broker: broker.address, policy: policy, ["--member", "three"])
            try await third.waitUntil(expected)
            _ = try await third.process.stop()
            let facts = try await cluster.facts()
            #expect(facts.last == facts.greatest)
        }
    }
}
