/// An error in an expression and its position. Lines and columns count from 1, columns in Unicode scalars.
public struct ExpressionError: Error, Sendable, Hashable, CustomStringConvertible {
    public let line: Int
    public let column: Int
    /// English, without the position.
    public let message: String

    public init(line: Int, column: Int, message: String) {
        self.line = line
        self.column = column
        self.message = message
    }

    public var description: String { "\(line):\(column): error: \(message)" }

    /// Three lines: `NAME:LINE:COLUMN: error: message` (or without the name), the line of the source with U+FFFD for
    /// invisible scalars, and a caret under the position. No newline at the end.
    public func diagnostic(source: String, name: String? = nil) -> String {
        var lines = [Substring]()
        var start = source.unicodeScalars.startIndex
        var at = start
        while at != source.unicodeScalars.endIndex {
            if source.unicodeScalars[at] == "\n" {
                lines.append(source[start..<at])
                start = source.unicodeScalars.index(after: at)
            }
            at = source.unicodeScalars.index(after: at)
        }
        lines.append(source[start...])
        let text = lines.indices.contains(line - 1) ? lines[line - 1] : ""
        // A tab stays a tab, so that the caret is under its column for any width of tabs.
        let indent = String(
            String.UnicodeScalarView(text.unicodeScalars.prefix(column - 1).map { $0 == "\t" ? "\t" : " " }))
        var scalars = Array(text.unicodeScalars)
        if scalars.last == "\r" { scalars.removeLast() }
        // One column for each scalar.
        let shown = String(String.UnicodeScalarView(scalars.map { $0 == "\t" || $0.isVisible ? $0 : "\u{FFFD}" }))
        return "\(name.map { $0 + ":" } ?? "")\(description)\n\(shown)\n\(indent)^"
    }
}

/// Lines and columns of a source's bytes. `\n` ends a line; every scalar, `\r` and tabs included, is one column.
struct LineMap {
    private var lines: [Int32] = []
    private var columns: [Int32] = []

    init(_ source: [UInt8]) {
        lines.reserveCapacity(source.count + 1)
        columns.reserveCapacity(source.count + 1)
        var line: Int32 = 1
        var column: Int32 = 0
        var isNewLine = false
        for byte in source {
            if isNewLine {
                line += 1
                column = 0
            }
            if byte & 0xC0 != 0x80 { column += 1 }
            isNewLine = byte == UInt8(ascii: "\n")
            lines.append(line)
            columns.append(column)
        }
        lines.append(isNewLine ? line + 1 : line)
        columns.append(isNewLine ? 1 : column + 1)
    }

    func error(_ offset: Int, _ message: String) -> ExpressionError {
        let (line, column) = self[offset]
        return ExpressionError(line: line, column: column, message: message)
    }

    subscript(offset: Int) -> (line: Int, column: Int) {
        let at = min(offset, lines.count - 1)
        return (Int(lines[at]), Int(columns[at]))
    }
}
