import Events
import Policy
import Scoring
import Testing

/// Given events, then facts: the life of a sanction, SPEC section 5 in the order of its sentences.
@Suite struct SanctionTests {
    static let text = """
        policy: law
        version: 1
        score: {base: 1000, min: 0, max: 1300}
        dimensions: {transport: {}, judgments: {min: -500, max: 0}, trade: {}}
        rules:
          - {id: evaded, dimension: transport, event: fare.evaded, points: -40, per: month, cap: 100, lasts: 3 months}
          - {id: paid, dimension: transport, event: fare.paid, points: data.points}
          - {id: defaulted, dimension: judgments, event: court.defaulted, points: -150, per: year, lasts: 3 years}
        bands:
          - {name: B, from: 0}
          - {name: A, from: 900}
        perks:
          - {id: listing, when: "!sanctioned"}
        sanctions:
          - {id: rail, dimension: transport, measures: [rail], when: points <= -75, notice: 5 days, lasts: 60 days}
          - id: debtor
            dimension: judgments
            event: court.defaulted
            when: data.amount > 1000
            lifted-by: court.satisfied
            measures: [air, rail]
            notice: 3 days
            lasts: 100 days
          - {id: market, dimension: trade, event: fraud.found, measures: [market], lasts: 1 month}

        """

    let law: Story
    let withoutStay: Story

    init() throws {
        law = Story(try ScoringPolicy(yaml: Self.text, file: "law.yaml"))
        withoutStay = Story(try ScoringPolicy(yaml: Self.text + "appeals: {stay: false}\n", file: "law.yaml"))
    }

    private func evaded(on day: Double) -> Happening { happened("fare.evaded", "anna", on: day) }

    private func paid(_ points: Int, on day: Double) -> Happening {
        happened("fare.paid", "anna", on: day, data: #"{"points":\#(points)}"#)
    }

    private func defaulted(_ amount: Int, on day: Double) -> Happening {
        happened("court.defaulted", "anna", on: day, data: #"{"amount":\#(amount)}"#)
    }

    private func appeal(_ sanction: String = "rail", on day: Double) -> Happening {
        happened("standing.appeal.filed", "anna", on: day, data: #"{"sanction":"\#(sanction)","statement":"no"}"#)
    }

    private func decision(_ outcome: String, _ sanction: String = "rail", on day: Double) -> Happening {
        happened(
            "standing.appeal.decided", "anna", on: day,
            data: #"{"sanction":"\#(sanction)","outcome":"\#(outcome)","reason":"r"}"#)
    }

    private func void(_ event: Happening, on day: Double) -> Happening {
        FullLives.void(event, on: day, id: "void \(event.id) \(day)")
    }

    /// Two fares evaded: noticed on day 2, in force on day 7, over on day 62.
    private func noticed(_ story: Story) { story.given(enrolled("anna"), evaded(on: 1), evaded(on: 2)) }

    private func inForce(_ story: Story) {
        noticed(story)
        story.given(tick(on: 8))
    }

    private func states(_ story: Story) -> [String] {
        (story.standing(of: "anna")?.sanctions ?? [])
            .map { "\(story.fold.policy.sanctions[$0.sanction].id) \($0.state.name)" }
    }

    // MARK: Counting

    private func open(_ story: Story, on day: Double) -> OpenSanctions {
        story.fold.openSanctions(at: Happening.day(day).microseconds)
    }

    @Test func whatIsOpenIsCountedByStateAndWhatIsPastItsEndApart() {
        #expect(open(law, on: 0) == OpenSanctions())
        noticed(law)
        #expect(open(law, on: 3).noticed == 1 && open(law, on: 3).count == 1)
        law.given(tick(on: 8), defaulted(2000, on: 9))
        let both = open(law, on: 10)
        #expect((both.inForce, both.noticed, both.overdue) == (1, 1, 0))
        // The clock stands at day 9; by day 62 the first one is over, and by day 109 both are.
        #expect(open(law, on: 61.9).overdue == 0)
        #expect(open(law, on: 62).overdue == 1)
        #expect(open(law, on: 109).overdue == 2)
        law.given(appeal(on: 10))
        #expect(open(law, on: 10).stayed == 1)
    }

    @Test func whatIsLiftedIsCountedNoMore() {
        inForce(law)
        law.given(tick(on: 63))
        #expect(open(law, on: 63) == OpenSanctions())
        law.given(evaded(on: 65))
        #expect(open(law, on: 66).count == 1, "its number was free, and is not any more")
    }

    // MARK: By level

    @Test func aLevelIsNoticedThenInForceThenOver() {
        law.given(enrolled("anna"), evaded(on: 1))
        #expect(
            law.given(evaded(on: 2)) == [
                "2 anna score 960 A -> 920 A: evaded -40", "2 anna noticed rail until 62: evaded -80",
            ])
        #expect(law.given(tick(on: 6.9)) == [])
        #expect(
            law.given(tick(on: 7)) == [
                "7 anna in-force rail until 62 by timer: evaded -80", "7 anna revoked listing by timer",
            ])
        #expect(
            law.given(tick(on: 62)) == [
                "62 anna lifted rail until 62 expired by timer: evaded -80", "62 anna granted listing by timer",
            ])
        #expect(states(law) == [])
    }

    @Test func afterItsTermOnlyANewAdverseEventImposesItAgain() {
        inForce(law)
        law.given(tick(on: 63))
        #expect(law.given(paid(1, on: 64)) == ["64 anna score 920 A -> 921 A: paid 1"])
        #expect(states(law) == [])
        #expect(law.given(evaded(on: 65)).last == "65 anna noticed rail until 125: evaded -120, paid 1")
    }

    @Test func aFurtherAdverseEventChangesNothingForALevel() {
        noticed(law)
        #expect(law.given(evaded(on: 3)) == ["3 anna score 920 A -> 900 A: evaded -20"])
        #expect(law.standing(of: "anna")?.sanctions.map(\.until) == [Happening.day(62)])
    }

    /// Points before caps: what adds nothing any more is adverse all the same.
    @Test func anEventBehindTheCapIsAdverse() {
        law.given(enrolled("anna"), evaded(on: 1), evaded(on: 2), evaded(on: 3), tick(on: 63))
        #expect(law.given(evaded(on: 4)) == ["63 anna noticed rail until 123: evaded -100"])
    }

    @Test func anEventOfABucketThatIsOverIsNotAdverse() {
        law.given(enrolled("anna"), evaded(on: 90), evaded(on: 91), tick(on: 152))
        #expect(states(law) == [])
        #expect(law.given(evaded(on: 1)) == [])
        #expect(law.fold.counters.scored == 3)
    }

    @Test func goodPointsCureIt() {
        noticed(law)
        #expect(
            law.given(paid(10, on: 3)) == [
                "3 anna score 920 A -> 930 A: paid 10", "3 anna lifted rail until 62 cured: evaded -80, paid 10",
            ])
        #expect(law.given(tick(on: 100)) == [])
    }

    @Test func theEndOfABucketCuresIt() {
        law.given(enrolled("anna"), evaded(on: 1), evaded(on: 88), tick(on: 119))
        #expect(states(law) == ["rail in-force"])
        #expect(
            law.given(tick(on: 130)) == [
                "120 anna score 920 A -> 960 A: evaded 40", "120 anna lifted rail until 148 cured by timer: evaded -40",
                "120 anna granted listing by timer",
            ])
    }

    // MARK: By event

    @Test func anEventImposesAndAnotherRemedies() {
        law.given(enrolled("anna"))
        #expect(
            law.given(defaulted(2000, on: 1)) == [
                "1 anna noticed debtor until 101: defaulted -150", "1 anna score 1000 A -> 850 B: defaulted -150",
            ])
        law.given(tick(on: 5))
        #expect(states(law) == ["debtor in-force"])
        #expect(
            law.given(happened("court.satisfied", "anna", on: 10)) == [
                "10 anna lifted debtor until 101 remedied: defaulted -150", "10 anna granted listing",
            ])
        #expect(law.given(happened("court.satisfied", "anna", on: 11)) == [])
    }

    @Test func anEventThatDoesNotMatchImposesNothing() {
        law.given(enrolled("anna"))
        #expect(law.given(defaulted(1000, on: 1)) == ["1 anna score 1000 A -> 850 B: defaulted -150"])
        #expect(
            law.given(happened("court.defaulted", "anna", on: 2, data: "{}"))
                == ["2 anna score 850 B -> 700 B: defaulted -150"])
        #expect(law.fold.counters.evaluationErrors == 1)
        #expect(states(law) == [])
    }

    @Test func withoutNoticeItIsInForceAtOnce() {
        law.given(enrolled("anna"))
        #expect(
            law.given(happened("fraud.found", "anna", on: 1)) == [
                "1 anna in-force market until 32", "1 anna revoked listing",
            ])
    }

    @Test func aFurtherMatchingEventRestartsTheTerm() {
        law.given(enrolled("anna"), defaulted(2000, on: 1))
        #expect(law.given(defaulted(3000, on: 20)).count == 3, "in force, perk revoked, score; no new notice")
        #expect(law.given(tick(on: 119)) == [])
        #expect(
            law.given(tick(on: 120)).first == "120 anna lifted debtor until 120 expired by timer: defaulted -300")
    }

    @Test func noticeAndTermCountFromTheClockEvenOfALateEvent() {
        law.given(enrolled("anna"), tick(on: 50))
        #expect(law.given(defaulted(2000, on: 1)).first == "50 anna noticed debtor until 150: defaulted -150")
    }

    // MARK: Voids

    @Test func aVoidLiftsWhatTheEventImposed() {
        let event = defaulted(2000, on: 1)
        law.given(enrolled("anna"), event, defaulted(3000, on: 20))
        #expect(
            law.given(void(event, on: 30)) == [
                "30 anna lifted debtor until 120 voided: defaulted -150", "30 anna score 700 B -> 850 B: defaulted 150",
                "30 anna granted listing",
            ])
        #expect(law.given(event, tick(on: 200)) == [], "and it stays voided if it is sent again")
        #expect(law.fold.counters.voids == 1)
        #expect(law.fold.counters.duplicates == 1)
    }

    @Test func aVoidCuresALevel() {
        inForce(law)
        #expect(
            law.given(void(evaded(on: 2), on: 9)) == [
                "9 anna score 920 A -> 960 A: evaded 40", "9 anna lifted rail until 62 cured: evaded -40",
                "9 anna granted listing",
            ])
    }

    @Test func aVoidOfWhatIsNotThereIsCountedAndHarmless() {
        let later = evaded(on: 3)
        law.given(enrolled("anna"))
        #expect(law.given(void(later, on: 1), void(evaded(on: 9), on: 1)) == [])
        #expect(law.given(later).count == 1, "nor does it stop what comes later")
        #expect(law.fold.counters.voidsIgnored == 2)
        #expect(law.fold.counters.voids == 0)
    }

    @Test func aVoidAfterTheBucketsEndChangesNothing() {
        law.given(enrolled("anna"), evaded(on: 3), tick(on: 130))
        #expect(law.given(void(evaded(on: 3), on: 140)) == [])
        #expect(law.fold.counters.voids == 1)
    }

    @Test func whatWasVoidedStaysSoInTheNextLifeToo() {
        let event = evaded(on: 1)
        law.given(enrolled("anna"), event, void(event, on: 2), withdrawn("anna", on: 3), enrolled("anna", on: 4))
        #expect(law.given(event) == [])
        #expect(law.score(of: "anna") == 1000)
    }

    // MARK: Appeals

    @Test func anAppealIsOpenUntilItIsDecidedOrTheSanctionGoes() {
        func open(_ story: Story) -> [OpenAppeal] {
            var found: [OpenAppeal] = []
            #expect(story.fold.openAppeals(from: 0, records: 10) { found.append($0) } == nil)
            #expect(story.fold.openAppealCount() == found.count)
            return found
        }
        inForce(law)
        #expect(open(law).isEmpty)
        law.given(appeal(on: 9))
        let appeals = open(law)
        #expect(appeals.map(\.subject) == [Array("anna".utf8)] && appeals.map(\.sanction) == ["rail"])
        #expect(appeals.map(\.state) == [.stayed] && appeals.map(\.decideBy) == [Happening.day(39)])
        law.given(decision("rejected", on: 10))
        #expect(open(law).isEmpty)
        noticed(withoutStay)
        withoutStay.given(appeal(on: 3))
        #expect(open(withoutStay).map(\.state) == [.noticed])
        withoutStay.given(decision("upheld", on: 4))
        #expect(open(withoutStay).isEmpty)
    }

    @Test func anAppealStaysItAndADecisionUpholdsIt() {
        inForce(law)
        #expect(
            law.given(appeal(on: 9)) == ["9 anna stayed rail until 62: evaded -80", "9 anna granted listing"])
        #expect(
            law.given(decision("upheld", on: 10)) == ["10 anna lifted rail until 62 appeal-upheld: evaded -80"])
    }

    @Test func aRejectionPutsItBackWithTheOldDates() {
        noticed(law)
        #expect(law.given(appeal(on: 3)) == ["3 anna stayed rail until 62: evaded -80"])
        #expect(law.given(decision("rejected", on: 4)) == ["4 anna noticed rail until 62 restored: evaded -80"])
        #expect(law.given(tick(on: 7)).first == "7 anna in-force rail until 62 by timer: evaded -80")
    }

    @Test func aRejectionAfterTheNoticePutsItInForce() {
        noticed(law)
        law.given(appeal(on: 3), tick(on: 20))
        #expect(states(law) == ["rail stayed"])
        #expect(
            law.given(decision("rejected", on: 21)) == [
                "21 anna in-force rail until 62 restored: evaded -80", "21 anna revoked listing",
            ])
    }

    @Test func anUndecidedAppealLapsesInTheSubjectsFavour() {
        inForce(law)
        law.given(appeal(on: 9))
        #expect(law.given(tick(on: 39)) == ["39 anna lifted rail until 62 appeal-lapsed by timer: evaded -80"])
    }

    @Test func withoutAStayItIsInForceUntilTheAppealIsDecidedOrLapses() {
        inForce(withoutStay)
        #expect(withoutStay.given(appeal(on: 9)) == [])
        #expect(states(withoutStay) == ["rail in-force"])
        #expect(
            withoutStay.given(tick(on: 39)) == [
                "39 anna lifted rail until 62 appeal-lapsed by timer: evaded -80", "39 anna granted listing by timer",
            ])
    }

    @Test func expiryGoesOnWhileStayedAndBeforeALapse() {
        inForce(law)
        law.given(appeal(on: 32))
        #expect(law.given(tick(on: 62)) == ["62 anna lifted rail until 62 expired by timer: evaded -80"])
    }

    @Test func oneAppealPerImpositionAndAnyOtherIsHarmless() {
        inForce(law)
        law.given(appeal(on: 9), decision("rejected", on: 10))
        #expect(
            law.given(
                appeal(on: 11), decision("upheld", on: 12), appeal("debtor", on: 13), appeal("unheard-of", on: 14),
                decision("upheld", "market", on: 15)) == [])
        #expect(law.fold.counters.appealsIgnored == 5)
        #expect(states(law) == ["rail in-force"])
        // Imposed again, it may be appealed again.
        law.given(tick(on: 63), evaded(on: 64), appeal(on: 65))
        #expect(states(law) == ["rail stayed"])
    }

    @Test func theStandingSaysWhatMayBeDone() throws {
        noticed(law)
        let noticed = try #require(law.standing(of: "anna")?.sanctions.first)
        #expect(noticed.inForceFrom == Happening.day(7))
        #expect(noticed.mayAppeal)
        #expect(noticed.decideBy == nil)
        law.given(appeal(on: 3))
        let stayed = try #require(law.standing(of: "anna")?.sanctions.first)
        #expect(!stayed.mayAppeal)
        #expect(stayed.decideBy == Happening.day(33))
    }

    @Test func anExplanationTellsTheTerm() throws {
        noticed(law)
        var writer = ByteWriter()
        try #require(law.standing(of: "anna")).writeExplained(
            to: &writer, policy: law.fold.policy, clock: law.fold.clock)
        let expected =
            #""sanctions":[{"id":"rail","state":"noticed","measures":["rail"],"since":"2026-01-03T00:00:00Z","#
            + #""until":"2026-03-04T00:00:00Z","inForceFrom":"2026-01-08T00:00:00Z","mayAppeal":true}],"#
        #expect(String(decoding: writer.bytes, as: UTF8.self).contains(expected))
    }

    // MARK: Withdrawal

    @Test func aWithdrawalLiftsSanctionsThenRevokesPerks() {
        law.given(enrolled("anna"), defaulted(2000, on: 1), evaded(on: 1), evaded(on: 2))
        #expect(
            law.given(withdrawn("anna", on: 3)) == [
                "3 anna lifted rail until 62 withdrawn: evaded -80",
                "3 anna lifted debtor until 101 withdrawn: defaulted -150",
                "3 anna revoked listing", "3 anna score 770 B -> none",
            ])
        law.given(enrolled("anna", on: 4))
        #expect(states(law) == [])
        #expect(law.score(of: "anna") == 1000)
        #expect(law.given(tick(on: 200)) == [])
    }

    @Test func aSanctionOfOneDimensionSeesNothingOfAnother() {
        law.given(enrolled("anna"), evaded(on: 1))
        #expect(law.given(defaulted(900, on: 2)) == ["2 anna score 960 A -> 810 B: defaulted -150"])
        #expect(states(law) == [])
    }
}
