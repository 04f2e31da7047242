import Access
import Events
import HTTP
import Hummingbird
import Pipeline
import Scoring

/// Lists of subjects, many standings at once, and the history of a subject.
extension QueryServer {
    private static let tag = "search"

    /// A list's parameters, as `SubjectSearch` reads them.
    private static let filters: [RouteParameter] = {
        func name(_ parameter: String, _ example: String, _ description: String) -> RouteParameter {
            RouteParameter(
                parameter, .text(1...maximumBytes, maximumBytes: maximumBytes), example: example, description)
        }
        return [
            name("prefix", "citizen-", "How ids begin. Only for callers who may read ids."),
            RouteParameter("kind", .oneOf(SubjectKind.allCases.map { "\($0)" }), "Their kind."),
            name("band", "A", "Their band."), name("perk", "deposit-free", "A perk that they have."),
            name("sanction", "no-riding", "A sanction that they are under."),
            RouteParameter("state", .oneOf(SanctionState.allCases.map { "\($0.name)" }), "The state of a sanction."),
            RouteParameter("enrolled-from", .time, example: "2026-01-01T00:00:00Z", "The earliest time of enrolment."),
            RouteParameter(
                "enrolled-before", .time, example: "2026-02-01T00:00:00Z", "The time before which they enrolled."),
            RouteParameter("score-from", .integer(Int64.min...Int64.max), example: "500", "The least score."),
            RouteParameter("score-to", .integer(Int64.min...Int64.max), example: "600", "The greatest score."),
            RouteParameter(
                "limit", .integer(Int64(SubjectSearch.limits.lowerBound)...Int64(SubjectSearch.limits.upperBound)),
                example: "100", "Subjects of a page."),
            RouteParameter("cursor", .text(1...maximumCursor), "The page before has it as next."),
        ]
    }()

    private static let maximumBytes = EventDecoder.maximumAttributeBytes
    /// Characters of a cursor, which may be sealed.
    private static let maximumCursor = 8 * maximumBytes
    private static let points: ClosedRange<Int64> = 2...2000
    private static let standardPoints: Int64 = 500

    var searchRoutes: [Route] {
        [
            Route(
                .get, "/subjects", name: "searchSubjects",
                summary: "A page of subjects in the order of ids. Pages stay stable while events flow.", tag: Self.tag,
                parameters: Self.filters, answers: [.ofLedger("The page.", .named("SubjectPage"))],
                requires: .permission(.searchSubjects)
            ) { [mask, queries] call in
                let given = Self.filters.compactMap { filter in call[filter.name].map { (name: filter.name, value: $0) }
                }
                return Response(try await queries.list(given, mask: call.caller.may(.readIdentities) ? nil : mask))
            },
            Route(
                .post, "/subjects/standings", name: "readStandings",
                summary: "The standings of many subjects, in the order asked.",
                tag: Self.tag, body: Self.manySubjects,
                answers: [.json("A standing of each, or that there is none.", .named("Standings"))],
                requires: .permission(.readStanding)
            ) { [queries] call in Response(try await queries.standings(asked: call.body, isForwarded: false)) },
        ] + historyRoutes
    }

    static let manySubjects = RouteBody(
        .object(
            [.init("subjects", .list(.text(1...maximumBytes), 1...PipelineService.maximumStandings))], isOpen: true),
        maximumBytes: SubjectQueries.maximumBody, example: "{\"subjects\":[\"citizen-17\",\"citizen-18\"]}")

    private var historyRoutes: [Route] {
        let number = RouteParameter(
            "points", .integer(Self.points), example: "500", "Points at most; the extremes stay.")
        return [
            Route(
                .get, "/subjects/{id}/history", name: "readHistory",
                summary: "A subject's score over time, with what made each step.",
                tag: Self.tag, parameters: [.subject(), number], answers: [.ofLedger("The score over time.")],
                requires: .subject(.readFile, needsPurpose: true), isAudited: true
            ) { [self] call in
                let maximum = Int(call.integer("points") ?? Self.standardPoints)
                return try await answer(call) { subject in
                    try await lookUp(call) {
                        try self.service.scoreHistory(of: subject, maximum: maximum, asStandby: $0)
                    }
                }
            },
            Route(
                .get, "/subjects/{id}/why", name: "explainDifference",
                summary:
                    "Why a score is another at one moment than at another: behaviour, time, policy, correction, identity.",
                tag: Self.tag,
                parameters: [
                    .subject(),
                    RouteParameter(
                        "between", .timeOrOffset, isRequired: true, example: "2026-01-01T00:00:00Z", "The first moment."
                    ),
                    RouteParameter(
                        "and", .timeOrOffset, isRequired: true, example: "2026-02-01T00:00:00Z", "The second moment."),
                ],
                answers: [.ofLedger("The parts, which add up to the difference.")],
                requires: .subject(.readFile, needsPurpose: true), isAudited: true
            ) { [self] call in
                let (start, end) = (Self.point(call, "between"), Self.point(call, "and"))
                return try await answer(call) { subject in
                    try await lookUp(call) {
                        try self.service.difference(of: subject, from: start, to: end, asStandby: $0)
                    }
                }
            },
            Route(
                .get, "/bands", name: "readBands",
                summary: "Subjects by band over time, by the clocks of the ledger partitions.",
                tag: Self.tag,
                parameters: [
                    RouteParameter(
                        "resolution", .oneOf(PipelineService.BandResolution.allCases.map(\.rawValue)),
                        "minutes: of a day (the standard). hours: of 90 days.")
                ],
                answers: [.json("Points of time with the number of subjects of each band.", .named("Bands"))],
                requires: .permission(.readProgramme)
            ) { [queries] call in
                let resolution = call["resolution"].flatMap { PipelineService.BandResolution(rawValue: $0) } ?? .minutes
                return Response(await queries.bands(resolution, isForwarded: false))
            },
        ]
    }

    /// The route's declaration allows only these two forms.
    private static func point(_ call: RouteCall, _ name: String) -> PipelineService.Point {
        if let time = call.time(name) { .time(time) } else { .offset(call.integer(name) ?? 0) }
    }
}
