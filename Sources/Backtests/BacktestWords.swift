internal import Events

/// Words and numbers for people, the same in the table and on the page.
enum BacktestWords {
    static let notDefined = "n/a"

    /// With commas between thousands.
    static func count(_ value: Int64) -> String { value.inThousands }

    static func signed(_ value: Int64) -> String { (value > 0 ? "+" : "") + count(value) }

    static func percent(_ value: BacktestRatio?) -> String {
        value.map { $0.decimal(1, percent: true) + "%" } ?? notDefined
    }

    static func share(_ part: Int64, of whole: Int64) -> String { percent(BacktestRatio(part, over: whole)) }

    static func decimal(_ value: BacktestRatio?, _ fractionDigits: Int) -> String {
        value?.decimal(fractionDigits) ?? notDefined
    }

    static func scores(_ range: ClosedRange<Int64>?) -> String {
        range.map { $0.lowerBound == $0.upperBound ? "\($0.lowerBound)" : "\($0.lowerBound) to \($0.upperBound)" }
            ?? notDefined
    }

    static func part(_ source: BacktestReport.Part.Source) -> String {
        switch source {
        case .base: "(base score)"
        case .rule(let id): id
        case .limits: "(limits)"
        }
    }

    static func name(_ side: BacktestReport.Side) -> String { "\(side.id) \(side.version)" }

    static func subjects(_ subjects: BacktestReport.Subjects) -> String {
        let more = subjects.count - Int64(subjects.first.count)
        return subjects.first.joined(separator: ", ") + (more > 0 ? " and \(count(more)) more" : "")
    }
}

extension BacktestReport {
    /// Sanctions of both policies by id: in the candidate's order, then those that only the baseline has.
    var sanctionRows: [(id: String, policy: Sanction?, against: Sanction?)] {
        Self.ids(policy.sanctions.map(\.id), against?.sanctions.map(\.id) ?? []).map { id in
            (id, policy.sanctions.first { $0.id == id }, against?.sanctions.first { $0.id == id })
        }
    }

    var perkRows: [(id: String, policy: Perk?, against: Perk?)] {
        Self.ids(policy.perks.map(\.id), against?.perks.map(\.id) ?? []).map { id in
            (id, policy.perks.first { $0.id == id }, against?.perks.first { $0.id == id })
        }
    }

    /// Bands of both policies by name, the highest first.
    var bandRows: [(name: String, policy: Band?, against: Band?)] {
        Self.ids(policy.bands.map(\.name), against?.bands.map(\.name) ?? []).reversed().map { name in
            (name, policy.bands.first { $0.name == name }, against?.bands.first { $0.name == name })
        }
    }

    /// The policies, and their names in the report.
    var sides: [(role: String, side: Side)] {
        [("candidate", policy)] + (against.map { [("baseline", $0)] } ?? [])
    }

    /// The parts with any effect.
    var liveParts: [Part] {
        comparison?.parts.filter { $0.overGainers != 0 || $0.overLosers != 0 || $0.largestFor != 0 } ?? []
    }
}
