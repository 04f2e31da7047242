import Foundation
import Ledger
import Testing

extension CommandTests {
    /// A ledger gets twice as many partitions (deploy/RESTORE.md, "More partitions").
    struct GrowthTests {
        private static let policy =
            Trial.policy + """
                perks:
                  - {id: bikes, when: 'band in ["A", "B"]'}

                """
        private static let subjects = 60
        private static let partitions = 24

        private let folder: TemporaryFolder
        private let policy: String

        init() throws {
            folder = try TemporaryFolder()
            policy = try folder.write(Self.policy, to: "policy.yaml")
        }

        private func succeed(_ arguments: [String]) async throws -> Finished {
            let run = try await Running(arguments).finished(limit: Limit.run)
            try #require(run.code == 0, "\(arguments): \(run.messages)")
            return run
        }

        @Test func twelvePartitionsBecomeTwentyFour() async throws {
            let topics = try MovedTopics(
                [TrialCluster.ledger] + TrialCluster.facts, prefix: "standing-2", partitions: Self.partitions,
                in: folder)
            let broker = try await Broker(["--topics", topics.broker])
            let cluster = try TrialCluster(broker.address)
            let events = Trial.events(2000, subjects: Self.subjects, seed: 47)
            let text = try folder.write(Trial.text(events), to: "events.jsonl")
            let half = try folder.write(Trial.text(Array(events[..<1500])), to: "half.jsonl")
            func expected(_ file: String) async throws -> [String: Standing] {
                try Standing.table(try await succeed(["replay", "--policy", policy, "--events", file]).output)
            }
            var server = try await Server(broker: broker.address, policy: policy)
            try cluster.feed(Array(events[..<1500]))
            let middle = try await expected(half)
            try await server.waitUntil(middle)
            #expect(try await server.process.stop().code == 0)

            // Out, divided, and in again under other names.
            let (old, new) = (folder.path("old"), folder.path("new"))
            _ = try await succeed(["ledger", "export", "--topic", "--brokers", broker.address, old])
            let odd = try await Running(["ledger", "repartition", old, new, "--partitions", "18", "--name", "city-2"])
                .finished(limit: Limit.run)
            #expect(odd.code == 2 && odd.messages.contains("18 is no multiple of that"), "\(odd.messages)")
            let divide = ["ledger", "repartition", old, new, "--partitions", "\(Self.partitions)", "--name", "city-2"]
            let divided = try await succeed(divide)
            #expect(divided.output.hasPrefix("{\"partitions\":\(Self.partitions),"))
            #expect(try await succeed(divide).output == divided.output)
            #expect(try Standing.table(try await succeed(["replay", "--archive", new]).output) == middle)
            let onNew = ["--brokers", broker.address, "--topics", topics.members]
            #expect(try await succeed(["ledger", "import"] + onNew + [new]).lines.count == Self.partitions)

            // Intake continues where it was; the facts begin anew, and so do their consumers.
            let data = ["--data", folder.path("data")]
            server = try await Server(
                broker: broker.address, policy: policy, ["--topics", topics.members, "--ledger", "city-2"] + data)
            try await server.waitUntilReady()
            try await server.waitUntil(middle)
            let database = folder.path("perks.sqlite")
            let start = try await succeed(["facts", "bootstrap"] + onNew + data + ["--perks", database])
            #expect(start.lines.count { $0.hasPrefix("{\"topic\":") } == TrialCluster.facts.count * Self.partitions)
            let perks = try Running(
                ["perks", "--http-port", "0", "--database", database, "--kafka", "fetch.wait.max.ms=10"] + onNew)
            let address = try await perks.message(after: "listening on ")

            try cluster.feed(Array(events[1500...]))
            let end = try await expected(text)
            try await server.waitUntil(end)
            struct Held: Decodable {
                struct Perk: Decodable { let perk: String }
                let perks: [Perk]
            }
            for (subject, standing) in end.sorted(by: { $0.key < $1.key }) {
                try await wait(for: "the perks of \(subject): \(standing.perks)") {
                    guard let answer = await answer("\(address)/subjects/\(subject)/perks"), answer.status == 200 else {
                        return Bool?.none
                    }
                    let held = try JSONDecoder().decode(Held.self, from: Data(answer.body.utf8))
                    return held.perks.map(\.perk).sorted() == standing.perks.sorted() ? true : nil
                }
            }
            let metrics = try #require(await answer("\(address)/metrics")).body
            #expect(metrics.contains("{result=\"gap\"} 0\n"), "\(metrics)")
            #expect(try await server.process.stop().code == 0)
            #expect(try await perks.stop().code == 0)
            _ = try await succeed(["verify"] + data + onNew)
        }
    }
}
