/// What a misspelt name may have been meant to be.
public enum Suggestion {
    /// Edits between two names that may be one misspelt, where it is long; of a short one a third of its bytes.
    static let maximumEdits = 2
    /// UTF-8 bytes of a name for which one is looked for.
    static let maximumBytes = 64

    /// `; did you mean 'x'?` with the nearest name; else empty. At most `Limit.suggestions` names are looked at.
    static func among(_ names: [String], for name: String) -> String {
        nearest(to: name, among: names.prefix(Limit.suggestions)).map { "; did you mean '\($0)'?" } ?? ""
    }

    /// The nearest name, the first of equally near ones; nil if none is near.
    public static func nearest(to name: String, among names: some Sequence<String>) -> String? {
        guard name.utf8.count <= maximumBytes else { return nil }
        let wanted = Array(name.utf8)
        var limit = min(maximumEdits, max(1, wanted.count / 3))
        var best: String?
        for candidate in names {
            guard let edits = edits(Array(candidate.utf8), wanted, limit) else { continue }
            best = candidate
            guard edits > 0 else { break }
            limit = edits - 1
        }
        return best
    }

    /// Edits in bytes, of which two neighbours that have changed places are one. Nil where it is greater than `limit` or the names have nothing in common.
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
            // No later row has less.
            guard row.contains(where: { $0 <= limit }) else { return nil }
            (beforePrevious, previous) = (previous, row)
        }
        let distance = previous[b.count]
        return distance <= limit && distance < max(a.count, b.count) ? distance : nil
    }
}
