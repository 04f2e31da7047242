public import Events
internal import Foundation
public import Mapping
internal import Policy

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
    /// Of a source topic; nil if it has none.
    public var declaration: SourceDeclaration?
    /// How a record of a topic of the format `json` becomes an event; nil for CloudEvents.
    public var map: RecordMap?

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
