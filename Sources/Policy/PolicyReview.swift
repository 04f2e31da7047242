/// A policy without mistakes, and what its author perhaps did not mean by it.
public struct PolicyReview: Sendable {
    public let policy: ScoringPolicy
    public let file: String
    private var found: [YAMLMistake]
    private let places: [PolicySample.Part: YAMLMistake]

    /// In the order of the document.
    public var warnings: [YAMLMistake] {
        found.sorted { ($0.line, $0.column, $0.message) < ($1.line, $1.column, $1.message) }
    }

    /// Throws all mistakes at once, as `YAMLMistakes`.
    public init(yaml text: String, file: String) throws {
        var parser = PolicyParser(text)
        policy = try parser.policy(file: file)
        self.file = file
        var warnings = PolicyWarnings(policy, parser.places)
        warnings.find()
        found = warnings.found
        places = parser.places.byPart
    }

    /// Adds what sample events show.
    public mutating func add(_ sample: borrowing PolicySample) {
        for (part, message) in sample.findings {
            guard var warning = places[part] else { continue }
            warning.message = message
            found.append(warning)
        }
    }

    /// One a line, as `FILE:LINE:COLUMN: warning: message`; or as errors.
    public func lines(areErrors: Bool = false) -> [String] {
        warnings.map { "\(file):\($0.line):\($0.column): \(areErrors ? "error" : "warning"): \($0.message)" }
    }
}

extension PolicyPlaces {
    /// Where the ids of rules, measures and sanctions stand, without a message.
    fileprivate var byPart: [PolicySample.Part: YAMLMistake] {
        func place(_ mapping: YAMLReader.Mapping) -> YAMLMistake {
            let value = mapping["id"] ?? mapping.place
            return YAMLMistake(line: value.line, column: value.column, message: "")
        }
        var places: [PolicySample.Part: YAMLMistake] = [:]
        for (number, rule) in rules.enumerated() { places[.rule(number)] = place(rule) }
        for (number, measure) in measures.enumerated() { places[.measure(number)] = place(measure) }
        for (number, sanction) in sanctions.enumerated() { places[.sanction(number)] = place(sanction) }
        return places
    }
}
