internal import Events
internal import Expressions

/// A policy without mistakes, and what its author perhaps did not mean by it.
public struct PolicyReview: Sendable {
    public let policy: ScoringPolicy
    public let file: String
    /// In the order of the document.
    public let warnings: [YAMLMistake]

    /// Throws all mistakes at once, as `YAMLMistakes`.
    public init(yaml text: String, file: String) throws {
        var parser = PolicyParser(text)
        policy = try parser.policy(file: file)
        self.file = file
        var warnings = PolicyWarnings(policy, parser.places)
        warnings.find()
        self.warnings = warnings.found.sorted { ($0.line, $0.column, $0.message) < ($1.line, $1.column, $1.message) }
    }

    /// One a line, as `FILE:LINE:COLUMN: warning: message`; or as errors.
    public func lines(areErrors: Bool = false) -> [String] {
        warnings.map { "\(file):\($0.line):\($0.column): \(areErrors ? "error" : "warning"): \($0.message)" }
    }
}
