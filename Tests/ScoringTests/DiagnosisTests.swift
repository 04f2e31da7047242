import Events
import CEL
import Policy
@testable import Scoring
import Testing

/// Why events did not count.
@Suite struct DiagnosisTests {
    static let text = """
        policy: rides
        version: 1
        early: 0 hours
        score: {base: 600, min: 350, max: 950}
        dimensions: {driving: {}, court: {}}
        rules:
          - {id: ride, dimension: driving, event: ride.finished, points: "int(data.km / 10.0)"}
          - {id: long, dimension: driving, event: ride.finished, when: data.km / 10.0 > 5.0, points: 1}
          - {id: calm, dimension: driving, event: calm.driven, points: 5}
          - {id: speed, dimension: driving, event: speed.measured, points: -5}
        bands: [{name: B, from: 350}, {name: A, from: 640}]
        perks:
          - {id: ratio, when: 100 / dimension.driving > 5}
        sanctions:
          - {id: slow, dimension: driving, measures: [roads], when: 10 / points < -1, lasts: 30 days}
          - {id: debtor, dimension: court, measures: [air], event: court.defaulted, when: data.amount > 1000, lasts: 30 days}

        """

    private let first: ScoringPolicy
    private let story: Story

    init() throws {
        first = try ScoringPolicy(yaml: Self.text, file: "rides.yaml")
        story = Story(first)
    }

    /// Of rules alone: the perk fails whenever a subject has no points for driving.
    private static func withoutPerks(_ text: String) -> String {
        text.replacing("  - {id: ratio, when: 100 / dimension.driving > 5}\n", with: "").replacing("perks:\n", with: "")
    }

    private func ride(_ km: String, on day: Double, id: String) -> Happening {
        happened("ride.finished", "anna", on: day, id: id, data: #"{"km":\#(km)}"#)
    }

    private func failures(_ story: Story) -> [String] {
        story.fold.diagnosis.failures.map(\.sentence)
    }

    // MARK: Expressions

    @Test func aRulesErrorsHaveTheirReasonAndTheFirstEvent() throws {
        let story = Story(try ScoringPolicy(yaml: Self.withoutPerks(Self.text), file: "rides.yaml"))
        story.given(enrolled("anna"), ride("25.0", on: 1, id: "r1"))
        #expect(story.score(of: "anna") == 602)
        #expect(failures(story) == [])
        story.given(ride("25", on: 2, id: "r2"), ride("30", on: 3, id: "r3"))
        story.given(happened("ride.finished", "anna", on: 4, id: "r4", data: "{}"))
        #expect(story.score(of: "anna") == 602)
        #expect(
            failures(story) == [
                "rule ride: no such overload, 2 times; the first is of source /city, id r2",
                "rule ride: no such field, once; the first is of source /city, id r4",
                "rule long: no such overload, 2 times; the first is of source /city, id r2",
                "rule long: no such field, once; the first is of source /city, id r4",
            ])
        #expect(story.fold.counters.evaluationErrors == 6)
    }

    @Test func conditionsOfSanctionsAndPerksFailToo() {
        story.given(enrolled("anna"))
        let ratio = "the first is of source /register, id standing.subject.enrolled 0.0"
        #expect(failures(story) == ["perk ratio: division by zero, once; \(ratio)"])
        story.given(happened("calm.driven", "anna", on: 1, id: "c"), happened("speed.measured", "anna", on: 2, id: "s"))
        story.given(happened("court.defaulted", "anna", on: 3, id: "d", data: "{}"))
        #expect(
            failures(story) == [
                "sanction slow: division by zero, once; the first is of source /city, id s",
                "sanction debtor: no such field, once; the first is of source /city, id d",
                "perk ratio: division by zero, 2 times; \(ratio)",
            ])
        #expect(story.fold.counters.evaluationErrors == 4)
    }

    /// When a bucket ends no event is to blame.
    @Test func aTimersErrorHasNoEvent() throws {
        let rule = "event: calm.driven, points: 5"
        let text = Self.text.replacing(rule, with: rule + ", per: day, lasts: 1 day")
        let story = Story(try ScoringPolicy(yaml: text, file: "rides.yaml"))
        story.given(enrolled("anna"), happened("calm.driven", "anna", on: 1))
        _ = story.fold.takeDiagnosis()
        story.given(tick(on: 10))
        #expect(failures(story) == ["perk ratio: division by zero, once"])
        #expect(story.fold.diagnosis.failures.first?.example == nil)
    }

    @Test func failuresAreBounded() {
        var diagnostics = FoldDiagnostics()
        for rule in 0..<300 { diagnostics.note(.rule(rule), .error(.noSuchField), of: nil) }
        for rule in 0..<300 { diagnostics.note(.rule(rule), .error(.noSuchField), of: nil) }
        #expect(diagnostics.failures.count == FoldDiagnostics.maximumFailures)
        #expect(diagnostics.failures.allSatisfy { $0.count == 2 })
        #expect(diagnostics.otherFailures == 2 * Int64(300 - FoldDiagnostics.maximumFailures))
    }

    // MARK: Types

    @Test func typesThatThePolicyDoesNotNameAreCountedByName() {
        story.given(enrolled("anna"), happened("ride.finishd", "anna", on: 1), happened("tea.drunk", "anna", on: 1))
        story.given(happened("ride.finishd", "anna", on: 2), happened("ride.finishd", "bert", on: 2))
        let diagnosis = story.fold.diagnosis
        #expect(
            diagnosis.unmatchedTypes == [.init(type: "ride.finishd", events: 2), .init(type: "tea.drunk", events: 1)])
        #expect(diagnosis.otherUnmatched == 0)
        #expect(story.fold.counters.unmatched == 3)
        #expect(first.eventType(near: "ride.finishd") == "ride.finished")
        #expect(first.eventType(near: "tea.drunk") == nil)
    }

    @Test func theirNamesAreBounded() {
        story.given(enrolled("anna"))
        for round in 0..<2 {
            for number in 0..<40 { story.given(happened("t\(number)", "anna", on: 1, id: "\(round)-\(number)")) }
        }
        let diagnosis = story.fold.diagnosis
        #expect(diagnosis.unmatchedTypes.count == FoldDiagnostics.maximumTypes)
        #expect(diagnosis.unmatchedTypes.allSatisfy { $0.events == 2 })
        #expect(diagnosis.otherUnmatched == 2 * Int64(40 - FoldDiagnostics.maximumTypes))
        #expect(story.fold.counters.unmatched == 80)
    }

    /// A process that owns partitions for years meets ever new types.
    @Test func theirNamesAreBoundedOverAllPartitionsToo() {
        var sum = Diagnosis()
        for number in 0..<300 {
            var part = Diagnosis()
            part.unmatchedTypes = [.init(type: "common", events: 1), .init(type: "t\(number)", events: 2)]
            part.ruleEvents = [.init(rule: "a", events: 1)]
            sum.add(part)
        }
        #expect(sum.unmatchedTypes.count == Diagnosis.maximumTypes)
        #expect(sum.unmatchedTypes.first == .init(type: "common", events: 300))
        #expect(sum.otherUnmatched == 2 * Int64(301 - Diagnosis.maximumTypes))
        #expect(sum.ruleEvents == [.init(rule: "a", events: 300)])
    }

    // MARK: Rules and timers

    @Test func eventsAreCountedByTheRuleThatTookThem() throws {
        let rule = "event: calm.driven, points: 5"
        let text = Self.text.replacing(rule, with: rule + ", per: day, lasts: 1 day")
        let story = Story(try ScoringPolicy(yaml: text, file: "rides.yaml"))
        story.given(enrolled("anna"), happened("calm.driven", "anna", on: 1), happened("calm.driven", "anna", on: 2))
        story.given(happened("calm.driven", "bert", on: 2), ride("25", on: 2, id: "r1"))
        #expect(story.fold.timerCount > 0 && story.fold.diagnosis.timersFired == 0)
        #expect(story.fold.diagnosis.ruleEvents == [.init(rule: "calm", events: 2)], "bert has not enrolled")
        _ = story.fold.takeDiagnosis()
        story.given(tick(on: 10))
        #expect(story.fold.diagnosis.ruleEvents.isEmpty && story.fold.diagnosis.timersFired == 2)
        #expect(story.fold.timerCount == 0)
    }

    /// Also of a rule whose condition is false.
    @Test func theWorkOfExpressionsIsCountedByRule() throws {
        let text = Self.text.replacing(
            "event: calm.driven, points: 5",
            with: #"event: calm.driven, when: 'data.tags.exists(tag, tag == "wet")', points: 5"#)
        let story = Story(try ScoringPolicy(yaml: text, file: "rides.yaml"))
        func calm(_ tags: Int, id: String) -> Happening {
            let list = (0..<tags).map { "\"t\($0)\"" }.joined(separator: ",")
            return happened("calm.driven", "anna", on: 1, id: id, data: #"{"tags":[\#(list)]}"#)
        }
        story.given(enrolled("anna"), ride("25.0", on: 1, id: "r"))
        var costs = story.fold.diagnosis.ruleCosts
        #expect(costs.map(\.rule) == ["ride"] && costs[0].units < 10)
        let ride = costs[0].units
        story.given(calm(10, id: "a"))
        costs = story.fold.diagnosis.ruleCosts
        try #require(costs.map(\.rule) == ["ride", "calm"])
        #expect(costs[0].units == ride && costs[1].units >= 10)
        let short = costs[1].units
        story.given(calm(100, id: "b"))
        costs = story.fold.diagnosis.ruleCosts
        #expect(costs[0].units == ride && costs[1].units >= short + 100)
        _ = story.fold.takeDiagnosis()
        #expect(story.fold.diagnosis.ruleCosts.isEmpty)
    }

    // MARK: No part of the state

    @Test func neitherSnapshotNorDigestHasIt() throws {
        story.given(enrolled("anna"), ride("25", on: 1, id: "r1"), happened("tea.drunk", "anna", on: 1))
        let digest = story.fold.digest()
        var bytes: [UInt8] = []
        try story.fold.writeSnapshot { bytes += $0 }
        let taken = story.fold.takeDiagnosis()
        #expect(taken.failures.count == 3)
        #expect(story.fold.diagnosis == Diagnosis())
        #expect(story.fold.digest() == digest)
        let read = Story(first)
        try bytes.withUnsafeBytes {
            var reader = ByteReader($0)
            read.fold = try Fold(policy: first, snapshot: &reader)
        }
        #expect(read.fold.digest() == digest)
        #expect(read.fold.diagnosis == Diagnosis())
        #expect(read.standing(of: "anna")?.errors == 3, "the subject's own number is of the state")
    }

    /// The diagnosis of another policy's past is not reported again; failures begin anew, because its expressions are others.
    @Test func anotherPolicyBeginsAnew() throws {
        let happenings = [enrolled("anna"), ride("25", on: 1, id: "r1"), happened("tea.drunk", "anna", on: 1)]
        story.given(happenings)
        let second = try ScoringPolicy(
            yaml: Self.withoutPerks(Self.text).replacing("version: 1", with: "version: 2"), file: "rides.yaml")
        _ = try story.switched(to: second, on: 2, past: happenings, first: first)
        #expect(failures(story) == [])
        #expect(story.fold.diagnosis.unmatchedTypes == [.init(type: "tea.drunk", events: 1)])
        story.given(ride("25", on: 3, id: "r2"))
        #expect(failures(story).first == "rule ride: no such overload, once; the first is of source /city, id r2")
    }

    @Test func whatWaitsForAnEnrolmentIsCounted() throws {
        let text = Self.text.replacing("early: 0 hours", with: "early: 1 day")
        let story = Story(try ScoringPolicy(yaml: text, file: "rides.yaml"))
        story.given(ride("25.0", on: 1, id: "r1"))
        #expect(story.fold.diagnosis.waiting == 1)
        story.given(enrolled("anna", on: 1))
        #expect(story.fold.diagnosis.waiting == 0)
    }
}
