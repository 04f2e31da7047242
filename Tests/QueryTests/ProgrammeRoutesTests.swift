import Access
import Events
import Foundation

import HTTPTypes
import Hummingbird
import Kafka
import Logging
import NIOCore
import Pipeline
import Policy
import Scoring
import Testing

@testable import HTTP
@testable import Query

/// Policies, sources, dead letters and the ledger over HTTP, of a programme on librdkafka's broker.
@Suite(.serialized) struct ProgrammeRoutesTests {
    private static let patience = Duration.seconds(90)
    private static let secret = "the words of a record"
    private static let ledgerPartitions = 2

    private static func policyText(_ version: Int) -> String {
        """
        policy: hamlet
        version: \(version)
        score: {base: 500, min: 0, max: 1000}
        dimensions: {payment: {}}
        rules:
          - {id: paid, dimension: payment, event: bill.paid, points: \(10 * version)}
        bands:
          - {name: C, from: 0}
        """
    }

    private let logger = Logger(label: "programme-tests", factory: { _ in SwiftLogNoOpLogHandler() })

    private struct Town {
        let service: PipelineService
        let kafka: KafkaConfiguration
        let table: RouteTable
        /// The ledger partition of ada.
        let partition: Int
    }

    private struct Reply {
        let status: Int
        let text: String
        let json: [String: Any]

        var code: String? { json["code"] as? String }
        func list(_ name: String) -> [[String: Any]] { json[name] as? [[String: Any]] ?? [] }
        func object(_ name: String) -> [String: Any] { json[name] as? [String: Any] ?? [:] }
    }

    private final class Received: ResponseBodyWriter {
        private(set) var bytes: [UInt8] = []
        func write(_ part: ByteBuffer) async throws { bytes += part.readableBytesView }
        func finish(_: HTTPFields?) async throws {}
    }

    private func get(_ path: String, as role: Access.Role, _ town: Town) async throws -> Reply {
        let fields: HTTPFields = [.authorization: "Bearer \(role.rawValue)"]
        let head = HTTPRequest(
            method: .get, scheme: "http", authority: "127.0.0.1", path: path, headerFields: fields)
        let response = try await town.table.respond(
            to: Request(head: head, body: RequestBody(buffer: ByteBuffer())),
            context: Peer(try SocketAddress(ipAddress: "192.0.2.1", port: 1)))
        let received = Received()
        try await response.body.write(received)
        let json = try JSONSerialization.jsonObject(with: Data(received.bytes)) as? [String: Any]
        return Reply(
            status: response.status.code, text: String(decoding: received.bytes, as: UTF8.self), json: json ?? [:])
    }

    private func wait(_ what: Comment, until condition: () async throws -> Bool) async throws {
        let end = ContinuousClock.now + Self.patience
        while !(try await condition()) {
            try #require(ContinuousClock.now < end, what)
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    private static func event(_ id: String, _ type: String, of subject: String?, data: String = "{}") -> [UInt8] {
        let subject = subject.map { #""subject":"\#($0)","# } ?? ""
        return Array(
            """
            {"specversion":"1.0","id":"\(id)","source":"/hamlet","type":"\(type)",\(subject)"time":"2026-01-01T00:00:0\(id.last ?? "0")Z",\
            "data":\(data)}
            """.utf8)
    }

    private static func send(_ values: [[UInt8]], to topic: String, _ kafka: KafkaConfiguration) throws {
        let producer = try Producer(kafka)
        let number = try producer.topic(topic)
        let headers = HeaderSet([("content-type", Array("application/cloudevents+json".utf8))])
        for value in values {
            let isQueued = try value.withUnsafeBytes { bytes in
                try producer.produce(topic: number, partition: 0, key: nil, value: bytes, headers: headers)
            }
            try #require(isQueued)
        }
        var failures = 0
        let isFlushed = producer.flush(timeoutMilliseconds: 60_000) { if $0.code != 0 { failures += 1 } }
        try #require(isFlushed && failures == 0)
    }

    /// Ada is enrolled and has paid three bills; three records were no events.
    private func inTown(_ body: (Town) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/programme-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let broker = try EmbeddedBroker()
        for (name, partitions) in [
            ("control", 1), ("bills", 1), ("ledger", Self.ledgerPartitions), ("dead-letter", 1), ("scores", 2),
            ("sanctions", 2),
            ("perks", 2),
        ] { try broker.createTopic(name, partitions: partitions) }
        let kafka = KafkaConfiguration(
            brokers: broker.bootstrap, properties: ["session.timeout.ms": "30000", "heartbeat.interval.ms": "500"],
            fetchWaitMilliseconds: 10)
        var configuration = PipelineConfiguration(
            kafka: kafka,
            topics: .init(
                control: "control", sources: ["bills"], ledger: "ledger", deadLetter: "dead-letter",
                facts: ["scores", "sanctions", "perks"]),
            policy: try ScoringPolicy(yaml: Self.policyText(1), file: "hamlet.yaml"))
        configuration.clock = .events
        configuration.data = LocalData(folder)
        let service = PipelineService(configuration, logger: logger)
        service.start()
        var failure: (any Error)?
        do {
            try await wait("ready") { service.isCurrent || service.finalFailure != nil }
            try Self.send(
                [Self.event("e0", "standing.subject.enrolled", of: "ada", data: #"{"kind":"individual","terms":"1"}"#)],
                to: "control", kafka)
            try await wait("enrolled") { service.foldCounters.entries >= 1 }
            try Self.send(
                (1...3).map { Self.event("b\($0)", "bill.paid", of: "ada") }
                    + [Array(Self.secret.utf8), Array("[1]".utf8), Self.event("x4", "bill.paid", of: nil)],
                to: "bills", kafka)
            try await wait("folded") {
                service.status.intake.records >= 7 && service.foldCounters.entries >= 4 && service.isCurrent
            }
            let server = QueryServer(
                service: service, metrics: PrometheusMetrics(), address: HTTPAddress(host: "127.0.0.1", port: 0),
                announcement: .nothing, options: RouteTable.Options(access: .gate(RouteMatrix.RoleGate())),
                logger: logger)
            let partition = try #require(service.ledgerPartition(of: Array("ada".utf8)))
            try await body(Town(service: service, kafka: kafka, table: server.table, partition: partition))
        } catch {
            failure = error
        }
        service.requestStop()
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                try? service.join()
                continuation.resume()
            }
        }
        withExtendedLifetime(broker) {}
        if let failure { throw failure }
    }

    @Test func policiesHaveTheirPositionInTheLedgerAndAnExplanation() async throws {
        try await inTown { town in
            let first = try await get("/policies", as: .viewer, town)
            #expect(first.status == 200)
            #expect(first.object("active")["id"] as? String == "hamlet")
            #expect((first.object("active")["explanation"] as? String ?? "").contains("hamlet"))
            #expect(first.list("policies").count == 1)
            #expect(first.json["proposals"] is NSNull)
            let text = String(decoding: try JSONEncoder().encode(Self.policyText(2)), as: UTF8.self)
            try Self.send(
                [Self.event("p5", "standing.policy.activated", of: nil, data: "{\"policy\":\(text)}")], to: "control",
                town.kafka)
            try await wait("two policies") { try await get("/policies", as: .viewer, town).list("policies").count == 2 }
            let second = try await get("/policies", as: .viewer, town)
            #expect(second.list("policies").map { $0["version"] as? Int } == [2, 1])
            #expect(second.list("policies").map { $0["active"] as? Bool } == [true, false])
            let since = second.list("policies").compactMap { ($0["since"] as? [String: Any])?["offset"] as? Int }
            #expect(since.count == 2 && since[0] > since[1] && since[1] == 0)
            let old = try await get("/policies/hamlet/1", as: .viewer, town)
            #expect(old.json["active"] as? Bool == false && old.json["text"] as? String == Self.policyText(1))
            #expect(try await get("/policies/hamlet/9", as: .viewer, town).code == "no-policy")
            #expect(try await get("/policies/elsinore/1", as: .viewer, town).code == "no-policy")
        }
    }

    @Test func sourcesAreReadToTheirEndsAndHaveTheirDeadLetters() async throws {
        try await inTown { town in
            try await wait("positions are committed") {
                try await get("/sources", as: .viewer, town).list("sources").last?["read"] as? Int == 6
            }
            let sources = try await get("/sources", as: .viewer, town).list("sources")
            #expect(sources.map { $0["topic"] as? String } == ["control", "bills"])
            #expect(sources.map { $0["control"] as? Bool } == [true, false])
            #expect(sources[1]["unread"] as? Int == 0 && sources[1]["records"] as? Int == 6)
            #expect(sources[1]["frozen"] as? Bool == false && sources[1]["declaration"] is NSNull)
            let letters = sources[1]["deadLetters"] as? [String: Int] ?? [:]
            #expect(letters == ["event/not-an-object": 2, "subject/missing": 1])
            #expect((sources[0]["deadLetters"] as? [String: Int])?.isEmpty == true)
        }
    }

    @Test func aWithdrawnSourceIsListedAsSuchAlsoIfItIsNotRead() async throws {
        try await inTown { town in
            let before = try await get("/sources", as: .viewer, town).list("sources")
            #expect(before.map { $0["withdrawn"] as? Bool } == [false, false])
            for (id, topic) in [("w5", "bills"), ("w6", "trams")] {
                let data = #"{"topic":"\#(topic)","reason":"the contract ended"}"#
                try Self.send(
                    [Self.event(id, "standing.source.withdrawn", of: nil, data: data)], to: "control", town.kafka)
            }
            try await wait("two withdrawals") {
                let withdrawn = town.service.withdrawnSources
                return ["bills", "trams"].allSatisfy { withdrawn.extent(of: $0)?.isEverywhere == true }
                    && withdrawn.missing(of: Self.ledgerPartitions).isEmpty && town.service.isCurrent
            }
            let answer = try await get("/sources", as: .viewer, town)
            #expect((answer.json["missing"] as? [Int])?.isEmpty == true)
            let all = Array(0..<Self.ledgerPartitions)
            #expect(answer.list("sources").map { $0["withdrawnIn"] as? [Int] } == [[], all, all])
            let sources = try await get("/sources", as: .viewer, town).list("sources")
            #expect(sources.map { $0["topic"] as? String } == ["control", "bills", "trams"])
            #expect(sources.map { $0["withdrawn"] as? Bool } == [false, true, true])
            #expect(sources.map { $0["intake"] as? Bool } == [true, true, false])
            #expect(sources.last?["partitions"] is NSNull && sources.last?["declaration"] is NSNull)
        }
    }

    @Test func deadLettersArePagedAndTheirBytesAreForWhoMaySendThemAgain() async throws {
        try await inTown { town in
            let first = try await get("/dead-letters?limit=2", as: .viewer, town)
            #expect(first.list("letters").map { $0["letter"] as? String } == ["0:2", "0:1"])
            let next = try #require(first.json["next"] as? String)
            let second = try await get("/dead-letters?limit=2&after=\(next)", as: .viewer, town)
            #expect(second.list("letters").map { $0["letter"] as? String } == ["0:0"] && second.json["next"] is NSNull)
            #expect(first.list("reasons").map { $0["letters"] as? Int } == [2, 1])
            let missing = try await get("/dead-letters?reason=subject/missing", as: .viewer, town)
            #expect(missing.list("letters").map { $0["letter"] as? String } == ["0:2"])
            #expect(try await get("/dead-letters?topic=control", as: .viewer, town).list("letters").isEmpty)
            #expect(try await get("/dead-letters?after=no-place", as: .viewer, town).code == "place-malformed")

            for role in [Access.Role.viewer, .reviewer, .auditor] {
                let letter = try await get("/dead-letters/0/0", as: role, town)
                #expect(letter.json["reason"] as? String == "event/not-an-object")
                #expect(letter.json["value"] == nil && letter.json["key"] == nil && !letter.text.contains(Self.secret))
            }
            let whole = try await get("/dead-letters/0/0", as: .operator, town)
            #expect(whole.object("value")["text"] as? String == Self.secret)
            let hex = Self.secret.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            #expect(whole.object("value")["hex"] as? String == hex)
            #expect(try await get("/dead-letters/0/99", as: .operator, town).code == "no-letter")

            var filter = DeadLetterTopic.Filter()
            filter.positions = [.init(partition: 0, offset: 0)]
            _ = try Discard(town.kafka, deadLetters: "dead-letter").run(filter, reason: "no event", isDryRun: false)
            let waiting = try await get("/dead-letters", as: .viewer, town)
            #expect(waiting.list("letters").map { $0["letter"] as? String } == ["0:2", "0:1"])
            let all = try await get("/dead-letters?all=true", as: .viewer, town)
            #expect(all.list("letters").map { $0["state"] as? String } == ["waiting", "waiting", "discarded"])
            #expect(all.list("letters").last?["discarded"] as? String == "no event")
        }
    }

    @Test func theLedgerHasItsChainsAndItsEntries() async throws {
        try await inTown { town in
            let ledger = try await get("/ledger", as: .viewer, town)
            #expect(ledger.json["ledger"] as? String == "default")
            #expect(ledger.list("partitions").map { $0["partition"] as? Int } == [0, 1])
            let own = ledger.list("partitions")[town.partition]
            let fold = try #require(own["fold"] as? [String: Any])
            #expect(fold["clock"] as? String == "2026-01-01T00:00:03Z" && fold["offset"] as? Int == own["end"] as? Int)
            let chain = try #require(fold["chain"] as? [String: Any])
            #expect((chain["head"] as? String)?.count == 64 && chain["offset"] as? Int == own["end"] as? Int)
            #expect(own["checkpoint"] is NSNull && own["owner"] is NSNull && own["quarantine"] is NSNull)

            let path = "/ledger/\(town.partition)/entries"
            #expect(try await get(path, as: .operator, town).code == "forbidden")
            #expect(try await get("/ledger/2/entries", as: .reviewer, town).code == "no-partition")
            let all = try await get(path, as: .reviewer, town)
            let ids = all.list("entries").filter { $0["kind"] as? String == "event" }.compactMap { $0["id"] as? String }
            #expect(ids == ["e0", "b1", "b2", "b3"] && all.json["next"] is NSNull)
            let beginning = try #require(all.list("entries").first)
            #expect(beginning["kind"] as? String == "system" && beginning["data"] is NSNull)

            var paged: [String] = []
            var after = ""
            for _ in 0...ids.count {
                let page = try await get("\(path)?limit=1\(after)", as: .reviewer, town)
                paged += page.list("entries").compactMap { $0["id"] as? String }
                guard let next = page.json["next"] as? String else { break }
                after = "&after=\(next)"
            }
            #expect(paged == all.list("entries").compactMap { $0["id"] as? String })
        }
    }

    @Test func entriesAreFoundByTheClockAndBySubject() async throws {
        try await inTown { town in
            let path = "/ledger/\(town.partition)/entries"
            let late = try await get("\(path)?from=2026-01-01T00:00:02Z", as: .reviewer, town)
            #expect(late.list("entries").last?["id"] as? String == "b3")
            #expect(late.list("entries").contains { $0["id"] as? String == "b2" })
            #expect(try await get("\(path)?from=2027-01-01T00:00:00Z", as: .reviewer, town).list("entries").isEmpty)
            let both = try await get("\(path)?from=2026-01-01T00:00:02Z&offset=1", as: .reviewer, town)
            #expect(both.code == "parameters-exclude")

            let subject = "/subjects/ada/entries"
            #expect(try await get(subject, as: .reviewer, town).code == "purpose-needed")
            let own = try await get("\(subject)?purpose=appeal&limit=3", as: .reviewer, town)
            #expect(own.list("entries").compactMap { $0["id"] as? String } == ["e0", "b1", "b2"])
            #expect(own.list("entries").allSatisfy { $0["subject"] as? String == "ada" })
            let next = try #require(own.json["next"] as? String)
            let rest = try await get("\(subject)?purpose=appeal&after=\(next)", as: .reviewer, town)
            #expect(rest.list("entries").compactMap { $0["id"] as? String } == ["b3"] && rest.json["next"] is NSNull)
            let other = try await get("/subjects/nobody/entries?purpose=appeal", as: .reviewer, town)
            #expect(other.status == 200 && other.list("entries").isEmpty)
        }
    }
}
