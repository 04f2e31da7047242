import Access
import Events
import Foundation
import HTTPTypes
import Kafka
import Logging
import NIOCore
import Pipeline
import Policy
import Scoring
import Synchronization
import Testing

@testable import HTTP
@testable import Query

/// A subject's id and a value of its data, in events and in every part of requests: they are in no line of the log at any level, in no
/// metric, and in no problem's text.
@Suite(.serialized) struct CanaryTests {
    private static let subject = "canary-5f3a91"
    private static let data = "feathers-77c0de"
    private static let patience = Duration.seconds(90)
    private static let policyText = """
        policy: hamlet
        version: 1
        score: {base: 500, min: 0, max: 1000}
        dimensions: {payment: {}}
        rules:
          - {id: paid, dimension: payment, event: bill.paid, points: 10}
          - {id: lost, dimension: payment, event: bill.lost, points: int(data.note)}
        bands:
          - {name: C, from: 0}
        """

    /// Every line, with the names and the values of its metadata.
    private final class Lines: LogHandler, Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        var logLevel: Logger.Level {
            get { .trace }
            set {}
        }
        var metadata: Logger.Metadata {
            get { [:] }
            set {}
        }
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { nil }
            set {}
        }

        func log(event: LogEvent) {
            let metadata = (event.metadata ?? [:]).map { " \($0.key)=\($0.value)" }.sorted().joined()
            let error = event.error.map { " \($0)" } ?? ""
            lines.withLock { $0.append("\(event.level) \(event.message)\(metadata)\(error)") }
        }
    }

    private final class Unread: AuditLog {
        func append(_ record: AuditRecord) async throws {}
    }

    private let lines = Lines()
    private var logger: Logger { Logger(label: "canary") { [lines] _ in lines } }
    private let issuer = TokenIssuer(subject: subject)

    private func wait(_ what: Comment, until condition: () -> Bool) async throws {
        let end = ContinuousClock.now + Self.patience
        while !condition() {
            try #require(ContinuousClock.now < end, what)
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    private static func hasCanary(_ text: String) -> Bool { text.contains(subject) || text.contains(data) }

    /// A programme that runs with an archive; `body` gets its server, with the acts, and its cluster.
    private func running(_ body: (QueryServer, KafkaConfiguration) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "standing-canary-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let broker = try EmbeddedBroker()
        for name in ["control", "bills", "ledger", "dead-letter", "scores", "sanctions", "perks"] {
            try broker.createTopic(name, partitions: 1)
        }
        let kafka = KafkaConfiguration(
            brokers: broker.bootstrap, properties: ["session.timeout.ms": "30000", "heartbeat.interval.ms": "500"],
            fetchWaitMilliseconds: 10)
        var configuration = PipelineConfiguration(
            kafka: kafka,
            topics: .init(
                control: "control", sources: ["bills"], ledger: "ledger", deadLetter: "dead-letter",
                facts: ["scores", "sanctions", "perks"]),
            policy: try ScoringPolicy(yaml: Self.policyText, file: "hamlet.yaml"))
        configuration.data = LocalData(folder.path)
        let access = try await issuer.access()
        let service = PipelineService(configuration, logger: logger)
        service.start()
        var failure: (any Error)?
        do {
            try await wait("ready") { service.isReady || service.finalFailure != nil }
            let acts = try ControlActs(service, kafka: kafka, signer: nil, logger: logger)
            defer { acts.close() }
            try await wait("acts are known") { acts.isReady }
            let desk = ControlDesk(acts, audit: Unread(), fourEyes: nil, logger: logger)
            let server = QueryServer(
                service: service, metrics: PrometheusMetrics(), address: HTTPAddress(host: "127.0.0.1", port: 0),
                announcement: .nothing,
                options: RouteTable.Options(access: .gate(access.gate), audit: Unread()), more: desk.routes,
                logger: logger)
            try await body(server, kafka)
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

    /// Events of the canary: some that are scored, one that cannot be evaluated, and some that are dead letters.
    private func send(_ kafka: KafkaConfiguration) async throws {
        let producer = try AcknowledgedProducer(kafka, topics: ["bills"], maximumQueued: 16, longestWait: .seconds(60))
        defer { producer.close() }
        let time = Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1e6))
        func event(_ id: String, _ type: String, _ more: String = "") -> String {
            """
            {"specversion":"1.0","id":"\(id)","source":"/\(Self.data)","type":"\(type)","subject":"\(Self.subject)",\
            "time":"\(time)","data":{"amount":7,"note":"\(Self.data)"}\(more)}
            """
        }
        for value in [
            event("one", "bill.paid"), event("two", "bill.lost"), event("one", "bill.paid"),
            String(event("three", "bill.paid").dropLast(9)), event("four", "standing.subject.withdrawn"),
            event("five", "bill.unheard"), #"{"subject":"\#(Self.subject)","data":"\#(Self.data)"}"#,
            "\(Self.subject) \(Self.data)", event("six", "bill.paid", #","time":"\#(Self.data)""#),
            event("last", "bill.paid"),
        ] {
            let headers = HeaderSet(copying: [("content-type", Array("application/cloudevents+json".utf8))])
            _ = try await producer.send(to: "bills", key: Array(Self.subject.utf8), headers: headers) { _ in
                Array(value.utf8)
            }
        }
    }

    /// A request to the route with the canary wherever it can stand.
    private func request(
        _ route: Route, _ table: RouteTable, _ fields: HTTPFields, locations: Set<RouteParameter.Location>,
        body: String,
        from address: String = "192.0.2.1"
    ) async throws -> RouteMatrix.Answer {
        var path = route.path
        var query: [String] = []
        var fields = fields
        for parameter in route.acceptedParameters {
            let value =
                if case .subject(_, parameter.name, _) = route.requirement { Self.subject } else { Self.data }
            switch parameter.location {
            case .path: path = path.replacing("{\(parameter.name)}", with: value)
            case .query:
                if parameter.isRequired || locations.contains(.query) { query.append("\(parameter.name)=\(value)") }
            case .header:
                if locations.contains(.header), let name = HTTPField.Name(parameter.name) { fields[name] = value }
            }
        }
        if !query.isEmpty { path += "?" + query.joined(separator: "&") }
        var buffer = ByteBuffer()
        if let declared = route.body {
            fields[.contentType] = declared.mediaType
            buffer = ByteBuffer(string: body)
        }
        return try await RouteMatrix(table: table, address: address).send(route.method.rawValue, path, fields, buffer)
    }

    private static let bodies = [
        #"{"kind":"individual","terms":"\#(data)"}"#,
        #"{"subjects":["\#(subject)"],"reason":"\#(data)","statement":"\#(data)","sanction":"\#(data)"}"#,
        #"{"source":"/\#(data)","id":"one","reason":"\#(data)","outcome":"upheld","sanction":"\#(data)"}"#,
        "\(subject) \(data)",
    ]

    @Test func noSubjectAndNoDataLeaveByTheSide() async throws {
        try await running { server, kafka in
            let table = server.table
            let enrol = try #require(table.routes.first { $0.name == "enrol" })
            let operators = "Bearer " + (try issuer.token(.operator, name: Self.subject))
            let enrolled = try await request(
                enrol, table, [.authorization: operators], locations: [], body: Self.bodies[0])
            #expect([200, 202].contains(enrolled.status), "\(enrolled)")
            try await send(kafka)
            // One, and last: the duplicate counts once, and the others are dead letters or score nothing.
            try await wait("the events are folded") { server.service.status.folded.counters.scored >= 2 }
            var (requests, problems) = (0, 0)
            for route in table.routes where route.name != "withdraw" {
                for role in Access.Role.allCases {
                    let good = try issuer.token(role, name: Self.subject)
                    for token in [good, try issuer.token(.badSignature, role, name: Self.subject)] {
                        let fields: HTTPFields = [
                            .authorization: "Bearer \(token)", .cookie: "standing=\(Self.data)",
                            .userAgent: Self.data, .referer: "http://h/\(Self.subject)",
                        ]
                        for locations in [[], [.query], [.header]] as [Set<RouteParameter.Location>] {
                            requests += 1
                            let answer = try await request(
                                route, table, fields, locations: locations,
                                body: Self.bodies[requests % Self.bodies.count],
                                from: "10.0.\(requests >> 8).\(requests & 255)")
                            guard let problem = answer.problem else { continue }
                            problems += 1
                            #expect(!Self.hasCanary(problem), "\(route.name): \(problem)")
                        }
                    }
                }
            }
            #expect(problems > 500)
            let metrics = server.scrape().text
            let refused = #/standing_access_refused_total\{reason="bad-signature"\} [1-9]/#
            #expect(metrics.firstMatch(of: refused) != nil)
            #expect(!Self.hasCanary(metrics))
        }
        #expect(!lines.all.isEmpty)
        for line in lines.all { #expect(!Self.hasCanary(line), "\(line)") }
    }
}
