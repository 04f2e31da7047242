import Events
import Ledger
import Policy
import Replay
import Scoring
import Simulation
import Testing

extension PartitionFoldTests {
    /// A ledger partition that remembers its frames.
    @Suite struct PolicySwitchTests {
        private static let next = TestPolicy.text.replacing("version: 2", with: "version: 3")
            .replacing("points: 15", with: "points: 50")

        /// Folds frames at offsets 1, 3, 5 …, and returns the facts' JSON.
        private func fold(
            _ frames: [[UInt8]], lost: Int? = nil
        ) throws -> (facts: [String], digest: StateDigest, sequences: [Int64]) {
            let all = frames.enumerated().map { (offset: Int64($0 * 2 + 1), bytes: $1) }
            let remaining = all.filter { Int($0.offset / 2) != lost }
            var fold = PartitionFold(partition: 4) { end in
                MemoryFrames(remaining.filter { $0.offset < end })
            }
            var batch = EncodedFacts()
            for frame in all {
                try frame.bytes.withUnsafeBytes {
                    try fold.apply(frame: $0, at: frame.offset, above: [0, 0, 0], into: &batch)
                }
            }
            return (
                batch.items.map { String(decoding: batch.value($0), as: UTF8.self) }, fold.fold.digest(), fold.sequences
            )
        }

        private let before = [
            LedgerEntry.enrolled("anna", offset: 0), .enrolled("bert", offset: 1),
            .happened("bill.paid", "anna", offset: 2),
            .happened("bill.missed", "bert", offset: 3), .happened("bill.missed", "bert", offset: 3),
        ]
        private let after = [LedgerEntry.happened("bill.paid", "anna", offset: 9), .tick(200_000)]

        private func activation(_ offset: Int64, _ text: String = next) -> LedgerEntry {
            .event(
                type: "standing.policy.activated", subject: "", offset: offset, data: LedgerEntry.policyData(text))
        }

        @Test func entriesBeforeAndBehindItInItsFrameAreFoldedUnderTheirPolicy() throws {
            let start = LedgerEntry.frame([.policy(TestPolicy.text)])
            let one = try fold([start, LedgerEntry.frame(number: 1, before + [activation(5)] + after)])
            #expect(
                one.facts.contains {
                    $0.contains(#""id":"4-3-5-0""#) && $0.contains(#""subject":"anna""#)
                        && $0.contains(#""before":{"score":615,"band":"B"},"after":{"score":650,"band":"A"}"#)
                        && $0.contains(
                            #""policy":{"id":"town","version":3},"cause":{"source":"/town","id":"town-0-5","type":"standing.policy.activated"},"reasons":[{"rule":"paid","dimension":"payment","points":35}]"#
                        )
                })
            #expect(one.facts.filter { $0.contains("policy.activated") }.count == 1, "nothing changes for bert")

            // However the same entries lie in frames: the same state, and the same facts but for the frame in their ids.
            let apart = try fold([
                start, LedgerEntry.frame(number: 1, Array(before.prefix(2))),
                LedgerEntry.frame(number: 2, Array(before.dropFirst(2))), LedgerEntry.frame(number: 3, [activation(5)]),
                LedgerEntry.frame(number: 4, after),
            ])
            #expect(apart.digest == one.digest)
            #expect(apart.sequences == one.sequences)
            func withoutID(_ fact: String) -> String { fact.replacing(/"id":"4-[0-9]+-[0-9]+-[0-9]+"/, with: "") }
            #expect(apart.facts.map(withoutID) == one.facts.map(withoutID))
        }

        @Test func aFrameThatComesTwiceSwitchesOnce() throws {
            let frames = [
                LedgerEntry.frame([.policy(TestPolicy.text)]), LedgerEntry.frame(number: 1, before),
                LedgerEntry.frame(number: 2, [activation(5)]), LedgerEntry.frame(number: 3, after),
            ]
            let once = try fold(frames)
            let twice = try fold([frames[0], frames[1], frames[2], frames[2], frames[1], frames[3]])
            #expect(twice.digest == once.digest)
            #expect(twice.sequences == once.sequences)
        }

        @Test func theOldTextBringsTheOldScoresBack() throws {
            let start = LedgerEntry.frame([.policy(TestPolicy.text)])
            let never = try fold([start, LedgerEntry.frame(number: 1, before + after)])
            let back = try fold([
                start, LedgerEntry.frame(number: 1, before + [activation(5)]),
                LedgerEntry.frame(number: 2, [activation(6, TestPolicy.text)] + after),
            ])
            #expect(back.facts.last?.contains(#""version":2"#) == true)
            let score = try #require(
                never.facts.last { $0.contains(#""subject":"anna""#) && $0.contains("score.changed") })
            let same = try #require(
                back.facts.last { $0.contains(#""subject":"anna""#) && $0.contains("score.changed") })
            #expect(score.hasSuffix(#""after":{"score":630,"band":"B"}}}"#))
            #expect(same.hasSuffix(#""after":{"score":630,"band":"B"}}}"#))
        }

        @Test func withoutTheWholeHistoryItIsRefused() throws {
            let frames = [
                LedgerEntry.frame([.policy(TestPolicy.text)]), LedgerEntry.frame(number: 1, before),
                LedgerEntry.frame(number: 2, [activation(5)]),
            ]
            #expect(throws: PartitionFold.Problem.self) { try fold(frames, lost: 1) }
            let ledger = LedgerPartition()
            for (number, frame) in frames.dropLast().enumerated() { try ledger.apply(frame, at: Int64(number)) }
            #expect(
                ledger.problem(frames[2], at: 2)
                    == "ledger partition 4, offset 2: policy town version 3 is activated here, and there is no history "
                    + "to fold it from")
        }

        @Test func underAFixedPolicyTheLedgersArePassedOver() throws {
            var fold = PartitionFold(partition: 4, fixedPolicy: try ScoringPolicy(yaml: Self.next, file: "town.yaml"))
            var batch = EncodedFacts()
            for frame in [
                LedgerEntry.frame([.policy(TestPolicy.text)]),
                LedgerEntry.frame(number: 1, before + [activation(5, TestPolicy.text)] + after),
            ] {
                try frame.withUnsafeBytes { try fold.apply(frame: $0, at: 0, above: [0, 0, 0], into: &batch) }
            }
            var scores: [String: Int64] = [:]
            fold.fold.forEachStanding { scores[String(decoding: $0.subject, as: UTF8.self)] = $0.level.score }
            #expect(scores == ["anna": 700, "bert": 540])
        }
    }
}
