/// Resolution of names. A macro's variable hides every declared name that begins with it. Otherwise the longest
/// declared name applies, and of equally long ones that of the innermost container.
extension Compiler {
    /// The meaning of the first `segments` names of a chain.
    struct Match {
        let segments: Int
        let entry: Declarations.Entry
    }

    /// Searched once for each chain. The first request is for the chain's longest part.
    private mutating func match(_ syntax: Syntax) -> Match? {
        guard let base = syntax.base else { return nil }
        if let chain, chain.base === base { return chain.match }
        let match = longestMatch(of: syntax, base)
        chain = (base, match)
        return match
    }

    private func longestMatch(of syntax: Syntax, _ base: Syntax) -> Match? {
        guard case .name(let first, let isAbsolute) = base.kind, isAbsolute || variable(first) == nil else {
            return nil
        }
        let names = syntax.dottedNames
        var best: Match?
        for start in isAbsolute ? [NameTree.root] : containers {
            var node = start
            for (index, name) in names.enumerated() {
                guard let next = declarations.tree.node(after: node, Name(name)) else { break }
                node = next
                guard index >= best?.segments ?? 0, let entry = declarations.tree.entry(at: node) else { continue }
                best = Match(segments: index + 1, entry: entry)
            }
        }
        return best
    }

    /// Nil unless the whole chain is a declared name.
    private mutating func meaning(of syntax: Syntax) -> Declarations.Entry? {
        guard let match = match(syntax), match.segments == syntax.segments else { return nil }
        return match.entry
    }

    private func variable(_ name: String) -> Variable? { scope.last { $0.name.isSame(name) } }

    private mutating func part(_ meaning: Declarations.Entry, _ offset: Int) -> Part {
        switch meaning {
        case .type(let type):
            return Part(node: ConstantNode(.type(TypeName(type.name))), type: .type, offset: offset)
        case .variable(let name, let slot, let type):
            refer(to: name, slot: slot)
            return Part(node: SlotNode(slot), type: type, offset: offset)
        case .object(let name):
            return wholeObject(name, offset)
        case .record(let record):
            let all = record.fieldNames.prefix(Limit.suggestions).map { "\(record.name).\($0)" }
            diagnose(
                offset,
                all.isEmpty
                    ? "'\(record.name)' has no fields"
                    : "'\(record.name)' is used by its fields: \(all.joined(separator: ", "))")
            return Part(node: FailureNode(.noSuchVariable), type: .dynamic, offset: offset)
        }
    }

    mutating func name(_ syntax: Syntax, _ name: String, _ isAbsolute: Bool) -> Part {
        let offset = syntax.offset
        if !isAbsolute, let variable = variable(name) {
            return Part(node: SlotNode(variable.slot), type: variable.type, reach: variable.reach, offset: offset)
        }
        if let meaning = meaning(of: syntax) { return part(meaning, offset) }
        let declared = declarations.names.prefix(Limit.suggestions)
        let hint = suggestion(name, among: Parser.constants + scope.reversed().map(\.name) + declared)
        diagnose(offset, "unknown name \(shown(name))\(hint)")
        return Part(node: FailureNode(.noSuchVariable), type: .dynamic, offset: offset)
    }

    private enum Field {
        case slot(Int, ValueType, Reach)
        case constant(Value)
        /// A field that a record does not have; `isOpen` if the record is open, so that it is absent.
        case missing(isOpen: Bool)

        var value: Node {
            switch self {
            case .slot(let slot, _, _): SlotNode(slot)
            case .constant(let value): ConstantNode(value)
            case .missing: FailureNode(.noSuchField)
            }
        }

        /// The answer of `has()`.
        var presence: Node {
            switch self {
            case .slot(let slot, _, _): SlotPresenceNode(slot)
            case .constant: ConstantNode(.bool(true))
            case .missing(isOpen: true): ConstantNode(.bool(false))
            case .missing(isOpen: false): FailureNode(.noSuchField)
            }
        }

        var type: ValueType {
            switch self {
            case .slot(_, let type, _): type
            case .constant(let value): value.valueType ?? .dynamic
            case .missing: .dynamic
            }
        }

        var reach: Reach {
            if case .slot(_, _, let reach) = self { reach } else { [] }
        }
    }

    /// A field of the object or of a record; nil if the operand is neither.
    private mutating func field(_ field: String, of operand: Syntax, _ offset: Int) -> Field? {
        switch meaning(of: operand) {
        case .object(let name)?:
            return .slot(objectField(name, field, offset), .dynamic, .data)
        case .record(let record)?:
            switch record.fields[Name(field)] {
            case .slot(let slot, let type)?:
                refer(to: "\(record.name).\(field)", slot: slot)
                return .slot(slot, type, [])
            case .constant(let value)?:
                noteConstant("\(record.name).\(field)")
                return .constant(value)
            case nil:
                let hint = suggestion(field, among: record.fieldNames)
                guard !record.isOpen else {
                    noteUndeclared(field, offset)
                    warn(
                        offset,
                        "'\(record.name)' has no field \(shown(field)): it is absent, and reading it is an error\(hint)"
                    )
                    return .missing(isOpen: true)
                }
                diagnose(offset, "'\(record.name)' has no field \(shown(field))\(hint)")
                return .missing(isOpen: false)
            }
        default:
            return nil
        }
    }

    private mutating func fieldPart(_ field: String, of operand: Syntax, _ offset: Int, at site: Int) -> Part? {
        guard let field = self.field(field, of: operand, site) else { return nil }
        return Part(node: field.value, type: field.type, reach: field.reach, offset: offset)
    }

    mutating func select(_ syntax: Syntax, _ operand: Syntax, _ field: String) -> Part {
        let offset = syntax.offset
        if let meaning = meaning(of: syntax) { return part(meaning, offset) }
        if let part = fieldPart(field, of: operand, offset, at: offset) { return part }
        let part = compile(operand)
        checkFields(part, offset)
        if part.reach.contains(.data) { noteField(field, offset) }
        let node = SelectNode(part.node, field: field)
        return Part(
            node: fold(node, of: [part.node], at: offset), type: .dynamic, reach: part.reach.inner, offset: offset)
    }

    private mutating func checkFields(_ part: Part, _ offset: Int) {
        guard part.type != .map, part.type != .dynamic else { return }
        diagnose(offset, "\(part.type.described) has no fields")
    }

    mutating func has(_ operand: Syntax, _ field: String, _ offset: Int) -> Part {
        if let field = self.field(field, of: operand, offset) {
            return Part(node: field.presence, type: .bool, offset: offset)
        }
        let part = compile(operand)
        checkFields(part, offset)
        if part.reach.contains(.data) { noteField(field, offset) }
        return Part(
            node: fold(HasNode(part.node, field: field), of: [part.node], at: offset), type: .bool, offset: offset)
    }

    mutating func index(_ operand: Syntax, _ index: Syntax, _ offset: Int) -> Part {
        let key = compile(index)
        if let text = key.text, let part = fieldPart(text.string, of: operand, offset, at: index.offset) { return part }
        let part = compile(operand)
        let isIndex: Bool
        switch part.type {
        case .list: isIndex = key.type.isNumberOrDynamic
        case .map, .dynamic: isIndex = key.type.isNumberOrDynamic || key.type == .bool || key.type == .string
        default: isIndex = false
        }
        if !isIndex { diagnose(offset, "no overload of [] for \(part.type.name) and \(key.type.name)") }
        if part.reach.contains(.data), let text = key.text { noteField(text.string, index.offset) }
        let node = IndexNode(part.node, key.node)
        return Part(
            node: fold(node, of: [part.node, key.node], at: offset), type: .dynamic, reach: part.reach.inner,
            offset: offset)
    }

    /// `"a" in data`: whether the object or a record has a field, without building a map.
    mutating func presence(of item: Part, in range: Syntax, _ offset: Int) -> Part? {
        guard let text = item.text, let field = field(text.string, of: range, item.offset) else { return nil }
        return Part(node: field.presence, type: .bool, offset: offset)
    }

    /// A name in quotes, truncated if it is very long.
    func shown(_ name: String) -> String {
        name.utf8.count <= 60 ? "'\(name.readable)'" : "'\(String(name.unicodeScalars.prefix(40)).readable)…'"
    }
}
