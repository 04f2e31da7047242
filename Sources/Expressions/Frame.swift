/// The values of the slots during evaluation, and room for macro variables.
///
/// One a thread. Made after all expressions are compiled: an expression that needs more room than the frame has is a
/// programming error and traps. Text that a slot borrows must stay valid while expressions are evaluated.
public final class Frame {
    /// `slotCount` of them; they start as `.error(.noSuchField)`. The macro variables lie in front of them: variable n
    /// is slot -1 - n, so that every node that reads a slot can read a variable.
    public let slots: UnsafeMutablePointer<Value>
    public let slotCount: Int
    let variableCount: Int
    /// What is left of `Limit.cost`. Negative once it is spent.
    let budget: UnsafeMutablePointer<Int>

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
        budget = .allocate(capacity: 1)
        budget.initialize(to: Limit.cost)
    }

    deinit {
        let base = slots - variableCount
        base.deinitialize(count: variableCount + slotCount)
        base.deallocate()
        budget.deallocate()
    }

    /// Pays for work; false when the budget is spent.
    @inline(__always)
    func pays(_ units: Int) -> Bool {
        budget.pointee -= units
        return budget.pointee >= 0
    }
}
