import Events
import Ledger
import Policy
import Replay
import Scoring
import Simulation
import Testing

/// The points of a rule saturate in a ledger that began under fold version 9, and in no older one, also after that moved
/// to it: in the partition, in a subject's own entries, after a switch of the policy, and after a snapshot.
@Suite struct RuleSaturationTests {
    private static let day: Int64 = 86_400

    private static func policy(gain: Int64) -> String {
        """
        policy: p
        version: 1
        score: {base: 0, min: -2147483648, max: 2147483648}
        dimensions: {d: {}}
        rules:
          - {id: up, dimension: d, event: gain, points: \(gain), per: day, lasts: 1 month}
          - {id: down, dimension: d, event: loss, points: -2147483648}
        bands: [{name: A, from: -2147483648}]

        """
    }

    private func happened(_ type: String, _ number: Int64, data: String = "") -> LedgerEntry {
        .event(type: type, subject: "anna", offset: number, second: number * Self.day, data: data)
    }

    /// Two gains of 1 below the limit and one loss of the limit; then the gains count for one less each.
    private func frames(version: Int, movesTo: Int?) -> [(offset: Int64, bytes: [UInt8])] {
        let text = Self.policy(gain: 2_147_483_647)
        let first = LedgerEntry.system(
            type: "standing.policy.activated", data: LedgerEntry.policyData(text, version: version))
        var frames = [
            LedgerEntry.frame(session: 9, [first]),
            LedgerEntry.frame(
                session: 1, number: 0,
                [happened("standing.subject.enrolled", 0, data: #"{"kind":"individual"}"#), happened("gain", 1)]),
        ]
        if let movesTo {
            let data = #"{"ledger":"city","fold-version":\#(movesTo)}"#
            frames.append(
                LedgerEntry.frame(session: 8, [.system(type: "standing.ledger.upgraded", data: data)]))
        }
        frames.append(LedgerEntry.frame(session: 1, number: 1, [happened("gain", 2), happened("loss", 3)]))
        let activation = LedgerEntry.activation(Self.policy(gain: 2_147_483_646), offset: 4 * Self.day, replaces: nil)
        frames.append(LedgerEntry.frame(session: 1, number: 2, [activation]))
        return frames.enumerated().map { (Int64($0), $1) }
    }

    private func score(_ standing: Standing?) -> Int64? {
        #expect(standing.map { [$0.level.score] } == standing?.dimensions)
        return standing?.level.score
    }

    @Test(arguments: [(8, nil), (8, 9), (9, nil)] as [(Int, Int?)])
    func theFirstEntryDecides(version: Int, movesTo: Int?) throws {
        let frames = frames(version: version, movesTo: movesTo)
        let history: PartitionFold.History = { end in MemoryFrames(frames.filter { $0.offset < end }) }
        var fold = PartitionFold(partition: 4, history: history)
        var facts = EncodedFacts()
        var scores: [Int64] = []
        let anna = Array("anna".utf8)
        for frame in frames {
            try frame.bytes.withUnsafeBytes {
                try fold.apply(frame: $0, at: frame.offset, above: [0, 0, 0], into: &facts)
            }
            let standing = anna.withUnsafeBytes { fold.fold.standing(of: $0) }
            if let score = score(standing) { scores.append(score) }

            var snapshot: [UInt8] = []
            try fold.writeSnapshot(chainHead: [UInt8](repeating: 0, count: 32)) { snapshot += Array($0) }
            let read = try snapshot.withUnsafeBytes { bytes in
                var (reader, head) = (ByteReader(bytes), [UInt8]())
                let read = try PartitionFold(partition: 4, history: history, snapshot: &reader, chainHead: &head)
                return anna.withUnsafeBytes { read.fold.standing(of: $0) }
            }
            #expect(read == standing)

            let entries = try SubjectEntries(
                of: anna, in: SubjectFileTests.archive(frames), until: fold.nextOffset)
            let replay = try SubjectReplay(entries)
            #expect(replay.standing == standing, "before \(fold.nextOffset)")
        }
        let last: [Int64] = version == 9 ? [0, 0] : [2_147_483_646, 2_147_483_644]
        #expect(Array(scores.suffix(2)) == last)
    }
}
