import Events
import Policy
import Scoring
import Testing

@Suite struct PolicySwitchTests {
    private static let text = """
        policy: hamlet
        version: 1
        score: {base: 600, min: 350, max: 950}
        dimensions: {payment: {}, conduct: {}}
        rules:
          - {id: paid, dimension: payment, event: bill.paid, points: 20}
          - {id: missed, dimension: payment, event: bill.missed, points: -60}
          - {id: noise, dimension: conduct, event: noise.made, points: -5}
        bands: [{name: C, from: 350}, {name: B, from: 550}, {name: A, from: 640}]
        perks:
          - {id: bikes, when: score >= 620}
          - {id: pool, when: score >= 540, grace: 10 days}
        sanctions:
          - {id: credit, dimension: payment, measures: [credit], when: points <= -60, notice: 5 days, lasts: 100 days}
          - {id: quiet, dimension: conduct, measures: [parties], when: points <= -5, lasts: 50 days}
          - {id: court, dimension: conduct, event: court.judged, measures: [air], lasts: 60 days}

        """

    private let first: ScoringPolicy
    private let story: Story
    private var past: [Happening] = []

    init() throws {
        first = try ScoringPolicy(yaml: Self.text, file: "hamlet.yaml")
        story = Story(first)
    }

    private func changed(_ changes: (of: String, to: String)...) throws -> ScoringPolicy {
        var text = Self.text.replacing("version: 1", with: "version: 2")
        for change in changes {
            try #require(text.contains(change.of))
            text = text.replacing(change.of, with: change.to)
        }
        return try ScoringPolicy(yaml: text, file: "hamlet.yaml")
    }

    private mutating func given(_ happenings: Happening...) -> [String] {
        past += happenings
        return story.given(happenings)
    }

    private func switched(to policy: ScoringPolicy, on day: Double, id: String = "switch") throws -> [String]? {
        try story.switched(to: policy, on: day, id: id, past: past, first: first)
    }

    // MARK: Scores

    @Test mutating func pointsBecomeWhatTheHistoryGivesUnderTheNewPolicy() throws {
        _ = given(
            enrolled("anna"), enrolled("bert"), happened("bill.paid", "anna", on: 1),
            happened("bill.paid", "anna", on: 2))
        let policy = try changed(("event: bill.paid, points: 20", "event: bill.paid, points: 30, cap: 45"))
        #expect(try switched(to: policy, on: 3) == ["3 anna score 640 A -> 645 A: paid 5"])
        #expect(story.contributions(to: "anna") == ["paid 45 of 2"])
        #expect(story.fold.clock == Happening.day(3))
        // What comes next counts by the new rule, and by the same buckets.
        #expect(given(happened("bill.paid", "anna", on: 4)) == [])
    }

    @Test mutating func rulesThatAreNewOrGoneAreReasons() throws {
        _ = given(
            enrolled("anna"), happened("bill.paid", "anna", on: 1), happened("noise.made", "anna", on: 1),
            happened("tea.drunk", "anna", on: 1))
        let policy = try changed(
            ("id: paid, dimension: payment", "id: settled, dimension: payment"),
            ("event: noise.made, points: -5", "event: tea.drunk, points: 3"))
        #expect(
            try switched(to: policy, on: 2)
                == [
                    "2 anna score 615 B -> 623 B: settled 20, paid -20, noise 8",
                    "2 anna lifted quiet until 51 cured: noise 3", "2 anna granted bikes",
                ])
    }

    @Test mutating func aBandOfAnotherNameIsAChange() throws {
        _ = given(enrolled("anna"))
        let policy = try changed(("name: B", "name: middle"))
        #expect(try switched(to: policy, on: 1) == ["1 anna score 600 B -> 600 middle"])
    }

    @Test mutating func whereNothingChangesNobodyIsTold() throws {
        _ = given(enrolled("anna"), happened("bill.missed", "anna", on: 1), happened("bill.paid", "anna", on: 2))
        #expect(try switched(to: changed(), on: 3) == [])
        #expect(story.fold.policy.version == 2)
    }

    @Test mutating func subjectsAreToldInTheOrderOfTheirKeys() throws {
        _ = given(enrolled("carl"), enrolled("anna"), enrolled("bert"))
        let facts = try #require(try switched(to: changed(("base: 600", "base: 610")), on: 1))
        #expect(facts == ["anna", "bert", "carl"].map { "1 \($0) score 600 B -> 610 B" })
    }

    // MARK: Sanctions

    @Test mutating func aSanctionThatBothHaveGoesOnWithItsDates() throws {
        _ = given(enrolled("anna"), happened("bill.missed", "anna", on: 1))
        let policy = try changed(("notice: 5 days, lasts: 100 days", "notice: 50 days, lasts: 900 days"))
        #expect(try switched(to: policy, on: 3) == [])
        #expect(
            given(tick(on: 200)) == [
                "6 anna in-force credit until 101 by timer: missed -60",
                "101 anna lifted credit until 101 expired by timer: missed -60",
            ])
    }

    @Test mutating func anAppealGoesOn() throws {
        _ = given(
            enrolled("anna"), happened("bill.missed", "anna", on: 1),
            happened("standing.appeal.filed", "anna", on: 2, data: #"{"sanction":"credit"}"#))
        #expect(try switched(to: changed(), on: 3) == [])
        #expect(
            given(
                happened(
                    "standing.appeal.decided", "anna", on: 4, data: #"{"sanction":"credit","outcome":"rejected"}"#),
                tick(on: 7)) == [
                    "4 anna noticed credit until 101 restored: missed -60",
                    "6 anna in-force credit until 101 by timer: missed -60",
                ])
    }

    @Test(arguments: [
        ("id: credit,", "id: loans,"), ("measures: [credit]", "measures: [loans]"),
        (
            "{id: credit, dimension: payment, measures: [credit], when: points <= -60,",
            "{id: credit, dimension: payment, measures: [credit], event: bill.missed,"
        ),
    ])
    mutating func aSanctionThatTheNewPolicyHasNotIsLifted(of: String, to: String) throws {
        _ = given(enrolled("anna"), happened("bill.missed", "anna", on: 1))
        #expect(try switched(to: changed((of, to)), on: 3) == ["3 anna lifted credit until 101 cured"])
        #expect(story.standing(of: "anna")?.sanctions == [])
    }

    @Test mutating func aConditionThatIsFalseUnderTheNewPolicyIsACure() throws {
        _ = given(enrolled("anna"), happened("bill.missed", "anna", on: 1))
        #expect(
            try switched(to: changed(("points <= -60", "points <= -61")), on: 3)
                == ["3 anna lifted credit until 101 cured: missed -60"])
    }

    /// SPEC section 5: a new policy version can lift a sanction and never impose one.
    @Test mutating func noneIsImposed() throws {
        _ = given(enrolled("anna"), happened("bill.paid", "anna", on: 1), happened("court.pleaded", "anna", on: 1))
        let policy = try changed(
            ("points: 20", "points: -200"), ("event: court.judged", "event: [court.judged, court.pleaded]"))
        #expect(
            try switched(to: policy, on: 2)
                == ["2 anna score 620 B -> 400 C: paid -220", "2 anna revoked bikes"])
        #expect(story.standing(of: "anna")?.sanctions == [])
        // The next adverse event does.
        #expect(given(happened("bill.missed", "anna", on: 3)).contains { $0.hasPrefix("3 anna noticed credit") })
    }

    // MARK: Perks

    @Test mutating func perksAreEvaluated() throws {
        _ = given(enrolled("anna"), enrolled("bert"), happened("bill.paid", "anna", on: 1))
        let policy = try changed(
            ("{id: bikes, when: score >= 620}", "{id: bikes, when: score >= 630}"),
            ("{id: pool, when: score >= 540, grace: 10 days}", "{id: zoo, when: score >= 620}"))
        #expect(
            try switched(to: policy, on: 2)
                == ["2 anna revoked pool", "2 anna revoked bikes", "2 anna granted zoo", "2 bert revoked pool"])
    }

    /// What a condition reads did not change at the switch, but the condition is another one.
    @Test mutating func conditionsWithoutPointsAreEvaluatedToo() throws {
        _ = given(
            enrolled("anna"), enrolled("firm", kind: "business"), happened("bill.missed", "anna", on: 1),
            happened("bill.missed", "firm", on: 1))
        let policy = try changed(
            ("{id: bikes, when: score >= 620}", #"{id: bikes, when: 'kind == "business"'}"#),
            ("{id: pool, when: score >= 540, grace: 10 days}", #"{id: zoo, when: 'true'}"#),
            ("when: points <= -60", #"when: 'kind == "business"'"#))
        let facts = try #require(try switched(to: policy, on: 2))
        #expect(
            facts.filter { $0.contains("anna") }.map { String($0.dropFirst("2 anna ".count)) } == [
                "lifted credit until 101 cured: missed -60", "revoked pool", "granted zoo",
            ])
        #expect(
            facts.filter { $0.contains("firm") }.map { String($0.dropFirst("2 firm ".count)) } == [
                "revoked pool", "granted bikes", "granted zoo",
            ])
    }

    @Test mutating func aGraceThatRunsGoesOn() throws {
        _ = given(enrolled("anna"), happened("bill.missed", "anna", on: 1), happened("bill.late", "anna", on: 1))
        let stricter = try changed(("score >= 540", "score >= 560"))
        #expect(try switched(to: stricter, on: 2) == [])
        #expect(story.perks(of: "anna") == ["pool"])
        past.append(Story.activation(of: stricter, on: 2, id: "switch"))
        #expect(try switched(to: changed(("score >= 540", "score >= 570")), on: 5, id: "again") == [])
        #expect(given(tick(on: 20)).contains("12 anna revoked pool by timer"))
    }

    // MARK: Who is enrolled

    @Test mutating func whoseKindTheNewPolicyScoresMustEnrolAll() throws {
        let narrow = try ScoringPolicy(
            yaml: Self.text.replacing("version: 1", with: "version: 1\nkinds: [individual]"), file: "")
        let story = Story(narrow)
        let past = [enrolled("anna"), enrolled("firm", kind: "business")]
        story.given(past)
        #expect(story.standings.keys.sorted() == ["anna"])
        #expect(try story.switched(to: changed(), on: 1, past: past, first: narrow) == [])
        #expect(story.standings.keys.sorted() == ["anna"], "an enrolment that was refused stays so")
        #expect(story.given(enrolled("firm", on: 2, kind: "business", id: "again")).count == 2)
    }

    @Test mutating func whoIsEnrolledStaysSo() throws {
        _ = given(enrolled("firm", kind: "business"), happened("bill.paid", "firm", on: 1))
        let narrow = try changed(("version: 2", "version: 2\nkinds: [individual]"))
        #expect(
            try switched(to: narrow, on: 2) == ["2 firm score 620 B -> 600 B: paid -20", "2 firm revoked bikes"])
        #expect(story.standing(of: "firm") != nil)
    }

    // MARK: The activation as an entry

    @Test mutating func aRepeatedActivationDoesNothing() throws {
        _ = given(enrolled("anna"))
        #expect(try switched(to: changed(("base: 600", "base: 610")), on: 1)?.count == 1)
        #expect(try switched(to: changed(("base: 600", "base: 620")), on: 2) == nil)
        #expect(story.score(of: "anna") == 610)
        #expect(story.fold.clock == Happening.day(2))
    }

    @Test mutating func whatFallsDueBeforeFallsUnderTheOldPolicy() throws {
        _ = given(enrolled("anna"), happened("noise.made", "anna", on: 1))
        let policy = try changed(("id: quiet", "id: silence"))
        #expect(
            try switched(to: policy, on: 60) == ["51 anna lifted quiet until 51 expired by timer: noise -5"])
    }

    @Test mutating func aPastThatIsNotThatOfTheStateIsRefused() throws {
        _ = given(enrolled("anna"), enrolled("bert"), happened("bill.paid", "anna", on: 1))
        #expect(throws: Fold.WrongPast.self) {
            try story.switched(to: changed(), on: 2, past: past.dropLast(1), first: first)
        }
    }
}
