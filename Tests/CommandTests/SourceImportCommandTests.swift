import Foundation
import GRDB
import Testing

extension CommandTests {
    struct SourceImportCommandTests {
        private let folder: TemporaryFolder
        private let map: String

        private static let table = #"""
            citizen,paid_on,amount,note
            ada,2026-01-02,"1,200","said ""yes"""
            ben,2026-01-03,80,
            ada,2026-01-02,"1,200","said ""yes"""

            eve,2026-01-05,many,x
            "cy
            rus",2026-01-04,1,é
            ben,2026-01-06
            cy,2026-01-04,1,é

            """#

        private struct Summary: Decodable {
            struct Refusal: Decodable {
                let reason: String
                let count: Int
                let firstLine: Int
            }
            struct NotEnrolled: Decodable {
                let asked: Int
                let missing: Int
                let examples: [String]
            }
            let rows: Int
            let events: Int
            let passedOver: Int
            let refused: Int
            let refusals: [Refusal]
            let types: [String: Int]
            let earliest: String?
            let latest: String?
            let repeats: Int
            let subjects: Int
            let notEnrolled: NotEnrolled?
            let sent: Int?
        }

        private struct Sent: Decodable {
            let id: String
            let subject: String
            let time: String
            let data: [String: Double]
        }

        init() throws {
            folder = try TemporaryFolder()
            map = try folder.write(
                """
                map:
                  source: /bank/extract
                  type: bill.paid
                  subject: value.citizen
                  time: value.paid_on + "T00:00:00Z"
                  data: {amount: 'value.amount == "1,200" ? 1200.0 : double(value.amount)'}
                """, to: "map.yaml")
        }

        private func run(_ arguments: [String]) async throws -> Finished {
            try await Running(["source", "import"] + arguments).finished(limit: Limit.run)
        }

        private func summary(_ arguments: [String], code: Int32) async throws -> Summary {
            let run = try await run(arguments + ["--output", "json"])
            #expect(run.code == code, "\(run.messages)")
            return try JSONDecoder().decode(Summary.self, from: Data(run.output.utf8))
        }

        @Test func aDryRunCountsAndTellsWhatIsRefused() async throws {
            let table = try folder.write(Self.table, to: "table.csv")
            let list = try folder.write("ada\r\n{\"subject\":\"ben\",\"score\":600}\n", to: "enrolled")
            let summary = try await summary(
                [
                    table, "--map", map, "--rejects", folder.path("rejects"), "--events", folder.path("events"),
                    "--enrolled", list, "--not-enrolled", folder.path("strangers"),
                ], code: 1)
            #expect(summary.rows == 7 && summary.events == 4 && summary.refused == 3 && summary.passedOver == 0)
            #expect(summary.refusals.map(\.reason) == ["map/data", "subject/control-character", "table/unreadable"])
            #expect(summary.refusals.map(\.firstLine) == [6, 7, 9])
            #expect(summary.types == ["bill.paid": 4] && summary.subjects == 3)
            #expect(summary.earliest == "2026-01-02T00:00:00Z" && summary.latest == "2026-01-04T00:00:00Z")
            #expect(summary.notEnrolled?.missing == 1 && summary.notEnrolled?.asked == 3 && summary.sent == nil)
            #expect(try folder.read("strangers") == "cy\n")
            let rejects = try folder.read("rejects").split(separator: "\n")
            #expect(rejects.count == 3)
            #expect(
                rejects.first == """
                    {"line":6,"reason":"map/data","message":"data.amount: the value cannot be converted, in: \
                    value.amount == \\"1,200\\" ? 1200.0 : double(value.amount)","row":{"citizen":"eve",\
                    "paid_on":"2026-01-05","amount":"many","note":"x"}}
                    """)
            #expect(
                rejects.last?.hasSuffix("\"message\":\"the row has 2 columns, and the table has 4\",\"row\":null}")
                    == true)
            // The same row twice is two events, and a second import has the same ids.
            let events = try folder.read("events")
            let sent = try events.split(separator: "\n").map {
                try JSONDecoder().decode(Sent.self, from: Data($0.utf8))
            }
            #expect(sent.map(\.subject) == ["ada", "ben", "ada", "cy"] && Set(sent.map(\.id)).count == 4)
            #expect(sent[0].id.hasSuffix("-1") && sent[2].id == sent[0].id.dropLast() + "2")
            #expect(sent[0].data == ["amount": 1200])
            _ = try await run([table, "--map", map, "--events", folder.path("again")])
            #expect(try folder.read("again") == events)
        }

        @Test func theTextSaysWhatToDoNext() async throws {
            let table = try folder.write("citizen,paid_on,amount\nada,2026-01-02,3\n", to: "table.csv")
            let run = try await run([table, "--map", map])
            #expect(run.code == 0, "\(run.messages)")
            #expect(
                run.output == """
                    \(table): 1 rows: 1 events, 0 passed over, 0 refused
                    types:
                      1  bill.paid
                    times: 2026-01-02T00:00:00Z to 2026-01-02T00:00:00Z
                    subjects: 1
                    not enrolled: not asked (--server URL or --enrolled FILE)

                    """)
            #expect(run.messages == "nothing was sent: --go sends 1 events\n")
        }

        @Test(arguments: [
            (
                "citizen,paid_on,amount\nada,2026-01-02,\"3\nben,2026-01-02,3\n",
                ":2: error: the quote that begins here has"
            ),
            ("citizen,citizen\n", ":1: error: two columns have the name \"citizen\""),
            ("", ":1: error: the table is empty"),
        ])
        func aTableThatCannotBeReadIsRefusedWithItsLocation(_ text: String, _ message: String) async throws {
            let table = try folder.write(text, to: "table.csv")
            let run = try await run([table, "--map", map, "--events", folder.path("events")])
            #expect(run.code == 1 && run.output == "" && run.messages.hasPrefix(table + message), "\(run.messages)")
            #expect(!FileManager.default.fileExists(atPath: folder.path("events")))
        }

        @Test func aColumnThatTheTableLacksIsNamed() async throws {
            let table = try folder.write("citizn,paid_on,amount\nada,2026-01-02,3\n", to: "table.csv")
            let run = try await run([table, "--map", map])
            #expect(run.code == 1)
            #expect(
                run.messages.hasPrefix(
                    "\(table):1: warning: the map reads value.citizen, and the table has no such column: citizn, paid_on, "
                        + "amount; did you mean \"citizn\"?\n\(table):2: refused: subject: no such field, in: value.citizen\n"
                ),
                "\(run.messages)")
            let upper = try folder.write("Citizen,PAID_ON,amount\nada,2026-01-02,3\n", to: "upper.csv")
            let hint = try await self.run([upper, "--map", map]).messages
            #expect(hint.contains("did you mean \"PAID_ON\"?"), "\(hint)")
            let other = try folder.write("citizen;paid_on;amount\nada;2026-01-02;3\n", to: "other.csv")
            let messages = try await self.run([other, "--map", map]).messages
            #expect(messages.contains("citizen;paid_on;amount; does --delimiter ';' fit?\n"), "\(messages)")
        }

        @Test func anotherEncodingIsRefusedAndReadIfGiven() async throws {
            let table = folder.path("table.csv")
            let bytes = Data("citizen;paid_on;amount\nJos".utf8) + [0xE9] + Data(";2026-01-02;1\n".utf8)
            try bytes.write(to: URL(filePath: table))
            let refused = try await run([table, "--map", map, "--delimiter", ";"])
            #expect(
                refused.code == 1
                    && refused.messages.hasPrefix("\(table):2: refused: the byte 0xE9 is not utf-8 (--encoding"))
            let read = try await run(
                [table, "--map", map, "--delimiter", ";", "--encoding", "latin1", "--events", folder.path("events")])
            #expect(read.code == 0, "\(read.messages)")
            #expect(try folder.read("events").contains(#""subject":"José""#))
        }

        @Test func noFileThatIsReadOrWrittenIsReplaced() async throws {
            let table = try folder.write("citizen,paid_on,amount\nada,2026-01-02,1\n", to: "table.csv")
            let (beside, other) = (folder.path("./table.csv"), folder.path("other.jsonl"))
            for (arguments, both) in [
                (["--events", beside], "--events names the same file as the table"),
                (["--rejects", map], "--rejects names the same file as --map"),
                (["--rejects", other, "--events", other], "--events names the same file as --rejects"),
            ] {
                let (before, run) = (try folder.read("map.yaml"), try await run([table, "--map", map] + arguments))
                #expect(run.code == 2 && run.messages.contains(both), "\(run.messages)")
                #expect(try folder.read("table.csv").hasPrefix("citizen,") && folder.read("map.yaml") == before)
                #expect(!FileManager.default.fileExists(atPath: other))
            }
        }

        @Test func aDatabaseIsReadByItsTableOrAQuery() async throws {
            let path = folder.path("town.sqlite")
            try await DatabaseQueue(path: path).write { database in
                try database.execute(
                    sql: """
                        CREATE TABLE "paid bills" (citizen TEXT, paid_on TEXT, amount REAL, note BLOB);
                        INSERT INTO "paid bills" VALUES ('ada', '2026-01-02', 12.5, x'00FF'), ('ben', '2026-01-03', 7, NULL);
                        """)
            }
            for arguments in [
                ["--table", "paid bills"], ["--query", "SELECT citizen, paid_on, amount FROM \"paid bills\""],
            ] {
                let run = try await run([path, "--map", map, "--events", folder.path("events")] + arguments)
                #expect(run.code == 0, "\(run.messages)")
                let sent = try folder.read("events").split(separator: "\n").map {
                    try JSONDecoder().decode(Sent.self, from: Data($0.utf8))
                }
                #expect(sent.map(\.subject) == ["ada", "ben"] && sent.map { $0.data["amount"] } == [12.5, 7])
            }
            let wrong = try await run([path, "--map", map, "--table", "nothing"])
            #expect(
                wrong.code == 1 && wrong.messages == "\(path): error: no such table: nothing\n", "\(wrong.messages)")
            let act = try await run([path, "--map", map, "--query", "DELETE FROM \"paid bills\""])
            #expect(act.code == 1 && act.output == "", "\(act.messages)")
            #expect(act.messages == "\(path): error: --query is one SELECT\n", "\(act.messages)")
            #expect(try await run([path, "--map", map]).code == 2)
        }

        /// A subject's id is no shorter and no other one than in the table.
        @Test func aTextOfADatabaseIsReadWhollyOrRefused() async throws {
            let path = folder.path("town.sqlite")
            try await DatabaseQueue(path: path).write { database in
                try database.execute(
                    sql: """
                        CREATE TABLE bills (citizen TEXT, paid_on TEXT, amount REAL);
                        INSERT INTO bills VALUES ('ada' || char(0) || 'm', '2026-01-02', 1),
                          (CAST(x'4AF67267' AS TEXT), '2026-01-02', 1), ('Jörg', '2026-01-02', 1);
                        """)
            }
            let found = try await run([path, "--map", map, "--table", "bills", "--events", folder.path("events")])
            #expect(found.code == 1)
            #expect(found.messages.contains("town.sqlite:1: refused: subject has a control character"))
            #expect(found.messages.contains("town.sqlite:2: refused: column citizen has a text that is not UTF-8"))
            let sent = try folder.read("events").split(separator: "\n").map {
                try JSONDecoder().decode(Sent.self, from: Data($0.utf8))
            }
            #expect(sent.map(\.subject) == ["Jörg"])
        }

        /// No refusal: intake takes them, and the fold counts them as out of range.
        @Test func timesThatTheLedgerDoesNotCountAreNamed() async throws {
            let table = try folder.write(
                "citizen,paid_on,amount\nada,2026-01-02,3\nben,1950-01-02,3\n", to: "table.csv")
            let found = try await run([table, "--map", map])
            #expect(found.code == 0, "\(found.messages)")
            #expect(found.output.contains("\nout of range: 1 events before 1970 or after 2200, first on line 3"))
        }

        @Test func whatIsNotOfTheTopicsDeclarationIsRefused() async throws {
            let table = try folder.write("citizen,paid_on,amount\nada,2026-01-02,3\n", to: "table.csv")
            let topics = folder.path("topics")
            try FileManager.default.copyItem(atPath: Package.root.appending(path: "topics").path, toPath: topics)
            let file = try folder.read("topics/behaviour.transport.yaml")
            try folder.write(file + "types: fare.*\nsources: /city/transport\n", to: "topics/behaviour.transport.yaml")
            let start = [table, "--map", map, "--topics", topics, "--topic"]
            let within = try await run(start + ["behaviour.payments"])
            #expect(within.code == 0, "\(within.messages)")
            let outside = try await summary(start + ["behaviour.transport"], code: 1)
            #expect(outside.refusals.map(\.reason) == ["source/not-declared"])
            #expect(try await run(start + ["nowhere"]).code == 2)
        }

        @Test func whatIsSentCountsOnceHoweverOftenItIsSent() async throws {
            let broker = try await Broker()
            let server = try await Server(
                broker: broker.address, policy: try folder.write(Trial.policy, to: "policy.yaml"),
                Server.longSession)
            try await server.waitUntilReady()
            let cluster = ["--brokers", broker.address]
            let enrolled = try await Running(
                [
                    "subject", "enrol", "--subject", "ada", "--kind", "individual", "--terms", "1", "--time",
                    "2026-01-01T00:00:00Z",
                ]
                    + cluster
            ).finished()
            #expect(enrolled.code == 0, "\(enrolled.messages)")
            try await server.waitUntil(["ada": Self.ada(score: 600)])

            let rows = (1...9).map { "ada,2026-01-0\($0),\($0)\n" }.joined()
            let table = try folder.write("citizen,paid_on,amount\n" + rows + "eve,2026-01-01,1\n", to: "table.csv")
            let go =
                [table, "--map", map, "--go", "--topic", "behaviour.payments", "--state", folder.path("state")]
                + cluster
            let dry = try await summary([table, "--map", map, "--server", server.address], code: 0)
            #expect(dry.notEnrolled?.asked == 2 && dry.notEnrolled?.examples == ["eve"])
            let sent = try await summary(go + ["--rate", "0"], code: 0)
            #expect(sent.sent == 10)
            try await server.waitUntil(["ada": Self.ada(score: 735)])

            let again = try await run(go)
            #expect(again.code == 0 && again.messages.contains("10 rows are sent already"), "\(again.messages)")
            try FileManager.default.removeItem(atPath: folder.path("state"))
            let anew = try await summary(go, code: 0)
            #expect(anew.sent == 10)
            // What comes after the repeats has been read, so they have too.
            let last = try await Running(
                [
                    "event", "send", "--topic", "behaviour.payments", "--type", "bill.late", "--subject", "ada",
                    "--source", "/bank",
                    "--time", "2026-01-20T00:00:00Z",
                ] + cluster
            ).finished()
            #expect(last.code == 0, "\(last.messages)")
            try await server.waitUntil(["ada": Self.ada(score: 695)])

            try folder.write("citizen,paid_on,amount\nada,2026-01-02,3\n", to: "table.csv")
            let other = try await run(go)
            #expect(
                other.code == 2 && other.messages.contains("the table is not the one that it was"), "\(other.messages)")
        }

        private static func ada(score: Int) -> Standing {
            Standing(
                subject: "ada", kind: "individual", score: score, band: score >= 640 ? "A" : "B",
                dimensions: ["payment": score - 600], sanctions: [], perks: [])
        }

        @Test func nothingIsSentIfARowIsRefused() async throws {
            let broker = try await Broker()
            let table = try folder.write(
                "citizen,paid_on,amount\nada,2026-01-02,3\nben,2026-01-02,x\n", to: "table.csv")
            let go = [table, "--map", map, "--go", "--topic", "behaviour.payments", "--brokers", broker.address]
            let refused = try await run(go)
            #expect(refused.code == 1 && refused.messages.contains("nothing was sent: 1 rows are refused"))
            let sent = try await summary(go + ["--skip-rejects"], code: 0)
            #expect(sent.sent == 1 && sent.refused == 1)
        }

        /// The statements of 30,000 card holders, made a table and read back.
        @Test(.enabled(if: FileManager.default.fileExists(atPath: Package.golden.path)))
        func aTableOfTheCardDataGivesTheGoldenStandings() async throws {
            let unpacked = try await Running(
                ["-dc", Package.goldenData.appending(path: "card.jsonl.gz").path],
                executable: URL(filePath: "/bin/gzip")
            ).finished(limit: Limit.run)
            var enrolments = ""
            var table = "number,subject,month,outcome,billed,paid,limit,months\r\n"
            for line in unpacked.output.split(separator: "\n") {
                guard !line.contains("\"standing.subject.enrolled\"") else {
                    enrolments += line + "\n"
                    continue
                }
                let event = try JSONDecoder().decode(Statement.self, from: Data(line.utf8))
                let outcome = event.type.dropFirst("bill.".count)
                let (data, months) = (event.data, event.data.months.map(String.init) ?? "")
                table +=
                    "\(event.id),\(event.subject),\"\(event.time)\",\(outcome),\(data.billed),\(data.paid),\(data.limit),"
                    + "\(months)\r\n"
            }
            let csv = try folder.write(table, to: "card.csv")
            let imported = try await run(
                [csv, "--map", "deploy/examples/sources/card.yaml", "--events", folder.path("events.jsonl")])
            #expect(
                imported.code == 0 && imported.output.contains("180000 rows: 180000 events"), "\(imported.messages)")
            let replayed = try await standing(
                "replay", "--policy", Package.golden.appending(path: "first.yaml").path, "--events",
                try folder.write(enrolments, to: "enrolments.jsonl"), folder.path("events.jsonl"), "--output",
                folder.path("standings"))
            #expect(replayed.code == 0, "\(replayed.messages)")
            let golden = try await Running(
                ["-dc", Package.golden.appending(path: "first-standings.jsonl.gz").path],
                executable: URL(filePath: "/bin/gzip")
            ).finished()
            let agrees = try folder.read("standings") == golden.output
            #expect(agrees)
        }

        private struct Statement: Decodable {
            struct Amounts: Decodable {
                let billed: Int
                let paid: Int
                let limit: Int
                let months: Int?
            }
            let id: String
            let type: String
            let subject: String
            let time: String
            let data: Amounts
        }
    }
}
