internal import Policy

/// Reads values from a YAML document and collects the errors. Each method returns nil for a missing value, without an
/// error.
struct TopicFileReader {
    typealias Field = TopicFile.Field
    typealias Value = YAMLReader.Value

    let path: String
    let yaml: YAMLReader

    init(_ text: String, path: String) {
        self.path = path
        yaml = YAMLReader(text)
    }

    var root: Value? { yaml.root }
    var isGood: Bool { yaml.mistakes.isEmpty }

    /// In the order of the file.
    var error: TopicFileError { TopicFileError(YAMLMistakes(file: path, mistakes: yaml.mistakes)) }

    func report(_ value: Value, _ message: String) { yaml.note(message, at: value) }

    /// The values of a file by key. Reports unknown keys. Nil, with a report, if the file is not a mapping.
    func fields(of root: Value) -> [Field: Value]? {
        guard let mapping = yaml.mapping(root, what: "a topic file", known: nil) else { return nil }
        var result: [Field: Value] = [:]
        for (name, key, value) in mapping.names {
            if let field = Field(rawValue: name) {
                result[field] = value
            } else {
                let known = Field.allCases.map(\.rawValue)
                let suggestion = YAMLReader.nearest(to: name, in: known).map { "; did you mean `\($0)`?" } ?? ""
                report(key, "unknown key `\(name)`" + suggestion)
            }
        }
        return result
    }

    func text(_ value: Value?, _ field: Field) -> String? {
        guard let value else { return nil }
        guard let text = text(of: value), !text.isEmpty else {
            report(value, "`\(field.rawValue)` is a text")
            return nil
        }
        return text
    }

    /// One text or a list of texts.
    func texts(_ value: Value?, _ field: Field) -> [String]? {
        guard let value else { return nil }
        guard let list = value.items else { return text(value, field).map { [$0] } }
        return list.compactMap { text($0, field) }
    }

    func choice<Choice: RawRepresentable<String> & CaseIterable>(_ value: Value?, _ field: Field) -> Choice? {
        guard let value else { return nil }
        if let choice = text(of: value).flatMap(Choice.init(rawValue:)) { return choice }
        let choices = Choice.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
        report(value, "`\(field.rawValue)` is one of \(choices)")
        return nil
    }

    func integer(_ value: Value?, _ field: Field, in range: ClosedRange<Int>) -> Int? {
        guard let value else { return nil }
        guard let number = integer(of: value), range.contains(number) else {
            report(value, "`\(field.rawValue)` is an integer from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    func replication(_ value: Value?) -> Int {
        guard let value else { return TopicDefinition.brokersReplication }
        if let number = integer(of: value),
            number == TopicDefinition.brokersReplication || 1...TopicDefinition.maximumReplication ~= number
        {
            return number
        }
        report(
            value,
            "`replication` is an integer from 1 to \(TopicDefinition.maximumReplication), or "
                + "\(TopicDefinition.brokersReplication) for the broker's default")
        return TopicDefinition.brokersReplication
    }

    func topicName(_ value: Value?) -> String? {
        guard let value, let name = text(value, .name) else { return nil }
        guard name.utf8.count <= TopicDefinition.maximumNameBytes, name != ".", name != "..",
            name.utf8.allSatisfy({ byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            })
        else {
            report(
                value,
                "a topic's name has letters, digits, `.`, `_` and `-`, at most \(TopicDefinition.maximumNameBytes)")
            return nil
        }
        return name
    }

    func retention(_ value: Value?) -> TopicDefinition.Retention? {
        guard let value else { return nil }
        let words = text(of: value)?.split(separator: " ") ?? []
        if words == ["forever"] { return .forever }
        let units: [Substring: Int64] = ["minute": 60_000, "hour": 3_600_000, "day": 86_400_000]
        if words.count == 2, let count = Int64(words[0]), count > 0,
            let unit = units[words[1].hasSuffix("s") ? words[1].dropLast() : words[1]],
            case let (milliseconds, overflow) = count.multipliedReportingOverflow(by: unit), !overflow
        {
            return .milliseconds(milliseconds)
        }
        report(value, "`retention` is `forever`, or a number of `days`, `hours` or `minutes` such as `7 days`")
        return nil
    }

    /// Settings under Kafka's names. A value is a text, an integer or a Boolean.
    func config(_ value: Value?) -> [String: String] {
        guard let value else { return [:] }
        let own = ["cleanup.policy": Field.cleanup, "retention.ms": .retention]
        var result: [String: String] = [:]
        for (name, key, value) in yaml.mapping(value, what: "`config`", known: nil)?.names ?? [] {
            if let field = own[name] {
                report(key, "`\(name)` is set by `\(field.rawValue)`")
            } else if let number = integer(of: value) {
                result[name] = String(number)
            } else if case .bool(let flag)? = value.scalar {
                result[name] = String(flag)
            } else if let text = text(of: value) {
                result[name] = text
            } else {
                report(value, "the value of `\(name)` is a text, an integer, `true` or `false`")
            }
        }
        return result
    }

    func never(_ value: Value?) -> Bool {
        guard let value else { return false }
        if text(of: value) != "never" { report(value, "`repartition` is `never` or left out") }
        return true
    }

    /// Checks the requirements of a role on the other values.
    func checkRules(
        of role: TopicDefinition.Role, root: Value, values: [Field: Value], retention: TopicDefinition.Retention?,
        never: Bool
    ) {
        if role == .ledger || role == .facts, !never {
            report(root, "the role `\(role.rawValue)` needs `repartition: never`")
        }
        guard role == .ledger else { return }
        if case .milliseconds = retention { report(values[.retention] ?? root, "a ledger is kept for ever") }
        if let cleanup = values[.cleanup], text(of: cleanup) == TopicDefinition.Cleanup.compact.rawValue {
            report(cleanup, "a ledger is kept for ever: it is never compacted")
        }
    }

    func text(of value: Value) -> String? {
        if case .text(let text)? = value.scalar { text } else { nil }
    }

    private func integer(of value: Value) -> Int? {
        if case .number(let digits)? = value.scalar { Int(digits) } else { nil }
    }
}
