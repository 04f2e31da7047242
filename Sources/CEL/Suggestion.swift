/// A suggestion for a misspelt name.
public enum Suggestion {
    /// The limit of edits between two long names. For a short name it is a third of its bytes.
    static let maximumEdits = 2
    /// The limit of a name's UTF-8 bytes for a suggestion.
    static let maximumBytes = 64

    /// `; did you mean 'x'?` with the nearest name; empty if none is near. It reads at most `Limit.suggestions` names.
    static func among(_ names: [String], for name: String) -> String {
        nearest(to: name, among: names.prefix(Limit.suggestions)).map { "; did you mean '\($0)'?" } ?? ""
    }

    /// The nearest name, the first of equally near ones; nil if none is near. None is nearer than one that differs in case
    /// only.
    public static func nearest(to name: String, among names: some Sequence<String>) -> String? {
        guard name.utf8.count <= maximumBytes else { return nil }
        let wanted = Array(name.utf8)
        var limit = min(maximumEdits, max(1, wanted.count / 3))
        var best: String?
        for candidate in names {
            let bytes = Array(candidate.utf8)
            let isSame = bytes.map(lowerCase) == wanted.map(lowerCase)
            guard let edits = isSame ? 0 : edits(bytes, wanted, limit) else { continue }
            best = candidate
            guard edits > 0 else { break }
            limit = edits - 1
        }
        return best
    }

    private static func lowerCase(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }

    /// The number of edits in bytes. An exchange of two neighbours is one edit. Nil if it is greater than `limit`, or
    /// if the names have nothing in common.
    private static func edits(_ a: [UInt8], _ b: [UInt8], _ limit: Int) -> Int? {
        guard abs(a.count - b.count) <= limit, a.count <= maximumBytes else { return nil }
        var (beforePrevious, previous) = ([Int](), Array(0...b.count))
        for (i, x) in a.enumerated() {
            var row = [i + 1]
            for (j, y) in b.enumerated() {
                var edits = min(previous[j] + (x == y ? 0 : 1), previous[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, x == b[j - 1], y == a[i - 1] { edits = min(edits, beforePrevious[j - 1] + 1) }
                row.append(edits)
            }
            // No later row has a smaller value.
            guard row.contains(where: { $0 <= limit }) else { return nil }
            (beforePrevious, previous) = (previous, row)
        }
        let distance = previous[b.count]
        return distance <= limit && distance < max(a.count, b.count) ? distance : nil
    }
}
