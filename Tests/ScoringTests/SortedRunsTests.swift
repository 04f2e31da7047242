import Randomness
@testable import Scoring
import Testing

@Suite struct SortedRunsTests {
    /// Whatever the number of runs, and whether it is used for the first time or again.
    @Test func elementsGoInOrderWhateverTheNumberOfRuns() {
        var random = Seeded(7)
        var runs = SortedRuns<Int>()
        let length = SortedRuns<Int>.runLength
        for count in [0, 1, 2, length - 1, length, length + 1, 3 * length, 7 * length + 5] {
            let elements = (0..<count).map { _ in random.below(count) }
            for element in elements { runs.append(element, by: <) }
            #expect(runs.first == nil && !runs.isMerging && runs.count == count)
            runs.merge(by: <)
            var sorted: [Int] = []
            while let first = runs.first {
                sorted.append(first)
                runs.removeFirst(by: <)
            }
            #expect(sorted == elements.sorted(), "\(count) elements")
            runs.removeAll()
            #expect(runs.count == 0 && !runs.isMerging)
        }
    }
}
