/// A part of a compiled expression. It is immutable, so that any number of threads may evaluate it, each with its own
/// frame.
///
/// `truth`, `integer` and `number` are faster forms of `value`, and must agree with it.
class Node: @unchecked Sendable {
    /// `.error` if there is no value.
    func value(_ frame: EvaluationFrame) -> Value { .error(.noSuchOverload) }

    func truth(_ frame: EvaluationFrame) -> Truth { Truth(value(frame)) }

    /// Nil for an error, and if the value is not an int.
    func integer(_ frame: EvaluationFrame) -> Int64? {
        if case .int(let int) = value(frame) { return int }
        return nil
    }

    /// Called only if the node `isArithmetic`.
    func number(_ frame: EvaluationFrame) -> Number { .none }

    /// `value` without an attempt of `number`. It differs from `value` only in speed, after `number` has returned
    /// `none`.
    func plainValue(_ frame: EvaluationFrame) -> Value { value(frame) }

    /// Whether the node consists only of slots, variables, constants and arithmetic. Then `number` is fast, and
    /// evaluating twice (for the number, and after `none` for the value) costs at most twice as much.
    var isArithmetic: Bool { false }

    /// Whether it has only constants, slots, comparisons of a slot with a constant, and logic. Then it charges nothing,
    /// and has a value whenever each slot that it reads has one of the declared type.
    var isPlain: Bool { false }

    /// Its value if it is always the same and not an error; nil otherwise.
    var constant: Value? { nil }

    /// Bounds of its numbers; nil if the ranges of its slots are not known.
    func bounds(_ range: (Int) -> SlotRange?) -> ClosedRange<Double>? { nil }

    /// The condition on one slot; nil if the node is not such a condition.
    var constraint: SlotConstraint? { nil }

    /// The greatest cost of `value`, and the greatest size of its result. A node that charges the budget, or has parts,
    /// overrides it.
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
    override var isPlain: Bool { true }
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

/// A node that is always the same error.
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
    override var isPlain: Bool { true }
    override func bounds(_ range: (Int) -> SlotRange?) -> ClosedRange<Double>? {
        if slot >= 0, case .wholeNumbers(let numbers)? = range(slot) { return numbers }
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
