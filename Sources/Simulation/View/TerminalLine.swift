/// One line of a terminal: pieces of text, each in one style. Texts may come from anybody: what would steer the terminal
/// is replaced by a question mark.
struct TerminalLine: Equatable {
    enum Style {
        case plain, strong, faint, good, warning, bad

        /// The parameter of the escape sequence that selects it (ECMA-48, SGR); nil for the terminal's own.
        fileprivate var code: Int? {
            switch self {
            case .plain: nil
            case .strong: 1
            case .faint: 2
            case .good: 32
            case .warning: 33
            case .bad: 31
            }
        }
    }

    private struct Piece: Equatable {
        let text: String
        let style: Style
    }

    private static let ellipsis = "…"

    private var pieces: [Piece] = []
    /// In cells of the terminal.
    private(set) var width = 0

    init() {}

    init(_ text: String, _ style: Style = .plain) { append(text, style) }

    mutating func append(_ text: String, _ style: Style = .plain) {
        let text = Self.printable(text)
        pieces.append(Piece(text: text, style: style))
        width += Self.width(of: text)
    }

    mutating func append(_ line: TerminalLine) {
        pieces += line.pieces
        width += line.width
    }

    /// Adds spaces until it is as wide as that.
    mutating func pad(to columns: Int) {
        if width < columns { append(String(repeating: " ", count: columns - width)) }
    }

    /// What fits; an ellipsis stands for the rest.
    func fitted(to columns: Int) -> TerminalLine {
        guard width > columns else { return self }
        var line = TerminalLine()
        guard columns > 0 else { return line }
        for piece in pieces {
            var text = ""
            var cells = line.width
            for character in piece.text {
                let more = Self.width(of: character)
                if cells + more >= columns {
                    line.append(text + Self.ellipsis, piece.style)
                    return line
                }
                text.append(character)
                cells += more
            }
            line.append(text, piece.style)
        }
        return line
    }

    /// With escape sequences for the styles if `colour`.
    func text(colour: Bool) -> String {
        pieces.map { piece in
            guard colour, let code = piece.style.code, !piece.text.isEmpty else { return piece.text }
            return "\u{1B}[\(code)m\(piece.text)\u{1B}[0m"
        }.joined()
    }

    private static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .lineSeparator, .paragraphSeparator: "?"
                    // Joins the parts of one picture.
                    case .format: scalar == "\u{200D}" ? scalar : "?"
                    default: scalar
                    }
                }))
    }

    static func width(of text: String) -> Int { text.reduce(0) { $0 + width(of: $1) } }

    /// Cells that a character takes: two if it is wide (Unicode's East Asian Width W or F, and pictures), none if it only
    /// marks the one before it, else one.
    static func width(of character: Character) -> Int {
        character.unicodeScalars.reduce(0) { max($0, width(of: $1)) }
    }

    private static func width(of scalar: Unicode.Scalar) -> Int {
        // Nearly everything is ASCII.
        if scalar.value < 0x300 { return 1 }
        // Makes a picture of the sign before it.
        if scalar == "\u{FE0F}" { return 2 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        return scalar.properties.isEmojiPresentation || wide.contains { $0.contains(scalar.value) } ? 2 : 1
    }

    /// The blocks of wide characters, coarsely: Hangul, Chinese, Japanese, Yi and full-width forms.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF,
        0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD,
    ]
}
