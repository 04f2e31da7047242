import Events
import Ledger
import Replay
import Scoring
import Simulation
import Synchronization
import Testing

/// Records of a ledger that cannot be read or folded, and the entries that say that they are passed over.
struct SkipSearchTests {
    /// Of each kind one, as it could stand in a ledger of `RandomLedger`. `loses`: it holds good entries too.
    enum Stray: String, CaseIterable {
        case empty, garbage, cutOff, wrongChecksum, unknownVersion, malformedEntry, unknownSystemEntry, newerLedger
        case policyThatDoesNotCompile

        func bytes(after frame: [UInt8]) -> [UInt8] {
            var copy = frame
            switch self {
            case .empty: return []
            case .garbage: return Array("{\"hello\":\"world\"}".utf8)
            case .cutOff: return Array(frame.dropLast(3))
            case .wrongChecksum: copy[copy.count - 1] ^= 1
            case .unknownVersion: copy[4] = 9
            case .malformedEntry:
                // A subject that is too long for an event, after entries that are good.
                return LedgerEntry.frame(
                    session: 77,
                    [
                        .happened("bill.paid", "s0", offset: 900_000_000, topic: "stray"),
                        .happened(
                            "bill.paid", String(repeating: "x", count: EventDecoder.maximumAttributeBytes + 1),
                            offset: 900_000_001, topic: "stray"),
                    ])
            case .unknownSystemEntry:
                return LedgerEntry.frame(session: 77, [.system(type: "standing.ledger.crowned", data: "{}")])
            case .newerLedger:
                return LedgerEntry.frame(
                    session: 77,
                    [.system(type: "standing.ledger.upgraded", data: #"{"ledger":"city","fold-version":99}"#)])
            case .policyThatDoesNotCompile:
                return Self.activation(of: "policy: [nonsense")
            }
            return copy
        }

        static func activation(of text: String) -> [UInt8] {
            LedgerEntry.frame(
                session: 77,
                [
                    .event(
                        type: "standing.policy.activated", subject: "", offset: 0, topic: "stray", second: 0,
                        data: LedgerEntry.policyData(text))
                ])
        }
    }

    static func skip(_ offset: Int64, session: UInt64) -> [UInt8] {
        LedgerEntry.frame(
            session: session,
            [.system(type: "standing.ledger.skipped", data: #"{"offset":\#(offset),"reason":"a test"}"#)])
    }

    private typealias Frames = [(offset: Int64, bytes: [UInt8])]

    /// `frames` with a record after the frame in `index`, and its offset; the frames after it have greater offsets by one.
    private static func with(
        _ record: [UInt8], behind index: Int, in frames: Frames
    ) -> (frames: Frames, offset: Int64) {
        let offset = frames[index].offset + 1
        let behind = frames[(index + 1)...].map { ($0.offset + 1, $0.bytes) }
        return (Array(frames[...index]) + [(offset, record)] + behind, offset)
    }

    private static func ended(_ frames: Frames, _ more: [[UInt8]]) -> Frames {
        more.reduce(into: frames) { $0.append(($0[$0.count - 1].offset + 1, $1)) }
    }

    private static func source(_ frames: Frames) -> LedgerReplay.Source {
        { _, start, end in MemoryFrames(frames.filter { $0.offset >= start && $0.offset < end }) }
    }

    /// The facts that are heard of while it folds, each once, also where the folding begins anew.
    private static func notices(_ frames: Frames) throws -> [String] {
        let facts = Mutex([String]())
        var replay = LedgerReplay()
        replay.fact = { _, _, fact in
            let text = String(decoding: fact, as: UTF8.self)
            facts.withLock { $0.append(text.replacing(/"id":"\d+-\d+-/, with: "\"id\":\"-")) }
        }
        _ = try replay.run(partitions: [RandomLedger.partition], source: source(frames))
        return facts.withLock { $0 }
    }

    /// State and facts, which have no offset in them but that of their id.
    private static func outcome(
        _ frames: Frames
    ) throws -> (result: LedgerReplay.Result, facts: [String]) {
        let source = source(frames)
        let result = try LedgerReplay().run(partitions: [RandomLedger.partition], source: source)
        var facts: [String] = []
        try LedgerReplay().facts(partition: RandomLedger.partition, source: source) { fact in
            facts.append(String(decoding: fact, as: UTF8.self).replacing(/"id":"\d+-\d+-/, with: "\"id\":\"-"))
        }
        return (result[0], facts)
    }

    @Test(arguments: Stray.allCases) func aStrayRecordStopsAReplayUntilAnEntryBehindItNamesIt(stray: Stray) throws {
        for seed in UInt64(0)..<6 {
            // Of an activation time and identity count, as of one that brings the policy that is active already.
            let isActivation = stray == .policyThatDoesNotCompile
            let ledger = RandomLedger(seed: seed, frames: 40, switches: !isActivation)
            let index = 1 + Int(seed) * 6
            let plain = try Self.outcome(
                isActivation
                    ? Self.with(Stray.activation(of: RandomLedger.text), behind: index, in: ledger.frames).frames
                    : ledger.frames)
            let bytes = stray.bytes(after: ledger.frames[index].bytes)
            let (stopped, offset) = Self.with(bytes, behind: index, in: ledger.frames)
            let problem = #expect(throws: PartitionFold.Problem.self) { try Self.outcome(stopped) }
            #expect(problem?.offset == offset && problem?.partition == RandomLedger.partition)

            let passed = try Self.outcome(Self.ended(stopped, [Self.skip(offset, session: 78)]))
            #expect(passed.result.digest == plain.result.digest, "\(stray), seed \(seed)")
            #expect(passed.result.sequences == plain.result.sequences)
            #expect(passed.facts == plain.facts)
            #expect(try Self.notices(Self.ended(stopped, [Self.skip(offset, session: 78)])) == plain.facts)
        }
    }

    /// Two of them, and a policy that is activated after them, so that the history before it is folded once more.
    @Test func aPolicySwitchPassesTheSameRecordsOver() throws {
        let ledger = RandomLedger(seed: 3, frames: 60, switches: false)
        let (one, first) = Self.with(Stray.malformedEntry.bytes(after: []), behind: 10, in: ledger.frames)
        let (both, second) = Self.with(Stray.unknownSystemEntry.bytes(after: []), behind: 30, in: one)
        let skips = [Self.skip(first, session: 81), Self.skip(second, session: 82)]
        let activation = LedgerEntry.frame(
            session: 80,
            [
                .event(
                    type: "standing.policy.activated", subject: "", offset: 1, topic: "policies",
                    second: 100 * 86_400, data: LedgerEntry.policyData(RandomLedger.others[0]))
            ])
        let passed = try Self.outcome(Self.ended(both, skips + [activation]))
        let plain = try Self.outcome(Self.ended(ledger.frames, [activation]))
        #expect(passed.result.digest == plain.result.digest)
        #expect(passed.facts == plain.facts)
        #expect(passed.facts.contains { $0.contains("\"version\":2") })
    }

    @Test func ofARecordThatCanBeReadTheRestCounts() throws {
        let partition = LedgerPartition()
        try partition.apply(LedgerEntry.frame([.policy(TestPolicy.text), .enrolled("anna", offset: 0)]), at: 0)
        let mixed = LedgerEntry.frame(
            number: 1,
            [
                .happened("bill.paid", "anna", offset: 1), .system(type: "standing.crowned", data: "{}"),
                .happened("bill.paid", "anna", offset: 2),
            ])
        #expect(partition.problem(mixed, at: 1).contains("a system entry that this version does not know"))
        #expect(partition.isSpoiled)

        let again = LedgerPartition()
        try again.apply(LedgerEntry.frame([.policy(TestPolicy.text), .enrolled("anna", offset: 0)]), at: 0)
        again.skip(1)
        try again.apply(mixed, at: 1)
        #expect(again.counters.scored == 2 && again.nextOffset == 2 && !again.isSpoiled)
    }

    /// A frame of a living session that was damaged: its entries are lost, and the frames after it still count.
    @Test func theSessionOfADamagedFrameGoesOn() throws {
        let partition = LedgerPartition()
        try partition.apply(LedgerEntry.frame([.policy(TestPolicy.text), .enrolled("anna", offset: 0)]), at: 0)
        var damaged = LedgerEntry.frame(number: 1, [.happened("bill.paid", "anna", offset: 1)])
        damaged[damaged.count - 1] ^= 1
        #expect(partition.problem(damaged, at: 1).contains("the checksum does not match"))
        #expect(!partition.isSpoiled)
        partition.skip(1)
        try partition.apply(damaged, at: 1)
        try partition.apply(LedgerEntry.frame(number: 2, [.happened("bill.paid", "anna", offset: 2)]), at: 2)
        #expect(partition.counters.scored == 1 && partition.brokenFrames == 0 && partition.nextOffset == 3)
    }

    /// An entry cannot name itself or a later record, and none counts that is in a frame that cannot be read.
    @Test func onlyAnEntryBehindTheRecordNamesIt() throws {
        var search = SkipSearch()
        func names(_ offset: Int64, in bytes: [UInt8], at index: Int64) -> Bool {
            bytes.withUnsafeBytes { search.names(offset, in: LedgerFrame(offset: index, bytes: $0)) }
        }
        let skip = Self.skip(5, session: 1)
        #expect(names(5, in: skip, at: 6))
        #expect(!names(5, in: skip, at: 5) && !names(5, in: skip, at: 4) && !names(4, in: skip, at: 6))
        var damaged = skip
        damaged[40] ^= 1
        #expect(!names(5, in: damaged, at: 6))
        let event = LedgerEntry.frame(
            [.event(type: "standing.ledger.skipped", subject: "", offset: 0, data: #"{"offset":5}"#)])
        #expect(!names(5, in: event, at: 6), "only Standing itself writes it")

        // With which nothing is wrong, it counts.
        let partition = LedgerPartition()
        partition.skip(1)
        try partition.apply(LedgerEntry.frame([.policy(TestPolicy.text), .enrolled("anna", offset: 0)]), at: 0)
        try partition.apply(LedgerEntry.frame(number: 1, [.happened("bill.paid", "anna", offset: 1)]), at: 1)
        #expect(partition.counters.scored == 1)
    }
}
