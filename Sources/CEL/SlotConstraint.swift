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

    /// Below it every whole number is a double.
    private static let exactDoubles = 9_007_199_254_740_992.0

    /// Whether no possible value of the slot satisfies all constraints, which are of one slot.
    static func excludeEachOther(_ constraints: [SlotConstraint], _ range: SlotRange?) -> Bool {
        var interval = Interval()
        var numbers: [Double]?
        var excluded: [Double] = []
        var texts: [Text]?
        var isWhole = false
        if case .wholeNumbers(let known)? = range { (interval, isWhole) = (Interval(known), true) }
        if case .texts(let known)? = range { texts = known.map { Text($0) } }
        for constraint in constraints {
            let ofTexts = constraint.values.compactMap { if case .string(let text) = $0 { text } else { nil } }
            guard ofTexts.count == constraint.values.count else {
                let ofNumbers = constraint.values.compactMap { ConstantNode($0).bounds { _ in nil }?.lowerBound }
                // Beyond that, two whole numbers can have the same double.
                guard ofNumbers.count == constraint.values.count, let number = ofNumbers.first,
                    ofNumbers.allSatisfy({ abs($0) < exactDoubles })
                else { continue }
                switch constraint.comparison {
                case .equal: numbers = numbers.map { $0.filter(ofNumbers.contains) } ?? ofNumbers
                case .notEqual: excluded += ofNumbers
                case .less, .lessOrEqual, .greater, .greaterOrEqual: interval.narrow(constraint.comparison, number)
                }
                continue
            }
            switch constraint.comparison {
            case .equal: texts = texts.map { $0.filter { text in ofTexts.contains { $0 == text } } } ?? ofTexts
            case .notEqual: texts = texts.map { $0.filter { text in !ofTexts.contains { $0 == text } } }
            case .less, .lessOrEqual, .greater, .greaterOrEqual: break
            }
        }
        if isWhole { interval.narrowToWholeNumbers() }
        if let numbers, !numbers.contains(where: { interval.contains($0) && !excluded.contains($0) }) { return true }
        return interval.isEmpty || interval.only.map(excluded.contains) == true || texts?.isEmpty == true
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
            case .equal, .notEqual: break
            case .less, .lessOrEqual:
                guard number < high || number == high && comparison == .less else { return }
                (high, isHighOpen) = (number, comparison == .less)
            case .greater, .greaterOrEqual:
                guard number > low || number == low && comparison == .greater else { return }
                (low, isLowOpen) = (number, comparison == .greater)
            }
        }

        mutating func narrowToWholeNumbers() {
            if low.isFinite { (low, isLowOpen) = (isLowOpen ? low.rounded(.down) + 1 : low.rounded(.up), false) }
            if high.isFinite { (high, isHighOpen) = (isHighOpen ? high.rounded(.up) - 1 : high.rounded(.down), false) }
        }

        func contains(_ number: Double) -> Bool {
            (number > low || number == low && !isLowOpen) && (number < high || number == high && !isHighOpen)
        }

        /// The only number inside; nil if there are several or none.
        var only: Double? { low == high && contains(low) ? low : nil }
    }
}
