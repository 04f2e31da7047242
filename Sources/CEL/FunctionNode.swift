/// A call of a standard function with one or two arguments, the target of a member call included.
final class FunctionNode: Node, @unchecked Sendable {
    private let function: StandardFunction
    private let first: Node
    private let second: Node?
    private let isOfTimestamp: Bool

    init(_ function: StandardFunction, _ first: Node, _ second: Node?, isOfTimestamp: Bool) {
        self.function = function
        self.first = first
        self.second = second
        self.isOfTimestamp = isOfTimestamp
    }

    override func bounds(_ range: (Int) -> SlotRange?) -> ClosedRange<Double>? {
        switch function {
        case .double, .uint, .int:
            first.bounds(range).map { numbers in
                guard function != .double else { return numbers }
                return numbers.lowerBound.rounded(.towardZero)...numbers.upperBound.rounded(.towardZero)
            }
        default: function.results(isOfTimestamp: isOfTimestamp)
        }
    }

    override func cost(_ estimator: inout CostEstimator) -> CostEstimate {
        let a = estimator.estimate(first)
        let b = second.map { estimator.estimate($0) }
        let cost = Double(function.cost)
        return CostEstimate(
            least: a.least + (b?.least ?? 0) + cost,
            most: a.most + (b?.most ?? 0) + cost + function.cost(of: a.size, b?.size ?? .scalar),
            size: function.size(of: a.size))
    }

    override func value(_ frame: EvaluationFrame) -> Value {
        let a = first.value(frame)
        if case .error = a { return a }
        guard let second else { return function.apply(a, nil, frame) }
        let b = second.value(frame)
        if case .error = b { return b }
        return function.apply(a, b, frame)
    }
}

/// `text.matches("…")` with a literal pattern.
final class MatchesNode: Node, @unchecked Sendable {
    private let text: Node
    private let pattern: RegularExpression

    init(_ text: Node, _ pattern: RegularExpression) {
        self.text = text
        self.pattern = pattern
    }

    override func cost(_ estimator: inout CostEstimator) -> CostEstimate {
        let text = estimator.estimate(text)
        return CostEstimate(least: text.least + 1, most: text.most + 1 + pattern.cost(ofBytes: text.size.weight))
    }

    override func value(_ frame: EvaluationFrame) -> Value {
        let value = text.value(frame)
        switch value {
        case .string(let text): return pattern.match(text, frame)
        case .error: return value
        default: return .error(.noSuchOverload)
        }
    }
}

extension RegularExpression {
    /// Units for compiling a pattern at run time: this many before it, by its length, and more after it, by its classes
    /// and its program.
    static func cost(of pattern: Text) -> Int { 4000 + 200 * pattern.bytes.count }

    /// The greatest cost of compiling a pattern at run time and matching a text with it.
    static func greatestCost(ofPattern pattern: ValueSize, text: ValueSize) -> Double {
        4000 + 200 * pattern.weight + Double(2 * maximumClassWork)
            + Double(maximumProgramSize) * (4 + text.weight)
    }

    /// The cost of matching a text of this many bytes, less one unit.
    func cost(ofBytes bytes: Double) -> Double {
        table == nil ? bytes * Double(program.instructions.count) : (bytes / 16).rounded(.down)
    }

    /// Whether a pattern made at run time matches.
    static func match(_ text: Text, _ pattern: Text, _ frame: EvaluationFrame) -> Value {
        guard frame.pays(cost(of: pattern)) else { return .error(.tooExpensive) }
        var classWork = maximumClassWork
        let expression = try? RegularExpression(pattern.bytes, classWork: &classWork, tableWork: 0)
        let cost = 2 * (maximumClassWork - classWork) + 4 * (expression?.program.instructions.count ?? 0)
        guard frame.pays(cost) else { return .error(.tooExpensive) }
        return expression?.match(text, frame) ?? .error(.badPattern)
    }

    /// The cost depends on the text's length, and without a table on the length of the program too.
    func match(_ text: Text, _ frame: EvaluationFrame) -> Value {
        let steps = table == nil ? text.bytes.count.multipliedReportingOverflow(by: program.instructions.count) : nil
        let cost = steps.map { $0.overflow ? Int.max / 2 : $0.partialValue } ?? text.bytes.count >> 4
        return frame.pays(1 + cost) ? .bool(matches(text.bytes)) : .error(.tooExpensive)
    }
}
