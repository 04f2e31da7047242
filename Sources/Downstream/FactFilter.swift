/// A selection of facts. Pure. A fact must match each given part; of a part with several values, one is enough.
public struct FactFilter: Sendable, Equatable {
    /// The three topics of facts.
    public enum Kind: Int, Sendable, CaseIterable {
        case scoreChanges, sanctions, perks
    }

    private static let score = "standing.score."
    private static let sanction = "standing.sanction."
    private static let perk = "standing.perk."

    /// Fact types. One that ends in `.*` matches every type with this beginning.
    public var types: [String] = []
    public var subjects: [String] = []
    /// Bands that a score enters or leaves.
    public var bands: [String] = []
    public var sanctions: [String] = []
    public var perks: [String] = []

    public init() {}

    /// Whether any fact of a topic can match.
    public func wants(_ topic: Kind) -> Bool {
        switch topic {
        case .scoreChanges: sanctions.isEmpty && perks.isEmpty && wantsTypes(under: Self.score)
        case .sanctions: bands.isEmpty && perks.isEmpty && wantsTypes(under: Self.sanction)
        case .perks: bands.isEmpty && sanctions.isEmpty && wantsTypes(under: Self.perk)
        }
    }

    private func wantsTypes(under prefix: String) -> Bool {
        types.isEmpty
            || types.contains { type in
                guard let beginning = Self.beginning(type) else { return type.hasPrefix(prefix) }
                return beginning.hasPrefix(prefix) || prefix.hasPrefix(beginning)
            }
    }

    /// The text before the star; nil if there is no star.
    private static func beginning(_ type: String) -> Substring? { type.hasSuffix(".*") ? type.dropLast() : nil }

    public func wants(_ fact: FactMessage) -> Bool {
        (subjects.isEmpty || subjects.contains(fact.subject))
            && (types.isEmpty
                || types.contains { type in Self.beginning(type).map { fact.type.hasPrefix($0) } ?? (type == fact.type)
                })
            && (sanctions.isEmpty || fact.data.sanction.map { sanctions.contains($0) } ?? false)
            && (perks.isEmpty || fact.data.perk.map { perks.contains($0) } ?? false)
            && (bands.isEmpty || changesBand(fact))
    }

    private func changesBand(_ fact: FactMessage) -> Bool {
        let (before, after) = (fact.data.before?.band, fact.data.after?.band)
        guard before != after else { return false }
        return [before, after].compactMap(\.self).contains { bands.contains($0) }
    }
}

extension FactMessage {
    /// The fact in a few words without line ends: `score 600 (B) -> 640 (A): paid +40`. Texts are unchanged.
    public var summary: String {
        let reasons = data.reasons.map { "\($0.rule) \($0.points > 0 ? "+" : "")\($0.points)" }.joined(separator: ", ")
        let why = reasons.isEmpty ? data.cause.timer.map { ": \($0)" } ?? "" : ": " + reasons
        let what = type.split(separator: ".").last.map(String.init) ?? type
        if let perk = data.perk { return "perk \(perk) \(what)\(why)" }
        if let sanction = data.sanction {
            let reason = data.reason.map { " (\($0))" } ?? ""
            let until = what == "lifted" ? "" : data.until.map { " until \($0)" } ?? ""
            return "sanction \(sanction) \(what)\(reason)\(until)\(why)"
        }
        func standing(_ standing: Standing?) -> String { standing.map { "\($0.score) (\($0.band))" } ?? "nothing" }
        return "score \(standing(data.before)) -> \(standing(data.after))\(why)"
    }
}
