internal import Events
public import Scoring

/// One example of a policy's effect, as its author wrote it: given events, then facts.
public struct PolicyCase: Sendable {
    /// A step of the case.
    enum Step: Sendable {
        /// A CloudEvent in the JSON format, and its name in the case.
        case event([UInt8], name: String)
        /// A control event in the same form. With `any-order` no event passes it.
        case control([UInt8])
        case tick(Timestamp)
    }

    /// A fact that must not occur.
    struct Forbidden: Sendable {
        /// A sanction that is imposed, a perk that is granted, or a band.
        let line: PolicyCaseLine
        /// Forbidden only before this time; nil if it is always forbidden.
        let before: Timestamp?
        /// The text in the case.
        let text: String
    }

    /// The position of a part of a case in its file.
    struct Location: Sendable {
        /// The line of its key.
        let line: Int
        let column: Int
        /// The first line of the next part; nil if there is none.
        let end: Int?
    }

    public let name: String
    public let file: String
    /// The line of the case in its file, from 1.
    public let line: Int
    /// The first steps. Their facts are compared only if there is no `when`.
    let given: [Step]
    /// The later steps, whose facts are compared.
    let when: [Step]?
    /// The facts in their order; nil if they are not compared.
    let then: [PolicyCaseLine]?
    /// Standings at the end.
    let standings: [ExpectedStanding]
    /// Facts that must not occur, in `given` or `when`.
    let never: [Forbidden]
    /// Whether the standings at the end are the same in any order of the events between two other steps.
    let isInAnyOrder: Bool
    /// The subjects that the case enrols.
    let subjects: [String]
    /// Lines omit the subject if a case has only one.
    var hasOneSubject: Bool { subjects.count == 1 }
    /// The positions of the case itself, of `then` and of `standing`.
    let location: Location
    let thenLocation: Location?
    let standingLocation: Location?

    struct ExpectedStanding: Sendable {
        let subject: String
        /// Nil if the subject is not enrolled.
        let line: PolicyCaseLine?
        /// The numbers of the dimensions and the measures that the line names.
        let dimensions: [Int]
        let measures: [Int]
    }
}

/// The result of a case.
public struct PolicyCaseResult: Sendable {
    public let name: String
    public let file: String
    public let line: Int
    /// Expected (`-`) against actual (`+`) facts and standings, in the form of a case file; empty if the case passed.
    public let difference: [String]
    /// Failed evaluations in `given` and `when`. A case can pass with them.
    public let errors: [Diagnosis.Failure]
    /// The parts of the policy that the case covers.
    public let coverage: PolicyCoverage
    /// The facts that are compared, and the standings that the case names.
    let facts: [PolicyCaseLine]
    let standings: [PolicyCaseLine?]

    public var hasPassed: Bool { difference.isEmpty }

    /// `FILE:LINE: warning: NAME: …`, one for each of `errors`.
    public var warnings: [String] { errors.map { "\(file):\(line): warning: \(name): \($0.sentence)" } }
}

/// A fact or a standing in the one-line form of case files: `{score: 975, band: A, at: 2026-01-02}`. Each value has
/// only one spelling, so that equal values are equal texts.
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

    /// Whether all fields of this line are equal in the other. Fields that are omitted here are not compared.
    func matches(_ actual: PolicyCaseLine) -> Bool { fields.allSatisfy { actual[$0.key] == $0.text } }

    /// Whether both concern the score, the same sanction or the same perk.
    func isAboutTheSame(as other: PolicyCaseLine) -> Bool {
        self["sanction"] == other["sanction"] && self["perk"] == other["perk"]
    }

    /// The line with only these fields.
    func showing(_ keys: [String]) -> PolicyCaseLine { PolicyCaseLine(fields: fields.filter { keys.contains($0.key) }) }

    var text: String { "{" + fields.map { "\($0.key): \($0.text)" }.joined(separator: ", ") + "}" }
}

/// The spelling of values in case files.
enum PolicyCaseText {
    /// A word that YAML reads as that string: plain if that is safe, otherwise in double quotes.
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

    /// A day if the time is midnight, otherwise RFC 3339.
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
