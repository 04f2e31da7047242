import Events
import Policy
@testable import Scoring
import Testing

/// Given events, then facts: SPEC sections 2 to 5 in the order of their sentences.
@Suite struct FoldTests {
    let town: Story
    let withPerks: Story

    init() throws {
        town = Story(try TownPolicy.scores())
        withPerks = Story(try TownPolicy.policy())
    }

    // MARK: Nobody is scored who has not enrolled.

    @Test func theFirstStandingIsAChangeFromNothing() {
        #expect(town.given(enrolled("anna")) == ["0 anna score none -> 600 B"])
        #expect(town.standing(of: "anna")?.kind == .individual)
        #expect(town.standing(of: "anna")?.terms == "t1")
        #expect(town.standing(of: "anna")?.dimensions == [0, 0])
        #expect(town.fold.subjectCount == 1)
    }

    @Test func anEventOfNobodyEnrolledNeverCountsEvenLater() {
        let early = happened("bill.paid", "anna", on: 0)
        #expect(town.given(early) == [])
        #expect(town.given(enrolled("anna", on: 1)) == ["1 anna score none -> 600 B"])
        #expect(town.score(of: "anna") == 600)
        #expect(town.fold.counters.notEnrolled == 1)
        #expect(town.given(happened("bill.paid", "anna", on: 2)) == ["2 anna score 600 B -> 615 B: paid 15"])
    }

    @Test func whatHappensAfterAWithdrawalNeverCounts() {
        let between = happened("bill.paid", "anna", on: 2)
        town.given(enrolled("anna"), withdrawn("anna", on: 1), between, enrolled("anna", on: 3))
        #expect(town.score(of: "anna") == 600)
    }

    /// What was delivered to nobody left no trace: sent again to somebody, it is new.
    @Test func anEventIsKnownWithinOneEnrolmentOnly() {
        let paid = happened("bill.paid", "anna", on: 1)
        town.given(paid, enrolled("anna", on: 2))
        #expect(town.given(paid) == ["2 anna score 600 B -> 615 B: paid 15"])
        #expect(town.given(paid) == [])
        town.given(withdrawn("anna", on: 3), enrolled("anna", on: 4))
        #expect(town.given(paid) == ["4 anna score 600 B -> 615 B: paid 15"])
        #expect(town.given(paid) == [])
        #expect(town.fold.counters.duplicates == 2)
        #expect(town.fold.counters.notEnrolled == 1)
    }

    @Test func aSecondEnrolmentChangesOnlyTheTerms() {
        town.given(enrolled("anna"), happened("bill.paid", "anna", on: 1))
        #expect(town.given(enrolled("anna", on: 2, kind: "business", terms: "t2")) == [])
        #expect(town.standing(of: "anna")?.terms == "t2")
        #expect(town.standing(of: "anna")?.kind == .individual)
        #expect(town.score(of: "anna") == 615)
        #expect(town.fold.counters.enrolments == 1)
    }

    @Test func termsMayBeLeftOut() {
        town.given(happened("standing.subject.enrolled", "anna", on: 0, data: #"{"kind":"business"}"#))
        #expect(town.standing(of: "anna")?.terms == "")
        #expect(town.standing(of: "anna")?.kind == .business)
    }

    @Test func aKindThatThePolicyDoesNotScoreIsNotEnrolled() {
        #expect(town.given(enrolled("olga", kind: "official")) == [])
        #expect(town.given(happened("bill.paid", "olga", on: 1)) == [])
        #expect(town.standing(of: "olga") == nil)
        #expect(town.fold.counters.kindNotScored == 1)
        #expect(town.fold.counters.notEnrolled == 1)
    }

    // MARK: Duplicates

    @Test func withinASubjectSourceAndIDIdentifyAnEvent() {
        town.given(enrolled("anna"), enrolled("bert"))
        let paid = happened("bill.paid", "anna", on: 1, id: "e1")
        #expect(town.given(paid).count == 1)
        #expect(town.given(paid) == [])
        #expect(town.given(happened("bill.late", "anna", on: 900, id: "e1")) == [], "whatever else it says")
        #expect(town.fold.counters.duplicates == 2)
        #expect(town.given(happened("bill.paid", "anna", on: 901, id: "e1", source: "/bank")).count == 1)
        #expect(town.given(happened("bill.paid", "bert", on: 902, id: "e1")).count == 1)
        #expect(town.score(of: "anna") == 630)
        #expect(town.fold.identities.count == 5)
    }

    @Test func aDuplicateStillMovesTheClock() {
        let paid = happened("bill.paid", "anna", on: 1)
        town.given(enrolled("anna"), paid)
        var later = paid
        later.time = Happening.day(9)
        town.given(later)
        #expect(town.fold.clock == Happening.day(9))
    }

    @Test func aRepeatedWithdrawalDoesNotEndTheNextLife() {
        let leave = withdrawn("anna", on: 1)
        town.given(enrolled("anna"), leave, enrolled("anna", on: 2), leave)
        #expect(town.score(of: "anna") == 600)
    }

    // MARK: The rest of what can come

    @Test func anUnnamedTypeChangesNothing() {
        town.given(enrolled("anna"))
        #expect(town.given(happened("tea.drunk", "anna", on: 1)) == [])
        #expect(town.fold.counters.unmatched == 1)
    }

    @Test func aRuleForAnotherKindChangesNothing() {
        town.given(enrolled("anna"), enrolled("shop", kind: "business"))
        #expect(town.given(happened("wage.paid", "anna", on: 1)) == [])
        #expect(town.fold.counters.unmatched == 1)
        #expect(town.given(happened("wage.paid", "shop", on: 1)) == ["1 shop score 600 B -> 630 B: fair 30"])
    }

    @Test func appealsAreCountedAndHarmless() {
        town.given(enrolled("anna"))
        #expect(town.given(happened("standing.appeal.filed", "anna", on: 1)) == [])
        #expect(town.given(happened("standing.appeal.decided", "anna", on: 1)) == [])
        #expect(town.given(happened("standing.appeal.filed", "nobody", on: 1)) == [])
        #expect(town.fold.counters.appealsIgnored == 2)
        #expect(town.fold.counters.notEnrolled == 1)
    }

    @Test func whatConcernsEveryoneConcernsNoSubject() {
        town.given(enrolled("anna"))
        let reset = happened("standing.source.reset", "", on: 1, data: #"{"topic":"t"}"#)
        let acknowledged = happened("standing.source.acknowledged", "", on: 1, data: #"{"topic":"t"}"#)
        #expect(town.given(reset, reset, acknowledged) == [])
        #expect(town.fold.counters.duplicates == 0)
        #expect(town.fold.clock == Happening.day(1))
    }

    /// YAML's tag `!` is no part of a condition, in ledgers since their beginning.
    @Test func aConditionWithATagFoldsAsWithoutIt() throws {
        let story = Story(
            try ScoringPolicy(
                yaml: """
                    policy: p
                    version: 1
                    score: {base: 0, min: -10, max: 10}
                    dimensions: {d: {}}
                    rules:
                      - {id: late, dimension: d, event: came, when: ! data.late, points: -1}
                    bands: [{name: A, from: -10}]
                    """, file: "p"))
        story.given(enrolled("anna"))
        #expect(story.given(happened("came", "anna", on: 1, data: "{\"late\":false}")) == [])
        #expect(
            story.given(happened("came", "anna", on: 2, data: "{\"late\":true}"))
                == ["2 anna score 0 A -> -1 A: late -1"])
    }

    // MARK: Withdrawal

    @Test func aWithdrawalRevokesPerksInPolicyOrderAndRemovesTheState() {
        withPerks.given(enrolled("anna"), happened("life.saved", "anna", on: 1))
        #expect(withPerks.perks(of: "anna") == ["zebra", "bikes", "apple"])
        #expect(
            withPerks.given(withdrawn("anna", on: 2)) == [
                "2 anna revoked zebra", "2 anna revoked bikes", "2 anna revoked apple", "2 anna score 950 A -> none",
            ])
        #expect(withPerks.standing(of: "anna") == nil)
        #expect(withPerks.fold.subjectCount == 0)
        #expect(withPerks.given(happened("bill.paid", "anna", on: 3)) == [])
    }

    @Test func aWithdrawalRevokesPerksInTheirGraceOnce() {
        withPerks.given(enrolled("anna"), happened("crime.done", "anna", on: 1))
        #expect(
            withPerks.given(withdrawn("anna", on: 2)) == [
                "2 anna revoked bikes", "2 anna revoked apple", "2 anna score 350 C -> none",
            ])
        #expect(withPerks.given(tick(on: 100)) == [])
    }

    @Test func whoComesBackBeginsAtTheBase() {
        town.given(enrolled("anna"), happened("bill.paid", "anna", on: 1), withdrawn("anna", on: 2))
        #expect(town.given(enrolled("anna", on: 3, terms: "t3")) == ["3 anna score none -> 600 B"])
        #expect(town.standing(of: "anna")?.contributions == [])
        #expect(town.standing(of: "anna")?.terms == "t3")
        #expect(town.given(happened("bill.paid", "anna", on: 4)) == ["4 anna score 600 B -> 615 B: paid 15"])
    }

    @Test func aWithdrawalOfNobodyIsCounted() {
        #expect(town.given(withdrawn("nobody", on: 1)) == [])
        #expect(town.fold.counters.notEnrolled == 1)
        #expect(town.fold.counters.withdrawals == 0)
    }

    // MARK: Subjects

    @Test func subjectsOfEveryLength() {
        let subjects = (1...1024).map { length in
            String("subject-\(length)-".prefix(length)) + String(repeating: "x", count: max(0, length - 16))
        }
        let unique = Set(subjects).sorted()
        for subject in unique { town.given(enrolled(subject)) }
        for subject in unique { town.given(happened("bill.paid", subject, on: 1)) }
        #expect(town.fold.subjectCount == unique.count)
        #expect(town.standings.keys.sorted() == unique)
        #expect(town.standings.values.allSatisfy { $0.level.score == 615 })
        for subject in unique.prefix(500) { town.given(withdrawn(subject, on: 2)) }
        #expect(town.standings.keys.sorted() == Array(unique.dropFirst(500)))
    }

    @Test func subjectsThatDifferInTheirLastByte() {
        for length in [7, 8, 9, 23, 24, 25, 26, 200] {
            let stem = String(repeating: "s", count: length)
            town.given(enrolled(stem + "a"), happened("bill.paid", stem + "a", on: 1))
            #expect(town.standing(of: stem + "b") == nil)
            #expect(town.standing(of: stem) == nil)
            town.given(enrolled(stem + "b", on: 1))
            #expect(town.score(of: stem + "a") == 615)
            #expect(town.score(of: stem + "b") == 600)
        }
    }
}
