import Access
import Events
import Foundation
import Kafka
import Ledger
import Logging
import Testing

@testable import Audit

/// The audit on librdkafka's broker.
@Suite(.serialized) struct AuditWriterTests {
    private static let topic = "audit"
    private static let patience = Duration.seconds(60)

    private let broker: EmbeddedBroker
    private let kafka: KafkaConfiguration
    private let logger = Logger(label: "audit-tests", factory: { _ in SwiftLogNoOpLogHandler() })

    init() throws {
        broker = try EmbeddedBroker()
        try broker.createTopic(Self.topic, partitions: 1)
        kafka = KafkaConfiguration(brokers: broker.bootstrap, fetchWaitMilliseconds: 10)
    }

    private func wait(_ what: Comment, until condition: () throws -> Bool) async throws {
        let end = ContinuousClock.now + Self.patience
        while try !condition() {
            try #require(ContinuousClock.now < end, what)
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    private func writer(_ member: String) async throws -> AuditWriter {
        let writer = try AuditWriter(kafka, topic: Self.topic, member: member, logger: logger)
        try await wait("the audit is open") { writer.isReady }
        return writer
    }

    private static func look(_ number: Int, by actor: String, at subject: String = "ada") -> AuditRecord {
        AuditRecord(
            actor: actor, action: "readFile", subject: Array(subject.utf8), purpose: "appeal \(number)",
            outcome: "allowed")
    }

    private func values() throws -> [[UInt8]] {
        var values: [[UInt8]] = []
        try TopicScan(kafka, topic: Self.topic).forEach { values.append($1.value.map(Array.init) ?? []) }
        return values
    }

    @Test func whatIsAppendedByTwoMembersIsReadAndProved() async throws {
        let (one, two) = (try await writer("one"), try await writer("two"))
        defer {
            one.close()
            two.close()
            withExtendedLifetime(broker) {}
        }
        // Many at a time, so that batches are.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                group.addTask {
                    try await (number % 2 == 0 ? one : two).append(
                        Self.look(number, by: "person-\(number % 5)", at: number == 7 ? "bob" : "ada"))
                }
            }
            try await group.waitForAll()
        }
        let reader = AuditReader(kafka, topic: Self.topic)
        let chain = try #require(try reader.verify().first).chain
        // Each session's opening record is one.
        #expect(chain.records == 102 && chain.findings == [])

        var filter = AuditReader.Filter()
        filter.subject = "bob"
        #expect(try reader.page(filter, limit: 10).found.map(\.entry.purpose) == ["appeal 7"])
        filter = AuditReader.Filter()
        filter.actor = "person-3"
        var (found, cursor) = ([String](), AuditReader.Cursor?.none)
        for _ in 0..<10 {
            let page = try reader.page(filter, before: cursor, limit: 7)
            found += page.found.compactMap(\.entry.purpose)
            #expect(page.found.count <= 7)
            guard let next = page.next else { break }
            cursor = AuditReader.Cursor(next.description)
            #expect(cursor == next)
        }
        #expect(Set(found) == Set((0..<100).filter { $0 % 5 == 3 }.map { "appeal \($0)" }))
        #expect(found.count == 20)
    }

    @Test func aWriterWithAKeySignsItsRecords() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(Keyring.generate().privateFile.utf8).write(to: file)
        let keyring = try Keyring(signing: file.path)
        let one = try AuditWriter(kafka, topic: Self.topic, member: "one", keyring: keyring, logger: logger)
        try await wait("the audit is open") { one.isReady }
        let two = try await writer("two")
        for number in 0..<5 { try await (number < 3 ? one : two).append(Self.look(number, by: "nora")) }
        for writer in [one, two] { writer.close() }
        let cluster = try #require(try Admin(kafka).clusterID())
        func chain(of cluster: String) throws -> AuditChain {
            let trust = AuditTrust(keyring, of: [AuditOrigin(topic: Self.topic, cluster: cluster)])
            return try #require(try AuditReader(kafka, topic: Self.topic).verify(trust).first).chain
        }
        let here = try chain(of: cluster)
        #expect(here.signed == 4 && here.unsigned == 3)
        #expect(here.findings.map(\.reason) == ["it is not signed", "it is not signed", "it is not signed"])
        #expect(try chain(of: "another").findingCount == 7)
        withExtendedLifetime(broker) {}
    }

    @Test func aRecordTakenOutOfTheTopicIsFound() async throws {
        let one = try await writer("one")
        for number in 0..<5 { try await one.append(Self.look(number, by: "nora")) }
        one.close()
        var values = try values()
        #expect(values.count == 6)
        values.remove(at: 3)
        // The topic is made anew without it.
        let copy = "audit-copy"
        try broker.createTopic(copy, partitions: 1)
        let producer = try AcknowledgedProducer(
            kafka, topics: [copy], maximumQueued: 10, longestWait: Self.patience)
        for value in values { _ = try await producer.send(to: copy, key: nil) { _ in value } }
        producer.close()
        let chain = try #require(try AuditReader(kafka, topic: copy).verify().first).chain
        #expect(chain.findings.contains { $0.reason.contains("record 3 of one/") }, "\(chain.findings)")
        withExtendedLifetime(broker) {}
    }

    @Test func aWriterThatStartsAgainNamesTheLastRecord() async throws {
        let one = try await writer("one")
        try await one.append(Self.look(1, by: "nora"))
        one.close()
        let again = try await writer("one")
        again.close()
        var values = try values()
        #expect(values.count == 3)
        // The last record of the session before is changed: no record of its own session follows it.
        values[1] = Array(String(decoding: values[1], as: UTF8.self).replacing("nora", with: "mark").utf8)
        var chain = AuditChain(partition: 0, beginning: 0)
        for (offset, value) in values.enumerated() { value.withUnsafeBytes { chain.note($0, at: Int64(offset)) } }
        #expect(chain.findings.map(\.offset) == [2])
        withExtendedLifetime(broker) {}
    }

    @Test func whileTheBrokerIsAwayRecordsAreRefused() async throws {
        let one = try await writer("one")
        defer { one.close() }
        try await one.append(Self.look(1, by: "nora"))
        broker.moveLeader(of: TopicPartition(Self.topic, 0), to: EmbeddedBroker.nobody)
        await #expect(throws: AuditFailure.self) { try await one.append(Self.look(2, by: "nora")) }
        broker.moveLeader(of: TopicPartition(Self.topic, 0), to: 1)
        var isBack = false
        let end = ContinuousClock.now + Self.patience
        while !isBack, ContinuousClock.now < end {
            isBack = (try? await one.append(Self.look(3, by: "nora"))) != nil
            if !isBack { try await Task.sleep(for: .milliseconds(100)) }
        }
        #expect(isBack)
        var (total, read): (Int64, Int64) = (0, 0)
        let partitions = try AuditReader(kafka, topic: Self.topic).verify {
            total = $0
        } progress: {
            read += $0
        }
        #expect(try #require(partitions.first).chain.findings == [])
        #expect(total > 0 && read == total, "every offset is counted once")
        withExtendedLifetime(broker) {}
    }

    @Test func membersKnowWhoLookedAndWhatIsProposed() async throws {
        let (one, two) = (try await writer("one"), try await writer("two"))
        let (here, there) = (AuditIndex(writer: one), AuditIndex(writer: two))
        here.follow(kafka, topic: Self.topic, logger: logger)
        there.follow(kafka, topic: Self.topic, logger: logger)
        defer {
            for index in [here, there] { index.close() }
            for writer in [one, two] { writer.close() }
            withExtendedLifetime(broker) {}
        }
        try await wait("both have read the topic") { here.isRead && there.isRead }
        try await one.append(Self.look(1, by: "nora"))
        try await wait("the other member knows") { there.looks(at: "ada").looks.count == 1 }
        #expect(there.looks(at: "ada").isComplete)

        let (desk, board) = (
            FourEyes(acts: ["activate"], writer: one, index: here),
            FourEyes(acts: ["activate"], writer: two, index: there)
        )
        let (ana, ben) = (Caller(name: "ana", roles: [.operator]), Caller(name: "ben", roles: [.operator]))
        let body = #"{"reason":"fairer"}"#
        let id = try await desk.propose("activate", body: body, reason: "fairer", by: ana, id: "p-1")
        try await wait("the other member knows the proposal") { board.proposal(id) != nil && desk.proposal(id) != nil }
        let hash = PolicyHash.of(body)
        await #expect(throws: FourEyes.Refusal.own) { try await desk.approve(id, hash: hash, by: ana) }
        await #expect(throws: FourEyes.Refusal.differs) {
            try await board.approve(id, hash: PolicyHash.of("other"), by: ben)
        }
        let approved = try await board.approve(id, hash: hash, by: ben)
        #expect(approved.body == body && approved.proposer == "ana" && approved.state == .approved(by: "ben"))
        // Asked once more, as after a crash between the approval and the act.
        #expect(try await board.approve(id, hash: hash, by: ben) == approved)
        try await wait("the first member knows") { desk.open.isEmpty }
        let cleo = Caller(name: "cleo", roles: [.operator])
        await #expect(throws: FourEyes.Refusal.closed(by: "ben")) { try await desk.approve(id, hash: hash, by: cleo) }
    }
}
