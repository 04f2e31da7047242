import Testing

@testable import Pipeline

@Suite struct FoldRateTests {
    private let rate = FoldRate()

    @Test func itIsKnownOnceATenthOfASecondWasMeasured() {
        #expect(rate.perSecond == nil)
        rate.add(entries: 100, in: .milliseconds(50))
        #expect(rate.perSecond == nil)
        rate.add(entries: 100, in: .milliseconds(50))
        let perSecond = rate.perSecond?.rounded()
        #expect(perSecond == 2000)
    }

    @Test func whatWasMeasuredLateCountsMost() throws {
        for _ in 0..<100 { rate.add(entries: 100, in: .milliseconds(100)) }
        for _ in 0..<100 { rate.add(entries: 1000, in: .milliseconds(100)) }
        #expect(try #require(rate.perSecond) > 9000)
    }

    @Test func whereNoTimePassesNothingIsMeasured() {
        rate.add(entries: 100, in: .zero)
        #expect(rate.perSecond == nil)
    }
}
