import Access
import Events
import HTTP
import Hummingbird
import Pipeline

/// Routes for a console: changes as they come, the overview, the open appeals.
extension QueryServer {
    private static let tag = "live"

    private static let after = RouteParameter(
        "after", .text(0...ChangeToken.maximumBytes), example: "0.4711-1.88",
        "The id of the last event that the reader has: what came after it is sent first. Last-Event-ID goes before it.")
    private static let lastEventID = RouteParameter(
        "Last-Event-ID", in: .header, .text(0...ChangeToken.maximumBytes), example: "0.4711-1.88",
        "As after: browsers send it when they connect again.")

    private static func position(_ call: RouteCall) -> String? { call[lastEventID.name] ?? call["after"] }

    private static let stream = RouteAnswer(
        200,
        "Server-sent events: change (a fact), partitions, overview, skipped, reset (facts are missing: ask anew), end. The id of an "
            + "event is the position to continue from.", "text/event-stream", .text())

    var liveRoutes: [Route] {
        let live = LiveAnswers(
            service, streams: streams, watch: overviewWatch, queries: queries, mirror: mirror,
            mask: { [mask] in mask($0) })
        // Without a gate all callers have one name.
        let isGate = options.access.isGate
        return [
            Route(
                .get, "/changes", name: "followChanges",
                summary:
                    "The changes of all subjects, as they are published. The event partitions says which ledger partitions they are of.",
                tag: Self.tag,
                parameters: [
                    Self.after, Self.lastEventID,
                    RouteParameter(
                        "most", .integer(1...Int64(LiveAnswers.greatestMost)), example: "20",
                        "Changes a second; where there are more, the newest are sent, and how many were left out."),
                    RouteParameter("all", .flag, example: "true", "Every change, without a limit a second."),
                    RouteParameter("figures", .flag, example: "true", "Also the overview, every five seconds."),
                ],
                answers: [Self.stream], requires: .permission(.readProgramme)
            ) { [isGate] call in
                let most = call.integer("most").map { Int($0) } ?? LiveAnswers.standardMost
                return live.changes(
                    after: Self.position(call), most: call.flag("all") ? nil : most,
                    showsSubjects: call.caller.may(.readIdentities), withFigures: call.flag("figures"),
                    for: isGate ? call.caller.name : nil, isAllowed: call.isStillAllowed)
            },
            Route(
                .get, "/subjects/{id}/changes", name: "followSubject",
                summary: "The changes of a subject, as they are published.", tag: Self.tag,
                parameters: [.subject(), Self.after, Self.lastEventID], answers: [Self.stream],
                requires: .subject(.readStanding)
            ) { [isGate] call in
                await live.changes(
                    of: call.subject ?? [], after: Self.position(call), for: isGate ? call.caller.name : nil,
                    isAllowed: call.isStillAllowed)
            },
            Route(
                .get, "/overview", name: "readOverview", summary: "How the programme is, by all members.",
                tag: Self.tag,
                answers: [
                    .json(
                        "The overview: the sum over the members, and in `missing` the ledger partitions for which none answers.",
                        .object([], isOpen: true))
                ],
                requires: .permission(.readProgramme)
            ) { call in try await live.overview(showsSubjects: call.caller.may(.readIdentities)) },
            Route(
                .get, "/appeals", name: "readAppeals",
                summary:
                    "Appeals that wait for a decision: the first to lapse first.",
                tag: Self.tag,
                parameters: [
                    RouteParameter(
                        "limit", .integer(1...Int64(AppealsQueue.maximumPage)), example: "50", "Appeals of a page."),
                    RouteParameter(
                        "after", .text(1...AppealsQueue.Position.maximumBytes),
                        example: "1772366400000000.5f3a.no-riding",
                        "The page before has it as next."),
                    RouteParameter(
                        "statements", .flag, example: "true", "Also what the subjects said; reads the archive."),
                ],
                answers: [
                    .json(
                        "The page of all members' appeals, and in `missing` the ledger partitions for which none answers.",
                        .object([], isOpen: true))
                ], requires: .permission(.readFile),
                isAudited: true
            ) { call in
                try await live.appeals(
                    limit: call.integer("limit").map { Int($0) } ?? 50, after: call["after"],
                    withStatements: call.flag("statements"))
            },
        ]
    }
}
