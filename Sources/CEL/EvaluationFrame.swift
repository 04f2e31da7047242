/// The values of the slots during evaluation, and memory for macro variables.
///
/// One per thread. A frame is made after all expressions are compiled: an expression that needs more variables than the
/// frame has is a programming error and traps. Text that a slot borrows must stay valid while expressions are
/// evaluated.
public final class EvaluationFrame {
    /// There are `slotCount` slots, which start as `.error(.noSuchField)`. The macro variables are before them:
    /// variable n is slot -1 - n, so every node that reads a slot can read a variable.
    public let slots: UnsafeMutablePointer<Value>
    /// As the declarations had when the frame was made.
    public let slotCount: Int
    let variableCount: Int
    /// The rest of the budget of the current evaluation. Negative once it is used up.
    @usableFromInline let budget: UnsafeMutablePointer<Int>
    /// The initial budget of the current evaluation.
    @usableFromInline let given: UnsafeMutablePointer<Int>
    /// The rest of the budget of all evaluations of this frame, without the cost of the last one. Negative once it is
    /// used up.
    @usableFromInline let left: UnsafeMutablePointer<Int>
    /// The initial value of `left`.
    @usableFromInline let allowed: UnsafeMutablePointer<Int>

    public convenience init(_ declarations: Declarations) {
        self.init(slots: declarations.slotCount, variables: declarations.variableCount)
    }

    init(slots slotCount: Int, variables variableCount: Int) {
        self.slotCount = slotCount
        self.variableCount = variableCount
        let base = UnsafeMutablePointer<Value>.allocate(capacity: variableCount + slotCount + 1)
        base.initialize(repeating: .null, count: variableCount)
        slots = base + variableCount
        slots.initialize(repeating: .error(.noSuchField), count: slotCount)
        budget = .allocate(capacity: 4)
        budget.initialize(repeating: Limit.cost, count: 2)
        (given, left, allowed) = (budget + 1, budget + 2, budget + 3)
        left.initialize(repeating: .max, count: 2)
    }

    deinit {
        let base = slots - variableCount
        base.deinitialize(count: variableCount + slotCount)
        base.deallocate()
        budget.deallocate()
    }

    /// Sets a slot to an int. In most cases it was one before, so that no reference is released.
    @inline(__always)
    public func set(_ slot: Int, _ value: Int64) {
        if case .int = slots[slot] {
            (slots + slot).initialize(to: .int(value))
        } else {
            slots[slot] = .int(value)
        }
    }

    /// Sets the budget of all further evaluations of this frame together; an evaluation beyond it is an error. Without
    /// it each may cost `Limit.cost`.
    @inlinable public func allow(_ cost: Int) {
        (left.pointee, allowed.pointee) = (cost, cost)
        (given.pointee, budget.pointee) = (0, 0)
    }

    /// Units of work of the evaluations since the last call of `allow`. The last of them may exceed its budget.
    @inlinable @inline(__always)
    public var spent: Int { allowed.pointee - left.pointee + given.pointee - budget.pointee }

    /// Returns false if nothing is left, because earlier evaluations have used up the budget.
    @inline(__always)
    func begin() -> Bool {
        left.pointee -= given.pointee - budget.pointee
        let cost = min(Limit.cost, left.pointee)
        (given.pointee, budget.pointee) = (cost, cost)
        return cost >= 0
    }

    /// Whether the budget of all evaluations, and not the one of a single evaluation, is used up.
    var isSpentByAll: Bool { budget.pointee < 0 && given.pointee < Limit.cost }

    /// Runs the body without a charge to the budget of the other evaluations.
    func aside<Result>(_ body: () -> Result) -> Result {
        let before = (budget.pointee, given.pointee, left.pointee)
        left.pointee = .max
        defer { (budget.pointee, given.pointee, left.pointee) = before }
        return body()
    }

    /// Charges the budget. Returns false if it is used up.
    @inline(__always)
    func pays(_ units: Int) -> Bool {
        budget.pointee -= units
        return budget.pointee >= 0
    }
}
