internal import Events

/// An AsyncAPI 3.0.0 document of a set of topics (https://www.asyncapi.com/docs/reference/specification/v3.0.0). It
/// has one channel per topic, one message per kind of record, and the operations of Standing.
///
/// The same topics give the same document, byte for byte.
public struct AsyncAPIDocument: Sendable {
    /// The consumer groups of Standing, with the topic prefix.
    public struct Groups: Sendable {
        public var intake: String
        public var fold: String
        public var perks: String
        public var blacklist: String

        public init(intake: String, fold: String, perks: String, blacklist: String) {
            (self.intake, self.fold, self.perks, self.blacklist) = (intake, fold, perks, blacklist)
        }
    }

    /// The version of the contract, not of the program. It changes when a reader or a writer must change.
    public static let contractVersion = "1.0.0"
    private static let bindingVersion = DocumentNode.text("0.5.0")

    private let root: DocumentNode

    public var json: String { root.json }
    public var yaml: String { root.yaml }

    /// `schema` returns the text of a file of the folder `schemas`. Throws if one is missing or cannot be read.
    public init(
        _ topics: [TopicDefinition], topicPrefix: String = "", groups: Groups,
        schema: (_ file: String) throws(TopicFileError) -> String
    ) throws(TopicFileError) {
        var schemas = SchemaComponents()
        var files: Set<String> = []
        for topic in topics where topic.schema != TopicDefinition.frameSchema && files.insert(topic.schema).inserted {
            try schemas.add(try schema(topic.schema), file: topic.schema)
        }
        var channels = DocumentNode.Members()
        var operations = DocumentNode.Members()
        var messages = DocumentNode.Members()
        for topic in topics {
            let own = ChannelMessages(topic, schemas, known: messages)
            for message in own.messages where messages[message.component] == nil {
                messages.add(message.component, message.node)
            }
            channels.add(topic.name, Self.channel(topic, topicPrefix, own))
            for operation in ChannelOperation.all(of: topic, groups) {
                operations.add("\(topic.name).\(operation.name)", operation.node(of: topic.name))
            }
        }
        root = .object([
            ("asyncapi", .text("3.0.0")), ("info", Self.info),
            ("defaultContentType", .text("application/cloudevents+json")),
            ("channels", .object(channels)), ("operations", .object(operations)),
            ("components", .object([("messages", .object(messages)), ("schemas", .object(schemas.components))])),
        ])
    }

    private static let info = DocumentNode.object([
        ("title", .text("Standing")), ("version", .text(contractVersion)),
        (
            "description",
            .text(
                "An event-sourced reputation engine. It reads behaviour events and control events, folds them over an append-only "
                    + "ledger, and publishes each change of a score, a sanction or a perk as a fact with its reasons.")
        ),
        ("license", .object([("name", .text("MIT"))])),
    ])

    private static func channel(_ topic: TopicDefinition, _ prefix: String, _ messages: ChannelMessages) -> DocumentNode
    {
        .object([
            ("address", .text(prefix + topic.name)), ("title", .text(topic.title)),
            ("description", topic.description.isEmpty ? nil : .text(topic.description)),
            ("messages", messages.references),
            ("bindings", .object([("kafka", kafka(topic, prefix))])),
            ("x-role", .text(topic.role.rawValue)),
            ("x-written-by", .list(topic.writtenBy.map { .text($0) })),
            ("x-read-by", .list(topic.readBy.map { .text($0) })),
            ("x-key", .text(topic.key.rawValue)),
            ("x-declaration", topic.declaration.map(declaration)),
            ("x-repartition", topic.neverRepartitioned ? .text("never") : nil),
            ("x-sequence", topic.role == .facts ? sequence : nil),
        ])
    }

    private static func declaration(_ source: SourceDeclaration) -> DocumentNode {
        .object([
            ("owner", .text(source.owner)), ("sector", .text(source.sector.rawValue)),
            ("purpose", .text(source.purpose)), ("types", .list(source.types.map { .text($0) })),
            ("sources", .list(source.sources.map { .text($0) })),
            ("lasts", source.lasts.map { .text("\($0)") }), ("format", .text(source.format.rawValue)),
            ("contact", .text(source.contact)),
        ])
    }

    /// How a reader of facts proves that it missed none.
    private static let sequence = DocumentNode.object([
        ("attribute", .text("sequence")), ("of", .text("topic and partition")), ("first", .number(1)),
        ("step", .number(1)),
        (
            "rule",
            .text(
                "A consumer accepts exactly the next number of a partition and ignores every other record: so it has every fact "
                    + "once and in order. The facts of a ledger partition are in the partition of the same number.")
        ),
    ])

    private static func kafka(_ topic: TopicDefinition, _ prefix: String) -> DocumentNode {
        let settings = topic.settings.sorted { $0.key < $1.key }.map { name, value -> (String, DocumentNode?) in
            if name == "cleanup.policy" { return (name, .list(value.split(separator: ",").map { .text(String($0)) })) }
            return (name, Int64(value).map { .number($0) } ?? Bool(value).map { .bool($0) } ?? .text(value))
        }
        return .object([
            ("topic", .text(prefix + topic.name)), ("partitions", .number(topic.partitions)),
            ("replicas", topic.replication == TopicDefinition.brokersReplication ? nil : .number(topic.replication)),
            ("topicConfiguration", .object(settings)), ("bindingVersion", bindingVersion),
        ])
    }
}
