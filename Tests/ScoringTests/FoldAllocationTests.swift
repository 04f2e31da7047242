import CAllocationCounter
import Events
import Policy
@testable import Scoring
import Testing

@Suite struct FoldAllocationTests {
    /// Unoptimised code allocates on its own account.
    private static var isOptimised: Bool {
        #if DEBUG
            false
        #else
            true
        #endif
    }

    /// Everything that a policy can have: expressions over the event and over the standing, buckets that end, a sanction
    /// with notice and term, a perk with grace.
    private static let policy = """
        policy: steady
        version: 1
        score: {base: 500, min: 0, max: 1000}
        dimensions: {payment: {}, conduct: {}}
        rules:
          - {id: paid, dimension: payment, event: bill.paid, when: data.amount >= 10, points: data.amount * 2, per: day, cap: 60, lasts: 2 days}
          - {id: noise, dimension: conduct, event: noise.made, when: 'data.where == "street" && kind == "individual"', points: -5, per: day, lasts: 1 day}
          - {id: days, dimension: conduct, event: [noise.made, hours.given], points: "data.amount > 20 ? 1 : -1", per: day, cap: 3, lasts: 1 day}
        bands: [{name: B, from: 0}, {name: A, from: 520}]
        perks:
          - {id: listing, when: 'band == "A" && !sanctioned', grace: 1 day}
          - {id: bikes, when: score >= 480 && dimension.conduct > -4}
        sanctions:
          - {id: quiet, dimension: conduct, measures: [gatherings], when: points <= -5, notice: 1 day, lasts: 2 days}
        """

    /// Errors and types that the policy does not name come again and again: each was noted once, and is counted from then on.
    @Test(.enabled(if: isOptimised, "allocations are counted in release builds"))
    func whatDoesNotCountDoesNotAllocate() throws {
        let text = Self.policy.replacing(
            "when: data.amount >= 10, points: data.amount * 2", with: "points: int(data.amount / 10.0)")
        let policy = try ScoringPolicy(yaml: text, file: "steady.yaml")
        var fold = Fold(policy: policy)
        let story = Story(policy)
        let people = (0..<500).map { "subject-\($0)" }
        let behaviour = (0..<40_000).map { number in
            happened(
                number % 2 == 0 ? "bill.paid" : "tea.drunk", people[number * 7919 % people.count], on: 1,
                id: "e\(number)", data: #"{"amount":\#(number % 40)}"#)
        }
        let items = (people.map { enrolled($0) } + behaviour).map { story.item($0, entry: 0) }

        func run(_ range: Range<Int>) {
            _ = items.withUnsafeBufferPointer { fold.fold(UnsafeBufferPointer(rebasing: $0[range])) }
            fold.clearOutput()
        }

        run(0..<30_500)
        let before = standing_allocations()
        run(30_500..<40_500)
        #expect(standing_allocations() - before < 100)
        #expect(fold.diagnosis.failures.map(\.count) == [20_000])
        #expect(fold.diagnosis.unmatchedTypes.map(\.events) == [20_000])
    }

    /// After 30,000 events each shard of the identity table has just grown, to 1024 slots, and has room for the next
    /// 10,000: about 630 of 768 are taken in the end. Buckets, evidence, timers and sanctions come and go, and what has
    /// gone makes room for what comes. Only the sort of what falls due together asks for room, once a due time.
    @Test(.enabled(if: isOptimised, "allocations are counted in release builds"))
    func steadyStateOfTheBatchFoldDoesNotAllocateForAnEvent() throws {
        try expectSteadyState(of: Self.policy)
    }

    /// Windows, every sort of measure, fading, rules and conditions over them, attributes, prefixes.
    @Test(.enabled(if: isOptimised, "allocations are counted in release builds"))
    func steadyStateOfMeasuresDoesNotAllocateForAnEvent() throws {
        let text = Self.policy.replacing(
            "rules:\n",
            with: """
                constants: {many: 3}
                attributes: {tier: string, rooms: int}
                measures:
                  - {id: noises, dimension: conduct, event: noise.made, when: attribute.rooms > 1, count: true, within: 2 days, adverse: true}
                  - {id: amounts, dimension: payment, event: bill.paid, sum: data.amount, within: 1 day}
                  - {id: least, dimension: payment, event: "bill.*", min: data.amount, within: 2 days}
                  - {id: last, dimension: payment, event: bill.paid, latest: data.amount, within: 1 day}
                  - {id: quiet, dimension: conduct, event: hours.given, streak: [noise.made], within: 3 days}
                rules:
                  - {id: steady, dimension: payment, points: 'measure.least > 10 ? 5 : 0'}
                  - {id: kind, dimension: conduct, points: measure.quiet * 2, cap: 9}
                  - {id: rolling, dimension: payment, event: bill.paid, when: attribute.tier == "gold", points: 3, within: 2 days, cap: 9}
                  - {id: fading, dimension: conduct, event: noise.made, points: -9, per: day, lasts: 3 days, fades: true}

                """
        ).replacing("- {id: bikes, when: score", with: "- {id: bikes, when: measure.last < 38 && score")
        try expectSteadyState(of: text, attributes: true, kinds: 5)
    }

    private func expectSteadyState(of text: String, attributes: Bool = false, kinds count: Int = 6) throws {
        let policy = try ScoringPolicy(yaml: text, file: "steady.yaml")
        var fold = Fold(policy: policy)
        let story = Story(policy)
        let encoder = FactEncoder(policy: policy, partition: 0, ledger: "city")
        var writer = ByteWriter(capacity: 1 << 20)
        let people = (0..<500).map { "subject-\($0)-of-the-town" }
        let types = ["bill.paid", "noise.made", "hours.given", "tea.drunk"]
        let behaviour = (0..<40_000).map { number in
            happened(
                types[number % types.count], people[number * 7919 % people.count], on: Double(number) / 1000,
                id: "e\(number)",
                data: #"{"amount":\#(number % 40),"where":"\#(number % 3 == 0 ? "street" : "hall")"}"#)
        }
        let enrolments = people.enumerated().map { number, name in
            var enrolment = enrolled(name)
            let data = #""attributes":{"tier":"\#(number % 3 == 0 ? "gold" : "silver")","rooms":\#(number % 4)}"#
            if attributes { enrolment.data = #"{"kind":"individual",\#(data)}"# }
            return enrolment
        }
        let items = (enrolments + behaviour).enumerated().map { story.item($1, entry: $0 % 256) }
        var kinds: Set<UInt8> = []

        func run(_ range: Range<Int>, notes: Bool) {
            items.withUnsafeBufferPointer { items in
                for start in stride(from: range.lowerBound, to: range.upperBound, by: 256) {
                    let end = min(start + 256, range.upperBound)
                    fold.fold(UnsafeBufferPointer(rebasing: items[start..<end]))
                    writer.removeAll()
                    for fact in fold.output.facts {
                        encoder.encode(fact, reasons: fold.output.reasons, offset: 0, sequence: 1, into: &writer)
                        if notes { kinds.insert(fact.kind.rawValue) }
                    }
                    fold.clearOutput()
                }
            }
        }

        run(0..<30_500, notes: true)
        let before = standing_allocations()
        run(30_500..<40_500, notes: false)
        #expect(standing_allocations() - before < 100)
        // Stayed is not among them.
        #expect(kinds.count == count)
        #expect(fold.counters.scored > 20_000)
        #expect(fold.identities.count == 40_500)
    }
}
