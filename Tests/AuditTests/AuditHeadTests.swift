import Access
import Events
import Foundation
import Kafka
import Ledger
import Logging
import Testing

@testable import Audit

/// What members have vouched for shows what is cut off at the audit's ends.
@Suite struct AuditHeadTests {
    private static let origin = AuditOrigin(topic: "standing.audit", cluster: "here")
    private static let begin = Timestamp(microseconds: 1_700_000_000_000_000)
    private static let hashes = (0..<10).map { AuditTopic.hash(of: Array("record \($0)".utf8)) }

    private static func time(_ seconds: Int64) -> Timestamp { begin.adding(microseconds: seconds * 1_000_000) }

    /// The head of the record at an offset, of which each has the second after the one before it.
    private static func head(_ offset: Int64, hash: String? = nil, partition: Int32 = 0) -> AuditHead {
        AuditHead(
            topic: origin.topic, cluster: origin.cluster, partition: partition, offset: offset,
            hash: hash ?? hashes[Int(offset)], time: time(offset), member: "one")
    }

    /// The findings about the heads where the topic has the records of `range`.
    private static func findings(
        _ heads: [AuditHead], in range: Range<Int64>, expired: Timestamp? = nil
    ) -> [AuditChain.Finding] {
        var chain = AuditChain(partition: 0, beginning: range.lowerBound, heads: heads)
        var (after, seen) = (Int64(-1), AuditTopic.genesis)
        for offset in range {
            let entry = AuditEntry(
                AuditRecord(actor: "nora", action: "readFile", subject: nil, purpose: nil, outcome: "allowed"),
                at: time(offset), writer: "one/a", number: offset + 1, member: "one",
                previous: offset == 0 ? AuditTopic.genesis : hashes[Int(offset) - 1], after: after, seen: seen)
            chain.note(entry, hash: hashes[Int(offset)], at: offset)
            (after, seen) = (offset, hashes[Int(offset)])
        }
        chain.close(at: range.upperBound, expired: expired)
        return chain.findings
    }

    @Test func whatIsCutOffAtTheEndIsFound() {
        let heads = [Self.head(0), Self.head(4), Self.head(9)]
        #expect(Self.findings(heads, in: 0..<10) == [])
        // The chains of what is left are right.
        #expect(Self.findings([], in: 0..<7) == [])
        let cut = Self.findings(heads, in: 0..<7)
        #expect(cut.map(\.offset) == [9] && cut[0].reason.hasSuffix("and the topic ends at 7"), "\(cut)")
        #expect(Self.findings(heads, in: 0..<0).map(\.offset) == [9])
    }

    @Test func aRecordInThePlaceOfAnotherIsFound() {
        let other = AuditTopic.hash(of: Array("another".utf8))
        let findings = Self.findings([Self.head(3), Self.head(6, hash: other)], in: 0..<10)
        #expect(findings.map(\.offset) == [6] && findings[0].reason.contains("one has vouched for"), "\(findings)")
    }

    @Test func whatIsCutOffAtTheBeginningIsFoundUnlessItHasExpired() {
        let heads = [Self.head(1), Self.head(3), Self.head(9)]
        #expect(Self.findings(heads, in: 5..<10) == [], "nothing is known of what may have expired")
        #expect(Self.findings(heads, in: 5..<10, expired: Self.time(4)) == [])
        let cut = Self.findings(heads, in: 5..<10, expired: Self.time(2))
        #expect(cut.map(\.offset) == [3] && cut[0].reason.hasSuffix("it has not expired since"), "\(cut)")
        // By a call that removes all records.
        #expect(Self.findings(heads, in: 10..<10, expired: Self.time(2)).map(\.offset) == [9])
    }

    @Test func onlyWhatATrustedKeySignedForTheAuditCounts() throws {
        let (keyring, publicFile) = try AuditChainTests.keyring()
        let (stranger, _) = try AuditChainTests.keyring(trusts: [publicFile])
        var heads = AuditHeads(try #require(AuditTrust(keyring, of: [Self.origin])))
        func note(_ json: [UInt8]) { json.withUnsafeBytes { heads.note($0) } }
        let signed = try #require(SignedAuditHead(Self.head(4, partition: 2), signedWith: keyring))
        note(signed.json)
        #expect(heads.of(2) == [signed.head] && heads.of(0) == [] && heads.partitions == 3)
        for (old, new) in [
            ("\"offset\":4", "\"offset\":5"), ("\"member\":\"one\"", "\"member\":\"two\""),
            (signed.head.hash, Self.hashes[0]),
        ] {
            let text = String(decoding: signed.json, as: UTF8.self)
            try #require(text.contains(old))
            note(Array(text.replacing(old, with: new).utf8))
        }
        note(try #require(SignedAuditHead(Self.head(5), signedWith: stranger)).json)
        var other = Self.head(5)
        other.cluster = "there"
        note(try #require(SignedAuditHead(other, signedWith: keyring)).json)
        other = Self.head(5)
        other.topic = "trial.standing.audit"
        note(try #require(SignedAuditHead(other, signedWith: keyring)).json)
        note(Array("{}".utf8))
        heads.note(nil)
        #expect(heads.count == 1)
        #expect(SignedAuditHead(Self.head(5), signedWith: try Keyring()) == nil)
    }

    /// Of a topic that was lost and made anew, the heads of the lost one are left out.
    @Test func headsCountFromATimeOn() throws {
        let (keyring, _) = try AuditChainTests.keyring()
        let trust = try #require(AuditTrust(keyring, of: [Self.origin]))
        var heads = AuditHeads(trust, since: Self.head(4).time)
        for offset: Int64 in [3, 4, 5] {
            let signed = try #require(SignedAuditHead(Self.head(offset), signedWith: keyring))
            signed.json.withUnsafeBytes { heads.note($0) }
        }
        #expect(heads.of(0).map(\.offset) == [4, 5] && heads.count == 2)
    }

    @Test func aMemberThatReadsSeesThatTheEndIsCutOff() {
        let index = AuditIndex()
        for offset in 0..<6 { Array("{}".utf8).withUnsafeBytes { _ = index.note($0, at: Int64(offset), of: 0) } }
        let before = index.chains.findings.count
        // Six records have been read, and the topic that was made anew has four.
        let cut = index.restart(0, at: 4)
        #expect(cut?.offset == 4 && cut?.reason.hasSuffix("the record at 5") == true)
        #expect(index.chains.findings.count == before + 1)
        for offset in 0..<6 { Array("{}".utf8).withUnsafeBytes { _ = index.note($0, at: Int64(offset), of: 0) } }
        // Where records have expired before they were read, nothing was cut off.
        #expect(index.restart(0, at: 9) == nil && index.restart(1, at: 0) == nil)
    }
}

extension AuditHeadTests {
    /// Members on librdkafka's broker, and the same audit without its end.
    @Test func aMembersHeadsProveTheEndOfTheTopic() async throws {
        let broker = try EmbeddedBroker()
        defer { withExtendedLifetime(broker) {} }
        for topic in ["audit", "heads"] { try broker.createTopic(topic, partitions: 1) }
        let kafka = KafkaConfiguration(brokers: broker.bootstrap, fetchWaitMilliseconds: 10)
        let logger = Logger(label: "audit-tests", factory: { _ in SwiftLogNoOpLogHandler() })
        let (keyring, _) = try AuditChainTests.keyring()
        let writer = try AuditWriter(kafka, topic: "audit", member: "one", keyring: keyring, logger: logger)
        let publisher = AuditHeadPublisher(kafka, topic: "heads", writer: writer, keyring: keyring, logger: logger)
        func values(of topic: String) throws -> [[UInt8]] {
            var values: [[UInt8]] = []
            try TopicScan(kafka, topic: topic).forEach { values.append($1.value.map(Array.init) ?? []) }
            return values
        }
        func wait(_ what: Comment, until condition: () throws -> Bool) async throws {
            let end = ContinuousClock.now + .seconds(60)
            while try !condition() {
                try #require(ContinuousClock.now < end, what)
                try await Task.sleep(for: .milliseconds(10))
            }
        }
        try await wait("the first head") { try values(of: "heads").count == 1 }
        for number in 0..<5 {
            try await writer.append(
                AuditRecord(
                    actor: "nora", action: "readFile", subject: nil, purpose: "\(number)", outcome: "allowed"))
        }
        // The interval is not over, so the next one is the last.
        publisher.close()
        writer.close()
        #expect(try values(of: "heads").count == 2)
        let cluster = try #require(try Admin(kafka).clusterID())
        let trust = try #require(AuditTrust(keyring, of: [AuditOrigin(topic: "audit", cluster: cluster)]))
        var heads = AuditHeads(trust)
        for value in try values(of: "heads") { value.withUnsafeBytes { heads.note($0) } }
        #expect(heads.of(0).map(\.offset) == [0, 5])
        func chain(of topic: String) throws -> AuditChain {
            let chains = try AuditReader(kafka, topic: topic).verify(trust, heads: heads)
            return chains[0].chain
        }
        #expect(try chain(of: "audit").findings == [])

        // The topic without its last two records: all that is left is signed, and its chains are right.
        try broker.createTopic("cut", partitions: 1)
        let producer = try AcknowledgedProducer(kafka, topics: ["cut"], maximumQueued: 10, longestWait: .seconds(60))
        for value in try values(of: "audit").dropLast(2) {
            _ = try await producer.send(to: "cut", key: nil) { _ in value }
        }
        producer.close()
        let alone = try #require(try AuditReader(kafka, topic: "cut").verify(trust).first).chain
        #expect(alone.findings == [] && alone.signed == 4)
        let cut = try chain(of: "cut").findings
        #expect(cut.map(\.offset) == [5] && cut[0].reason.hasPrefix("it is missing: one has vouched"), "\(cut)")
    }
}
