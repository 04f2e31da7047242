/// A compiled expression's part. Immutable, so that any number of threads may evaluate it, each with its own frame.
///
/// `truth`, `integer` and `number` are shorter ways to the same value: they must agree with `value`.
class Node: @unchecked Sendable {
    /// `.error` when there is no value.
    func value(_ frame: EvaluationFrame) -> Value { .error(.noSuchOverload) }

    func truth(_ frame: EvaluationFrame) -> Truth { Truth(value(frame)) }

    /// Nil for an error and for what is no int.
    func integer(_ frame: EvaluationFrame) -> Int64? {
        if case .int(let int) = value(frame) { return int }
        return nil
    }

    /// Only asked of a node that `isArithmetic`.
    func number(_ frame: EvaluationFrame) -> Number { .none }

    /// `value` by way of values only. Differs from `value` only in speed, where `number` was tried and said `none`.
    func plainValue(_ frame: EvaluationFrame) -> Value { value(frame) }

    /// Whether the node is made of slots, variables, constants and arithmetic alone. Then `number` is quick and asking
    /// twice (for the number, then for the value that is none) costs at most twice as much.
    var isArithmetic: Bool { false }

    /// Its value, if it is always the same and no error.
    var constant: Value? { nil }

    /// What numbers it can give, if that is known of its slots; nil if it is not.
    func bounds(_ range: (Int) -> SlotRange?) -> ClosedRange<Double>? { nil }

    /// What it asks of one slot, if that is all that it asks.
    var constraint: SlotConstraint? { nil }

    /// What `value` can pay, and how large its result can be. A node that pays, or has parts, says so.
    func cost(_ estimator: inout CostEstimator) -> CostEstimate { CostEstimate() }
}

final class ConstantNode: Node, @unchecked Sendable {
    let stored: Value
    private let storedTruth: Truth
    private let storedNumber: Number

    init(_ value: Value) {
        stored = value
        storedTruth = Truth(value)
        storedNumber = Number(value)
    }

    override func value(_ frame: EvaluationFrame) -> Value { stored }
    override func truth(_ frame: EvaluationFrame) -> Truth { storedTruth }
    override func integer(_ frame: EvaluationFrame) -> Int64? { storedNumber.kind == .int ? storedNumber.int : nil }
    override func number(_ frame: EvaluationFrame) -> Number { storedNumber }
    override var isArithmetic: Bool { true }
    override var constant: Value? { stored }
    override func bounds(_ range: (Int) -> SlotRange?) -> ClosedRange<Double>? {
        let number: Double
        switch storedNumber.kind {
        case .none: return nil
        case .int: number = Double(storedNumber.int)
        case .uint: number = Double(storedNumber.uint)
        case .double: number = storedNumber.double
        }
        return number.isNaN ? nil : number...number
    }
    override func cost(_ estimator: inout CostEstimator) -> CostEstimate { CostEstimate(size: ValueSize(stored)) }
}

/// Always the same error.
final class FailureNode: Node, @unchecked Sendable {
    let error: EvaluationError
    init(_ error: EvaluationError) { self.error = error }
    override func value(_ frame: EvaluationFrame) -> Value { .error(error) }
    override func truth(_ frame: EvaluationFrame) -> Truth { .error }
    override func integer(_ frame: EvaluationFrame) -> Int64? { nil }
}

/// A slot, or a macro's variable.
final class SlotNode: Node, @unchecked Sendable {
    let slot: Int
    init(_ slot: Int) { self.slot = slot }

    override func value(_ frame: EvaluationFrame) -> Value { frame.slots[slot] }
    override func truth(_ frame: EvaluationFrame) -> Truth {
        if case .bool(let bool) = frame.slots[slot] { return Truth(bool) }
        return .error
    }
    override func integer(_ frame: EvaluationFrame) -> Int64? {
        if case .int(let int) = frame.slots[slot] { return int }
        return nil
    }
    override func number(_ frame: EvaluationFrame) -> Number { Number(frame.slots + slot) }
    override var isArithmetic: Bool { true }
    override func bounds(_ range: (Int) -> SlotRange?) -> ClosedRange<Double>? {
        if slot >= 0, case .numbers(let numbers)? = range(slot) { return numbers }
        return nil
    }
    override func cost(_ estimator: inout CostEstimator) -> CostEstimate {
        CostEstimate(size: estimator.size(ofSlot: slot))
    }
}

/// Whether the object has a field that has a slot of its own.
final class SlotPresenceNode: Node, @unchecked Sendable {
    let slot: Int
    init(_ slot: Int) { self.slot = slot }

    override func value(_ frame: EvaluationFrame) -> Value {
        guard case .error(let error) = frame.slots[slot] else { return .bool(true) }
        return error == .noSuchField ? .bool(false) : .error(error)
    }
    override func truth(_ frame: EvaluationFrame) -> Truth {
        guard case .error(let error) = frame.slots[slot] else { return .yes }
        return error == .noSuchField ? .no : .error
    }
}
