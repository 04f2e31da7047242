/// Recursive descent over CEL's grammar. Chains of one operator are loops. Everything that recurses is limited by
/// `Limit.nesting`.
struct Parser {
    typealias Defect = Lexer.Defect

    private var lexer: Lexer
    private(set) var token: Lexer.Token
    private var depth = 0
    private var nodes = 0

    /// Reserved words of the grammar. A field or a member function may have such a name.
    private static func isReserved(_ word: String) -> Bool {
        switch word {
        case "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
            "namespace", "return", "var", "void", "while":
            true
        default: false
        }
    }
    /// Words that cannot be the name of a field, except in backticks.
    private static func isKeyword(_ word: String) -> Bool {
        switch word {
        case "false", "in", "null", "true": true
        default: false
        }
    }
    /// Keywords that are values.
    static let constants = ["true", "false", "null"]

    static func parse(_ source: [UInt8]) throws(Defect) -> Syntax {
        guard source.count <= Limit.sourceBytes else {
            throw Defect(offset: 0, message: "an expression has at most \(Limit.sourceBytes) bytes")
        }
        var parser = try Parser(source)
        guard parser.token.kind != .end else { throw Defect(offset: 0, message: "there is no expression") }
        let syntax = try parser.expression()
        guard parser.token.kind == .end else { throw parser.unexpected("an operator or the end") }
        return syntax
    }

    private init(_ source: [UInt8]) throws(Defect) {
        lexer = Lexer(source)
        token = try lexer.next()
    }

    // MARK: Tokens

    @discardableResult
    private mutating func take() throws(Defect) -> Lexer.Token {
        let taken = token
        token = try lexer.next()
        return taken
    }

    private mutating func takes(_ kind: Lexer.Kind) throws(Defect) -> Bool {
        guard token.kind == kind else { return false }
        try take()
        return true
    }

    private mutating func expect(_ kind: Lexer.Kind, _ shown: String) throws(Defect) {
        guard try takes(kind) else { throw unexpected(shown) }
    }

    private func unexpected(_ wanted: String) -> Defect {
        let found: String
        switch token.kind {
        case .end: found = "the end"
        case .string, .bytes: found = "a text"
        default:
            let text = lexer.text(of: token)
            found = text.utf8.count <= 40 ? "'\(text)'" : "a long token"
        }
        return Defect(offset: token.start, message: "expected \(wanted), not \(found)")
    }

    private func isWord(_ word: String) -> Bool {
        token.kind == .identifier && lexer.source[token.start..<token.end].elementsEqual(word.utf8)
    }

    private mutating func make(_ kind: Syntax.Kind, at offset: Int) throws(Defect) -> Syntax {
        nodes += 1
        guard nodes <= Limit.nodes else {
            throw Defect(offset: offset, message: "an expression has at most \(Limit.nodes) parts")
        }
        let syntax = Syntax(kind, at: offset)
        guard syntax.height <= Limit.height else {
            throw Defect(offset: offset, message: "an expression nests at most \(Limit.height) operators")
        }
        return syntax
    }

    // MARK: Operators, loosest first

    mutating func expression() throws(Defect) -> Syntax {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Limit.nesting else {
            throw Defect(offset: token.start, message: "an expression nests at most \(Limit.nesting) deep")
        }
        // `a ? b : c ? d : e` is read in a loop and combined from its end.
        var cases: [(condition: Syntax, yes: Syntax, offset: Int)] = []
        var last = try disjunction()
        while token.kind == .question {
            let offset = try take().start
            let yes = try disjunction()
            try expect(.colon, "':'")
            cases.append((last, yes, offset))
            last = try disjunction()
        }
        for step in cases.reversed() {
            last = try make(.conditional(step.condition, step.yes, last), at: step.offset)
        }
        return last
    }

    private mutating func disjunction() throws(Defect) -> Syntax {
        let first = try conjunction()
        guard token.kind == .or else { return first }
        let offset = token.start
        var operands = [first]
        while try takes(.or) { operands.append(try conjunction()) }
        return try make(.any(operands), at: offset)
    }

    private mutating func conjunction() throws(Defect) -> Syntax {
        let first = try relation()
        guard token.kind == .and else { return first }
        let offset = token.start
        var operands = [first]
        while try takes(.and) { operands.append(try relation()) }
        return try make(.all(operands), at: offset)
    }

    private mutating func relation() throws(Defect) -> Syntax {
        var left = try sum()
        while true {
            let operation: Syntax.Operator
            switch token.kind {
            case .equal: operation = .equal
            case .notEqual: operation = .notEqual
            case .less: operation = .less
            case .lessOrEqual: operation = .lessOrEqual
            case .greater: operation = .greater
            case .greaterOrEqual: operation = .greaterOrEqual
            case .identifier where isWord("in"): operation = .within
            default: return left
            }
            let offset = try take().start
            left = try make(.operation(operation, [left, try sum()]), at: offset)
        }
    }

    private mutating func sum() throws(Defect) -> Syntax {
        var left = try product()
        while true {
            let operation: Syntax.Operator
            switch token.kind {
            case .plus: operation = .add
            case .minus: operation = .subtract
            default: return left
            }
            let offset = try take().start
            left = try make(.operation(operation, [left, try product()]), at: offset)
        }
    }

    private mutating func product() throws(Defect) -> Syntax {
        var left = try unary()
        while true {
            let operation: Syntax.Operator
            switch token.kind {
            case .times: operation = .multiply
            case .divide: operation = .divide
            case .modulo: operation = .modulo
            default: return left
            }
            let offset = try take().start
            left = try make(.operation(operation, [left, try unary()]), at: offset)
        }
    }

    private mutating func unary() throws(Defect) -> Syntax {
        let mark = token.kind
        guard mark == .not || mark == .minus else { return try member(minus: nil) }
        var offsets: [Int] = []
        while token.kind == mark { offsets.append(try take().start) }
        // A minus before a number belongs to the number: the last of several, and one after `!`.
        var minus: Int?
        if mark == .minus, token.isSignable {
            minus = offsets.removeLast()
        } else if mark == .not, token.kind == .minus {
            var ahead = lexer
            if try ahead.next().isSignable { minus = try take().start }
        }
        var operand = try member(minus: minus)
        for offset in offsets.reversed() {
            operand = try make(.operation(mark == .not ? .not : .negate, [operand]), at: offset)
        }
        return operand
    }

    // MARK: Members

    /// Parses a primary with all its selections, calls and indices. `minus` is the offset of a literal's own sign.
    private mutating func member(minus: Int?) throws(Defect) -> Syntax {
        var operand = try primary(minus: minus)
        while true {
            switch token.kind {
            case .dot:
                try take()
                operand = try selection(of: operand)
            case .leftBracket:
                let offset = try take().start
                let index = try expression()
                try expect(.rightBracket, "']'")
                operand = try make(.index(operand, index), at: offset)
            case .leftBrace:
                guard operand.segments > 0 else { return operand }
                operand = try message(operand.dottedNames.joined(separator: "."), at: operand.offset)
            default:
                return operand
            }
        }
    }

    private mutating func selection(of operand: Syntax) throws(Defect) -> Syntax {
        let name = token
        guard name.kind == .identifier || name.kind == .quotedName else { throw unexpected("a field's name") }
        let text = lexer.text(of: name)
        if name.kind == .identifier, Self.isKeyword(text) { throw unexpected("a field's name") }
        try take()
        guard name.kind == .identifier, token.kind == .leftParenthesis else {
            return try make(.select(operand, field: text), at: name.start)
        }
        let arguments = try arguments()
        if let macro = Macro(function: text, arguments: arguments.count) {
            return try comprehension(macro, over: operand, arguments, at: name.start)
        }
        return try make(.call(text, target: operand, arguments: arguments, isAbsolute: false), at: name.start)
    }

    private mutating func arguments() throws(Defect) -> [Syntax] {
        try expect(.leftParenthesis, "'('")
        var arguments: [Syntax] = []
        if try takes(.rightParenthesis) { return arguments }
        repeat { arguments.append(try expression()) } while try takes(.comma)
        try expect(.rightParenthesis, "',' or ')'")
        return arguments
    }

    private mutating func primary(minus: Int?) throws(Defect) -> Syntax {
        let start = minus ?? token.start
        let text = lexer.source[token.start..<token.end]
        switch token.kind {
        case .int:
            guard let value = Literal.int(text, negative: minus != nil) else {
                throw Defect(offset: start, message: "this number does not fit an int of 64 bits")
            }
            try take()
            return try make(.literal(.int(value)), at: start)
        case .uint:
            guard let value = Literal.uint(text) else {
                throw Defect(offset: start, message: "this number does not fit a uint of 64 bits")
            }
            try take()
            return try make(.literal(.uint(value)), at: start)
        case .double:
            guard let value = text.withUnsafeBytes({ DecimalText.parse($0) }), value.isFinite else {
                throw Defect(offset: start, message: "this number does not fit a double")
            }
            try take()
            return try make(.literal(.double(minus != nil ? -value : value)), at: start)
        case .string, .bytes:
            let bytes = try Literal.text(token, in: lexer.source).withUnsafeBytes { Text(copying: $0) }
            let kind = try take().kind
            return try make(.literal(kind == .bytes ? .bytes(bytes) : .string(bytes)), at: start)
        case .leftParenthesis:
            try take()
            let inner = try expression()
            try expect(.rightParenthesis, "')'")
            return inner
        case .leftBracket:
            try take()
            var items: [Syntax] = []
            while token.kind != .rightBracket {
                items.append(try expression())
                guard try takes(.comma) else { break }
            }
            try expect(.rightBracket, "',' or ']'")
            return try make(.list(items), at: start)
        case .leftBrace:
            try take()
            var entries: [(key: Syntax, value: Syntax)] = []
            while token.kind != .rightBrace {
                let key = try expression()
                try expect(.colon, "':'")
                entries.append((key, try expression()))
                guard try takes(.comma) else { break }
            }
            try expect(.rightBrace, "',' or '}'")
            return try make(.map(entries), at: start)
        case .dot:
            try take()
            return try named(isAbsolute: true)
        case .identifier:
            return try named(isAbsolute: false)
        default:
            throw unexpected("a value")
        }
    }

    private mutating func named(isAbsolute: Bool) throws(Defect) -> Syntax {
        guard token.kind == .identifier else { throw unexpected("a name") }
        let name = lexer.text(of: token)
        let start = token.start
        if Self.isKeyword(name) {
            guard !isAbsolute, name != "in" else { throw unexpected("a name") }
            try take()
            return try make(.literal(name == "null" ? .null : .bool(name == "true")), at: start)
        }
        guard !Self.isReserved(name) else {
            throw Defect(offset: start, message: "'\(name)' is a reserved word")
        }
        try take()
        guard token.kind == .leftParenthesis else { return try make(.name(name, isAbsolute: isAbsolute), at: start) }
        let arguments = try arguments()
        if name == "has", !isAbsolute, arguments.count == 1 {
            guard case .select(let operand, let field) = arguments[0].kind else {
                throw Defect(offset: arguments[0].offset, message: "has() asks about a field: has(a.b)")
            }
            return try make(.has(operand, field: field), at: arguments[0].offset)
        }
        return try make(.call(name, target: nil, arguments: arguments, isAbsolute: isAbsolute), at: start)
    }

    /// The fields of a message are parsed only for their syntax.
    private mutating func message(_ name: String, at offset: Int) throws(Defect) -> Syntax {
        try expect(.leftBrace, "'{'")
        while token.kind != .rightBrace {
            guard token.kind == .identifier || token.kind == .quotedName else { throw unexpected("a field's name") }
            try take()
            try expect(.colon, "':'")
            _ = try expression()
            guard try takes(.comma) else { break }
        }
        try expect(.rightBrace, "',' or '}'")
        return try make(.message(name), at: offset)
    }

    // MARK: Macros

    private mutating func comprehension(
        _ macro: Macro, over range: Syntax, _ arguments: [Syntax], at offset: Int
    ) throws(Defect) -> Syntax {
        var variables = [try variable(arguments[0])]
        var rest = arguments.dropFirst()
        let takesTwo =
            switch macro {
            case .all, .exists, .existsOne: arguments.count == 3
            case .map, .filter: false
            case .transformList, .transformMap: true
            }
        if takesTwo, let second = rest.popFirst() {
            variables.append(try variable(second))
            guard variables[0] != variables[1] else {
                throw Defect(offset: second.offset, message: "the two variables have the same name")
            }
        }
        let body = rest.removeLast()
        return try make(
            .macro(macro, range: range, variables: variables, filter: rest.first, body: body), at: offset)
    }

    private func variable(_ syntax: Syntax) throws(Defect) -> String {
        guard case .name(let name, isAbsolute: false) = syntax.kind else {
            throw Defect(offset: syntax.offset, message: "a macro's variable is a simple name")
        }
        return name
    }
}
