import Foundation
import Randomness
import Testing

extension CommandTests {
    /// Several `standing serve` share one ledger.
    struct MemberTests {
        private static let subjects = 60
        private static let names = ["one", "two", "three"]
        private let folder: TemporaryFolder
        private let policy: String

        init() throws {
            folder = try TemporaryFolder()
            policy = try folder.write(Trial.policy, to: "policy.yaml")
        }

        private func member(_ name: String, _ broker: Broker) async throws -> Server {
            try await Server(
                broker: broker.address, policy: policy,
                [
                    "--member", name, "--data", folder.path(name), "--standby", "--snapshot-interval", "1s",
                    "--signing-key", folder.path("key"),
                ])
        }

        /// Ledger partitions that a member owns, and that it stands by for.
        private func partitions(_ server: Server) async -> (owned: Int, standby: Int)? {
            guard let metrics = await server.get("/metrics")?.body else { return nil }
            func gauge(_ name: String) -> Int? {
                metrics.split(separator: "\n").first { $0.hasPrefix(name + " ") }.flatMap {
                    Int($0.split(separator: " ")[1])
                }
            }
            guard let owned = gauge("standing_fold_partitions"), let standby = gauge("standing_standby_partitions")
            else { return nil }
            return (owned, standby)
        }

        private func waitUntilShared(_ servers: [Server], _ total: Int) async throws {
            try await wait(for: "every partition owned once and watched by all") { () -> Bool? in
                var sum = 0
                for server in servers {
                    guard let (owned, standby) = await partitions(server), owned + standby == total, owned > 0,
                        await server.get("/readyz")?.status == 200
                    else { return nil }
                    sum += owned
                }
                return sum == total ? true : nil
            }
        }

        @Test func membersShareStandByAndAnswerForEachOther() async throws {
            let broker = try await Broker()
            let cluster = try TrialCluster(broker.address)
            #expect(try await standing("key", folder.path("key")).code == 0)
            let events = Trial.events(6000, subjects: Self.subjects, seed: 5)
            let text = try folder.write(Trial.text(events), to: "events.jsonl")
            let replay = try await standing(
                "replay", "--policy", policy, "--events", text, "--facts", folder.path("facts"))
            let expected = try Standing.table(replay.output)

            var members: [Server] = []
            for name in Self.names { members.append(try await member(name, broker)) }
            try cluster.feed(Array(events[..<1000]))
            try await waitUntilShared(members, cluster.partitions)

            // Whichever member is asked, the owner answers, and reports how fresh its answer is.
            let subject = try #require(expected.keys.sorted().first)
            var answerers: Set<String> = []
            for member in members {
                let answer: Answer = try await wait(for: "an answer") {
                    let answer = await member.get("/subjects/\(subject)")
                    return answer?.header("standing-current") == "true" ? answer : nil
                }
                #expect(answer.status == 200 && answer.header("standing-lag") == "0")
                #expect(answer.header("standing-clock") != nil && answer.header("standing-ledger-offset") != nil)
                answerers.insert(answer.header("standing-member").map { "http://" + $0 } ?? member.address)
                let file = try await wait(for: "the file") { () -> Answer? in
                    let answer = await member.get("/subjects/\(subject)/file")
                    return answer?.status == 200 ? answer : nil
                }
                #expect(file.header("standing-ledger-partition") != nil)
            }
            #expect(answerers.count == 1)

            // A rolling restart under traffic.
            for (index, name) in Self.names.enumerated() {
                try cluster.feed(Array(events[1000 + index * 500..<1500 + index * 500]))
                #expect(try await members[index].process.stop().code == 0)
                members[index] = try await member(name, broker)
            }
            try await waitUntilShared(members, cluster.partitions)

            // One dies, one is away for longer than its session.
            try cluster.feed(Array(events[2500..<3500]))
            try await members[0].process.killed()
            try cluster.feed(Array(events[3500..<4500]))
            members.removeFirst()
            members[0].process.signal(SIGSTOP)
            try cluster.feed(Array(events[4500..<5000]))
            try await wait(for: "the last one owns all") {
                await partitions(members[1])?.owned == cluster.partitions ? true : nil
            }
            // It folds on from what it held, without reading anything again. The number is there before the line.
            let takeOver = "partitions=\(cluster.partitions)"
            let line = try await wait(for: "the line of the take-over") {
                members[1].process.messagesSoFar.split(separator: "\n").last {
                    $0.contains("fold owns") && $0.contains(takeOver)
                }
            }
            #expect(line.contains("atHand=\(cluster.partitions)"), "\(line)")
            members[0].process.signal(SIGCONT)
            try cluster.feed(Array(events[5000...]))
            try await waitUntilShared(members, cluster.partitions)
            try await wait(for: "the intake's commit") {
                try cluster.hasCommitted("standing-intake", TrialCluster.control) ? true : nil
            }
            for member in members { try await member.waitUntil(expected) }
            for member in members {
                let stopped = try await member.process.stop()
                #expect(stopped.code == 0, "\(stopped.messages.suffix(2000))")
                #expect(!stopped.messages.contains("into different states"))
            }

            try await checkFacts(cluster, expected)
            #expect(
                try await standing(
                    "verify", "--brokers", broker.address, "--data", folder.path("three"), "--signing-key",
                    folder.path("key")
                ).code == 0)
        }

        /// What a consumer takes of the facts is what a replay tells.
        private func checkFacts(_ cluster: TrialCluster, _ expected: [String: Standing]) async throws {
            let facts = try await cluster.facts()
            print("members: facts \(facts.accepted), repeats \(facts.repeats), ahead \(facts.ahead)")
            #expect(facts.last == facts.greatest, "a number is missing")
            #expect(facts.accepted == (try folder.read("facts").utf8.count { $0 == UInt8(ascii: "\n") }))
            for (subject, changes) in facts.changes {
                for (earlier, later) in zip(changes, changes.dropFirst()) { #expect(later.before == earlier.after) }
                #expect(changes.last?.after?.score == expected[subject]?.score)
            }
        }

        /// Three members under traffic; one at a time is restarted, which deals the partitions anew twice, or is away for longer
        /// than its session and comes back.
        @Test(.enabled(if: Fuzz.isLong)) func throughRebalancesAndZombiesEveryFactIsThereOnce() async throws {
            let (rebalances, zombies) = (Fuzz("rebalance", count: 60).count, Fuzz("zombie", count: 30).count)
            let rounds = rebalances / 2 + zombies
            let broker = try await Broker()
            let cluster = try TrialCluster(broker.address)
            #expect(try await standing("key", folder.path("key")).code == 0)
            let events = Trial.events(200 * (rounds + 1), subjects: Self.subjects, seed: 6)
            let text = try folder.write(Trial.text(events), to: "events.jsonl")
            let replay = try await standing(
                "replay", "--policy", policy, "--events", text, "--facts", folder.path("facts"))
            let expected = try Standing.table(replay.output)
            var members: [Server] = []
            for name in Self.names { members.append(try await member(name, broker)) }
            try await waitUntilShared(members, cluster.partitions)
            for round in 0...rounds {
                let events = Array(events[200 * round..<200 * (round + 1)])
                let index = round % members.count
                try cluster.feed(Array(events[..<100]))
                if round < rebalances / 2 {
                    #expect(try await members[index].process.stop().code == 0)
                    try cluster.feed(Array(events[100...]))
                    members[index] = try await member(Self.names[index], broker)
                } else {
                    members[index].process.signal(SIGSTOP)
                    try cluster.feed(Array(events[100...]))
                    try await wait(for: "the others own all") {
                        var owned = 0
                        for other in members.indices where other != index {
                            owned += await partitions(members[other])?.owned ?? 0
                        }
                        return owned == cluster.partitions ? true : nil
                    }
                    members[index].process.signal(SIGCONT)
                }
                try await waitUntilShared(members, cluster.partitions)
            }
            try await wait(for: "the intake's commit") {
                try cluster.hasCommitted("standing-intake", TrialCluster.control) ? true : nil
            }
            for member in members { try await member.waitUntil(expected) }
            for member in members { #expect(try await member.process.stop().code == 0) }
            try await checkFacts(cluster, expected)
        }
    }
}
