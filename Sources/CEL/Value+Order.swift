extension Value {
    /// CEL's equality: numbers by value regardless of their types, everything else only within its type. `error` if the
    /// budget does not suffice. Neither value is an error.
    static func equals(_ a: Value, _ b: Value, _ frame: EvaluationFrame) -> Truth {
        switch (a, b) {
        case (.null, .null): return .yes
        case (.bool(let a), .bool(let b)): return Truth(a == b)
        case (.int(let a), .int(let b)): return Truth(a == b)
        case (.string(let a), .string(let b)), (.bytes(let a), .bytes(let b)):
            guard a.bytes.count == b.bytes.count else { return .no }
            return frame.pays(a.bytes.count >> 6) ? Truth(a == b) : .error
        case (.timestamp(let a), .timestamp(let b)), (.duration(let a), .duration(let b)): return Truth(a == b)
        case (.type(let a), .type(let b)): return Truth(a == b)
        case (.list(let a), .list(let b)):
            guard a.items.count == b.items.count else { return .no }
            guard frame.pays(a.items.count) else { return .error }
            for index in a.items.indices {
                let same = equals(a.items[index], b.items[index], frame)
                guard same == .yes else { return same }
            }
            return .yes
        case (.map(let a), .map(let b)):
            guard a.entries.count == b.entries.count else { return .no }
            for entry in a.entries {
                guard frame.pays(b.lookupCost(entry.key)) else { return .error }
                guard let other = b.value(forKey: entry.key) else { return .no }
                let same = equals(entry.value, other, frame)
                guard same == .yes else { return same }
            }
            return .yes
        default:
            return Truth(Number.order(Number(a), Number(b)) == .equal)
        }
    }

    /// The order of two values. It is `undefined` if CEL has none: for lists, maps, null, types, and values of
    /// different types that are not both numbers.
    static func order(_ a: Value, _ b: Value) -> Order {
        switch (a, b) {
        case (.bool(let a), .bool(let b)): return Order(a ? 1 : 0, b ? 1 : 0)
        case (.string(let a), .string(let b)), (.bytes(let a), .bytes(let b)): return Text.order(a, b)
        case (.timestamp(let a), .timestamp(let b)), (.duration(let a), .duration(let b)): return Order(a, b)
        default:
            let (a, b) = (Number(a), Number(b))
            return a.kind == .none || b.kind == .none ? .undefined : Number.order(a, b)
        }
    }
}
