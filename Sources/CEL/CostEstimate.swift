/// The least and greatest cost of evaluating a part, in units of `Limit.cost`, and the greatest size of its value.
///
/// The idea is that of cel-go's checker/cost.go. There the sizes of nested lists multiply. Here nested items share the
/// bytes of the outer list, because a pass over the parts of each part of a text costs no more than one over the whole
/// text.
struct CostEstimate {
    /// With a smaller budget the evaluation is an error for any input. Inputs may be empty, and conditions may be
    /// decided early.
    var least = 0.0
    var most = 0.0
    var size = ValueSize.scalar

    static let greatest = 1e15
}

/// The greatest size of a value.
struct ValueSize {
    /// Bytes of a text, or of the value as JSON.
    var weight: Double
    /// The number of items of a list or of entries of a map.
    var items: ClosedRange<Double>
    /// The weight of the heaviest item.
    var each: Double
    /// True if it is neither a list nor a map.
    var isFlat: Bool

    static let scalar = ValueSize(weight: 1, items: 0...0, each: 0, isFlat: true)

    static func text(_ bytes: Double) -> ValueSize { ValueSize(weight: bytes, items: 0...0, each: 0, isFlat: true) }

    /// The size of any JSON value of this many bytes. An item takes at least one byte and a comma.
    static func json(_ bytes: Double) -> ValueSize {
        ValueSize(weight: bytes, items: 0...(bytes / 2).rounded(.down), each: bytes, isFlat: false)
    }

    static func list(_ items: ClosedRange<Double>, each: Double, weight: Double) -> ValueSize {
        ValueSize(weight: weight + 2 * items.upperBound, items: items, each: each, isFlat: false)
    }

    init(weight: Double, items: ClosedRange<Double>, each: Double, isFlat: Bool) {
        (self.weight, self.items, self.each, self.isFlat) = (weight, items, each, isFlat)
    }

    init(_ value: Value) {
        switch value {
        case .string(let text), .bytes(let text): self = .text(Double(text.bytes.count))
        case .list(let list): self.init(list.items.lazy.map { ValueSize($0).weight })
        case .map(let map):
            self.init(map.entries.lazy.map { ValueSize($0.key).weight + ValueSize($0.value).weight })
        default: self = .scalar
        }
    }

    private init(_ weights: some Collection<Double>) {
        let count = Double(weights.count)
        self = .list(count...count, each: weights.max() ?? 0, weight: weights.reduce(0, +))
    }

    /// The size of an item or a field.
    var item: ValueSize { .json(each) }

    func union(_ other: ValueSize) -> ValueSize {
        ValueSize(
            weight: max(weight, other.weight),
            items: min(items.lowerBound, other.items.lowerBound)...max(items.upperBound, other.items.upperBound),
            each: max(each, other.each), isFlat: isFlat && other.isFlat)
    }

    /// The size of both in one list or text.
    func joined(_ other: ValueSize) -> ValueSize {
        ValueSize(
            weight: min(weight + other.weight, CostEstimate.greatest),
            items: (items.lowerBound + other.items.lowerBound)...(items.upperBound + other.items.upperBound),
            each: max(each, other.each), isFlat: isFlat && other.isFlat)
    }

    /// The greatest cost of a test for equality. 64 bytes of texts cost one unit, an item of a list one, and an entry
    /// of a map four, for at least six bytes.
    func costOfEquality(_ other: ValueSize) -> Double {
        let common = min(weight, other.weight)
        return isFlat || other.isFlat ? (common / 64).rounded(.down) : common * 0.7
    }
}

/// The sizes of an expression's inputs, used while its parts are estimated.
struct CostEstimator {
    private let slots: (Int) -> ValueSize
    /// The sizes of macro variables, the outermost first.
    private var variables: [ValueSize] = []
    private var visits = Limit.estimatedParts
    private var depth = 0

    init(_ slots: @escaping (Int) -> ValueSize) { self.slots = slots }

    /// True if the limit of visited parts is used up, so that there is no estimate.
    var isSpent: Bool { visits < 0 }

    mutating func estimate(_ node: Node) -> CostEstimate {
        visits -= 1
        return isSpent ? CostEstimate() : node.cost(&self)
    }

    func size(ofSlot slot: Int) -> ValueSize {
        guard slot < 0 else { return slots(slot) }
        return variables.indices.contains(-1 - slot) ? variables[-1 - slot] : .scalar
    }

    /// The cost of parts all of which are evaluated. The size is that of a scalar.
    mutating func sum(_ nodes: Node?...) -> CostEstimate {
        var sum = CostEstimate()
        for case let node? in nodes {
            let cost = estimate(node)
            sum.least += cost.least
            sum.most += cost.most
        }
        return sum
    }

    /// The cost of a macro's passes, and the values that its body makes. `body` estimates one pass, for a variable of
    /// the given size.
    ///
    /// Items share the weight of their list. The cost of a pass grows at least as fast as the weight of its item. So
    /// the worst case is one item of the greatest weight, or as many of them as the weight allows, and all others
    /// without weight.
    mutating func passes(
        _ pass: MacroPass, isDecidedEarly: Bool, _ body: (inout CostEstimator) -> CostEstimate
    ) -> (cost: CostEstimate, values: Double, eachValue: Double, range: ValueSize) {
        let range = estimate(pass.range)
        let items = range.size.items
        guard items.upperBound > 0, !isSpent else { return (range, 0, 0, range.size) }
        func estimated(_ weight: Double) -> CostEstimate {
            let first = -1 - pass.variable
            let count = pass.second == nil ? 1 : 2
            while variables.count < first + count { variables.append(.scalar) }
            for slot in first..<first + count { variables[slot] = .json(weight) }
            return body(&self)
        }
        depth += 1
        defer { depth -= 1 }
        let heavy = estimated(range.size.each)
        // Each level visits its body twice, except the innermost levels of a deep nesting.
        let isExact = range.size.each > 1 && depth <= Limit.estimatedDepth
        let light = isExact ? estimated(1) : heavy
        let shares = range.size.each > 0 ? min(items.upperBound, range.size.weight / range.size.each) : 0
        func total(_ light: Double, _ heavy: Double) -> Double {
            min(items.upperBound * light + shares * max(0, heavy - light), CostEstimate.greatest)
        }
        let perPass = Double(pass.cost)
        let certain = isDecidedEarly ? min(1, items.lowerBound) : items.lowerBound
        let cost = CostEstimate(
            least: min(range.least + certain * (perPass + light.least), CostEstimate.greatest),
            most: min(
                range.most + items.upperBound * perPass + total(light.most, heavy.most), CostEstimate.greatest))
        return (cost, total(light.size.weight, heavy.size.weight), heavy.size.weight, range.size)
    }
}

extension Expression {
    /// The least cost of an evaluation that has a value, and the greatest cost of any evaluation, in units of
    /// `Limit.cost`. `bytes` gives the limit of each slot's value as bytes of JSON; a number, a bool or a time has one.
    /// Nil if the expression has too many parts for an estimate.
    ///
    /// The estimate omits the comparison of a double of 2^53 or more with each of many constants.
    public func cost(_ bytes: (Int) -> Int) -> ClosedRange<Double>? {
        withoutActuallyEscaping(bytes) { bytes in
            var estimator = CostEstimator { .json(Double(bytes($0))) }
            let cost = estimator.estimate(root)
            return estimator.isSpent ? nil : cost.least...max(cost.least, cost.most)
        }
    }
}
