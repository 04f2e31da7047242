/// The possible values of a slot, if they are known.
public enum SlotRange: Sendable {
    case wholeNumbers(ClosedRange<Double>)
    case texts([String])
}

/// A comparison whose answer is certain before any evaluation, and its position.
public struct ForegoneComparison: Sendable, Hashable {
    /// From 1, as `column`, which counts Unicode scalars.
    public let line: Int
    public let column: Int
    /// Nil if only `text` never occurs, and other constants may.
    public let answer: Bool?
    /// The slot that is compared with texts; nil for numbers.
    public let slot: Int?
    /// A text that the slot never has.
    public let text: String?
    /// The range of the side that is not constant, in a comparison of numbers.
    public let range: ClosedRange<Double>?
    /// Nil if the answer follows from the members above, or from constants.
    public let reason: Reason?

    /// Why the answer is certain.
    public enum Reason: Sendable, Hashable {
        /// The answer follows from several comparisons of the slot.
        case severalConditions
        /// Both sides are the same value.
        case sameSides
        /// A whole number is compared with a fraction.
        case wholeNumber
        case emptyList
        /// The list has only values of other types.
        case otherType
    }
}

/// A compiled comparison.
struct ComparisonSite: Sendable {
    enum Sort: Sendable {
        case operands(Comparison, Node, Node)
        case within(Node, ValueList)
        /// Comparisons that are joined by `&&`, or by `||`. The sites of its operands are the `inner` sites before it.
        case together([SlotConstraint], isAll: Bool, inner: Int)
        /// An answer that follows from types and constants.
        case certain(Bool, ForegoneComparison.Reason?)
    }

    let offset: Int
    let sort: Sort

    struct Verdict {
        var answer: Bool?
        var slot: Int?
        var text: String?
        var range: ClosedRange<Double>?
        var reason: ForegoneComparison.Reason?
    }

    func verdicts(_ range: (Int) -> SlotRange?) -> [Verdict] {
        switch sort {
        case .operands(let comparison, let left, let right):
            let (a, b) = (left.bounds(range), right.bounds(range))
            if let answer = comparison.answer(a, b) {
                return [Verdict(answer: answer, range: left.constant == nil ? a : right.constant == nil ? b : nil)]
            }
            if let slot = (left as? SlotNode)?.slot, slot == (right as? SlotNode)?.slot {
                return [Verdict(answer: comparison.holds(.equal), reason: .sameSides)]
            }
            for (node, other) in [(left, right), (right, left)] {
                guard let (slot, texts) = Self.texts(node, range), case .string(let text)? = other.constant,
                    comparison == .equal || comparison == .notEqual
                else { continue }
                if !Self.contains(texts, text) {
                    return [Verdict(answer: comparison == .notEqual, slot: slot, text: text.string)]
                }
                if texts.count == 1 { return [Verdict(answer: comparison == .equal, slot: slot)] }
            }
            return []
        case .within(let item, let list):
            guard let (slot, texts) = Self.texts(item, range) else {
                return Self.verdict(item.bounds(range), list).map { [$0] } ?? []
            }
            let wanted = list.items.compactMap { if case .string(let text) = $0 { text } else { nil } }
            let strange = wanted.filter { !Self.contains(texts, $0) }
            if strange.count == wanted.count {
                return [Verdict(answer: false, slot: slot, text: strange.first?.string)]
            }
            if texts.allSatisfy({ known in wanted.contains { $0.string.isSame(known) } }) {
                return [Verdict(answer: true, slot: slot)]
            }
            return strange.map { Verdict(slot: slot, text: $0.string) }
        case .together(let constraints, let isAll, _):
            return Self.verdicts(constraints, isAll: isAll, range)
        case .certain(let answer, let reason):
            return [Verdict(answer: answer, reason: reason)]
        }
    }

    /// A list without a number of the range. Nil if there is one, or if the range is not known.
    private static func verdict(_ range: ClosedRange<Double>?, _ list: ValueList) -> Verdict? {
        guard let range else { return nil }
        let isReached = list.items.contains { item in
            ConstantNode(item).bounds { _ in nil }.map(range.overlaps) ?? false
        }
        return isReached ? nil : Verdict(answer: false, range: range)
    }

    /// `a || b` is always true if `!a && !b` never is.
    private static func verdicts(_ constraints: [SlotConstraint], isAll: Bool, _ range: (Int) -> SlotRange?)
        -> [Verdict]
    {
        var slots: [Int] = []
        var bySlot: [Int: [SlotConstraint]] = [:]
        for constraint in constraints {
            if bySlot[constraint.slot] == nil { slots.append(constraint.slot) }
            bySlot[constraint.slot, default: []].append(isAll ? constraint : constraint.negated)
        }
        return slots.compactMap { slot in
            let known = slot < 0 ? nil : range(slot)
            // A condition that decides by itself has a warning at its own position.
            guard let own = bySlot[slot], own.count > 1, SlotConstraint.excludeEachOther(own, known),
                !own.contains(where: { SlotConstraint.excludeEachOther([$0], known) })
            else { return nil }
            return Verdict(answer: !isAll, slot: slot, reason: .severalConditions)
        }
    }

    private static func texts(_ node: Node, _ range: (Int) -> SlotRange?) -> (slot: Int, texts: [String])? {
        guard let slot = (node as? SlotNode)?.slot, slot >= 0, case .texts(let texts)? = range(slot) else { return nil }
        return (slot, texts)
    }

    private static func contains(_ texts: [String], _ text: Text) -> Bool { texts.contains { $0.isSame(text.string) } }
}

extension Comparison {
    /// Nil if both answers are possible, or if a range is not known.
    fileprivate func answer(_ a: ClosedRange<Double>?, _ b: ClosedRange<Double>?) -> Bool? {
        guard let a, let b else { return nil }
        var orders: [Order] = []
        if a.lowerBound < b.upperBound { orders.append(.less) }
        if a.overlaps(b) { orders.append(.equal) }
        if a.upperBound > b.lowerBound { orders.append(.greater) }
        let answers = orders.map(holds)
        return answers.allSatisfy { $0 == answers.first } ? answers.first : nil
    }
}

extension Expression {
    /// The comparisons whose answers follow from the possible values of slots. If several together have a certain
    /// answer, those among them with the other answer are left out: it would read as a contradiction.
    public func foregoneComparisons(_ range: (Int) -> SlotRange?) -> [ForegoneComparison] {
        var sites = comparisons.map { (offset: $0.offset, verdicts: $0.verdicts(range)) }
        for (index, site) in comparisons.enumerated() {
            guard case .together(_, let isAll, let inner) = site.sort, !sites[index].verdicts.isEmpty else { continue }
            for operand in index - inner..<index { sites[operand].verdicts.removeAll { $0.answer == isAll } }
        }
        let found = sites.filter { !$0.verdicts.isEmpty }
        guard !found.isEmpty else { return [] }
        let lineMap = LineMap(Array(source.utf8))
        return found.flatMap { site in
            site.verdicts.map {
                let (line, column) = lineMap[site.offset]
                return ForegoneComparison(
                    line: line, column: column, answer: $0.answer, slot: $0.slot, text: $0.text, range: $0.range,
                    reason: $0.reason)
            }
        }
    }

    /// The range of its value; nil if it is not a number, or if the range of a slot is not known.
    public func bounds(_ range: (Int) -> SlotRange?) -> ClosedRange<Double>? { root.bounds(range) }
}
