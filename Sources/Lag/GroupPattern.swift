/// A pattern for names of groups, in which `*` matches any text.
public struct GroupPattern: Sendable, Hashable {
    private let parts: [String]

    public init(_ text: String) {
        parts = text.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
    }

    public func matches(_ name: String) -> Bool {
        guard let first = parts.first, let last = parts.last, parts.count > 1 else { return name == parts.first }
        guard name.utf8.count >= first.utf8.count + last.utf8.count, name.hasPrefix(first), name.hasSuffix(last) else {
            return false
        }
        var rest = name.utf8.dropFirst(first.utf8.count).dropLast(last.utf8.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let found = Self.end(of: Array(part.utf8), in: rest) else { return false }
            rest = rest[found...]
        }
        return true
    }

    /// The end of the first occurrence of a text.
    private static func end(of part: [UInt8], in text: Substring.UTF8View) -> Substring.UTF8View.Index? {
        var start = text.startIndex
        while true {
            let rest = text[start...]
            if rest.starts(with: part) { return text.index(start, offsetBy: part.count) }
            guard start < text.endIndex else { return nil }
            start = text.index(after: start)
        }
    }
}
