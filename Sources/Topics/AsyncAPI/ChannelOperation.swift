/// An operation of Standing on a topic: it receives or sends.
struct ChannelOperation {
    private enum Action: String { case receive, send }

    let name: String
    private let action: Action
    private let summary: String
    /// The consumer group; nil if there is none.
    private let group: String?

    private init(_ name: String, _ action: Action, _ summary: String, group: String? = nil) {
        (self.name, self.action, self.summary, self.group) = (name, action, summary, group)
    }

    /// The operations by the topic's role; every role has at least one.
    static func all(of topic: TopicDefinition, _ groups: AsyncAPIDocument.Groups) -> [ChannelOperation] {
        switch topic.role {
        case .source:
            [
                .init("intake", .receive, "Intake reads every event into the ledger.", group: groups.intake),
                .init("operator", .send, "`standing event send` sends one event; redriven dead letters come back."),
            ]
        case .control:
            [
                .init("intake", .receive, "Intake reads every control event into the ledger.", group: groups.intake),
                .init(
                    "operator", .send,
                    "`standing subject`, `event void`, `appeal`, `policy activate` and `source acknowledge` send one each."
                ),
            ]
        case .ledger:
            [
                .init("append", .send, "Intake appends frames."),
                .init("fold", .receive, "Members fold frames to standings and facts.", group: groups.fold),
            ]
        case .facts: facts(topic, groups)
        case .deadLetter:
            [
                .init("put-aside", .send, "Intake puts aside what is no event, and marks what became of it."),
                .init("look", .receive, "`standing dead-letter` lists letters, and sends them to intake again."),
            ]
        case .checkpoints:
            [
                .init(
                    "sign", .send, "Members with a signing key vouch for ledger offsets, and for records of the audit."),
                .init(
                    "verify", .receive,
                    "Members, `standing verify` and `standing audit verify` compare the ledger and the audit with it."),
            ]
        case .members:
            [
                .init("announce", .send, "A member says where it answers; `standing policy shadow` orders a policy."),
                .init("look-up", .receive, "Members look up whom to ask, and which policy is in the shadow."),
            ]
        case .audit:
            [
                .init("record", .send, "Members record who looked, who decided and who changed."),
                .init(
                    "review", .receive,
                    "Members and `standing audit` read who did what, and prove that nothing is missing."),
            ]
        }
    }

    private static func facts(_ topic: TopicDefinition, _ groups: AsyncAPIDocument.Groups) -> [ChannelOperation] {
        let publish = ChannelOperation("publish", .send, "Members publish each change, in the order of `sequence`.")
        return switch topic.schema {
        case "fact-perk.json":
            [publish, .init("perks", .receive, "`standing perks` follows who holds which perk.", group: groups.perks)]
        case "fact-sanction.json":
            [
                publish,
                .init(
                    "blacklist", .receive, "`standing blacklist` follows what is denied to whom.",
                    group: groups.blacklist),
            ]
        default: [publish]
        }
    }

    /// The document's operation on the channel of this name.
    func node(of channel: String) -> DocumentNode {
        let group = group.map { group in
            DocumentNode.object([
                (
                    "kafka",
                    .object([
                        ("groupId", .object([("type", .text("string")), ("const", .text(group))])),
                        ("bindingVersion", .text("0.5.0")),
                    ])
                )
            ])
        }
        return .object([
            ("action", .text(action.rawValue)), ("channel", .reference("#/channels/\(channel)")),
            ("summary", .text(summary)), ("bindings", group),
        ])
    }
}
