import Events
import Ledger
import Policy
import Replay
import Scoring
import Simulation
import Testing

@Suite struct PartitionFoldTests {
    let ledger = LedgerPartition()
    private let policy = LedgerEntry.policy(TestPolicy.text)

    private func begin() throws { try ledger.apply(LedgerEntry.frame([policy]), at: 0) }

    // MARK: The policy

    @Test func aPartitionBeginsEmpty() {
        #expect(ledger.nextOffset == 0)
        #expect(ledger.fold.policyText == "")
        #expect(ledger.fold.policy == nil)
        #expect(ledger.sequences == [0, 0, 0])
        #expect(ledger.standings.isEmpty)
    }

    @Test func theFirstEntryBringsThePolicy() throws {
        #expect(try ledger.apply(LedgerEntry.frame([policy]), at: 7) == [])
        #expect(ledger.nextOffset == 8)
        #expect(ledger.fold.policyText == TestPolicy.text)
        #expect(ledger.fold.policy?.id == "town")
        #expect(ledger.fold.policy?.version == 2)
    }

    @Test func eventsMayFollowInTheSameFrame() throws {
        let frame = LedgerEntry.frame([policy, .enrolled("anna", offset: 0), .happened("bill.paid", "anna", offset: 1)])
        #expect(
            try ledger.apply(frame, at: 0) == [
                "scoreChanges 1 anna", "perks 1 anna", "perks 2 anna", "scoreChanges 2 anna",
            ])
        #expect(ledger.standings["anna"]?.level.score == 615)
    }

    @Test(arguments: ["event", "tick"]) func withoutAPolicyNothingIsFolded(kind: String) {
        let entry = kind == "tick" ? LedgerEntry.tick(1) : .enrolled("anna", offset: 0)
        #expect(
            ledger.problem(LedgerEntry.frame([entry]), at: 3)
                == "ledger partition 4, offset 3: the partition does not begin with a policy")
    }

    @Test func theSamePolicyAgainChangesNothing() throws {
        try begin()
        try ledger.apply(LedgerEntry.frame(number: 1, [.enrolled("anna", offset: 0)]), at: 1)
        #expect(try ledger.apply(LedgerEntry.frame(session: 2, [policy]), at: 2) == [])
        #expect(ledger.standings.count == 1)
    }

    /// Of two members that begin an empty ledger the first entry wins.
    @Test func aSecondBeginningUnderAnotherPolicyIsPassedOver() throws {
        try begin()
        let other = LedgerEntry.policy(TestPolicy.text.replacing("version: 2", with: "version: 3"))
        try ledger.apply(LedgerEntry.frame(number: 1, [.enrolled("anna", offset: 0), other]), at: 9)
        #expect(ledger.fold.policyText == TestPolicy.text)
        #expect(ledger.standings.count == 1)
        // The ledger never had the other one.
        let frames = [LedgerEntry.frame([policy]), LedgerEntry.frame(session: 2, [other])]
        let source = MemoryFrames(frames.enumerated().map { (offset: Int64($0), bytes: $1) })
        #expect(try PolicyHistory.texts(of: source) == [TestPolicy.text])
    }

    @Test func aPolicyWithMistakesNamesItsPositionInTheLedger() {
        let bad = LedgerEntry.policy(TestPolicy.text.replacing("version: 2", with: "version: two"))
        #expect(
            ledger.problem(LedgerEntry.frame([bad]), at: 5)
                == "ledger partition 4, offset 5: the policy that is activated here does not compile: "
                + "ledger[4]@5:2:10: error: version must be a whole number")
    }

    @Test(arguments: [
        LedgerEntry.system(type: "standing.fold.changed", data: "{}"),
        .system(type: "standing.subject.withdrawn", data: "{}"),
    ])
    func anUnknownSystemEntryIsAProblem(entry: LedgerEntry) {
        #expect(
            ledger.problem(LedgerEntry.frame([entry]), at: 1)
                == "ledger partition 4, offset 1: a system entry that this version does not know")
    }

    @Test(arguments: [#"{"text":""}"#, ""]) func aBeginningWithoutAPolicyIsAProblem(data: String) {
        #expect(
            ledger.problem(LedgerEntry.frame([.system(type: "standing.policy.activated", data: data)]), at: 1)
                == "ledger partition 4, offset 1: it begins without a policy's text")
    }

    // MARK: Fold versions

    private func upgrade(_ members: String) -> LedgerEntry {
        .system(type: "standing.ledger.upgraded", data: "{\(members)}")
    }

    /// A ledger from before ledgers had names: what it says follows from its first entry, until an entry moves it on.
    @Test func anOlderLedgerKeepsItsFormUntilAnEntryMovesIt() throws {
        let old = LedgerEntry.system(
            type: "standing.policy.activated",
            data: LedgerEntry.policyData(TestPolicy.text).replacing(#","ledger":"city","fold-version":6"#, with: ""))
        try ledger.apply(LedgerEntry.frame([old]), at: 0)
        #expect(ledger.fold.identity == .unnamed)
        let frame = LedgerEntry.frame(
            number: 1,
            [
                .happened("bill.missed", "anna", offset: 1), .enrolled("anna", offset: 2),
                .system(
                    type: "standing.ledger.upgraded", data: #"{"ledger":"old-town","fold-version":8}"#),
                .happened("bill.missed", "bert", offset: 3), .enrolled("bert", offset: 4),
            ])
        let facts = try ledger.values(frame, at: 1).map(\.json)
        #expect(ledger.fold.identity == LedgerIdentity(name: "old-town"))
        let before = facts.filter { $0.contains(#""subject":"anna""#) }
        let after = facts.filter { $0.contains(#""subject":"bert""#) }
        #expect(before.count + after.count == facts.count && !before.isEmpty && !after.isEmpty)
        #expect(before.allSatisfy { $0.contains(#""source":"/standing/town","#) && !$0.contains(#""sequence":""#) })
        #expect(after.allSatisfy { $0.contains(#""source":"/standing/old-town/town","#) })
        #expect(after.first?.contains(#""sequence":"2","#) == true)
        // The event that came before its enrolment is older than it in both cases.
        #expect(ledger.fold.fold.counters.notEnrolled == 2)
        #expect(ledger.fold.fold.counters.early == 1)
    }

    @Test func anUnknownFoldVersionIsRefused() throws {
        let newer = LedgerEntry.system(
            type: "standing.policy.activated",
            data: LedgerEntry.policyData(TestPolicy.text).replacing("\"fold-version\":6", with: "\"fold-version\":10"))
        #expect(
            ledger.problem(LedgerEntry.frame([newer]), at: 0)
                == "ledger partition 4, offset 0: the ledger is of fold version 10; this program knows none above 9")
        try ledger.apply(LedgerEntry.frame(session: 7, [policy]), at: 1)
        for (session, members) in [
            #""fold-version":10,"ledger":"x""#, #""fold-version":3"#, #""fold-version":3,"ledger":"a b""#,
            #""fold-version":99999999999999999999,"ledger":"x""#, #""fold-version":"4","ledger":"x""#,
            #""fold-version":-9223372036854775808,"ledger":"x""#,
        ].enumerated() {
            let frame = LedgerEntry.frame(session: UInt64(session + 20), [upgrade(members)])
            #expect(ledger.problem(frame, at: 2).contains("the ledger is of"))
        }
    }

    /// An older program beside a newer one folds up to the entry, and says what it lacks.
    @Test func anOlderProgramWaitsAtAnUpgrade() throws {
        var known = KnownFoldVersions()
        known.newest = .fifth
        let begins = LedgerEntry.system(
            type: "standing.policy.activated", data: LedgerEntry.policyData(TestPolicy.text, version: 5))
        let frames = [
            LedgerEntry.frame(session: 7, [begins]), LedgerEntry.frame([.enrolled("anna", offset: 0)]),
            LedgerEntry.frame(session: 8, [upgrade(#""fold-version":6,"ledger":"city""#)]),
        ]
        var older = PartitionFold(partition: 4, known: known)
        var newer = PartitionFold(partition: 4)
        var facts = EncodedFacts()
        var refused: PartitionFold.Problem?
        for (offset, frame) in frames.enumerated() {
            try frame.withUnsafeBytes { frame in
                try newer.apply(frame: frame, at: Int64(offset), above: [0, 0, 0], into: &facts)
                do {
                    try older.apply(frame: frame, at: Int64(offset), above: [0, 0, 0], into: &facts)
                } catch let problem as PartitionFold.Problem {
                    refused = problem
                }
            }
        }
        #expect(refused?.needsNewerProgram == true && refused?.offset == 2)
        let (known5, known6) = (older.fold.version, newer.fold.version)
        #expect(known5 == .fifth && known6 == .sixth)
        // Nor does it take a state that a newer program has stored.
        var snapshot: [UInt8] = []
        try newer.writeSnapshot(chainHead: [UInt8](repeating: 0, count: FrameChain.headBytes)) {
            snapshot.append(contentsOf: $0)
        }
        var reason = ""
        try snapshot.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            var head: [UInt8] = []
            do {
                _ = try PartitionFold(partition: 4, snapshot: &reader, chainHead: &head, known: known)
            } catch let error as PartitionFold.SnapshotError {
                reason = error.description
            }
        }
        #expect(reason == "fold version 6, which this program does not know")
    }

    // MARK: What counts

    @Test func anEntryWhoseOriginWasThereIsDropped() throws {
        try begin()
        let frame = [LedgerEntry.enrolled("anna", offset: 0), .happened("bill.paid", "anna", offset: 1)]
        try ledger.apply(LedgerEntry.frame(session: 2, frame), at: 1)
        let again = frame + [.happened("bill.paid", "anna", offset: 2)]
        #expect(try ledger.apply(LedgerEntry.frame(session: 3, again), at: 2) == ["scoreChanges 3 anna"])
        #expect(ledger.repeatedOrigins == 2)
        #expect(ledger.counters.duplicates == 0, "the fold never sees it")
        #expect(ledger.counters.entries == 3)
        #expect(ledger.standings["anna"]?.level.score == 630)
    }

    @Test func originsAreThoseOfTheirTopicAndPartition() throws {
        try begin()
        let entries =
            [LedgerEntry.enrolled("anna", offset: 0)]
            + ["bus", "train"].flatMap { topic in
                (0..<3).map { .happened("bill.paid", "anna", offset: 5, topic: topic, partition: $0) }
            }
        try ledger.apply(LedgerEntry.frame(number: 1, entries + entries), at: 1)
        #expect(ledger.standings["anna"]?.level.score == 690)
        #expect(ledger.repeatedOrigins == 7)
    }

    @Test func aResetSourceBeginsAgain() throws {
        try begin()
        let reset = LedgerEntry.event(
            type: "standing.source.reset", subject: "", offset: 0, topic: "control", data: #"{"topic":"bus"}"#)
        let before = LedgerEntry.happened("bill.paid", "anna", offset: 50, topic: "bus")
        let after = LedgerEntry.happened("bill.missed", "anna", offset: 0, topic: "bus")
        try ledger.apply(
            LedgerEntry.frame(number: 1, [.enrolled("anna", offset: 0), before, after, reset, after, after]), at: 1)
        #expect(ledger.standings["anna"]?.level.score == 555)
        #expect(ledger.repeatedOrigins == 2)
    }

    @Test func aSourceThatHasLostRecordsImposesNothing() throws {
        let text =
            TestPolicy.text + """
                sanctions:
                  - {id: debtor, dimension: payment, measures: [rail], when: points < 0, lasts: 10 days}
                  - {id: judged, dimension: payment, event: bill.refused, measures: [air], lasts: 10 days}
                appeals: {decide-within: 5 days}
                """
        var number: UInt64 = 0
        func sanctions(_ entries: [LedgerEntry]) throws -> [String] {
            defer { number += 1 }
            return try ledger.apply(LedgerEntry.frame(number: number, entries), at: Int64(number))
                .filter { $0.hasPrefix("sanctions") }
        }
        func happened(_ type: String, _ subject: String, offset: Int64, topic: String = "bus") -> LedgerEntry {
            .happened(type, subject, offset: offset, topic: topic)
        }
        let gap = LedgerEntry.system(
            type: "standing.source.gap", data: #"{"topic":"bus","partition":0,"from":0,"to":7}"#)
        let acknowledged = LedgerEntry.event(
            type: "standing.source.acknowledged", subject: "", offset: 20, topic: "control", data: #"{"topic":"bus"}"#)
        #expect(
            try sanctions([.policy(text), .enrolled("anna", offset: 0), .enrolled("ben", offset: 1), gap]) == [])
        #expect(
            try sanctions([
                happened("bill.missed", "anna", offset: 5), happened("bill.missed", "anna", offset: 8),
                happened("bill.refused", "anna", offset: 9),
            ]) == [])
        #expect(ledger.standings["anna"]?.level.score == 540, "points go on, but for what was said to be lost")
        #expect(try sanctions([happened("bill.missed", "ben", offset: 4, topic: "train")]) == ["sanctions 1 ben"])
        #expect(
            try sanctions([gap, acknowledged, gap, happened("bill.refused", "anna", offset: 30)])
                == ["sanctions 2 anna"], "what is known already freezes nothing again")
    }

    @Test func aRepeatedFrameChangesNothing() throws {
        try begin()
        let frame = LedgerEntry.frame(number: 1, [.enrolled("anna", offset: 0)])
        #expect(try ledger.apply(frame, at: 1).count == 3)
        #expect(try ledger.apply(frame, at: 2) == [])
        #expect(ledger.repeatedFrames == 1)
        #expect(ledger.repeatedOrigins == 0)
        #expect(ledger.nextOffset == 3)
    }

    @Test func fromItsFirstGapASessionCountsNoMore() throws {
        try begin()
        try ledger.apply(LedgerEntry.frame(session: 2, [.enrolled("anna", offset: 0)]), at: 1)
        for (offset, number) in [2, 3, 1].enumerated() {
            let frame = LedgerEntry.frame(
                session: 2, number: UInt64(number), [.happened("bill.paid", "anna", offset: Int64(number))])
            #expect(try ledger.apply(frame, at: Int64(offset) + 2) == [])
        }
        #expect(ledger.brokenFrames == 3)
        let next = LedgerEntry.frame(session: 3, [.happened("bill.paid", "anna", offset: 1)])
        #expect(try ledger.apply(next, at: 5) == ["scoreChanges 2 anna"])
    }

    // MARK: Damage

    @Test func aDamagedFrameIsAProblemWithItsOffset() throws {
        try begin()
        let good = LedgerEntry.frame(number: 1, [.enrolled("anna", offset: 0)])
        for byte in [0, 5, 9, 20, 33, good.count - 1] {
            var damaged = good
            damaged[byte] ^= 0x10
            #expect(ledger.problem(damaged, at: 12).hasPrefix("ledger partition 4, offset 12: "))
        }
        #expect(ledger.problem([], at: 13) == "ledger partition 4, offset 13: shorter than a header (at byte 0)")
        #expect(ledger.nextOffset == 1)
        #expect(try ledger.apply(good, at: 1).count == 3, "it is fetched again")
    }
}
