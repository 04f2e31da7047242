/// A regular expression in RE2's syntax, with one operation: whether it matches anywhere in a text.
///
/// The time of a match is at most proportional to program × text. In the common case it is one step of a table per
/// character. Syntax that only affects the position of a match (captures, laziness, order of alternatives) is parsed
/// and ignored.
///
/// Pattern → syntax tree (`Parser`) → program of a few kinds of instruction (`Compiler`) → if it is small, a
/// deterministic table over classes of code points (`TableBuilder`). Without a table the program is simulated, all
/// threads at once (Thompson). Nothing recurses.
///
/// It adds nothing to RE2's syntax. It lacks `\C`, and scripts (`\p{Greek}`), which Swift does not know. An invalid
/// byte of a text counts as U+FFFD, as in Go.
public final class RegularExpression: Sendable {
    /// UTF-8 bytes of a pattern.
    static let maximumPatternLength = 65_536
    /// Instructions of a program, repetitions expanded.
    static let maximumProgramSize = 32_768
    /// As in RE2: the limit of one counted repetition, and of the product of nested ones.
    static let maximumRepeat = 1000
    /// Ranges of code points of all classes of a pattern together.
    static let maximumRanges = 65_536
    /// Ranges that may be merged to make all classes of a pattern, or of an expression's patterns.
    static let maximumClassWork = 300_000
    /// Entries of a deterministic table: states × (classes + 1).
    static let maximumTableEntries = 65_536
    /// Classes of code points in a table.
    static let maximumTableClasses = 255
    /// Steps to build a table. If they do not suffice there is no table.
    static let maximumTableWork = 400_000

    let program: Program
    let table: Table?

    /// The pattern is UTF-8.
    public convenience init(_ pattern: UnsafeRawBufferPointer) throws(RegularExpressionError) {
        var classWork = Self.maximumClassWork
        try self.init(pattern, classWork: &classWork)
    }

    /// Subtracts the work of its classes from what is left for several patterns. Without `tableWork` there is no table.
    init(
        _ pattern: UnsafeRawBufferPointer, classWork: inout Int, tableWork: Int = maximumTableWork
    ) throws(RegularExpressionError) {
        var parser = Parser(pattern, classWork: classWork)
        defer { classWork = parser.classWork }
        let tree = try parser.parse()
        program = Compiler.program(of: tree)
        var builder = TableBuilder(program, work: tableWork)
        table = builder.build()
    }

    /// Whether the pattern matches somewhere in a text, which is UTF-8.
    public func matches(_ text: UnsafeRawBufferPointer) -> Bool {
        if let table { table.matches(text) } else { program.matches(text) }
    }
}

/// Why a pattern is refused.
public struct RegularExpressionError: Error, Sendable, Hashable {
    /// A byte offset in the pattern.
    public let offset: Int
    /// English, without the position.
    public let message: String
}

extension RegularExpression {
    /// Zero-width assertions between two characters, as bits. A position has all that are true; an instruction has the
    /// one that it requires.
    struct Assertions: OptionSet {
        let rawValue: UInt32

        static let beginText = Assertions(rawValue: 1)
        static let endText = Assertions(rawValue: 2)
        static let beginLine = Assertions(rawValue: 4)
        static let endLine = Assertions(rawValue: 8)
        static let wordBoundary = Assertions(rawValue: 16)
        static let noWordBoundary = Assertions(rawValue: 32)

        init(rawValue: UInt32) { self.rawValue = rawValue }

        /// What is true between two characters. Nil is an end of the text.
        init(between before: UInt32?, and after: UInt32?) {
            var assertions: Assertions = []
            if before == nil { assertions.formUnion([.beginText, .beginLine]) }
            if before == 0x0A { assertions.formUnion(.beginLine) }
            if after == nil { assertions.formUnion([.endText, .endLine]) }
            if after == 0x0A { assertions.formUnion(.endLine) }
            let isBoundary = Self.isWord(before) != Self.isWord(after)
            assertions.formUnion(isBoundary ? .wordBoundary : .noWordBoundary)
            self = assertions
        }

        /// ASCII, as in RE2.
        static func isWord(_ code: UInt32?) -> Bool {
            switch code {
            case .some(0x30...0x39), .some(0x41...0x5A), .some(0x5F), .some(0x61...0x7A): true
            default: false
            }
        }
    }

    struct Instruction {
        enum Operation: UInt8 {
            /// Consumes the code point `x`.
            case character
            /// Consumes a code point of the set `x`.
            case set
            /// Continues at `x` and at `y`.
            case split
            /// Continues at `x`.
            case jump
            /// Continues if the position has the bit `x`.
            case assert
            case match
        }

        var operation: Operation
        var x: UInt32 = 0
        var y: UInt32 = 0
    }

    struct Program {
        /// The last one is the only match.
        let instructions: [Instruction]
        let sets: [CodePointSet]
        /// Whether a match can only begin at the start of the text.
        let isAnchored: Bool
    }

    /// The code point at `index`, which is in the text, and its length in bytes. A byte that begins no well-formed
    /// sequence is U+FFFD by itself.
    @inline(__always)
    static func decode(_ text: UnsafeRawBufferPointer, at index: Int) -> (code: UInt32, count: Int) {
        let first = text[index]
        if first < 0x80 { return (UInt32(first), 1) }
        return decodeLong(text, at: index)
    }

    private static func decodeLong(_ text: UnsafeRawBufferPointer, at index: Int) -> (code: UInt32, count: Int) {
        let bad: (UInt32, Int) = (0xFFFD, 1)
        let first = UInt32(text[index])
        let rest = text.count - index
        func next(_ offset: Int) -> UInt32? {
            guard offset < rest else { return nil }
            let byte = UInt32(text[index + offset])
            return byte & 0xC0 == 0x80 ? byte & 0x3F : nil
        }
        switch first {
        case 0xC2...0xDF:
            guard let b = next(1) else { return bad }
            return ((first & 0x1F) << 6 | b, 2)
        case 0xE0...0xEF:
            guard let b = next(1), let c = next(2) else { return bad }
            let code = (first & 0xF) << 12 | b << 6 | c
            return code < 0x800 || (0xD800...0xDFFF).contains(code) ? bad : (code, 3)
        case 0xF0...0xF4:
            guard let b = next(1), let c = next(2), let d = next(3) else { return bad }
            let code = (first & 0x7) << 18 | b << 12 | c << 6 | d
            return code < 0x10000 || code > 0x10FFFF ? bad : (code, 4)
        default: return bad
        }
    }
}
