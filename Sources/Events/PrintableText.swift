extension String {
    /// The text without characters that would end a line, move a terminal's cursor, change the direction of writing,
    /// or be invisible. Such a character is written as JSON escapes it, `\n`, `\u001b` or `\u202e`, by UTF-16 code
    /// units. Every other character stays, backslashes too. Use it for log lines, tables and sentences that quote
    /// foreign texts.
    ///
    /// `keepingLayout`: line feeds and tabs stay, for a message of several lines.
    public func printable(keepingLayout: Bool = false) -> String {
        guard !utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) else { return self }
        var text = ""
        var previous: Unicode.Scalar?
        for scalar in unicodeScalars {
            switch scalar {
            case "\n" where keepingLayout, "\t" where keepingLayout: text.unicodeScalars.append(scalar)
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.isPrintable(after: previous): text.unicodeScalars.append(scalar)
            default:
                for unit in String(scalar).utf16 { text += "\\u" + Hex.text(unit, digits: 4) }
            }
            previous = scalar
        }
        return text
    }

    /// The number of terminal cells that the text takes.
    public var terminalCells: Int { reduce(0) { $0 + $1.terminalCells } }
}

extension Unicode.Scalar {
    fileprivate func isPrintable(after previous: Unicode.Scalar?) -> Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: false
        case .format:
            // A joiner between the parts of one emoji.
            self == "\u{200D}"
                && previous.map {
                    $0 == "\u{FE0F}" || $0.properties.isEmojiPresentation || $0.properties.isEmojiModifier
                } == true
        default: true
        }
    }

    fileprivate var terminalCells: Int {
        // Most characters are ASCII.
        if value < 0x300 { return 1 }
        // Gives the character before it the form of an emoji.
        if self == "\u{FE0F}" { return 2 }
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        return properties.isEmojiPresentation || Self.wide.contains { $0.contains(value) } ? 2 : 1
    }

    /// The blocks of wide characters, coarsely: Hangul, Chinese, Japanese, Yi and full-width forms.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF,
        0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD,
    ]
}

extension Character {
    /// The number of terminal cells that the character takes: two if it is wide (Unicode's East Asian Width W or F,
    /// and emoji), none if it only marks the character before it, else one.
    public var terminalCells: Int { unicodeScalars.reduce(0) { Swift.max($0, $1.terminalCells) } }
}
