public import Events

/// Reads a table of comma-separated values (RFC 4180), row by row, in limited memory. The first row names the columns.
///
/// A row ends with CR, LF or both. A field may be in quotes. It can then contain delimiters, line breaks and, doubled,
/// quotes. Empty lines are ignored. A byte order mark of UTF-8 at the start is skipped.
///
/// A row becomes a JSON object of texts, one for each column.
public final class CSVReader {
    /// The limit of a row's bytes.
    public static let maximumRowBytes = EventDecoder.maximumEventBytes
    public static let maximumColumns = 4096
    private static let chunkBytes = 256 * 1024

    /// An error, and its line.
    public struct Failure: Error, Hashable, Sendable {
        /// From 1: the line where the row begins, or that of a quote that is not closed.
        public let line: Int
        public let message: String
        /// Whether only the row is wrong, and reading can continue after it. Otherwise the end of the row is not known.
        public let isOneRow: Bool
    }

    private struct Field {
        /// From the beginning of the row, without the quotes around it.
        var start: Int
        var end: Int
        /// Whether it has doubled quotes.
        var hasQuotes: Bool
    }

    private enum State {
        case fieldStart, plain, quoted
        /// After a quote in a quoted field: the field's end, or the first of two.
        case quote
    }

    /// The names of the columns, in their order.
    public private(set) var columns: [String] = []
    /// Each column's name as a JSON string, and the colon.
    private var keys: [[UInt8]] = []

    private let source: (UnsafeMutableRawBufferPointer) throws -> Int
    private let delimiter: UInt8
    private let encoding: CSVEncoding
    private var buffer: UnsafeMutableRawBufferPointer
    /// The begin of the bytes that were read and not taken.
    private var start = 0
    private var end = 0
    private var atEnd = false
    /// The fields of the row that begins at `start`.
    private var fields: [Field] = []
    /// The line of the next row.
    private var line = 1
    /// Whether the previous row ended with CR, so that a following LF belongs to it.
    private var endedWithCR = false
    /// Whether the ends of rows are not known any more.
    private var isBroken = false
    private var unquoted = ByteWriter()
    private var text = ByteWriter()

    /// `source` fills the buffer with the next bytes and returns their number, 0 at the end. Reads the first row at
    /// once. The delimiter is neither a quote nor part of a line break.
    public init(
        delimiter: UInt8 = UInt8(ascii: ","), encoding: CSVEncoding = .utf8,
        from source: @escaping (UnsafeMutableRawBufferPointer) throws -> Int
    ) throws {
        precondition(delimiter != Self.quote && delimiter != Self.lf && delimiter != Self.cr)
        self.source = source
        self.delimiter = delimiter
        self.encoding = encoding
        buffer = .allocate(byteCount: 2 * Self.chunkBytes, alignment: 1)
        try readColumns()
    }

    deinit { buffer.deallocate() }

    private static let (quote, lf, cr) = (UInt8(ascii: "\""), UInt8(ascii: "\n"), UInt8(ascii: "\r"))

    private func failure(_ line: Int, _ message: String, isOneRow: Bool = false) -> Failure {
        if !isOneRow { isBroken = true }
        return Failure(line: line, message: message, isOneRow: isOneRow)
    }

    // MARK: The first row

    private func readColumns() throws {
        while end < 3, try fill() {}
        let head = UnsafeRawBufferPointer(rebasing: buffer[..<end])
        if head.starts(with: [0xFE, 0xFF]) || head.starts(with: [0xFF, 0xFE]) || head.prefix(4).contains(0) {
            throw failure(1, "the table is UTF-16 or UTF-32: save it as UTF-8")
        }
        if head.starts(with: [0x1F, 0x8B]) { throw failure(1, "the table is compressed: gunzip it first") }
        if head.starts(with: [0xEF, 0xBB, 0xBF]) { start = 3 }
        guard let row = try readRow() else { throw failure(1, "the table is empty: its first row names the columns") }
        guard fields.count <= Self.maximumColumns else {
            throw failure(row.line, "the table has more than \(Self.maximumColumns) columns")
        }
        if let problem = row.problem ?? wrongByte(row) { throw failure(problem.line, problem.message) }
        var names: Set<[UInt8]> = []
        var key = ByteWriter()
        for index in fields.indices {
            let name = field(index)
            guard names.insert(Array(name)).inserted else {
                throw failure(
                    row.line, "two columns have the name \"\(String(decoding: name, as: UTF8.self).prefix(80))\"")
            }
            columns.append(String(decoding: name, as: UTF8.self))
            key.removeAll()
            key.append(jsonString: name)
            key.append(byte: UInt8(ascii: ":"))
            keys.append(Array(key.bytes))
        }
        start += row.taken
    }

    // MARK: Rows

    /// Replaces the content of `json` with the next row. Returns the line on which the row begins; nil at the end.
    /// Throws a `Failure`, and errors of `source`.
    public func next(into json: inout ByteWriter) throws -> Int? {
        guard !isBroken, let row = try readRow() else { return nil }
        defer { start += row.taken }
        if let problem = row.problem ?? wrongByte(row) {
            throw failure(problem.line, problem.message, isOneRow: true)
        }
        guard fields.count == columns.count else {
            throw failure(
                row.line, "the row has \(fields.count) columns, and the table has \(columns.count)", isOneRow: true)
        }
        json.removeAll()
        for index in fields.indices {
            json.append(byte: index == 0 ? UInt8(ascii: "{") : UInt8(ascii: ","))
            json.append(keys[index])
            json.append(jsonString: field(index))
        }
        json.append(byte: UInt8(ascii: "}"))
        return row.line
    }

    /// The text of a field of the row, as UTF-8. Valid until the next call.
    private func field(_ index: Int) -> UnsafeRawBufferPointer {
        let field = fields[index]
        var bytes = UnsafeRawBufferPointer(rebasing: buffer[(start + field.start)..<(start + field.end)])
        if field.hasQuotes {
            unquoted.removeAll()
            var isSecond = false
            for byte in bytes {
                isSecond = byte == Self.quote && !isSecond
                if byte != Self.quote || isSecond { unquoted.append(byte: byte) }
            }
            bytes = unquoted.bytes
        }
        guard encoding != .utf8 else { return bytes }
        text.removeAll()
        encoding.append(bytes, to: &text)
        return text.bytes
    }

    private struct Row {
        /// The position of its begin.
        let line: Int
        /// Its bytes without the line break.
        let count: Int
        /// Its bytes with the line break.
        let taken: Int
        let problem: (line: Int, message: String)?
    }

    private func wrongByte(_ row: Row) -> (line: Int, message: String)? {
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[start..<(start + row.count)])
        guard let index = encoding.firstWrongByte(in: bytes) else { return nil }
        var line = row.line
        for (at, byte) in bytes[..<index].enumerated()
        where byte == Self.lf && (at == 0 || bytes[at - 1] != Self.cr) || byte == Self.cr { line += 1 }
        let byte = String(bytes[index], radix: 16, uppercase: true)
        return (line, "the byte 0x\(byte) is not \(encoding.rawValue)")
    }

    /// Finds the fields of the next row, which begins at `start`; nil at the end.
    private func readRow() throws -> Row? {
        while let row = try readLine() {
            let isEmpty = row.count == 0 && row.problem == nil
            guard isEmpty else { return row }
            start += row.taken
        }
        return nil
    }

    /// The same, for empty lines too.
    private func readLine() throws -> Row? {
        fields.removeAll(keepingCapacity: true)
        if endedWithCR {
            if start == end { _ = try fill() }
            if start < end, buffer[start] == Self.lf { start += 1 }
            endedWithCR = false
        }
        let first = line
        var problem: (line: Int, message: String)?
        var state = State.fieldStart
        var begin = 0
        var hasQuotes = false
        var quoteLine = first
        var wasCR = false
        var offset = 0
        while true {
            guard offset <= Self.maximumRowBytes else {
                throw state == .quoted
                    ? failure(quoteLine, "the quote that begins here has no end within \(Self.maximumRowBytes) bytes")
                    : failure(first, "the row is longer than \(Self.maximumRowBytes) bytes")
            }
            if start + offset == end, try !fill() {
                guard state != .quoted else { throw failure(quoteLine, "the quote that begins here has no end") }
                guard offset > 0 else { return nil }
                append(state, from: begin, to: offset, hasQuotes)
                return Row(line: first, count: offset, taken: offset, problem: problem)
            }
            let byte = buffer[start + offset]
            if state == .quoted {
                if byte == Self.quote {
                    state = .quote
                } else if byte == Self.cr || byte == Self.lf && !wasCR {
                    line += 1
                }
                wasCR = byte == Self.cr
            } else if byte == delimiter {
                append(state, from: begin, to: offset, hasQuotes)
                (state, begin, hasQuotes) = (.fieldStart, offset + 1, false)
            } else if byte == Self.lf || byte == Self.cr {
                append(state, from: begin, to: offset, hasQuotes)
                line += 1
                endedWithCR = byte == Self.cr
                return Row(line: first, count: offset, taken: offset + 1, problem: problem)
            } else if byte == Self.quote {
                switch state {
                case .fieldStart:
                    (state, begin, quoteLine, wasCR) = (.quoted, offset + 1, line, false)
                case .quote: (state, hasQuotes, wasCR) = (.quoted, true, false)
                default:
                    problem =
                        problem
                        ?? (
                            line,
                            "a quote in a field that does not begin with one: the field stands in quotes, and its "
                                + "own are doubled"
                        )
                }
            } else if state == .quote {
                throw failure(quoteLine, "the quote that begins here ends on line \(line), and text follows it")
            } else {
                state = .plain
            }
            offset += 1
        }
    }

    private func append(_ state: State, from begin: Int, to offset: Int, _ hasQuotes: Bool) {
        fields.append(Field(start: begin, end: state == .quote ? offset - 1 : offset, hasQuotes: hasQuotes))
    }

    /// Reads more bytes after the present ones. Returns false at the end.
    private func fill() throws -> Bool {
        guard !atEnd else { return false }
        if start > 0 {
            buffer.baseAddress!.copyMemory(from: buffer.baseAddress! + start, byteCount: end - start)
            end -= start
            start = 0
        }
        if buffer.count - end < Self.chunkBytes {
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: buffer.count * 2, alignment: 1)
            larger.baseAddress!.copyMemory(from: buffer.baseAddress!, byteCount: end)
            buffer.deallocate()
            buffer = larger
        }
        let count = try source(UnsafeMutableRawBufferPointer(rebasing: buffer[end..<(end + Self.chunkBytes)]))
        if count <= 0 { atEnd = true }
        end += max(0, count)
        return count > 0
    }
}
