internal import Events

/// A policy in plain sentences, for the people it scores.
///
/// The text contains everything that the policy defines, and nothing else. It is made from the checked policy, in its
/// order, so the same policy gives the same bytes.
public struct PolicyExplanation {
    /// Markdown that is readable without rendering. Lines have at most `PolicyExplanation.lineLength` characters,
    /// unless a single word is longer. The last line ends with a newline.
    public let text: String

    public static let lineLength = 100

    let policy: ScoringPolicy
    var lines: [String] = []

    public init(_ policy: ScoringPolicy) {
        var draft = PolicyExplanation(draftOf: policy)
        draft.write()
        self.policy = policy
        text = draft.lines.joined(separator: "\n") + "\n"
    }

    init(draftOf policy: ScoringPolicy) {
        self.policy = policy
        text = ""
    }

    private mutating func write() {
        heading("# The policy \"\(policy.id)\", version \(policy.version)")
        writeSubjects()
        writeScore()
        writeContexts()
        writeAttributes()
        writeMeasures()
        writeRules()
        writeBands()
        writePerks()
        writeSanctions()
        writeAppeals()
        writeCorrections()
        writeHarmBudget()
    }

    // MARK: Layout

    mutating func heading(_ text: String) {
        if let last = lines.last, !last.isEmpty { lines.append("") }
        lines.append(text)
        lines.append("")
    }

    mutating func paragraph(_ sentences: String...) {
        if let last = lines.last, !last.isEmpty { lines.append("") }
        wrap(sentences.joined(separator: " "), first: "", rest: "")
    }

    mutating func bullet(_ sentences: [String]) {
        wrap(sentences.joined(separator: " "), first: "- ", rest: "  ")
    }

    private mutating func wrap(_ text: String, first: String, rest: String) {
        var line = first
        var isEmpty = true
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            if !isEmpty, line.count + 1 + word.count > Self.lineLength {
                lines.append(line)
                line = rest
                isEmpty = true
            }
            line += (isEmpty ? "" : " ") + word
            isEmpty = false
        }
        lines.append(line)
    }

    // MARK: Words

    /// `a`, `a and b`, `a, b and c`.
    static func list(_ words: [String], _ last: String = "and") -> String {
        guard let end = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " \(last) " + end
    }

    static func code(_ words: [some CustomStringConvertible]) -> [String] { words.map { "`\($0)`" } }

    static func points(_ count: Int64) -> String { count.magnitude == 1 ? "\(count) point" : "\(count) points" }

    func name(ofDimension number: Int) -> String { policy.dimensions[number].name }
}

extension KindSet {
    /// `individuals, businesses and officials`
    var plural: String {
        PolicyExplanation.list(
            kinds.map { kind in
                switch kind {
                case .individual: "individuals"
                case .business: "businesses"
                case .official: "officials"
                }
            })
    }
}

extension Period {
    var words: String {
        switch self {
        case .day: "day"
        case .month: "calendar month"
        case .year: "calendar year"
        case .ever: "lifetime"
        }
    }
}
