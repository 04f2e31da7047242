import Foundation
import Testing

extension CommandTests {
    /// A candidate beside the active policy, from its order to its activation.
    struct ShadowCommandTests {
        /// Of `standing policy shadow status --output json`.
        private struct View: Decodable {
            struct Order: Decodable {
                struct Policy: Decodable { let version: Int }
                let policy: Policy
                let by: String?
            }
            struct Member: Decodable {
                struct Partition: Decodable { let phase: String }
                let member: String
                let canShadow: Bool
                let partitions: [Partition]
            }
            struct Difference: Decodable {
                struct Scores: Decodable, Equatable { let higher, lower, same: Int }
                struct Subject: Decodable {
                    struct Level: Decodable { let score: Int }
                    let subject: String
                    let live: Level
                    let shadow: Level
                }
                let subjects: Int
                let scores: Scores
                let sample: [Subject]
            }
            let shadow: Order?
            let members: [Member]
            let silent: [String]
            let difference: Difference?
        }

        private static let subjects = 40
        private let folder: TemporaryFolder
        private let policy: String

        init() throws {
            folder = try TemporaryFolder()
            policy = try folder.write(Trial.policy, to: "policy.yaml")
        }

        private func run(_ broker: Broker, _ arguments: String...) async throws -> Finished {
            try await Running(arguments + ["--brokers", broker.address]).finished(limit: Limit.run)
        }

        private func view(_ broker: Broker) async throws -> View {
            let run = try await run(broker, "policy", "shadow", "status", "--output", "json")
            try #require(run.code == 0, "\(run.messages)")
            return try JSONDecoder().decode(View.self, from: Data(run.output.utf8))
        }

        private func waitUntilAnnounced(_ broker: Broker) async throws {
            try await wait(for: "a member that answers") {
                try await view(broker).members.isEmpty ? nil : true
            }
        }

        @Test func aCandidateIsFoldedBesideThePolicySeenAndSwitchedToAtOnce() async throws {
            let broker = try await Broker()
            let cluster = try TrialCluster(broker.address)
            let harsh = try folder.write(
                Trial.policy.replacing("version: 1", with: "version: 2").replacing("base: 600", with: "base: 400"),
                to: "harsh.yaml")
            let events = Trial.events(2000, subjects: Self.subjects, seed: 8)
            let text = try folder.write(Trial.text(events), to: "events.jsonl")
            func replay(_ policy: String) async throws -> [String: Standing] {
                let run = try await standing("replay", "--policy", policy, "--events", text)
                return try Standing.table(run.output)
            }
            let (before, after) = (try await replay(policy), try await replay(harsh))
            let server = try await Server(
                broker: broker.address, policy: policy,
                ["--data", folder.path("data"), "--member", "one"] + Server.longSession)
            try cluster.feed(events)
            try await server.waitUntil(before)
            try await waitUntilAnnounced(broker)

            // What is no candidate.
            let bad = try folder.write("policy: trial\n", to: "bad.yaml")
            let mistaken = try await run(broker, "policy", "shadow", "start", bad)
            #expect(
                mistaken.code == 1 && mistaken.output.isEmpty && mistaken.messages.contains("bad.yaml:1:"))
            let same = try await run(broker, "policy", "shadow", "start", policy)
            #expect(same.code == 1 && same.messages.contains("is active already"), "\(same.messages)")
            #expect(try await view(broker).shadow == nil)

            let start = try await run(broker, "policy", "shadow", "start", harsh, "--by", "anna")
            try #require(start.code == 0, "\(start.messages)")
            #expect(start.output == "{\"policy\":\"trial\",\"version\":2}\n")
            let second = try await run(broker, "policy", "shadow", "start", harsh)
            #expect(second.code == 1 && second.messages.contains("in the shadow already"), "\(second.messages)")
            #expect(second.messages.contains("by anna"))

            let seen = try await wait(for: "a comparison of everybody") { () -> View? in
                let view = try await view(broker)
                return view.difference?.subjects == before.count ? view : nil
            }
            #expect(seen.shadow?.policy.version == 2 && seen.shadow?.by == "anna" && seen.silent.isEmpty)
            #expect(seen.members.map(\.member) == ["one"])
            #expect(seen.members.first?.partitions.count == cluster.partitions)
            let difference = try #require(seen.difference)
            let changes = before.keys.compactMap { key in after[key].map { $0.score - (before[key]?.score ?? 0) } }
            #expect(difference.scores.lower == changes.count { $0 < 0 })
            #expect(difference.scores.higher == changes.count { $0 > 0 })
            #expect(!difference.sample.isEmpty)
            for subject in difference.sample {
                #expect(subject.live.score == before[subject.subject]?.score)
                #expect(subject.shadow.score == after[subject.subject]?.score)
            }
            let table = try await run(broker, "policy", "shadow", "status")
            #expect(table.output.hasPrefix("trial version 2, in the shadow since "), "\(table.output)")
            #expect(table.output.contains("lower") && !table.output.contains(difference.sample[0].subject))
            let lower = "standing_shadow_subjects{change=\"lower\"} \(difference.scores.lower)\n"
            let metrics = try await wait(for: lower) { () -> String? in
                let body = await server.get("/metrics")?.body
                return body?.contains(lower) == true ? body : nil
            }
            #expect(!metrics.contains(difference.sample[0].subject))
            // Nothing of it is to be seen in what is answered and published.
            try await server.waitUntil(before)

            try await wait(for: "every partition to be live") { () -> Bool? in
                let phases = try await view(broker).members.first?.partitions.map(\.phase) ?? []
                return phases.count == cluster.partitions && phases.allSatisfy { $0 == "live" } ? true : nil
            }
            let proposal = folder.path("proposal.json")
            let proposed = try await run(broker, "policy", "propose", harsh, "--topic", "--output", proposal)
            try #require(proposed.code == 0, "\(proposed.messages)")
            let activated = try await run(broker, "policy", "activate", proposal, "--clock", "events")
            try #require(activated.code == 0, "\(activated.messages)")
            #expect(
                activated.messages.contains("trial version 2 is in the shadow: each partition switches at its entry"))
            #expect(activated.messages.contains("its shadow has ended"), "\(activated.messages)")
            try await server.waitUntil(after)
            #expect(try await view(broker).shadow == nil)

            let back = try await run(broker, "policy", "rollback", "--clock", "events")
            #expect(back.code == 0 && back.messages.contains("entries to fold anew, on 1 member"), "\(back.messages)")
            try await server.waitUntil(before)
            #expect(try await server.process.stop().code == 0)
            let facts = try await cluster.facts()
            #expect(facts.last == facts.greatest, "a number is missing")
        }

        @Test func aMemberWithoutAnArchiveIsNamedAndNothingIsOrdered() async throws {
            let broker = try await Broker()
            let candidate = try folder.write(
                Trial.policy.replacing("version: 1", with: "version: 2"), to: "candidate.yaml")
            let early = try await run(broker, "policy", "shadow", "stop")
            #expect(early.code == 1 && early.messages.contains("no policy is in the shadow"), "\(early.messages)")
            let server = try await Server(broker: broker.address, policy: policy, ["--member", "bare"])
            try await server.waitUntilReady()
            try await waitUntilAnnounced(broker)
            let start = try await run(broker, "policy", "shadow", "start", candidate)
            #expect(start.code == 1 && start.output.isEmpty)
            #expect(start.messages.contains("error: bare (127.0.0.1:"), "\(start.messages)")
            #expect(start.messages.contains("--data"), "\(start.messages)")
            #expect(try await view(broker).shadow == nil)
            #expect(await server.get("/shadow")?.body.contains("\"canShadow\":false") == true)
            #expect(try await server.process.stop().code == 0)
        }
    }
}
