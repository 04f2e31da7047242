/// Lines of text with aligned columns under a header: texts to the left, numbers to the right, two spaces between them, no
/// space at a line's end. Widths are cells of a terminal; what cannot be printed is escaped (`String.printable`).
public struct TextTable: Sendable {
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

    /// `indent`: spaces before each line.
    public init(_ columns: [Column], indent: Int = 0) {
        isNumber = columns.map(\.isNumber)
        widths = columns.map { _ in 0 }
        self.indent = indent
        add(columns.map(\.name))
    }

    /// Rows that `take` has not given yet, the header among them.
    public var count: Int { rows.count }

    /// At most one cell a column; those that are missing at the end are empty.
    public mutating func add(_ cells: [String]) {
        precondition(cells.count <= widths.count, "a row has more cells than the table has columns")
        let row = cells.map { $0.printable() }
        for (column, cell) in row.enumerated() { widths[column] = max(widths[column], cell.terminalCells) }
        rows.append(row)
    }

    /// The lines of the rows that were added since the last time, each with its line end; the first time the header before
    /// them. So a table that has no end can be shown in parts: a part is as wide as what it and those before it have.
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
