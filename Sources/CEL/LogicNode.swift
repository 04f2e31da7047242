/// The operands of `&&` or `||`.
class LogicNode: Node, @unchecked Sendable {
    final let left: Node
    final let right: Node

    init(_ left: Node, _ right: Node) {
        self.left = left
        self.right = right
    }

    final override var isPlain: Bool { left.isPlain && right.isPlain }

    final override func cost(_ estimator: inout CostEstimator) -> CostEstimate {
        let (a, b) = (estimator.estimate(left), estimator.estimate(right))
        // Either operand can decide if the other is an error.
        return CostEstimate(least: min(a.least, b.least), most: a.most + b.most)
    }
}

/// `a && b`: false if either is false, whatever the other; otherwise an error if either is one.
final class AllNode: LogicNode, @unchecked Sendable {
    override func truth(_ frame: EvaluationFrame) -> Truth {
        let first = left.truth(frame)
        guard first != .no else { return .no }
        let second = right.truth(frame)
        return second == .no ? .no : first == .error ? .error : second
    }

    override func value(_ frame: EvaluationFrame) -> Value {
        let first = left.value(frame)
        if case .bool(false) = first { return first }
        let second = right.value(frame)
        if case .bool(false) = second { return second }
        return Value.firstError(first, second) ?? .bool(true)
    }
}

/// `a || b`: true if either is true, whatever the other; otherwise an error if either is one.
final class AnyNode: LogicNode, @unchecked Sendable {
    override func truth(_ frame: EvaluationFrame) -> Truth {
        let first = left.truth(frame)
        guard first != .yes else { return .yes }
        let second = right.truth(frame)
        return second == .yes ? .yes : first == .error ? .error : second
    }

    override func value(_ frame: EvaluationFrame) -> Value {
        let first = left.value(frame)
        if case .bool(true) = first { return first }
        let second = right.value(frame)
        if case .bool(true) = second { return second }
        return Value.firstError(first, second) ?? .bool(false)
    }
}

extension Value {
    /// The first operand of a logical operator that is an error or not a bool, as an error; nil if both are bools.
    fileprivate static func firstError(_ first: Value, _ second: Value) -> Value? {
        first.logicalError ?? second.logicalError
    }

    private var logicalError: Value? {
        switch self {
        case .bool: nil
        case .error: self
        default: .error(.noSuchOverload)
        }
    }
}

final class NotNode: Node, @unchecked Sendable {
    private let operand: Node
    init(_ operand: Node) { self.operand = operand }

    override var constraint: SlotConstraint? { operand.constraint?.negated }

    override var isPlain: Bool { operand.isPlain }

    override func cost(_ estimator: inout CostEstimator) -> CostEstimate { estimator.sum(operand) }

    override func truth(_ frame: EvaluationFrame) -> Truth {
        switch operand.truth(frame) {
        case .no: .yes
        case .yes: .no
        case .error: .error
        }
    }

    override func value(_ frame: EvaluationFrame) -> Value {
        let value = operand.value(frame)
        switch value {
        case .bool(let bool): return .bool(!bool)
        case .error: return value
        default: return .error(.noSuchOverload)
        }
    }
}

/// `a ? b : c`: evaluates only one branch.
final class ConditionalNode: Node, @unchecked Sendable {
    private let condition: Node
    private let yes: Node
    private let no: Node

    init(_ condition: Node, _ yes: Node, _ no: Node) {
        self.condition = condition
        self.yes = yes
        self.no = no
    }

    override var isPlain: Bool { condition.isPlain && yes.isPlain && no.isPlain }

    override func truth(_ frame: EvaluationFrame) -> Truth {
        switch condition.truth(frame) {
        case .yes: yes.truth(frame)
        case .no: no.truth(frame)
        case .error: .error
        }
    }

    override func cost(_ estimator: inout CostEstimator) -> CostEstimate {
        let chosen = estimator.estimate(condition)
        let (a, b) = (estimator.estimate(yes), estimator.estimate(no))
        return CostEstimate(
            least: chosen.least + min(a.least, b.least), most: chosen.most + max(a.most, b.most),
            size: a.size.union(b.size))
    }

    override func bounds(_ range: (Int) -> SlotRange?) -> ClosedRange<Double>? {
        guard let a = yes.bounds(range), let b = no.bounds(range) else { return nil }
        return min(a.lowerBound, b.lowerBound)...max(a.upperBound, b.upperBound)
    }

    override func integer(_ frame: EvaluationFrame) -> Int64? {
        switch condition.truth(frame) {
        case .yes: yes.integer(frame)
        case .no: no.integer(frame)
        case .error: nil
        }
    }

    override func value(_ frame: EvaluationFrame) -> Value {
        let chosen = condition.value(frame)
        switch chosen {
        case .bool(true): return yes.value(frame)
        case .bool(false): return no.value(frame)
        case .error: return chosen
        default: return .error(.noSuchOverload)
        }
    }
}
