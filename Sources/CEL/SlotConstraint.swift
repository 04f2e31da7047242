/// A condition of a comparison on a slot: to be one of some values, to be none of them, or to be on one side of a
/// number.
struct SlotConstraint: Sendable {
    let slot: Int
    let comparison: Comparison
    /// One value, except for `equal` and `notEqual`.
    let values: [Value]

    /// True if this one is false, and false if it is true.
    var negated: SlotConstraint {
        SlotConstraint(slot: slot, comparison: comparison.negated, values: values)
    }

    /// Whether no possible value of the slot satisfies all constraints, which are of one slot.
    static func excludeEachOther(_ constraints: [SlotConstraint], _ range: SlotRange?) -> Bool {
        var numbers = Interval()
        var texts: [Text]?
        if case .numbers(let known)? = range { numbers = Interval(known) }
        if case .texts(let known)? = range { texts = known.map { Text($0) } }
        for constraint in constraints {
            let ofTexts = constraint.values.compactMap { if case .string(let text) = $0 { text } else { nil } }
            guard ofTexts.count == constraint.values.count else {
                guard let value = constraint.values.first, constraint.values.count == 1,
                    let number = ConstantNode(value).bounds({ _ in nil })?.lowerBound
                else { continue }
                numbers.narrow(constraint.comparison, number)
                continue
            }
            switch constraint.comparison {
            case .equal: texts = texts.map { $0.filter { text in ofTexts.contains { $0 == text } } } ?? ofTexts
            case .notEqual: texts = texts.map { $0.filter { text in !ofTexts.contains { $0 == text } } }
            case .less, .lessOrEqual, .greater, .greaterOrEqual: break
            }
        }
        return numbers.isEmpty || texts?.isEmpty == true
    }

    private struct Interval {
        var low = -Double.infinity
        var high = Double.infinity
        var isLowOpen = false
        var isHighOpen = false

        init() {}

        init(_ range: ClosedRange<Double>) { (low, high) = (range.lowerBound, range.upperBound) }

        var isEmpty: Bool { low > high || low == high && (isLowOpen || isHighOpen) && low.isFinite }

        mutating func narrow(_ comparison: Comparison, _ number: Double) {
            switch comparison {
            case .equal: (low, high, isLowOpen, isHighOpen) = narrowed(to: number)
            case .notEqual: break
            case .less, .lessOrEqual:
                guard number < high || number == high && comparison == .less else { return }
                (high, isHighOpen) = (number, comparison == .less)
            case .greater, .greaterOrEqual:
                guard number > low || number == low && comparison == .greater else { return }
                (low, isLowOpen) = (number, comparison == .greater)
            }
        }

        private func narrowed(to number: Double) -> (Double, Double, Bool, Bool) {
            let isInside =
                (number > low || number == low && !isLowOpen) && (number < high || number == high && !isHighOpen)
            return isInside ? (number, number, false, false) : (1, 0, false, false)
        }
    }
}
