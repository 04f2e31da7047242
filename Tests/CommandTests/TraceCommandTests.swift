import Foundation
import Kafka
import Testing

extension CommandTests {
    struct TraceCommandTests {
        private struct Trace: Decodable {
            struct Position: Decodable, Equatable {
                let partition: Int
                let offset: Int
            }
            struct Origin: Decodable {
                let topic: String
                let offset: Int
                let traceparent: String?
            }
            struct Fact: Decodable {
                let id: String
                let type: String
                let sequence: Int
                let topic: String?
                let offset: Int?
            }
            struct Occurrence: Decodable {
                let subject: String
                let ledger: Position
                let origin: Origin
                let result: String
                let facts: [Fact]
            }
            struct Letter: Decodable {
                let reason: String
                let origin: Origin
            }
            let occurrences: [Occurrence]
            let deadLetters: [Letter]?
        }

        private static let letter = "standing_dead_letters_total{reason=\"time/missing\"} 1\n"
        private static let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

        private func trace(_ arguments: String...) async throws -> (trace: Trace, code: Int32?) {
            let run = try await Running(["trace"] + arguments + ["--output", "json"]).finished(limit: Limit.run)
            return (try JSONDecoder().decode(Trace.self, from: Data(run.output.utf8)), run.code)
        }

        @Test func anEventIsFollowedFromItsRecordToItsFacts() async throws {
            let folder = try TemporaryFolder()
            let broker = try await Broker()
            let cluster = try TrialCluster(broker.address)
            let server = try await Server(
                broker: broker.address, policy: try folder.write(Trial.policy, to: "policy.yaml"),
                ["--data", folder.path("data")])
            let paid = Trial.Event(
                subject: "inhabitant-1",
                text: Trial.Event(1, "bill.paid", "inhabitant-1").text.dropLast()
                    + ",\"traceparent\":\"\(Self.parent)\"}")
            let broken = Trial.Event(
                subject: "inhabitant-1",
                text:
                    #"{"specversion":"1.0","id":"broken","source":"/trial","type":"bill.paid","subject":"inhabitant-1"}"#
            )
            try cluster.feed([.enrolment(0, "inhabitant-1"), paid, Trial.Event(2, "tea.drunk", "inhabitant-1"), broken])
            try await server.waitUntil([
                "inhabitant-1": Standing(
                    subject: "inhabitant-1", kind: "individual", score: 615, band: "B", dimensions: ["payment": 15],
                    sanctions: [], perks: [])
            ])
            try await wait(for: "the dead letter") {
                await server.get("/metrics")?.body.contains(Self.letter) == true ? true : nil
            }
            let topic = ["--topic", "--brokers", broker.address]

            let found = try await trace("/trial", "1", topic[0], topic[1], topic[2])
            let occurrence = try #require(found.trace.occurrences.first)
            #expect(found.code == 0 && found.trace.occurrences.count == 1 && found.trace.deadLetters?.isEmpty == true)
            #expect(occurrence.subject == "inhabitant-1" && occurrence.result == "counted")
            #expect(occurrence.origin.topic == TrialCluster.control && occurrence.origin.traceparent == Self.parent)
            let fact = try #require(occurrence.facts.first)
            #expect(occurrence.facts.count == 1 && fact.type == "standing.score.changed" && fact.sequence == 2)
            #expect(fact.id.hasPrefix("\(occurrence.ledger.partition)-\(occurrence.ledger.offset)-"))
            #expect(fact.topic == TrialCluster.scoreChanges && fact.offset == 1)

            let named = try await trace("/trial", "2", "--subject", "inhabitant-1", topic[1], topic[2])
            #expect(named.trace.occurrences.map(\.result) == ["type-not-named"])
            let letter = try await trace("/trial", "broken", topic[0], topic[1], topic[2])
            #expect(letter.code == 0 && letter.trace.occurrences.isEmpty)
            #expect(letter.trace.deadLetters?.map(\.reason) == ["time/missing"])
            let none = try await trace("/trial", "77", topic[0], topic[1], topic[2])
            #expect(none.code == 1 && none.trace.occurrences.isEmpty)

            let asked = await server.get("/events?subject=inhabitant-1&source=/trial&id=1")
            #expect(asked?.status == 200 && asked?.body.contains("\"result\":\"counted\"") == true)
            #expect(asked?.header("standing-ledger-partition") == "\(occurrence.ledger.partition)")
            let unknown = await server.get("/events?subject=inhabitant-1&source=/trial&id=77")
            #expect(unknown?.status == 200 && unknown?.body.contains("\"occurrences\":[]") == true)
            #expect(await server.get("/events?source=/trial&id=1")?.status == 400)

            #expect(try await server.process.stop().code == 0)
            let archive = folder.path("data")
            for arguments in [["--subject", "inhabitant-1"], []] {
                let run = try await Running(
                    ["trace", "/trial", "1", "--archive", archive, "--output", "json"] + arguments
                ).finished(limit: Limit.run)
                let own = try JSONDecoder().decode(Trace.self, from: Data(run.output.utf8))
                #expect(run.code == 0 && own.occurrences.map(\.ledger) == [occurrence.ledger])
                #expect(own.occurrences.first?.facts.map(\.id) == [fact.id] && own.deadLetters == nil)
                #expect(own.occurrences.first?.origin.traceparent == nil, "the ledger does not keep it")
            }
            let text = try await standing("trace", "/trial", "1", "--archive", archive)
            #expect(text.output.contains("it counted") && text.output.contains(fact.id))
        }

        @Test func whatMakesNoSenseIsRefused() async throws {
            for arguments in [
                ["/s", "1"], ["/s", "1", "--topic", "--archive", "x"],
                ["/s", "1", "--archive", "x", "--since", "2026-01-01T00:00:00Z"],
                ["/s", "1", "--topic", "--since", "x"],
            ] {
                let run = try await Running(["trace"] + arguments).finished(limit: Limit.run)
                #expect(run.code == 2 && run.output.isEmpty, "\(arguments)")
            }
        }
    }
}
