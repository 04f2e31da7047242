/// Expected against actual facts, as a unified diff of lines that can be pasted into a case file.
struct PolicyCaseDifference {
    /// Empty if every expected line matches the actual one at its position and there are no others.
    private(set) var lines: [String] = []

    /// The number of lines around a difference.
    private static let context = 3
    /// The limit of comparisons. Beyond it the whole middle is shown as old and new lines.
    private static let maximumComparisons = 4_000_000
    /// The fields that are shown of a fact that was not expected.
    private static let shown: [String: [String]] = [
        "score": ["score", "band", "subject", "at", "because"],
        "sanction": ["sanction", "state", "reason", "subject", "at"],
        "perk": ["perk", "state", "subject", "at"],
    ]

    private enum Edit {
        case same(PolicyCaseLine)
        case missing(PolicyCaseLine)
        case extra(PolicyCaseLine)
    }

    /// - Parameter hidden: fields that are omitted from facts that were not expected.
    init(expected: [PolicyCaseLine], actual: [PolicyCaseLine], hidden: [String]) {
        if expected.count == actual.count, zip(expected, actual).allSatisfy({ $0.matches($1) }) { return }
        lines = ["--- then", "+++ actual"]
        write(Self.edits(expected, actual), hidden: hidden)
    }

    // MARK: Comparison

    private static func edits(_ expected: [PolicyCaseLine], _ actual: [PolicyCaseLine]) -> [Edit] {
        let head = zip(expected, actual).prefix { $0.matches($1) }.count
        let tail = zip(expected.dropFirst(head).reversed(), actual.dropFirst(head).reversed()).prefix {
            $0.matches($1)
        }.count
        let wanted = Array(expected[head..<(expected.count - tail)])
        let found = Array(actual[head..<(actual.count - tail)])
        return expected.prefix(head).map { .same($0) } + middle(wanted, found) + expected.suffix(tail).map { .same($0) }
    }

    /// By a longest common subsequence.
    private static func middle(_ wanted: [PolicyCaseLine], _ found: [PolicyCaseLine]) -> [Edit] {
        guard wanted.count * found.count <= maximumComparisons else {
            return wanted.map { .missing($0) } + found.map { .extra($0) }
        }
        let width = found.count + 1
        var lengths = [Int32](repeating: 0, count: (wanted.count + 1) * width)
        for i in wanted.indices.reversed() {
            for j in found.indices.reversed() {
                lengths[i * width + j] =
                    wanted[i].matches(found[j])
                    ? lengths[(i + 1) * width + j + 1] + 1
                    : max(lengths[(i + 1) * width + j], lengths[i * width + j + 1])
            }
        }
        var edits: [Edit] = []
        var i = 0
        var j = 0
        while i < wanted.count || j < found.count {
            if i < wanted.count, j < found.count, wanted[i].matches(found[j]) {
                edits.append(.same(wanted[i]))
                i += 1
                j += 1
            } else if j == found.count || i < wanted.count && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]
            {
                edits.append(.missing(wanted[i]))
                i += 1
            } else {
                edits.append(.extra(found[j]))
                j += 1
            }
        }
        return edits
    }

    // MARK: Output

    private mutating func write(_ edits: [Edit], hidden: [String]) {
        var index = 0
        while index < edits.count {
            var same: [PolicyCaseLine] = []
            while index < edits.count, case .same(let line) = edits[index] {
                same.append(line)
                index += 1
            }
            write(same, isFirst: same.count == index, isLast: index == edits.count)
            var missing: [PolicyCaseLine] = []
            var extra: [PolicyCaseLine] = []
            loop: while index < edits.count {
                switch edits[index] {
                case .same: break loop
                case .missing(let line): missing.append(line)
                case .extra(let line): extra.append(line)
                }
                index += 1
            }
            lines += missing.map { "- - \($0.text)" }
            for (row, line) in extra.enumerated() {
                let twin = row < missing.count && missing[row].isAboutTheSame(as: line) ? missing[row] : nil
                lines.append("+ - \(Self.showing(line, like: twin, hidden: hidden).text)")
            }
        }
    }

    private mutating func write(_ same: [PolicyCaseLine], isFirst: Bool, isLast: Bool) {
        let before = isFirst ? 0 : Self.context
        let after = isLast ? 0 : Self.context
        guard same.count > before + after + 1 else {
            lines += same.map { "  - \($0.text)" }
            return
        }
        lines += same.prefix(before).map { "  - \($0.text)" }
        lines.append("@@ \(same.count - before - after) facts as expected @@")
        lines += same.suffix(after).map { "  - \($0.text)" }
    }

    /// The fields of the line that was expected at its position, if both concern the same; otherwise the most important
    /// fields.
    static func showing(_ line: PolicyCaseLine, like twin: PolicyCaseLine?, isOneSubject: Bool) -> PolicyCaseLine {
        let twin = twin.flatMap { $0.isAboutTheSame(as: line) ? $0 : nil }
        return showing(line, like: twin, hidden: isOneSubject ? ["subject"] : [])
    }

    private static func showing(
        _ line: PolicyCaseLine, like twin: PolicyCaseLine?, hidden: [String]
    ) -> PolicyCaseLine {
        if let twin { return line.showing(twin.fields.map(\.key) + (line["reason"] == nil ? [] : ["reason"])) }
        let kind = line.fields.first?.key ?? "score"
        return line.showing((shown[kind] ?? []).filter { !hidden.contains($0) })
    }
}
