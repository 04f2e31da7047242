import Events
import CEL
import Foundation
import Policy
import Testing

/// Constants, attributes, measures, rules over measures, rolling and fading rules, prefixes.
@Suite struct MeasurePolicyTests {
    private static let document = """
        policy: drive
        version: 1
        score: {base: 700, min: 300, max: 1000}
        kinds: [individual, business]
        constants: {strikes: 3, maxRate: 1.5, tier: plus, _on: true, tiers: [gold, "2", 7, 0.5, false]}
        attributes: {tier: string, fleet: int, rate: double, vip: bool, since: timestamp}
        dimensions: {driving: {}, payment: {}}
        measures:
          - {id: late_90d, dimension: driving, event: ride.late, when: data.minutes > 10, count: true, within: 90 days, adverse: true}
          - {id: km, dimension: driving, kinds: [business], event: [ride.finished, "tour.*"], sum: data.km}
          - {id: least, dimension: payment, event: bill.paid, min: data.cents}
          - {id: most, dimension: payment, event: bill.paid, max: data.cents, within: 1 year}
          - {id: last, dimension: payment, event: bill.paid, latest: 7}
          - {id: on_time, dimension: payment, event: bill.paid, streak: [bill.missed, "fine.*"]}
        rules:
          - {id: ride, dimension: driving, event: ride.finished, when: 'attribute.tier == constant.tier', points: 2, within: 60 days, cap: 40}
          - {id: three, dimension: driving, points: 'measure.late_90d >= constant.strikes ? -60 : 0', cap: 60}
          - {id: missed, dimension: payment, event: "bill.*", points: -30, per: month, lasts: 6 months, fades: true}
          - {id: old, dimension: payment, event: bill.paid, points: constant.strikes, per: year, lasts: 2 years, fades: true}
        bands: [{name: C, from: 300}]
        perks:
          - {id: p, when: measure.on_time > 3 && measure.km > 9 && has(measure.least) && attribute.fleet in constant.tiers}
        sanctions:
          - {id: s, dimension: driving, measures: [x], when: measure.late_90d > 4 || points < -9 || attribute.vip, lasts: 1 day}
        """

    private static func policy() throws -> ScoringPolicy { try ScoringPolicy(yaml: document, file: "drive.yaml") }

    @Test func constantsKeepTheirTypes() throws {
        let constants = try Self.policy().constants
        #expect(constants.map(\.name) == ["strikes", "maxRate", "tier", "_on", "tiers"])
        #expect(constants.map(\.value.valueType) == [.int, .double, .string, .bool, .list])
        guard case .list(let list) = constants[4].value else { return #expect(Bool(false), "not a list") }
        #expect(list.items.map(\.valueType) == [.string, .string, .int, .double, .bool])
    }

    @Test func attributesHaveTypes() throws {
        let policy = try Self.policy()
        #expect(policy.attributes.map(\.name) == ["tier", "fleet", "rate", "vip", "since"])
        #expect(policy.attributes.map(\.type) == [.string, .int, .double, .bool, .timestamp])
        #expect(policy.variables.event.attributes.count == 5)
        #expect(policy.variables.standing.attributes.count == 5)
    }

    @Test func measuresAreRead() throws {
        let measures = try Self.policy().measures
        #expect(measures.map(\.id) == ["late_90d", "km", "least", "most", "last", "on_time"])
        #expect(measures.map(\.dimension) == [0, 0, 1, 1, 1, 1])
        #expect(measures[0].kinds == KindSet(.individual).union(KindSet(.business)))
        #expect(measures[1].kinds == KindSet(.business))
        #expect(measures[1].events.map(\.description) == ["ride.finished", "tour.*"])
        #expect(measures.map(\.when?.source) == ["data.minutes > 10", nil, nil, nil, nil, nil])
        #expect(measures.map(\.amount?.source) == [nil, "data.km", "data.cents", "data.cents", "7", nil])
        #expect(measures.map(\.isAdverse) == [true, false, false, false, false, false])
        #expect(measures.map(\.mayBeAbsent) == [false, false, true, true, true, false])
        #expect(measures[0].within == CalendarSpan(90, .days))
        #expect(measures[3].within == CalendarSpan(1, .years))
        #expect(measures[5].breakers.map(\.description) == ["bill.missed", "fine.*"])
    }

    @Test func rulesAreOfFourSorts() throws {
        let rules = try Self.policy().rules
        #expect(rules.map(\.isOverMeasures) == [false, true, false, false])
        #expect(rules.map(\.within) == [CalendarSpan(60, .days), nil, nil, nil])
        #expect(rules.map(\.fading?.steps) == [nil, nil, 6, 24])
        #expect(rules.map(\.fading?.unit) == [nil, nil, .months, .months])
        guard case .constant(3) = rules[3].points else { return #expect(Bool(false), "a constant is not folded") }
    }

    @Test func constantsNeedNoSlot() throws {
        let policy = try Self.policy()
        #expect(try #require(policy.rules[0].when).slots == [policy.variables.event.attributes[0]])
        #expect(policy.perks[0].when.slots.count == 4)
        guard case .expression(let points) = policy.rules[1].points else {
            return #expect(Bool(false), "no expression")
        }
        #expect(points.slots == [policy.variables.standing.measures[0]])
        let frame = EvaluationFrame(policy.variables.standing.declarations)
        frame.slots[points.slots[0]] = .int(3)
        #expect(points.integer(frame) == -60)
        frame.slots[points.slots[0]] = .int(2)
        #expect(points.integer(frame) == 0)
    }

    @Test func patternsAreNamedOnce() throws {
        #expect(
            try Self.policy().eventPatterns.map(\.description)
                == ["ride.finished", "bill.*", "bill.paid", "ride.late", "tour.*", "bill.missed", "fine.*"])
    }

    // MARK: Windows and fading

    @Test(arguments: [
        ("2026-01-10T00:00:00Z", "90 days", "2026-04-11T00:00:00Z"),
        ("2026-01-10T23:59:59.999999Z", "90 days", "2026-04-11T00:00:00Z"),
        // The day ends on 31 January, and February has none.
        ("2026-01-30T12:00:00Z", "1 month", "2026-02-28T00:00:00Z"),
        ("2026-01-31T12:00:00Z", "1 month", "2026-03-01T00:00:00Z"),
        ("2024-02-28T12:00:00Z", "1 year", "2025-02-28T00:00:00Z"),
    ])
    func aWindowIsAddedToTheEndOfTheDay(time: String, within: String, end: String) throws {
        let text = Self.document.replacing("within: 90 days", with: "within: \(within)")
        let policy = try ScoringPolicy(yaml: text, file: "drive.yaml")
        #expect(policy.measures[0].windowEnd(of: try #require(Timestamp(time))) == Timestamp(end))
        #expect(policy.measures[1].windowEnd(of: try #require(Timestamp(time))) == Timestamp(microseconds: .max))
    }

    @Test func whatFadesShrinksByEqualSteps() throws {
        let rule = try Self.policy().rules[2]
        let fading = try #require(rule.fading)
        #expect((0...7).map { fading.rest(of: -30, after: $0) } == [-30, -25, -20, -15, -10, -5, 0, 0])
        #expect((0...6).map { fading.rest(of: 7, after: $0) } == [7, 5, 4, 3, 2, 1, 0])
        #expect((0...6).map { fading.rest(of: -7, after: $0) } == [-7, -5, -4, -3, -2, -1, 0])
        #expect(fading.rest(of: .min, after: 0) == .min)
        #expect(fading.rest(of: .max, after: 3) == .max / 2)
        #expect(fading.rest(of: .min, after: 3) == .min / 2)
        let january = Period.month.bucket(of: try #require(Timestamp("2026-01-15T00:00:00Z")))
        #expect(rule.start(ofStep: 0, of: january) == Timestamp("2026-02-01T00:00:00Z"))
        #expect(rule.start(ofStep: 2, of: january) == Timestamp("2026-04-01T00:00:00Z"))
        #expect(rule.start(ofStep: 6, of: january) == rule.end(of: january))
    }

    @Test(arguments: [("1 day", 1), ("120 days", 120), ("120 months", 120), ("10 years", 120), ("1 year", 12)])
    func stepsOfFading(lasts: String, steps: Int64) throws {
        let span = try #require(CalendarSpan(lasts))
        #expect(ScoringPolicy.Rule.Fading(over: span)?.steps == steps)
    }

    private static let golden = URL(filePath: #filePath).appending(path: "../../../../shared/golden").standardized

    @Test(
        .enabled(
            if: FileManager.default.fileExists(atPath: golden.appending(path: "drive.yaml").path),
            "shared/golden is not here"), arguments: [("drive", 8, 8, 3, 3), ("edges", 3, 8, 3, 2)])
    func theGoldenPolicies(name: String, measures: Int, rules: Int, perks: Int, sanctions: Int) throws {
        let text = try String(contentsOf: Self.golden.appending(path: "\(name).yaml"), encoding: .utf8)
        let policy = try ScoringPolicy(yaml: text, file: "\(name).yaml")
        let counts = [policy.measures.count, policy.rules.count, policy.perks.count, policy.sanctions.count]
        #expect(counts == [measures, rules, perks, sanctions] as [Int])
    }
}
