import Testing

@testable import Access

struct RateLimiterTests {
    private static let second: Int64 = 1_000_000_000

    @Test func aCallerHasABurstAndThenTheRate() {
        let limiter = RateLimiter(perSecond: 2, burst: 3)
        let start = 50 * Self.second
        #expect((0..<3).allSatisfy { _ in limiter.take("a", at: start) == nil })
        #expect(limiter.take("a", at: start) == 1)
        #expect(limiter.take("b", at: start) == nil)
        #expect(limiter.take("a", at: start + Self.second / 2 - 1) == 1)
        #expect(limiter.take("a", at: start + Self.second / 2) == nil)
        #expect(limiter.take("a", at: start + Self.second / 2) == 1)
        // After a rest the whole burst is there again, and no more.
        let later = start + 100 * Self.second
        #expect((0..<3).allSatisfy { _ in limiter.take("a", at: later) == nil })
        #expect(limiter.take("a", at: later) == 1)
    }

    @Test func aRefusalSaysWhenToAskAgain() throws {
        let limiter = RateLimiter(perSecond: 0.1, burst: 1)
        #expect(limiter.take("a", at: 0) == nil)
        let seconds = try #require(limiter.take("a", at: Self.second))
        #expect(seconds == 9)
        #expect(limiter.wait("a", at: Self.second) == 9)
        #expect(limiter.take("a", at: (1 + 9) * Self.second) == nil)
    }

    @Test func askingForTheWaitTakesNothing() {
        let limiter = RateLimiter(perSecond: 1, burst: 1)
        for _ in 0..<5 { #expect(limiter.wait("a", at: 0) == nil) }
        #expect(limiter.take("a", at: 0) == nil)
        #expect(limiter.wait("a", at: 0) == 1)
        limiter.forget("a")
        #expect(limiter.wait("a", at: 0) == nil)
    }

    @Test func theTableIsBoundedAndOthersShareABucket() {
        let limiter = RateLimiter(perSecond: 1, burst: 2, maximumCallers: 10)
        for caller in 0..<10 { #expect(limiter.take("\(caller)", at: 0) == nil) }
        #expect(limiter.take("x", at: 0) == nil)
        #expect(limiter.take("y", at: 0) == nil)
        #expect(limiter.take("z", at: 0) == 1)
        // Those of the table have their own.
        #expect(limiter.take("3", at: 0) == nil)
        // Full buckets need no memory.
        let later = 10 * Self.second
        for caller in 0..<10 { #expect(limiter.take("later \(caller)", at: later) == nil) }
    }
}
