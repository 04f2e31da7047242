/// An int, uint or double in two machine words, so that arithmetic passes it in registers. `none` stands for everything
/// else, errors included: `value` then distinguishes them.
struct Number {
    enum Kind: UInt8 { case none, int, uint, double }

    let kind: Kind
    let bits: UInt64

    static let none = Number(kind: .none, bits: 0)

    init(kind: Kind, bits: UInt64) {
        self.kind = kind
        self.bits = bits
    }
    init(_ value: Int64) { self.init(kind: .int, bits: UInt64(bitPattern: value)) }
    init(_ value: UInt64) { self.init(kind: .uint, bits: value) }
    init(_ value: Double) { self.init(kind: .double, bits: value.bitPattern) }

    var int: Int64 { Int64(bitPattern: bits) }
    var uint: UInt64 { bits }
    var double: Double { Double(bitPattern: bits) }

    @inline(__always)
    init(_ pointer: UnsafeMutablePointer<Value>) {
        switch pointer.pointee {
        case .int(let value): self.init(value)
        case .double(let value): self.init(value)
        case .uint(let value): self.init(value)
        default: self = .none
        }
    }

    init(_ value: Value) {
        switch value {
        case .int(let value): self.init(value)
        case .double(let value): self.init(value)
        case .uint(let value): self.init(value)
        default: self = .none
        }
    }

    /// Nil for `none`.
    var value: Value? {
        switch kind {
        case .none: nil
        case .int: .int(int)
        case .uint: .uint(uint)
        case .double: .double(double)
        }
    }

    /// The order of numbers of any two types. It is exact between int and uint; an int or uint is compared with a
    /// double as a double. `none` and NaN are unordered.
    @inline(__always)
    static func order(_ a: Number, _ b: Number) -> Order {
        if a.kind == .int, b.kind == .int { return Order(a.int, b.int) }
        if a.kind == .double, b.kind == .double { return Order(a.double, b.double) }
        return mixedOrder(a, b)
    }

    @inline(never)
    private static func mixedOrder(_ a: Number, _ b: Number) -> Order {
        switch (a.kind, b.kind) {
        case (.uint, .uint): Order(a.uint, b.uint)
        case (.int, .uint): a.int < 0 ? .less : Order(UInt64(a.int), b.uint)
        case (.uint, .int): b.int < 0 ? .greater : Order(a.uint, UInt64(b.int))
        case (.int, .double): Order(Double(a.int), b.double)
        case (.double, .int): Order(a.double, Double(b.int))
        case (.uint, .double): Order(Double(a.uint), b.double)
        case (.double, .uint): Order(a.double, Double(b.uint))
        default: .unordered
        }
    }

    /// An int or uint unchanged, and a whole double as the int or uint that it equals; nil otherwise. Keys of maps and
    /// indices of lists are found by it.
    var whole: Number? {
        guard kind == .double else { return kind == .none ? nil : self }
        if double >= -0x1p63, double < 0x1p63 {
            let int = Int64(double)
            return Double(int) == double ? Number(int) : nil
        }
        // From 2^53 every double is whole.
        return double >= 0x1p63 && double < 0x1p64 ? Number(UInt64(double)) : nil
    }
}

/// The result of comparing two values.
enum Order: UInt8 {
    case less = 0
    case equal = 1
    case greater = 2
    /// One of the numbers is NaN: every comparison except `!=` is false.
    case unordered = 3
    /// There is no order between the two.
    case undefined = 4

    @inline(__always)
    init<T: Comparable>(_ a: T, _ b: T) {
        self = a < b ? .less : a > b ? .greater : a == b ? .equal : .unordered
    }
}

/// The comparison operators. The raw value is the set of orders that satisfy the operator, with bit n for the order of
/// raw value n.
enum Comparison: UInt8 {
    case equal = 0b0010
    case notEqual = 0b1101
    case less = 0b0001
    case lessOrEqual = 0b0011
    case greater = 0b0100
    case greaterOrEqual = 0b0110

    /// `order` must not be `undefined`.
    @inline(__always)
    func holds(_ order: Order) -> Bool { rawValue >> order.rawValue & 1 == 1 }

    /// The operator with the operands exchanged.
    var mirrored: Comparison {
        switch self {
        case .equal, .notEqual: self
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        }
    }

    /// The operator that is true if this one is false, for two operands that have an order.
    var negated: Comparison {
        switch self {
        case .equal: .notEqual
        case .notEqual: .equal
        case .less: .greaterOrEqual
        case .lessOrEqual: .greater
        case .greater: .lessOrEqual
        case .greaterOrEqual: .less
        }
    }

    init?(_ operation: Syntax.Operator) {
        switch operation {
        case .equal: self = .equal
        case .notEqual: self = .notEqual
        case .less: self = .less
        case .lessOrEqual: self = .lessOrEqual
        case .greater: self = .greater
        case .greaterOrEqual: self = .greaterOrEqual
        default: return nil
        }
    }
}
