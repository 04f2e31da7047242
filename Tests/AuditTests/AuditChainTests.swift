import Access
import Events
import Foundation
import Ledger
import Testing

@testable import Audit

/// Chains of records, without a broker.
@Suite struct AuditChainTests {
    private static let origin = AuditOrigin(topic: "standing.audit", cluster: "here")
    /// The time of the first record. Each has the second after the one before it.
    private static let begin = Timestamp(microseconds: 1_700_000_000_000_000)

    /// Writes as a writer does.
    private struct Session {
        let writer: String
        let keyring: Keyring?
        var number: Int64 = 0
        var previous = AuditTopic.genesis

        init(_ writer: String, _ keyring: Keyring? = nil) { (self.writer, self.keyring) = (writer, keyring) }

        mutating func record(
            _ action: String = "readFile", after: (offset: Int64, value: [UInt8])?
        ) -> [UInt8] {
            number += 1
            let entry = AuditEntry(
                AuditRecord(
                    actor: "nora", action: action, subject: Array("ada".utf8), purpose: nil, outcome: "allowed"),
                at: begin.adding(microseconds: ((after?.offset ?? -1) + 1) * 1_000_000), writer: writer, number: number,
                member: String(writer.prefix { $0 != "/" }), previous: previous, after: after?.offset ?? -1,
                seen: after.map { AuditTopic.hash(of: $0.value) } ?? AuditTopic.genesis, key: keyring?.signingKey)
            let value = entry.value(signedWith: keyring, of: AuditChainTests.origin)
            previous = AuditTopic.hash(of: value)
            return value
        }
    }

    /// Ten records of two writers in turn, each naming the one before it.
    private static func topic(_ one: Keyring? = nil, _ two: Keyring? = nil) -> [[UInt8]] {
        topic([Session("one/a", one), Session("two/b", two)])
    }

    private static func topic(_ sessions: [Session]) -> [[UInt8]] {
        var sessions = sessions
        var values: [[UInt8]] = []
        for index in 0..<10 {
            let last = values.last.map { (Int64(values.count - 1), $0) }
            values.append(sessions[index % sessions.count].record(after: last))
        }
        return values
    }

    private static func findings(
        _ values: [(offset: Int64, value: [UInt8])], beginning: Int64 = 0
    ) -> [AuditChain.Finding] {
        var chain = AuditChain(partition: 0, beginning: beginning)
        for (offset, value) in values { value.withUnsafeBytes { chain.note($0, at: offset) } }
        #expect(chain.records == Int64(values.count) && chain.findingCount == Int64(chain.findings.count))
        return chain.findings
    }

    private static func placed(_ values: [[UInt8]]) -> [(offset: Int64, value: [UInt8])] {
        values.enumerated().map { (Int64($0), $1) }
    }

    @Test func whatWasWrittenProvesItself() { #expect(Self.findings(Self.placed(Self.topic())) == []) }

    @Test(arguments: 0..<9) func aRecordRemovedFromTheMiddleIsFound(index: Int) {
        // By somebody who makes the topic anew: the offsets have no hole.
        var values = Self.topic()
        values.remove(at: index)
        #expect(!Self.findings(Self.placed(values)).isEmpty)
        // By somebody who takes it out of the broker's files.
        var placed = Self.placed(Self.topic())
        placed.remove(at: index)
        #expect(!Self.findings(placed).isEmpty)
        // What expires at the topic's beginning is no finding.
        if index == 0 { #expect(Self.findings(placed, beginning: 1) == []) }
    }

    @Test(arguments: 0..<9) func aRecordThatWasChangedIsFound(index: Int) {
        var values = Self.topic()
        let text = String(decoding: values[index], as: UTF8.self)
        values[index] = Array(text.replacing("\"nora\"", with: "\"mark\"").utf8)
        #expect(values[index] != Array(text.utf8))
        #expect(!Self.findings(Self.placed(values)).isEmpty)
    }

    @Test func recordsInAnotherOrderAreFound() {
        var values = Self.topic()
        values.swapAt(4, 6)
        #expect(!Self.findings(Self.placed(values)).isEmpty)
    }

    @Test func whatHasExpiredIsNoFinding() {
        let rest = Array(Self.placed(Self.topic()).dropFirst(5))
        #expect(Self.findings(rest, beginning: 5) == [])
        // Where nothing has expired, a chain begins with its first record.
        #expect(!Self.findings(Self.placed(Array(Self.topic().dropFirst(5)))).isEmpty)
    }

    // MARK: Signatures

    /// A key of its own, which trusts the public keys of `others`.
    static func keyring(trusts others: [String] = []) throws -> (keyring: Keyring, publicFile: String) {
        let (folder, files) = (FileManager.default.temporaryDirectory, Keyring.generate())
        let (signing, trusted) = (folder.appending(path: UUID().uuidString), folder.appending(path: UUID().uuidString))
        defer { for file in [signing, trusted] { try? FileManager.default.removeItem(at: file) } }
        try Data(files.privateFile.utf8).write(to: signing)
        try Data((others + [files.publicFile]).joined().utf8).write(to: trusted)
        return (try Keyring(signing: signing.path, trusted: trusted.path), files.publicFile)
    }

    /// `seconds`: the records of so many seconds need no signature.
    private static func chain(
        _ values: [[UInt8]], trusting keyring: Keyring?, of origins: [AuditOrigin] = [origin],
        unsigned seconds: Int64 = 0
    ) -> AuditChain {
        let unsignedBefore = seconds == 0 ? nil : begin.adding(microseconds: seconds * 1_000_000)
        let trust = keyring.flatMap { AuditTrust($0, of: origins, unsignedBefore: unsignedBefore) }
        var chain = AuditChain(partition: 0, beginning: 0, trust: trust)
        for (offset, value) in values.enumerated() { value.withUnsafeBytes { chain.note($0, at: Int64(offset)) } }
        return chain
    }

    @Test func whatTrustedKeysSignedProvesItself() throws {
        let (one, publicFile) = try Self.keyring()
        let (two, _) = try Self.keyring(trusts: [publicFile])
        let values = Self.topic(one, two)
        let chain = Self.chain(values, trusting: two)
        #expect(chain.findings == [] && chain.signed == 10 && chain.unsigned == 0 && chain.lastUnsigned == nil)
        for value in values {
            let entry = try #require(value.withUnsafeBytes { AuditEntry(json: $0) })
            #expect(entry.json == value && entry.key != nil && entry.signature?.utf8.count == 128)
        }
        // Who does not trust the other's key has a finding for each of its records.
        let findings = Self.chain(values, trusting: one).findings
        #expect(findings.map(\.offset) == [1, 3, 5, 7, 9])
        #expect(findings.allSatisfy { $0.reason == "key \(two.signingKey ?? "") is not trusted" }, "\(findings)")
        #expect(Self.chain(values, trusting: try Keyring()).findings == [])
    }

    /// Somebody without the key makes the chains anew after a change: only the signatures are wrong.
    @Test func whoMakesTheChainsAnewCannotSignThem() throws {
        let (keyring, _) = try Self.keyring()
        var sessions = [Session("one/a", keyring)]
        var values: [[UInt8]] = []
        for index in 0..<6 {
            let last = values.last.map { (Int64(values.count - 1), $0) }
            var value = sessions[0].record(after: last)
            if index == 3 {
                value = Array(String(decoding: value, as: UTF8.self).replacing("\"nora\"", with: "\"mark\"").utf8)
                sessions[0].previous = AuditTopic.hash(of: value)
            }
            values.append(value)
        }
        #expect(Self.chain(values, trusting: nil).findings == [])
        let findings = Self.chain(values, trusting: keyring).findings
        #expect(findings.map(\.offset) == [3] && findings[0].reason.hasSuffix("is not good"), "\(findings)")
    }

    @Test func aRecordWithoutASignatureIsFound() throws {
        let (keyring, _) = try Self.keyring()
        // The member is restarted with a key, and somebody else writes in its name. Another one has no key.
        let values = Self.topic([Session("one/a"), Session("one/b", keyring), Session("one/c"), Session("two/d")])
        var chain = Self.chain(values, trusting: keyring)
        #expect(chain.signed == 3 && chain.unsigned == 7 && chain.lastUnsigned == 8)
        #expect(chain.findings.map(\.offset) == [0, 2, 3, 4, 6, 7, 8])
        // Of the time before all had keys, only those of a member that had signed already.
        chain = Self.chain(values, trusting: keyring, unsigned: 7)
        #expect(chain.unsigned == 7 && chain.findings.map(\.offset) == [2, 4, 6, 7, 8])
        #expect(chain.findings[0].reason == "it is not signed, and one signs its records since offset 1")
        #expect(chain.findings[3].reason == "it is not signed")
        #expect(Self.chain(values, trusting: nil).findings == [])
    }

    /// Somebody without a key takes `key` and `signature` from every record and makes the chains anew.
    @Test func whoRemovesEverySignatureIsFound() throws {
        let (keyring, _) = try Self.keyring()
        let signed = Self.topic(keyring, keyring)
        #expect(Self.chain(signed, trusting: keyring).findings == [])
        // These are the same records without a key, and the chains are right.
        let stripped = Self.topic()
        #expect(Self.chain(stripped, trusting: nil).findings == [])
        #expect(Self.chain(stripped, trusting: keyring).findings.map(\.offset) == Array(0..<10))
        #expect(Self.chain(stripped, trusting: keyring, unsigned: 4).findings.map(\.offset) == Array(4..<10))
    }

    @Test func aSessionHasOneKey() throws {
        let (one, publicFile) = try Self.keyring()
        let (two, _) = try Self.keyring(trusts: [publicFile])
        // Two trusted members, and from the third record on one of them writes in the other's session.
        var (session, other) = (Session("one/a", one), Session("one/a", two))
        var values: [[UInt8]] = []
        for index in 0..<4 {
            let last = values.last.map { (Int64(values.count - 1), $0) }
            if index == 2 { (other.number, other.previous) = (session.number, session.previous) }
            values.append(index < 2 ? session.record(after: last) : other.record(after: last))
        }
        let findings = Self.chain(values, trusting: two).findings
        #expect(findings.map(\.offset) == [2] && findings[0].reason.contains("a session has one key"), "\(findings)")
    }

    @Test func aSignatureIsForOneTopicOfOneCluster() throws {
        let (keyring, _) = try Self.keyring()
        let values = Self.topic(keyring, keyring)
        for origin in [
            AuditOrigin(topic: "trial.standing.audit", cluster: "here"),
            AuditOrigin(topic: "standing.audit", cluster: "there"),
        ] {
            let findings = Self.chain(values, trusting: keyring, of: [origin]).findings
            #expect(findings.count == 10 && findings[0].reason.hasSuffix("is not good"), "\(findings)")
            // Such a topic can be a copy of the one that they were signed for.
            #expect(Self.chain(values, trusting: keyring, of: [origin, Self.origin]).findings == [])
        }
    }

    @Test func aSignatureIsTheLastMember() throws {
        let (keyring, _) = try Self.keyring()
        var values = Self.topic(keyring, keyring)
        values[9] = values[9].dropLast() + Array(",\"actor\":\"mark\"}".utf8)
        #expect(Self.chain(values, trusting: keyring).findings.map(\.offset) == [9])
    }

    @Test func aRecordOfSomebodyElseIsFound() {
        var values = Self.placed(Self.topic())
        values.append((10, Array("{}".utf8)))
        #expect(Self.findings(values).map(\.offset) == [10])
    }

    @Test func anEntryIsReadAsItWasWritten() throws {
        let entry = AuditEntry(
            AuditRecord(
                actor: "no\"ra", action: "void", subject: Array("a\u{1}da".utf8), purpose: "a\nb", outcome: "done",
                details: [("event", "api-1"), ("event", "api-2")]),
            at: Timestamp(microseconds: 1_700_000_000_123_456), writer: "one/a", number: 7, member: "one",
            previous: AuditTopic.genesis, after: 3, seen: AuditTopic.genesis)
        let read = try #require(entry.json.withUnsafeBytes { AuditEntry(json: $0) })
        #expect(read == entry)
        #expect(read.detail("event") == "api-1" && read.detail("none") == nil)
    }
}
