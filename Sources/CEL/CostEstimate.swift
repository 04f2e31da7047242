/// What evaluating a part costs at least and at most, in units of `Limit.cost`, and how large its value can be.
///
/// The idea is that of cel-go's checker/cost.go. But there lists inside one another multiply, and here what lies in a list
/// shares the list's bytes: a pass over the parts of each part of a text costs no more than one over all of it.
struct CostEstimate {
    /// With less to spend it is an error, whatever is read. Nothing that is read need have any size, and conditions may be decided
    /// early.
    var least = 0.0
    var most = 0.0
    var size = ValueSize.scalar

    static let greatest = 1e15
}

/// How large a value can be.
struct ValueSize {
    /// Bytes of a text, or of the JSON that writes the value.
    var weight: Double
    /// Of a list or a map.
    var items: ClosedRange<Double>
    /// The weight of its heaviest item.
    var each: Double
    /// It is no list and no map.
    var isFlat: Bool

    static let scalar = ValueSize(weight: 1, items: 0...0, each: 0, isFlat: true)

    static func text(_ bytes: Double) -> ValueSize { ValueSize(weight: bytes, items: 0...0, each: 0, isFlat: true) }

    /// Anything that JSON of so many bytes can be: an item takes one and a comma.
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

    /// What an index or a field of it gives.
    var item: ValueSize { .json(each) }

    func union(_ other: ValueSize) -> ValueSize {
        ValueSize(
            weight: max(weight, other.weight),
            items: min(items.lowerBound, other.items.lowerBound)...max(items.upperBound, other.items.upperBound),
            each: max(each, other.each), isFlat: isFlat && other.isFlat)
    }

    /// Both in one list or text.
    func joined(_ other: ValueSize) -> ValueSize {
        ValueSize(
            weight: min(weight + other.weight, CostEstimate.greatest),
            items: (items.lowerBound + other.items.lowerBound)...(items.upperBound + other.items.upperBound),
            each: max(each, other.each), isFlat: isFlat && other.isFlat)
    }

    /// What telling whether they are equal costs at most. Of texts 64 bytes cost one unit; of lists an item one, of maps an entry
    /// four, which takes six bytes.
    func costOfEquality(_ other: ValueSize) -> Double {
        let common = min(weight, other.weight)
        return isFlat || other.isFlat ? (common / 64).rounded(.down) : common * 0.7
    }
}

/// Sizes of what an expression reads, while its parts are estimated.
struct CostEstimator {
    private let slots: (Int) -> ValueSize
    /// By macro variable, the outermost first.
    private var variables: [ValueSize] = []
    private var visits = Limit.estimatedParts
    private var depth = 0

    init(_ slots: @escaping (Int) -> ValueSize) { self.slots = slots }

    /// The limit of parts to look at is used up, so there is no estimate.
    var isSpent: Bool { visits < 0 }

    mutating func estimate(_ node: Node) -> CostEstimate {
        visits -= 1
        return isSpent ? CostEstimate() : node.cost(&self)
    }

    func size(ofSlot slot: Int) -> ValueSize {
        guard slot < 0 else { return slots(slot) }
        return variables.indices.contains(-1 - slot) ? variables[-1 - slot] : .scalar
    }

    /// Of parts all of which are evaluated; the size is a scalar's.
    mutating func sum(_ nodes: Node?...) -> CostEstimate {
        var sum = CostEstimate()
        for case let node? in nodes {
            let cost = estimate(node)
            sum.least += cost.least
            sum.most += cost.most
        }
        return sum
    }

    /// A macro's passes: what they cost, and the values that its body makes. `body` estimates a pass and gives its value's size.
    ///
    /// Items share the weight of their list. So the worst is that one is as heavy as can be, or as many as the weight suffices
    /// for, and all others weigh nothing: the cost of a pass grows at least as fast as the weight of its item.
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
            for place in first..<first + count { variables[place] = .json(weight) }
            return body(&self)
        }
        depth += 1
        defer { depth -= 1 }
        let heavy = estimated(range.size.each)
        // Each level looks at its body twice, but for the innermost of very many.
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
    /// What an evaluation that has a value costs at least, and what any costs at most, in units of `Limit.cost`, if what each slot
    /// holds has at most so many bytes as JSON; a number, a bool or a time has one. Nil where the expression has too many parts to
    /// tell.
    ///
    /// Not exact: that a double of 2^53 or more may be compared with each of many constants is left out.
    public func cost(_ bytes: (Int) -> Int) -> ClosedRange<Double>? {
        withoutActuallyEscaping(bytes) { bytes in
            var estimator = CostEstimator { .json(Double(bytes($0))) }
            let cost = estimator.estimate(root)
            return estimator.isSpent ? nil : cost.least...max(cost.least, cost.most)
        }
    }
}
