import Events
import Lag
import Testing

/// How many people Standing's own lag affects: exact, a bound, or unknown, and never an unknown taken for zero.
@Suite struct PeopleLagTests {
    private func fold(_ subjects: CountBounds?) -> GroupLag {
        GroupLag(
            GroupProfile(name: "fold"),
            partitions: [
                lagging("ledger", 0, [(90, 100), (95, 100)], age: 1_000, unit: .frames(events: 9), subjects: subjects),
                lagging(
                    "ledger", 1, [(10, 10), (10, 10)], unit: .frames(events: 0), subjects: CountBounds(exactly: 0)),
            ])
    }

    /// One that is so many milliseconds late in `late`, and read to the end in `early`.
    private func intake(_ age: Int64) -> GroupLag {
        GroupLag(
            GroupProfile(name: "intake"),
            partitions: [
                lagging("early", 0, [(10, 10), (10, 10)], subjects: CountBounds(exactly: 0)),
                lagging("late", 0, [(10, 40), (20, 40)], age: age, subjects: CountBounds(atLeast: 0, atMost: 20)),
            ])
    }

    private func reading(_ open: Int64, overdue: Int64? = 0, partitions: Int, frozen: [String] = []) -> SanctionReading
    {
        SanctionReading(open: open, overdue: overdue, partitions: partitions, frozenTopics: frozen)
    }

    @Test func subjectsOfThePartitionsAddUp() {
        let people = PeopleLag(fold: fold(CountBounds(exactly: 7)), intake: intake(1_000), readings: [])
        #expect(people.subjects == CountBounds(exactly: 7))
        #expect(people.sourceRecords == 20)
        let more = PeopleLag(fold: fold(CountBounds(atLeast: 7, atMost: nil)), intake: nil, readings: [])
        #expect(more.subjects == CountBounds(atLeast: 7, atMost: nil))
        #expect(more.sourceRecords == nil)
    }

    @Test func whatNobodySaidIsUnknown() {
        let people = PeopleLag(fold: nil, intake: nil, readings: [])
        #expect(people.subjects == .unknown)
        #expect(people.overdueSanctions == nil && people.openSanctions == nil && people.waitingSanctions == nil)
        #expect(people.catchUp == .unknown)
        // Nobody knows which sources are stale, and that is not none.
        #expect(people.staleSources == nil)
        var exposition = Exposition()
        var report = LagReport(time: 0, groups: [], notes: [])
        report.people = people
        exposition.addLag(report, age: 0, isCurrent: true)
        #expect(!exposition.text.contains("\nstanding_lag_stale_sources"))
        #expect(report.json().contains(#""staleSources":null"#))
    }

    @Test func sanctionsAreExactWhereEveryLedgerPartitionWasCounted() {
        let whole = PeopleLag(
            fold: fold(nil), intake: intake(1_000),
            readings: [reading(5, overdue: 2, partitions: 1), reading(3, overdue: 1, partitions: 1)])
        #expect(whole.openSanctions == CountBounds(exactly: 8))
        #expect(whole.overdueSanctions == CountBounds(exactly: 3))
        let part = PeopleLag(
            fold: fold(nil), intake: intake(1_000), readings: [reading(5, overdue: 2, partitions: 1)])
        #expect(part.overdueSanctions == CountBounds(atLeast: 2, atMost: nil))
    }

    @Test func aLedgerWithAClockOfItsOwnHasNoOverdueSanctions() {
        let people = PeopleLag(
            fold: fold(nil), intake: intake(1_000), readings: [reading(5, overdue: nil, partitions: 2)])
        #expect(people.overdueSanctions == nil)
        #expect(people.openSanctions == CountBounds(exactly: 5))
    }

    @Test func noSanctionWaitsWhileNoSourceIsStale() {
        let people = PeopleLag(fold: fold(nil), intake: intake(60_000), readings: [reading(5, partitions: 2)])
        #expect(people.staleSources == [])
        #expect(people.waitingSanctions == CountBounds(exactly: 0))
    }

    @Test func anyOpenSanctionMayWaitForASourceThatIsLateOrFrozen() {
        let late = PeopleLag(fold: fold(nil), intake: intake(60_001), readings: [reading(5, partitions: 2)])
        #expect(late.staleSources == ["late"])
        #expect(late.waitingSanctions == CountBounds(atLeast: 0, atMost: 5))
        let frozen = PeopleLag(
            fold: fold(nil), intake: intake(1_000), readings: [reading(5, partitions: 2, frozen: ["early"])])
        #expect(frozen.staleSources == ["early"])
        #expect(frozen.waitingSanctions == CountBounds(atLeast: 0, atMost: 5))
    }

    /// A source of which nothing is known is stale: its events may wait.
    @Test func aSourceOfWhichNothingIsKnownIsStale() {
        let unknown = GroupLag(GroupProfile(name: "intake"), partitions: [lagging("dark", 0, [(nil, 9)])])
        let people = PeopleLag(fold: fold(nil), intake: unknown, readings: [reading(5, partitions: 2)])
        #expect(people.staleSources == ["dark"])
        #expect(people.waitingSanctions == CountBounds(atLeast: 0, atMost: 5))
        #expect(PeopleLag(fold: fold(nil), intake: unknown, readings: []).waitingSanctions == nil)
        #expect(
            PeopleLag(fold: fold(nil), intake: nil, readings: [reading(5, partitions: 2)]).waitingSanctions?.exact
                == nil)
    }

    @Test func allIsCaughtUpWhenTheSlowerOneIs() {
        // The intake reads 1 record a second of 20; the fold 0.5 frames a second of 5.
        #expect(PeopleLag(fold: fold(nil), intake: intake(1), readings: []).catchUp == .seconds(20))
        #expect(PeopleLag(fold: fold(nil), intake: nil, readings: []).catchUp == .unknown)
        let still = GroupLag(
            GroupProfile(name: "intake"), partitions: [lagging("late", 0, [(10, 40), (10, 40)], age: 1)])
        #expect(PeopleLag(fold: nil, intake: still, readings: []).catchUp == .never)
    }

    @Test func theReportSaysItInItsTableAndJSON() {
        let report = LagReport(time: fixtureTime, groups: [fold(CountBounds(exactly: 7)), intake(90_000)], notes: [])
        #expect(!report.json().contains("people") && !report.table().contains("PEOPLE"))
        let people = report.addingPeople(fold: "fold", intake: "intake", [reading(5, overdue: 2, partitions: 1)])
        #expect(
            people.table().hasSuffix(
                """
                PEOPLE                                     NUMBER      HOW IT IS KNOWN
                subjects with unread events in the ledger  7           read from the unread frames
                source records that are not in the ledger  20          each is about one subject at most
                sanctions past their end, not lifted       at least 2  counted in the partitions of the members asked, not in all
                sanctions that wait on a stale source      unknown     stale: late
                all is caught up in                        20s         extrapolated from the rates of the last looks

                """))
        let json = people.json()
        #expect(
            json.contains(
                #""people":{"catchUp":20,"openSanctions":{"atLeast":5,"atMost":null,"exact":false},"#
                    + #""overdueSanctions":{"atLeast":2,"atMost":null,"exact":false},"sourceRecords":20,"#
                    + #""staleSources":["late"],"subjects":{"atLeast":7,"atMost":7,"exact":true},"#
                    + #""waitingSanctions":{"atLeast":0,"atMost":null,"exact":false}},"time":"#))
        #expect(json.contains(#""status":"behind","subjects":{"atLeast":7,"atMost":7,"exact":true},"trend""#))
        // Of a cluster without Standing nothing is reported.
        #expect(fixtureReport.addingPeople(fold: "fold", intake: "intake", []).people == nil)
    }

    @Test(arguments: [
        (CountBounds(exactly: 0), "0"), (CountBounds(exactly: 12), "12"),
        (CountBounds(atLeast: 3, atMost: 12), "3 to 12"),
        (CountBounds(atLeast: 0, atMost: 12), "at most 12"), (CountBounds(atLeast: 3, atMost: nil), "at least 3"),
        (.unknown, "unknown"),
    ])
    func boundsInWords(count: CountBounds, text: String) {
        let group = GroupLag(
            GroupProfile(name: "fold"),
            partitions: [lagging("l", 0, [(1, 2)], unit: .frames(events: nil), subjects: count)])
        let report = LagReport(time: 0, groups: [group], notes: []).addingPeople(fold: "fold", intake: "none", [])
        #expect(report.table().contains("subjects with unread events in the ledger  \(text) "))
    }
}
