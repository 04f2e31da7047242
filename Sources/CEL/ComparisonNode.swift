/// `== != < <= > >=` of any two operands.
final class ComparisonNode: Node, @unchecked Sendable {
    private let comparison: Comparison
    private let left: Node
    private let right: Node
    private let triesNumbers: Bool

    /// `mayBeNumbers` is false if the types of the operands exclude numbers.
    init(_ comparison: Comparison, _ left: Node, _ right: Node, mayBeNumbers: Bool) {
        self.comparison = comparison
        self.left = left
        self.right = right
        triesNumbers = mayBeNumbers && left.isArithmetic && right.isArithmetic
    }

    override func cost(_ estimator: inout CostEstimator) -> CostEstimate {
        let (a, b) = (estimator.estimate(left), estimator.estimate(right))
        let own =
            switch comparison {
            case .equal, .notEqual: a.size.costOfEquality(b.size)
            default: (a.size.weight / 64).rounded(.down)
            }
        return CostEstimate(least: a.least + b.least, most: a.most + b.most + own)
    }

    override func truth(_ frame: EvaluationFrame) -> Truth {
        if triesNumbers {
            let a = left.number(frame)
            let b = right.number(frame)
            if a.kind != .none, b.kind != .none { return Truth(comparison.holds(Number.order(a, b))) }
        }
        return Truth(plainValue(frame))
    }

    override func value(_ frame: EvaluationFrame) -> Value {
        if triesNumbers {
            let a = left.number(frame)
            let b = right.number(frame)
            if a.kind != .none, b.kind != .none { return .bool(comparison.holds(Number.order(a, b))) }
        }
        return plainValue(frame)
    }

    override func plainValue(_ frame: EvaluationFrame) -> Value {
        let a = left.plainValue(frame)
        if case .error = a { return a }
        let b = right.plainValue(frame)
        if case .error = b { return b }
        if comparison == .equal || comparison == .notEqual {
            switch Value.equals(a, b, frame) {
            case .error: return .error(.tooExpensive)
            case .yes: return .bool(comparison == .equal)
            case .no: return .bool(comparison == .notEqual)
            }
        }
        switch a {
        case .string(let text), .bytes(let text):
            guard frame.pays(text.bytes.count >> 6) else { return .error(.tooExpensive) }
        default: break
        }
        let order = Value.order(a, b)
        return order == .undefined ? .error(.noSuchOverload) : .bool(comparison.holds(order))
    }
}

/// Compares a slot with a constant number: `data.amount >= 1000.0`, `points <= -100`.
final class SlotNumberComparisonNode: Node, @unchecked Sendable {
    private let comparison: Comparison
    private let slot: Int
    private let other: Number

    init(_ comparison: Comparison, slot: Int, _ other: Number) {
        self.comparison = comparison
        self.slot = slot
        self.other = other
    }

    override var constraint: SlotConstraint? {
        other.value.map { SlotConstraint(slot: slot, comparison: comparison, values: [$0]) }
    }

    override var isPlain: Bool { true }

    override func truth(_ frame: EvaluationFrame) -> Truth {
        let number = Number(frame.slots + slot)
        if number.kind != .none { return Truth(comparison.holds(Number.order(number, other))) }
        return Truth(unusual(frame))
    }

    override func value(_ frame: EvaluationFrame) -> Value {
        let number = Number(frame.slots + slot)
        if number.kind != .none { return .bool(comparison.holds(Number.order(number, other))) }
        return unusual(frame)
    }

    /// A value that is not a number equals none, and has no order relative to one.
    @inline(never)
    private func unusual(_ frame: EvaluationFrame) -> Value {
        if case .error(let error) = frame.slots[slot] { return .error(error) }
        switch comparison {
        case .equal: return .bool(false)
        case .notEqual: return .bool(true)
        default: return .error(.noSuchOverload)
        }
    }
}

/// Compares a slot with a constant text: `data.category == "utility"`.
final class SlotTextEqualityNode: Node, @unchecked Sendable {
    private let slot: Int
    private let text: Text
    private let bytes: UnsafeRawBufferPointer
    private let isNegated: Bool
    private let cost: Int

    init(slot: Int, _ text: Text, isNegated: Bool) {
        self.slot = slot
        self.text = text
        // Borrowed from the text, which lives as long as this node.
        bytes = text.bytes
        self.isNegated = isNegated
        cost = bytes.count >> 6
    }

    override var constraint: SlotConstraint? {
        SlotConstraint(slot: slot, comparison: isNegated ? .notEqual : .equal, values: [.string(text)])
    }

    override var isPlain: Bool { cost == 0 }

    override func cost(_ estimator: inout CostEstimator) -> CostEstimate {
        CostEstimate(most: min(Double(cost), estimator.size(ofSlot: slot).weight / 64))
    }

    override func truth(_ frame: EvaluationFrame) -> Truth {
        switch frame.slots[slot] {
        case .string(let other): isEqual(other.bytes, frame)
        case .error: .error
        default: Truth(isNegated)
        }
    }

    /// A text of another length needs no comparison of bytes.
    @inline(__always)
    private func isEqual(_ other: UnsafeRawBufferPointer, _ frame: EvaluationFrame) -> Truth {
        guard other.count == bytes.count else { return Truth(isNegated) }
        if cost > 0, !frame.pays(cost) { return .error }
        return Truth((other.commonPrefix(bytes, bytes.count) == bytes.count) != isNegated)
    }

    override func value(_ frame: EvaluationFrame) -> Value {
        switch frame.slots[slot] {
        case .string(let other): isEqual(other.bytes, frame).value
        case .error(let error): .error(error)
        default: .bool(isNegated)
        }
    }
}
