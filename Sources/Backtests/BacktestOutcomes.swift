internal import Events
internal import Replay

/// Later outcomes of subjects, from a CSV file: a header `subject,<name>`, then per line a subject and 0 or 1.
///
/// RFC 4180 with one record per line: a field may be quoted, with quotes in it doubled; lines end with LF or CRLF.
/// Blank lines are skipped. Every other line is an outcome or an error. A second outcome of a subject is an error.
public struct BacktestOutcomes: Sendable {
    /// All errors of a file, one per line: `FILE:LINE: error: message`.
    public struct Mistakes: Error, Sendable, CustomStringConvertible {
        public static let shown = 20

        public internal(set) var messages: [String] = []
        public internal(set) var count = 0

        public var description: String {
            let more = count > messages.count ? ["and \(count - messages.count) more lines"] : []
            return (messages + more).joined(separator: "\n")
        }

        mutating func note(_ file: String, _ line: Int, _ message: String) {
            count += 1
            if messages.count < Self.shown { messages.append("\(file):\(line): error: \(message)") }
        }
    }

    /// The header's second field.
    public let name: String
    public private(set) var bySubject: [[UInt8]: Bool] = [:]

    private static let maximumLineBytes = 64 * 1024

    public init(name: String, bySubject: [[UInt8]: Bool]) {
        self.name = name
        self.bySubject = bySubject
    }

    /// Reads a file, plain or .gz. Throws `Mistakes`, or `LineReader.Failure` if it cannot be read.
    public init(csv file: String) throws {
        let lines = try LineReader(file, maximumBytes: Self.maximumLineBytes)
        var mistakes = Mistakes()
        var name: String?
        while let line = try lines.next() {
            let record = Self.trimmed(line, isFirst: lines.line == 1)
            guard !record.isEmpty else { continue }
            let fields = Self.fields(record)
            guard name != nil else {
                guard let fields, fields.count == 2, fields[0].elementsEqual("subject".utf8), !fields[1].isEmpty,
                    let text = String(validating: fields[1], as: UTF8.self)
                else {
                    mistakes.note(file, lines.line, "the header must be \"subject\" and the outcome's name")
                    throw mistakes
                }
                name = text
                continue
            }
            guard let fields, fields.count == 2 else {
                mistakes.note(file, lines.line, "must have two fields, a subject and 0 or 1")
                continue
            }
            guard !fields[0].isEmpty else {
                mistakes.note(file, lines.line, "the subject is empty")
                continue
            }
            guard fields[1].count == 1, let outcome = [0x30: false, 0x31: true][fields[1][0]] else {
                mistakes.note(file, lines.line, "the outcome must be 0 or 1")
                continue
            }
            if bySubject.updateValue(outcome, forKey: fields[0]) != nil {
                mistakes.note(file, lines.line, "a second outcome of the same subject")
            }
        }
        guard let name else {
            mistakes.note(file, 1, "the header must be \"subject\" and the outcome's name")
            throw mistakes
        }
        guard mistakes.count == 0 else { throw mistakes }
        self.name = name
    }

    /// Without a carriage return at the end and, in the first line, without the byte order mark of some programs.
    private static func trimmed(_ line: UnsafeRawBufferPointer, isFirst: Bool) -> UnsafeRawBufferPointer {
        var range = 0..<line.count
        if line.last == 0x0D { range = 0..<line.count - 1 }
        if isFirst, line.starts(with: "\u{FEFF}") { range = 3..<max(3, range.upperBound) }
        return UnsafeRawBufferPointer(rebasing: line[range])
    }

    /// Nil if a quote is not closed, or is inside a field that does not begin with one.
    private static func fields(_ line: UnsafeRawBufferPointer) -> [[UInt8]]? {
        let comma = UInt8(ascii: ",")
        let quote = UInt8(ascii: "\"")
        var fields: [[UInt8]] = []
        var index = 0
        while true {
            var field: [UInt8] = []
            if index < line.count, line[index] == quote {
                index += 1
                while true {
                    guard index < line.count else { return nil }
                    if line[index] == quote {
                        index += 1
                        guard index < line.count, line[index] == quote else { break }
                    }
                    field.append(line[index])
                    index += 1
                }
            } else {
                while index < line.count, line[index] != comma {
                    guard line[index] != quote else { return nil }
                    field.append(line[index])
                    index += 1
                }
            }
            fields.append(field)
            guard index < line.count else { return fields }
            guard line[index] == comma else { return nil }
            index += 1
        }
    }
}
