/// The passes of all macros over the items of a list or the keys of a map, in order.
///
/// With two variables the first is the index (or the key), the second the item (or the value).
struct MacroPass {
    let range: Node
    /// The variables' slots in the frame.
    let variable: Int
    let second: Int?
    /// The cost of one pass. A pass does at most as much work as the body has nodes.
    let cost: Int

    enum Outcome { case proceed, stop }

    /// Binds the variables and calls `body` for each pass until it returns `stop`. Returns an error if the range is an
    /// error or cannot be iterated, or if the budget is used up; nil otherwise.
    @inline(__always)
    func run(_ frame: EvaluationFrame, _ body: () -> Outcome) -> EvaluationError? {
        switch range.value(frame) {
        case .list(let list):
            let isPaid = list.items.withUnsafeBufferPointer { items in
                for index in items.indices {
                    guard frame.pays(cost) else { return false }
                    if let second {
                        frame.slots[variable] = .int(Int64(index))
                        frame.slots[second] = items[index]
                    } else {
                        frame.slots[variable] = items[index]
                    }
                    if body() == .stop { break }
                }
                return true
            }
            clear(frame)
            return isPaid && frame.budget.pointee >= 0 ? nil : .tooExpensive
        case .map(let map):
            let isPaid = map.entries.withUnsafeBufferPointer { entries in
                for entry in entries {
                    guard frame.pays(cost) else { return false }
                    frame.slots[variable] = entry.key
                    if let second { frame.slots[second] = entry.value }
                    if body() == .stop { break }
                }
                return true
            }
            clear(frame)
            return isPaid && frame.budget.pointee >= 0 ? nil : .tooExpensive
        case .error(let error): return error
        default: return .noSuchOverload
        }
    }

    /// Clears the variables, so that they do not retain values after the macro.
    private func clear(_ frame: EvaluationFrame) {
        frame.slots[variable] = .null
        if let second { frame.slots[second] = .null }
    }
}

/// `all` and `exists`: && and || over the passes, with the same absorption of errors.
final class QuantifierNode: Node, @unchecked Sendable {
    private let pass: MacroPass
    private let condition: Node
    /// The result of one pass that decides the whole.
    private let decisive: Bool

    init(_ pass: MacroPass, _ condition: Node, decisive: Bool) {
        self.pass = pass
        self.condition = condition
        self.decisive = decisive
    }

    override func cost(_ estimator: inout CostEstimator) -> CostEstimate {
        estimator.passes(pass, isDecidedEarly: true) { $0.estimate(condition) }.cost
    }

    override func truth(_ frame: EvaluationFrame) -> Truth {
        let wanted = Truth(decisive)
        var result = Truth(!decisive)
        let failure = pass.run(frame) {
            let truth = condition.truth(frame)
            if truth == wanted {
                result = wanted
                return .stop
            }
            if truth == .error {
                result = .error
                if frame.budget.pointee < 0 { return .stop }
            }
            return .proceed
        }
        return failure == nil ? result : .error
    }

    override func value(_ frame: EvaluationFrame) -> Value {
        var result = Value.bool(!decisive)
        var hasFailed = false
        let failure = pass.run(frame) {
            let value = condition.value(frame)
            if case .bool(let bool) = value {
                guard bool == decisive else { return .proceed }
                result = value
                return .stop
            }
            if !hasFailed {
                hasFailed = true
                result = value.asFailure
            }
            return frame.budget.pointee < 0 ? .stop : .proceed
        }
        return failure.map { .error($0) } ?? result
    }
}

/// `exists_one`, `filter`, `map` and their forms with two variables. The first error is the result.
final class CollectorNode: Node, @unchecked Sendable {
    private let macro: Macro
    private let pass: MacroPass
    private let filter: Node?
    private let body: Node

    init(_ macro: Macro, _ pass: MacroPass, filter: Node?, body: Node) {
        self.macro = macro
        self.pass = pass
        self.filter = filter
        self.body = body
    }

    override func cost(_ estimator: inout CostEstimator) -> CostEstimate {
        let passes = estimator.passes(pass, isDecidedEarly: false) { estimator in
            guard let filter else { return estimator.estimate(body) }
            let (chosen, made) = (estimator.estimate(filter), estimator.estimate(body))
            return CostEstimate(least: chosen.least, most: chosen.most + made.most, size: made.size)
        }
        var cost = passes.cost
        // A condition may exclude every item.
        let isFiltered = macro == .filter || filter != nil
        let items = (isFiltered ? 0 : passes.range.items.lowerBound)...passes.range.items.upperBound
        switch macro {
        case .all, .exists, .existsOne: break
        case .filter: cost.size = .list(items, each: passes.range.each, weight: passes.range.weight)
        case .map, .transformList: cost.size = .list(items, each: passes.eachValue, weight: passes.values)
        case .transformMap:
            cost.most += ValueMap.greatestCost(ofKeys: passes.range.weight)
            cost.size = .list(
                items, each: passes.range.each + passes.eachValue, weight: passes.range.weight + passes.values)
        }
        return cost
    }

    override func value(_ frame: EvaluationFrame) -> Value {
        var items: [Value] = []
        var entries: [(key: Value, value: Value)] = []
        var count = 0
        var failure: Value?
        func fails(_ value: Value) -> MacroPass.Outcome {
            failure = value.asFailure
            return .stop
        }
        let rangeFailure = pass.run(frame) {
            if let filter {
                let value = filter.value(frame)
                guard case .bool(let bool) = value else { return fails(value) }
                guard bool else { return .proceed }
            }
            let value = body.value(frame)
            switch macro {
            case .all, .exists, .existsOne, .filter:
                guard case .bool(let bool) = value else { return fails(value) }
                guard bool else { return .proceed }
                if macro == .filter { items.append(frame.slots[pass.variable]) }
            case .map, .transformList:
                if case .error = value { return fails(value) }
                items.append(value)
            case .transformMap:
                if case .error = value { return fails(value) }
                entries.append((frame.slots[pass.variable], value))
            }
            count += 1
            return count <= Limit.producedItems ? .proceed : fails(.error(.tooLarge))
        }
        if let rangeFailure { return .error(rangeFailure) }
        if let failure { return failure }
        switch macro {
        case .all, .exists, .existsOne: return .bool(count == 1)
        case .filter, .map, .transformList: return .list(ValueList(items))
        case .transformMap:
            return frame.pays(ValueMap.keyCost(entries)) ? .map(ValueMap(entries)) : .error(.tooExpensive)
        }
    }
}

extension Value {
    /// The value if it is an error; otherwise the error for a value that should be a bool.
    fileprivate var asFailure: Value {
        if case .error = self { return self }
        return .error(.noSuchOverload)
    }
}
