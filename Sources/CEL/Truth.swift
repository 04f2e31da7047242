/// What a condition came to. `error` stands for an evaluation error and for a value that is no bool.
public enum Truth: UInt8, Sendable, Hashable {
    case no, yes, error

    @inline(__always)
    init(_ bool: Bool) { self = bool ? .yes : .no }

    /// Where `error` is that of a budget that is spent.
    var value: Value { self == .error ? .error(.tooExpensive) : .bool(self == .yes) }

    init(_ value: Value) {
        if case .bool(let bool) = value { self.init(bool) } else { self = .error }
    }
}
