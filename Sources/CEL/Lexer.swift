/// Splits a source into tokens, on demand. Offsets are bytes of the UTF-8 source.
struct Lexer {
    let source: [UInt8]
    private(set) var offset = 0

    enum Kind: UInt8 {
        case end
        /// Includes keywords and reserved words; the parser decides by their position.
        case identifier
        /// A field name in backticks. The text is without them.
        case quotedName
        case int, uint, double, string, bytes
        case dot, comma, colon, question
        case leftParenthesis, rightParenthesis, leftBracket, rightBracket, leftBrace, rightBrace
        case plus, minus, times, divide, modulo, not
        case less, lessOrEqual, greater, greaterOrEqual, equal, notEqual, and, or
    }

    struct Token {
        var kind: Kind
        var start: Int
        var end: Int

        /// A literal that includes a minus before it.
        var isSignable: Bool { kind == .int || kind == .double }
    }

    /// A byte offset, and the error there.
    struct Defect: Error {
        var offset: Int
        var message: String
    }

    init(_ source: [UInt8]) { self.source = source }

    private func byte(_ at: Int) -> UInt8 { at < source.count ? source[at] : 0 }

    private mutating func skipBlanks() {
        while offset < source.count {
            switch source[offset] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"), 0x0C:
                offset += 1
            case UInt8(ascii: "/") where byte(offset + 1) == UInt8(ascii: "/"):
                while offset < source.count, source[offset] != UInt8(ascii: "\n") { offset += 1 }
            default:
                return
            }
        }
    }

    mutating func next() throws(Defect) -> Token {
        skipBlanks()
        let start = offset
        guard offset < source.count else { return Token(kind: .end, start: start, end: start) }
        let first = source[offset]
        if first.isLetter { return try identifierOrText(start) }
        if first.isDigit || (first == UInt8(ascii: ".") && byte(offset + 1).isDigit) { return number(start) }
        switch first {
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            return try text(start, quote: start, kind: .string, raw: false)
        case UInt8(ascii: "`"):
            return try quotedName(start)
        default:
            return try mark(start)
        }
    }

    private mutating func identifierOrText(_ start: Int) throws(Defect) -> Token {
        // `r`, `b` and `br` before a quote, in either case, belong to the literal.
        var at = start
        let isBytes = source[at] | 0x20 == UInt8(ascii: "b")
        if isBytes { at += 1 }
        let isRaw = byte(at) | 0x20 == UInt8(ascii: "r")
        if isRaw { at += 1 }
        if at > start, byte(at) == UInt8(ascii: "\"") || byte(at) == UInt8(ascii: "'") {
            return try text(start, quote: at, kind: isBytes ? .bytes : .string, raw: isRaw)
        }
        offset = start
        while byte(offset).isLetter || byte(offset).isDigit { offset += 1 }
        return Token(kind: .identifier, start: start, end: offset)
    }

    private mutating func number(_ start: Int) -> Token {
        if source[start] == UInt8(ascii: "0"), byte(start + 1) | 0x20 == UInt8(ascii: "x"),
            byte(start + 2).hexDigit != nil
        {
            offset = start + 2
            while byte(offset).hexDigit != nil { offset += 1 }
            return whole(start)
        }
        while byte(offset).isDigit { offset += 1 }
        var isDouble = false
        if byte(offset) == UInt8(ascii: "."), byte(offset + 1).isDigit {
            isDouble = true
            offset += 1
            while byte(offset).isDigit { offset += 1 }
        }
        if byte(offset) | 0x20 == UInt8(ascii: "e") {
            let signed = byte(offset + 1) == UInt8(ascii: "+") || byte(offset + 1) == UInt8(ascii: "-")
            let digits = offset + (signed ? 2 : 1)
            if byte(digits).isDigit {
                isDouble = true
                offset = digits
                while byte(offset).isDigit { offset += 1 }
            }
        }
        return isDouble ? Token(kind: .double, start: start, end: offset) : whole(start)
    }

    private mutating func whole(_ start: Int) -> Token {
        guard byte(offset) | 0x20 == UInt8(ascii: "u") else { return Token(kind: .int, start: start, end: offset) }
        offset += 1
        return Token(kind: .uint, start: start, end: offset)
    }

    /// Finds the end of a literal. `Literal` interprets its escapes.
    private mutating func text(_ start: Int, quote at: Int, kind: Kind, raw: Bool) throws(Defect) -> Token {
        let quote = source[at]
        let isLong = byte(at + 1) == quote && byte(at + 2) == quote
        offset = at + (isLong ? 3 : 1)
        while offset < source.count {
            let byte = source[offset]
            if byte == quote, !isLong || (self.byte(offset + 1) == quote && self.byte(offset + 2) == quote) {
                offset += isLong ? 3 : 1
                return Token(kind: kind, start: start, end: offset)
            }
            if !isLong, byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") { break }
            offset += byte == UInt8(ascii: "\\") && !raw ? 2 : 1
        }
        offset = min(offset, source.count)
        throw Defect(offset: start, message: "this text has no closing quote")
    }

    private mutating func quotedName(_ start: Int) throws(Defect) -> Token {
        offset = start + 1
        while offset < source.count, source[offset] != UInt8(ascii: "`") {
            let byte = source[offset]
            guard byte.isLetter || byte.isDigit || "./- ".utf8.contains(byte) else {
                throw Defect(offset: offset, message: "a quoted name has letters, digits, and _ . - / or a space")
            }
            offset += 1
        }
        guard offset < source.count else { throw Defect(offset: start, message: "this name has no closing `") }
        guard offset > start + 1 else { throw Defect(offset: start, message: "a quoted name is not empty") }
        offset += 1
        return Token(kind: .quotedName, start: start, end: offset)
    }

    private mutating func mark(_ start: Int) throws(Defect) -> Token {
        let second = byte(start + 1)
        let kind: Kind
        var length = 1
        func two(_ next: Unicode.Scalar, _ long: Kind, _ short: Kind?) throws(Defect) -> Kind {
            if second == UInt8(ascii: next) {
                length = 2
                return long
            }
            guard let short else {
                let mark = Character(Unicode.Scalar(source[start]))
                throw Defect(offset: start, message: "'\(mark)' is no operator: '\(mark)\(next)' was meant?")
            }
            return short
        }
        switch source[start] {
        case UInt8(ascii: "."): kind = .dot
        case UInt8(ascii: ","): kind = .comma
        case UInt8(ascii: ":"): kind = .colon
        case UInt8(ascii: "?"): kind = .question
        case UInt8(ascii: "("): kind = .leftParenthesis
        case UInt8(ascii: ")"): kind = .rightParenthesis
        case UInt8(ascii: "["): kind = .leftBracket
        case UInt8(ascii: "]"): kind = .rightBracket
        case UInt8(ascii: "{"): kind = .leftBrace
        case UInt8(ascii: "}"): kind = .rightBrace
        case UInt8(ascii: "+"): kind = .plus
        case UInt8(ascii: "-"): kind = .minus
        case UInt8(ascii: "*"): kind = .times
        case UInt8(ascii: "/"): kind = .divide
        case UInt8(ascii: "%"): kind = .modulo
        case UInt8(ascii: "!"): kind = try two("=", .notEqual, .not)
        case UInt8(ascii: "<"): kind = try two("=", .lessOrEqual, .less)
        case UInt8(ascii: ">"): kind = try two("=", .greaterOrEqual, .greater)
        case UInt8(ascii: "="): kind = try two("=", .equal, nil)
        case UInt8(ascii: "&"): kind = try two("&", .and, nil)
        case UInt8(ascii: "|"): kind = try two("|", .or, nil)
        default: throw Defect(offset: start, message: "unexpected \(shown(start))")
        }
        offset = start + length
        return Token(kind: kind, start: start, end: offset)
    }

    /// The scalar at an offset in quotes, or its number if it is invisible.
    func shown(_ start: Int) -> String {
        var end = start + 1
        while end < source.count, source[end] & 0xC0 == 0x80 { end += 1 }
        let text = String(decoding: source[start..<end], as: UTF8.self)
        guard let scalar = text.unicodeScalars.first, scalar.isVisible else { return text.readable }
        return "'\(text)'"
    }

    func text(of token: Token) -> String {
        token.kind == .quotedName
            ? String(decoding: source[token.start + 1..<token.end - 1], as: UTF8.self)
            : String(decoding: source[token.start..<token.end], as: UTF8.self)
    }
}

extension UInt8 {
    /// Whether it may begin a name.
    var isLetter: Bool {
        let lower = self | 0x20
        return (lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z")) || self == UInt8(ascii: "_")
    }
    var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
    var hexDigit: UInt32? {
        if isDigit { return UInt32(self - UInt8(ascii: "0")) }
        let lower = self | 0x20
        return lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "f") ? UInt32(lower - UInt8(ascii: "a") + 10) : nil
    }
}
