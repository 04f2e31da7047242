/// Parsing of escapes and bracketed classes.
extension RegularExpression.Parser {
    mutating func parseEscape() throws(RegularExpressionError) {
        let start = index
        switch peek(1) {
        case nil: throw failure(start, "a backslash ends the pattern")
        case 0x62:
            index += 2
            append(.assert(.wordBoundary))
        case 0x42:
            index += 2
            append(.assert(.noWordBoundary))
        case 0x41:
            index += 2
            append(.assert(.beginText))
        case 0x7A:
            index += 2
            append(.assert(.endText))
        case 0x43: throw failure(start, "\\C is not supported")
        case 0x51:
            index += 2
            while index < pattern.count {
                if pattern[index] == 0x5C, peek(1) == 0x45 {
                    index += 2
                    return
                }
                let at = index
                try append(literal: takeCode(), at: at)
            }
        case 0x70, 0x50:
            let range = try categoryName()
            try appendEscape(endingAt: range.end) { parser, builder throws(RegularExpressionError) in
                try parser.takeCategory(into: &builder)
            }
        case .some(let letter):
            if let group = RegularExpression.perlClass(letter | 0x20) {
                try appendEscape(endingAt: index + 2) { parser, builder throws(RegularExpressionError) in
                    parser.index += 2
                    builder.add(group, negated: letter < 0x61, folding: parser.flags.foldsCase)
                }
            } else {
                try append(literal: takeEscapedCode(), at: start)
            }
        }
    }

    /// Starts at an escape for a class. `take` reads it, unless it was read before.
    private mutating func appendEscape(
        endingAt end: Int,
        _ take: (inout Self, inout RegularExpression.ClassBuilder) throws(RegularExpressionError) -> Void
    ) throws(RegularExpressionError) {
        let start = index
        let key = pattern[start..<end] + [flags.foldsCase ? 1 : 0]
        if let known = knownEscapes[key] {
            index = end
            return append(.set(known))
        }
        var builder = RegularExpression.ClassBuilder()
        try take(&self, &builder)
        classWork -= builder.work
        let set = try setIndex(of: builder.set(negated: false), at: start)
        knownEscapes[key] = set
        append(.set(set))
    }

    /// Starts at a backslash that begins neither a class nor an assertion.
    private mutating func takeEscapedCode() throws(RegularExpressionError) -> UInt32 {
        let start = index
        guard index + 1 < pattern.count else { throw failure(start, "a backslash ends the pattern") }
        index += 1
        let code = takeCode()
        switch code {
        case 0x31...0x37 where !(0x30...0x37).contains(peek(0) ?? 0):
            throw failure(start, "no backreferences")
        case 0x30...0x37:
            // Up to three octal digits.
            var value = code - 0x30
            for _ in 0..<2 {
                guard let digit = peek(0), (0x30...0x37).contains(digit) else { break }
                value = value * 8 + UInt32(digit - 0x30)
                index += 1
            }
            return value
        case 0x38, 0x39: throw failure(start, "no backreferences")
        case 0x78: return try takeHexadecimal(from: start)
        case 0x61: return 0x07
        case 0x66: return 0x0C
        case 0x6E: return 0x0A
        case 0x72: return 0x0D
        case 0x74: return 0x09
        case 0x76: return 0x0B
        case 0x6B: throw failure(start, "no backreferences")
        case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E, 0x00...0x20, 0x7F: return code
        default: throw failure(start, "unknown escape")
        }
    }

    /// Starts after `\x`. Reads two digits, or any number of them in braces.
    private mutating func takeHexadecimal(from start: Int) throws(RegularExpressionError) -> UInt32 {
        let isBraced = peek(0) == 0x7B
        if isBraced { index += 1 }
        var value: UInt32 = 0
        var digits = 0
        while isBraced || digits < 2, let digit = peek(0).flatMap(Self.hexadecimal) {
            value = value * 16 + digit
            guard value <= RegularExpression.CodePointSet.lastCode else { throw failure(start, "beyond U+10FFFF") }
            digits += 1
            index += 1
        }
        guard isBraced ? digits > 0 && peek(0) == 0x7D : digits == 2 else { throw failure(start, "bad \\x escape") }
        if isBraced { index += 1 }
        return value
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x30...0x39: UInt32(byte - 0x30)
        case 0x41...0x46: UInt32(byte - 0x37)
        case 0x61...0x66: UInt32(byte - 0x57)
        default: nil
        }
    }

    /// Starts at `\p` or `\P`. Returns the range of the name, and the index after it.
    private func categoryName() throws(RegularExpressionError) -> (first: Int, last: Int, end: Int) {
        let first = index + 2
        guard first < pattern.count else { throw failure(index, "\\p without a name") }
        guard pattern[first] == 0x7B else {
            let end = first + RegularExpression.decode(pattern, at: first).count
            return (first, end, end)
        }
        guard let brace = pattern[first...].firstIndex(of: 0x7D) else { throw failure(index, "\\p without a }") }
        return (first + 1, brace, brace + 1)
    }

    /// Starts at `\p` or `\P`.
    private mutating func takeCategory(into builder: inout RegularExpression.ClassBuilder)
        throws(RegularExpressionError)
    {
        let start = index
        var isNegated = pattern[index + 1] == 0x50
        let range = try categoryName()
        var name = pattern[range.first..<range.last]
        index = range.end
        if name.first == 0x5E {
            isNegated.toggle()
            name = name.dropFirst()
        }
        let text = String(decoding: name, as: UTF8.self)
        guard let group = RegularExpression.category(text) else {
            throw failure(start, "\(text) is no general category; scripts are not supported")
        }
        builder.add(group, negated: isNegated, folding: flags.foldsCase)
        try check(builder, at: start)
    }

    // MARK: Classes

    /// Starts at `[`.
    mutating func parseClass() throws(RegularExpressionError) {
        let start = index
        index += 1
        let isNegated = peek(0) == 0x5E
        if isNegated { index += 1 }
        var builder = RegularExpression.ClassBuilder()
        var isFirst = true
        while let byte = peek(0), byte != 0x5D || isFirst {
            isFirst = false
            if byte == 0x5B, peek(1) == 0x3A, try takePosixClass(into: &builder) {
                continue
            }
            if byte == 0x5C, let letter = peek(1) {
                if letter | 0x20 == 0x70 {
                    try takeCategory(into: &builder)
                    continue
                }
                if let group = RegularExpression.perlClass(letter | 0x20) {
                    index += 2
                    builder.add(group, negated: letter < 0x61, folding: flags.foldsCase)
                    try check(builder, at: start)
                    continue
                }
            }
            let at = index
            let low = try takeClassCode(from: start)
            var high = low
            if peek(0) == 0x2D, let following = peek(1), following != 0x5D {
                index += 1
                high = try takeClassCode(from: start)
            }
            guard low <= high else { throw failure(at, "a range that is none") }
            builder.add(low...high, folding: flags.foldsCase)
            try check(builder, at: start)
        }
        guard index < pattern.count else { throw failure(start, "missing closing ]") }
        index += 1
        classWork -= builder.work
        try append(builder.set(negated: isNegated), at: start)
    }

    private mutating func takeClassCode(from start: Int) throws(RegularExpressionError) -> UInt32 {
        guard index < pattern.count else { throw failure(start, "missing closing ]") }
        return pattern[index] == 0x5C ? try takeEscapedCode() : takeCode()
    }

    /// Starts at `[:`. Without `:]` it is not such a class.
    private mutating func takePosixClass(
        into builder: inout RegularExpression.ClassBuilder
    ) throws(RegularExpressionError) -> Bool {
        let start = index
        // The longest name has six letters, and seven with a caret. A longer one cannot be valid.
        var end = index + 2
        while end + 1 < pattern.count, pattern[end] != 0x3A || pattern[end + 1] != 0x5D { end += 1 }
        guard end + 1 < pattern.count else { return false }
        var name = pattern[(index + 2)..<end]
        let isNegated = name.first == 0x5E
        if isNegated { name = name.dropFirst() }
        guard name.count <= 16, let group = RegularExpression.posixClass(String(decoding: name, as: UTF8.self))
        else { throw failure(start, "unknown class") }
        index = end + 2
        builder.add(group, negated: isNegated, folding: flags.foldsCase)
        try check(builder, at: start)
        return true
    }

    private func check(_ builder: RegularExpression.ClassBuilder, at offset: Int) throws(RegularExpressionError) {
        guard builder.work <= classWork else { throw tooLarge(offset) }
    }
}
