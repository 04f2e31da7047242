public import Events
public import Policy
internal import Scoring

/// The parts of a policy that were exercised, by their numbers: rules whose points made a change, bands that a subject
/// was in, perks that were granted, sanctions that were imposed, and measures that events came into.
public struct PolicyCoverage: Sendable, Equatable {
    public private(set) var rules: Set<Int> = []
    public private(set) var bands: Set<Int> = []
    public private(set) var perks: Set<Int> = []
    public private(set) var sanctions: Set<Int> = []
    public private(set) var measures: Set<Int> = []

    public init() {}

    public mutating func formUnion(_ other: PolicyCoverage) {
        rules.formUnion(other.rules)
        bands.formUnion(other.bands)
        perks.formUnion(other.perks)
        sanctions.formUnion(other.sanctions)
        measures.formUnion(other.measures)
    }

    mutating func add(_ fact: Fact, reasons: [Reason]) {
        for reason in reasons[fact.reasons] where reason.rule >= 0 { rules.insert(reason.rule) }
        if let after = fact.after { bands.insert(after.band) }
        switch fact.kind {
        case .perkGranted: perks.insert(fact.item)
        case .sanctionNoticed, .sanctionInForce: sanctions.insert(fact.item)
        default: break
        }
    }

    mutating func add(_ standing: Standing) {
        for item in standing.measures where item.events > 0 { measures.insert(item.measure) }
    }

    /// A part of a policy with the number of exercised items, and those that were not exercised.
    public struct Part: Sendable, Equatable {
        /// `rules`, `measures`, `bands`, `perks`, `sanctions`.
        public let name: String
        public let touched: Int
        public let total: Int
        /// In policy order.
        public let untouched: [String]

        fileprivate init(_ name: String, _ touched: Set<Int>, of names: [String]) {
            self.name = name
            self.touched = touched.count
            total = names.count
            untouched = names.indices.filter { !touched.contains($0) }.map { names[$0] }
        }
    }

    public func parts(of policy: ScoringPolicy) -> [Part] {
        [
            Part("rules", rules, of: policy.rules.map(\.id)), Part("measures", measures, of: policy.measures.map(\.id)),
            Part("bands", bands, of: policy.bands.map(\.name)), Part("perks", perks, of: policy.perks.map(\.id)),
            Part("sanctions", sanctions, of: policy.sanctions.map(\.id)),
        ]
    }

    /// A line for the sum, then a line for each part with items that were not exercised.
    public func lines(of policy: ScoringPolicy) -> [String] {
        let parts = parts(of: policy).filter { $0.total > 0 }
        return [parts.map { "\($0.touched) of \($0.total) \($0.name)" }.joined(separator: ", ")]
            + parts.filter { !$0.untouched.isEmpty }.map {
                "no case touches the \($0.name) \($0.untouched.joined(separator: ", "))"
            }
    }

    /// `{"rules":{"touched","of","untouched":[]},…}`
    public func write(of policy: ScoringPolicy, to writer: inout JSONWriter) {
        writer.open()
        for part in parts(of: policy) {
            writer.open(part.name)
            writer.member("touched", part.touched)
            writer.member("of", part.total)
            writer.member("untouched", part.untouched)
            writer.close()
        }
        writer.close()
    }
}
