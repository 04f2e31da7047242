extension EvaluationError: CustomStringConvertible {
    /// Whether the error is about names, so that a diagnostic can report it at compile time.
    package var isOfNames: Bool {
        switch self {
        case .noSuchOverload, .noSuchVariable, .noSuchFunction, .noSuchField: true
        default: false
        }
    }

    /// Whether the error depends on values, and not on their types. Such an error is not one of the expression, even if
    /// it is certain.
    var isOfValues: Bool {
        switch self {
        case .noSuchKey, .overflow, .divisionByZero, .indexOutOfRange, .duplicateKey, .badConversion, .badTimeZone: true
        default: false
        }
    }

    public var description: String {
        switch self {
        case .noSuchField: "no such field"
        case .noSuchKey: "no such key"
        case .noSuchOverload: "no such overload"
        case .noSuchVariable: "no such variable"
        case .noSuchFunction: "no such function"
        case .overflow: "integer, timestamp or duration out of range"
        case .divisionByZero: "division by zero"
        case .indexOutOfRange: "index out of range"
        case .duplicateKey: "a map has the same key twice"
        case .badConversion: "the value cannot be converted"
        case .badPattern: "the pattern is not a regular expression"
        case .badTimeZone: "a time zone that is not known, or not that far back"
        case .tooExpensive: "the evaluation takes too much work"
        case .tooManyPatterns:
            "an expression has at most \(Limit.patterns) patterns of \(Limit.patternBytes) bytes together"
        case .tooLarge: "the evaluation makes too large a value"
        case .malformedData: "malformed data"
        }
    }
}
