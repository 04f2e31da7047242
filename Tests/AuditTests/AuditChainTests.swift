import Access
import Events
import Foundation
import Ledger
import Testing

@testable import Audit

/// Chains of records, without a broker.
@Suite struct AuditChainTests {
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
                at: Timestamp(microseconds: 1_700_000_000_000_000), writer: writer, number: number,
                member: String(writer.prefix { $0 != "/" }), previous: previous, after: after?.offset ?? -1,
                seen: after.map { AuditTopic.hash(of: $0.value) } ?? AuditTopic.genesis, key: keyring?.signingKey)
            let value = entry.value(signedWith: keyring)
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
        // The first one is then what has expired.
        #expect(Self.findings(placed).isEmpty == false || index == 0)
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
    private static func keyring(trusts others: [String] = []) throws -> (keyring: Keyring, publicFile: String) {
        let (folder, files) = (FileManager.default.temporaryDirectory, Keyring.generate())
        let (signing, trusted) = (folder.appending(path: UUID().uuidString), folder.appending(path: UUID().uuidString))
        defer { for file in [signing, trusted] { try? FileManager.default.removeItem(at: file) } }
        try Data(files.privateFile.utf8).write(to: signing)
        try Data((others + [files.publicFile]).joined().utf8).write(to: trusted)
        return (try Keyring(signing: signing.path, trusted: trusted.path), files.publicFile)
    }

    private static func chain(_ values: [[UInt8]], trusting keyring: Keyring?) -> AuditChain {
        var chain = AuditChain(partition: 0, beginning: 0, keyring: keyring)
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

    @Test func aRecordWithoutASignatureIsFoundOnceItsMemberSigns() throws {
        let (keyring, _) = try Self.keyring()
        // The member is restarted with a key, and somebody else writes in its name. Another one has no key.
        let values = Self.topic([Session("one/a"), Session("one/b", keyring), Session("one/c"), Session("two/d")])
        let chain = Self.chain(values, trusting: keyring)
        #expect(chain.signed == 3 && chain.unsigned == 7 && chain.lastUnsigned == 8)
        #expect(chain.findings.map(\.offset) == [2, 4, 6, 8])
        #expect(chain.findings.allSatisfy { $0.reason == "it is not signed, and one signs its records since offset 1" })
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

/// What is remembered of the audit, without a broker.
@Suite struct AuditIndexTests {
    private static func value(
        _ number: Int64, _ actor: String = "nora", _ action: String = "readFile", of subject: String? = "ada",
        details: [(name: String, value: String)] = [], at seconds: Int64 = 1_700_000_000, outcome: String = "allowed",
        previous: String = AuditTopic.genesis
    ) -> [UInt8] {
        AuditEntry(
            AuditRecord(
                actor: actor, action: action, subject: subject.map { Array($0.utf8) }, purpose: "appeal",
                outcome: outcome, details: details),
            at: Timestamp(microseconds: seconds * 1_000_000), writer: "one/a", number: number, member: "one",
            previous: previous, after: -1, seen: AuditTopic.genesis
        ).json
    }

    private static func index(_ values: [[UInt8]]) -> AuditIndex {
        let index = AuditIndex()
        for (offset, value) in values.enumerated() {
            value.withUnsafeBytes { index.note($0, at: Int64(offset), of: 0) }
        }
        return index
    }

    @Test func theNewestLooksOfASubjectAreRemembered() {
        let count = AuditIndex.maximumLooks + 5
        let index = Self.index((1...count).map { Self.value(Int64($0), "person-\($0)") })
        let known = index.looks(at: "ada")
        #expect(known.looks.count == AuditIndex.maximumLooks)
        #expect(known.looks.first?.actor == "person-\(count)" && known.looks.last?.actor == "person-6")
        #expect(!known.isComplete)
        #expect(index.looks(at: "bob").looks.isEmpty)
    }

    @Test func aRecordThatIsReadTwiceCountsOnce() {
        let index = Self.index([Self.value(1)])
        Self.value(1).withUnsafeBytes { index.note($0, at: 0, of: 0) }
        #expect(index.looks(at: "ada").looks.count == 1)
    }

    @Test func theNewestActsOfANameAreRememberedIfTheyWereTaken() throws {
        func act(_ number: Int64, _ outcome: String) -> [UInt8] {
            Self.value(number, "nora", "decide-appeal", details: [("decision", "upheld")], outcome: outcome)
        }
        let count = Int64(2 * AuditIndex.maximumActs)
        let index = Self.index(
            [act(1, "requested"), act(2, "denied"), act(3, "pending")] + (4...count + 3).map { act($0, "done") })
        let acts = index.acts("decide-appeal")
        #expect(acts.count == AuditIndex.maximumActs + 1)
        #expect(acts.first?.detail("decision") == "upheld" && acts.first?.reason == "appeal")
        #expect(index.acts("activate").isEmpty)
    }

    @Test func theChainsAreCheckedWhileTheyAreRead() {
        var first = AuditTopic.genesis
        let values = (1...3).map { number -> [UInt8] in
            let value = Self.value(Int64(number), previous: first)
            first = AuditTopic.hash(of: value)
            return value
        }
        #expect(Self.index(values).chains == AuditIndex.Chains(records: 3))
        let findings = Self.index([values[0], values[2]]).chains.findings
        #expect(findings.map(\.offset) == [1])
    }

    // MARK: Proposals

    private static let body = #"{"reason":"fairer"}"#

    private static func proposal(_ actor: String, hash: String = PolicyHash.of(body)) -> [UInt8] {
        value(
            1, actor, Proposal.proposing, of: nil,
            details: [
                ("proposal", "p-1"), ("act", "activate"), ("sha256", hash), ("expires", "2023-11-20T00:00:00Z"),
                ("body", body),
            ])
    }

    private static func decision(_ action: String, _ actor: String, hash: String = PolicyHash.of(body)) -> [UInt8] {
        value(2, actor, action, of: nil, details: [("proposal", "p-1"), ("sha256", hash)])
    }

    @Test func aSecondPersonApproves() throws {
        let index = Self.index([Self.proposal("ana"), Self.decision(Proposal.approving, "ben")])
        #expect(try #require(index.proposal("p-1")).state == .approved(by: "ben"))
    }

    @Test func whateverTheTopicSaysNobodyApprovesTheirOwn() throws {
        let index = Self.index([
            Self.proposal("ana"), Self.decision(Proposal.approving, "ana"),
            Self.decision(Proposal.approving, "ben", hash: PolicyHash.of("something else")),
        ])
        #expect(try #require(index.proposal("p-1")).state == .open)
        #expect(index.proposals(at: Timestamp(microseconds: 1_700_000_000_000_000)).map(\.id) == ["p-1"])
        #expect(index.proposals(at: Timestamp(microseconds: 1_800_000_000_000_000)) == [])
    }

    @Test func theFirstDecisionCounts() throws {
        let index = Self.index([
            Self.proposal("ana"), Self.decision(Proposal.withdrawing, "ana"), Self.decision(Proposal.approving, "ben"),
        ])
        #expect(try #require(index.proposal("p-1")).state == .withdrawn(by: "ana"))
    }

    @Test func aProposalWhoseHashIsAnotherIsNone() {
        #expect(Self.index([Self.proposal("ana", hash: PolicyHash.of("x"))]).proposal("p-1") == nil)
    }
}
