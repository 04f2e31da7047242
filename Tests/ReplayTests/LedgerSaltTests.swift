import Events
import Ledger
import Policy
import Randomness
import Replay
import Scoring
import Simulation
import Testing

/// The salt of a ledger changes the fingerprints of its events, and nothing that is published.
@Suite struct LedgerSaltTests {
    private static func salt(_ seed: UInt64) -> FingerprintKey {
        var random = Seeded(seed)
        return .random(using: &random)
    }

    private struct Folded {
        var identity: LedgerIdentity
        var digest: StateDigest
        var facts: [String]
        var snapshot: [UInt8] = []
    }

    /// The same lives in a ledger whose first entry has this salt.
    private func fold(_ ledger: RandomLedger, _ salt: FingerprintKey?, version: Int = 7) throws -> Folded {
        let member = salt.map { ",\"salt\":\"\($0)\"" } ?? ""
        let data = LedgerEntry.policyData(RandomLedger.text, version: version).dropLast() + member + "}"
        let first = LedgerEntry.frame(
            session: 9, [.system(type: "standing.policy.activated", data: String(data))])
        let frames = [(offset: Int64(0), bytes: first)] + ledger.frames.dropFirst()
        var fold = PartitionFold(
            partition: RandomLedger.partition,
            history: { end in MemoryFrames(frames.filter { $0.offset < end }) })
        var batch = EncodedFacts()
        for frame in frames {
            try frame.bytes.withUnsafeBytes {
                try fold.apply(frame: $0, at: frame.offset, above: [0, 0, 0], into: &batch)
            }
        }
        var folded = Folded(
            identity: fold.identity, digest: fold.fold.digest(),
            facts: batch.items.map { String(decoding: batch.value($0), as: UTF8.self) })
        try fold.writeSnapshot(chainHead: [UInt8](repeating: 0, count: 32)) {
            folded.snapshot.append(contentsOf: $0)
        }
        return folded
    }

    @Test(arguments: 1...4) func factsAreTheSameWithAnySaltAndStatesAreNot(seed: UInt64) throws {
        let ledger = RandomLedger(seed: seed)
        let without = try fold(ledger, nil)
        let (one, other) = (try fold(ledger, Self.salt(1)), try fold(ledger, Self.salt(2)))
        #expect(!without.facts.isEmpty && without.facts == one.facts && one.facts == other.facts)
        #expect(without.digest != one.digest && one.digest != other.digest && other.digest != without.digest)
        #expect(try fold(ledger, Self.salt(1)).digest == one.digest)
        #expect(one.identity.salt == Self.salt(1) && without.identity.salt == .none)
    }

    @Test func anOlderLedgerHasNoSaltWhateverItsEntrySays() throws {
        let ledger = RandomLedger(seed: 1)
        let salted = try fold(ledger, Self.salt(1), version: 6)
        #expect(try fold(ledger, nil, version: 6).digest == salted.digest)
        #expect(salted.identity.salt == .none)
    }

    @Test func aSnapshotHasTheSalt() throws {
        let whole = try fold(RandomLedger(seed: 2), Self.salt(5))
        let restored = try whole.snapshot.withUnsafeBytes { bytes in
            var reader = ByteReader(bytes)
            var head: [UInt8] = []
            let fold = try PartitionFold(partition: RandomLedger.partition, snapshot: &reader, chainHead: &head)
            return Folded(identity: fold.identity, digest: fold.fold.digest(), facts: [])
        }
        #expect(restored.identity == whole.identity && restored.identity.salt == Self.salt(5))
        #expect(restored.digest == whole.digest)
    }

    @Test(arguments: ["", "00", String(repeating: "g", count: 64), String(repeating: "A", count: 64)])
    func aSaltThatIsNoneIsRefused(_ text: String) {
        let data = LedgerEntry.policyData(RandomLedger.text, version: 7).dropLast() + ",\"salt\":\"\(text)\"}"
        let decoder = EventDecoder()
        #expect(throws: LedgerIdentity.Unknown.self) {
            try Array(data.utf8).withUnsafeBytes { _ = try LedgerIdentity(in: $0, decoder) }
        }
    }
}
