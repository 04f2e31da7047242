/// Why an evaluation did not give what it was asked for.
public enum EvaluationFailure: Sendable, Hashable {
    case error(EvaluationError)
    /// There is a value, of a type that was not asked for.
    case wrongType(ValueType, wanted: ValueType)
    /// All expressions of the event together may cost no more.
    case eventTooExpensive
}

extension EvaluationFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .error(let error): error.description
        case .eventTooExpensive: "the expressions of this event take too much work together"
        case .wrongType(let type, let wanted): "the value is \(type.described), not \(wanted.described)"
        }
    }
}
