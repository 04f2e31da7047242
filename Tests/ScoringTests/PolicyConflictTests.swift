import Events
import Policy
import Randomness
import Scoring
import Testing

/// An activation names the policy that it was approved against.
@Suite struct PolicyConflictTests {
    private let first: ScoringPolicy
    /// Versions 2 to 4: other points for a bill, and version 3 scores individuals alone.
    private let others: [ScoringPolicy]
    private var past: [Happening] = []

    private static func text(_ version: Int, points: Int, kinds: String = "individual, business") -> String {
        """
        policy: hamlet
        version: \(version)
        score: {base: 600, min: 350, max: 950}
        kinds: [\(kinds)]
        dimensions: {payment: {}}
        rules:
          - {id: paid, dimension: payment, event: bill.paid, points: \(points)}
        bands: [{name: C, from: 350}, {name: B, from: 550}]

        """
    }

    init() throws {
        first = try ScoringPolicy(yaml: Self.text(1, points: 20), file: "hamlet.yaml")
        others = try [
            Self.text(2, points: 30), Self.text(3, points: 40, kinds: "individual"), Self.text(4, points: 50),
        ].map { try ScoringPolicy(yaml: $0, file: "hamlet.yaml") }
    }

    private mutating func given(_ story: Story, _ happenings: Happening...) {
        past += happenings
        story.given(happenings)
    }

    /// Whether the policy became the active one.
    private mutating func activate(
        _ policy: ScoringPolicy, in story: Story, on day: Double, id: String, replaces: String?
    ) throws -> Bool {
        let facts = try story.switched(
            to: policy, on: day, id: id, replaces: replaces, past: past, first: first)
        past.append(Story.activation(of: policy, on: day, id: id, replaces: replaces))
        return facts != nil
    }

    private mutating func began(_ version: FoldVersion = .newest) -> Story {
        let story = Story(first, version: version)
        past = []
        given(story, enrolled("anna"), happened("bill.paid", "anna", on: 1))
        return story
    }

    @Test mutating func againstTheActivePolicyItCounts() throws {
        let story = began()
        #expect(try activate(others[0], in: story, on: 2, id: "a", replaces: PolicyHash.of(first.text)))
        #expect(story.score(of: "anna") == 630)
        #expect(try activate(others[2], in: story, on: 3, id: "b", replaces: PolicyHash.of(others[0].text)))
        #expect(story.score(of: "anna") == 650)
        #expect(story.fold.counters.policySwitches == 2 && story.fold.counters.activationsIgnored == 0)
    }

    @Test mutating func withoutAHashItCountsWhateverIsActive() throws {
        let story = began()
        #expect(try activate(others[0], in: story, on: 2, id: "a", replaces: nil))
        #expect(try activate(others[2], in: story, on: 3, id: "b", replaces: nil))
        #expect(story.score(of: "anna") == 650)
        #expect(story.fold.counters.activationsIgnored == 0)
    }

    /// Two operators have compared their candidates with the same policy. The clock moves as by any entry.
    @Test mutating func againstAnotherPolicyItChangesNothingAndIsCounted() throws {
        let story = began()
        let hash = PolicyHash.of(first.text)
        #expect(try activate(others[0], in: story, on: 2, id: "a", replaces: hash))
        #expect(try !activate(others[2], in: story, on: 3, id: "b", replaces: hash))
        #expect(story.fold.policy.version == 2 && story.score(of: "anna") == 630)
        #expect(story.fold.clock == Happening.day(3))
        #expect(story.fold.counters.policySwitches == 1 && story.fold.counters.activationsIgnored == 1)
        // What comes next is folded under the policy that stayed active.
        given(story, happened("bill.paid", "anna", on: 4))
        #expect(story.score(of: "anna") == 660)
    }

    @Test(arguments: ["", "old", "0123", String(repeating: "0", count: 64), String(repeating: "ä", count: 64)])
    mutating func whatIsNoHashOfTheActivePolicyChangesNothing(replaces: String) throws {
        let story = began()
        #expect(try !activate(others[0], in: story, on: 2, id: "a", replaces: replaces))
        #expect(story.fold.policy.version == 1 && story.fold.counters.activationsIgnored == 1)
    }

    /// It is known as every control event is: when it comes again it is a repeat, though it would count now.
    @Test mutating func oneThatChangedNothingDoesNotCountLater() throws {
        let story = began()
        let hash = PolicyHash.of(others[0].text)
        #expect(try !activate(others[2], in: story, on: 2, id: "early", replaces: hash))
        #expect(try activate(others[0], in: story, on: 3, id: "a", replaces: nil))
        #expect(try !activate(others[2], in: story, on: 4, id: "early", replaces: hash))
        #expect(story.fold.policy.version == 2)
        let counters = story.fold.counters
        #expect(counters.activationsIgnored == 1 && counters.duplicates == 1 && counters.policySwitches == 1)
        #expect(try activate(others[2], in: story, on: 5, id: "again", replaces: hash))
        #expect(story.fold.policy.version == 4)
    }

    @Test(arguments: [FoldVersion.second, .third, .fourth])
    mutating func olderLedgersDoNotLookAtIt(version: FoldVersion) throws {
        let story = began(version)
        let hash = PolicyHash.of(first.text)
        #expect(try activate(others[0], in: story, on: 2, id: "a", replaces: hash))
        #expect(try activate(others[2], in: story, on: 3, id: "b", replaces: hash))
        #expect(story.fold.policy.version == 4 && story.fold.counters.activationsIgnored == 0)
    }

    /// A policy with parts of the sixth version: a measure, or a prefix.
    @Test(arguments: ["bill.*", "bill.paid"]) mutating func olderLedgersPassOverWhatTheyDoNotHave(event: String) throws
    {
        let text = Self.text(5, points: 70).replacing("event: bill.paid", with: "event: \"\(event)\"")
        let measures = "measures: [{id: all, dimension: payment, event: bill.paid, count: true}]\nbands:"
        let policy = try ScoringPolicy(
            yaml: event == "bill.*" ? text : text.replacing("bands:", with: measures), file: "hamlet.yaml")
        let old = began(.fifth)
        #expect(try !activate(policy, in: old, on: 2, id: "a", replaces: nil))
        #expect(old.score(of: "anna") == 620 && old.fold.counters.activationsIgnored == 1)
        // It is passed over in the past of a later one too.
        #expect(try activate(others[0], in: old, on: 3, id: "b", replaces: PolicyHash.of(first.text)))
        #expect(old.score(of: "anna") == 630 && old.fold.counters.activationsIgnored == 1)
        let new = began(.sixth)
        #expect(try activate(policy, in: new, on: 2, id: "a", replaces: nil))
        #expect(new.score(of: "anna") == 670 && new.fold.counters.activationsIgnored == 0)
    }

    /// What the ledger passed over is passed over in the past of a later policy: who is enrolled is up to what was active.
    @Test mutating func thePastOfALaterPolicyKnowsWhatChangedNothing() throws {
        let story = began()
        let hash = PolicyHash.of(first.text)
        #expect(try activate(others[1], in: story, on: 2, id: "a", replaces: hash))
        #expect(try !activate(others[0], in: story, on: 3, id: "b", replaces: hash))
        given(story, enrolled("firm", on: 4, kind: "business"), happened("bill.paid", "anna", on: 5))
        #expect(story.standings.keys.sorted() == ["anna"])
        #expect(try activate(others[2], in: story, on: 6, id: "c", replaces: PolicyHash.of(others[1].text)))
        #expect(story.standings.keys.sorted() == ["anna"] && story.score(of: "anna") == 700)
        given(story, enrolled("firm", on: 7, kind: "business", id: "again"))
        #expect(story.standings.keys.sorted() == ["anna", "firm"])
    }

    /// Against the naive fold, which only knows texts.
    @Test(arguments: 0..<40) mutating func theNaiveFoldHasTheSamePolicyActive(seed: UInt64) throws {
        let story = began()
        var naive = NaiveFold(first)
        for happening in past { _ = naive.given(happening) }
        var random = Seeded(seed)
        let policies = [first] + others
        for step in 0..<30 {
            let day = Double(step + 2)
            let policy = policies[random.below(policies.count)]
            let replaces: String? =
                switch random.below(8) {
                case 0: nil
                case 1: "old"
                case 2...4: PolicyHash.of(story.fold.policy.text)
                default: PolicyHash.of(policies[random.below(policies.count)].text)
                }
            let id = "a\(random.below(25))"
            let isNew = try activate(policy, in: story, on: day, id: id, replaces: replaces)
            _ = naive.given(Story.activation(of: policy, on: day, id: id, replaces: replaces))
            try #require(story.fold.policy.text == naive.active, "seed \(seed), day \(day)")
            try #require(!isNew || story.fold.policy.text == policy.text)
            #expect(story.fold.counters.activationsIgnored == naive.activationsIgnored)
            if random.below(3) == 0 { given(story, happened("bill.paid", "anna", on: day)) }
        }
        #expect(naive.activationsIgnored > 0 && story.fold.counters.policySwitches > 0)
    }
}
