import Testing

@testable import Lag

@Suite struct KeyCountsTests {
    private func counts(_ keys: [String?]) -> KeyCounts {
        var counts = KeyCounts()
        for key in keys {
            guard var key else {
                counts.add(nil)
                continue
            }
            key.withUTF8 { counts.add(UnsafeRawBufferPointer($0)) }
        }
        return counts
    }

    @Test func theMostFrequentKeyHasAShare() {
        #expect(counts(["a", "b", "a", "c"]).share == KeyShare(share: 0.5, counted: 4))
        #expect(counts([]).share == nil)
    }

    @Test func recordsWithoutAKeyHaveNoneInCommon() {
        #expect(counts([nil, nil, nil, "a"]).share == KeyShare(share: 0.25, counted: 4))
        #expect(counts([nil]).share == KeyShare(share: 0, counted: 1))
    }

    @Test func noMoreThanSoManyAreCounted() {
        let many = counts(Array(repeating: "a", count: KeyCounts.maximum) + ["b", "b"])
        #expect(many.share == KeyShare(share: 1, counted: KeyCounts.maximum))
    }
}
