/// A parsed expression. Macros are recognised. Names are not resolved yet.
final class Syntax {
    /// The position of a diagnostic about it, in bytes: an operator, a member's name, or the first byte.
    let offset: Int
    /// The height of the tree below, itself included. At most `Limit.height`.
    let height: Int
    /// Nodes of the tree below, itself included.
    let size: Int
    let kind: Kind
    /// The number of names in a chain: three for `a.b.c`, one for its `a`. Only a field may need backticks.
    let segments: Int
    private let first: Syntax?

    enum Kind {
        case literal(Value)
        /// `a`, or `.a`, which no container qualifies.
        case name(String, isAbsolute: Bool)
        case select(Syntax, field: String)
        /// `has(operand.field)`.
        case has(Syntax, field: String)
        case index(Syntax, Syntax)
        /// `isAbsolute` for `.f(…)`.
        case call(String, target: Syntax?, arguments: [Syntax], isAbsolute: Bool)
        case operation(Operator, [Syntax])
        case list([Syntax])
        case map([(key: Syntax, value: Syntax)])
        /// A message. This engine does not support messages.
        case message(String)
        /// Two operands or more: `a && b && c` is one node.
        case all([Syntax])
        case any([Syntax])
        case conditional(Syntax, Syntax, Syntax)
        case macro(Macro, range: Syntax, variables: [String], filter: Syntax?, body: Syntax)
    }

    /// An operator that evaluates all its operands.
    enum Operator: String {
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case divide = "/"
        case modulo = "%"
        case negate = "-_"
        case not = "!"
        case equal = "=="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case within = "in"
    }

    init(_ kind: Kind, at offset: Int) {
        self.kind = kind
        self.offset = offset
        var height = 0
        var size = 1
        Self.forEachChild(of: kind) {
            height = max(height, $0.height)
            size += $0.size
        }
        self.height = height + 1
        self.size = size
        switch kind {
        case .name:
            segments = 1
            first = nil
        case .select(let operand, let field)
        where operand.segments > 0 && field.utf8.allSatisfy { $0.isLetter || $0.isDigit }:
            segments = operand.segments + 1
            first = operand.base
        default:
            segments = 0
            first = nil
        }
    }

    /// The innermost name of a dotted name.
    var base: Syntax? { segments == 1 ? self : first }

    /// The names of a dotted name.
    var dottedNames: [String] {
        var names: [String] = []
        var syntax = self
        while case .select(let operand, let field) = syntax.kind {
            names.append(field)
            syntax = operand
        }
        if case .name(let name, _) = syntax.kind { names.append(name) }
        return names.reversed()
    }

    private static func forEachChild(of kind: Kind, _ body: (Syntax) -> Void) {
        switch kind {
        case .literal, .name, .message: break
        case .select(let operand, _), .has(let operand, _): body(operand)
        case .index(let operand, let index):
            body(operand)
            body(index)
        case .call(_, let target, let arguments, _):
            target.map(body)
            arguments.forEach(body)
        case .operation(_, let operands), .list(let operands), .all(let operands), .any(let operands):
            operands.forEach(body)
        case .map(let entries):
            for entry in entries {
                body(entry.key)
                body(entry.value)
            }
        case .conditional(let condition, let yes, let no):
            body(condition)
            body(yes)
            body(no)
        case .macro(_, let range, _, let filter, let step):
            body(range)
            filter.map(body)
            body(step)
        }
    }
}

/// The comprehensions of the standard, and their forms with two variables (index and item, or key and value).
enum Macro: String {
    case all, exists, existsOne, map, filter, transformList, transformMap

    /// The call syntax of each, and of `has`.
    static let usage: [String: String] = [
        "all": "list.all(x, condition)", "exists": "list.exists(x, condition)",
        "exists_one": "list.exists_one(x, condition)", "existsOne": "list.existsOne(x, condition)",
        "map": "list.map(x, value) or list.map(x, condition, value)", "filter": "list.filter(x, condition)",
        "transformList": "list.transformList(i, x, value) or list.transformList(i, x, condition, value)",
        "transformMap": "map.transformMap(k, v, value) or map.transformMap(k, v, condition, value)",
        "has": "has(a.b)",
    ]

    /// The macro of a member call; nil if it is not a macro.
    init?(function: String, arguments: Int) {
        switch (function, arguments) {
        case ("all", 2), ("all", 3): self = .all
        case ("exists", 2), ("exists", 3): self = .exists
        case ("exists_one", 2), ("existsOne", 2), ("exists_one", 3), ("existsOne", 3): self = .existsOne
        case ("map", 2), ("map", 3): self = .map
        case ("filter", 2): self = .filter
        case ("transformList", 3), ("transformList", 4): self = .transformList
        case ("transformMap", 3), ("transformMap", 4): self = .transformMap
        default: return nil
        }
    }
}
