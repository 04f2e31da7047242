import Events
import Testing

@testable import Lag

@Suite struct LagScreenTests {
    private var history: LagHistory {
        var history = LagHistory(points: 10, spacing: 0)
        for look in 0..<6 {
            let group = GroupLag(
                GroupProfile(name: "billing"), partitions: [lagging("orders", 0, [(Int64(100 - look), 100)])])
            history.note(LagReport(time: Int64(look) * 1000, groups: [group], notes: []))
        }
        return history
    }

    @Test func whatWantsAttentionComesFirstAndSaysWhy() {
        let lines = LagScreen(fixtureReport, history).lines(columns: 100, rows: 20, colour: false)
        #expect(lines[0] == "Lag  03:04:05 UTC  3 groups  2 want attention  Ctrl-C ends")
        #expect(lines[1] == "GROUP    BEHIND  UNREAD  TREND    CATCH-UP  STATUS   HISTORY")
        #expect(lines[2].hasPrefix("search   1m 30s      60  growing     never  stalled"), "\(lines)")
        #expect(
            lines[3].hasPrefix("  nothing was read of orders[0] for 30s: see what its members wait for"), "\(lines)")
        let order = lines.compactMap { line in ["search", "mailer", "billing"].first { line.hasPrefix($0) } }
        #expect(order == ["search", "mailer", "billing"])
        #expect(lines.first { $0.hasPrefix("billing") }?.hasSuffix("behind   ▁▃▄▆▇█") == true, "\(lines)")
        #expect(lines.last == "note: group mailer: the members are unknown")
    }

    @Test(arguments: [(200, 50), (80, 24), (60, 8), (40, 6), (20, 5), (8, 3), (1, 1), (0, 0)])
    func fitsEveryTerminal(columns: Int, rows: Int) {
        for colour in [false, true] {
            let lines = LagScreen(fixtureReport, history, failure: ("no broker answers", 9)).lines(
                columns: columns, rows: rows, colour: colour)
            #expect(lines.count <= rows)
            guard !colour else { continue }
            for line in lines { #expect(line.terminalCells <= columns, "\(columns): \(line)") }
        }
    }

    @Test func withoutColourThereAreNoEscapeSequences() {
        let screen = LagScreen(fixtureReport, history)
        #expect(!screen.lines(columns: 80, rows: 20, colour: false).joined().contains("\u{1B}"))
        #expect(screen.lines(columns: 80, rows: 20, colour: true).joined().contains("\u{1B}["))
        let steering = LagReport(
            time: 0, groups: [GroupLag(GroupProfile(name: "a\u{1B}[2Jb"), partitions: [])], notes: ["\u{1B}]0;x\u{7}"])
        #expect(!LagScreen(steering, history).lines(columns: 80, rows: 20, colour: false).joined().contains("\u{1B}"))
    }

    @Test func groupsBeyondTheRowsAreCounted() {
        let groups = (0..<1000).map {
            GroupLag(GroupProfile(name: "group-\($0)"), partitions: [lagging("t", 0, [(1, 1)])])
        }
        let report = LagReport(time: 0, groups: groups, notes: [])
        let lines = LagScreen(report, LagHistory(spacing: 0)).lines(columns: 80, rows: 24, colour: false)
        #expect(lines.count == 24)
        #expect(lines.last == "979 more, which want attention less")
    }

    @Test func aLookThatFailedIsSaidWithTheAgeOfWhatIsShown() {
        let lines = LagScreen(fixtureReport, history, failure: ("no broker answers", 95)).lines(
            columns: 100, rows: 20, colour: false)
        #expect(lines[0].contains("1m 35s old"))
        #expect(lines[1] == "not known now: no broker answers")
        #expect(
            LagScreen(nil, history).lines(columns: 100, rows: 5, colour: false) == ["Lag  the first look is under way"])
    }

    @Test func aSparklineTellsUnknownFromZero() {
        #expect(Sparkline.text([0, nil, 1, 8], width: 10) == "▁·▂█")
        #expect(Sparkline.text([0, 0], width: 10) == "▁▁")
        #expect(Sparkline.text([1, 2, 3, 4], width: 2) == "▇█")
        #expect(Sparkline.text([1_000_000, 1], width: 5) == "█▂", "only 0 has the lowest bar")
        #expect(Sparkline.text([], width: 5) == "" && Sparkline.text([1], width: 0) == "")
    }
}

@Suite struct LagHistoryTests {
    private func report(_ time: Int64, _ names: [String], committed: Int64? = 90) -> LagReport {
        LagReport(
            time: time,
            groups: names.map { GroupLag(GroupProfile(name: $0), partitions: [lagging("t", 0, [(committed, 100)])]) },
            notes: [])
    }

    @Test func itIsBoundedInPointsAndGroups() {
        var history = LagHistory(points: 4, spacing: 0)
        for look in 0..<9 { history.note(report(Int64(look), ["a"])) }
        #expect(history["a"].map(\.time) == [5, 6, 7, 8])
        var most = LagHistory(points: .max, spacing: 0)
        for look in 0..<LagHistory.maximumPoints + 5 { most.note(report(Int64(look), ["a"])) }
        #expect(most["a"].count == LagHistory.maximumPoints)
        let names = (0..<LagHistory.maximumGroups + 3).map { "g\($0)" }
        most.note(report(1000, names))
        #expect(names.filter { !most[$0].isEmpty }.count == LagHistory.maximumGroups)
        #expect(most["a"].isEmpty, "a group that is gone is forgotten")
    }

    @Test func whatComesTooSoonTakesThePlaceOfTheLast() {
        var history = LagHistory(points: 10, spacing: 100)
        for time in [0, 10, 20, 105, 110, 230] as [Int64] { history.note(report(time, ["a"])) }
        #expect(history["a"].map(\.time) == [0, 20, 110, 230])
    }

    @Test func unknownIsNoPointAtZero() {
        var history = LagHistory(points: 10, spacing: 0)
        history.note(report(0, ["a"], committed: nil))
        history.note(report(1, ["a"]))
        #expect(history["a"].map(\.records) == [nil, 10])
        #expect(history["a"].map(\.seconds) == [nil, nil])
    }
}
