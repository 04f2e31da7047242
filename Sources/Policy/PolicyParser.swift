internal import Events

extension ScoringPolicy {
    /// Parses a policy document. Throws all its errors at once, as `YAMLMistakes`.
    public init(yaml text: String, file: String) throws {
        var parser = PolicyParser(text)
        self = try parser.policy(file: file)
    }
}

/// The YAML of a policy's parts, by their numbers.
struct PolicyNodes {
    var constants: [YAMLReader.Value] = []
    var attributes: [YAMLReader.Value] = []
    var measures: [YAMLReader.Mapping] = []
    var rules: [YAMLReader.Mapping] = []
    var bands: [YAMLReader.Value] = []
    var perks: [YAMLReader.Mapping] = []
    var sanctions: [YAMLReader.Mapping] = []
    /// Constants named in points that became a number.
    var constantsInPoints: [String] = []
    /// Expressions with YAML's tag `!`, which is not part of them.
    var ignoredTags: [YAMLReader.Value] = []
}

/// A single pass over a policy document. Every part is read, even after errors in earlier parts, so that all errors are
/// reported at once.
struct PolicyParser {
    typealias Value = YAMLReader.Value

    static let points = -ScoringPolicy.saturation...ScoringPolicy.saturation

    let reader: YAMLReader
    let text: String
    private(set) var dimensions: [ScoringPolicy.Dimension] = []
    var variables = PolicyVariables()
    /// The dimension of each measure; nil if it is not known.
    var measureDimensions: [Int?] = []
    /// The slots that the conditions of a dimension see, by dimension.
    var ownSlotsOfDimensions: [Int: Set<Int>] = [:]
    /// The YAML of the policy's parts. The lists are complete only without errors.
    var nodes = PolicyNodes()
    /// Every event type and prefix with the dimension of its use.
    var eventUses: [EventUse] = []

    init(_ text: String) {
        self.text = text
        reader = YAMLReader(text)
    }

    /// Throws all errors at once, as `YAMLMistakes`.
    mutating func policy(file: String) throws -> ScoringPolicy {
        guard let policy = parse(), reader.mistakes.isEmpty else {
            throw YAMLMistakes(file: file, mistakes: reader.mistakes)
        }
        return policy
    }

    private mutating func parse() -> ScoringPolicy? {
        guard let root = reader.root,
            let document = reader.mapping(
                root, what: "the policy",
                known: [
                    "policy", "version", "early", "score", "kinds", "constants", "attributes", "dimensions", "measures",
                    "rules", "bands", "perks", "sanctions", "appeals", "harm-budget",
                ],
                required: ["policy", "version", "score", "dimensions", "rules", "bands"])
        else { return nil }
        let id = document["policy"].flatMap(policyName) ?? ""
        let version = document["version"].flatMap { reader.integer($0, what: "version", in: 1...Int64.max) }
        var minimum: Int64?
        let score = document["score"].flatMap { self.score($0, &minimum) }
        /// An optional section. An empty one counts as missing.
        func optional(_ key: String) -> Value? { document[key].flatMap { reader.isNull($0) ? nil : $0 } }
        let early = optional("early").flatMap(early)
        let kinds = optional("kinds").map(kinds) ?? .all
        dimensions = document["dimensions"].map(readDimensions) ?? []
        let constants = optional("constants").map { self.constants($0) } ?? []
        let attributes = optional("attributes").map { self.attributes($0) } ?? []
        let measureList = optional("measures").flatMap {
            items($0, what: "measures", limit: ScoringPolicy.maximumMeasures)
        }
        measureDimensions = (measureList ?? []).map(homeOfMeasure)
        variables = PolicyVariables(
            .init(
                dimensions: dimensions.map(\.name), constants: constants, attributes: attributes,
                measures: (measureList ?? []).map(nameOfMeasure)))
        let measures = measures(measureList ?? [], kinds: kinds)
        let rules = document["rules"].map { self.rules($0, kinds: kinds) } ?? []
        let bands = document["bands"].map { self.bands($0, minimum: minimum) } ?? []
        let perks = optional("perks").map { self.perks($0) } ?? []
        let sanctions = optional("sanctions").map { self.sanctions($0) } ?? []
        let appeals = optional("appeals").map(appeals) ?? .init()
        let harmBudget = optional("harm-budget").map(harmBudget) ?? .init()
        noteEventsOfTwoDimensions()
        guard let version, let score, reader.mistakes.isEmpty else { return nil }
        var policy = ScoringPolicy(
            id: id, version: version, score: score, kinds: kinds, dimensions: dimensions, constants: constants,
            attributes: attributes, measures: measures, rules: rules, bands: bands, perks: perks, sanctions: sanctions,
            appeals: appeals, harmBudget: harmBudget, variables: variables, text: text)
        if let early { policy.early = early }
        return policy
    }

    // MARK: Words

    /// `[a-z][a-z0-9-]*`
    private func policyName(_ value: Value) -> String? {
        let name = reader.string(value, what: "policy")
        return name.flatMap {
            word($0, at: value, rule: "lower-case letters, digits and hyphens, a letter first") { byte, isFirst in
                Self.isLowerCase(byte) || !isFirst && (Self.isDigit(byte) || byte == UInt8(ascii: "-"))
            }
        }
    }

    /// The name of a measure: `[a-z][a-z0-9_]*`
    func measureName(_ value: Value) -> String? {
        let name = reader.string(value, what: "id")
        return name.flatMap {
            word($0, at: value, rule: "lower-case letters, digits and underscores, a letter first") { byte, isFirst in
                Self.isLowerCase(byte) || !isFirst && (Self.isDigit(byte) || byte == UInt8(ascii: "_"))
            }
        }
    }

    /// The name of a constant or an attribute, as expressions have it: `[A-Za-z_][A-Za-z0-9_]*`
    func fieldName(_ value: Value, what: String) -> String? {
        let name = reader.string(value, what: what)
        return name.flatMap {
            word($0, at: value, rule: "letters, digits and underscores, no digit first") { byte, isFirst in
                Self.isLowerCase(byte | 0x20) || byte == UInt8(ascii: "_") || !isFirst && Self.isDigit(byte)
            }
        }
    }

    /// The name of a rule, a perk, a sanction, a dimension, or of a measure that a sanction blocks.
    func name(_ value: Value, what: String) -> String? {
        let name = reader.string(value, what: what)
        return name.flatMap {
            word($0, at: value, rule: "letters, digits, hyphens, underscores and points, a letter or digit first") {
                byte, isFirst in
                Self.isLowerCase(byte | 0x20) || Self.isDigit(byte) || byte >= 0x80
                    || !isFirst && [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ".")].contains(byte)
            }
        }
    }

    private static func isLowerCase(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") }
    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
    private static let maximumNameBytes = 128

    private func word(
        _ name: String, at value: Value, rule: String, _ isGood: (UInt8, _ isFirst: Bool) -> Bool
    ) -> String? {
        guard !name.isEmpty, name.utf8.count <= Self.maximumNameBytes,
            name.utf8.enumerated().allSatisfy({ isGood($1, $0 == 0) })
        else {
            reader.note("\"\(name.prefix(80))\" must be \(rule), at most \(Self.maximumNameBytes)", at: value)
            return nil
        }
        return name
    }

    /// Notes a second item of the same name.
    func isNew(_ name: String, in names: inout Set<String>, what: String, at value: Value) -> Bool {
        if names.insert(name).inserted { return true }
        reader.note("the \(what) \"\(name)\" is already there", at: value)
        return false
    }

    /// The items of a list; nil, with a note, if it is not a list or has more than `limit` items.
    func items(_ value: Value, what: String, limit: Int) -> [Value]? {
        guard let items = reader.sequence(value, what: what) else { return nil }
        guard items.count <= limit else {
            reader.note("more than \(limit) \(what)", at: value)
            return nil
        }
        return items
    }

    /// One name or a list of at least one.
    func names(_ value: Value, what: String) -> [(text: String, location: Value)] {
        if reader.isEmptySequence(value) {
            reader.note("\(what) must name at least one", at: value)
            return []
        }
        return reader.strings(value, what: what, limit: ScoringPolicy.maximumNames) ?? []
    }

    func span(_ value: Value, what: String, isTerm: Bool = false) -> CalendarSpan? {
        guard let text = reader.string(value, what: what) else { return nil }
        guard let span = CalendarSpan(text) else {
            reader.note(
                "\(what) must be a number of days, months or years, such as 14 days (at most "
                    + "\(CalendarSpan.maximumYears) years), not \"\(text.prefix(80))\"", at: value)
            return nil
        }
        if isTerm, span.count == 0 {
            reader.note("\(what) must be at least 1 day", at: value)
            return nil
        }
        return span
    }

    private static let earlyUnits: [(name: String, microseconds: Int64)] = [
        ("minutes", Timestamp.microsecondsPerDay / 1440), ("hours", Timestamp.microsecondsPerDay / 24),
        ("days", Timestamp.microsecondsPerDay),
    ]

    /// `N minutes`, `N hours` or `N days`, or their singular. Returns microseconds.
    private func early(_ value: Value) -> Int64? {
        guard let text = reader.string(value, what: "early") else { return nil }
        let longest = ScoringPolicy.maximumEarlyDays * Timestamp.microsecondsPerDay
        let words = text.split(separator: " ")
        guard words.count == 2, words[0].utf8.allSatisfy(Self.isDigit), let count = Int64(words[0]),
            let unit = Self.earlyUnits.first(where: { words[1] == $0.name || words[1] == $0.name.dropLast() }),
            count <= longest / unit.microseconds
        else {
            reader.note(
                "early must be a number of minutes, hours or days, such as 1 hour (at most "
                    + "\(ScoringPolicy.maximumEarlyDays) days), not \"\(text.prefix(80))\"", at: value)
            return nil
        }
        return count * unit.microseconds
    }

    // MARK: The parts without rules

    /// Sets `minimum` to the least score, even if another part of the score is wrong.
    private func score(_ value: Value, _ minimum: inout Int64?) -> ScoringPolicy.Score? {
        guard
            let mapping = reader.mapping(
                value, what: "score", known: ["base", "min", "max"], required: ["base", "min", "max"])
        else { return nil }
        func number(_ key: String) -> Int64? {
            mapping[key].flatMap { reader.integer($0, what: "score.\(key)", in: Self.points) }
        }
        let (base, low, high) = (number("base"), number("min"), number("max"))
        minimum = low
        guard let low, let high else { return nil }
        guard low <= high else {
            reader.note("score.min is greater than score.max", at: mapping["min"] ?? value)
            return nil
        }
        guard let base else { return nil }
        guard low <= base, base <= high else {
            reader.note("score.base must lie between score.min and score.max", at: mapping["base"] ?? value)
            return nil
        }
        return ScoringPolicy.Score(base: base, min: low, max: high)
    }

    func kinds(_ value: Value) -> KindSet {
        guard let items = items(value, what: "kinds", limit: ScoringPolicy.maximumNames) else { return .all }
        var result: KindSet = []
        for item in items {
            guard let name = reader.string(item, what: "a kind") else { continue }
            guard let kind = SubjectKind.allCases.first(where: { $0.description == name }) else {
                let known = SubjectKind.allCases.map(\.description)
                reader.noteUnknown("kind", name, known: known, at: item, listing: true)
                continue
            }
            result.insert(KindSet(kind))
        }
        if items.isEmpty { reader.note("kinds must name at least one kind", at: value) }
        return result
    }

    private func readDimensions(_ value: Value) -> [ScoringPolicy.Dimension] {
        guard let mapping = reader.mapping(value, what: "dimensions", known: nil) else { return [] }
        if mapping.names.isEmpty { reader.note("dimensions must name at least one", at: value) }
        guard mapping.names.count <= ScoringPolicy.maximumDimensions else {
            reader.note("more than \(ScoringPolicy.maximumDimensions) dimensions", at: value)
            return []
        }
        return mapping.names.map { name, key, value in
            _ = self.name(key, what: "a dimension")
            let clamp =
                reader.isNull(value)
                ? nil : reader.mapping(value, what: "dimension \"\(name)\"", known: ["min", "max"])
            func bound(_ key: String, _ unbounded: Int64) -> Int64 {
                clamp?[key].flatMap { reader.integer($0, what: "\(name).\(key)", in: Self.points) } ?? unbounded
            }
            let low = bound("min", -ScoringPolicy.saturation)
            let high = bound("max", ScoringPolicy.saturation)
            if low > high { reader.note("min is greater than max", at: clamp?["min"] ?? value) }
            return ScoringPolicy.Dimension(name: name, min: low, max: high)
        }
    }

    func dimension(_ value: Value) -> Int? {
        guard let name = reader.string(value, what: "dimension") else { return nil }
        if let index = dimensions.firstIndex(where: { $0.name == name }) { return index }
        // If there are no dimensions, that error is reported already.
        if !dimensions.isEmpty { reader.noteUnknown("dimension", name, known: dimensions.map(\.name), at: value) }
        return nil
    }

    private mutating func bands(_ value: Value, minimum: Int64?) -> [ScoringPolicy.Band] {
        guard let items = items(value, what: "bands", limit: ScoringPolicy.maximumBands) else { return [] }
        if items.isEmpty { reader.note("bands must name at least one", at: value) }
        var names: Set<String> = []
        var result: [ScoringPolicy.Band] = []
        for (index, item) in items.enumerated() {
            guard
                let band = reader.mapping(item, what: "a band", known: ["name", "from"], required: ["name", "from"])
            else { continue }
            var name = ""
            if let value = band["name"], let text = reader.string(value, what: "name") {
                name = text
                if text.isEmpty { reader.note("name is empty", at: value) }
                _ = isNew(text, in: &names, what: "band", at: value)
            }
            guard let location = band["from"], let from = reader.integer(location, what: "from", in: Self.points) else {
                continue
            }
            if let last = result.last, from <= last.from {
                reader.note("bands must rise: \(from) is not above \(last.from)", at: location)
            }
            nodes.bands.append(item)
            if index == 0, let minimum, from > minimum {
                reader.note("the first band must cover score.min (\(minimum))", at: location)
            }
            result.append(ScoringPolicy.Band(name: name, from: from))
        }
        return result
    }

    private func appeals(_ value: Value) -> ScoringPolicy.Appeals {
        var appeals = ScoringPolicy.Appeals()
        guard let mapping = reader.mapping(value, what: "appeals", known: ["stay", "decide-within"]) else {
            return appeals
        }
        if let stay = mapping["stay"].flatMap({ reader.bool($0, what: "stay") }) { appeals.stay = stay }
        if let span = mapping["decide-within"].flatMap({ span($0, what: "decide-within", isTerm: true) }) {
            appeals.decideWithin = span
        }
        return appeals
    }
}
