/// The values of literal tokens.
enum Literal {
    /// `negative` means that a minus is directly before the literal, and belongs to it. Otherwise the least int could
    /// not be written.
    static func int(_ text: ArraySlice<UInt8>, negative: Bool) -> Int64? {
        guard let magnitude = magnitude(text) else { return nil }
        if negative {
            return magnitude == Int64.min.magnitude ? Int64.min : Int64(exactly: magnitude).map { -$0 }
        }
        return Int64(exactly: magnitude)
    }

    /// The text includes its `u`.
    static func uint(_ text: ArraySlice<UInt8>) -> UInt64? { magnitude(text.dropLast()) }

    private static func magnitude(_ text: ArraySlice<UInt8>) -> UInt64? {
        let isHex = text.count > 2 && text[text.startIndex + 1] | 0x20 == UInt8(ascii: "x")
        let radix: UInt64 = isHex ? 16 : 10
        var value: UInt64 = 0
        for byte in isHex ? text.dropFirst(2) : text {
            guard let digit = byte.hexDigit else { return nil }
            let (product, tooLarge) = value.multipliedReportingOverflow(by: radix)
            let (sum, overflow) = product.addingReportingOverflow(UInt64(digit))
            if tooLarge || overflow { return nil }
            value = sum
        }
        return value
    }

    /// The bytes of a string or bytes literal, without escapes. A numeric escape is a code point in a string and an
    /// octet in bytes.
    static func text(_ token: Lexer.Token, in source: [UInt8]) throws(Lexer.Defect) -> [UInt8] {
        var at = token.start
        var isRaw = false
        while source[at].isLetter {
            isRaw = isRaw || source[at] | 0x20 == UInt8(ascii: "r")
            at += 1
        }
        let quote = source[at]
        let isLong = token.end - at >= 6 && source[at + 1] == quote && source[at + 2] == quote
        at += isLong ? 3 : 1
        let end = token.end - (isLong ? 3 : 1)
        if isRaw { return Array(source[at..<end]) }
        var result = [UInt8]()
        result.reserveCapacity(end - at)
        while at < end {
            if source[at] != UInt8(ascii: "\\") {
                result.append(source[at])
                at += 1
                continue
            }
            at += try escape(at, end, in: source, isBytes: token.kind == .bytes, to: &result)
        }
        return result
    }

    /// Appends the bytes of the escape at `at`. Returns the escape's length.
    private static func escape(
        _ at: Int, _ end: Int, in source: [UInt8], isBytes: Bool, to result: inout [UInt8]
    ) throws(Lexer.Defect) -> Int {
        func numbered(from first: Int, digits: Int, radix: UInt32) throws(Lexer.Defect) {
            var value: UInt32 = 0
            for index in first..<first + digits {
                guard index < end, let digit = source[index].hexDigit, digit < radix else {
                    throw Lexer.Defect(offset: at, message: "this escape has \(digits) digits of base \(radix)")
                }
                value = value * radix + digit
            }
            if isBytes, digits <= 3 {
                result.append(UInt8(truncatingIfNeeded: value))
            } else if let scalar = Unicode.Scalar(value) {
                result.append(contentsOf: UTF8.encode(scalar)!)
            } else {
                throw Lexer.Defect(offset: at, message: "this escape is no Unicode scalar value")
            }
        }
        let mark = at + 1 < end ? source[at + 1] : 0
        switch mark {
        case UInt8(ascii: "a"): result.append(0x07)
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "f"): result.append(0x0C)
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "r"): result.append(0x0D)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "v"): result.append(0x0B)
        case UInt8(ascii: "\\"), UInt8(ascii: "?"), UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"):
            result.append(mark)
        case UInt8(ascii: "x"), UInt8(ascii: "X"):
            try numbered(from: at + 2, digits: 2, radix: 16)
            return 4
        case UInt8(ascii: "u") where !isBytes:
            try numbered(from: at + 2, digits: 4, radix: 16)
            return 6
        case UInt8(ascii: "U") where !isBytes:
            try numbered(from: at + 2, digits: 8, radix: 16)
            return 10
        case UInt8(ascii: "0"), UInt8(ascii: "1"), UInt8(ascii: "2"), UInt8(ascii: "3"):
            try numbered(from: at + 1, digits: 3, radix: 8)
            return 4
        default:
            throw Lexer.Defect(
                offset: at, message: isBytes ? "no such escape in bytes" : "no such escape; '\\\\' is a backslash")
        }
        return 2
    }
}
