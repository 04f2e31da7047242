import Foundation
import Scoring
import Testing

extension CommandTests {
    /// One ledger from its beginning to another cluster: archived, repaired, replayed, verified, changed, corrected, moved.
    struct LedgerCommandTests {
        private static let subjects = 60
        private let folder: TemporaryFolder
        private let policy: String

        init() throws {
            folder = try TemporaryFolder()
            policy = try folder.write(Trial.policy, to: "policy.yaml")
        }

        private var data: String { folder.path("data") }

        private func server(_ broker: Broker, policy given: Bool = true) async throws -> Server {
            try await Server(
                broker: broker.address, policy: policy,
                ["--data", data, "--snapshot-interval", "1s", "--signing-key", folder.path("key"), "--member", "one"])
        }

        private func digests(_ arguments: String...) async throws -> [String] {
            let run = try await Running(["replay", "--digests"] + arguments).finished(limit: Limit.run)
            #expect(run.code == 0, "\(run.messages)")
            return run.lines
        }

        private func succeed(_ arguments: String...) async throws -> Finished {
            let run = try await Running(arguments).finished(limit: Limit.run)
            try #require(run.code == 0, "\(arguments): \(run.messages)")
            return run
        }

        private func feed(_ events: ArraySlice<Trial.Event>, _ cluster: TrialCluster, _ server: Server) async throws {
            try cluster.feed(Array(events))
            try await wait(for: "the intake's commit") {
                try cluster.hasCommitted("standing-intake", TrialCluster.control) ? true : nil
            }
            try await server.waitUntilReady()
        }

        @Test func aLedgersLife() async throws {
            let broker = try await Broker()
            let cluster = try TrialCluster(broker.address)
            _ = try await succeed("key", folder.path("key"))
            let again = try await standing("key", folder.path("key"))
            #expect(again.code == 1 && again.messages.contains("File exists"))

            let events = Trial.events(6000, subjects: Self.subjects, seed: 11)
            let text = try folder.write(Trial.text(events), to: "events.jsonl")
            let expected = try Standing.table(
                try await succeed("replay", "--policy", policy, "--events", text).output)

            // Killed at work, it continues from what it had stored.
            var server = try await server(broker)
            try await feed(events[..<2000], cluster, server)
            try await server.process.killed()
            server = try await self.server(broker)
            try await feed(events[2000..<4000], cluster, server)
            try await wait(for: "a snapshot") {
                try FileManager.default.subpathsOfDirectory(atPath: data).contains { $0.hasSuffix(".snapshot") }
                    ? true : nil
            }
            try await server.process.killed()
            server = try await self.server(broker)
            try await feed(events[4000...], cluster, server)
            try await server.waitUntil(expected)
            let inUse = try await standing("archive", "drop", "--data", data)
            #expect(inUse.code == 1 && inUse.messages.contains("another process writes this archive"))
            let stopped = try await server.process.stop()
            #expect(stopped.code == 0, "\(stopped.messages)")
            #expect(!stopped.messages.contains("thrown away"))
            let facts = try await cluster.facts()
            #expect(facts.last == facts.greatest)

            // Archive, topic and an export give the same states.
            let brokers = ["--brokers", broker.address]
            let ofArchive = try await digests("--archive", data)
            #expect(ofArchive.count == cluster.partitions)
            #expect(try await digests("--topic", "--brokers", broker.address) == ofArchive)
            #expect(try await digests("--archive", data, "--threads", "1") == ofArchive)
            _ = try await succeed("ledger", "export", "--archive", data, folder.path("backup"))
            #expect(try await digests("--archive", folder.path("backup")) == ofArchive)
            #expect(
                try Standing.table(try await succeed("replay", "--archive", data).output) == expected)
            let subject = try #require(expected.keys.sorted().first)
            let one = try await succeed("replay", "--archive", data, "--subject", subject)
            #expect(try JSONDecoder().decode(Standing.self, from: Data(one.output.utf8)) == expected[subject])
            #expect(
                try await succeed("replay", "--topic", "--brokers", broker.address, "--subject", subject).output
                    == one.output)
            let nobody = try await standing("replay", "--archive", data, "--subject", "nobody-at-all")
            #expect(nobody.code == 1 && nobody.messages.contains("not enrolled"))

            // Proved, then damaged, found, healed.
            let proof = try await succeed(
                ["verify"] + brokers + ["--data", data, "--signing-key", folder.path("key")])
            #expect(proof.lines.count == cluster.partitions)
            #expect(proof.lines.allSatisfy { $0.contains("\"findings\":0") })
            #expect(try await succeed("archive", "verify", "--data", data).messages == "")
            let status = try await succeed("archive", "status", "--data", data, "--output", "json")
            #expect(status.lines.count == cluster.partitions)
            let segment = try #require(
                try FileManager.default.subpathsOfDirectory(atPath: data).filter { $0.hasSuffix(".segment") }.max {
                    a, b in
                    size(a) < size(b)
                })
            try flip(segment, at: 200)
            let damaged = try await standing("archive", "verify", "--data", data)
            #expect(damaged.code == 3 && damaged.messages.contains("no whole record"))
            #expect(try await standing("replay", "--archive", data).code == 3)
            _ = try await succeed(["archive", "repair", "--data", data] + brokers)
            #expect(try await succeed("archive", "verify", "--data", data).messages == "")
            #expect(try await digests("--archive", data) == ofArchive)

            // Another cluster, from the export.
            let other = try await Broker()
            for _ in 0..<2 {
                _ = try await succeed("ledger", "import", "--brokers", other.address, folder.path("backup"))
            }
            #expect(try await digests("--topic", "--brokers", other.address) == ofArchive)

            try await change(broker, cluster, expected, ofArchive)
        }

        /// `ledger upgrade` of a ledger that is empty, and of one that has its name since it began.
        @Test func anUpgradeNamesOlderLedgersOnly() async throws {
            let broker = try await Broker()
            func upgrade(_ name: String) async throws -> Finished {
                try await standing(
                    "ledger", "upgrade", "--ledger", name, "--brokers", broker.address, "--output", "json")
            }
            let unusable = try await upgrade("a b")
            #expect(unusable.code == 2 && unusable.messages.contains("ledger (flag): error: \"a b\" is not the name"))
            let empty = try await upgrade("city")
            #expect(empty.code == 1 && empty.messages.contains("`standing serve --policy FILE` begins it"))

            let server = try await Server(broker: broker.address, policy: policy)
            try await server.waitUntilReady()
            #expect(try await server.process.stop().code == 0)
            let other = try await upgrade("another")
            #expect(other.code == 1 && other.output.isEmpty)
            let name = try #require(other.messages.firstMatch(of: /has the name (\S+) for good/)).1
            let same = try await upgrade(String(name))
            #expect(same.code == 0, "\(same.messages)")
            #expect(same.output.contains("\"ledger\":\"\(name)\",\"foldVersion\":\(FoldVersion.newest.rawValue),"))
            #expect(same.output.contains("\"upgraded\":0}"))
        }

        private func succeed(_ arguments: [String]) async throws -> Finished {
            let run = try await Running(arguments).finished(limit: Limit.run)
            try #require(run.code == 0, "\(arguments): \(run.messages)")
            return run
        }

        /// The answer of an owner: a partition has none for a moment while the group deals its partitions.
        private func asked(_ server: Server, _ path: String) async throws -> Answer {
            try await wait(for: path) {
                let answer = await server.get(path)
                return answer?.status == 503 ? nil : answer
            }
        }

        /// Beyond the partition's clock and end nothing is known.
        private func doesNotKnowTheFuture(_ server: Server, _ subject: String, _ live: Answer) async throws {
            let clock = try #require(live.header("standing-clock"))
            let end = try #require(live.header("standing-ledger-offset").flatMap { Int64($0) })
            let future = try await asked(server, "/subjects/\(subject)?as-of=2199-01-01T00:00:00Z")
            #expect(future.status == 400 && future.body.contains("the past is known until \(clock)"), "\(future)")
            #expect(try await asked(server, "/subjects/\(subject)?as-of=\(clock)").status == 200)
            let beyond = try await asked(server, "/subjects/\(subject)?offset=\(end + 1000)")
            #expect(beyond.status == 400 && beyond.body.contains("known until there"), "\(beyond)")
            #expect(try await asked(server, "/subjects/\(subject)?offset=\(end)").status == 200)
            let replay = ["replay", "--archive", data, "--as-of", "2199-01-01T00:00:00Z"]
            for arguments in [replay, replay + ["--subject", subject]] {
                let run = try await Running(arguments).finished(limit: Limit.run)
                #expect(run.code == 0 && !run.output.isEmpty, "\(run.messages)")
                #expect(run.messages.contains("--as-of: the past is known until "), "\(run.messages)")
            }
        }

        private func size(_ path: String) -> Int {
            (try? FileManager.default.attributesOfItem(atPath: data + "/" + path)[.size] as? Int) ?? 0
        }

        private func flip(_ path: String, at byte: Int) throws {
            let url = URL(filePath: data + "/" + path)
            var bytes = try Data(contentsOf: url)
            bytes[byte] ^= 1
            try bytes.write(to: url)
        }

        /// Proposed, refused, activated, rolled back; an event voided; the past asked for.
        private func change(
            _ broker: Broker, _ cluster: TrialCluster, _ expected: [String: Standing], _ digestsBefore: [String]
        ) async throws {
            let brokers = ["--brokers", broker.address]
            let harsh = try folder.write(
                Trial.policy.replacing("version: 1", with: "version: 2").replacing("base: 600", with: "base: 400"),
                to: "harsh.yaml")
            let bounded = try folder.write(
                String(contentsOfFile: harsh, encoding: .utf8)
                    + "\nharm-budget: {lose-points: 10 %, largest-loss: 50}\n",
                to: "bounded.yaml")
            let refused = try await standing(
                "policy", "propose", bounded, "--archive", data, "--output", folder.path("refused.json"))
            #expect(refused.code == 1)
            #expect(refused.output.contains("the budget allows 10 %"))
            #expect(refused.output.contains(/somebody would lose [0-9]+ points; the budget allows 50/))
            let notActivated = try await Running(["policy", "activate", folder.path("refused.json")] + brokers)
                .finished(limit: Limit.run)
            #expect(notActivated.code == 1 && notActivated.messages.contains("harm budget is broken"))

            _ = try await succeed(
                [
                    "policy", "propose", harsh, "--output", folder.path("proposal.json"), "--people",
                    folder.path("people"),
                ]
                    + ["--topic"] + brokers)
            let changed = try Standing.table(
                try await succeed("replay", "--archive", data, "--policy", harsh).output)
            let moved = expected.keys.filter { changed[$0] != expected[$0] }
            #expect(moved.count > 10)
            #expect(try folder.read("people").split(separator: "\n").count == moved.count)
            #expect(
                try await succeed("policy", "diff", folder.path("proposal.json")).output.contains(
                    "no harm budget is set"))

            let server = try await Server(
                broker: broker.address, policy: policy, ["--data", data, "--snapshot-interval", "1s"])
            try await server.waitUntilReady()
            // The events are of another time, and somebody must say that the ledger comes to today.
            let wall = ["--clock", "wall"]
            _ = try await succeed(["policy", "activate", folder.path("proposal.json")] + brokers + wall)
            let subject = try #require(moved.sorted().first)
            try await server.waitUntil(changed)
            let live = try await asked(server, "/subjects/\(subject)")
            let partition = try #require(live.header("standing-ledger-partition"))
            let digest = try #require(digestsBefore.first { $0.hasPrefix("{\"partition\":\(partition),") })
            let offsetBefore = try #require(digest.firstMatch(of: /"nextOffset":([0-9]+)/))
            // A proposal is good against the policy that it was folded against.
            let stale = try await Running(["policy", "activate", folder.path("proposal.json")] + brokers)
                .finished(limit: Limit.run)
            #expect(stale.code == 1 && stale.messages.contains("propose it again"))

            // The past stays what it was.
            let then = try await asked(server, "/subjects/\(subject)?offset=\(offsetBefore.1)")
            #expect(then.status == 200 && then.body.contains("\"version\":1"), "\(then)")
            let now = try await asked(server, "/subjects/\(subject)?offset=\(offsetBefore.1)&policy=now")
            #expect(now.body.contains("\"version\":2"))
            #expect(await server.get("/subjects/\(subject)?as-of=yesterday")?.status == 400)
            try await doesNotKnowTheFuture(server, subject, live)

            _ = try await succeed(["policy", "rollback"] + brokers + wall)
            try await server.waitUntil(expected)
            // A restart under another policy than the given one says so; a restart under its own continues.
            #expect(try await server.process.stop().code == 0)

            let back = try await Server(broker: broker.address, policy: policy, ["--data", data])
            try await back.waitUntilReady()
            let file = try await asked(back, "/subjects/\(subject)/file")
            #expect(file.status == 200)
            struct File: Decodable {
                struct Step: Decodable {
                    let type: String?
                    let source: String?
                    let id: String?
                }
                struct Void: Decodable {
                    let reason: String
                }
                let history: [Step]
                let voided: [Void]
            }
            let parsed = try JSONDecoder().decode(File.self, from: Data(file.body.utf8))
            #expect(parsed.history.filter { $0.type == "standing.policy.activated" }.count == 3)
            let deed = try #require(parsed.history.last { $0.type.map { !$0.hasPrefix("standing.") } ?? false })
            _ = try await succeed(
                [
                    "event", "void", "--subject", subject, "--source", deed.source ?? "", "--id", deed.id ?? "",
                    "--reason", "a mix-up",
                ]
                    + brokers + wall)
            try await wait(for: "the void") {
                guard let file = await back.get("/subjects/\(subject)/file"), file.status == 200 else {
                    return Bool?.none
                }
                let voided = try JSONDecoder().decode(File.self, from: Data(file.body.utf8)).voided.map(\.reason)
                return voided == ["a mix-up"] ? true : nil
            }
            #expect(try await back.process.stop().code == 0)
            let facts = try await cluster.facts()
            #expect(facts.last == facts.greatest, "a number is missing")
            #expect(
                try await digests("--archive", data)
                    == (try await digests("--topic", "--brokers", broker.address)))
        }
    }
}
