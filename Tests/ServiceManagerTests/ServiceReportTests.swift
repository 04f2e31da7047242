@testable import ServiceManager
import Testing

struct ServiceReportTests {
    private static let start = ContinuousClock.now

    private func health(
        isAtWork: Bool = false, standstill: Duration = .zero, words: String = "w"
    ) -> ServiceReport.Health {
        .init(isAtWork: isAtWork, standstill: standstill, words: words)
    }

    @Test func aStartThatGoesOnMayTakeLonger() {
        var report = ServiceReport(watchdog: .seconds(300))
        #expect(report.next(health(), at: Self.start) == "EXTEND_TIMEOUT_USEC=60000000\nSTATUS=w")
        #expect(report.next(health(), at: Self.start + .seconds(1)) == nil)
        #expect(report.next(health(), at: Self.start + .seconds(20)) == "EXTEND_TIMEOUT_USEC=60000000")
        #expect(report.next(health(standstill: .seconds(200)), at: Self.start + .seconds(40)) == nil)
    }

    @Test func readyIsSaidOnceWhenTheGroupsArePolled() {
        var report = ServiceReport(watchdog: nil)
        #expect(report.next(health(isAtWork: true), at: Self.start) == "READY=1\nSTATUS=w")
        #expect(report.isReady)
        #expect(report.next(health(isAtWork: true), at: Self.start) == nil)
        // A group that is lost for a while makes no new start of it.
        #expect(report.next(health(isAtWork: false), at: Self.start + .seconds(100)) == nil)
        #expect(report.next(health(isAtWork: true), at: Self.start) == nil)
    }

    @Test func whoStandsStillDoesNotFeedTheWatchdog() {
        var report = ServiceReport(watchdog: .seconds(10))
        #expect(report.next(health(isAtWork: true), at: Self.start) == "READY=1\nWATCHDOG=1\nSTATUS=w")
        #expect(report.next(health(isAtWork: true, standstill: .seconds(4)), at: Self.start) == "WATCHDOG=1")
        #expect(report.next(health(isAtWork: true, standstill: .seconds(5)), at: Self.start) == nil)
        #expect(report.next(health(isAtWork: true), at: Self.start) == "WATCHDOG=1")
    }

    @Test func reportsComeOftenEnoughForTheWatchdog() {
        var report = ServiceReport(watchdog: .seconds(4))
        _ = report.next(health(isAtWork: true), at: Self.start)
        #expect(report.pause == .seconds(1))
        var unwatched = ServiceReport(watchdog: nil)
        _ = unwatched.next(health(isAtWork: true), at: Self.start)
        #expect(unwatched.pause == ServiceReport.interval)
    }

    @Test func theWordsAreOneLineAndToldWhenTheyChange() {
        var report = ServiceReport(watchdog: nil)
        #expect(report.next(health(isAtWork: true, words: "a\nb"), at: Self.start) == "READY=1\nSTATUS=a b")
        #expect(report.next(health(isAtWork: true, words: "a\nb"), at: Self.start) == nil)
        #expect(report.next(health(isAtWork: true, words: "c"), at: Self.start) == "STATUS=c")
        let long = report.next(health(isAtWork: true, words: String(repeating: "x", count: 9000)), at: Self.start)
        #expect(long?.utf8.count == "STATUS=".count + 500)
    }
}
