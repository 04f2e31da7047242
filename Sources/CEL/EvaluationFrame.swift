/// The values of the slots during evaluation, and room for macro variables.
///
/// One a thread. Made after all expressions are compiled: an expression that needs more room than the frame has is a
/// programming error and traps. Text that a slot borrows must stay valid while expressions are evaluated.
public final class EvaluationFrame {
    /// `slotCount` of them; they start as `.error(.noSuchField)`. The macro variables lie in front of them: variable n
    /// is slot -1 - n, so that every node that reads a slot can read a variable.
    public let slots: UnsafeMutablePointer<Value>
    public let slotCount: Int
    let variableCount: Int
    /// What is left to the evaluation that runs, of `Limit.cost` or of what is left to all. Negative once it is spent.
    let budget: UnsafeMutablePointer<Int>
    /// What the evaluation that runs was given.
    private let given: UnsafeMutablePointer<Int>
    /// What is left to the evaluations of this frame together, but for what the last one took. Negative once it is spent.
    private let left: UnsafeMutablePointer<Int>
    /// What `left` was at first.
    private let allowed: UnsafeMutablePointer<Int>

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

    /// From now on the evaluations of this frame may cost `cost` together; a further one is an error. Without it each may cost
    /// `Limit.cost`.
    public func allow(_ cost: Int) {
        (left.pointee, allowed.pointee) = (cost, cost)
        (given.pointee, budget.pointee) = (0, 0)
    }

    /// Units of work of the evaluations since the last call of `allow`. The last of them may have cost more than it was allowed.
    @inline(__always)
    public var spent: Int { allowed.pointee - left.pointee + given.pointee - budget.pointee }

    /// False: nothing is left, as some evaluation before took more than there was.
    @inline(__always)
    func begin() -> Bool {
        left.pointee -= given.pointee - budget.pointee
        let cost = min(Limit.cost, left.pointee)
        (given.pointee, budget.pointee) = (cost, cost)
        return cost >= 0
    }

    /// Whether all were allowed less than this one would be alone, and that is spent.
    var isSpentByAll: Bool { budget.pointee < 0 && given.pointee < Limit.cost }

    /// Does something that costs the others nothing.
    func aside<Result>(_ body: () -> Result) -> Result {
        let before = (budget.pointee, given.pointee, left.pointee)
        left.pointee = .max
        defer { (budget.pointee, given.pointee, left.pointee) = before }
        return body()
    }

    /// Pays for work; false when the budget is spent.
    @inline(__always)
    func pays(_ units: Int) -> Bool {
        budget.pointee -= units
        return budget.pointee >= 0
    }
}
