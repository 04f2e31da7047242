/// A YAML 1.2 document in a form that libyaml reads correctly.
///
/// libyaml reads YAML 1.1, in which U+0085, U+2028 and U+2029 end a line: the end of a comment could become part of the
/// policy, unnoticed by a reviewer. It reads a `#` directly after a quote or a bracket as a comment. It does not
/// support surrogate pairs, which JSON has. So each of these is replaced by a placeholder, an ordinary character that
/// the document does not contain, neither itself nor as an escape. The texts from libyaml get the originals back. One
/// scalar replaces one scalar, and none of them is a line break in YAML 1.2, so lines and columns are those of the
/// document.
struct YAMLText {
    /// Characters that libyaml would misread.
    private enum Sign: Int, CaseIterable {
        case nextLine, lineSeparator, paragraphSeparator
        /// The backslash of `\uD800` to `\uDFFF`, if it can begin an escape: not directly after an odd number of
        /// backslashes.
        case surrogateBackslash
        /// A `#` without white space before it. It is content, or an error.
        case adjoiningHash

        var scalar: Unicode.Scalar {
            switch self {
            case .nextLine: "\u{85}"
            case .lineSeparator: "\u{2028}"
            case .paragraphSeparator: "\u{2029}"
            case .surrogateBackslash: "\\"
            case .adjoiningHash: "#"
            }
        }
    }

    /// The error at a position that `isAdjoiningHash` finds.
    static let adjoiningHashMessage = "a comment needs white space before its #"

    /// The text for libyaml.
    let readable: String
    private var scalars: [Unicode.Scalar]
    private var lineStarts = [0]
    /// By `Sign`; empty if the document needs none.
    private var placeholders: [Unicode.Scalar] = []
    /// The positions of their backslashes, in order.
    private var surrogates: [Int] = []

    /// Throws the first character that YAML does not allow.
    /// - Parameter text: without a byte order mark.
    init(_ text: String) throws(YAMLMistake) {
        scalars = Array(text.unicodeScalars)
        var found: [(index: Int, sign: Sign)] = []
        /// Whether an odd number of backslashes is directly before.
        var isEscaped = false
        for index in scalars.indices {
            let scalar = scalars[index]
            let column = index - lineStarts[lineStarts.count - 1] + 1
            guard Self.isPrintable(scalar) else {
                let code = String(scalar.value, radix: 16, uppercase: true)
                throw YAMLMistake(
                    line: lineStarts.count, column: column, message: "control characters are not allowed (U+\(code))")
            }
            if scalar == "\\", !isEscaped {
                isEscaped = true
                if index + 1 < scalars.count, scalars[index + 1] == "u",
                    let named = Self.escape(at: index, of: scalars), 0xD800...0xDFFF ~= named
                {
                    found.append((index, .surrogateBackslash))
                    surrogates.append(index)
                }
                continue
            }
            isEscaped = false
            switch scalar {
            case "\u{85}": found.append((index, .nextLine))
            case "\u{2028}": found.append((index, .lineSeparator))
            case "\u{2029}": found.append((index, .paragraphSeparator))
            case "#" where !Self.mayBeComment(at: index, of: scalars): found.append((index, .adjoiningHash))
            case "\n": lineStarts.append(index + 1)
            case "\r" where index + 1 == scalars.count || scalars[index + 1] != "\n": lineStarts.append(index + 1)
            default: break
            }
        }
        guard !found.isEmpty else {
            readable = text
            return
        }
        placeholders = Self.placeholders(for: scalars)
        for (index, sign) in found { scalars[index] = placeholders[sign.rawValue] }
        var readable = String.UnicodeScalarView()
        readable.append(contentsOf: scalars)
        self.readable = String(readable)
    }

    // MARK: Texts

    /// A text from libyaml, with the original characters instead of placeholders.
    func restored(_ text: String) -> String {
        guard !placeholders.isEmpty else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            result.append(sign(scalar)?.scalar ?? scalar)
        }
        return String(result)
    }

    /// The same for a double-quoted text, in which escapes of surrogates are pairs. `lone` is called with the position
    /// of each that lacks the other half.
    /// - Parameter line: the begin of the value, its tag and anchor included, with `column`.
    func restored(doubleQuoted text: String, line: Int, column: Int, lone: (_ line: Int, _ column: Int) -> Void)
        -> String
    {
        guard !surrogates.isEmpty, let start = index(line: line, column: column) else { return restored(text) }
        let quote = properties(at: start).end
        let scalars = Array(text.unicodeScalars)
        var next = Self.count(upTo: quote, in: surrogates)
        var result = String.UnicodeScalarView()
        /// The half of a pair that an escape names. The escape has six characters.
        func half(at index: Int) -> UInt32? {
            guard index < scalars.count, sign(scalars[index]) == .surrogateBackslash else { return nil }
            return Self.escape(at: index, of: scalars)
        }
        var index = 0
        while index < scalars.count {
            guard let first = half(at: index) else {
                result.append(sign(scalars[index])?.scalar ?? scalars[index])
                index += 1
                continue
            }
            if first < 0xDC00, let second = half(at: index + 6), second >= 0xDC00,
                let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
            {
                result.append(scalar)
                index += 12
                next += 2
            } else {
                if next < surrogates.count {
                    let location = location(of: surrogates[next])
                    lone(location.line, location.column)
                }
                result.append("\u{FFFD}")
                index += 6
                next += 1
            }
        }
        return String(result)
    }

    // MARK: Positions

    func isAdjoiningHash(line: Int, column: Int) -> Bool {
        guard let index = index(line: line, column: column) else { return false }
        return sign(scalars[index]) == .adjoiningHash
    }

    /// Whether the value there has the tag `!`, with which a plain scalar is a text. libyaml drops it.
    func hasNonSpecificTag(line: Int, column: Int) -> Bool {
        // The position of an empty value is the end of the token before it.
        guard let start = index(line: line, column: column), scalars[start] == "!" || scalars[start] == "&" else {
            return false
        }
        return properties(at: start).hasNonSpecificTag
    }

    /// The tag and the anchor at the begin of a value: their end, which is the begin of its content.
    private func properties(at start: Int) -> (end: Int, hasNonSpecificTag: Bool) {
        var hasNonSpecificTag = false
        var index = start
        func skip(while isInside: (Unicode.Scalar) -> Bool) {
            while index < scalars.count, isInside(scalars[index]) { index += 1 }
        }
        while index < scalars.count {
            switch scalars[index] {
            case "!", "&":
                let first = index
                skip { !Self.isWhite($0) && $0 != "," }
                if index == first + 1, scalars[first] == "!" { hasNonSpecificTag = true }
            case "#": skip { !Self.isBreak($0) }
            case let scalar where Self.isWhite(scalar): index += 1
            default: return (index, hasNonSpecificTag)
            }
        }
        return (index, hasNonSpecificTag)
    }

    private func location(of index: Int) -> (line: Int, column: Int) {
        let line = Self.count(upTo: index, in: lineStarts)
        return (line, index - lineStarts[line - 1] + 1)
    }

    /// How many of ascending numbers are at most a bound.
    private static func count(upTo bound: Int, in numbers: [Int]) -> Int {
        var (low, high) = (0, numbers.count)
        while low < high {
            let middle = (low + high) / 2
            if numbers[middle] <= bound { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func index(line: Int, column: Int) -> Int? {
        guard lineStarts.indices.contains(line - 1) else { return nil }
        let index = lineStarts[line - 1] + column - 1
        return scalars.indices.contains(index) ? index : nil
    }

    /// The first character of a value, its tag and anchor included.
    func scalar(at node: YAMLNode) -> Unicode.Scalar? { scalar(line: node.line, column: node.column) }

    func scalar(line: Int, column: Int) -> Unicode.Scalar? {
        index(line: line, column: column).map { scalars[$0] }
    }

    /// The first character after a text without quotes that is not white space; nil if there is none in its line, or
    /// if the value is something else.
    func sign(after node: YAMLNode) -> Unicode.Scalar? {
        guard case .scalar(let text, isPlain: true) = node.content,
            let start = index(line: node.line, column: node.column)
        else { return nil }
        var index = start
        for scalar in text.unicodeScalars {
            guard index < scalars.count, scalar == sign(scalars[index])?.scalar ?? scalars[index] else { return nil }
            index += 1
        }
        while index < scalars.count, scalars[index] == " " || scalars[index] == "\t" { index += 1 }
        return index < scalars.count && !Self.isBreak(scalars[index]) ? scalars[index] : nil
    }

    // MARK: Characters

    private func sign(_ scalar: Unicode.Scalar) -> Sign? {
        placeholders.firstIndex(of: scalar).flatMap(Sign.init(rawValue:))
    }

    /// A space, a tab or a line break.
    private static func isWhite(_ scalar: Unicode.Scalar) -> Bool {
        scalar == " " || scalar == "\t" || isBreak(scalar)
    }

    private static func isBreak(_ scalar: Unicode.Scalar) -> Bool { scalar == "\n" || scalar == "\r" }

    /// `c-printable` of YAML 1.2.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x20...0x7E, 0x85, 0xA0...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }

    /// Whether a `#` there begins a comment outside texts: after white space, or first in a line.
    private static func mayBeComment(at index: Int, of scalars: [Unicode.Scalar]) -> Bool {
        guard index > 0 else { return true }
        // A byte order mark may be first in any line.
        if scalars[index - 1] == "\u{FEFF}" { return index == 1 || isBreak(scalars[index - 2]) }
        return isWhite(scalars[index - 1])
    }

    /// The number in `\xHH`, `\uHHHH` or `\UHHHHHHHH`, whatever stands for the backslash.
    private static func escape(at index: Int, of scalars: [Unicode.Scalar]) -> UInt32? {
        guard index + 1 < scalars.count else { return nil }
        let count: Int
        switch scalars[index + 1] {
        case "x": count = 2
        case "u": count = 4
        case "U": count = 8
        default: return nil
        }
        guard index + 1 + count < scalars.count else { return nil }
        var value: UInt32 = 0
        for scalar in scalars[(index + 2)...(index + 1 + count)] {
            guard scalar.isASCII, let digit = Character(scalar).hexDigitValue else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    /// The first characters that are not in the document, neither themselves nor as an escape. There are more than a
    /// document of `YAMLReader.maximumBytes` can contain.
    private static func placeholders(for scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        let first: UInt32 = 0xE000
        var taken: Set<UInt32> = [0xFEFF, 0xFFFE, 0xFFFF]
        for index in scalars.indices {
            if scalars[index].value >= first { taken.insert(scalars[index].value) }
            if scalars[index] == "\\", let named = escape(at: index, of: scalars) { taken.insert(named) }
        }
        return (first...0x10FFFF).lazy.filter { !taken.contains($0) }.compactMap(Unicode.Scalar.init)
            .prefix(Sign.allCases.count).map { $0 }
    }
}
