/// A file of cases with actual facts and standings instead of the expected ones, for its author to review. The rest of
/// the text, comments included, does not change.
public struct PolicyCaseUpdate {
    public let text: String
    /// Names of the cases that were changed.
    public let changed: [String]
    /// Names of failed cases that were not changed: those in one line, and those that failed by `never` or the order.
    public let left: [String]

    /// - Parameter yaml: the text of `file`.
    public init(of file: PolicyCaseFile, yaml: String, results: [PolicyCaseResult]) {
        var lines = yaml.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var changed: [String] = []
        var left: [String] = []
        // From the last case to the first, so that earlier line numbers stay valid.
        for (example, result) in zip(file.cases, results).reversed() {
            let isNew =
                example.then == nil && example.standings.isEmpty && example.never.isEmpty && !example.isInAnyOrder
            guard !result.hasPassed || isNew else { continue }
            let blocks = isNew ? [Self.block(then: result, of: example)] : Self.blocks(of: example, result)
            let ranges = blocks.map { $0.flatMap { Self.range(of: $0.location, in: lines, isNew: isNew) } }
            guard !blocks.isEmpty, ranges.allSatisfy({ $0 != nil }) else {
                left.append(example.name)
                continue
            }
            let edits = zip(ranges.compactMap(\.self), blocks.compactMap(\.self))
            for (range, block) in edits.sorted(by: { $0.0.lowerBound > $1.0.lowerBound }) {
                lines.replaceSubrange(range, with: block.lines)
            }
            changed.append(example.name)
        }
        text = lines.joined(separator: "\n")
        self.changed = changed.reversed()
        self.left = left.reversed()
    }

    private struct Block {
        let location: PolicyCase.Location
        let lines: [String]
    }

    /// Empty if neither facts nor standings differ.
    private static func blocks(of example: PolicyCase, _ result: PolicyCaseResult) -> [Block?] {
        var blocks: [Block?] = []
        if let then = example.then,
            then.count != result.facts.count || !zip(then, result.facts).allSatisfy({ $0.matches($1) })
        {
            blocks.append(block(then: result, of: example))
        }
        let standings = zip(example.standings, result.standings)
        if !standings.allSatisfy({ expected, actual in
            expected.line.map { wanted in actual.map { wanted.matches($0) } ?? false } ?? (actual == nil)
        }) {
            blocks.append(block(standing: result, of: example))
        }
        return blocks
    }

    private static func block(then result: PolicyCaseResult, of example: PolicyCase) -> Block? {
        // A case without expectations gets them after its last line.
        let location =
            example.thenLocation
            ?? PolicyCase.Location(
                line: example.location.line, column: example.location.column, end: example.location.end)
        let indent = String(repeating: " ", count: location.column - 1)
        let facts = result.facts.enumerated().map { number, fact in
            let twin = example.then.flatMap { $0.indices.contains(number) ? $0[number] : nil }
            return
                "\(indent)  - \(PolicyCaseDifference.showing(fact, like: twin, isOneSubject: example.hasOneSubject).text)"
        }
        return Block(location: location, lines: facts.isEmpty ? ["\(indent)then: []"] : ["\(indent)then:"] + facts)
    }

    private static func block(standing result: PolicyCaseResult, of example: PolicyCase) -> Block? {
        guard let location = example.standingLocation else { return nil }
        let indent = String(repeating: " ", count: location.column - 1)
        let lines = zip(example.standings, result.standings).map { expected, actual in
            let shown = actual.map { actual in expected.line.map { actual.showing($0.fields.map(\.key)) } ?? actual }
            return "\(indent)  \(PolicyCaseText.word(expected.subject)): \(shown?.text ?? "~")"
        }
        return Block(location: location, lines: ["\(indent)standing:"] + lines)
    }

    /// The lines that a block replaces. Nil if the key does not begin its line.
    private static func range(of location: PolicyCase.Location, in lines: [String], isNew: Bool) -> Range<Int>? {
        let first = location.line - 1
        var end = location.end.map { $0 - 1 } ?? lines.count
        guard lines.indices.contains(first), end > first,
            lines[first].prefix(location.column - 1).allSatisfy({ $0 == " " || $0 == "-" })
        else { return nil }
        // Blank lines and comments before the next part belong to that part.
        while end > first + 1, isBlankOrComment(lines[end - 1]) { end -= 1 }
        guard !isNew else { return isFlow(lines[first], from: location.column) ? nil : end..<end }
        return lines[first].prefix(location.column - 1).allSatisfy { $0 == " " } ? first..<end : nil
    }

    private static func isBlankOrComment(_ line: String) -> Bool {
        let text = line.drop { $0 == " " || $0 == "\r" }
        return text.isEmpty || text.first == "#"
    }

    /// Whether a case has the form `{name: …}`.
    private static func isFlow(_ line: String, from column: Int) -> Bool { line.dropFirst(column - 1).first == "{" }
}
