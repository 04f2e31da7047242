import HTTP
import Ledger
import Pipeline

/// Schemas of the answers about policies, sources, dead letters and the ledger. They allow members that a later release
/// adds.
extension QueryServer {
    static let programmeSchemas: [(name: String, schema: JSONSchema)] = [
        ("PolicyVersion", policyVersion(isWhole: false)), ("Policy", policyVersion(isWhole: true)),
        ("Policies", policies), ("Sources", sources), ("DeadLetter", deadLetter(isWhole: true)),
        ("DeadLetters", deadLetters), ("Ledger", ledger), ("LedgerEntries", ledgerEntries),
    ]

    private static func orNull(_ schema: JSONSchema) -> JSONSchema { .either([schema, .null]) }

    private static let policyName = object(.init("id", .text()), .init("version", .integer()))
    private static let hash = JSONSchema.text(64...64)

    private static func policyVersion(isWhole: Bool) -> JSONSchema {
        let whole: [JSONSchema.Member] =
            isWhole
            ? [
                .init(
                    "explanation", orNull(.text()), "In plain sentences, Markdown; null if the text does not compile."),
                .init("text", .text(), "The document, YAML."),
            ] : []
        return .object(
            [
                .init("id", orNull(.text())), .init("version", orNull(.integer())),
                .init("sha256", hash, "Of the document's text."), .init("active", .boolean),
                .init(
                    "since",
                    object(.init("partition", .integer()), .init("offset", .integer()), .init("clock", orNull(.time))),
                    "Where it became active, in the ledger partition that stands for all."),
                .init(
                    "ignored",
                    orNull(
                        object(
                            .init("replaces", .text(), isRequired: false), .init("active", .text(), isRequired: false),
                            .init("foldVersion", .integer(), isRequired: false))),
                    "Why its activation changed nothing; null if it became active."),
            ] + whole, isOpen: true)
    }

    private static let policies = object(
        .init("active", orNull(.named("Policy")), "Null on an empty ledger."),
        .init("policies", .list(.named("PolicyVersion")), "Every activation, the newest first."),
        .init(
            "partitions",
            .list(
                object(
                    .init("partition", .integer()), .init("offset", .integer()), .init("clock", orNull(.time)),
                    .init("policy", orNull(policyName)))),
            "The policy of each ledger partition that this member folds."),
        .init(
            "proposals", orNull(object(.init("proposals", .list(object())))),
            "What waits for a second person; null for who may not activate a policy."))

    private static let sources = object(
        .init(
            "sources",
            .list(
                object(
                    .init("topic", .text()), .init("control", .boolean, "Whether it is the control topic."),
                    .init("intake", .boolean, "False for a withdrawn topic that is not read any more."),
                    .init(
                        "declaration",
                        orNull(
                            object(
                                .init("owner", .text()), .init("sector", .text()), .init("purpose", .text()),
                                .init("types", .list(.text())), .init("sources", .list(.text())),
                                .init("lasts", orNull(.text())), .init("format", .text()), .init("contact", .text())))),
                    .init(
                        "partitions",
                        orNull(
                            .list(
                                object(
                                    .init("partition", .integer()), .init("beginning", .integer()),
                                    .init("position", orNull(.integer()), "The next offset that intake reads."),
                                    .init("end", .integer())))), "Null if the cluster does not have the topic."),
                    .init("read", orNull(.integer())), .init("unread", orNull(.integer())),
                    .init("records", .integer(), "Read by this member since it started."),
                    .init("frozen", .boolean, "It has lost records, and imposes no sanction until it is acknowledged."),
                    .init(
                        "withdrawn", orNull(.boolean),
                        "Its events count for nothing, in one ledger partition at least. Null if it is known of none."),
                    .init(
                        "withdrawnIn", orNull(.list(.integer())),
                        "The ledger partitions in which it is withdrawn: all, unless an act has not reached one yet or one is of an older fold version."
                    ),
                    .init("deadLetters", .map(.integer()), "Letters that wait, by reason."),
                    .init(
                        "notEnrolled", .integer(), "Events about subjects that were not enrolled, as this member knows."
                    )))),
        .init(
            "missing", .list(.integer()),
            "Ledger partitions in which it is not known what is withdrawn: no member that folds them has reported it."))

    private static func deadLetter(isWhole: Bool) -> JSONSchema {
        let bytes = orNull(
            object(
                .init("text", orNull(.text()), "Null for what is not UTF-8."), .init("hex", .text()),
                .init("bytes", .integer(), "Of the whole, of which \(DeadLetter.shownBytes) are shown at most.")))
        let whole: [JSONSchema.Member] =
            isWhole
            ? [
                .init("message", .text(), isRequired: false), .init("key", bytes, isRequired: false),
                .init("headers", .list(object(.init("name", .text()), .init("value", bytes))), isRequired: false),
                .init("value", bytes, isRequired: false, "As the three before: only for who may send letters again."),
            ] : []
        return .object(
            [
                .init("letter", .text(), "PARTITION:OFFSET in the dead-letter topic."),
                .init("time", orNull(.time)), .init("reason", .text()), .init("topic", .text()),
                .init("partition", .integer()), .init("offset", .integer()),
                .init("bytes", .integer()), .init("state", .oneOf(["waiting", "sent", "discarded"])),
                .init("sentTo", .text(), isRequired: false), .init("discarded", .text(), isRequired: false, "Why."),
            ] + whole, isOpen: true)
    }

    private static let deadLetters = object(
        .init("letters", .list(deadLetter(isWhole: false)), "The newest first."),
        .init("next", orNull(.text()), "The position of the next page; null after the last."),
        .init(
            "reasons",
            .list(object(.init("topic", .text()), .init("reason", .text()), .init("letters", .integer()))),
            "Letters that wait, by source topic and reason."),
        .init("complete", .boolean, "False if the oldest letters are too many to be counted."))

    private static let ledger = object(
        .init("ledger", orNull(.text()), "Its name."),
        .init(
            "partitions",
            .list(
                object(
                    .init("partition", .integer()), .init("beginning", .integer()),
                    .init("end", .integer(), "The offset of the next frame."),
                    .init("owner", orNull(.text()), "The address of the other member that folds it."),
                    .init(
                        "fold",
                        orNull(
                            object(
                                .init("offset", .integer()), .init("clock", orNull(.time)),
                                .init("policy", orNull(policyName)),
                                .init(
                                    "chain", orNull(object(.init("offset", .integer()), .init("head", hash))),
                                    "SHA-256 over the frames before the offset."))),
                        "Null where this member does not fold it."),
                    .init("quarantine", orNull(.text()), "Why the fold waits at a record."),
                    .init(
                        "checkpoint",
                        orNull(
                            object(
                                .init("offset", .integer()), .init("head", hash), .init("state", .text()),
                                .init("member", .text()), .init("time", orNull(.time)), .init("trusted", .boolean))),
                        "The newest signed one.")))))

    private static let ledgerEntries = object(
        .init(
            "entries",
            .list(
                object(
                    .init("partition", .integer()), .init("offset", .integer()), .init("entry", .integer()),
                    .init("kind", .oneOf(LedgerEntry.kinds)), .init("time", orNull(.time)),
                    .init("type", orNull(.text())), .init("source", orNull(.text())), .init("id", orNull(.text())),
                    .init("subject", orNull(.text())),
                    .init(
                        "origin",
                        orNull(
                            object(.init("topic", .text()), .init("partition", .integer()), .init("offset", .integer()))
                        )),
                    .init("data", .any)))),
        .init("next", orNull(.text()), "The position of the next page; null after the last."))
}
