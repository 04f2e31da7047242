/// A policy without errors, and warnings about parts that are probably not intended.
public struct PolicyReview: Sendable {
    public let policy: ScoringPolicy
    public let file: String
    private var found: [YAMLMistake]
    private let locations: [PolicySample.Part: YAMLMistake]

    /// In the order of the document.
    public var warnings: [YAMLMistake] {
        found.sorted { ($0.line, $0.column, $0.message) < ($1.line, $1.column, $1.message) }
    }

    /// Throws all errors at once, as `YAMLMistakes`.
    public init(yaml text: String, file: String) throws {
        var parser = PolicyParser(text)
        policy = try parser.policy(file: file)
        self.file = file
        var warnings = PolicyWarnings(policy, parser.nodes)
        warnings.find()
        found = warnings.found
        locations = parser.nodes.byPart
    }

    /// Adds the findings from sample events.
    public mutating func add(_ sample: borrowing PolicySample) {
        for (part, message) in sample.findings {
            guard var warning = locations[part] else { continue }
            warning.message = message
            found.append(warning)
        }
    }

    /// One line per warning, as `FILE:LINE:COLUMN: warning: message`; with `areErrors` as errors.
    public func lines(areErrors: Bool = false) -> [String] {
        warnings.map { "\(file):\($0.line):\($0.column): \(areErrors ? "error" : "warning"): \($0.message)" }
    }
}

extension PolicyNodes {
    /// The positions of the ids of rules, measures and sanctions, without a message.
    fileprivate var byPart: [PolicySample.Part: YAMLMistake] {
        func location(_ mapping: YAMLReader.Mapping) -> YAMLMistake {
            let value = mapping["id"] ?? mapping.location
            return YAMLMistake(line: value.line, column: value.column, message: "")
        }
        var locations: [PolicySample.Part: YAMLMistake] = [:]
        for (number, rule) in rules.enumerated() { locations[.rule(number)] = location(rule) }
        for (number, measure) in measures.enumerated() { locations[.measure(number)] = location(measure) }
        for (number, sanction) in sanctions.enumerated() { locations[.sanction(number)] = location(sanction) }
        return locations
    }
}
