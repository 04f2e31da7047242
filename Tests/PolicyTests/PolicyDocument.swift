import Policy

/// A good policy document, a section a member; a test replaces one.
struct PolicyDocument {
    var policy = "policy: town"
    var version = "version: 3"
    var score = "score: {base: 1000, min: 0, max: 1300}"
    var kinds = "kinds: [individual, business]"
    var dimensions = "dimensions: {payment: {min: -350, max: 120}, transport: {}}"
    var rules = "rules: [{id: fare, dimension: transport, event: fare.paid, points: 1}]"
    var bands = "bands: [{name: C, from: 0}, {name: A, from: 960}]"
    var perks = "perks: [{id: bikes, when: band == \"A\"}]"
    var more = ""

    /// Sections stand one a line, so that a section of one line is line 1, 2, … in this order.
    var text: String {
        [policy, version, score, kinds, dimensions, rules, bands, perks, more].joined(separator: "\n")
    }

    static func with(_ change: (inout PolicyDocument) -> Void) -> String {
        var document = PolicyDocument()
        change(&document)
        return document.text
    }
}

/// The mistakes of a document as `LINE:COLUMN: message`; none for a good one.
func mistakes(in text: String) throws -> [String] {
    do {
        _ = try ScoringPolicy(yaml: text, file: "town.yaml")
        return []
    } catch let error as YAMLMistakes {
        return error.mistakes.map { "\($0.line):\($0.column): \($0.message)" }
    }
}

/// A text in YAML's double quotes.
func quoted(_ text: String) -> String {
    let escapes: [Character: String] = ["\"": "\\\"", "\\": "\\\\", "\n": "\\n"]
    return "\"" + text.map { escapes[$0] ?? String($0) }.joined() + "\""
}
