import Ledger
import Replay
import Scoring
import Simulation
import Testing

/// Expressions that cost much end a slice, so that none takes long whatever a policy says.
struct SliceCostTests {
    private static let people = 50

    /// Each event's expression goes through `items` numbers, and each number costs some units.
    private static func policy(version: Int, items: Int) -> String {
        let list = (0..<items).map(String.init).joined(separator: ",")
        return """
            policy: lists
            version: \(version)
            score: {base: 0, min: -1000, max: 1000}
            dimensions: {d: {}}
            constants: {numbers: [\(list)]}
            rules:
              - {id: deed, dimension: d, event: deed, points: \(version), when: "constant.numbers.all(n, n >= 0 && type != '')"}
            bands: [{name: A, from: -1000}]
            perks: [{id: many, when: "constant.numbers.all(n, n >= 0) && score > 0"}]

            """
    }

    private static let frames: SliceTests.Frames = [
        (0, LedgerEntry.frame([.policy(policy(version: 1, items: 100))])),
        (
            1,
            LedgerEntry.frame(
                number: 1,
                (0..<people).flatMap { number -> [LedgerEntry] in
                    [
                        .enrolled("p\(number)", offset: Int64(2 * number)),
                        .happened("deed", "p\(number)", offset: Int64(2 * number + 1)),
                    ]
                })
        ),
    ]

    private static func fold() -> PartitionFold {
        PartitionFold(
            partition: RandomLedger.partition, history: { end in MemoryFrames(frames.filter { $0.offset < end }) })
    }

    private static func parts(_ frame: (offset: Int64, bytes: [UInt8]), cost: Int, _ fold: inout PartitionFold) throws
        -> (count: Int, facts: [String])
    {
        var (count, facts) = (0, [String]())
        while true {
            let part = try SliceTests.part(frame, PartitionFold.Slice(cost: cost), &fold)
            (count, facts) = (count + 1, facts + part.facts)
            if part.progress == .done { return (count, facts) }
        }
    }

    @Test func aSliceEndsWhenItsCostIsSpent() throws {
        var whole = Self.fold()
        let expected = try SliceTests.whole(Self.frames, &whole)
        for (cost, isCut) in [(1, true), (2_000, true), (.max, false)] {
            var fold = Self.fold()
            _ = try SliceTests.whole([Self.frames[0]], &fold)
            let parts = try Self.parts(Self.frames[1], cost: cost, &fold)
            #expect(parts.facts == expected.facts)
            #expect((parts.count > 10) == isCut, "\(parts.count) parts with \(cost) units")
            if cost == 1 { #expect(parts.count >= Self.people) }
            let digest = fold.fold.digest()
            #expect(digest == expected.digest)
        }
    }

    /// The history under the new policy, and the facts of the switch.
    @Test func aSwitchGoesInSlicesOfThatCost() throws {
        let activation = LedgerEntry.event(
            type: "standing.policy.activated", subject: "", offset: 0, topic: "policies",
            data: LedgerEntry.policyData(Self.policy(version: 2, items: 100)))
        let end = (offset: Int64(2), bytes: LedgerEntry.frame(number: 2, [activation]))
        var whole = Self.fold()
        _ = try SliceTests.whole(Self.frames, &whole)
        let expected = try SliceTests.whole([end], &whole)
        #expect(expected.facts.count >= Self.people)
        var fold = Self.fold()
        _ = try SliceTests.whole(Self.frames, &fold)
        let parts = try Self.parts(end, cost: 1, &fold)
        #expect(parts.facts == expected.facts)
        #expect(parts.count >= 2 * Self.people - 2, "\(parts.count)")
    }
}
