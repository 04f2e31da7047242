import Events
import Ledger
import Randomness
import Replay
import Scoring
import Testing

/// Frames with extreme numbers under right checksums: each is folded or refused, and none ends the process.
struct ExtremeFrameTests {
    private static let extremes: [Int64] = [
        .min, .min + 1, -1 << 53, -1, 0, 1, 1 << 31, 1 << 32, 1 << 52, (1 << 52) + 1, 1 << 53, .max - 1, .max,
        Timestamp.writable.lowerBound, Timestamp.writable.upperBound, 1_767_225_600_000_000,
    ]

    private static func number(_ random: inout Seeded) -> Int64 {
        random.below(3) == 0
            ? Int64.random(in: .min...(.max), using: &random) : extremes.randomElement(using: &random) ?? 0
    }

    private static func entry(_ random: inout Seeded) -> LedgerEntry {
        let (a, b, c) = (number(&random), number(&random), number(&random))
        // A time is given in seconds: those that fit microseconds, and those that are what they are.
        let second = a / 1_000_000
        switch random.below(12) {
        case 0: return .tick(second)
        case 1:
            return .system(
                type: "standing.source.gap",
                data: #"{"topic":"town","partition":\#(random.below(2) == 0 ? 0 : b),"from":\#(a),"to":\#(c)}"#)
        case 2:
            return .system(
                type: "standing.ledger.upgraded",
                data: #"{"ledger":"city","fold-version":\#(random.below(2) == 0 ? 4 : b)}"#)
        case 3: return .system(type: "standing.ledger.skipped", data: #"{"offset":\#(c),"reason":"x"}"#)
        case 4:
            return .event(
                type: "standing.source.reset", subject: "", offset: c, second: second, data: #"{"topic":"town"}"#)
        case 5:
            return .event(
                type: "standing.subject.enrolled", subject: "s\(random.below(3))", offset: c, second: second,
                data: #"{"kind":"individual","terms":"t"}"#)
        case 6:
            return .event(
                type: "standing.policy.activated", subject: "", offset: c, second: second,
                data: LedgerEntry.policyData(RandomLedger.text))
        default:
            return .event(
                type: ["bill.missed", "court.defaulted", "hours", "noise"][random.below(4)],
                subject: "s\(random.below(3))",
                offset: c, partition: Int32(truncatingIfNeeded: b & 0x7FFF_FFFF), second: second,
                data: #"{"amount":\#(a),"days":\#(b),"hours":\#(c)}"#)
        }
    }

    /// `STANDING_FUZZ` frames, a million in the long run.
    @Test func everyFrameIsFoldedOrRefused() throws {
        var fuzz = Fuzz("extreme frames", count: 20_000, long: 1_000_000)
        var random = Seeded(fuzz.seed)
        var (folded, refused, lives) = (0, 0, 0)
        var batch = EncodedFacts()
        var fold = PartitionFold(partition: 4, storesFacts: false)
        var offset: Int64 = 0
        for round in 0..<fuzz.count {
            if round % 50 == 0 {
                fold = PartitionFold(partition: 4, storesFacts: false)
                (offset, lives) = (1, lives + 1)
                let first = LedgerEntry.frame(session: 99, [.policy(RandomLedger.text), .enrolled("s0", offset: 0)])
                try first.withUnsafeBytes { try fold.apply(frame: $0, at: 0, above: [0, 0, 0], into: &batch) }
            }
            let session = random.below(6) == 0 ? UInt64(bitPattern: Self.number(&random)) : UInt64(1000 + round)
            let frame = LedgerEntry.frame(
                session: session, number: random.below(6) == 0 ? UInt64(bitPattern: Self.number(&random)) : 0,
                (0..<random.below(5)).map { _ in Self.entry(&random) })
            fuzz.run("round \(round)") {
                do {
                    batch.removeAll()
                    try frame.withUnsafeBytes { try fold.apply(frame: $0, at: offset, above: [0, 0, 0], into: &batch) }
                    folded += 1
                } catch {
                    refused += 1
                }
                offset += 1
                if fold.isSpoiled {
                    // As a member does: begun anew.
                    fold = PartitionFold(partition: 4, storesFacts: false)
                    offset = 1
                    let first = LedgerEntry.frame(
                        session: 99, [.policy(RandomLedger.text), .enrolled("s0", offset: 0)])
                    try? first.withUnsafeBytes { try fold.apply(frame: $0, at: 0, above: [0, 0, 0], into: &batch) }
                }
            }
            if fold.identity.version >= .fourth {
                let clock = fold.fold.clock
                #expect(clock == .distantPast || clock >= EntryTime.first && clock <= EntryTime.last)
            }
        }
        fuzz.report("\(folded) folded, \(refused) refused")
        #expect(folded > fuzz.count / 10 && refused > fuzz.count / 20)
    }
}
