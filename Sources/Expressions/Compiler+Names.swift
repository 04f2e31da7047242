/// What names mean. A macro's variable hides every declared name that begins with it; else the longest declared name
/// counts, and of equally long ones that of the innermost container.
extension Compiler {
    private enum Meaning {
        case entry(String, Declarations.Entry)
        case type(ValueType)
    }

    private func meaning(of name: String, _ isAbsolute: Bool) -> Meaning? {
        if !isAbsolute, variable(name.prefix { $0 != "." }) != nil { return nil }
        for prefix in isAbsolute ? [""] : prefixes {
            let qualified = prefix + name
            if let entry = declarations.entries[qualified] { return .entry(qualified, entry) }
            if let type = ValueType.denoted[qualified] { return .type(type) }
        }
        return nil
    }

    private func meaning(of syntax: Syntax) -> Meaning? {
        syntax.dottedName.flatMap { meaning(of: $0.name, $0.isAbsolute) }
    }

    private func variable(_ name: Substring) -> Variable? { scope.last { $0.name == name } }

    /// The name of the object, where the syntax means it.
    private func object(_ syntax: Syntax) -> String? {
        if case .entry(let name, .object)? = meaning(of: syntax) { return name }
        return nil
    }

    private mutating func part(_ meaning: Meaning, _ offset: Int) -> Part {
        switch meaning {
        case .type(let type):
            return Part(node: ConstantNode(.type(TypeName(type.name))), type: .type, offset: offset)
        case .entry(let name, .variable(let slot, let type)):
            refer(to: name, slot: slot)
            return Part(node: SlotNode(slot), type: type, offset: offset)
        case .entry(let name, .object):
            return wholeObject(name, offset)
        case .entry(let name, .record(let fields, _, _)):
            let all = fields.map { "\(name).\($0)" }.joined(separator: ", ")
            diagnose(offset, "'\(name)' is used by its fields: \(all)")
            return Part(node: FailureNode(.noSuchVariable), type: .dynamic, offset: offset)
        }
    }

    mutating func name(_ name: String, _ isAbsolute: Bool, _ offset: Int) -> Part {
        if !isAbsolute, let variable = variable(name[...]) {
            return Part(node: SlotNode(variable.slot), type: variable.type, reach: variable.reach, offset: offset)
        }
        if let meaning = meaning(of: name, isAbsolute) { return part(meaning, offset) }
        let hint = suggestion(name, among: scope.map(\.name) + declarations.names)
        diagnose(offset, "unknown name \(shown(name))\(hint)")
        return Part(node: FailureNode(.noSuchVariable), type: .dynamic, offset: offset)
    }

    mutating func select(_ syntax: Syntax, _ operand: Syntax, _ field: String) -> Part {
        let offset = syntax.offset
        if let meaning = meaning(of: syntax) { return part(meaning, offset) }
        switch meaning(of: operand) {
        case .entry(let name, .object)?:
            let slot = objectField(name, field, offset)
            return Part(node: SlotNode(slot), type: .dynamic, reach: .data, offset: offset)
        case .entry(let name, .record(let fields, let slots, let type))?:
            guard let index = recordField(name, fields, field, offset) else {
                return Part(node: FailureNode(.noSuchField), type: .dynamic, offset: offset)
            }
            refer(to: "\(name).\(field)", slot: slots[index])
            return Part(node: SlotNode(slots[index]), type: type, offset: offset)
        default:
            break
        }
        let part = compile(operand)
        checkFields(part, offset)
        if part.reach.contains(.data) { noteField(field, offset) }
        let node = SelectNode(part.node, field: field)
        return Part(
            node: fold(node, of: [part.node], at: offset), type: .dynamic, reach: part.reach.inner, offset: offset)
    }

    private mutating func recordField(_ name: String, _ fields: [String], _ field: String, _ offset: Int) -> Int? {
        if let index = fields.firstIndex(of: field) { return index }
        diagnose(offset, "'\(name)' has no field \(shown(field))\(suggestion(field, among: fields))")
        return nil
    }

    private mutating func checkFields(_ part: Part, _ offset: Int) {
        guard part.type != .map, part.type != .dynamic else { return }
        diagnose(offset, "\(part.type.described) has no fields")
    }

    mutating func has(_ operand: Syntax, _ field: String, _ offset: Int) -> Part {
        func presence(_ slot: Int) -> Part { Part(node: SlotPresenceNode(slot), type: .bool, offset: offset) }
        switch meaning(of: operand) {
        case .entry(let name, .object)?:
            return presence(objectField(name, field, offset))
        case .entry(let name, .record(let fields, let slots, _))?:
            guard let index = recordField(name, fields, field, offset) else {
                return Part(node: FailureNode(.noSuchField), type: .bool, offset: offset)
            }
            refer(to: "\(name).\(field)", slot: slots[index])
            return presence(slots[index])
        default:
            break
        }
        let part = compile(operand)
        checkFields(part, offset)
        if part.reach.contains(.data) { noteField(field, offset) }
        return Part(
            node: fold(HasNode(part.node, field: field), of: [part.node], at: offset), type: .bool, offset: offset)
    }

    mutating func index(_ operand: Syntax, _ index: Syntax, _ offset: Int) -> Part {
        let key = compile(index)
        if let object = object(operand), let text = key.text {
            let slot = objectField(object, text.string, index.offset)
            return Part(node: SlotNode(slot), type: .dynamic, reach: .data, offset: offset)
        }
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

    /// `"a" in data`: whether the object has a field, without a map of it.
    mutating func presenceInObject(_ item: Part, _ range: Syntax, _ offset: Int) -> Part? {
        guard let object = object(range), let text = item.text else { return nil }
        let slot = objectField(object, text.string, item.offset)
        return Part(node: SlotPresenceNode(slot), type: .bool, offset: offset)
    }

    /// A name in quotes, cut where it is very long.
    func shown(_ name: String) -> String { name.utf8.count <= 60 ? "'\(name)'" : "'\(name.prefix(40))…'" }
}

/// What a misspelt name may have been meant to be.
enum Suggestion {
    /// Edits between two names that may be one misspelt.
    static let maximumEdits = 2

    /// `; did you mean 'x'?` with the nearest name, the first of equally near ones; else empty.
    static func among(_ names: [String], for name: String) -> String {
        var best: (edits: Int, name: String)?
        for candidate in names {
            let edits = edits(Array(candidate.utf8), Array(name.utf8))
            if let edits, edits < best?.edits ?? .max { best = (edits, candidate) }
        }
        return best.map { "; did you mean '\($0.name)'?" } ?? ""
    }

    /// Levenshtein's distance in bytes. Nil where it is greater than allowed or the names have nothing in common.
    private static func edits(_ a: [UInt8], _ b: [UInt8]) -> Int? {
        guard abs(a.count - b.count) <= maximumEdits, max(a.count, b.count) <= 64 else { return nil }
        var previous = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var row = [i + 1]
            for (j, y) in b.enumerated() {
                row.append(min(previous[j] + (x == y ? 0 : 1), previous[j + 1] + 1, row[j] + 1))
            }
            previous = row
        }
        let distance = previous[b.count]
        return distance <= maximumEdits && distance < max(a.count, b.count) ? distance : nil
    }
}
