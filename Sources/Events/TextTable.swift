/// Lines of text with aligned columns under a header. Texts are aligned to the left and numbers to the right, with
/// two spaces between the columns and none at a line's end. Widths are terminal cells. Unprintable characters are
/// escaped (`String.printable`).
public struct TextTable: Sendable {
    /// A column's head. Numbers are aligned to the right.
    public struct Column: Sendable {
        let name: String
        let isNumber: Bool

        public static func text(_ name: String) -> Column { Column(name: name, isNumber: false) }
        public static func number(_ name: String) -> Column { Column(name: name, isNumber: true) }
    }

    private let isNumber: [Bool]
    private let indent: Int
    private var rows: [[String]] = []
    private var widths: [Int]

    /// `indent` is the number of spaces before each line.
    public init(_ columns: [Column], indent: Int = 0) {
        isNumber = columns.map(\.isNumber)
        widths = columns.map { _ in 0 }
        self.indent = indent
        add(columns.map(\.name))
    }

    /// The number of rows that `take` has not returned yet, with the header.
    public var count: Int { rows.count }

    /// Adds a row of at most one cell per column. Missing cells at the end are empty.
    public mutating func add(_ cells: [String]) {
        precondition(cells.count <= widths.count, "a row has more cells than the table has columns")
        let row = cells.map { $0.printable() }
        for (column, cell) in row.enumerated() { widths[column] = max(widths[column], cell.terminalCells) }
        rows.append(row)
    }

    /// Returns the lines of the rows that were added since the last call, each with its line end. The first call
    /// returns the header too. An endless table can so be shown in parts; the columns are as wide as in all parts so
    /// far.
    public mutating func take() -> String {
        var text = ""
        for row in rows {
            var line = String(repeating: " ", count: indent)
            for (column, cell) in row.enumerated() {
                let space = String(repeating: " ", count: widths[column] - cell.terminalCells)
                if column > 0 { line += "  " }
                line += isNumber[column] ? space + cell : cell + space
            }
            while line.utf8.last == UInt8(ascii: " ") { line.unicodeScalars.removeLast() }
            text += line + "\n"
        }
        rows = []
        return text
    }
}
