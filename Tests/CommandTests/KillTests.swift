import Foundation
import Kafka
import Randomness
import Testing

extension CommandTests {
    struct KillTests {
        private static let count = 3000 * kills
        private static let subjects = 500
        private static let sliceCount = 250
        private static let kills = Fuzz.isLong ? 300 : 10
        private static let seed: UInt64 = 20_260_101

        @Test func killsLoseNothingAndCountNothingTwice() async throws {
            let folder = try TemporaryFolder()
            let policy = try folder.write(Trial.policy, to: "policy.yaml")
            let events = Trial.events(Self.count, subjects: Self.subjects, seed: Self.seed)
            let file = try folder.write(Trial.text(events), to: "events.jsonl")
            let replay = try await standing(
                "replay", "--policy", policy, "--events", file, "--facts", folder.path("facts"))
            #expect(replay.code == 0)
            let expected = try Standing.table(replay.output)
            #expect(expected.count == Self.subjects)

            let broker = try await Broker()
            let cluster = try TrialCluster(broker.address)
            var random = Seeded(Self.seed)
            var rest = events[...]
            for kill in 0..<Self.kills {
                let server = try await Server(broker: broker.address, policy: policy)
                // Every other one dies on its way to the first partition, the others at work.
                if kill % 2 == 0 { try await server.waitUntilReady() }
                for _ in 0..<Int.random(in: 4...12, using: &random) where !rest.isEmpty {
                    try cluster.feed(Array(rest.prefix(Self.sliceCount)))
                    rest = rest.dropFirst(Self.sliceCount)
                }
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...300, using: &random)))
                #expect(server.process.isRunning)
                try await server.process.killed()
            }
            let server = try await Server(broker: broker.address, policy: policy)
            while !rest.isEmpty {
                try cluster.feed(Array(rest.prefix(Self.sliceCount)))
                rest = rest.dropFirst(Self.sliceCount)
            }
            try await server.waitUntilReady()
            try await wait(for: "the intake's last commit") {
                try cluster.hasCommitted("standing-intake", TrialCluster.control) ? true : nil
            }
            try await server.waitUntil(expected)
            #expect(try await server.process.stop().code == 0)

            let facts = try await cluster.facts()
            print("kills: \(Self.kills), facts: \(facts.accepted), repeats: \(facts.repeats), ahead: \(facts.ahead)")
            #expect(facts.last == facts.greatest, "a number is missing")
            #expect(facts.accepted == Int(facts.last.values.reduce(0, +)))
            #expect(facts.accepted == (try folder.read("facts").utf8.count { $0 == UInt8(ascii: "\n") }))
            #expect(facts.changes.count == Self.subjects)
            for (subject, changes) in facts.changes {
                #expect(changes.first?.before == nil)
                for (earlier, later) in zip(changes, changes.dropFirst()) { #expect(later.before == earlier.after) }
                #expect(changes.last?.after?.score == expected[subject]?.score)
                #expect(changes.last?.after?.band == expected[subject]?.band)
            }
        }
    }
}
