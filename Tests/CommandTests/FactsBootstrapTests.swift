import Events
import Foundation
import GRDB
import Kafka
import Randomness
import Testing

extension CommandTests {
    /// A consumer that begins in the middle holds what one holds that began with the first fact.
    struct FactsBootstrapTests {
        private static let policy =
            Trial.policy + """
                perks:
                  - {id: bikes, when: 'band in ["A", "B"]'}
                  - {id: counter, when: band == "A", grace: 1 day}
                sanctions:
                  - id: credit-ban
                    dimension: payment
                    measures: [deferred-payment, air-travel]
                    when: points <= -80
                    notice: 2 days
                    lasts: 10 days

                """
        private static let subjects = 40
        private static let session = ["session.timeout.ms=3000", "heartbeat.interval.ms=500", "fetch.wait.max.ms=10"]

        private let folder: TemporaryFolder
        private let policy: String
        private var data: String { folder.path("data") }

        init() throws {
            folder = try TemporaryFolder()
            policy = try folder.write(Self.policy, to: "policy.yaml")
        }

        /// Half an hour apart, so that notices and terms end among them.
        private func events(_ count: Int) -> [Trial.Event] {
            var random = Seeded(23)
            return (0..<count).map { number in
                let time = number * 1800
                guard number >= Self.subjects else { return .enrolment(time, Trial.subject(number)) }
                let subject = Trial.subject(Int.random(in: 0..<Self.subjects, using: &random))
                if number % 97 == 0 { return Trial.Event(time, "standing.subject.withdrawn", subject) }
                return Trial.Event(
                    time, Int.random(in: 0..<4, using: &random) == 0 ? "bill.late" : "bill.paid", subject)
            }
        }

        // MARK: A consumer

        /// What a consumer knows of a subject.
        private struct Known: Equatable {
            var score = 0
            var band = ""
            var perks: Set<String> = []
            /// Their states.
            var sanctions: [String: String] = [:]
        }

        private struct Position: Decodable {
            let topic: String
            let partition: Int32
            let offset: Int64
            let sequence: Int64
            var topicPartition: TopicPartition { TopicPartition(topic, partition) }
        }

        private struct Fact: Decodable {
            struct Point: Decodable {
                let score: Int
                let band: String
            }
            struct Content: Decodable {
                let after: Point?
                let perk: String?
                let sanction: String?
            }
            let type: String
            let subject: String
            let sequence: String
            let data: Content
        }

        private struct Consumer {
            var known: [String: Known] = [:]
            var positions: [TopicPartition: (offset: Int64, rule: FactSequence)] = [:]
            var accepted = 0

            /// From the first fact on.
            init(_ cluster: TrialCluster) {
                for topic in TrialCluster.facts {
                    for partition in 0..<Int32(cluster.partitions) {
                        positions[TopicPartition(topic, partition)] = (0, FactSequence())
                    }
                }
            }

            /// From what `standing facts bootstrap` prints.
            init(_ bootstrap: String, _ cluster: TrialCluster) throws {
                let lines = bootstrap.split(separator: "\n")
                let first = lines.prefix { $0.hasPrefix("{\"topic\":") }
                #expect(first.count == TrialCluster.facts.count * cluster.partitions)
                for line in first {
                    let position = try JSONDecoder().decode(Position.self, from: Data(line.utf8))
                    positions[position.topicPartition] = (position.offset, FactSequence(last: position.sequence - 1))
                }
                #expect(positions.count == first.count)
                for (subject, standing) in try Standing.table(lines[first.count...].joined(separator: "\n")) {
                    known[subject] = Known(
                        score: standing.score, band: standing.band, perks: Set(standing.perks),
                        sanctions: Dictionary(uniqueKeysWithValues: standing.sanctions.map { ($0.id, $0.state) }))
                }
            }

            /// Reads everything that is there and accepts by the consumers' rule. Topics have no order among each other.
            mutating func follow(_ cluster: TrialCluster) async throws {
                var options = Kafka.Consumer.Options()
                options.reportsEnds = true
                let consumer = try Kafka.Consumer(cluster.configuration, options: options)
                defer { consumer.close() }
                let topicPartitions = positions.keys.sorted()
                try consumer.assign(topicPartitions.map { PartitionOffset($0, offset: positions[$0]!.offset) })
                var news: [Fact] = []
                try await wait(for: "the ends of the fact partitions") {
                    try consumer.poll(timeoutMilliseconds: 100) { records in
                        for record in records {
                            let topicPartition = topicPartitions[record.source]
                            let value = try #require(record.value)
                            let fact = try JSONDecoder().decode(Fact.self, from: Data(value))
                            let sequence = try #require(Int64(fact.sequence))
                            if positions[topicPartition]!.rule.judge(sequence) == .accept { news.append(fact) }
                            positions[topicPartition]!.offset = record.offset + 1
                        }
                    }
                    return consumer.assignment.allSatisfy(\.reachedEnd) ? true : nil
                }
                accepted += news.count
                for fact in news { take(fact) }
            }

            private mutating func take(_ fact: Fact) {
                let subject = fact.subject
                switch fact.type {
                case "standing.score.changed":
                    known[subject, default: Known()].score = fact.data.after?.score ?? 0
                    known[subject, default: Known()].band = fact.data.after?.band ?? ""
                case "standing.perk.granted": known[subject, default: Known()].perks.insert(fact.data.perk ?? "")
                case "standing.perk.revoked": known[subject, default: Known()].perks.remove(fact.data.perk ?? "")
                case "standing.sanction.lifted":
                    known[subject, default: Known()].sanctions[fact.data.sanction ?? ""] = nil
                default:
                    known[subject, default: Known()].sanctions[fact.data.sanction ?? ""] = String(
                        fact.type.dropFirst("standing.sanction.".count))
                }
            }

            /// Without those who have withdrawn.
            var holds: [String: Known] { known.filter { $0.value != Known() } }
            var last: [TopicPartition: Int64] { positions.mapValues(\.rule.last) }
        }

        // MARK: Running

        private func server(_ broker: Broker) async throws -> Server {
            try await Server(broker: broker.address, policy: policy, ["--data", data, "--snapshot-interval", "1s"])
        }

        private func bootstrap(_ broker: Broker, _ more: String...) async throws -> Finished {
            try await Running(["facts", "bootstrap", "--brokers", broker.address, "--data", data] + more)
                .finished(limit: Limit.run)
        }

        private func feed(_ events: ArraySlice<Trial.Event>, _ cluster: TrialCluster, _ server: Server) async throws {
            try cluster.feed(Array(events))
            try await wait(for: "the intake's commit") {
                try cluster.hasCommitted("standing-intake", TrialCluster.control) ? true : nil
            }
            try await server.waitUntilReady()
        }

        private func snapshots() throws -> [String] {
            try FileManager.default.subpathsOfDirectory(atPath: data).filter { $0.hasSuffix(".snapshot") }
        }

        /// Lets a service follow its topic to the end on a database.
        private func follow(_ kind: String, _ database: String, _ broker: Broker) async throws {
            let service = try Running(
                [kind, "--brokers", broker.address, "--http-port", "0", "--clock", "events", "--database", database]
                    .filter { kind == "blacklist" || ($0 != "--clock" && $0 != "events") }
                    + Self.session.flatMap { ["--kafka", $0] })
            let address = try await service.message(after: "listening on ")
            try await wait(for: "\(kind) knows its topic: \(service.messagesSoFar.suffix(2000))") {
                await answer("\(address)/readyz")?.status == 200 ? true : nil
            }
            let stopped = try await service.stop()
            #expect(stopped.code == 0 && !stopped.messages.contains("GAP"), "\(stopped.messages)")
        }

        /// Every row of these tables.
        private func contents(_ path: String, _ tables: [String]) throws -> [String] {
            try DatabaseQueue(path: path).read { db in
                try tables.flatMap { table in
                    try Row.fetchAll(db, sql: "SELECT * FROM \(table)").map { "\(table) \($0)" }
                }
            }
        }

        private static let reached = "(SELECT topic, partition, sequence, seen FROM position WHERE sequence > 0)"

        @Test func aConsumerFromTheMiddleHoldsWhatOneFromTheFirstFactHolds() async throws {
            let broker = try await Broker()
            let cluster = try TrialCluster(broker.address)
            let events = events(1200)
            let server = try await server(broker)
            try await feed(events[..<600], cluster, server)
            try await wait(for: "snapshots") { try snapshots().count >= cluster.partitions ? true : nil }

            // Beside the member: from snapshots, and the databases from the archive.
            let fromSnapshots = try await bootstrap(broker)
            #expect(fromSnapshots.code == 0, "\(fromSnapshots.messages)")
            let fromArchive = try await bootstrap(
                broker, "--perks", folder.path("perks"), "--blacklist", folder.path("blacklist"), "--output",
                folder.path("lines"))
            #expect(fromArchive.code == 0 && fromArchive.output.isEmpty, "\(fromArchive.messages)")
            var middle = try Consumer(fromSnapshots.output, cluster)
            var other = try Consumer(try folder.read("lines"), cluster)
            #expect(middle.known.count > 10 && middle.last.values.contains { $0 > 0 }, "not from the first fact")
            #expect(middle.positions.values.contains { $0.offset > 0 })

            try await feed(events[600...], cluster, server)
            #expect(try await server.process.stop().code == 0)
            var first = Consumer(cluster)
            try await first.follow(cluster)
            try await middle.follow(cluster)
            try await other.follow(cluster)
            #expect(middle.last == first.last && other.last == first.last)
            #expect(middle.holds == first.holds)
            #expect(other.holds == first.holds)
            #expect(middle.accepted > 0 && middle.accepted < first.accepted)
            #expect(
                first.holds.values.contains { !$0.sanctions.isEmpty }
                    && first.holds.values.contains { !$0.perks.isEmpty })

            // The databases, against those that were followed from the beginning.
            for (kind, tables) in [("perks", ["perk"]), ("blacklist", ["sanction", "measure"])] {
                let followed = folder.path("followed-\(kind)")
                try await follow(kind, followed, broker)
                try await follow(kind, folder.path(kind), broker)
                let expected = try contents(followed, tables + [Self.reached])
                #expect(try contents(folder.path(kind), tables + [Self.reached]) == expected)
                #expect(
                    expected.contains { $0.hasPrefix(tables[0]) } && expected.contains { $0.hasPrefix(Self.reached) })
            }

            // Without a member: at the ledger's end nothing is left to accept.
            let end = try await bootstrap(broker)
            let replayed = try await standing("replay", "--archive", data)
            #expect(end.code == 0 && end.output.hasSuffix("}\n" + replayed.output), "\(end.messages)")
            var last = try Consumer(end.output, cluster)
            try await last.follow(cluster)
            #expect(last.accepted == 0 && last.holds == first.holds)

            try await refusals(broker, end.output)
        }

        /// What is wrong is reported with its location and its remedy, and nothing is written.
        private func refusals(_ broker: Broker, _ whole: String) async throws {
            // A database that is there.
            let before = try contents(folder.path("perks"), ["perk", "position"])
            let there = try await bootstrap(broker, "--perks", folder.path("perks"))
            #expect(there.code == 1 && there.output.isEmpty)
            #expect(there.messages.hasPrefix("error: --perks \(folder.path("perks")) is there already; move "))
            #expect(there.messages.contains("or give --perks another file"))
            #expect(try contents(folder.path("perks"), ["perk", "position"]) == before)

            // A snapshot that fails its check is passed over and stays; an older one, or the archive, comes to the same.
            let snapshot = try #require(try snapshots().max())
            let bytes = try flip(snapshot, at: 100)
            let passed = try await bootstrap(broker)
            #expect(passed.code == 0 && passed.output == whole)
            #expect(passed.messages.contains("\(data)/\(snapshot): passed over ("), "\(passed.messages)")
            #expect(try snapshots().contains(snapshot))
            try bytes.write(to: url(snapshot))

            // A damaged archive.
            try FileManager.default.removeItem(atPath: data + "/snapshots")
            let segment = try #require(
                try FileManager.default.subpathsOfDirectory(atPath: data).filter { $0.hasSuffix(".segment") }.max {
                    try size($0) < size($1)
                })
            let good = try flip(segment, at: 200)
            let damaged = try await bootstrap(
                broker, "--output", folder.path("damaged"), "--blacklist", folder.path("damaged.sqlite"))
            #expect(damaged.code == 3, "\(damaged.messages)")
            #expect(damaged.messages.contains("\(data)/\(segment): ") && damaged.messages.contains("archive repair"))
            #expect(try names(of: "damaged").isEmpty, "nor a partial file")
            try good.write(to: url(segment))
            let healed = try await bootstrap(broker)
            #expect(healed.code == 0 && healed.output == whole, "\(healed.messages)")

            // What cannot be moved at the end takes back what was moved before.
            try FileManager.default.createDirectory(
                atPath: folder.path("taken/inside"), withIntermediateDirectories: true)
            let taken = try await bootstrap(
                broker, "--output", folder.path("taken"), "--perks", folder.path("taken-perks"), "--blacklist",
                folder.path("taken-blacklist"))
            #expect(taken.code == 1, "\(taken.messages)")
            #expect(taken.messages.contains("\(folder.path("taken")): error: cannot be written: "), "\(taken.messages)")
            #expect(try names(of: "taken") == ["taken"])

            // A partition that is missing, and a folder that is.
            try FileManager.default.removeItem(atPath: data + "/archive/00003")
            let missing = try await bootstrap(broker)
            #expect(missing.code == 1 && missing.output.isEmpty)
            #expect(
                missing.messages.contains(
                    "\(data)/archive: error: nothing of ledger partition 3 of standing.ledger: give --data"),
                "\(missing.messages)")
            try FileManager.default.removeItem(atPath: data)
            let nothing = try await bootstrap(broker)
            #expect(nothing.code == 1 && nothing.messages.hasPrefix("\(data): error: no such folder; give --data"))
        }

        /// The files in the test's folder whose names begin so.
        private func names(of prefix: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: folder.url.path).filter { $0.hasPrefix(prefix) }
        }

        private func size(_ path: String) throws -> Int { try Data(contentsOf: url(path)).count }

        private func url(_ path: String) -> URL { URL(filePath: data + "/" + path) }

        /// Changes a bit; returns what was there.
        private func flip(_ path: String, at byte: Int) throws -> Data {
            let good = try Data(contentsOf: url(path))
            var bytes = good
            bytes[byte] ^= 1
            try bytes.write(to: url(path))
            return good
        }

        /// A folder that is no longer than the ledger, and is of another one.
        @Test func anotherLedgersFolderIsRefused() async throws {
            let (own, other) = (try await Broker(), try await Broker())
            let begun = try await server(other)
            try await begun.waitUntilReady()
            #expect(try await begun.process.stop().code == 0)
            let cluster = try TrialCluster(own.address)
            let server = try await Server(broker: own.address, policy: policy, ["--data", folder.path("own")])
            try await feed(events(400)[...], cluster, server)
            #expect(try await server.process.stop().code == 0)

            let refused = try await bootstrap(own, "--perks", folder.path("perks"))
            #expect(refused.code == 1 && refused.output.isEmpty, "\(refused.messages)")
            #expect(
                refused.messages.contains(
                    "\(data)/archive: error: it is another ledger's: what it has of partition 0 at offset 0 is not what "
                        + "standing.ledger[0] has there: give --data"), "\(refused.messages)")
            #expect(try names(of: "perks").isEmpty)
            let taken = try await Running(
                ["facts", "bootstrap", "--brokers", own.address, "--data", folder.path("own")]
            ).finished(limit: Limit.run)
            #expect(taken.code == 0, "\(taken.messages)")
        }

        @Test func wrongUseIsExitCode2() async throws {
            for arguments in [
                [], ["--data", "x", "--threads", "0"], ["--data", "x", "--perks", "a", "--blacklist", "a"],
                ["--data", "x", "--perks", "a", "--blacklist", "./a"],
                ["--data", "x", "--perks", "a", "--blacklist", "b/../a"],
                ["--data", "x", "--perks", "a", "--output", "./a"],
                ["--data", "x"],
                ["--data", "x", "--brokers", "embedded"],
            ] {
                let run = try await Running(["facts", "bootstrap"] + arguments).finished()
                #expect(run.code == 2 && run.output.isEmpty, "\(arguments): \(run.messages)")
            }
        }
    }
}
