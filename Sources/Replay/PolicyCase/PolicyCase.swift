internal import Events
public import Scoring

/// Given events, then facts: one example of what a policy means, as its author wrote it.
public struct PolicyCase: Sendable {
    /// What happens.
    enum Step: Sendable {
        /// A CloudEvent in the JSON format, and how the case names it.
        case event([UInt8], name: String)
        /// The same of a control event, which no other event passes.
        case control([UInt8])
        case tick(Timestamp)
    }

    /// What must not happen.
    struct Forbidden: Sendable {
        /// A sanction that is imposed, a perk that is granted, or a band.
        let line: PolicyCaseLine
        /// Only before this time; nil: ever.
        let before: Timestamp?
        /// As the case says it.
        let text: String
    }

    /// Where a part of a case stands in its file.
    struct Place: Sendable {
        /// Of its key.
        let line: Int
        let column: Int
        /// The line at which what follows it begins; nil: nothing does.
        let end: Int?
    }

    public let name: String
    public let file: String
    /// Of the case in its file, from 1.
    public let line: Int
    /// What happens first; its facts are compared only if there is no `when`.
    let given: [Step]
    /// What happens then, and whose facts are compared.
    let when: [Step]?
    /// The facts in their order; nil: they are not compared.
    let then: [PolicyCaseLine]?
    /// Standings at the end.
    let standings: [ExpectedStanding]
    /// What must not happen, in `given` or `when`.
    let never: [Forbidden]
    /// The standings at the end are the same in whatever order the events between two other steps come.
    let isInAnyOrder: Bool
    /// Whom the case enrols.
    let subjects: [String]
    /// Lines leave the subject out where a case has only one.
    var hasOneSubject: Bool { subjects.count == 1 }
    /// Of the case itself, of `then` and of `standing`.
    let place: Place
    let thenPlace: Place?
    let standingPlace: Place?

    struct ExpectedStanding: Sendable {
        let subject: String
        /// Nil: not enrolled.
        let line: PolicyCaseLine?
        /// The dimensions and the measures that the line names, by their numbers.
        let dimensions: [Int]
        let measures: [Int]
    }
}

/// What came of a case.
public struct PolicyCaseResult: Sendable {
    public let name: String
    public let file: String
    public let line: Int
    /// Expected (`-`) against actual (`+`) facts and standings, in the form of a case file; empty if the case passed.
    public let difference: [String]
    /// Evaluations that gave nothing, in `given` and `when`; a case can pass all the same.
    public let errors: [Diagnosis.Failure]
    /// What of the policy the case touches.
    public let coverage: PolicyCoverage
    /// The facts that are compared, and the standings that the case names.
    let facts: [PolicyCaseLine]
    let standings: [PolicyCaseLine?]

    public var hasPassed: Bool { difference.isEmpty }

    /// `FILE:LINE: warning: NAME: …`, one for each of `errors`.
    public var warnings: [String] { errors.map { "\(file):\(line): warning: \(name): \($0.sentence)" } }
}

/// A fact or a standing in the one-line form of case files: `{score: 975, band: A, at: 2026-01-02}`. Values are texts
/// in one spelling each, so that equal means equal text.
struct PolicyCaseLine: Sendable, Equatable {
    struct Field: Sendable, Equatable {
        let key: String
        let text: String

        init(_ key: String, _ text: String) {
            self.key = key
            self.text = text
        }
    }

    var fields: [Field] = []

    subscript(_ key: String) -> String? { fields.first { $0.key == key }?.text }

    /// Fields that are left out here are not compared.
    func matches(_ actual: PolicyCaseLine) -> Bool { fields.allSatisfy { actual[$0.key] == $0.text } }

    /// Whether both are about the score, the same sanction or the same perk.
    func isAboutTheSame(as other: PolicyCaseLine) -> Bool {
        self["sanction"] == other["sanction"] && self["perk"] == other["perk"]
    }

    /// Only these fields.
    func showing(_ keys: [String]) -> PolicyCaseLine { PolicyCaseLine(fields: fields.filter { keys.contains($0.key) }) }

    var text: String { "{" + fields.map { "\($0.key): \($0.text)" }.joined(separator: ", ") + "}" }
}

/// How case files spell values.
enum PolicyCaseText {
    /// A word that YAML reads as that string: plain where that is safe, else in double quotes.
    static func word(_ text: String) -> String {
        let reserved: Set<String> = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        let isPlain =
            text.first.map { $0.isASCII && ($0.isLetter || $0 == "/") } == true
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./+".contains($0)) }
            && !reserved.contains(text.lowercased())
        guard !isPlain else { return text }
        var writer = ByteWriter()
        writer.append(jsonString: text)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// A day where it is midnight, else RFC 3339.
    static func time(_ time: Timestamp) -> String {
        let text = time.description
        return text.hasSuffix("T00:00:00Z") ? String(text.dropLast(10)) : text
    }

    static func time(_ text: String) -> Timestamp? { Timestamp(text.utf8.count == 10 ? text + "T00:00:00Z" : text) }

    static func reason(_ rule: String, _ points: Int64) -> String { "\(rule) \(points > 0 ? "+" : "")\(points)" }

    static func list(_ items: [String]) -> String { "[" + items.joined(separator: ", ") + "]" }

    static func mapping(_ items: [(String, String)]) -> String {
        "{" + items.map { "\($0): \($1)" }.joined(separator: ", ") + "}"
    }
}
