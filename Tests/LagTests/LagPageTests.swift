import Foundation
import Testing

@testable import Lag

@Suite struct LagPageTests {
    /// A watch's state after looks that gave these reports; nil is a look that failed.
    private func state(_ reports: LagReport?...) async throws -> LagWatch.State {
        let watch = LagWatch(interval: .milliseconds(1), history: LagHistory(spacing: 0)) {
            var rest = reports[...]
            return { _ in
                // After the last one it stays as it is.
                guard let report = rest.count > 1 ? rest.removeFirst() : rest.first ?? nil else { throw Refused() }
                return report
            }
        }
        defer { watch.stop() }
        while true {
            let state = watch.ask()
            if reports.last ?? nil == nil ? state.failure != nil : state.report != nil { return state }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    private struct Refused: Error, CustomStringConvertible { let description = "no broker <answers>" }

    private func overview(_ state: LagWatch.State) -> String {
        LagPage(state, title: "Lag of local", root: "/", now: fixtureTime).overview { $0.map { _ in points } }
    }

    private let points = [
        LagHistory.Point(time: 0, records: 5, seconds: 1), LagHistory.Point(time: 10, records: nil, seconds: nil),
        LagHistory.Point(time: 20, records: 10, seconds: nil), LagHistory.Point(time: 30, records: 0, seconds: nil),
    ]

    @Test func groupsThatWantAttentionComeFirst() async throws {
        let page = overview(try await state(fixtureReport))
        let indexes = ["search", "mailer", "billing"].map { page.range(of: "/groups/\($0)\"")?.lowerBound }
        #expect(!indexes.contains(nil) && zip(indexes, indexes.dropFirst()).allSatisfy { $0! < $1! })
        #expect(page.contains(#"<span class="badge stalled">stalled</span>"#))
        #expect(page.contains("3 groups, 2 want attention. Looked at 2026-01-02 03:04:05 UTC."))
        #expect(page.contains("group mailer: the members are unknown"))
    }

    @Test func nothingRunsAndNothingComesFromElsewhere() async throws {
        let state = try await state(fixtureReport)
        let group = LagPage(state, title: "t", root: "/", now: fixtureTime).group("search", points: points)
        for page in [overview(state), try #require(group)] {
            for part in ["<script", " on", "style=", "http://", "https://", "javascript:"] {
                #expect(!page.contains(part == " on" ? " onclick" : part), "\(part)")
            }
            #expect(page.contains(#"<link rel="stylesheet" href="/style.css"/>"#))
        }
        #expect(!LagPage.css.contains("url(") && !LagPage.css.contains("@import"))
        for scheme in ["prefers-color-scheme: dark", "max-width: 760px"] { #expect(LagPage.css.contains(scheme)) }
    }

    @Test func namesCannotBecomeMarkup() async throws {
        let name = "<script>alert('1')</script>/../\"&"
        let evil = GroupLag(GroupProfile(name: name, state: "<b>"), partitions: [lagging("<i>", 0, [(1, 2)])])
        let state = try await state(LagReport(time: fixtureTime, groups: [evil], notes: ["<u>"]))
        let group = LagPage(state, title: "<t>", root: "/", now: fixtureTime).group(name, points: points)
        for page in [overview(state), try #require(group)] {
            for tag in ["<script", "<b>", "<i>", "<u>", "<t>"] { #expect(!page.contains(tag)) }
        }
        // The link is one segment of a path, which names the group.
        let match = try #require(overview(state).firstMatch(of: /href="\/groups\/([^"]+)"/))
        #expect(!match.1.contains("/") && String(match.1).removingPercentEncoding == name)
    }

    @Test func whatIsUnknownIsSaidAndIsNoZero() async throws {
        let page = overview(try await state(fixtureReport))
        let card = try #require(page.split(separator: "<li>").first { $0.contains("/groups/mailer\"") })
        #expect(card.contains(#"<span class="value unknown">unknown</span>"#))
        #expect(card.contains("at least 0 records"))
        let plot = LagPlot(width: 30, height: 10, points.map { ($0.time, $0.records.map { Double($0) }) })
        #expect(plot.path == "M0 5h.01M20 0h.01L30 10", "a gap where nothing was known: \(plot.path)")
        #expect(LagPlot(width: 30, height: 10, []).path == "")
        #expect(LagPlot(width: 30, height: 10, [(5, nil)]).path == "")
    }

    @Test func aClusterThatDoesNotAnswerIsABannerOverWhatWasKnown() async throws {
        let page = overview(try await state(fixtureReport, nil))
        #expect(page.contains("The lag is not known now: no broker &lt;answers&gt;"))
        #expect(page.contains("/groups/search\""))
        #expect(overview(try await state(nil)).contains("no broker &lt;answers&gt;"))
    }

    @Test func aGroupsPageHasItsCausesAndPartitions() async throws {
        let page = LagPage(try await state(fixtureReport), title: "t", root: "/lag/", now: fixtureTime)
        let text = try #require(page.group("search", points: points))
        #expect(text.contains("<strong>stalled</strong>") && text.contains("orders[0]"))
        #expect(text.contains(#"href="/lag/""#) && text.contains("/lag/style.css"))
        #expect(page.group("none", points: []) == nil)
    }

    /// 1,000 groups of 60 partitions: the page stays one that a phone can show.
    @Test func pagesAreBounded() async throws {
        let partition = lagging("t", 0, [(1, 1)])
        let groups = (0..<1000).map { GroupLag(GroupProfile(name: "g\($0)"), partitions: [partition]) }
        let page = overview(try await state(LagReport(time: 0, groups: groups, notes: [])))
        #expect(page.matches(of: /<li>/).count == LagPage.maximumGroups)
        #expect(page.contains("700 other groups want attention less"))
        #expect(page.utf8.count < 400_000)
    }
}

@Suite struct LagWatchTests {
    private struct Refused: Error {}

    @Test func aReportIsCurrentUntilALookFails() async throws {
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        let watch = LagWatch(interval: .milliseconds(1), history: LagHistory(spacing: 0)) {
            var looks = 0
            return { _ in
                looks += 1
                if looks == 2 {
                    continuation.yield()
                    throw Refused()
                }
                if looks > 2 { throw Refused() }
                return fixtureReport
            }
        }
        defer { watch.stop() }
        watch.ask()
        for await _ in stream { break }
        var state = watch.ask()
        while state.failure == nil {
            try await Task.sleep(for: .milliseconds(1))
            state = watch.ask()
        }
        #expect(!state.isCurrent && state.report != nil && state.age != nil)
        #expect(watch.points(of: "search").count == 1)
    }

    @Test func whoAsksWaitsForTheFirstReport() async throws {
        let watch = LagWatch(interval: .seconds(60), history: LagHistory(spacing: 0)) { { _ in fixtureReport } }
        defer { watch.stop() }
        let state = try await watch.ask(within: .seconds(30))
        #expect(state.isCurrent && state.report == fixtureReport)
    }

    @Test func aLookThatCannotBeMadeIsTriedAgain() async throws {
        let (stream, continuation) = AsyncStream<Int>.makeStream()
        let attempts = Counter()
        let watch = LagWatch(interval: .milliseconds(1), history: LagHistory(spacing: 0)) {
            let attempt = attempts.next()
            continuation.yield(attempt)
            if attempt < 3 { throw Refused() }
            return { _ in fixtureReport }
        }
        defer { watch.stop() }
        watch.ask()
        for await attempt in stream where attempt == 3 { break }
        var state = watch.ask()
        while !state.isCurrent {
            try await Task.sleep(for: .milliseconds(1))
            state = watch.ask()
        }
        #expect(state.failure == nil)
    }

    /// Nobody asks, so nobody looks; who asks again is answered with a new look.
    @Test func itRestsWhileNobodyAsks() async throws {
        let looks = Counter()
        let watch = LagWatch(interval: .milliseconds(1), restsAfter: .milliseconds(20), history: LagHistory(spacing: 0))
        {
            { _ in
                _ = looks.next()
                return fixtureReport
            }
        }
        defer { watch.stop() }
        #expect(looks.count == 0, "nobody has asked")
        _ = try await watch.ask(within: .seconds(30))
        // It rests when no look has come for long; a machine that is busy only makes this take longer.
        var (before, still) = (-1, 0)
        while still < 20 {
            (still, before) = (looks.count == before ? still + 1 : 0, looks.count)
            try await Task.sleep(for: .milliseconds(10))
        }
        watch.ask()
        while looks.count == before { try await Task.sleep(for: .milliseconds(1)) }
    }
}

private final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var value = 0
    var count: Int { lock.withLock { value } }

    func next() -> Int {
        lock.withLock {
            value += 1
            return value
        }
    }
}
