import Foundation
import Testing

extension CommandTests {
    /// From an event to a denial and back, through Kafka and two processes.
    struct BlacklistCommandTests {
        private static let policy = """
            policy: trial
            version: 2
            score: {base: 600, min: 350, max: 950}
            dimensions: {transport: {}}
            rules:
              - {id: evaded, dimension: transport, event: fare.evaded, when: data.zones > 0, points: data.zones * -40}
            bands: [{name: A, from: 350}]
            sanctions:
              - id: rail-ban
                dimension: transport
                measures: [rail-high-speed, rail-regional]
                when: points <= -80
                notice: 5 days
                lasts: 60 days

            """
        private static let anna = "inhabitant-1"
        private static let day = 86_400

        private struct Check: Decodable, Equatable {
            struct Reason: Decodable, Equatable {
                let rule: String
                let dimension: String
                let points: Int
            }
            struct Denial: Decodable, Equatable {
                let sanction: String
                let measures: [String]
                let since: String
                let until: String
                let reasons: [Reason]
            }
            let allowed: Bool
            let sanctions: [Denial]
        }

        private func event(_ type: String, day: Int, data: String = "{}") -> Trial.Event {
            Trial.Event(day * Self.day, type, Self.anna, data: data)
        }

        @Test func aSanctionIsNoticedDeniesIsStayedDeniesAndIsLifted() async throws {
            let folder = try TemporaryFolder()
            let broker = try await Broker()
            let cluster = try TrialCluster(broker.address)
            let server = try await Server(
                broker: broker.address, policy: try folder.write(Self.policy, to: "policy.yaml"))
            try await server.waitUntilReady()
            let blacklist = try Running([
                "blacklist", "--brokers", broker.address, "--http-port", "0", "--database", folder.path("b.sqlite"),
                "--kafka", "fetch.wait.max.ms=10",
            ])
            let address = try await blacklist.message(after: "listening on ")

            func check(_ measure: String = "rail-high-speed") async throws -> Check? {
                let answer = await answer("\(address)/check?subject=\(Self.anna)&measure=\(measure)")
                return try (answer?.body).map { try JSONDecoder().decode(Check.self, from: Data($0.utf8)) }
            }
            func waitForFacts(_ count: Int) async throws {
                try await wait(for: "\(count) sanction facts") {
                    let metrics = await answer("\(address)/metrics")?.body ?? ""
                    return metrics.contains("{result=\"accepted\"} \(count)\n") ? true : nil
                }
            }

            try cluster.feed([
                .enrolment(0, Self.anna), event("fare.evaded", day: 1, data: #"{"zones":1}"#),
                event("fare.evaded", day: 2, data: #"{"zones":1}"#),
            ])
            try await waitForFacts(1)
            for query in ["check?subject=\(Self.anna)&measure=x&as-of=x", "readyz?x=1", "metrics?x", "livez?x"] {
                #expect(await answer("\(address)/\(query)")?.status == 400, "\(query)")
            }
            #expect(try await check() == Check(allowed: true, sanctions: []), "noticed does not deny")

            try cluster.feed([event("tea.drunk", day: 8)])
            try await waitForFacts(2)
            let denial = Check.Denial(
                sanction: "rail-ban", measures: ["rail-high-speed", "rail-regional"], since: "2026-01-03T00:00:00Z",
                until: "2026-03-04T00:00:00Z",
                reasons: [Check.Reason(rule: "evaded", dimension: "transport", points: -80)])
            #expect(try await check() == Check(allowed: false, sanctions: [denial]))
            #expect(try await check("rail-regional")?.allowed == false)
            #expect(try await check("air-travel") == Check(allowed: true, sanctions: []))

            try cluster.feed([
                event("standing.appeal.filed", day: 9, data: #"{"sanction":"rail-ban","statement":"I had a ticket"}"#)
            ])
            try await waitForFacts(3)
            #expect(try await check()?.allowed == true, "stayed does not deny")

            try cluster.feed([
                event(
                    "standing.appeal.decided", day: 10,
                    data: #"{"sanction":"rail-ban","outcome":"rejected","reason":"none was found"}"#)
            ])
            try await waitForFacts(4)
            #expect(try await check() == Check(allowed: false, sanctions: [denial]), "in force with the old dates")

            try cluster.feed([
                event(
                    "standing.event.voided", day: 11,
                    data: #"{"source":"/trial","id":"\#(Self.day)","reason":"the ticket was found"}"#)
            ])
            try await waitForFacts(5)
            #expect(try await check() == Check(allowed: true, sanctions: []), "lifted")
            #expect(try await server.standing(of: Self.anna)?.score == 560)

            #expect(try await blacklist.stop().code == 0)
            #expect(try await server.process.stop().code == 0)
        }
    }
}
