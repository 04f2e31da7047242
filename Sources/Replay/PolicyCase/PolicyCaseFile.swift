public import Policy

/// A file of cases for a policy. All its errors are reported at once, with their positions.
///
///     policy: ../town.yaml                   # relative to this file
///     cases:
///       - name: a fare evaded twice          # unique in the file
///         given:                             # what happens, in the order of the ledger
///           - {enrol: anna, kind: individual, attributes: {tier: plus}, at: 2026-01-01}
///           - {event: fare.evaded, at: 2026-01-02T10:00:00Z, data: {line: 4}, id: f1, source: /city}
///           - {event: bill.paid, at: 2026-01-05, times: 6, every: 1 month}
///         when:                              # optional: what happens then
///           - {void: f1, at: 2026-01-03}
///           - {appeal: rail-ban, at: …}      {decide: rail-ban, outcome: upheld, at: …}
///           - {withdraw: anna, at: …}        {tick: 2026-03-01}
///         then:                              # optional: exactly these facts, in this order
///           - {score: 985, was: 1000, band: A, subject: anna, at: …, because: [fare-evaded -15]}
///           - {sanction: rail-ban, state: lifted, reason: expired, since: …, until: …}
///           - {perk: energy-discount, state: granted}
///         standing:                          # optional: standings at the end
///           anna: {score: 985, band: A, dimensions: {transport: -15}, measures: {late: 3}, sanctions: {}, perks: []}
///           bert: ~                          # is not enrolled
///         never:                             # optional: what must not happen
///           - {sanction: rail-ban, within: 30 days}        {perk: …}        {band: …}
///         any-order: true                    # optional: the standings do not depend on the order of the events
///
/// - `never` applies to the facts of `given` and `when`; `within` counts from the first step. With `any-order` the case
///   is run in other orders too, in which events keep their side of every other step; all orders must give the same
///   standings.
/// - With `when`, `then` lists the facts of its steps. Without it, `then` lists those of `given`, the first score of an
///   enrolment included.
/// - Fields that are omitted are not compared. Only the `dimensions` and `measures` that are named are compared (`~` is
///   an absent measure). `sanctions` (by state) and `perks` are compared as a whole.
/// - `at` is a day (its first instant) or an RFC 3339 time. `subject` may be omitted if the case enrols only one. The
///   default of `kind` is the first that the policy scores; that of `terms`, `statement` and `reason` is "-". `because`
///   lists rules with their points, largest first.
/// - `times` repeats an event, each time `every` (default 0 days) later.
/// - Ids must be unique, except for a repeated delivery. An event without an id gets a unique one.
public struct PolicyCaseFile: Sendable {
    public let file: String
    public let policy: ScoringPolicy
    public let cases: [PolicyCase]

    /// The limit of a file's bytes.
    public static let maximumBytes = YAMLReader.maximumBytes
    public static let maximumCases = 1000
    /// The limit of a case's steps, repetitions included.
    public static let maximumSteps = 10_000
    /// The limit of the bytes of a file's events as JSON, repetitions included.
    public static let maximumEventBytes = 64 * 1024 * 1024

    /// What a YAML document is, according to its keys.
    public enum Content: Sendable {
        /// A file of cases, or too malformed to decide.
        case cases
        case policy
        case other

        public init(of yaml: String) {
            let reader = YAMLReader(yaml)
            guard let root = reader.root else {
                self = .cases
                return
            }
            let document = reader.mapping(root, what: "the document", known: nil)
            func has(_ key: String) -> Bool { document?[key] != nil }
            self = has("cases") ? .cases : has("rules") || has("score") ? .policy : .other
        }
    }

    /// Throws all errors at once, as `YAMLMistakes`, and the errors of `load`.
    /// - Parameter load: reads the policy that the file names, by its path as written in the file.
    /// - Parameter needsExpectation: whether a case that compares nothing is an error.
    public init(
        yaml: String, file: String, needsExpectation: Bool = true, load: (_ path: String) throws -> ScoringPolicy
    ) throws {
        let reader = YAMLReader(yaml)
        self.file = file
        let mistakes = { YAMLMistakes(file: file, mistakes: reader.mistakes) }
        guard let root = reader.root,
            let document = reader.mapping(
                root, what: "the file", known: ["policy", "cases"], required: ["policy", "cases"]),
            let path = document["policy"].flatMap({ reader.string($0, what: "policy") })
        else { throw mistakes() }
        policy = try load(path)
        var parser = PolicyCaseParser(
            reader: reader, file: file, policy: policy, needsExpectation: needsExpectation)
        cases = document["cases"].map { parser.cases($0) } ?? []
        guard reader.mistakes.isEmpty else { throw mistakes() }
    }
}
