import Foundation
import Policy

/// The definition of one topic: one file of the topics folder.
public struct TopicDefinition: Sendable, Equatable {
    /// The topic's role in Standing.
    public enum Role: String, Sendable, CaseIterable {
        case source, control, ledger, facts
        case deadLetter = "dead-letter"
        case checkpoints, members, audit
    }

    /// The meaning of a record's key.
    public enum Key: String, Sendable, CaseIterable {
        case subject
        /// No key: the writer chooses the partition.
        case none
        /// The key of the record that this one is about.
        case original
        /// The number of the ledger partition that the record is about.
        case ledgerPartition = "ledger-partition"
        /// The address of the member that wrote the record.
        case member
        /// The session of the program that wrote the record.
        case writer
    }

    public enum Cleanup: String, Sendable, CaseIterable {
        case delete, compact
    }

    public enum Retention: Sendable, Equatable {
        case forever
        /// Greater than 0.
        case milliseconds(Int64)
    }

    /// The maximum number of partitions in a file.
    public static let maximumPartitions = 100_000
    /// Kafka's own limit: a replication factor has 16 bits.
    public static let maximumReplication = Int(Int16.max)
    /// The `replication` that leaves the choice to the broker.
    public static let brokersReplication = -1
    /// Kafka's own limit, in bytes.
    public static let maximumNameBytes = 249
    /// The greatest size of a file, in bytes.
    public static let maximumFileBytes = 64 * 1024
    /// The `schema` of a topic whose values are the ledger's binary frames.
    public static let frameSchema = "frame"

    public var name: String
    public var title: String
    /// Empty if the file has none.
    public var description: String
    public var role: Role
    public var key: Key
    /// 1 to `maximumPartitions`.
    public var partitions: Int
    /// 1 to `maximumReplication`, or `brokersReplication`.
    public var replication: Int
    public var cleanup: Cleanup
    public var retention: Retention
    /// Further Kafka settings; `cleanup.policy` and `retention.ms` are never among them.
    public var config: [String: String]
    /// A file of the folder `schemas`, or `frameSchema`.
    public var schema: String
    public var writtenBy: [String]
    public var readBy: [String]
    /// True if the number of partitions is fixed for ever.
    public var neverRepartitioned: Bool

    /// Every Kafka setting of the file, under Kafka's name.
    public var settings: [String: String] {
        var result = config
        result["cleanup.policy"] = cleanup.rawValue
        switch retention {
        case .forever: result["retention.ms"] = "-1"
        case .milliseconds(let milliseconds): result["retention.ms"] = String(milliseconds)
        }
        return result
    }

    /// Reads one file's text, and throws all of its errors at once. `file` is the name in error messages. Whether the
    /// schema exists is not checked.
    public static func parse(_ text: String, file: String) throws(TopicFileError) -> TopicDefinition {
        try TopicFile(parsing: text, path: file).definition
    }

    /// Reads every `*.yaml` of a folder, sorted by topic name. Throws the errors of all files at once.
    ///
    /// Exactly one topic each has the role control, ledger and dead-letter. Names are unique. Facts topics have as
    /// many partitions as the ledger. Every schema is a file of the folder `schemas` in the folder.
    public static func load(directory: String) throws(TopicFileError) -> [TopicDefinition] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory)
        } catch {
            throw TopicFileError(file: directory, message: "cannot be read as a folder of topic files")
        }
        var files: [TopicFile] = []
        var diagnostics: [TopicFileError.Diagnostic] = []
        for name in names.sorted() where name.hasSuffix(".yaml") {
            do throws(TopicFileError) {
                files.append(try TopicFile(reading: directory + "/" + name))
            } catch {
                diagnostics += error.diagnostics
            }
        }
        if diagnostics.isEmpty {
            diagnostics = TopicFile.check(files, folder: directory) {
                FileManager.default.fileExists(atPath: "\(directory)/schemas/\($0)")
            }
        }
        guard diagnostics.isEmpty else { throw TopicFileError(diagnostics: diagnostics) }
        return files.map(\.definition).sorted { $0.name < $1.name }
    }

    /// The name of the program's own topics in error messages.
    private static let builtInFolder = "built-in topics"

    /// The text of a file of the folder `schemas` in a folder of topic files. `directory` is nil for the program's
    /// own topics.
    public static func schema(_ name: String, directory: String?) throws(TopicFileError) -> String {
        guard let directory else {
            if let known = BuiltInTopics.schemas.first(where: { $0.name == name }) { return known.text }
            throw TopicFileError(file: "\(builtInFolder)/schemas/\(name)", message: "cannot be read")
        }
        let path = "\(directory)/schemas/\(name)"
        guard let data = FileManager.default.contents(atPath: path), data.count <= maximumFileBytes else {
            throw TopicFileError(file: path, message: "cannot be read, or is larger than \(maximumFileBytes) bytes")
        }
        return String(decoding: data, as: UTF8.self)
    }

    /// The topics that the program contains (`BuiltInTopics`), sorted by name.
    public static func builtIn() throws(TopicFileError) -> [TopicDefinition] {
        let folder = builtInFolder
        var files: [TopicFile] = []
        for (name, text) in BuiltInTopics.files {
            files.append(try TopicFile(parsing: text, path: folder + "/" + name))
        }
        let diagnostics = TopicFile.check(files, folder: folder) { _ in true }
        guard diagnostics.isEmpty else { throw TopicFileError(diagnostics: diagnostics) }
        return files.map(\.definition).sorted { $0.name < $1.name }
    }
}

/// All errors of a topic file, or of a folder of topic files.
public struct TopicFileError: Error, Sendable, Equatable, CustomStringConvertible {
    public struct Diagnostic: Sendable, Equatable, CustomStringConvertible {
        public let file: String
        /// Counted from 1; 0 if the error concerns the whole file.
        public let line: Int
        /// Counted from 1, in Unicode scalars; 0 if the error concerns the whole file.
        public let column: Int
        public let message: String

        /// `FILE:LINE:COLUMN: error: MESSAGE`, or `FILE: error: MESSAGE`.
        public var description: String {
            (line > 0 ? "\(file):\(line):\(column)" : file) + ": error: \(message)"
        }
    }

    /// Never empty; in the order of the files and their lines.
    public let diagnostics: [Diagnostic]

    /// One diagnostic per line.
    public var description: String { diagnostics.map(\.description).joined(separator: "\n") }

    init(diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }

    init(_ mistakes: YAMLMistakes) {
        diagnostics = mistakes.mistakes.map {
            Diagnostic(file: mistakes.file, line: $0.line, column: $0.column, message: $0.message)
        }
    }

    init(file: String, message: String) {
        diagnostics = [Diagnostic(file: file, line: 0, column: 0, message: message)]
    }
}

/// A definition with the position of each value in its file.
private struct TopicFile {
    enum Field: String, CaseIterable {
        case name, title, description, role, key, partitions, replication, cleanup, retention, repartition, config,
            schema
        case writtenBy = "written-by"
        case readBy = "read-by"
    }

    let path: String
    let definition: TopicDefinition
    let values: [Field: YAMLReader.Value]

    init(reading path: String) throws(TopicFileError) {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TopicFileError(file: path, message: "cannot be read")
        }
        guard data.count <= TopicDefinition.maximumFileBytes else {
            throw TopicFileError(
                file: path, message: "is larger than \(TopicDefinition.maximumFileBytes) bytes")
        }
        let text: String
        do throws(YAMLMistakes) {
            text = try YAMLReader.text(of: data, file: path)
        } catch {
            throw TopicFileError(error)
        }
        try self.init(parsing: text, path: path)
    }

    init(parsing text: String, path: String) throws(TopicFileError) {
        let reader = TopicFileReader(text, path: path)
        guard let root = reader.root, let fields = reader.fields(of: root) else { throw reader.error }
        values = fields

        let name = reader.topicName(values[.name])
        let title = reader.text(values[.title], .title)
        let description = reader.text(values[.description], .description)
        let role: TopicDefinition.Role? = reader.choice(values[.role], .role)
        let key: TopicDefinition.Key? = reader.choice(values[.key], .key)
        let partitions = reader.integer(values[.partitions], .partitions, in: 1...TopicDefinition.maximumPartitions)
        let replication = reader.replication(values[.replication])
        let cleanup: TopicDefinition.Cleanup? = reader.choice(values[.cleanup], .cleanup)
        let retention = reader.retention(values[.retention])
        let config = reader.config(values[.config])
        let schema = reader.text(values[.schema], .schema)
        let writtenBy = reader.texts(values[.writtenBy], .writtenBy)
        let readBy = reader.texts(values[.readBy], .readBy)
        let never = reader.never(values[.repartition])
        for field in [Field.name, .title, .role, .key, .partitions, .retention, .schema, .writtenBy, .readBy]
        where values[field] == nil {
            reader.report(root, "`\(field.rawValue)` is missing")
        }
        if let role { reader.checkRules(of: role, root: root, values: values, retention: retention, never: never) }
        if role == .ledger, let bytes = config["retention.bytes"], bytes != "-1" {
            reader.report(values[.config] ?? root, "a ledger is kept for ever: `retention.bytes` is -1 or left out")
        }

        guard reader.isGood, let name, let title, let role, let key, let partitions, let retention,
            let schema, let writtenBy, let readBy
        else { throw reader.error }
        self.path = path
        definition = TopicDefinition(
            name: name, title: title, description: description ?? "", role: role, key: key, partitions: partitions,
            replication: replication, cleanup: cleanup ?? .delete, retention: retention, config: config,
            schema: schema, writtenBy: writtenBy, readBy: readBy, neverRepartitioned: never)
    }

    private func diagnostic(_ field: Field, _ message: String) -> TopicFileError.Diagnostic {
        let place = values[field]
        return TopicFileError.Diagnostic(
            file: path, line: place?.line ?? 0, column: place?.column ?? 0, message: message)
    }

    /// Checks the rules between the files of a folder. `hasSchema` returns whether the folder has a schema file of
    /// this name.
    static func check(
        _ files: [TopicFile], folder: String, hasSchema: (String) -> Bool
    ) -> [TopicFileError.Diagnostic] {
        var result: [TopicFileError.Diagnostic] = []
        var seen: [String: TopicFile] = [:]
        for file in files {
            let name = file.definition.name
            if let other = seen.updateValue(file, forKey: name) {
                result.append(file.diagnostic(.name, "`\(name)` is defined in \(other.path) too"))
            }
            let schema = file.definition.schema
            if schema != TopicDefinition.frameSchema, !hasSchema(schema) {
                result.append(file.diagnostic(.schema, "there is no file `schemas/\(schema)`"))
            }
        }
        for role in [TopicDefinition.Role.control, .ledger, .deadLetter, .checkpoints, .members, .audit] {
            let holders = files.filter { $0.definition.role == role }
            if holders.isEmpty, ![.checkpoints, .members, .audit].contains(role) {
                let message = "no topic has the role `\(role.rawValue)`"
                result.append(TopicFileError.Diagnostic(file: folder, line: 0, column: 0, message: message))
            }
            for file in holders.dropFirst() {
                result.append(
                    file.diagnostic(.role, "\(holders[0].path) has the role `\(role.rawValue)` already"))
            }
        }
        if let ledger = files.first(where: { $0.definition.role == .ledger })?.definition {
            for file in files
            where file.definition.role == .facts && file.definition.partitions != ledger.partitions {
                result.append(
                    file.diagnostic(
                        .partitions,
                        "the facts of a ledger partition go to the partition of the same number: "
                            + "`\(ledger.name)` has \(ledger.partitions)"))
            }
        }
        return result
    }
}

/// Reads values from a YAML document and collects the errors. Each method returns nil for a missing value, without an
/// error.
private struct TopicFileReader {
    typealias Field = TopicFile.Field
    typealias Value = YAMLReader.Value

    let path: String
    private let yaml: YAMLReader

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

    private func text(of value: Value) -> String? {
        if case .text(let text)? = value.scalar { text } else { nil }
    }

    private func integer(of value: Value) -> Int? {
        if case .number(let digits)? = value.scalar { Int(digits) } else { nil }
    }
}
