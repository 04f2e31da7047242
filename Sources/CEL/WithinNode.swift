/// `item in list` and `key in map`.
final class WithinNode: Node, @unchecked Sendable {
    private let item: Node
    private let range: Node

    init(_ item: Node, _ range: Node) {
        self.item = item
        self.range = range
    }

    override func cost(_ estimator: inout CostEstimator) -> CostEstimate {
        let (a, b) = (estimator.estimate(item), estimator.estimate(range))
        let count = b.size.items.upperBound
        // The items of a list share its weight.
        let each = a.size.isFlat ? (min(a.size.weight, b.size.each) / 64).rounded(.down) : a.size.weight
        let own = count + min(b.size.weight, count * each) + ValueMap.greatestCost(ofKey: a.size)
        return CostEstimate(least: a.least + b.least, most: a.most + b.most + own)
    }

    override func value(_ frame: EvaluationFrame) -> Value {
        let item = item.value(frame)
        if case .error = item { return item }
        let range = range.value(frame)
        switch range {
        case .list(let list):
            for other in list.items {
                guard frame.pays(1) else { return .error(.tooExpensive) }
                switch Value.equals(item, other, frame) {
                case .yes: return .bool(true)
                case .no: continue
                case .error: return .error(.tooExpensive)
                }
            }
            return .bool(false)
        case .map(let map):
            guard frame.pays(map.lookupCost(item)) else { return .error(.tooExpensive) }
            return .bool(map.index(ofKey: item) != nil)
        case .error: return range
        default: return .error(.noSuchOverload)
        }
    }
}

/// `item in [constants]`, if all constants can be keys of a map.
final class WithinConstantsNode: Node, @unchecked Sendable {
    private let item: Node
    private let constants: ValueMap

    /// From here a double equals several ints, of which a lookup finds only one.
    private static let inexact = 0x1p53

    /// Nil if a constant cannot be a key.
    init?(_ item: Node, _ list: ValueList) {
        guard list.items.allSatisfy(ValueMap.isKey) else { return nil }
        self.item = item
        constants = ValueMap(ValueMap.firsts(of: list.items.map { ($0, .null) }))
    }

    /// Only for few constants, so that comparing the conditions on a slot is quick.
    override var constraint: SlotConstraint? {
        guard let slot = (item as? SlotNode)?.slot, constants.entries.count <= SlotWithinTextsNode.maximumTexts else {
            return nil
        }
        return SlotConstraint(slot: slot, comparison: .equal, values: constants.entries.map(\.key))
    }

    override func cost(_ estimator: inout CostEstimator) -> CostEstimate {
        let item = estimator.estimate(item)
        return CostEstimate(least: item.least, most: item.most + ValueMap.greatestCost(ofKey: item.size))
    }

    override func value(_ frame: EvaluationFrame) -> Value {
        let item = item.value(frame)
        if case .error = item { return item }
        if case .double(let double) = item, double.magnitude >= Self.inexact {
            guard frame.pays(constants.entries.count) else { return .error(.tooExpensive) }
            return .bool(constants.entries.contains { Number.order(Number($0.key), Number(double)) == .equal })
        }
        guard frame.pays(constants.lookupCost(item)) else { return .error(.tooExpensive) }
        return .bool(constants.index(ofKey: item) != nil)
    }
}

/// A slot in constant texts: `data.category in ["a", "b"]`.
final class SlotWithinTextsNode: Node, @unchecked Sendable {
    private let slot: Int
    /// Owns the bytes of `texts`.
    private let constants: ValueList
    private let texts: UnsafeBufferPointer<UnsafeRawBufferPointer>
    /// Whether no text is so long that comparing it has a cost.
    private let isFree: Bool

    /// The limit of texts. `WithinConstantsNode` handles more, because it does not compare each.
    static let maximumTexts = 16

    /// Nil if there are too many constants, or if one is not a string.
    init?(slot: Int, _ list: ValueList) {
        var views: [UnsafeRawBufferPointer] = []
        for item in list.items {
            guard case .string(let text) = item, views.count < Self.maximumTexts else { return nil }
            views.append(text.bytes)
        }
        self.slot = slot
        constants = list
        let copy = UnsafeMutableBufferPointer<UnsafeRawBufferPointer>.allocate(capacity: views.count)
        _ = copy.initialize(from: views)
        texts = UnsafeBufferPointer(copy)
        isFree = views.allSatisfy { $0.count >> 6 == 0 }
    }

    deinit { texts.deallocate() }

    override var constraint: SlotConstraint? {
        SlotConstraint(slot: slot, comparison: .equal, values: constants.items)
    }

    override func cost(_ estimator: inout CostEstimator) -> CostEstimate {
        guard !isFree else { return CostEstimate() }
        return CostEstimate(most: texts.reduce(0) { $0 + Double($1.count >> 6) })
    }

    override func truth(_ frame: EvaluationFrame) -> Truth {
        switch frame.slots[slot] {
        case .string(let text): isAmong(text.bytes, frame)
        case .error: .error
        default: .no
        }
    }

    override func value(_ frame: EvaluationFrame) -> Value {
        switch frame.slots[slot] {
        case .string(let text): isAmong(text.bytes, frame).value
        case .error(let error): .error(error)
        default: .bool(false)
        }
    }

    @inline(__always)
    private func isAmong(_ bytes: UnsafeRawBufferPointer, _ frame: EvaluationFrame) -> Truth {
        if isFree {
            for text in texts where text.equals(bytes) { return .yes }
            return .no
        }
        for text in texts where text.count == bytes.count {
            guard frame.pays(text.count >> 6) else { return .error }
            if text.equals(bytes) { return .yes }
        }
        return .no
    }
}
