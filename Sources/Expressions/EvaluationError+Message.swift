extension EvaluationError: CustomStringConvertible {
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
        case .badTimeZone: "unknown time zone"
        case .tooExpensive: "the evaluation takes too much work"
        case .tooLarge: "the evaluation makes too large a value"
        case .malformedData: "malformed data"
        }
    }
}
