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
                let state: String
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
                "--kafka", "fetch.wait.max.ms=10", "--clock", "events", "--measures", "air-travel",
            ])
            let address = try await blacklist.message(after: "listening on ")

            func check(_ measure: String = "rail-high-speed") async throws -> Check? {
                let body = try await wait(for: "an answer of one who is current") {
                    let answer = await answer("\(address)/check?subject=\(Self.anna)&measure=\(measure)")
                    return answer?.status == 200 ? answer?.body : nil
                }
                return try JSONDecoder().decode(Check.self, from: Data(body.utf8))
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
                sanction: "rail-ban", state: "in-force", measures: ["rail-high-speed", "rail-regional"],
                since: "2026-01-03T00:00:00Z",
                until: "2026-03-04T00:00:00Z",
                reasons: [Check.Reason(rule: "evaded", dimension: "transport", points: -80)])
            #expect(try await check() == Check(allowed: false, sanctions: [denial]))
            #expect(try await check("rail-regional")?.allowed == false)
            #expect(try await check("air-travel") == Check(allowed: true, sanctions: []))
            let unknown = await answer("\(address)/check?subject=\(Self.anna)&measure=rail-hihg-speed")
            #expect(unknown?.status == 404 && unknown?.body.contains("rail-high-speed") == true)

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
            try await wait(for: "560") { try await server.standing(of: Self.anna)?.score == 560 ? true : nil }

            #expect(try await blacklist.stop().code == 0)
            #expect(try await server.process.stop().code == 0)
        }

        /// Nothing listens on port 1, so nothing but the database can end the start.
        @Test func aDatabaseThatIsNoneEndsTheStart() async throws {
            let folder = try TemporaryFolder()
            func start(_ command: String, _ database: String) throws -> Running {
                try Running([command, "--brokers", "127.0.0.1:1", "--http-port", "0", "--database", database])
            }
            let perks = folder.path("perks.sqlite")
            let owner = try start("perks", perks)
            _ = try await owner.message(after: "listening on ")
            #expect(try await owner.stop().code == 0)

            let cases = [
                (try folder.write("tea", to: "garbage.sqlite"), " is no SQLite database; move it away, or give "),
                (folder.url.path, " is a folder; give --database a file"),
                (perks, " is the database of `standing perks`; give `standing blacklist` a file of its own "),
            ]
            for (database, sentence) in cases {
                let run = try await start("blacklist", database).finished()
                #expect(run.code == 1, "\(run.messages)")
                #expect(run.messages.hasPrefix("error: --database \(database)\(sentence)"), "\(run.messages)")
                #expect(run.messages.split(separator: "\n").count == 1, "\(run.messages)")
            }
        }

        @Test func aBrokerThatIsAwayIsNotAnsweredFor() async throws {
            let folder = try TemporaryFolder()
            for (flags, status) in [([], 503), (["--fail-open"], 200)] as [([String], Int)] {
                let blacklist = try Running(
                    [
                        "blacklist", "--brokers", "127.0.0.1:1", "--http-port", "0", "--measures", "air-travel",
                        "--database", folder.path("b.sqlite"),
                    ] + flags)
                let address = try await blacklist.message(after: "listening on ")
                let check = await answer("\(address)/check?subject=\(Self.anna)&measure=air-travel")
                #expect(check?.status == status && check?.body.contains(#""current":false"#) == true)
                let readiness = await answer("\(address)/readyz")
                #expect(readiness?.status == 503 && readiness?.body.contains("standing.sanctions") == true)
                #expect(try await blacklist.stop().code == 0)
            }
        }
    }
}
