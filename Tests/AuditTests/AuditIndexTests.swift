import Access
import Events
import Ledger
import Testing

@testable import Audit

/// What is remembered of the audit, without a broker.
@Suite struct AuditIndexTests {
    private static func value(
        _ number: Int64, _ actor: String = "nora", _ action: String = "readFile", of subject: String? = "ada",
        details: [(name: String, value: String)] = [], at seconds: Int64 = 1_700_000_000, outcome: String = "allowed",
        previous: String = AuditTopic.genesis, signedWith keyring: Keyring? = nil, of origin: AuditOrigin = origin
    ) -> [UInt8] {
        AuditEntry(
            AuditRecord(
                actor: actor, action: action, subject: subject.map { Array($0.utf8) }, purpose: "appeal",
                outcome: outcome, details: details),
            at: Timestamp(microseconds: seconds * 1_000_000), writer: "one/a", number: number, member: "one",
            previous: previous, after: -1, seen: AuditTopic.genesis, key: keyring?.signingKey
        ).value(signedWith: keyring, of: origin)
    }

    private static let origin = AuditOrigin(topic: "standing.audit", cluster: "here")

    /// `keyring`: the trusted keys; nil if no signature is needed.
    private static func index(_ values: [[UInt8]], trusting keyring: Keyring? = nil) -> AuditIndex {
        let index = AuditIndex()
        if let keyring { index.trust(keyring, of: origin) }
        for (offset, value) in values.enumerated() {
            value.withUnsafeBytes { _ = index.note($0, at: Int64(offset), of: 0) }
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
        Self.value(1).withUnsafeBytes { _ = index.note($0, at: 0, of: 0) }
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
        let broken = Self.index([values[0], values[2]]).chains
        let findings = broken.findings
        #expect(broken.findingCount == Int64(findings.count))
        #expect(findings.map(\.offset) == [1])
    }

    // MARK: Proposals

    private static let body = #"{"reason":"fairer"}"#

    private static func proposal(
        _ actor: String, hash: String = PolicyHash.of(body), signedWith keyring: Keyring? = nil,
        of origin: AuditOrigin = origin
    ) -> [UInt8] {
        value(
            1, actor, Proposal.proposing, of: nil,
            details: [
                ("proposal", "p-1"), ("act", "activate"), ("sha256", hash), ("expires", "2023-11-20T00:00:00Z"),
                ("body", body),
            ], signedWith: keyring, of: origin)
    }

    private static func decision(
        _ action: String, _ actor: String, hash: String = PolicyHash.of(body), signedWith keyring: Keyring? = nil
    ) -> [UInt8] {
        value(2, actor, action, of: nil, details: [("proposal", "p-1"), ("sha256", hash)], signedWith: keyring)
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

    /// Somebody who may write the topic, and has no key, writes in another person's name.
    @Test func whereKeysAreTrustedAProposalWithoutASignatureDoesNotCount() throws {
        let (keyring, publicFile) = try AuditChainTests.keyring()
        let (stranger, _) = try AuditChainTests.keyring(trusts: [publicFile])
        let elsewhere = AuditOrigin(topic: "standing.audit", cluster: "there")
        for (forged, reason) in [
            (Self.proposal("ana"), "it is not signed"),
            (Self.proposal("ana", signedWith: stranger), "key \(stranger.signingKey ?? "") is not trusted"),
            (
                Self.proposal("ana", signedWith: keyring, of: elsewhere),
                "the signature by key \(keyring.signingKey ?? "") is not good"
            ),
        ] {
            let index = Self.index([forged], trusting: keyring)
            #expect(index.proposal("p-1") == nil)
            #expect(index.refusedProposals == [RefusedProposal(id: "p-1", reason: reason)])
            let refused = forged.withUnsafeBytes { index.note($0, at: 1, of: 0) }
            #expect(refused == .init(id: "p-1", step: Proposal.proposing, reason: reason), "for the log")
            // Without trusted keys there is nothing to check it against.
            #expect(Self.index([forged]).proposal("p-1") != nil)
        }
        // The forged one takes no id from a signed one, whichever comes first.
        let (forged, signed) = (Self.proposal("mark"), Self.proposal("ana", signedWith: keyring))
        for values in [[forged, signed], [signed, forged]] {
            let index = Self.index(values, trusting: keyring)
            #expect(try #require(index.proposal("p-1")).proposer == "ana")
            #expect(index.refusedProposals == [])
        }
    }

    @Test func whereKeysAreTrustedADecisionWithoutASignatureDoesNotCount() throws {
        let (keyring, _) = try AuditChainTests.keyring()
        let proposal = Self.proposal("ana", signedWith: keyring)
        for action in [Proposal.approving, Proposal.withdrawing] {
            let index = Self.index([proposal], trusting: keyring)
            let refused = Self.decision(action, "ben").withUnsafeBytes { index.note($0, at: 1, of: 0) }
            #expect(refused == .init(id: "p-1", step: action, reason: "it is not signed"), "for the log")
            #expect(try #require(index.proposal("p-1")).state == .open)
        }
        let index = Self.index(
            [
                proposal, Self.decision(Proposal.withdrawing, "mark"),
                Self.decision(Proposal.approving, "ben", signedWith: keyring),
            ], trusting: keyring)
        #expect(try #require(index.proposal("p-1")).state == .approved(by: "ben"))
    }

    @Test func theNewestRefusedProposalsAreRemembered() throws {
        let (keyring, _) = try AuditChainTests.keyring()
        let count = ProposalTable.maximumRefused + 2
        let values = (1...count).map { number in
            let text = String(decoding: Self.proposal("ana"), as: UTF8.self)
            return Array(text.replacing("\"p-1\"", with: "\"p-\(number)\"").utf8)
        }
        let refused = Self.index(values, trusting: keyring).refusedProposals
        #expect(refused.count == ProposalTable.maximumRefused)
        #expect(refused.first?.id == "p-3" && refused.last?.id == "p-\(count)")
    }
}
