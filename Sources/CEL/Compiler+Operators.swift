extension Compiler {
    mutating func operation(_ operation: Syntax.Operator, _ operands: [Syntax], _ offset: Int) -> Part {
        if operation == .within { return within(operands[0], operands[1], offset) }
        let parts = operands.map { compile($0) }
        let nodes = parts.map(\.node)
        switch operation {
        case .not:
            requireBool(parts[0], "the operand of !")
            return Part(node: fold(NotNode(nodes[0]), of: nodes, at: offset), type: .bool, offset: offset)
        case .negate:
            switch parts[0].type {
            case .int, .double, .dynamic: break
            default: diagnose(offset, "no overload of unary - for \(parts[0].type.name)")
            }
            return Part(
                node: fold(NegateNode(nodes[0]), of: nodes, at: offset), type: parts[0].type,
                reach: parts[0].reach.inner, offset: offset)
        default:
            break
        }
        let (left, right) = (parts[0], parts[1])
        if let comparison = Comparison(operation) { return compare(comparison, operation, left, right, offset) }
        guard let arithmetic = Arithmetic(operation) else {
            preconditionFailure("an operator is logical, a comparison or arithmetic")
        }
        let types = [left.type, right.type]
        let matching = arithmetic.overloads.filter { $0.accepts(types) }
        if matching.isEmpty {
            let hint =
                left.type.isNumber && right.type.isNumber
                ? left.type == right.type ? ": it is for int and uint" : "; convert one of them" : ""
            diagnose(
                offset, "no overload of \(operation.rawValue) for \(left.type.name) and \(right.type.name)\(hint)")
        }
        warnOfMixedNumbers(arithmetic, operation, operands, parts)
        // Only a literal 0 is a mistake. A constant that is 0 may be meant to switch a part off.
        if arithmetic == .divide || arithmetic == .modulo, case .literal(let divisor) = operands[1].kind,
            divisor.isIntegerZero
        {
            warn(offset, "always an error: \(EvaluationError.divisionByZero)")
        }
        let result = matching.first?.result ?? .dynamic
        let node = ArithmeticNode(
            arithmetic, left.node, right.node,
            mayBeNumber: left.type.isNumberOrDynamic && right.type.isNumberOrDynamic)
        return Part(
            node: fold(node, of: nodes, at: offset, expecting: .divisionByZero),
            type: matching.allSatisfy { $0.result == result } ? result : .dynamic,
            reach: left.reach.union(right.reach).inner, offset: offset)
    }

    /// JSON writers write 25.0 as 25, which is an int, and CEL has no operator for an int and a double. No number in
    /// JSON is a uint.
    private mutating func warnOfMixedNumbers(
        _ arithmetic: Arithmetic, _ operation: Syntax.Operator, _ operands: [Syntax], _ parts: [Part]
    ) {
        guard parts[0].type == .dynamic || parts[1].type == .dynamic else { return }
        for (field, other) in [(0, 1), (1, 0)]
        where parts[field].type == .dynamic && parts[field].reach.contains(.data) {
            let names = operands[field].segments > 0 ? operands[field].dottedNames.joined(separator: ".") : "…"
            let offset = operands[field].base?.offset ?? parts[field].offset
            if parts[other].type == .uint {
                warn(
                    offset,
                    "a number in JSON is no uint, and \(operation.rawValue) of it and a uint has no value: write "
                        + "uint(\(names))")
            } else if arithmetic != .modulo, parts[other].mayBeDouble {
                warn(
                    offset,
                    "a whole number in JSON is an int, and \(operation.rawValue) of an int and a double has no value: "
                        + "write double(\(names))")
            }
        }
    }

    private mutating func compare(
        _ comparison: Comparison, _ operation: Syntax.Operator, _ left: Part, _ right: Part, _ offset: Int
    ) -> Part {
        checkComparison(comparison, operation, left.type, right.type, offset)
        for (key, name) in [(left, right), (right, left)] where key.reach.contains(.keys) {
            if let text = name.text { noteField(text.string, name.offset) }
        }
        if let whole = answer(comparison, left, right) ?? answer(comparison, right, left) {
            noteComparison(offset, .certain(whole, .wholeNumber))
        } else {
            noteComparison(offset, .operands(comparison, left.node, right.node))
        }
        let node =
            quickComparison(comparison, left.node, right.node)
            ?? quickComparison(comparison.mirrored, right.node, left.node)
            ?? ComparisonNode(
                comparison, left.node, right.node,
                mayBeNumbers: left.type.isNumberOrDynamic && right.type.isNumberOrDynamic)
        return Part(node: fold(node, of: [left.node, right.node], at: offset), type: .bool, offset: offset)
    }

    /// The answer of a comparison of a whole number with a fraction; nil if it depends on the number.
    private func answer(_ comparison: Comparison, _ whole: Part, _ other: Part) -> Bool? {
        guard whole.type == .int || whole.type == .uint, comparison == .equal || comparison == .notEqual,
            other.node.constant?.isFraction == true
        else { return nil }
        return comparison == .notEqual
    }

    /// A fast node for a comparison of a slot with a constant; nil if there is none.
    private func quickComparison(_ comparison: Comparison, _ left: Node, _ right: Node) -> Node? {
        guard let slot = (left as? SlotNode)?.slot, let constant = right.constant else { return nil }
        let number = Number(constant)
        if number.kind != .none { return SlotNumberComparisonNode(comparison, slot: slot, number) }
        if case .string(let text) = constant, comparison == .equal || comparison == .notEqual {
            return SlotTextEqualityNode(slot: slot, text, isNegated: comparison == .notEqual)
        }
        return nil
    }

    private mutating func checkComparison(
        _ comparison: Comparison, _ operation: Syntax.Operator, _ left: ValueType, _ right: ValueType, _ offset: Int
    ) {
        let isCertain = left != .dynamic && right != .dynamic
        let isAlike = left == right || (left.isNumber && right.isNumber) || !isCertain
        if comparison == .equal || comparison == .notEqual {
            // Any value may be compared with null, because that is the way to test for null.
            guard !isAlike, left != .null, right != .null else { return }
            let answer = comparison == .notEqual
            diagnose(
                offset,
                "\(left.described) never equals \(right.described): '\(operation.rawValue)' is always \(answer)")
            return
        }
        guard !isAlike || !left.isOrdered || !right.isOrdered else { return }
        diagnose(offset, "no overload of \(operation.rawValue) for \(left.name) and \(right.name)")
    }

    private mutating func within(_ item: Syntax, _ range: Syntax, _ offset: Int) -> Part {
        let item = compile(item)
        if let presence = presence(of: item, in: range, offset) { return presence }
        let range = compile(range)
        switch range.type {
        case .list, .map, .dynamic: break
        default: diagnose(offset, "'in' needs a list or a map, not \(range.type.described)")
        }
        if range.reach.contains(.keys), let text = item.text { noteField(text.string, item.offset) }
        var node: Node?
        if case .list(let list)? = range.node.constant {
            noteComparison(
                offset,
                item.type.mayEqual(oneOf: list.items)
                    ? .within(item.node, list) : .certain(false, list.items.isEmpty ? .emptyList : .otherType))
            if item.reach.contains(.keys) {
                for case .string(let text) in list.items { noteField(text.string, range.offset) }
            }
            node =
                (item.node as? SlotNode).flatMap { SlotWithinTextsNode(slot: $0.slot, list) }
                ?? WithinConstantsNode(item.node, list)
        }
        let nodes = [item.node, range.node]
        return Part(
            node: fold(node ?? WithinNode(item.node, range.node), of: nodes, at: offset), type: .bool, offset: offset)
    }

    mutating func call(_ name: String, _ target: Syntax?, _ arguments: [Syntax], _ offset: Int) -> Part {
        if let usage = Macro.usage[name] {
            _ = target.map { compile($0) }
            diagnose(offset, "'\(name)' is called as \(usage)")
            return Part(node: FailureNode(.noSuchOverload), type: .dynamic, offset: offset)
        }
        let parts = ((target.map { [$0] } ?? []) + arguments).map { compile($0) }
        guard let function = StandardFunction(rawValue: name) else {
            let hint = suggestion(name, among: StandardFunction.allCases.map(\.rawValue) + Macro.usage.keys.sorted())
            diagnose(offset, "unknown function \(shown(name))\(hint)")
            return Part(node: FailureNode(.noSuchFunction), type: .dynamic, offset: offset)
        }
        if function.form != .both, (function.form == .member) != (target != nil) {
            let usage = target == nil ? "value.\(name)(…)" : "\(name)(…)"
            diagnose(offset, "'\(name)' is called as \(usage)")
            return Part(node: FailureNode(.noSuchOverload), type: .dynamic, offset: offset)
        }
        let types = parts.map(\.type)
        let matching = function.overloads.filter { $0.accepts(types) }
        guard let overload = matching.first else {
            diagnose(offset, "no overload of '\(name)' for (\(types.map(\.name).joined(separator: ", ")))")
            return Part(node: FailureNode(.noSuchOverload), type: .dynamic, offset: offset)
        }
        let nodes = parts.map(\.node)
        switch function {
        case .dyn:
            return Part(node: nodes[0], type: .dynamic, reach: parts[0].reach, offset: offset)
        case .matches:
            if let text = parts[1].text { return matches(parts[0], text, parts[1].offset, offset) }
        default:
            break
        }
        let node = FunctionNode(
            function, nodes[0], nodes.count > 1 ? nodes[1] : nil, isOfTimestamp: types[0] == .timestamp)
        return Part(node: fold(node, of: nodes, at: offset), type: overload.result, offset: offset)
    }

    /// Compiles a literal pattern here, once.
    private mutating func matches(_ part: Part, _ pattern: Text, _ patternOffset: Int, _ offset: Int) -> Part {
        func failed(_ error: EvaluationError) -> Part {
            Part(node: FailureNode(error), type: .bool, offset: offset)
        }
        let source = Name(pattern)
        if patterns[source] == nil {
            patternBytes += pattern.bytes.count
            guard patterns.count < Limit.patterns, patternBytes <= Limit.patternBytes else {
                diagnose(patternOffset, EvaluationError.tooManyPatterns.description)
                return failed(.tooManyPatterns)
            }
            if let known = declarations.pattern(source) {
                patterns[source] = known
            } else if let error = compile(pattern, source, patternOffset) {
                return failed(error)
            }
        }
        guard let expression = patterns[source] else { return failed(.badPattern) }
        let node = MatchesNode(part.node, expression)
        return Part(node: fold(node, of: [part.node], at: offset), type: .bool, offset: offset)
    }

    /// Compiles a pattern that no expression has had before. Returns the error that it diagnoses, or nil.
    private mutating func compile(_ pattern: Text, _ source: Name, _ offset: Int) -> EvaluationError? {
        do throws(RegularExpressionError) {
            let expression = try RegularExpression(pattern.bytes, classWork: &classWork)
            patterns[source] = expression
            declarations.add(expression, source)
            return nil
        } catch {
            diagnose(offset, "bad pattern at its byte \(error.offset): \(error.message)")
            return .badPattern
        }
    }
}

extension ValueType {
    /// Whether a value of this type may equal one of some constants.
    fileprivate func mayEqual(oneOf constants: [Value]) -> Bool {
        constants.contains { constant in
            guard self != .dynamic, let type = constant.valueType else { return true }
            return isNumber && type.isNumber ? self == .double || !constant.isFraction : self == type
        }
    }

    /// Whether `<` may have a result for values of this type.
    fileprivate var isOrdered: Bool {
        switch self {
        case .bool, .int, .uint, .double, .string, .bytes, .timestamp, .duration, .dynamic: true
        case .null, .list, .map, .type: false
        }
    }
}

extension Arithmetic {
    typealias Overload = StandardFunction.Overload

    private static let ofNumbers: [Overload] = [.int, .uint, .double].map { Overload($0, $0, result: $0) }

    private static let ofSums: [Overload] =
        ofNumbers + [.string, .bytes, .list, .duration].map { Overload($0, $0, result: $0) } + [
            Overload(.timestamp, .duration, result: .timestamp), Overload(.duration, .timestamp, result: .timestamp),
        ]
    private static let ofDifferences: [Overload] =
        ofNumbers + [
            Overload(.timestamp, .timestamp, result: .duration), Overload(.timestamp, .duration, result: .timestamp),
            Overload(.duration, .duration, result: .duration),
        ]
    private static let ofRemainders = [Overload(.int, .int, result: .int), Overload(.uint, .uint, result: .uint)]

    var overloads: [Overload] {
        switch self {
        case .add: Self.ofSums
        case .subtract: Self.ofDifferences
        case .multiply, .divide: Self.ofNumbers
        case .modulo: Self.ofRemainders
        }
    }
}

extension Value {
    /// Whether it is the zero of the types that have no division by it.
    fileprivate var isIntegerZero: Bool {
        switch self {
        case .int(0), .uint(0): true
        default: false
        }
    }

    /// Whether it is a double between two whole numbers.
    fileprivate var isFraction: Bool {
        if case .double(let number) = self { number.isFinite && number.rounded(.towardZero) != number } else { false }
    }
}
