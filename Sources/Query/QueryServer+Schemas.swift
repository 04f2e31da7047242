import Events
import HTTP
import Pipeline
import Scoring

/// Schemas of this module's answers for the OpenAPI document. They allow members that a later release adds.
extension QueryServer {
    static let schemas: [(name: String, schema: JSONSchema)] =
        [
            ("Standing", standing), ("SubjectPage", page), ("Standings", standings), ("Bands", bands),
        ] + programmeSchemas

    static func object(_ members: JSONSchema.Member...) -> JSONSchema { .object(members, isOpen: true) }

    private static let kind = JSONSchema.oneOf(SubjectKind.allCases.map { "\($0)" })
    private static let state = JSONSchema.oneOf(SanctionState.allCases.map { "\($0.name)" })

    private static let standing = object(
        .init("subject", .text()), .init("kind", kind), .init("score", .integer()), .init("band", .text()),
        .init("dimensions", .map(.integer()), "Points by dimension."),
        .init("sanctions", .list(object(.init("id", .text()), .init("state", state)))), .init("perks", .list(.text())),
        .init("base", .integer(), "The score of somebody of whom nothing is known."),
        .init(
            "contributions",
            .list(object(.init("rule", .text()), .init("dimension", .text()), .init("points", .integer()))),
            "What each rule gives, the largest first."),
        .init("errors", .integer(), "Expressions that could not be evaluated for this subject."),
        .init("policy", object(.init("id", .text()), .init("version", .integer()))))

    private static let freshness = object(
        .init("partition", .integer()), .init("offset", .integer(), "Of the ledger's next frame."),
        .init("clock", .either([.time, .null])), .init("lag", .either([.integer(), .null])), .init("current", .boolean))

    private static let page = object(
        .init(
            "subjects",
            .list(
                object(
                    .init("subject", .text(), "Masked unless the caller may read ids."), .init("kind", kind),
                    .init("score", .integer()), .init("band", .text()), .init("enrolled", .time),
                    .init("perks", .list(.text())),
                    .init("sanctions", .list(object(.init("id", .text()), .init("state", state))))))),
        .init("next", .either([.text(), .null]), "The cursor of the next page; null after the last."),
        .init("partitions", .list(freshness)),
        .init("missing", .list(.integer()), "Partitions that nobody could be asked about."))

    private static let standings = object(
        .init(
            "standings",
            .list(
                object(
                    .init("subject", .text()), .init("outcome", .oneOf(["found", "not-enrolled", "unreachable"])),
                    .init("standing", .either([.named("Standing"), .null])),
                    .init("freshness", .either([freshness, .null]))))))

    private static let bands = object(
        .init("resolution", .oneOf(PipelineService.BandResolution.allCases.map(\.rawValue))),
        .init(
            "points",
            .list(object(.init("time", .time), .init("partitions", .integer()), .init("bands", .map(.integer()))))))
}
