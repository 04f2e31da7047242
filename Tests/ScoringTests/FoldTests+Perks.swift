import Events
import Policy
import Scoring
import Testing

extension FoldTests {
    // MARK: Perks: granted when `when` becomes true

    @Test func perksAreGrantedInPolicyOrderAfterTheScore() {
        #expect(
            withPerks.given(enrolled("anna")) == [
                "0 anna score none -> 600 B", "0 anna granted bikes", "0 anna granted apple",
            ])
        #expect(
            withPerks.given(happened("life.saved", "anna", on: 1)) == [
                "1 anna score 600 B -> 950 A: rescue 400", "1 anna granted zebra",
            ])
        #expect(withPerks.perks(of: "anna") == ["zebra", "bikes", "apple"])
    }

    @Test func withoutGraceAPerkIsRevokedAtOnce() {
        withPerks.given(enrolled("anna"), happened("life.saved", "anna", on: 1))
        #expect(
            withPerks.given(happened("crime.done", "anna", on: 2)) == [
                "2 anna score 950 A -> 600 B: crime -400", "2 anna revoked zebra",
            ])
    }

    // MARK: revoked when it has been false for `grace` without a break

    @Test func withGraceAPerkIsRevokedWhenItsTimeIsUp() {
        withPerks.given(enrolled("anna"), happened("bill.missed", "anna", on: 1))
        #expect(withPerks.perks(of: "anna") == ["bikes", "apple"], "held in its grace")
        #expect(withPerks.given(tick(on: 14.999)) == [])
        #expect(
            withPerks.given(tick(on: 15)) == ["15 anna revoked apple by timer", "15 anna revoked bikes by timer"],
            "timers fire by id")
        #expect(withPerks.perks(of: "anna") == [])
        #expect(withPerks.given(tick(on: 400)) == [])
    }

    @Test func whoRecoversInTimeKeepsThePerk() {
        withPerks.given(enrolled("anna"), happened("bill.missed", "anna", on: 1))
        #expect(withPerks.given(happened("bill.paid", "anna", on: 14.5)) == ["14 anna score 540 C -> 555 B: paid 15"])
        #expect(withPerks.given(tick(on: 100)) == [])
        #expect(withPerks.perks(of: "anna") == ["bikes", "apple"])
    }

    @Test func theGraceStartsAgainAfterABreak() {
        withPerks.given(enrolled("anna"), happened("bill.missed", "anna", on: 1))
        withPerks.given(happened("bill.paid", "anna", on: 10), happened("noise.made", "anna", on: 11))
        #expect(withPerks.score(of: "anna") == 550)
        withPerks.given(happened("noise.made", "anna", on: 12))
        #expect(withPerks.score(of: "anna") == 545)
        #expect(withPerks.given(tick(on: 25)) == [])
        #expect(
            withPerks.given(tick(on: 27)) == ["26 anna revoked apple by timer", "26 anna revoked bikes by timer"])
    }

    /// Recovered and fallen again under the same clock: one due time, one revocation.
    @Test func twoTimersForOneDueTimeRevokeOnce() {
        withPerks.given(enrolled("anna"), happened("bill.missed", "anna", on: 1))
        withPerks.given(happened("life.saved", "anna", on: 1), happened("crime.done", "anna", on: 1))
        #expect(withPerks.score(of: "anna") == 540)
        #expect(
            withPerks.given(tick(on: 16)) == ["15 anna revoked apple by timer", "15 anna revoked bikes by timer"])
    }

    @Test func aFurtherLossDoesNotProlongTheGrace() {
        withPerks.given(enrolled("anna"), happened("bill.missed", "anna", on: 1))
        withPerks.given(happened("bill.missed", "anna", on: 10))
        #expect(withPerks.given(tick(on: 15)).count == 2)
    }

    @Test func aPerkLostMayBeWonAgain() {
        withPerks.given(enrolled("anna"), happened("bill.missed", "anna", on: 1), tick(on: 20))
        #expect(
            withPerks.given(happened("bill.paid", "anna", on: 21)) == [
                "21 anna score 540 C -> 555 B: paid 15", "21 anna granted bikes", "21 anna granted apple",
            ])
    }

    // MARK: Time: every timer due at or before u fires first, each with the clock at its due time

    @Test func timersFireBeforeTheEntryThatMovesTheClock() {
        withPerks.given(enrolled("anna"), enrolled("bert"), happened("bill.missed", "anna", on: 1))
        #expect(
            withPerks.given(happened("bill.paid", "anna", on: 15)) == [
                "15 anna revoked apple by timer", "15 anna revoked bikes by timer",
                "15 anna score 540 C -> 555 B: paid 15", "15 anna granted bikes", "15 anna granted apple",
            ], "also where it would have saved the perk")
        withPerks.given(happened("bill.missed", "bert", on: 16))
        #expect(
            withPerks.given(happened("tea.drunk", "nobody", on: 40)) == [
                "30 bert revoked apple by timer", "30 bert revoked bikes by timer",
            ], "whoever's entry it is")
        #expect(withPerks.fold.clock == Happening.day(40))
    }

    @Test func timersFireByDueTimeThenSubjectThenID() {
        let late = ["bert", "a", "carl", "anna", "ann", "änne"]
        for subject in late + ["zoe"] { withPerks.given(enrolled(subject)) }
        withPerks.given(happened("bill.missed", "zoe", on: 1))
        for subject in late { withPerks.given(happened("bill.missed", subject, on: 2)) }
        let expected =
            ["15 zoe revoked apple by timer", "15 zoe revoked bikes by timer"]
            + ["a", "ann", "anna", "bert", "carl", "änne"].flatMap {
                ["16 \($0) revoked apple by timer", "16 \($0) revoked bikes by timer"]
            }
        #expect(withPerks.given(tick(on: 30)) == expected)
    }

    /// The timers of a subject that has withdrawn stay; they must not disturb the order of the others'.
    @Test(arguments: [
        ["fred", "bert", "-fred", "anna"], ["anna", "bert", "-anna", "+zoe", "carl"],
        ["mona", "nora", "paul", "-nora", "+zoe", "carl", "bert"],
        ["mona", "nora", "paul", "-mona", "-nora", "bert", "carl", "anna", "dora", "+zoe", "emma"],
    ])
    func timersOfTheWithdrawnDisturbNoOrder(story: [String]) {
        let fallen = story.filter { !$0.hasPrefix("-") && !$0.hasPrefix("+") && !story.contains("-" + $0) }
        for subject in story where !subject.hasPrefix("-") && !subject.hasPrefix("+") {
            withPerks.given(enrolled(subject))
        }
        for step in story {
            switch step.first {
            case "-": withPerks.given(withdrawn(String(step.dropFirst()), on: 1))
            case "+": withPerks.given(enrolled(String(step.dropFirst()), on: 1))
            default: withPerks.given(happened("bill.missed", step, on: 1))
            }
        }
        #expect(
            withPerks.given(tick(on: 30))
                == fallen.sorted().flatMap {
                    ["15 \($0) revoked apple by timer", "15 \($0) revoked bikes by timer"]
                })
    }

    @Test func aTimerOfAnEarlierLifeIsStale() {
        withPerks.given(enrolled("anna"), happened("bill.missed", "anna", on: 1), withdrawn("anna", on: 2))
        withPerks.given(enrolled("anna", on: 3))
        #expect(withPerks.given(tick(on: 40)) == [])
        #expect(withPerks.perks(of: "anna") == ["bikes", "apple"])
    }

    @Test func theClockNeverGoesBack() {
        withPerks.given(enrolled("anna", on: 5))
        #expect(withPerks.given(happened("bill.missed", "anna", on: 1)) == ["5 anna score 600 B -> 540 C: missed -60"])
        #expect(withPerks.fold.clock == Happening.day(5))
        #expect(withPerks.given(tick(on: 3)) == [])
        #expect(withPerks.fold.clock == Happening.day(5))
        #expect(withPerks.given(tick(on: 18)) == [], "the grace runs from the clock")
        #expect(withPerks.given(tick(on: 19)).count == 2)
    }

    @Test func ticksOnlyMoveTheClock() {
        #expect(withPerks.given(tick(on: 1), tick(on: 2)) == [])
        #expect(withPerks.fold.counters.ticks == 2)
        #expect(withPerks.fold.counters.entries == 0)
        #expect(withPerks.fold.clock == Happening.day(2))
    }
}
