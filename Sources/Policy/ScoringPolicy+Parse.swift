internal import Events

extension ScoringPolicy {
    /// Reads a policy document. Throws all its mistakes at once, as `YAMLMistakes`.
    ///
    /// This version takes whole-number points, event types, caps over the whole history, and perks by band.
    public init(yaml text: String, file: String) throws {
        var parser = PolicyParser(reader: YAMLReader(text), text: text)
        let policy = parser.parse()
        guard let policy, parser.reader.mistakes.isEmpty else {
            throw YAMLMistakes(file: file, mistakes: parser.reader.mistakes)
        }
        self = policy
    }
}

private struct PolicyParser {
    let reader: YAMLReader
    let text: String

    typealias Value = YAMLReader.Value

    private static let points = -ScoringPolicy.saturation...ScoringPolicy.saturation

    mutating func parse() -> ScoringPolicy? {
        guard let root = reader.root,
            let document = reader.mapping(
                root, what: "the policy",
                known: ["policy", "version", "score", "kinds", "dimensions", "rules", "bands", "perks"],
                required: ["policy", "version", "score", "dimensions", "rules", "bands"],
                unsupported: ["sanctions", "appeals"])
        else { return nil }
        let id = document["policy"].flatMap(identifier) ?? ""
        let version = document["version"].flatMap {
            reader.integer($0, what: "version", in: 1...Int64(Int32.max))
        }
        let score = document["score"].flatMap(score)
        let kinds = document["kinds"].map(kinds) ?? .all
        let dimensions = document["dimensions"].map(dimensions) ?? []
        let rules = document["rules"].map { self.rules($0, dimensions: dimensions, kinds: kinds) } ?? []
        let bands = document["bands"].map { self.bands($0, score: score) } ?? []
        let perks = document["perks"].map { self.perks($0, bands: bands) } ?? []
        guard let version, let score, reader.mistakes.isEmpty else { return nil }
        return ScoringPolicy(
            id: id, version: version, score: score, kinds: kinds, dimensions: dimensions, rules: rules, bands: bands,
            perks: perks, text: text)
    }

    /// `[a-z][a-z0-9-]*`
    private func identifier(_ value: Value) -> String? {
        guard let text = reader.string(value, what: "the identifier") else { return nil }
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let good = text.utf8.enumerated().allSatisfy { index, byte in
            letters.contains(byte) || (index > 0 && (digits.contains(byte) || byte == UInt8(ascii: "-")))
        }
        guard good, !text.isEmpty, text.utf8.count <= 64 else {
            reader.note(
                "\"\(text)\" must be lower-case letters, digits and hyphens, at most 64, a letter first", at: value)
            return nil
        }
        return text
    }

    private func score(_ value: Value) -> ScoringPolicy.Score? {
        guard
            let mapping = reader.mapping(
                value, what: "score", known: ["base", "min", "max"], required: ["base", "min", "max"])
        else { return nil }
        func number(_ key: String) -> Int64? {
            mapping[key].flatMap { reader.integer($0, what: "score.\(key)", in: Self.points) }
        }
        guard let base = number("base"), let low = number("min"), let high = number("max") else { return nil }
        guard low <= base, base <= high else {
            reader.note("score.base must lie between score.min and score.max", at: mapping["base"] ?? value)
            return nil
        }
        return ScoringPolicy.Score(base: base, min: low, max: high)
    }

    private func kinds(_ value: Value) -> KindSet {
        guard let items = reader.sequence(value, what: "kinds") else { return .all }
        var result: KindSet = []
        for item in items {
            guard let name = reader.string(item, what: "a kind") else { continue }
            guard let kind = SubjectKind.allCases.first(where: { $0.description == name }) else {
                let known = SubjectKind.allCases.map(\.description)
                let mend = YAMLReader.nearest(to: name, in: known).map { "; did you mean \"\($0)\"?" } ?? ""
                reader.note("unknown kind \"\(name)\": \(known.joined(separator: ", "))\(mend)", at: item)
                continue
            }
            result.insert(KindSet(kind))
        }
        if items.isEmpty { reader.note("kinds must name at least one kind", at: value) }
        return result
    }

    private func dimensions(_ value: Value) -> [ScoringPolicy.Dimension] {
        guard let mapping = reader.mapping(value, what: "dimensions", known: nil) else { return [] }
        if mapping.names.isEmpty { reader.note("dimensions must name at least one", at: value) }
        if mapping.names.count > ScoringPolicy.maximumDimensions {
            reader.note("more than \(ScoringPolicy.maximumDimensions) dimensions", at: value)
        }
        return mapping.names.map { name, key, value in
            _ = identifier(key)
            let clamp = reader.mapping(value, what: "dimension \"\(name)\"", known: ["min", "max"])
            func bound(_ key: String, _ unbounded: Int64) -> Int64 {
                clamp?[key].flatMap { reader.integer($0, what: "\(name).\(key)", in: Self.points) } ?? unbounded
            }
            let low = bound("min", -ScoringPolicy.saturation)
            let high = bound("max", ScoringPolicy.saturation)
            if low > high { reader.note("min is greater than max", at: value) }
            return ScoringPolicy.Dimension(name: name, min: low, max: high)
        }
    }

    private func rules(
        _ value: Value, dimensions: [ScoringPolicy.Dimension], kinds policyKinds: KindSet
    ) -> [ScoringPolicy.Rule] {
        guard let items = reader.sequence(value, what: "rules") else { return [] }
        if items.count > ScoringPolicy.maximumRules {
            reader.note("more than \(ScoringPolicy.maximumRules) rules", at: value)
        }
        var ids: Set<String> = []
        var homes: [String: Int] = [:]
        return items.compactMap { item in
            guard
                let rule = reader.mapping(
                    item, what: "a rule", known: ["id", "dimension", "kinds", "event", "points", "per", "cap"],
                    required: ["id", "dimension", "event", "points"], unsupported: ["when", "lasts"])
            else { return nil }
            let id = rule["id"].flatMap(identifier)
            if let id, !ids.insert(id).inserted, let place = rule["id"] {
                reader.note("the rule \"\(id)\" is already there", at: place)
            }
            let dimension = rule["dimension"].flatMap { self.dimension($0, in: dimensions) }
            let events = rule["event"].flatMap { reader.strings($0, what: "event") } ?? []
            if let place = rule["event"], reader.isEmptySequence(place) {
                reader.note("event must name at least one type", at: place)
            }
            for event in events {
                if event.text.hasPrefix(ControlType.prefix.description) {
                    reader.note("types under \"standing.\" are reserved for control events", at: event.place)
                }
                guard let dimension else { continue }
                if let home = homes[event.text], home != dimension {
                    reader.note(
                        "the event type \"\(event.text)\" is already used in dimension \"\(dimensions[home].name)\": "
                            + "evidence must not cross dimensions", at: event.place)
                }
                homes[event.text] = dimension
            }
            let points = rule["points"].flatMap { value -> Int64? in
                reader.integer(value, what: "points (this version takes whole numbers only)", in: Self.points)
            }
            if let per = rule["per"], let period = reader.string(per, what: "per"), period != "ever" {
                reader.note("per: \(period) is not supported by this version of Standing; only ever is", at: per)
            }
            let cap = rule["cap"].flatMap { reader.integer($0, what: "cap", in: 0...ScoringPolicy.saturation) }
            let kinds = rule["kinds"].map(kinds) ?? policyKinds
            guard let id, let dimension, let points else { return nil }
            return ScoringPolicy.Rule(
                id: id, dimension: dimension, kinds: kinds,
                events: events.map(\.text), points: points, cap: cap ?? .max)
        }
    }

    private func dimension(_ value: Value, in dimensions: [ScoringPolicy.Dimension]) -> Int? {
        guard let name = reader.string(value, what: "dimension") else { return nil }
        if let index = dimensions.firstIndex(where: { $0.name == name }) { return index }
        let mend = YAMLReader.nearest(to: name, in: dimensions.map(\.name)).map { "; did you mean \"\($0)\"?" } ?? ""
        reader.note("unknown dimension \"\(name)\"\(mend)", at: value)
        return nil
    }

    private func bands(_ value: Value, score: ScoringPolicy.Score?) -> [ScoringPolicy.Band] {
        guard let items = reader.sequence(value, what: "bands") else { return [] }
        if items.isEmpty { reader.note("bands must name at least one", at: value) }
        if items.count > ScoringPolicy.maximumBands {
            reader.note("more than \(ScoringPolicy.maximumBands) bands", at: value)
        }
        var result: [ScoringPolicy.Band] = []
        for item in items {
            guard
                let band = reader.mapping(item, what: "a band", known: ["name", "from"], required: ["name", "from"]),
                let name = band["name"].flatMap({ reader.string($0, what: "name") }), let fromValue = band["from"],
                let from = reader.integer(fromValue, what: "from", in: Self.points)
            else { continue }
            if result.contains(where: { $0.name == name }), let place = band["name"] {
                reader.note("the band \"\(name)\" is already there", at: place)
            }
            if let last = result.last, from <= last.from {
                reader.note("bands must rise: \(from) is not above \(last.from)", at: fromValue)
            }
            if result.isEmpty, let score, from > score.min {
                reader.note("the first band must cover score.min (\(score.min))", at: fromValue)
            }
            result.append(ScoringPolicy.Band(name: name, from: from))
        }
        return result
    }

    private func perks(_ value: Value, bands: [ScoringPolicy.Band]) -> [ScoringPolicy.Perk] {
        guard let items = reader.sequence(value, what: "perks") else { return [] }
        if items.count > ScoringPolicy.maximumPerks {
            reader.note("more than \(ScoringPolicy.maximumPerks) perks", at: value)
        }
        var ids: Set<String> = []
        return items.compactMap { item in
            guard
                let perk = reader.mapping(
                    item, what: "a perk", known: ["id", "when", "grace"], required: ["id", "when"])
            else { return nil }
            let id = perk["id"].flatMap(identifier)
            if let id, !ids.insert(id).inserted, let place = perk["id"] {
                reader.note("the perk \"\(id)\" is already there", at: place)
            }
            let mask = perk["when"].flatMap { bandSet($0, bands: bands) }
            let grace = perk["grace"].map { days($0) } ?? 0
            guard let id, let mask, let grace else { return nil }
            return ScoringPolicy.Perk(id: id, bands: mask, grace: grace)
        }
    }

    /// `band == "A"` or `band in ["A", "AA"]`: what this version reads of CEL.
    private func bandSet(_ value: Value, bands: [ScoringPolicy.Band]) -> UInt64? {
        guard let text = reader.string(value, what: "when") else { return nil }
        guard let names = BandCondition.names(in: text) else {
            reader.note(
                "this version takes band == \"NAME\" or band in [\"NAME\", …], not \(text.debugDescription)", at: value)
            return nil
        }
        var mask: UInt64 = 0
        for name in names {
            guard let index = bands.firstIndex(where: { $0.name == name }) else {
                let mend = YAMLReader.nearest(to: name, in: bands.map(\.name)).map { "; did you mean \"\($0)\"?" } ?? ""
                reader.note("unknown band \"\(name)\"\(mend)", at: value)
                return nil
            }
            mask |= 1 << UInt64(index)
        }
        return mask
    }

    /// `N days`, in microseconds.
    private func days(_ value: Value) -> Int64? {
        guard let text = reader.string(value, what: "grace") else { return nil }
        let words = text.split(separator: " ")
        guard words.count == 2, let number = Int64(words[0]), (0...36_500).contains(number),
            words[1] == "days" || words[1] == "day"
        else {
            reader.note("grace must be a number of days, such as 14 days (at most 36500)", at: value)
            return nil
        }
        return number * Timestamp.microsecondsPerDay
    }
}

/// The two band conditions, read without regard to white space.
private enum BandCondition {
    static func names(in text: String) -> [String]? {
        var rest = Substring(text)
        guard take("band", &rest) else { return nil }
        if take("==", &rest) {
            guard let name = literal(&rest), trimmed(rest).isEmpty else { return nil }
            return [name]
        }
        guard take("in", &rest), take("[", &rest), let first = literal(&rest) else { return nil }
        var names = [first]
        while take(",", &rest) {
            guard let name = literal(&rest) else { return nil }
            names.append(name)
        }
        guard take("]", &rest), trimmed(rest).isEmpty else { return nil }
        return names
    }

    private static func trimmed(_ text: Substring) -> Substring { text.drop { $0 == " " || $0 == "\t" || $0 == "\n" } }

    private static func take(_ token: String, _ rest: inout Substring) -> Bool {
        let start = trimmed(rest)
        guard start.hasPrefix(token) else { return false }
        rest = start.dropFirst(token.count)
        return true
    }

    private static func literal(_ rest: inout Substring) -> String? {
        let start = trimmed(rest)
        guard let quote = start.first, quote == "\"" || quote == "'",
            let end = start.dropFirst().firstIndex(where: { $0 == quote || $0 == "\\" }), start[end] == quote
        else { return nil }
        rest = start[start.index(after: end)...]
        return String(start[start.index(after: start.startIndex)..<end])
    }
}
