/// One line of a terminal: pieces of text, each in one style. The texts may be foreign: characters that control the
/// terminal are escaped.
public struct TerminalLine: Sendable, Equatable {
    /// The meaning of a piece of text. Its colour is the terminal's.
    public enum Style: Sendable {
        case plain, strong, faint, good, warning, bad

        /// The parameter of the escape sequence that selects the style (ECMA-48, SGR); nil for the terminal's
        /// default.
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

    private struct Piece: Sendable, Equatable {
        let text: String
        let style: Style
    }

    private static let ellipsis = "…"

    private var pieces: [Piece] = []
    /// The width in terminal cells.
    public private(set) var width = 0

    public init() {}

    public init(_ text: String, _ style: Style = .plain) { append(text, style) }

    public mutating func append(_ text: String, _ style: Style = .plain) {
        let text = text.printable()
        pieces.append(Piece(text: text, style: style))
        width += Self.width(of: text)
    }

    public mutating func append(_ line: TerminalLine) {
        pieces += line.pieces
        width += line.width
    }

    /// Appends spaces until the line is `columns` cells wide.
    public mutating func pad(to columns: Int) {
        if width < columns { append(String(repeating: " ", count: columns - width)) }
    }

    /// The part of the line that fits; an ellipsis replaces the rest.
    public func fitted(to columns: Int) -> TerminalLine {
        guard width > columns else { return self }
        var line = TerminalLine()
        guard columns > 0 else { return line }
        for piece in pieces {
            var text = ""
            var cells = line.width
            for character in piece.text {
                let more = character.terminalCells
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

    /// With escape sequences for the styles if `colour` is true.
    public func text(colour: Bool) -> String {
        pieces.map { piece in
            guard colour, let code = piece.style.code, !piece.text.isEmpty else { return piece.text }
            return "\u{1B}[\(code)m\(piece.text)\u{1B}[0m"
        }.joined()
    }

    public static func width(of text: String) -> Int { text.terminalCells }
}
