import Events
import Ledger
import Policy
import Randomness
import Replay
import Scoring
import Simulation
import Testing

/// The activation of a policy that is in the shadow, which gives what it gives without a shadow.
@Suite struct ShadowSwitchTests {
    private typealias Frames = ShadowLedger.Frames
    private typealias Outcome = SliceTests.Outcome

    /// Shadows come and go at random, of policies that are activated and of others; each in random parts.
    @Test(arguments: UInt64(1)...24) func factsAndStateAreThoseWithoutAShadow(seed: UInt64) throws {
        let frames = try ShadowLedger(seed: seed).frames
        var plain = ShadowLedger.fold(frames)
        let expected = try SliceTests.whole(frames, &plain)
        #expect(expected.counters.policySwitches > 0 && !expected.facts.isEmpty)

        var random = Seeded(seed &* 77)
        var fold = ShadowLedger.fold(frames)
        let policies = try ShadowLedger.texts.map { try ShadowLedger.policy($0) }
        let facts = try ShadowLedger.apply(frames, to: &fold, &random) { fold, random in
            switch random.below(12) {
            case 0: fold.endShadow()
            case 1...3:
                let hasShadow = fold.shadow != nil
                if !hasShadow || random.below(3) == 0 {
                    fold.beginShadow(
                        of: policies[random.below(policies.count)], history: ShadowLedger.history(frames))
                }
            case 4, 5: try ShadowLedger.settle(&fold)
            case 6, 7: _ = fold.compareShadow(within: ShadowLedger.slice(&random))
            default: break
            }
        }
        #expect(Outcome(facts, fold) == expected)
        let (text, other) = (fold.policyText, plain.policyText)
        #expect(text == other)
    }

    /// Always one of the next policy, that has come to the offset before it is activated.
    @Test(arguments: UInt64(1)...12) func theNextPolicyIsAlwaysInTheShadow(seed: UInt64) throws {
        let frames = try ShadowLedger(seed: seed).frames
        var plain = ShadowLedger.fold(frames)
        var expected: [String] = []
        // By frame, the policy that is active after it.
        var texts: [String] = []
        for frame in frames {
            expected += try SliceTests.whole([frame], &plain).facts
            texts.append(plain.policyText)
        }
        var (emitted, taken): ([String], Int) = ([], 0)
        var fold = ShadowLedger.fold(frames)
        for (number, frame) in frames.enumerated() {
            let (active, hasShadow) = (fold.policyText, fold.shadow != nil)
            if number > 0, !hasShadow, let next = texts[number...].first(where: { $0 != active }) {
                fold.beginShadow(of: try ShadowLedger.policy(next), history: ShadowLedger.history(frames))
                try ShadowLedger.settle(&fold)
            }
            let isLive = fold.shadow?.isLive == true
            emitted += try SliceTests.whole([frame], &fold).facts
            let (text, isThere) = (fold.policyText, fold.shadow != nil)
            #expect(text == texts[number])
            guard number > 0, text != active else { continue }
            #expect(isLive && !isThere, "the shadow was taken")
            taken += 1
        }
        #expect(emitted == expected && taken > 0)
        let digest = plain.fold.digest()
        #expect(fold.fold.digest() == digest)
        let sizes = (try Self.snapshotBytes(fold), try Self.snapshotBytes(plain))
        #expect(sizes.0 == sizes.1, "no timer and no imposition is left of the shadow")
    }

    private static func snapshotBytes(_ fold: borrowing PartitionFold) throws -> Int {
        var bytes = 0
        try fold.writeSnapshot(chainHead: [UInt8](repeating: 7, count: 32)) { bytes += $0.count }
        return bytes
    }

    // MARK: How much is folded

    /// Frames of lives, and the frame of an activation of `RandomLedger.others[0]` after another entry.
    private static func ledger() -> (lives: Frames, activation: (offset: Int64, bytes: [UInt8])) {
        let lives = RandomLedger(seed: 9, frames: 60, switches: false).frames
        let deed = LedgerEntry.event(
            type: "bill.missed", subject: "s1", offset: 1, topic: "late", second: 0, data: #"{"days":9}"#)
        let bytes = LedgerEntry.frame(
            session: 80, [deed, ShadowLedger.activation(RandomLedger.others[0], number: 1)])
        return (lives, (lives[lives.count - 1].offset + 1, bytes))
    }

    private static func fold(_ all: Frames, _ source: Opened) -> PartitionFold {
        let history = source.history
        return PartitionFold(partition: RandomLedger.partition, history: { try history(0..<$0) })
    }

    private static func expected(_ all: Frames) throws -> Outcome {
        var fold = ShadowLedger.fold(all)
        return try SliceTests.whole(all, &fold)
    }

    /// The cost is the same however long the history is: it is not read.
    @Test func aLiveShadowIsSwitchedToWithoutTheHistory() throws {
        let (lives, activation) = Self.ledger()
        let all = lives + [activation]
        let (own, shadows) = (Opened(all), Opened(all))
        var fold = Self.fold(all, own)
        fold.beginShadow(of: try ShadowLedger.policy(RandomLedger.others[0]), history: shadows.history)
        var emitted = try SliceTests.whole(lives, &fold).facts
        var calls = 0
        while true {
            let part = try SliceTests.part(activation, SliceTests.slice(20), &fold)
            emitted += part.facts
            calls += 1
            if let step = fold.policySwitch { #expect(step.folded == step.total) }
            if part.progress == .done { break }
        }
        #expect(own.starts.isEmpty && shadows.starts.isEmpty)
        // Two rounds over the few subjects.
        #expect(calls < 40)
        #expect(Outcome(emitted, fold) == (try Self.expected(all)))
        let shadow = fold.shadow
        #expect(shadow == nil)
    }

    @Test func aShadowThatIsBehindIsFoldedOnFromWhereItIs() throws {
        let (lives, activation) = Self.ledger()
        let all = lives + [activation]
        let (own, shadows) = (Opened(all), Opened(all))
        var fold = Self.fold(all, own)
        var emitted = try SliceTests.whole(Array(lives[..<30]), &fold).facts
        fold.beginShadow(of: try ShadowLedger.policy(RandomLedger.others[0]), history: shadows.history)
        for _ in 0..<20 { _ = try fold.catchUpShadow(within: SliceTests.slice(5)) }
        let before = try ShadowLedger.progress(fold)
        #expect(before.folded > 0 && !before.isLive)
        emitted += try SliceTests.whole(Array(lives[30...]), &fold).facts
        var steps: [Int64] = []
        while true {
            let part = try SliceTests.part(activation, SliceTests.slice(10), &fold)
            emitted += part.facts
            if let step = fold.policySwitch { steps.append(step.folded) }
            if part.progress == .done { break }
        }
        #expect(steps.first.map { $0 >= before.folded } == true && steps.last == activation.offset)
        #expect(own.starts.isEmpty)
        #expect(shadows.starts.filter { $0 == 0 }.count == 1, "it does not begin anew")
        #expect(Outcome(emitted, fold) == (try Self.expected(all)))
    }

    @Test(arguments: [1, 20]) func aShadowWhoseHistoryIsNotHereYetIsWaitedFor(units: Int) throws {
        let (lives, activation) = Self.ledger()
        let all = lives + [activation]
        let own = Opened(all)
        var fold = Self.fold(all, own)
        var emitted = try SliceTests.whole(lives, &fold).facts
        fold.beginShadow(of: try ShadowLedger.policy(RandomLedger.others[0])) { range in
            HaltingFrames(all.filter { range.contains($0.offset) }, times: 2)
        }
        // A call ends where the next frame is not here yet.
        for _ in 0..<30 { _ = try fold.catchUpShadow(within: SliceTests.slice(units)) }
        let before = try ShadowLedger.progress(fold)
        #expect(before.folded > 0 && !before.isLive)
        var waits = 0
        while true {
            let part = try SliceTests.part(activation, SliceTests.slice(units), &fold)
            emitted += part.facts
            if fold.waitsForHistory { waits += 1 }
            if part.progress == .done { break }
        }
        #expect(waits > 10 && own.starts.isEmpty)
        #expect(Outcome(emitted, fold) == (try Self.expected(all)))
    }

    // MARK: What goes wrong

    /// A shadow whose history lacks a frame is no reason for the partition to stop: the history is folded from its beginning.
    @Test(arguments: [1, 20, 1000]) func aShadowOfAnotherHistoryIsPassedOver(units: Int) throws {
        let (lives, activation) = Self.ledger()
        let all = lives + [activation]
        let lacking = all.filter { frame in frame.offset < 20 || frame.offset > 25 }
        let own = Opened(all)
        var fold = Self.fold(all, own)
        var emitted = try SliceTests.whole(lives, &fold).facts
        fold.beginShadow(of: try ShadowLedger.policy(RandomLedger.others[0]), history: Opened(lacking).history)
        try ShadowLedger.settle(&fold)
        var retired = 0
        while true {
            let part = try SliceTests.part(activation, SliceTests.slice(units), &fold)
            emitted += part.facts
            if fold.takeRetired() != nil { retired += 1 }
            if part.progress == .done { break }
        }
        #expect(own.starts == [0])
        #expect(retired == (units == 1000 ? 1 : 2), "the shadow's state, and the one before the switch")
        #expect(Outcome(emitted, fold) == (try Self.expected(all)))
    }

    @Test func aShadowWhoseHistoryCannotBeReadIsPassedOver() throws {
        let (lives, activation) = Self.ledger()
        let all = lives + [activation]
        let own = Opened(all)
        var fold = Self.fold(all, own)
        var emitted = try SliceTests.whole(lives, &fold).facts
        fold.beginShadow(
            of: try ShadowLedger.policy(RandomLedger.others[0]), history: Opened(all, failsAfter: 0).history)
        emitted += try SliceTests.whole([activation], &fold).facts
        #expect(own.starts == [0])
        #expect(Outcome(emitted, fold) == (try Self.expected(all)))
    }

    // MARK: Another policy

    /// The shadow continues against the new policy; the comparison with the old one is forgotten.
    @Test func theActivationOfAnotherPolicyLeavesTheShadow() throws {
        let (lives, activation) = Self.ledger()
        let later = LedgerEntry.frame(
            session: 80, number: 1,
            [
                .event(
                    type: "bill.missed", subject: "s1", offset: 3, topic: "late", second: 86_400 * 400,
                    data: #"{"days":9}"#)
            ])
        let all = lives + [activation, (activation.offset + 1, later)]
        var fold = ShadowLedger.fold(all)
        fold.beginShadow(of: try ShadowLedger.policy(RandomLedger.others[1]), history: ShadowLedger.history(all))
        var emitted = try SliceTests.whole(lives, &fold).facts
        while fold.compareShadow() == .unfinished {}
        let before = fold.shadowDifference
        #expect(before?.active.map(\.version) == [1] && before?.policy.version == 3)
        emitted += try SliceTests.whole([activation], &fold).facts
        let (between, version) = (fold.shadowDifference, fold.policy?.version)
        #expect(between == nil && version == 2)
        emitted += try SliceTests.whole([(activation.offset + 1, later)], &fold).facts
        let shadow = try ShadowLedger.progress(fold)
        #expect(shadow.isLive && shadow.version == 3)
        while fold.compareShadow() == .unfinished {}
        let after = fold.shadowDifference
        #expect(after?.active.map(\.version) == [2] && after?.policy.version == 3)
        let standings = ShadowLedger.shadowStandings(fold)
        #expect(standings == (try ShadowLedger.fixed(RandomLedger.others[1], all)))
        #expect(Outcome(emitted, fold) == (try Self.expected(all)))
    }

    /// Texts of the same characters that are other bytes have other hashes: they are two policies.
    @Test func aShadowOfOtherBytesIsNotTheOneThatIsActivated() throws {
        let (composed, decomposed) = ("\n# caf\u{e9}\n", "\n# cafe\u{301}\n")
        let (shadowed, activated) = (RandomLedger.others[0] + composed, RandomLedger.others[0] + decomposed)
        #expect(shadowed == activated && !PolicyHash.areSame(shadowed, activated))
        let lives = Self.ledger().lives
        let offset = lives[lives.count - 1].offset + 1
        let all =
            lives + [(offset, LedgerEntry.frame(session: 80, [ShadowLedger.activation(activated, number: 1)]))]
        var fold = ShadowLedger.fold(all)
        fold.beginShadow(of: try ShadowLedger.policy(shadowed), history: ShadowLedger.history(all))
        let outcome = try SliceTests.whole(all, &fold)
        #expect(outcome == (try Self.expected(all)))
        let (text, active) = (fold.policyText, fold.policy?.text ?? "")
        let shadow = try ShadowLedger.progress(fold)
        #expect(PolicyHash.areSame(text, activated) && PolicyHash.areSame(active, activated))
        #expect(shadow.isLive && shadow.policyHash == PolicyHash.of(shadowed))
    }

    /// An activation that counts for nothing leaves the policy in the shadow.
    @Test func anActivationAgainstAnotherPolicyLeavesTheShadow() throws {
        var frames = try ShadowLedger(seed: 2, activations: 0).frames
        let offset = frames[frames.count - 1].offset + 1
        let text = RandomLedger.others[1]
        let refused = ShadowLedger.activation(text, number: 1, replacing: "another")
        frames.append((offset, LedgerEntry.frame(session: 80, [refused, .tick(86_400 * 300)])))
        var fold = ShadowLedger.fold(frames)
        _ = try SliceTests.whole(Array(frames.dropLast()), &fold)
        fold.beginShadow(of: try ShadowLedger.policy(text), history: ShadowLedger.history(frames))
        try ShadowLedger.settle(&fold)
        _ = try SliceTests.whole([frames[frames.count - 1]], &fold)
        let shadow = try ShadowLedger.progress(fold)
        #expect(shadow.isLive && shadow.total == offset + 1)
        let standings = ShadowLedger.shadowStandings(fold)
        #expect(standings == (try ShadowLedger.fixed(text, frames)))
    }
}
