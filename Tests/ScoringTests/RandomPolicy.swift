import Policy
import Randomness

/// Random policies, the same for the same seed, of everything that SPEC 3 has: constants, attributes, measures, rules over
/// them, rolling and fading rules, lists and prefixes, levels and perks over measures.
struct RandomPolicy {
    /// Event types of both dimensions begin with the dimension's name.
    static let dimensions = ["a", "b"]
    static let endings = ["ok", "bad", "x.one", "x.two"]
    static let attributes = #"{tier: string, n: int, d: double, vip: bool, since: timestamp}"#

    private var random: Seeded
    /// Whether the points of events are near the limit of sums.
    private let isExtreme: Bool
    /// By dimension: ids, and whether they may be absent.
    private var measures: [[(id: String, mayBeAbsent: Bool)]] = [[], []]

    /// One policy of five is extreme.
    static func isExtreme(seed: UInt64) -> Bool { seed % 5 == 4 }

    /// `early` is how long early events wait; nil for any duration.
    static func policy(seed: UInt64, early: String? = nil) throws -> ScoringPolicy {
        var policy = RandomPolicy(random: Seeded(seed), isExtreme: isExtreme(seed: seed))
        return try ScoringPolicy(yaml: policy.text(early: early), file: "random-\(seed).yaml")
    }

    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    private mutating func chance(_ percent: Int) -> Bool { number(1...100) <= percent }
    private mutating func one<T>(of all: [T]) -> T { all[number(0...all.count - 1)] }

    private mutating func text(early: String?) -> String {
        let bounds = isExtreme ? ["{}"] : ["{}", "{min: -60}", "{max: 25}", "{min: -100, max: 100}"]
        let least = isExtreme ? -ScoringPolicy.saturation : 200
        let most = isExtreme ? ScoringPolicy.saturation : 800
        var lines = [
            "policy: random", "version: 1", "early: \(early ?? one(of: ["0 hours", "1 day", "7 days"]))",
            "score: {base: 500, min: \(least), max: \(most)}", "kinds: [individual, business]",
            "constants: {limit: \(number(1...4)), tiers: [gold, silver]}", "attributes: \(Self.attributes)",
            "dimensions: {a: \(one(of: bounds)), b: \(one(of: bounds))}", "measures:",
        ]
        for id in 0..<number(1...7) { lines.append("  - {\(measure("m\(id)"))}") }
        lines.append("rules:")
        for id in 0..<number(2...7) { lines.append("  - {\(rule("r\(id)"))}") }
        lines.append("bands: [{name: C, from: \(least)}, {name: B, from: 490}, {name: A, from: \(number(501...540))}]")
        lines.append("perks:")
        for id in 0..<number(1...3) {
            lines.append("  - {id: p\(id), when: '\(perk())', grace: \(number(0...6)) days}")
        }
        lines.append("sanctions:")
        for id in 0..<number(1...4) { lines.append("  - {\(sanction("s\(id)"))}") }
        lines.append("appeals: {stay: \(chance(50)), decide-within: \(number(2...9)) days}")
        return lines.joined(separator: "\n") + "\n"
    }

    /// Types of a dimension, prefixes of types, or a list.
    private mutating func events(_ dimension: String) -> String {
        let patterns = (Self.endings + ["*", "x.*"]).map { "\"\(dimension).\($0)\"" }
        let count = chance(60) ? 1 : number(2...3)
        return "[" + patterns.shuffled(using: &random).prefix(count).joined(separator: ", ") + "]"
    }

    private mutating func condition() -> String {
        one(of: [
            "data.v > \(number(0...8))", "data.v < constant.limit * 3", "attribute.n >= \(number(1...3))",
            #"attribute.tier == "gold""#, "attribute.tier in constant.tiers", "has(attribute.vip) && attribute.vip",
            #"kind == "individual""#, #"type.endsWith("one")"#, "attribute.d > 1.5",
            #"attribute.since < timestamp("2020-01-01T00:00:00Z")"#,
        ])
    }

    private mutating func span() -> String {
        one(of: ["\(number(1...40)) days", "1 month", "\(number(2...4)) months", "1 year"])
    }

    private mutating func measure(_ id: String) -> String {
        let dimension = number(0...1)
        let name = Self.dimensions[dimension]
        let value = one(of: [
            "count: true", "sum: data.v", "sum: data.big", "min: data.v", "max: data.v", "latest: data.v",
            "streak: \(events(name))", "latest: data.v * constant.limit",
        ])
        measures[dimension].append((id, ["min", "max", "lat"].contains(value.prefix(3))))
        var text = "id: \(id), dimension: \(name), event: \(events(name)), \(value)"
        if chance(40) { text += ", when: '\(condition())'" }
        if chance(70) { text += ", within: \(span())" }
        if chance(50) { text += ", adverse: true" }
        if chance(20) { text += ", kinds: [individual]" }
        return text
    }

    /// An int over measures of a dimension.
    private mutating func overMeasures(_ dimension: Int) -> String {
        guard !measures[dimension].isEmpty else { return "attribute.n > 1 ? 7 : -3" }
        let measure = one(of: measures[dimension])
        let name = "measure.\(measure.id)"
        let all = [
            "\(name) >= constant.limit ? \(number(-40...20)) : \(number(-3...3))", "\(name) * \(number(-3...3))",
            #"attribute.tier == "gold" ? \#(name) : -\#(name)"#, #"kind == "business" ? 4 : \#(name) % 7"#,
        ]
        return one(of: measure.mayBeAbsent ? all + ["has(\(name)) ? \(name) % 50 : -9"] : all)
    }

    private mutating func rule(_ id: String) -> String {
        let dimension = number(0...1)
        let name = Self.dimensions[dimension]
        var text = "id: \(id), dimension: \(name)"
        if chance(20) { text += ", kinds: [\(one(of: ["individual", "business"]))]" }
        if isExtreme {
            if chance(20) { text += ", cap: \(number(1_500_000_000...2_147_483_648))" }
        } else if chance(50) {
            text += ", cap: \(number(3...60))"
        }
        if chance(35) { return text + ", points: '\(overMeasures(dimension))'" }
        text += ", event: \(events(name))"
        if chance(35) { text += ", when: '\(condition())'" }
        text += ", points: \(eventPoints())"
        let per = one(of: ["day", "month", "year"])
        let form = number(0...4)
        switch form {
        case 0: return text
        case 1: return text + ", within: \(span())"
        case 2: return text + ", per: \(per), lasts: \(span())"
        default:
            let lasts = one(of: ["\(number(1...9)) days", "\(number(1...7)) months", "1 year"])
            return text + ", per: \(per), lasts: \(lasts), fades: true"
        }
    }

    private mutating func eventPoints() -> String {
        if isExtreme {
            return one(of: ["2147483647", "-2147483648", "data.big", "data.v * -400000000", "1999999999", "data.v - 5"])
        }
        return one(of: ["\(number(-20...20))", "data.v - 5", "attribute.n * -4", "data.v * -2"])
    }

    private mutating func perk() -> String {
        let all = measures[0] + measures[1]
        let name = "measure.\(one(of: all).id)"
        return one(of: [
            "score >= \(number(490...520))", "\(name) >= constant.limit", "!sanctioned && \(name) < 9",
            "dimension.a > -10 && attribute.n == 2", #"band == "A" || attribute.tier == "gold""#, "attribute.vip",
        ])
    }

    private mutating func sanction(_ id: String) -> String {
        let dimension = number(0...1)
        let name = Self.dimensions[dimension]
        var text = "id: \(id), dimension: \(name), measures: [m], notice: \(number(0...3)) days"
        text += ", lasts: \(number(5...40)) days"
        if chance(40) {
            text += ", event: \(events(name))"
            if chance(50) { text += ", when: '\(condition())'" }
            if chance(60) { text += ", lifted-by: \(events(name))" }
            return text
        }
        var levels = ["points <= \(number(-30...0))"]
        if let measure = measures[dimension].randomElement(using: &random) {
            levels.append("measure.\(measure.id) >= \(number(1...5))")
            levels.append("points < -10 || measure.\(measure.id) > constant.limit")
        }
        return text + ", when: '\(one(of: levels))'"
    }
}
