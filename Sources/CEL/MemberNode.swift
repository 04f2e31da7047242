/// `operand.field` on a map.
final class SelectNode: Node, @unchecked Sendable {
    private let operand: Node
    private let key: Value

    init(_ operand: Node, field: String) {
        self.operand = operand
        key = .string(Text(field))
    }

    override func cost(_ estimator: inout CostEstimator) -> CostEstimate {
        let map = estimator.estimate(operand)
        return CostEstimate(
            least: map.least, most: map.most + ValueMap.greatestCost(ofKey: ValueSize(key)), size: map.size.item)
    }

    override func value(_ frame: EvaluationFrame) -> Value {
        let value = operand.value(frame)
        switch value {
        case .map(let map):
            guard frame.pays(map.lookupCost(key)) else { return .error(.tooExpensive) }
            return map.value(forKey: key) ?? .error(.noSuchKey)
        case .error: return value
        default: return .error(.noSuchOverload)
        }
    }
}

/// `has(operand.field)` on a map.
final class HasNode: Node, @unchecked Sendable {
    private let operand: Node
    private let key: Value

    init(_ operand: Node, field: String) {
        self.operand = operand
        key = .string(Text(field))
    }

    override func cost(_ estimator: inout CostEstimator) -> CostEstimate {
        let map = estimator.estimate(operand)
        return CostEstimate(least: map.least, most: map.most + ValueMap.greatestCost(ofKey: ValueSize(key)))
    }

    override func value(_ frame: EvaluationFrame) -> Value {
        let value = operand.value(frame)
        switch value {
        case .map(let map):
            guard frame.pays(map.lookupCost(key)) else { return .error(.tooExpensive) }
            return .bool(map.index(ofKey: key) != nil)
        case .error: return value
        default: return .error(.noSuchOverload)
        }
    }
}

/// `operand[index]`: an item of a list by any whole number, or a value of a map.
final class IndexNode: Node, @unchecked Sendable {
    private let operand: Node
    private let index: Node

    init(_ operand: Node, _ index: Node) {
        self.operand = operand
        self.index = index
    }

    override func cost(_ estimator: inout CostEstimator) -> CostEstimate {
        let (a, b) = (estimator.estimate(operand), estimator.estimate(index))
        return CostEstimate(
            least: a.least + b.least, most: a.most + b.most + ValueMap.greatestCost(ofKey: b.size), size: a.size.item)
    }

    override func value(_ frame: EvaluationFrame) -> Value {
        let operand = operand.value(frame)
        if case .error = operand { return operand }
        let index = index.value(frame)
        if case .error = index { return index }
        switch operand {
        case .list(let list):
            guard let number = Number(index).whole else { return .error(.noSuchOverload) }
            guard let position = number.kind == .int ? Int(exactly: number.int) : Int(exactly: number.uint),
                list.items.indices.contains(position)
            else { return .error(.indexOutOfRange) }
            return list.items[position]
        case .map(let map):
            switch index {
            case .bool, .int, .uint, .double, .string: break
            default: return .error(.noSuchOverload)
            }
            guard frame.pays(map.lookupCost(index)) else { return .error(.tooExpensive) }
            return map.value(forKey: index) ?? .error(.noSuchKey)
        default:
            return .error(.noSuchOverload)
        }
    }
}

/// `[a, b, …]`.
final class ListNode: Node, @unchecked Sendable {
    private let items: [Node]
    init(_ items: [Node]) { self.items = items }

    override func cost(_ estimator: inout CostEstimator) -> CostEstimate {
        let count = Double(items.count)
        var cost = CostEstimate(least: 1 + count, most: 1 + count, size: .list(count...count, each: 0, weight: 0))
        for item in items {
            let part = estimator.estimate(item)
            cost.least += part.least
            cost.most += part.most
            cost.size.weight += part.size.weight
            cost.size.each = max(cost.size.each, part.size.weight)
        }
        return cost
    }

    override func value(_ frame: EvaluationFrame) -> Value {
        guard frame.pays(1 + items.count) else { return .error(.tooExpensive) }
        var values: [Value] = []
        values.reserveCapacity(items.count)
        for item in items {
            let value = item.value(frame)
            if case .error = value { return value }
            values.append(value)
        }
        return .list(ValueList(values))
    }
}

/// `{a: b, …}`.
final class MapNode: Node, @unchecked Sendable {
    private let entries: [(key: Node, value: Node)]
    init(_ entries: [(key: Node, value: Node)]) { self.entries = entries }

    override func cost(_ estimator: inout CostEstimator) -> CostEstimate {
        let count = Double(entries.count)
        var keys = 0.0
        var cost = CostEstimate(
            least: 1 + 4 * count, most: 1 + 4 * count, size: .list(count...count, each: 0, weight: 0))
        for entry in entries {
            let (key, value) = (estimator.estimate(entry.key), estimator.estimate(entry.value))
            cost.least += key.least + value.least
            cost.most += key.most + value.most
            keys += key.size.weight
            cost.size.weight += key.size.weight + value.size.weight
            cost.size.each = max(cost.size.each, key.size.weight + value.size.weight)
        }
        cost.most += ValueMap.greatestCost(ofKeys: keys)
        return cost
    }

    override func value(_ frame: EvaluationFrame) -> Value {
        guard frame.pays(1 + 4 * entries.count) else { return .error(.tooExpensive) }
        var values: [(key: Value, value: Value)] = []
        values.reserveCapacity(entries.count)
        for entry in entries {
            let key = entry.key.value(frame)
            if case .error = key { return key }
            guard ValueMap.isKey(key) else { return .error(.noSuchOverload) }
            let value = entry.value.value(frame)
            if case .error = value { return value }
            values.append((key, value))
        }
        guard frame.pays(ValueMap.keyCost(values)) else { return .error(.tooExpensive) }
        let map = ValueMap(values)
        return map.hasDuplicate ? .error(.duplicateKey) : .map(map)
    }
}
