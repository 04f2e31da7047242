import Events
import Ledger
import Policy
import Randomness
import Replay
import Scoring
import Simulation
import Testing

/// A ledger partition of random lives that ends with activations in the midst of frames: of new policies and of one that is active
/// already, against the wrong policy, repeats, and back to the old one.
struct ShadowLedger {
    typealias Frames = SliceTests.Frames

    static let texts = [RandomLedger.text] + RandomLedger.others

    private(set) var frames: Frames

    init(seed: UInt64, frames count: Int = 60, activations: Int = 5) throws {
        var random = Seeded(seed ^ 0xA5)
        frames = RandomLedger(seed: seed, frames: count).frames
        frames[0].bytes = LedgerEntry.frame(
            session: 9,
            [
                .system(
                    type: "standing.policy.activated",
                    data: LedgerEntry.policyData(RandomLedger.text))
            ])
        var fold = Self.fold(frames)
        _ = try SliceTests.whole(frames, &fold)
        var active = fold.policyText
        for number in 0..<activations {
            // The first one counts.
            let others = number == 0 ? Self.texts.filter { $0 != active } : Self.texts
            let text = others[random.below(others.count)]
            let replaced = [nil, active, "another"][random.below(number == 0 ? 2 : 3)]
            if replaced != "another" { active = text }
            append(activationOf: text, replacing: replaced, number, &random)
        }
    }

    /// A frame of other entries with the activation among them, and now and then one in which the same activation comes again.
    private mutating func append(
        activationOf text: String, replacing replaced: String?, _ number: Int, _ random: inout Seeded
    ) {
        let activation = Self.activation(text, number: number, replacing: replaced)
        var entries: [LedgerEntry] = []
        for index in 0..<random.below(6) {
            entries.append(
                .event(
                    type: ["bill.missed", "court.defaulted", "hours", "noise"][random.below(4)],
                    subject: "s\(random.below(7))", offset: Int64(number * 10 + index), topic: "late",
                    second: 86_400 * Int64(100 + random.below(20)), data: #"{"amount":60,"days":9,"hours":5}"#))
        }
        entries.insert(activation, at: random.below(entries.count + 1))
        add(entries, number: UInt64(2 * number))
        var again: [LedgerEntry] = [.tick(86_400 * Int64(300 + 3 * number))]
        if random.below(2) == 0 {
            again = [
                .event(
                    type: "standing.source.reset", subject: "", offset: Int64(number), topic: "control", second: 0,
                    data: #"{"topic":"policies"}"#),
                activation,
            ]
        }
        add(again, number: UInt64(2 * number + 1))
    }

    private mutating func add(_ entries: [LedgerEntry], number: UInt64) {
        let offset = frames[frames.count - 1].offset + 1
        frames.append((offset, LedgerEntry.frame(session: 80, number: number, entries)))
    }

    static func activation(_ text: String, number: Int, replacing replaced: String? = nil) -> LedgerEntry {
        var data = ByteWriter()
        data.append("{\"policy\":")
        data.append(jsonString: text)
        if let replaced {
            data.append(",\"replaces\":")
            data.append(jsonString: PolicyHash.of(replaced))
        }
        data.append("}")
        return .event(
            type: "standing.policy.activated", subject: "", offset: Int64(number), topic: "policies", second: 0,
            data: String(decoding: data.bytes, as: UTF8.self))
    }

    // MARK: Folding

    static func fold(_ frames: Frames) -> PartitionFold {
        PartitionFold(
            partition: RandomLedger.partition, history: { end in MemoryFrames(frames.filter { $0.offset < end }) })
    }

    static func history(_ frames: Frames) -> PartitionFold.RangeHistory {
        { range in MemoryFrames(frames.filter { range.contains($0.offset) }) }
    }

    static func policy(_ text: String) throws -> ScoringPolicy { try ScoringPolicy(yaml: text, file: "shadow.yaml") }

    static func slice(_ random: inout Seeded) -> PartitionFold.Slice {
        SliceTests.slice([1, 3, 20, 500][random.below(4)])
    }

    /// Folds frames in random parts, and beside them random parts of the shadow, and returns the facts. `before` is called before each frame.
    static func apply(
        _ frames: some Sequence<(offset: Int64, bytes: [UInt8])>, to fold: inout PartitionFold,
        _ random: inout Seeded, before: (inout PartitionFold, inout Seeded) throws -> Void = { _, _ in }
    ) throws -> [String] {
        var facts: [String] = []
        for frame in frames {
            try before(&fold, &random)
            while true {
                let part = try SliceTests.part(frame, slice(&random), &fold)
                facts += part.facts
                if random.below(3) == 0 { _ = try fold.catchUpShadow(within: slice(&random)) }
                if part.progress == .done { break }
            }
        }
        return facts
    }

    /// Until the shadow has come to the partition's offset.
    static func settle(_ fold: inout PartitionFold) throws {
        while try fold.catchUpShadow(within: SliceTests.slice(40)) {}
    }

    static func progress(_ fold: borrowing PartitionFold) throws -> ShadowProgress {
        let shadow = fold.shadow
        return try #require(shadow)
    }

    /// By subject, but for the errors of conditions, which a shadow does not count.
    static func standings(_ fold: borrowing Fold) -> [String: Standing] {
        var all: [String: Standing] = [:]
        fold.forEachStanding { standing in
            all[String(decoding: standing.subject, as: UTF8.self)] = standing
            all[String(decoding: standing.subject, as: UTF8.self)]?.errors = 0
        }
        return all
    }

    static func shadowStandings(_ fold: borrowing PartitionFold) -> [String: Standing]? {
        fold.withShadow { standings($0) }
    }

    /// Those that a replay of the frames under one policy has.
    static func fixed(_ text: String, _ frames: Frames, skipping skipped: [Int64] = []) throws -> [String: Standing] {
        var fold = PartitionFold(partition: RandomLedger.partition, fixedPolicy: try policy(text), storesFacts: false)
        for offset in skipped { fold.skip(offset) }
        _ = try SliceTests.whole(frames, &fold)
        return standings(fold.fold)
    }
}
