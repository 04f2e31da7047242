import Events
import Foundation
import Ledger
import Policy
import Randomness
import Replay
import Scoring
import Simulation
import Testing

/// What would differ under the policy in the shadow.
@Suite struct ShadowDifferenceTests {
    private static func fold(_ seed: UInt64, text: String = RandomLedger.others[0]) throws -> PartitionFold {
        let frames = RandomLedger(seed: seed, frames: 60, switches: false).frames
        var fold = ShadowLedger.fold(frames)
        _ = try SliceTests.whole(frames, &fold)
        fold.beginShadow(of: try ShadowLedger.policy(text), history: ShadowLedger.history(frames))
        try ShadowLedger.settle(&fold)
        return fold
    }

    private static func difference(_ fold: inout PartitionFold, units: Int = 1000) throws -> ShadowDifference {
        while fold.compareShadow(within: SliceTests.slice(units)) == .unfinished {}
        let difference = fold.shadowDifference
        return try #require(difference)
    }

    @Test(arguments: UInt64(1)...8) func itIsThatOfTheStandings(seed: UInt64) throws {
        var fold = try Self.fold(seed)
        let difference = try Self.difference(&fold, units: [1, 2, 1000][Int(seed % 3)])
        let live = ShadowLedger.standings(fold.fold)
        let standings = ShadowLedger.shadowStandings(fold)
        let shadow = try #require(standings)
        let (first, second) = (
            try ShadowLedger.policy(RandomLedger.text), try ShadowLedger.policy(RandomLedger.others[0])
        )
        var scores: [Int64] = [0, 0, 0]
        var moves: [String: Int64] = [:]
        var perks: [String: [Int64]] = [:]
        var sanctions: [String: [Int64]] = [:]
        func add(_ had: [String], _ has: [String], _ counts: inout [String: [Int64]]) {
            for id in Set(had + has) {
                var count = counts[id] ?? [0, 0, 0, 0]
                count[0] += had.contains(id) ? 1 : 0
                count[1] += has.contains(id) ? 1 : 0
                count[2] += had.contains(id) ? 0 : 1
                count[3] += has.contains(id) ? 0 : 1
                counts[id] = count
            }
        }
        for (subject, old) in live {
            let new = try #require(shadow[subject])
            if new.level.score > old.level.score { scores[0] += 1 }
            if new.level.score < old.level.score { scores[1] += 1 }
            if new.level.score == old.level.score { scores[2] += 1 }
            moves["\(first.bands[old.level.band].name) \(second.bands[new.level.band].name)", default: 0] += 1
            add(old.perks.map { first.perks[$0].id }, new.perks.map { second.perks[$0].id }, &perks)
            add(
                old.sanctions.map { first.sanctions[$0.sanction].id },
                new.sanctions.map { second.sanctions[$0.sanction].id }, &sanctions)
        }
        #expect(difference.subjects == Int64(live.count))
        #expect([difference.scores.higher, difference.scores.lower, difference.scores.same] == scores)
        for move in difference.bands.moves { #expect(moves["\(move.from) \(move.to)"] == move.subjects) }
        #expect(difference.bands.moves.count == moves.count)
        let bands = difference.bands
        #expect(bands.up + bands.down + bands.same + bands.other == difference.subjects)
        #expect(difference.perks.map(\.id) == ["listing", "lastly", "energy"])
        #expect(difference.sanctions.map(\.id) == ["debtor", "loans", "quiet", "credit"])
        for (items, counts) in [(difference.perks, perks), (difference.sanctions, sanctions)] {
            for item in items {
                #expect([item.live, item.shadow, item.gained, item.lost] == counts[item.id] ?? [0, 0, 0, 0])
            }
        }
        let (offset, clock) = (fold.nextOffset, fold.clock)
        #expect(difference.partitions.map(\.partition) == [RandomLedger.partition])
        #expect(difference.partitions.map(\.fromOffset) == [offset])
        #expect(difference.partitions.map(\.toOffset) == [offset])
        #expect(difference.partitions.map(\.fromClock) == ["\(clock)"])
        #expect(difference.partitions.map(\.toClock) == ["\(clock)"])
        #expect(difference.policy.id == "lives" && difference.policy.version == 2)
        #expect(difference.active.map(\.id) == ["lives"] && difference.active.map(\.version) == [1])
    }

    /// Up and down are by the new policy's order; `B2` is in neither policy together with `B`.
    @Test func bandsAreUpDownTheSameOrNotToBeCompared() throws {
        // Up, down, the same, and not to be compared.
        var (expected, found): ([Int64], [Int64]) = ([0, 0, 0, 0], [0, 0, 0, 0])
        for seed in UInt64(1)...8 {
            var fold = try Self.fold(seed)
            let bands = try Self.difference(&fold).bands
            for (index, subjects) in [bands.up, bands.down, bands.same, bands.other].enumerated() {
                found[index] += subjects
            }
            for move in bands.moves {
                let index =
                    switch (move.from, move.to) {
                    case ("C", "B2"), ("C", "A"), ("B", "A"): 0
                    case ("A", "B2"), ("A", "C"), ("B", "C"): 1
                    case ("B", "B2"): 3
                    default: 2
                    }
                expected[index] += move.subjects
            }
        }
        #expect(found == expected && found[3] > 0 && found.reduce(0, +) > 16)
    }

    // MARK: When it is taken

    @Test func thereIsNoneBeforeTheShadowHasCaughtUp() throws {
        let frames = RandomLedger(seed: 1, frames: 60, switches: false).frames
        var fold = ShadowLedger.fold(frames)
        let alone = fold.compareShadow()
        #expect(alone == .behind)
        _ = try SliceTests.whole(frames, &fold)
        fold.beginShadow(of: try ShadowLedger.policy(RandomLedger.others[0]), history: ShadowLedger.history(frames))
        let (behind, none) = (fold.compareShadow(), fold.shadowDifference)
        #expect(behind == .behind && none == nil)
        try ShadowLedger.settle(&fold)
        let progress = fold.compareShadow()
        #expect(progress == .finished)
        let difference = fold.shadowDifference
        #expect(difference != nil)
        fold.endShadow()
        let gone = fold.shadowDifference
        #expect(gone == nil)
    }

    /// The offsets say between which frames the subjects were compared; a frame that is folded in part is waited for.
    @Test func itGoesOnWhileFramesAreFolded() throws {
        let frames = RandomLedger(seed: 2, frames: 60, switches: false).frames
        var fold = ShadowLedger.fold(frames)
        fold.beginShadow(of: try ShadowLedger.policy(RandomLedger.others[0]), history: ShadowLedger.history(frames))
        _ = try SliceTests.whole(Array(frames[..<50]), &fold)
        let (begun, start) = (fold.compareShadow(within: SliceTests.slice(1)), fold.nextOffset)
        #expect(begun == .unfinished)
        var index = 50
        // A frame that has come before is done at once.
        while try SliceTests.part(frames[index], SliceTests.slice(1), &fold).progress == .done { index += 1 }
        let waiting = fold.compareShadow(within: SliceTests.slice(1))
        #expect(waiting == .behind)
        while try SliceTests.part(frames[index], SliceTests.slice(500), &fold).progress == .unfinished {}
        try ShadowLedger.settle(&fold)
        let difference = try Self.difference(&fold, units: 1)
        let end = fold.nextOffset
        #expect(difference.partitions.map(\.fromOffset) == [start] && difference.partitions.map(\.toOffset) == [end])
        #expect(start < end)
    }

    // MARK: As text

    @Test func theJSONIsWhatItDecodesTo() throws {
        for seed in UInt64(1)...4 {
            var fold = try Self.fold(seed)
            let difference = try Self.difference(&fold)
            let decoded = try JSONDecoder().decode(ShadowDifference.self, from: Data(difference.json.utf8))
            #expect(decoded == difference)
        }
    }

    @Test func theJSONHasTheseKeys() throws {
        let start = LedgerEntry.frame([
            .policy(TestPolicy.text), .enrolled("anna", offset: 0), .happened("bill.paid", "anna", offset: 1),
        ])
        let frames: ShadowLedger.Frames = [(0, start)]
        var fold = ShadowLedger.fold(frames)
        fold.beginShadow(
            of: try ShadowLedger.policy(
                TestPolicy.text.replacing("version: 2", with: "version: 3").replacing("points: 15", with: "points: 50")
                    .replacing("id: counter", with: "id: till")),
            history: ShadowLedger.history(frames))
        _ = try SliceTests.whole(frames, &fold)
        let json = try Self.difference(&fold).json
        let clock = "1970-01-01T00:00:01Z"
        #expect(
            json == """
                {"policy":{"id":"town","version":3},"active":[{"id":"town","version":2}],\
                "partitions":[{"partition":4,"fromOffset":1,"toOffset":1,"fromClock":"\(clock)","toClock":"\(clock)"}],\
                "subjects":1,"scores":{"higher":1,"lower":0,"same":0},\
                "bands":{"up":1,"down":0,"same":0,"other":0,"moves":[{"from":"B","to":"A","subjects":1}]},\
                "perks":[{"id":"bikes","live":1,"shadow":1,"gained":0,"lost":0},\
                {"id":"till","live":0,"shadow":1,"gained":1,"lost":0},\
                {"id":"counter","live":1,"shadow":0,"gained":0,"lost":1}],"sanctions":[],\
                "sample":[{"subject":"anna","kind":"individual","live":{"score":615,"band":"B"},\
                "shadow":{"score":650,"band":"A"},"difference":35,"perksGained":["till"],"perksLost":["counter"],\
                "sanctionsGained":[],"sanctionsLost":[]}]}
                """)
    }

    // MARK: Of several partitions

    @Test func thatOfPartitionsIsTheirSum() throws {
        var parts: [ShadowDifference] = []
        for seed in UInt64(1)...12 {
            var fold = try Self.fold(seed)
            var part = try Self.difference(&fold)
            part.partitions[0].partition = Int32(seed)
            // Ids are of one partition each.
            for index in part.sample.indices { part.sample[index].subject += "-\(seed)" }
            parts.append(part)
        }
        let sum = parts.dropFirst().reduce(parts[0], +)
        #expect(sum.subjects == parts.reduce(0) { $0 + $1.subjects })
        #expect(sum.scores.higher == parts.reduce(0) { $0 + $1.scores.higher })
        #expect(sum.scores.lower == parts.reduce(0) { $0 + $1.scores.lower })
        #expect(sum.scores.same == parts.reduce(0) { $0 + $1.scores.same })
        #expect(sum.bands.up == parts.reduce(0) { $0 + $1.bands.up })
        #expect(sum.bands.down == parts.reduce(0) { $0 + $1.bands.down })
        #expect(sum.bands.moves.reduce(0) { $0 + $1.subjects } == sum.subjects)
        #expect(Set(sum.bands.moves.map { "\($0.from) \($0.to)" }).count == sum.bands.moves.count)
        #expect(sum.perks.map(\.id) == parts[0].perks.map(\.id))
        for (index, item) in sum.perks.enumerated() {
            #expect(item.live == parts.reduce(0) { $0 + $1.perks[index].live })
            #expect(item.shadow == parts.reduce(0) { $0 + $1.perks[index].shadow })
            #expect(item.gained - item.lost == item.shadow - item.live)
        }
        for item in sum.sanctions { #expect(item.gained - item.lost == item.shadow - item.live) }
        #expect(sum.partitions.map(\.partition) == Array(1...12))
        #expect(sum.active.count == 1)

        let all = parts.flatMap(\.sample)
        #expect(all.count > ShadowDifference.maximumSample && sum.sample.count == ShadowDifference.maximumSample)
        let least = try #require(sum.sample.last?.difference.magnitude)
        #expect(all.filter { $0.difference.magnitude > least }.allSatisfy { sum.sample.contains($0) })
        let sizes = sum.sample.map(\.difference.magnitude)
        #expect(sizes == sizes.sorted(by: >))
        // In whatever order they are added; what is in a list of its own keeps the order of the first.
        let back = parts.dropLast().reversed().reduce(parts[11], +)
        #expect(back.sample == sum.sample && back.scores == sum.scores && back.partitions == sum.partitions)
        #expect(Set(back.bands.moves) == Set(sum.bands.moves))
    }
}
