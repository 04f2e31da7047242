import CAllocationCounter
import Events
import Policy
import Scoring
import Testing

@Suite struct FoldAllocationTests {
    /// Unoptimised code allocates on its own account.
    private static var isOptimised: Bool {
        #if DEBUG
            false
        #else
            true
        #endif
    }

    /// After 30,000 events each shard of the identity table has just grown, to 1024 slots, and has room for the next
    /// 10,000: about 630 of 768 are taken in the end.
    @Test(.enabled(if: isOptimised, "allocations are counted in release builds"))
    func steadyStateOfTheBatchFoldDoesNotAllocate() throws {
        var policy = try TownPolicy.policy()
        policy.perks = [policy.perks[0]]
        var fold = Fold(policy: policy)
        let story = Story(policy)
        let encoder = FactEncoder(policy: policy, partition: 0)
        var writer = ByteWriter(capacity: 1 << 20)
        let people = (0..<500).map { "subject-\($0)-of-the-town" }
        let types = ["bill.paid", "bill.missed", "noise.made", "life.saved", "crime.done", "tea.drunk"]
        let behaviour = (0..<40_000).map { number in
            happened(
                types[number % types.count], people[number * 7919 % people.count], on: Double(number) / 1000,
                id: "e\(number)")
        }
        let items = (people.map { enrolled($0) } + behaviour).enumerated().map { story.item($1, entry: $0 % 256) }

        func run(_ range: Range<Int>) {
            items.withUnsafeBufferPointer { items in
                for start in stride(from: range.lowerBound, to: range.upperBound, by: 256) {
                    let end = min(start + 256, range.upperBound)
                    fold.fold(UnsafeBufferPointer(rebasing: items[start..<end]))
                    writer.removeAll()
                    for fact in fold.output.facts {
                        encoder.encode(fact, reasons: fold.output.reasons, offset: 0, sequence: 1, into: &writer)
                    }
                    fold.clearOutput()
                }
            }
        }

        run(0..<30_500)
        let before = standing_allocations()
        run(30_500..<40_500)
        #expect(standing_allocations() - before == 0)
        #expect(fold.counters.scored > 30_000)
        #expect(fold.identityCount == 40_500)
    }
}
