import Events
import Foundation
import Ledger
import Policy
import Randomness
import Replay
import Scoring
import Simulation
import TestFiles
import Testing

/// Activations of a ledger partition that name the policy they were approved against.
@Suite struct PolicyConflictTests {
    /// Versions 2 to 4, which differ in what a bill is worth.
    private static let texts = [15, 50, 70].enumerated().map { number, points in
        TestPolicy.text.replacing("version: 2", with: "version: \(2 + number)")
            .replacing("points: 15", with: "points: \(points)")
    }

    private static func hash(_ text: String) -> String { "\"\(PolicyHash.of(text))\"" }

    private static func beginning(version: Int = 5) -> LedgerEntry {
        .system(type: "standing.policy.activated", data: LedgerEntry.policyData(texts[0], version: version))
    }

    /// Frames at offsets 0, 1, 2 …, the entries of each.
    private static func frames(_ entries: [[LedgerEntry]]) -> [(offset: Int64, bytes: [UInt8])] {
        entries.enumerated().map { (Int64($0), LedgerEntry.frame(number: UInt64($0), $1)) }
    }

    private struct State: Equatable {
        var text: String
        var digest: StateDigest
        var sequences: [Int64]
        var counters: FoldCounters
        var facts: [String] = []
    }

    private func state(_ fold: borrowing PartitionFold, _ facts: [String] = []) -> State {
        State(
            text: fold.policyText, digest: fold.fold.digest(), sequences: fold.sequences, counters: fold.fold.counters,
            facts: facts)
    }

    private func apply(
        _ frames: some Sequence<(offset: Int64, bytes: [UInt8])>, to fold: inout PartitionFold
    ) throws -> [String] {
        var batch = EncodedFacts()
        for frame in frames {
            try frame.bytes.withUnsafeBytes {
                try fold.apply(frame: $0, at: frame.offset, above: [0, 0, 0], into: &batch)
            }
        }
        return batch.items.map { String(decoding: batch.value($0), as: UTF8.self) }
    }

    private func history(_ frames: [(offset: Int64, bytes: [UInt8])]) -> PartitionFold.History {
        { end in MemoryFrames(frames.filter { $0.offset < end }) }
    }

    private func folded(_ frames: [(offset: Int64, bytes: [UInt8])]) throws -> State {
        var fold = PartitionFold(partition: 4, history: history(frames))
        let facts = try apply(frames, to: &fold)
        return state(fold, facts)
    }

    private let lives = [
        LedgerEntry.enrolled("anna", offset: 0), .happened("bill.paid", "anna", offset: 1),
    ]

    // MARK: What counts

    @Test func againstTheRightHashAndWithoutOneItCounts() throws {
        for replaces in [Self.hash(Self.texts[0]), nil] {
            let found = try folded(
                Self.frames([
                    [Self.beginning()], lives + [.activation(Self.texts[1], offset: 2, replaces: replaces)],
                ]))
            #expect(found.text == Self.texts[1])
            #expect(found.counters.policySwitches == 1 && found.counters.activationsIgnored == 0)
        }
    }

    /// Of two that were approved against the same policy the second changes nothing, whether or not they lie in one frame.
    @Test(arguments: [false, true]) func againstTheWrongHashItChangesNothing(isOneFrame: Bool) throws {
        let hash = Self.hash(Self.texts[0])
        let activations = [
            LedgerEntry.activation(Self.texts[1], offset: 2, replaces: hash),
            .activation(Self.texts[2], offset: 3, replaces: hash), .happened("bill.paid", "anna", offset: 4),
        ]
        let found = try folded(
            Self.frames([[Self.beginning()], lives] + (isOneFrame ? [activations] : activations.map { [$0] })))
        #expect(found.text == Self.texts[1])
        #expect(found.counters.policySwitches == 1 && found.counters.activationsIgnored == 1)
        #expect(found.counters.duplicates == 0)
        #expect(found.facts.allSatisfy { !$0.contains(#""policy":{"id":"town","version":4}"#) })
        #expect(found.facts.last?.contains(#""after":{"score":700,"band":"A"}"#) == true, "two bills of 50")
    }

    /// Intake makes dead letters of them; in a ledger they are no policy's hash.
    @Test(arguments: ["7", "null", "[]", #""""#, #""old""#, #"{"a":1}"#])
    func whatIsNoHashChangesNothing(replaces: String) throws {
        let found = try folded(
            Self.frames([
                [Self.beginning()], lives + [.activation(Self.texts[1], offset: 2, replaces: replaces)],
            ]))
        #expect(found.text == Self.texts[0])
        #expect(found.counters.policySwitches == 0 && found.counters.activationsIgnored == 1)
    }

    @Test func oneThatChangesNothingNeedNotCompile() throws {
        let activation = LedgerEntry.activation("no policy", offset: 2, replaces: Self.hash(Self.texts[1]))
        let frames = Self.frames([
            [Self.beginning()], lives + [activation], [.happened("bill.paid", "anna", offset: 3)],
        ])
        let found = try folded(frames)
        #expect(found.text == Self.texts[0] && found.counters.activationsIgnored == 1)
        let history = try PolicyHistory.activations(of: MemoryFrames(frames))
        #expect(history.map { $0.conflict == nil } == [true, false])
        #expect(try PolicyHistory.texts(of: MemoryFrames(frames)) == [Self.texts[0]])
    }

    // MARK: Fold versions

    @Test func aLedgerOfVersionFourDoesNotLookAtItUntilItIsMoved() throws {
        let wrong = Self.hash(Self.texts[2])
        let upgrade = LedgerEntry.system(
            type: "standing.ledger.upgraded", data: #"{"ledger":"city","fold-version":5}"#)
        let before = lives + [.activation(Self.texts[1], offset: 2, replaces: wrong)]
        let after = [LedgerEntry.activation(Self.texts[0], offset: 3, replaces: wrong)]
        let frames = Self.frames([[Self.beginning(version: 4)], before + after])
        let old = try folded(frames)
        #expect(old.text == Self.texts[0])
        #expect(old.counters.policySwitches == 2 && old.counters.activationsIgnored == 0)
        #expect(try PolicyHistory.texts(of: MemoryFrames(frames)) == [Self.texts[0], Self.texts[1], Self.texts[0]])

        // At an entry of the same frame.
        let moved = Self.frames([[Self.beginning(version: 4)], before + [upgrade] + after])
        let new = try folded(moved)
        #expect(new.text == Self.texts[1])
        #expect(new.counters.policySwitches == 1 && new.counters.activationsIgnored == 1)
        #expect(try PolicyHistory.texts(of: MemoryFrames(moved)) == [Self.texts[0], Self.texts[1]])

        // A later switch folds the past as it was: the first activation counted then.
        let right = LedgerEntry.activation(Self.texts[2], offset: 4, replaces: Self.hash(Self.texts[1]))
        let last = try folded(Self.frames([[Self.beginning(version: 4)], before + [upgrade] + after, [right]]))
        #expect(last.text == Self.texts[2])
        #expect(last.counters.policySwitches == 2 && last.counters.activationsIgnored == 1)
    }

    /// A policy with a measure, in a ledger that is moved to the sixth version after its first activation.
    @Test func aLedgerOfVersionFivePassesOverMeasuresUntilItIsMoved() throws {
        let measured = Self.texts[1] + "measures: [{id: all, dimension: payment, event: bill.paid, count: true}]\n"
        let upgrade = LedgerEntry.system(
            type: "standing.ledger.upgraded", data: #"{"ledger":"city","fold-version":6}"#)
        let before = lives + [.activation(measured, offset: 2, replaces: nil)]
        let frames = Self.frames([[Self.beginning()], before])
        let old = try folded(frames)
        #expect(old.text == Self.texts[0])
        #expect(old.counters.policySwitches == 0 && old.counters.activationsIgnored == 1)
        let history = try PolicyHistory.activations(of: MemoryFrames(frames))
        #expect(history.map(\.olderVersion) == [nil, 5] && history.map(\.changedNothing) == [false, true])
        #expect(try PolicyHistory.texts(of: MemoryFrames(frames)) == [Self.texts[0]])

        let after = [upgrade, LedgerEntry.activation(measured, offset: 3, replaces: nil)]
        let moved = Self.frames([[Self.beginning()], before + after])
        let new = try folded(moved)
        #expect(new.text == measured)
        #expect(new.counters.policySwitches == 1 && new.counters.activationsIgnored == 1)
        #expect(try PolicyHistory.texts(of: MemoryFrames(moved)) == [Self.texts[0], measured])
    }

    // MARK: All readers of the same frames

    /// Many activations, of all kinds, between bills and enrolments.
    private static func ledger(seed: UInt64) -> (
        frames: [(offset: Int64, bytes: [UInt8])], active: String, ignored: Int64
    ) {
        var random = Seeded(seed)
        var entries: [[LedgerEntry]] = [[beginning()]]
        var (active, ignored) = (texts[0], Int64(0))
        var offset: Int64 = 0
        for _ in 0..<24 {
            var frame: [LedgerEntry] = []
            for _ in 0..<(1 + random.below(4)) {
                let subject = "s\(random.below(4))"
                switch random.below(5) {
                case 0: frame.append(.enrolled(subject, offset: offset))
                case 1...2: frame.append(.happened("bill.paid", subject, offset: offset))
                default:
                    let text = texts[random.below(texts.count)]
                    let named = texts[random.below(texts.count)]
                    let replaces: String? = [nil, "\"old\"", hash(active), hash(active), hash(named)][random.below(5)]
                    frame.append(.activation(text, offset: offset, replaces: replaces))
                    if replaces == nil || replaces == hash(active) { active = text } else { ignored += 1 }
                }
                offset += 1
            }
            entries.append(frame)
        }
        return (frames(entries), active, ignored)
    }

    @Test(arguments: 1...12) func snapshotAndTailAreTheWhole(seed: UInt64) throws {
        let (frames, active, ignored) = Self.ledger(seed: seed)
        let whole = try folded(frames)
        #expect(whole.text == active && whole.counters.activationsIgnored == ignored)
        #expect(ignored > 0 && whole.counters.policySwitches > 0)
        for cut in stride(from: 1, to: frames.count, by: 3) {
            var first = PartitionFold(partition: 4, history: history(frames))
            let before = try apply(frames[..<cut], to: &first)
            var bytes: [UInt8] = []
            try first.writeSnapshot(chainHead: [UInt8](repeating: 1, count: 32)) { bytes += Array($0) }
            let end = try bytes.withUnsafeBytes { bytes in
                var reader = ByteReader(bytes)
                var head: [UInt8] = []
                var fold = try PartitionFold(
                    partition: 4, history: history(frames), snapshot: &reader, chainHead: &head)
                let after = try apply(frames[cut...], to: &fold)
                return state(fold, before + after)
            }
            try #require(end == whole, "seed \(seed), cut \(cut)")
        }
    }

    @Test(arguments: 1...12) func theHistoryIsThatOfTheFold(seed: UInt64) throws {
        let (frames, active, ignored) = Self.ledger(seed: seed)
        let activations = try PolicyHistory.activations(of: MemoryFrames(frames))
        #expect(activations.last { $0.conflict == nil }?.text == active)
        #expect(activations.count { $0.conflict != nil } == Int(ignored))
        var before: String?
        for activation in activations {
            if let conflict = activation.conflict {
                #expect(conflict.active == before.map(PolicyHash.of) && conflict.replaces != conflict.active)
            } else {
                #expect(activation.text != before)
                before = activation.text
            }
        }
        // Read in two parts it is the same.
        var history = PolicyHistory()
        try history.read(MemoryFrames(frames.filter { $0.offset < 9 }))
        #expect(history.nextOffset == 9)
        try history.read(MemoryFrames(frames.filter { $0.offset >= 9 }))
        #expect(history.activations == activations)
    }

    /// A subject's own entries, and a replay under one policy.
    @Test(arguments: 1...6) func aSubjectsOwnEntriesGiveItsStanding(seed: UInt64) throws {
        let (frames, active, _) = Self.ledger(seed: seed)
        let archive = try SubjectFileTests.archive(frames)
        var fold = PartitionFold(partition: 4, history: history(frames))
        _ = try apply(frames, to: &fold)
        for subject in (0..<4).map({ Array("s\($0)".utf8) }) {
            let entries = try SubjectEntries(of: subject, in: archive)
            guard entries.isOfSubject else { continue }
            let replay = try SubjectReplay(entries)
            let expected = subject.withUnsafeBytes { fold.fold.standing(of: $0) }
            #expect(replay.standing == expected, "seed \(seed)")
            let text = replay.fold.policy.text
            #expect(text == active)
        }
    }

    @Test func outcomesAreTold() throws {
        let hash = Self.hash(Self.texts[0])
        let frames = Self.frames([
            [Self.beginning()], lives,
            [
                .activation(Self.texts[1], offset: 2, replaces: hash),
                .activation(Self.texts[2], offset: 3, replaces: hash),
                .activation(Self.texts[1], offset: 4, replaces: nil),
                .event(
                    type: "standing.policy.activated", subject: "", offset: 5, second: 10_000_000_000,
                    data: LedgerEntry.policyData(Self.texts[2])),
            ],
        ])
        var history = PolicyHistory()
        try history.read(MemoryFrames(frames))
        func outcome(_ offset: Int) -> PolicyHistory.Outcome? {
            history.outcome(source: "/town", id: "town-0-\(offset)")
        }
        #expect(outcome(2) == .activated(replaced: PolicyHash.of(Self.texts[0])))
        #expect(
            outcome(3)
                == .conflict(
                    PolicyHistory.Conflict(
                        replaces: PolicyHash.of(Self.texts[0]), active: PolicyHash.of(Self.texts[1]))))
        #expect(outcome(4) == .repeated)
        #expect(outcome(5) == .outOfRange)
        #expect(outcome(6) == nil)
        #expect(history.outcome(source: "/another", id: "town-0-2") == nil)
    }

    // MARK: Files

    @Test func aReplayOfFilesHasTheRuleToo() throws {
        func line(_ id: String, day: Int, _ text: String, replaces: String) -> String {
            var policy = ByteWriter()
            policy.append(jsonString: text)
            return #"{"specversion":"1.0","id":"\#(id)","source":"/council","type":"standing.policy.activated","#
                + #""time":"2026-01-0\#(day)T00:00:00Z","data":{"policy":\#(String(decoding: policy.bytes, as: UTF8.self)),"#
                + #""replaces":\#(replaces)}}"#
        }
        let folder = try TemporaryFolder()
        let hash = Self.hash(Self.texts[0])
        let path = try folder.write(
            [
                line("a", day: 1, Self.texts[1], replaces: hash), line("b", day: 2, Self.texts[2], replaces: hash),
                line("c", day: 3, Self.texts[0], replaces: Self.hash(Self.texts[1])),
                line("d", day: 4, Self.texts[1], replaces: "\"old\""),
            ].joined(separator: "\n"), to: "events.jsonl")
        var replay = FileReplay(policy: try ScoringPolicy(yaml: Self.texts[0], file: "town.yaml"))
        var rejected: [String] = []
        try replay.run(file: path, fact: nil) { rejected.append("\($0.line) \($0.defect.code)") }
        #expect(rejected == ["4 data/wrong-member"])
        let (text, counters) = (replay.fold.policy.text, replay.fold.counters)
        #expect(text == Self.texts[0])
        #expect(counters.policySwitches == 2 && counters.activationsIgnored == 1)
    }
}
