import Events
import Randomness
import Testing

@Suite struct FactSequenceTests {
    @Test func acceptsExactlyTheNextNumber() {
        var sequence = FactSequence()
        #expect(sequence.judge(1) == .accept)
        #expect(sequence.judge(2) == .accept)
        #expect(sequence.judge(2) == .ignoreRepeat)
        #expect(sequence.judge(1) == .ignoreRepeat)
        #expect(sequence.judge(0) == .ignoreRepeat)
        #expect(sequence.judge(-1) == .ignoreRepeat)
        #expect(sequence.judge(5) == .ignoreGap(missing: 2))
        #expect(sequence.last == 2, "what is ignored changes nothing")
        #expect(sequence.judge(3) == .accept)
    }

    @Test func goesOnFromWhereItWas() {
        var sequence = FactSequence(last: 41)
        #expect(sequence.judge(41) == .ignoreRepeat)
        #expect(sequence.judge(43) == .ignoreGap(missing: 1))
        #expect(sequence.judge(42) == .accept)
    }

    /// Whatever repeats and strays there are, who follows the rule has every fact once and in order.
    @Test func repeatsAndStraysFallAway() {
        for seed in 0..<100 {
            var random = Seeded(UInt64(seed))
            var sequence = FactSequence()
            var accepted: [Int64] = []
            while accepted.count < 200 {
                let near = sequence.last + Int64.random(in: -5...5, using: &random)
                if sequence.judge(near) == .accept { accepted.append(near) }
            }
            #expect(accepted == Array(1...200))
        }
    }
}
