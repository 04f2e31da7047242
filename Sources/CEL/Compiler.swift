/// Turns syntax into nodes: resolves names, reports certain errors, folds constants, and selects the fastest node with
/// the same meaning.
struct Compiler {
    var declarations: Declarations
    /// The nodes in the tree of names for a container `x.y`, its `x`, and no container.
    let containers: [Int32]

    /// Errors, with byte offsets in the source.
    private(set) var diagnostics: [(offset: Int, message: String)] = []
    /// Valid CEL that is usually a mistake.
    private(set) var warnings: [(offset: Int, message: String)] = []
    private(set) var comparisons: [ComparisonSite] = []
    /// In the order of first use.
    private(set) var references: [(name: String, slot: Int)] = []
    private var referenced: Set<Int> = []
    /// Fields of declared constants, such as `constant.limit`, each once.
    private(set) var constantNames: [String] = []
    private(set) var fieldNames: [(name: String, offset: Int)] = []
    /// Fields of open records that are not declared.
    private(set) var undeclaredNames: [(name: String, offset: Int)] = []
    private(set) var readsWholeObject = false
    /// Macro variables in scope, innermost last.
    var scope: [Variable] = []
    private(set) var variableCount = 0
    /// The last chain of names that was looked up.
    var chain: (base: Syntax, match: Match?)?
    /// Literal patterns that were compiled.
    var patterns: [Name: RegularExpression] = [:]
    var patternBytes = 0
    /// The work that is left for the character classes of all patterns.
    var classWork = RegularExpression.maximumClassWork
    /// The frame for constant folding. All folding shares its budget.
    private let scratch = EvaluationFrame(slots: 0, variables: 0)

    struct Variable {
        let name: String
        let type: ValueType
        let reach: Reach
        /// The slot in the frame: the outermost variable has -1, the next -2.
        let slot: Int
    }

    /// The possible origins of a value, which decide whether a name is one of the object's fields.
    struct Reach: OptionSet {
        let rawValue: UInt8
        /// The object, or a value inside it.
        static let data = Reach(rawValue: 1)
        /// The object itself.
        static let object = Reach(rawValue: 2)
        /// One of the object's keys, or a list of keys.
        static let keys = Reach(rawValue: 4)
        /// The origins of a value's items.
        var inner: Reach { subtracting(.object) }
    }

    /// A compiled part with its static properties.
    struct Part {
        var node: Node
        var type: ValueType
        var reach: Reach = []
        var offset: Int
        /// Whether the type is double, or a branch of a conditional has this type.
        var mayBeDouble: Bool

        init(node: Node, type: ValueType, reach: Reach = [], offset: Int, mayBeDouble: Bool = false) {
            self.node = node
            self.type = type
            self.reach = reach
            self.offset = offset
            self.mayBeDouble = mayBeDouble || type == .double
        }

        var text: Text? {
            if case .string(let text)? = node.constant { return text }
            return nil
        }
    }

    init(_ declarations: Declarations, container: String) {
        self.declarations = declarations
        var containers = [NameTree.root]
        for segment in NameTree.segments(of: container) where !segment.bytes.isEmpty {
            guard let node = declarations.tree.node(after: containers[containers.count - 1], segment) else { break }
            containers.append(node)
        }
        self.containers = containers.reversed()
    }

    // MARK: Notes

    mutating func diagnose(_ offset: Int, _ message: String) {
        if diagnostics.count < Limit.diagnostics { diagnostics.append((offset, message)) }
    }

    mutating func warn(_ offset: Int, _ message: String) {
        if warnings.count < Limit.diagnostics { warnings.append((offset, message)) }
    }

    /// Records a comparison whose answer may be certain once the ranges of slots are known.
    mutating func noteComparison(_ offset: Int, _ sort: ComparisonSite.Sort) {
        if comparisons.count < Limit.comparisons { comparisons.append(ComparisonSite(offset: offset, sort: sort)) }
    }

    /// The end of a message about an unknown name.
    func suggestion(_ name: String, among names: [String]) -> String {
        diagnostics.count < Limit.diagnostics ? Suggestion.among(names, for: name) : ""
    }

    mutating func refer(to name: @autoclosure () -> String, slot: Int) {
        if referenced.insert(slot).inserted { references.append((name(), slot)) }
    }

    mutating func noteConstant(_ name: String) {
        if !constantNames.contains(where: { $0.isSame(name) }) { constantNames.append(name) }
    }

    mutating func noteField(_ name: String, _ offset: Int) { fieldNames.append((name, offset)) }

    mutating func noteUndeclared(_ name: String, _ offset: Int) { undeclaredNames.append((name, offset)) }

    mutating func wholeObject(_ name: String, _ offset: Int) -> Part {
        readsWholeObject = true
        let slot = declarations.slotOfWholeObject()
        refer(to: name, slot: slot)
        return Part(node: SlotNode(slot), type: .map, reach: [.data, .object], offset: offset)
    }

    mutating func objectField(_ object: String, _ field: String, _ offset: Int) -> Int {
        let slot = declarations.slot(ofField: field)
        refer(to: "\(object).\(field)", slot: slot)
        noteField(field, offset)
        return slot
    }

    // MARK: Folding

    /// Replaces a node of constants by its value, or by its error, which an outer operator may absorb. An invalid
    /// pattern is an error of the expression, any other error of values a warning. Errors of types and names are
    /// reported by their own checks. If the budget for folding is used up, the node is evaluated at run time.
    /// - Parameter expected: an error that gets no warning.
    mutating func fold(
        _ node: Node, of operands: [Node], at offset: Int, expecting expected: EvaluationError? = nil
    ) -> Node {
        guard operands.allSatisfy({ $0.constant != nil }), scratch.budget.pointee >= 0 else { return node }
        let value = node.value(scratch)
        guard case .error(let error) = value else { return ConstantNode(value) }
        switch error {
        case .tooExpensive: return node
        case .badPattern: diagnose(offset, error.description)
        default: if error.isOfValues, error != expected { warn(offset, "always an error: \(error)") }
        }
        return FailureNode(error)
    }

    // MARK: Syntax

    mutating func compile(_ syntax: Syntax) -> Part {
        let offset = syntax.offset
        switch syntax.kind {
        case .literal(let value):
            return Part(node: ConstantNode(value), type: value.valueType ?? .dynamic, offset: offset)
        case .name(let name, let isAbsolute):
            return self.name(syntax, name, isAbsolute)
        case .select(let operand, let field):
            return select(syntax, operand, field)
        case .has(let operand, let field):
            return has(operand, field, offset)
        case .index(let operand, let index):
            return self.index(operand, index, offset)
        case .call(let name, let target, let arguments, _):
            return call(name, target, arguments, offset)
        case .operation(let operation, let operands):
            return self.operation(operation, operands, offset)
        case .list(let items):
            let parts = items.map { compile($0) }
            let nodes = parts.map(\.node)
            return Part(
                node: fold(ListNode(nodes), of: nodes, at: offset), type: .list,
                reach: parts.reduce(into: []) { $0.formUnion($1.reach.inner) }, offset: offset)
        case .map(let entries):
            return map(entries, offset)
        case .message(let name):
            diagnose(offset, "there are no messages, so no \(shown(name)) either")
            return Part(node: FailureNode(.noSuchOverload), type: .dynamic, offset: offset)
        case .all(let operands):
            return logic(operands, "&&", offset) { AllNode($0, $1) }
        case .any(let operands):
            return logic(operands, "||", offset) { AnyNode($0, $1) }
        case .conditional(let condition, let yes, let no):
            return conditional(condition, yes, no, offset)
        case .macro(let macro, let range, let variables, let filter, let body):
            return self.macro(macro, range, variables, filter, body, offset)
        }
    }

    private mutating func map(_ entries: [(key: Syntax, value: Syntax)], _ offset: Int) -> Part {
        var nodes: [(key: Node, value: Node)] = []
        var reach: Reach = []
        for entry in entries {
            let key = compile(entry.key)
            switch key.type {
            case .bool, .int, .uint, .string, .dynamic: break
            default: diagnose(entry.key.offset, "\(key.type.described) cannot be the key of a map")
            }
            let value = compile(entry.value)
            reach.formUnion(value.reach.inner)
            nodes.append((key.node, value.node))
        }
        let node = fold(MapNode(nodes), of: nodes.flatMap { [$0.key, $0.value] }, at: offset)
        return Part(node: node, type: .map, reach: reach, offset: offset)
    }

    /// Builds a balanced tree, so that a long chain has little depth.
    private mutating func logic(
        _ operands: [Syntax], _ sign: String, _ offset: Int, _ join: (Node, Node) -> Node
    ) -> Part {
        var nodes: [Node] = []
        let before = comparisons.count
        for operand in operands {
            let part = compile(operand)
            requireBool(part, "an operand of \(sign)")
            nodes.append(part.node)
        }
        let decisive = sign == "||"
        if operands.contains(where: { if case .literal(.bool(decisive)) = $0.kind { true } else { false } }) {
            noteComparison(offset, .certain(decisive, nil))
        }
        let constraints = nodes.compactMap(\.constraint)
        if constraints.count > 1 {
            noteComparison(
                offset, .together(constraints, isAll: sign == "&&", inner: comparisons.count - before))
        }
        while nodes.count > 1 {
            nodes = stride(from: 0, to: nodes.count, by: 2).map { at in
                at + 1 < nodes.count ? join(nodes[at], nodes[at + 1]) : nodes[at]
            }
        }
        return Part(node: nodes[0], type: .bool, offset: offset)
    }

    mutating func requireBool(_ part: Part, _ role: @autoclosure () -> String) {
        guard part.type != .bool, part.type != .dynamic else { return }
        diagnose(part.offset, "\(role()) is a bool, not \(part.type.described)")
    }

    private mutating func conditional(_ condition: Syntax, _ yes: Syntax, _ no: Syntax, _ offset: Int) -> Part {
        let condition = compile(condition)
        requireBool(condition, "the condition of ?:")
        let yes = compile(yes)
        let no = compile(no)
        return Part(
            node: ConditionalNode(condition.node, yes.node, no.node), type: yes.type == no.type ? yes.type : .dynamic,
            reach: yes.reach.union(no.reach), offset: offset, mayBeDouble: yes.mayBeDouble || no.mayBeDouble)
    }

    private mutating func macro(
        _ macro: Macro, _ range: Syntax, _ names: [String], _ filter: Syntax?, _ body: Syntax, _ offset: Int
    ) -> Part {
        let range = compile(range)
        switch range.type {
        case .list, .map, .dynamic: break
        default: diagnose(offset, "'\(macro.rawValue)' needs a list or a map, not \(range.type.described)")
        }
        let count = scope.count + names.count
        variableCount = max(variableCount, count)
        // A macro over the object itself iterates over the keys; over anything else perhaps over items.
        let firstReach: Reach = range.reach.contains(.object) ? .keys : range.reach
        for (index, name) in names.enumerated() {
            let isIndex = names.count == 2 && index == 0 && range.type == .list
            let reach = index == 0 ? firstReach : range.reach.inner
            scope.append(
                Variable(name: name, type: isIndex ? .int : .dynamic, reach: reach, slot: -1 - scope.count))
        }
        let variable = -1 - (count - names.count)
        let condition = filter.map { compile($0) }
        if let condition { requireBool(condition, "the condition of '\(macro.rawValue)'") }
        let step = compile(body)
        scope.removeLast(names.count)

        let type: ValueType
        var reach: Reach = []
        switch macro {
        case .all, .exists, .existsOne:
            requireBool(step, "the condition of '\(macro.rawValue)'")
            type = .bool
        case .filter:
            requireBool(step, "the condition of 'filter'")
            type = .list
            reach = firstReach.inner
        case .map, .transformList:
            type = .list
            reach = step.reach.inner
        case .transformMap:
            type = .map
            reach = step.reach.inner
        }
        let pass = MacroPass(
            range: range.node, variable: variable, second: names.count == 2 ? variable - 1 : nil,
            cost: 1 + body.size + (filter?.size ?? 0))
        let node: Node =
            switch macro {
            case .all: QuantifierNode(pass, step.node, decisive: false)
            case .exists: QuantifierNode(pass, step.node, decisive: true)
            case .existsOne, .filter, .map, .transformList, .transformMap:
                CollectorNode(macro, pass, filter: condition?.node, body: step.node)
            }
        return Part(node: node, type: type, reach: reach, offset: offset)
    }
}
