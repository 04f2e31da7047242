import Events
import Foundation
import Ledger
import Testing

extension CommandTests {
    /// The ledger topic is lost, with everything in it, and nothing else.
    ///
    /// The embedded broker deletes no topic, so the ledger comes back under another name, which the topic files give it; on a cluster
    /// it would have the one that it had.
    struct RestoreDrillTests {
        private static let policy =
            Trial.policy + """
                perks:
                  - {id: bikes, when: 'band in ["A", "B"]'}
                sanctions:
                  - {id: credit-ban, dimension: payment, measures: [loans], when: points <= -80, lasts: 10 days}

                """
        private static let subjects = 40

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

        private func perks(_ broker: Broker) async throws -> (service: Running, address: String) {
            let service = try Running([
                "perks", "--brokers", broker.address, "--http-port", "0", "--database", folder.path("perks.sqlite"),
                "--kafka", "fetch.wait.max.ms=10",
            ])
            return (service, try await service.message(after: "listening on "))
        }

        private func check(_ expected: [String: Standing], _ perks: String) async throws {
            struct Held: Decodable {
                struct Perk: Decodable { let perk: String }
                let perks: [Perk]
            }
            for (subject, standing) in expected.sorted(by: { $0.key < $1.key }) {
                try await wait(for: "the perks of \(subject): \(standing.perks)") {
                    guard let answer = await answer("\(perks)/subjects/\(subject)/perks"), answer.status == 200 else {
                        return Bool?.none
                    }
                    let held = try JSONDecoder().decode(Held.self, from: Data(answer.body.utf8))
                    return held.perks.map(\.perk).sorted() == standing.perks.sorted() ? true : nil
                }
            }
        }

        @Test func aLostLedgerComesBackAndConsumersGoOn() async throws {
            let topics = try MovedTopics([TrialCluster.ledger], prefix: "restored", in: folder)
            let broker = try await Broker(["--topics", topics.broker])
            let cluster = try TrialCluster(broker.address)
            let data = ["--data", folder.path("data"), "--snapshot-interval", "1s"]
            let events = Trial.events(3000, subjects: Self.subjects, seed: 31)
            let text = try folder.write(Trial.text(events), to: "events.jsonl")
            let half = try folder.write(Trial.text(Array(events[..<2000])), to: "half.jsonl")
            func expected(_ file: String) async throws -> [String: Standing] {
                try Standing.table(try await succeed(["replay", "--policy", policy, "--events", file]).output)
            }
            let (perks, address) = try await self.perks(broker)

            var server = try await Server(broker: broker.address, policy: policy, data)
            try cluster.feed(Array(events[..<2000]))
            let middle = try await expected(half)
            try await server.waitUntil(middle)
            try await check(middle, address)
            #expect(try await server.process.stop().code == 0)
            let before = try await cluster.facts()
            #expect(before.accepted > 500 && before.last == before.greatest && before.repeats == 0)

            // The ledger is gone. A member that is started by mistake does not begin another one.
            let lost = try await Running(
                [
                    "serve", "--brokers", broker.address, "--topics", topics.members, "--policy", policy,
                    "--http-port", "0",
                ] + data
            ).finished(limit: Limit.run)
            #expect(lost.code == 3 && lost.messages.contains("that ledger is lost"), "\(lost.messages)")

            // It comes back from the member's archive.
            let export = folder.path("export")
            _ = try await succeed(["ledger", "export", "--archive", folder.path("data"), export])
            let onRestored = ["--brokers", broker.address, "--topics", topics.members]
            let imported = try await succeed(["ledger", "import"] + onRestored + [export])
            #expect(imported.lines.count == cluster.partitions)
            let again = try await succeed(["ledger", "import"] + onRestored + [export])
            #expect(again.lines.allSatisfy { $0.hasSuffix("\"appended\":0}") }, "\(again.output)")
            _ = try await succeed(["verify", "--data", folder.path("data")] + onRestored)

            // Members, intake and consumers go on where they were.
            server = try await Server(broker: broker.address, policy: policy, ["--topics", topics.members] + data)
            try await server.waitUntil(middle)
            try cluster.feed(Array(events[2000...]))
            let end = try await expected(text)
            try await server.waitUntil(end)
            try await check(end, address)
            let metrics = try #require(await answer("\(address)/metrics")).body
            for result in ["gap", "repeat"] { #expect(metrics.contains("{result=\"\(result)\"} 0\n"), "\(metrics)") }
            let stopped = try await server.process.stop()
            #expect(stopped.code == 0 && !stopped.messages.contains("thrown away"), "\(stopped.messages)")
            let after = try await cluster.facts()
            #expect(after.accepted > before.accepted && after.last == after.greatest && after.repeats == 0)
            #expect(try await perks.stop().code == 0)
            _ = try await succeed(["verify", "--data", folder.path("data")] + onRestored)
        }

        /// Offsets that a ledger had no frame at are still without one where it comes back.
        @Test func offsetsWithoutAFrameStayWithoutOne() async throws {
            let broker = try await Broker()
            let cluster = try TrialCluster(broker.address)
            let server = try await Server(broker: broker.address, policy: policy)
            try cluster.feed(Trial.events(400, subjects: Self.subjects, seed: 5))
            try await wait(for: "the intake's commit") {
                try cluster.hasCommitted("standing-intake", TrialCluster.control) ? true : nil
            }
            try await server.waitUntilReady()
            #expect(try await server.process.stop().code == 0)
            let dense = folder.path("dense")
            _ = try await succeed(["ledger", "export", "--topic", "--brokers", broker.address, dense])

            // As if an aborted transaction had taken offsets.
            let sparse = LedgerExport(folder.path("sparse"))
            let parts = try (0..<Int32(cluster.partitions)).map { partition in
                try sparse.write(partition: partition) { start in
                    Moved(LedgerExport(dense).frames(partition), from: start) { $0 == 0 ? 2 : $0 + 5 }
                }
            }
            try sparse.finish(.init(ledger: TrialCluster.ledger, parts: parts))

            let other = try await Broker()
            let imported = try await succeed(["ledger", "import", "--brokers", other.address, sparse.path])
            #expect(imported.lines.allSatisfy { $0.contains("\"filled\":") }, "\(imported.output)")
            let again = try await succeed(["ledger", "import", "--brokers", other.address, sparse.path])
            #expect(again.lines.allSatisfy { $0.hasSuffix("\"appended\":0}") }, "\(again.output)")
            let digests = try await succeed(["replay", "--digests", "--archive", sparse.path]).output
            #expect(
                try await succeed(["replay", "--digests", "--topic", "--brokers", other.address]).output == digests)
            let back = folder.path("back")
            _ = try await succeed(["ledger", "export", "--topic", "--brokers", other.address, back])
            #expect(try LedgerExport(back).manifest() == sparse.manifest())
        }
    }
}

/// Frames under other offsets.
private final class Moved: FrameSource {
    private let frames: ArchiveFrames
    private let start: Int64
    private let move: (Int64) -> Int64

    init(_ frames: ArchiveFrames, from start: Int64, _ move: @escaping (Int64) -> Int64) {
        (self.frames, self.start, self.move) = (frames, start, move)
    }

    func next() throws -> LedgerFrame? {
        while let frame = try frames.next() {
            let offset = move(frame.offset)
            if offset >= start { return LedgerFrame(offset: offset, bytes: frame.bytes) }
        }
        return nil
    }
}
