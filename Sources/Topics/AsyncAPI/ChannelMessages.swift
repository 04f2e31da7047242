/// The messages of one channel, one for each kind of record.
struct ChannelMessages {
    struct Message {
        /// The name in the channel.
        let name: String
        /// The name in the document's components.
        let component: String
        let node: DocumentNode
    }

    let messages: [Message]

    /// Topics with the same messages share them. `known` has the messages of the earlier topics.
    init(_ topic: TopicDefinition, _ schemas: SchemaComponents, known: DocumentNode.Members) {
        messages = Self.messages(of: topic, schemas).map { message in
            guard let other = known[message.component], other != message.node else { return message }
            return Message(name: message.name, component: "\(topic.name).\(message.name)", node: message.node)
        }
    }

    private static func messages(of topic: TopicDefinition, _ schemas: SchemaComponents) -> [Message] {
        guard topic.schema != TopicDefinition.frameSchema else {
            return [message("frame", of: topic, payload: nil, frame)]
        }
        let words = schemas.words(of: topic.schema)
        var messages: [Message] = []
        for alternative in schemas.alternatives(of: topic.schema) {
            let name = alternative.name ?? SchemaComponents.component(of: topic.schema)
            messages.append(
                message(
                    name, of: topic, payload: alternative.schema,
                    (alternative.name == nil ? words.title : nil, alternative.description ?? words.description)))
        }
        if topic.role == .source { messages.append(binary(of: topic)) }
        return messages
    }

    /// The channel's `messages`.
    var references: DocumentNode {
        .object(messages.map { ($0.name, .reference("#/components/messages/\($0.component)")) })
    }

    private static let frame: (String?, String?) = (
        "A frame of the ledger",
        "A batch of entries, binary and checksummed. Only Standing writes and reads it; `Sources/Ledger/Frame.swift` documents "
            + "the bytes."
    )

    private static func message(
        _ name: String, of topic: TopicDefinition, payload: DocumentNode?, headers: DocumentNode? = nil,
        contentType: String? = nil, _ words: (title: String?, description: String?)
    ) -> Message {
        let schema = SchemaComponents.component(of: topic.schema)
        return Message(
            name: name, component: name == schema ? name : "\(schema).\(name)",
            node: .object([
                ("name", .text(name)), ("title", words.title.map { .text($0) }),
                ("description", words.description.map { .text($0) }),
                ("contentType", .text(contentType ?? topic.role.contentType)),
                ("headers", headers ?? topic.role.headers), ("payload", payload),
                (
                    "bindings",
                    .object([
                        ("kafka", .object([("key", topic.key.schema), ("bindingVersion", .text("0.5.0"))]))
                    ])
                ),
            ]))
    }

    /// CloudEvents' binary mode, which intake reads too: the attributes are headers, and the value is `data`.
    private static func binary(of topic: TopicDefinition) -> Message {
        let attributes = ["specversion", "id", "source", "type", "subject", "time"]
        let component = SchemaComponents.component(of: topic.schema)
        let headers = DocumentNode.object([
            ("type", .text("object")), ("required", .list(attributes.map { .text("ce_\($0)") })),
            (
                "properties",
                .object(
                    attributes.map { ("ce_\($0)", .reference("#/components/schemas/\(component)/properties/\($0)")) })
            ),
        ])
        let data = DocumentNode.object([
            (
                "oneOf",
                .list([
                    .object([("type", .text("null"))]), .reference("#/components/schemas/\(component)/properties/data"),
                ])
            )
        ])
        return message(
            "binary", of: topic, payload: data, headers: headers, contentType: "application/json",
            (
                "A behaviour event in binary mode",
                "The attributes are headers whose names begin with ce_, the value is `data`; no value is no data."
            ))
    }
}

extension TopicDefinition.Role {
    fileprivate var contentType: String {
        switch self {
        case .source, .control, .facts: "application/cloudevents+json"
        case .ledger, .deadLetter: "application/octet-stream"
        case .checkpoints, .members, .audit: "application/json"
        }
    }

    fileprivate var headers: DocumentNode? {
        switch self {
        case .source, .control, .facts:
            .object([
                ("type", .text("object")), ("required", .list([.text("content-type")])),
                (
                    "properties",
                    .object([
                        (
                            "content-type",
                            .object([("type", .text("string")), ("pattern", .text("^application/cloudevents"))])
                        )
                    ])
                ),
            ])
        case .ledger, .deadLetter, .checkpoints, .members, .audit: nil
        }
    }
}

extension TopicDefinition.Key {
    /// The schema of the key's text; nil if a record has no key.
    fileprivate var schema: DocumentNode? {
        let description: String
        switch self {
        case .none: return nil
        case .subject: description = "The event's subject; none where an event concerns every ledger partition."
        case .original: description = "The key of the record that this one is about."
        case .ledgerPartition: description = "The number of a ledger partition, in decimal digits."
        case .writer: description = "The session of the program that wrote it."
        case .member: description = "The address of the member that wrote it, HOST:PORT; or `shadow`."
        }
        return .object([("type", .text("string")), ("description", .text(description))])
    }
}
