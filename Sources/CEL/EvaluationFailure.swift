/// The reason why an evaluation did not give a value of the wanted type.
public enum EvaluationFailure: Sendable, Hashable {
    case error(EvaluationError)
    /// There is a value of another type.
    case wrongType(ValueType, wanted: ValueType)
    /// The limit of the cost of all expressions of the event is reached.
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
