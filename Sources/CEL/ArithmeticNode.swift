/// The operators `+ - * / %` and unary minus, for numbers.
enum Arithmetic: UInt8 {
    case add, subtract, multiply, divide, modulo

    init?(_ operation: Syntax.Operator) {
        switch operation {
        case .add: self = .add
        case .subtract: self = .subtract
        case .multiply: self = .multiply
        case .divide: self = .divide
        case .modulo: self = .modulo
        default: return nil
        }
    }

    /// `none` for numbers of different types, and if there is no result.
    @inline(__always)
    func apply(_ a: Number, _ b: Number) -> Number {
        if a.kind == .int, b.kind == .int {
            guard case .success(let value) = ints(a.int, b.int) else { return .none }
            return Number(value)
        }
        if a.kind == .double, b.kind == .double, self != .modulo { return Number(doubles(a.double, b.double)) }
        if a.kind == .uint, b.kind == .uint {
            guard case .success(let value) = ints(a.uint, b.uint) else { return .none }
            return Number(value)
        }
        return .none
    }

    /// Rounds towards zero. The result of `%` has the sign of its first operand.
    @inline(__always)
    func ints<T: FixedWidthInteger>(_ a: T, _ b: T) -> Result<T, EvaluationError> {
        let (value, overflow): (T, Bool)
        switch self {
        case .add: (value, overflow) = a.addingReportingOverflow(b)
        case .subtract: (value, overflow) = a.subtractingReportingOverflow(b)
        case .multiply: (value, overflow) = a.multipliedReportingOverflow(by: b)
        case .divide:
            guard b != 0 else { return .failure(.divisionByZero) }
            (value, overflow) = a.dividedReportingOverflow(by: b)
        case .modulo:
            guard b != 0 else { return .failure(.divisionByZero) }
            (value, overflow) = a.remainderReportingOverflow(dividingBy: b)
        }
        return overflow ? .failure(.overflow) : .success(value)
    }

    @inline(__always)
    func doubles(_ a: Double, _ b: Double) -> Double {
        switch self {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        case .modulo: .nan
        }
    }
}

extension Arithmetic {
    /// Bounds of the results for operands in two ranges; nil if they are not computed.
    func bounds(_ a: ClosedRange<Double>, _ b: ClosedRange<Double>) -> ClosedRange<Double>? {
        let ends: [Double]
        switch self {
        case .add: ends = [a.lowerBound + b.lowerBound, a.upperBound + b.upperBound]
        case .subtract: ends = [a.lowerBound - b.upperBound, a.upperBound - b.lowerBound]
        case .multiply:
            ends = [a.lowerBound, a.upperBound].flatMap { [$0 * b.lowerBound, $0 * b.upperBound] }
        case .divide:
            guard let divisor = Self.divisor(b) else { return nil }
            let quotients = [a.lowerBound / divisor, a.upperBound / divisor]
            // The quotient of ints is nearer to zero than that of doubles.
            ends = quotients + quotients.map { $0.rounded(.towardZero) }
        case .modulo:
            guard let divisor = Self.divisor(b)?.magnitude, divisor >= 1 else { return nil }
            return (a.lowerBound >= 0 ? 0 : 1 - divisor)...(a.upperBound <= 0 ? 0 : divisor - 1)
        }
        guard let least = ends.min(), let most = ends.max(), !ends.contains(where: \.isNaN) else { return nil }
        return least...most
    }
}

extension Arithmetic {
    /// The only number of a range; nil if it has several, or zero.
    private static func divisor(_ range: ClosedRange<Double>) -> Double? {
        range.lowerBound == range.upperBound && range.lowerBound != 0 ? range.lowerBound : nil
    }
}

final class ArithmeticNode: Node, @unchecked Sendable {
    private let operation: Arithmetic
    private let left: Node
    private let right: Node
    private let triesNumbers: Bool

    /// `mayBeNumber` is false if the types of the operands exclude numbers.
    init(_ operation: Arithmetic, _ left: Node, _ right: Node, mayBeNumber: Bool) {
        self.operation = operation
        self.left = left
        self.right = right
        triesNumbers = mayBeNumber && left.isArithmetic && right.isArithmetic
    }

    override var isArithmetic: Bool { triesNumbers }

    override func bounds(_ range: (Int) -> SlotRange?) -> ClosedRange<Double>? {
        guard let a = left.bounds(range), let b = right.bounds(range) else { return nil }
        return operation.bounds(a, b)
    }

    override func cost(_ estimator: inout CostEstimator) -> CostEstimate {
        guard operation == .add else { return estimator.sum(left, right) }
        let (a, b) = (estimator.estimate(left), estimator.estimate(right))
        var cost = CostEstimate(least: a.least + b.least, most: a.most + b.most, size: a.size.joined(b.size))
        // One unit for eight bytes of a text, or for an item of a list.
        if cost.size.weight > 2 || !cost.size.isFlat {
            cost.most += 1 + max((cost.size.weight / 8).rounded(.down), cost.size.items.upperBound)
        }
        return cost
    }

    override func number(_ frame: EvaluationFrame) -> Number {
        let a = left.number(frame)
        let b = right.number(frame)
        return operation.apply(a, b)
    }

    override func integer(_ frame: EvaluationFrame) -> Int64? {
        if triesNumbers {
            let number = number(frame)
            return number.kind == .int ? number.int : nil
        }
        guard case .int(let value) = plainValue(frame) else { return nil }
        return value
    }

    override func value(_ frame: EvaluationFrame) -> Value {
        if triesNumbers, let value = number(frame).value { return value }
        return plainValue(frame)
    }

    override func plainValue(_ frame: EvaluationFrame) -> Value {
        let a = left.plainValue(frame)
        if case .error = a { return a }
        let b = right.plainValue(frame)
        if case .error = b { return b }
        return operation.apply(a, b, frame)
    }
}

final class NegateNode: Node, @unchecked Sendable {
    private let operand: Node
    private let triesNumbers: Bool

    init(_ operand: Node) {
        self.operand = operand
        triesNumbers = operand.isArithmetic
    }

    override var isArithmetic: Bool { triesNumbers }

    override func bounds(_ range: (Int) -> SlotRange?) -> ClosedRange<Double>? {
        operand.bounds(range).map { -$0.upperBound ... -$0.lowerBound }
    }

    override func cost(_ estimator: inout CostEstimator) -> CostEstimate { estimator.sum(operand) }

    override func number(_ frame: EvaluationFrame) -> Number {
        let number = operand.number(frame)
        switch number.kind {
        case .int: return number.int == .min ? .none : Number(-number.int)
        case .double: return Number(-number.double)
        case .uint, .none: return .none
        }
    }

    override func value(_ frame: EvaluationFrame) -> Value {
        if triesNumbers, let value = number(frame).value { return value }
        return plainValue(frame)
    }

    override func plainValue(_ frame: EvaluationFrame) -> Value {
        let value = operand.plainValue(frame)
        switch value {
        case .int(let int): return int == .min ? .error(.overflow) : .int(-int)
        case .double(let double): return .double(-double)
        case .error: return value
        default: return .error(.noSuchOverload)
        }
    }
}

extension Arithmetic {
    /// Applies the operator to values, neither of which is an error.
    func apply(_ a: Value, _ b: Value, _ frame: EvaluationFrame) -> Value {
        switch (a, b) {
        case (.int(let a), .int(let b)):
            switch ints(a, b) {
            case .success(let value): return .int(value)
            case .failure(let error): return .error(error)
            }
        case (.uint(let a), .uint(let b)):
            switch ints(a, b) {
            case .success(let value): return .uint(value)
            case .failure(let error): return .error(error)
            }
        case (.double(let a), .double(let b)):
            return self == .modulo ? .error(.noSuchOverload) : .double(doubles(a, b))
        default:
            switch self {
            case .add: return sum(a, b, frame)
            case .subtract: return difference(a, b)
            default: return .error(.noSuchOverload)
            }
        }
    }

    private func sum(_ a: Value, _ b: Value, _ frame: EvaluationFrame) -> Value {
        func joined(_ a: Text, _ b: Text) -> Result<Text, EvaluationError> {
            let count = a.bytes.count + b.bytes.count
            guard count <= Limit.producedBytes else { return .failure(.tooLarge) }
            return frame.pays(1 + count >> 3) ? .success(a + b) : .failure(.tooExpensive)
        }
        switch (a, b) {
        case (.string(let a), .string(let b)):
            switch joined(a, b) {
            case .success(let text): return .string(text)
            case .failure(let error): return .error(error)
            }
        case (.bytes(let a), .bytes(let b)):
            switch joined(a, b) {
            case .success(let text): return .bytes(text)
            case .failure(let error): return .error(error)
            }
        case (.list(let a), .list(let b)):
            let count = a.items.count + b.items.count
            guard count <= Limit.producedItems else { return .error(.tooLarge) }
            guard frame.pays(1 + count) else { return .error(.tooExpensive) }
            return .list(ValueList(a.items + b.items))
        case (.timestamp(let time), .duration(let span)), (.duration(let span), .timestamp(let time)):
            return time.timestamp(adding: span).map { .timestamp($0) } ?? .error(.overflow)
        case (.duration(let a), .duration(let b)):
            return a.duration(adding: b).map { .duration($0) } ?? .error(.overflow)
        default:
            return .error(.noSuchOverload)
        }
    }

    private func difference(_ a: Value, _ b: Value) -> Value {
        switch (a, b) {
        case (.timestamp(let time), .duration(let span)):
            return time.timestamp(subtracting: span).map { .timestamp($0) } ?? .error(.overflow)
        case (.timestamp(let a), .timestamp(let b)):
            return a.duration(since: b).map { .duration($0) } ?? .error(.overflow)
        case (.duration(let a), .duration(let b)):
            return a.duration(subtracting: b).map { .duration($0) } ?? .error(.overflow)
        default:
            return .error(.noSuchOverload)
        }
    }
}
