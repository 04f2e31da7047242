/// The result of a condition. `error` is an evaluation error, or a value that is not a bool.
public enum Truth: UInt8, Sendable, Hashable {
    case no, yes, error

    @inline(__always)
    init(_ bool: Bool) { self = bool ? .yes : .no }

    /// Here `error` is that of a budget that is used up.
    var value: Value { self == .error ? .error(.tooExpensive) : .bool(self == .yes) }

    init(_ value: Value) {
        if case .bool(let bool) = value { self.init(bool) } else { self = .error }
    }
}
