import Access
import Audit
import Backtests
import Events
import Foundation
import Kafka
import Logging
import Pipeline
import Policy
import Query
import Replay
import Scoring
import Synchronization
import Testing

/// Acts as callers ask for them, on librdkafka's broker: each in the audit, some with a second person.
@Suite(.serialized) struct ControlDeskTests {
    private static let patience = Duration.seconds(90)
    static let policyText = """
        policy: hamlet
        version: 1
        score: {base: 500, min: 0, max: 1000}
        dimensions: {payment: {}}
        rules:
          - {id: paid, dimension: payment, event: bill.paid, points: 10}
        bands:
          - {name: C, from: 0}
        """
    private static let ana = Caller(name: "ana", roles: [.operator])
    private static let ben = Caller(name: "ben", roles: [.operator])

    let logger = Logger(label: "desk-tests", factory: { _ in SwiftLogNoOpLogHandler() })

    /// Remembers, and refuses while it is set to.
    private final class Book: AuditLog {
        struct Full: Error {}

        private let state = Mutex((records: [AuditRecord](), isFull: false))

        func append(_ record: AuditRecord) async throws {
            try state.withLock { state in
                guard !state.isFull else { throw Full() }
                state.records.append(record)
            }
        }

        func setFull(_ isFull: Bool) { state.withLock { $0.isFull = isFull } }

        var records: [AuditRecord] { state.withLock { $0.records } }

        var lines: [String] {
            records.map { record in
                let subject = record.subject.map { String(decoding: $0, as: UTF8.self) } ?? "-"
                return "\(record.actor) \(record.action) \(subject) \(record.purpose ?? "-") \(record.outcome)"
            }
        }
    }

    func wait(_ what: Comment, until condition: () -> Bool) async throws {
        let end = ContinuousClock.now + Self.patience
        while !condition() {
            try #require(ContinuousClock.now < end, what)
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// A running programme; `body` gets its service and the cluster.
    func running(_ body: (PipelineService, KafkaConfiguration) async throws -> Void) async throws {
        let broker = try EmbeddedBroker()
        for (name, partitions) in [
            ("control", 1), ("bills", 1), ("ledger", 2), ("dead-letter", 1), ("scores", 2), ("sanctions", 2),
            ("perks", 2),
            ("audit", 1),
        ] { try broker.createTopic(name, partitions: partitions) }
        let kafka = KafkaConfiguration(
            brokers: broker.bootstrap, properties: ["session.timeout.ms": "30000", "heartbeat.interval.ms": "500"],
            fetchWaitMilliseconds: 10)
        let configuration = PipelineConfiguration(
            kafka: kafka,
            topics: .init(
                control: "control", sources: ["bills"], ledger: "ledger", deadLetter: "dead-letter",
                facts: ["scores", "sanctions", "perks"]),
            policy: try ScoringPolicy(yaml: Self.policyText, file: "hamlet.yaml"))
        let service = PipelineService(configuration, logger: logger)
        service.start()
        var failure: (any Error)?
        do {
            try await wait("ready") { service.isReady || service.finalFailure != nil }
            try await body(service, kafka)
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

    /// The body of a request that activates this version.
    static func activation(of version: Int) -> [UInt8] {
        var writer = ByteWriter()
        writer.append("{\"proposal\":{\"proposal\":2,\"breachCount\":0,\"against\":")
        writer.append(jsonString: PolicyHash.of(policyText))
        writer.append(",\"policy\":")
        writer.append(jsonString: policyText.replacing("version: 1", with: "version: \(version)"))
        writer.append("},\"reason\":\"fairer\"}")
        return Array(writer.bytes)
    }

    private static func refusal(_ body: () async throws -> Void) async -> ControlRefusal? {
        do {
            try await body()
            return nil
        } catch {
            return error as? ControlRefusal
        }
    }

    @Test func anActIsInTheAuditBeforeItIsDone() async throws {
        try await running { service, kafka in
            let acts = try ControlActs(service, kafka: kafka, signer: nil, logger: logger)
            defer { acts.close() }
            try await wait("acts are known") { acts.isReady }
            let book = Book()
            let desk = ControlDesk(acts, audit: book, fourEyes: nil, logger: logger)
            let body = Array(#"{"kind":"individual","terms":"1","reason":"asked for"}"#.utf8)
            book.setFull(true)
            let refused = await Self.refusal {
                _ = try await desk.act(.enrol, subject: Array("ada".utf8), body: body, by: Self.ana, key: "k")
            }
            #expect(refused?.code == "not-recorded")
            book.setFull(false)
            let reply = try await desk.act(
                .enrol, subject: Array("ada".utf8), body: body, by: Self.ana, key: "k", wait: 60)
            #expect(reply.status == 200)
            #expect(String(decoding: reply.json, as: UTF8.self).contains(#""repeated":false"#))
            let bad = await Self.refusal {
                _ = try await desk.act(
                    .void, subject: Array("ada".utf8), body: Array("{}".utf8), by: Self.ben, key: nil)
            }
            #expect(bad?.status == 422)
            #expect(
                book.lines == [
                    "ana enrol ada asked for requested", "ana enrol ada asked for done", "ben void ada - invalid",
                ])
        }
    }

    /// From the act to the score, and back.
    @Test func aSourceIsTakenBackAndGivenBack() async throws {
        try await running { service, kafka in
            let acts = try ControlActs(service, kafka: kafka, signer: nil, logger: logger)
            defer { acts.close() }
            try await wait("acts are known") { acts.isReady }
            let book = Book()
            let desk = ControlDesk(acts, audit: book, fourEyes: nil, logger: logger)
            func act(_ kind: ControlAct.Kind, _ body: String, key: String) async throws -> Int {
                let subject = kind.isOfSubject ? Array("ada".utf8) : nil
                return try await desk.act(
                    kind, subject: subject, body: Array(body.utf8), by: Self.ana, key: key, wait: 60
                )
                .status
            }
            func score() -> Int64? {
                guard case .found(let answer) = service.standing(of: Array("ada".utf8)) else { return nil }
                return answer.standing.level.score
            }
            #expect(try await act(.enrol, #"{"kind":"individual","terms":"1"}"#, key: "e") == 200)
            let producer = try Producer(kafka)
            let bills = try producer.topic("bills")
            let headers = HeaderSet([("content-type", Array("application/cloudevents+json".utf8))])
            func bill(_ id: Int) throws {
                let event =
                    #"{"specversion":"1.0","id":"\#(id)","source":"/b","type":"bill.paid","subject":"ada","#
                    + #""time":"2026-01-01T00:00:00Z","data":{}}"#
                let isQueued = try Array(event.utf8).withUnsafeBytes {
                    try producer.produce(topic: bills, partition: 0, key: nil, value: $0, headers: headers)
                }
                let isFlushed = producer.flush(timeoutMilliseconds: 60_000) { _ in }
                #expect(isQueued && isFlushed)
            }
            try bill(1)
            try await wait("the bill counts") { score() == 510 }
            func review(_ topic: String) async -> ControlActs.WithdrawalReview {
                await acts.review(withdrawing: topic, wait: Self.patience)
            }
            guard case .counted(let difference) = await review("bills") else {
                Issue.record("nothing is counted")
                return
            }
            #expect(difference.entries == 1 && difference.comparison.lose == 1 && difference.comparison.gain == 0)
            #expect(difference.comparison.largestLoss == 10 && difference.comparison.losers.isEmpty)
            guard case .unknown("the ledger has no event of this topic") = await review("nowhere") else {
                Issue.record("a topic that nobody knows is counted")
                return
            }
            guard case .refused(let reason) = await review("control") else {
                Issue.record("the control topic can be withdrawn")
                return
            }
            #expect(reason.contains("control topic"), "\(reason)")
            let body = #"{"topic":"bills","reason":"the contract ended"}"#
            #expect(try await act(.withdrawSource, body, key: "w") == 200)
            try await wait("the bill is taken back") { score() == 500 }
            guard case .refused("the source is withdrawn already") = await review("bills") else {
                Issue.record("a withdrawn source is counted")
                return
            }
            try bill(2)
            let again = await Self.refusal { _ = try await act(.withdrawSource, body, key: "w2") }
            #expect(again?.code == "withdrawn-already")
            for topic in ["control", "nowhere"] {
                let other = await Self.refusal {
                    _ = try await act(.withdrawSource, body.replacing("bills", with: topic), key: topic)
                }
                #expect(other?.status == 422, "\(topic)")
            }
            #expect(try await act(.restoreSource, body, key: "r") == 200)
            try await wait("both bills count") { score() == 520 }
            let notWithdrawn = await Self.refusal { _ = try await act(.restoreSource, body, key: "r2") }
            #expect(notWithdrawn?.code == "not-withdrawn")
            #expect(book.lines.contains("ana withdraw-source - the contract ended done"))
            // The outcome of each act, with its topic.
            let topics = book.records.flatMap(\.details).filter { $0.name == "topic" }.map(\.value)
            #expect(topics == ["bills", "bills"])
        }
    }

    @Test func anActivationThatNeedsTwoPeopleIsDoneByTheSecond() async throws {
        try await running { service, kafka in
            let audit = try AuditWriter(kafka, topic: "audit", member: "one", logger: logger)
            let index = AuditIndex(writer: audit)
            index.follow(kafka, topic: "audit", logger: logger)
            let acts = try ControlActs(service, kafka: kafka, signer: nil, logger: logger)
            defer {
                acts.close()
                index.close()
                audit.close()
            }
            try await wait("all is read") { acts.isReady && audit.isReady && index.isRead }
            let desk = ControlDesk(
                acts, audit: audit, fourEyes: FourEyes(acts: ["activate"], writer: audit, index: index), logger: logger)
            let body = Self.activation(of: 2)
            let hash = PolicyHash.of(String(decoding: body, as: UTF8.self))
            let proposed = try await desk.act(.activate, body: body, by: Self.ana, key: "k")
            #expect(proposed.status == 202)
            func version() -> Int64? { service.partitions.first?.policy?.version }
            try await wait("the proposal is known") { !desk.proposals().isEmpty }
            let id = try #require(desk.openProposals.first)
            // Asked for again, it is the same proposal.
            #expect(try await desk.act(.activate, body: body, by: Self.ana, key: "k").status == 202)
            #expect(desk.openProposals.count == 1)
            let own = await Self.refusal { _ = try await desk.approve(id, hash: hash, by: Self.ana) }
            #expect(own?.code == "four-eyes" && own?.status == 403)
            #expect(version() == 1)
            let done = try await desk.approve(id, hash: hash, by: Self.ben, wait: 60)
            #expect(done.status == 200)
            try await wait("switched") { version() == 2 }
            let again = try await desk.approve(id, hash: hash, by: Self.ben, wait: 60)
            #expect(String(decoding: again.json, as: UTF8.self).contains(#""repeated":true"#))
            let late = await Self.refusal {
                _ = try await desk.approve(id, hash: hash, by: Caller(name: "cleo", roles: [.operator]))
            }
            #expect(late?.code == "proposal-closed")
            var event = ""
            try TopicScan(kafka, topic: "control").forEach {
                event += String(decoding: $1.value ?? .init(start: nil, count: 0), as: UTF8.self)
            }
            #expect(event.contains(#""actor":"ana""#) && event.contains(#""approvedby":"ben""#))
        }
    }
}

extension ControlDesk {
    fileprivate struct List: Decodable {
        struct Proposal: Decodable { let id: String }
        let proposals: [Proposal]
    }

    fileprivate var openProposals: [String] {
        (try? JSONDecoder().decode(List.self, from: Data(proposals().json)))?.proposals.map(\.id) ?? []
    }
}

extension ControlDesk.Reply {
    fileprivate var isEmpty: Bool { json == Array(#"{"proposals":[],"refused":[]}"#.utf8) }
}
