public import Policy

/// A file of cases for a policy. Written for authors: everything that is wrong with it is told at once, with its place.
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
/// - `never` looks at the facts of `given` and `when`; `within` counts from the first step. With `any-order` the case is run
///   in other orders too, in which no event passes a step that is none; the standings of all must come out the same.
/// - With `when`, `then` lists the facts of its steps; without, those of `given`, the first score of an enrolment too.
/// - Fields that are left out are not compared. Of `dimensions` and `measures` only those that are named are (`~`: a measure
///   is absent); `sanctions` (by state) and `perks` are compared whole.
/// - `at` is a day (its first instant) or an RFC 3339 time. `subject` may be left out where the case enrols only one.
///   `kind` is by default the first that the policy scores; `terms`, `statement` and `reason` are "-" by default.
///   `because` lists rules with their points, largest first.
/// - `times` repeats an event, each time `every` (default 0 days) later.
/// - Ids are unique unless a repeated delivery is meant; without one an event gets an id of its own.
public struct PolicyCaseFile: Sendable {
    public let file: String
    public let policy: ScoringPolicy
    public let cases: [PolicyCase]

    /// A file may have this many bytes.
    public static let maximumBytes = YAMLReader.maximumBytes
    public static let maximumCases = 1000
    /// Steps of a case, repetitions included.
    public static let maximumSteps = 10_000
    /// The events of a file, repetitions included, as JSON.
    public static let maximumEventBytes = 64 * 1024 * 1024

    /// Whether a YAML document is a file of cases, or too broken to tell.
    public static func isCaseFile(_ yaml: String) -> Bool {
        let reader = YAMLReader(yaml)
        guard let root = reader.root else { return true }
        return reader.mapping(root, what: "the document", known: nil)?["cases"] != nil
    }

    /// Throws every mistake at once, as `YAMLMistakes`, and whatever `load` throws.
    /// - Parameter load: reads the policy that the file names, by its path as it is written there.
    /// - Parameter needsExpectation: whether a case that compares nothing is a mistake.
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
