internal import Foundation
internal import Policy

/// A definition with the position of each value in its file.
struct TopicFile {
    enum Field: String, CaseIterable {
        case name, title, description, role, key, partitions, replication, cleanup, retention, repartition, config,
            schema
        case writtenBy = "written-by"
        case readBy = "read-by"
        case owner, sector, purpose, types, sources, lasts, format, map, contact
    }

    let path: String
    let definition: TopicDefinition
    let values: [Field: YAMLReader.Value]
    /// The declared prefixes of `source`, each with its position.
    let sources: [TopicFileReader.Pattern]

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
        let declared = reader.declaration(values, root: root)
        if let role { reader.checkRules(of: role, root: root, values: values, retention: retention, never: never) }
        if role == .ledger, let bytes = config["retention.bytes"], bytes != "-1" {
            reader.report(values[.config] ?? root, "a ledger is kept for ever: `retention.bytes` is -1 or left out")
        }

        guard reader.isGood, let name, let title, let role, let key, let partitions, let retention,
            let schema, let writtenBy, let readBy
        else { throw reader.error }
        self.path = path
        sources = declared?.sources ?? []
        definition = TopicDefinition(
            name: name, title: title, description: description ?? "", role: role, key: key, partitions: partitions,
            replication: replication, cleanup: cleanup ?? .delete, retention: retention, config: config,
            schema: schema, writtenBy: writtenBy, readBy: readBy, neverRepartitioned: never,
            declaration: declared?.declaration, map: declared?.map)
    }

    func diagnostic(_ field: Field, _ message: String) -> TopicFileError.Diagnostic {
        let location = values[field]
        return TopicFileError.Diagnostic(
            file: path, line: location?.line ?? 0, column: location?.column ?? 0, message: message)
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
        return result + overlaps(files)
    }
}
