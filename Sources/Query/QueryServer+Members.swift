import Access
import HTTP
import Hummingbird
import Pipeline

/// What members ask each other: each answers for the ledger partitions that it owns.
extension QueryServer {
    /// Bytes of a question, which can name each partition.
    private static let maximumQuestion = 128 << 10

    /// `body`: the schema of the question.
    private func route(
        _ path: String, _ name: String, _ summary: String, body: RouteBody? = nil,
        _ handler: @escaping Route.Handler
    ) -> Route {
        let object = JSONSchema.object([], isOpen: true)
        return Route(
            .post, path, name: name, summary: summary, tag: "members",
            body: body ?? RouteBody(object, maximumBytes: Self.maximumQuestion),
            answers: [.json("The part.", object)], requires: .member, handler)
    }

    private static func small(_ schema: JSONSchema) -> RouteBody { RouteBody(schema, maximumBytes: 256) }

    var memberRoutes: [Route] {
        let (queries, work, watch) = (queries, overviewWork, overviewWatch)
        return [
            route(SubjectQueries.searchPath, "searchOwnSubjects", "A member's part of a page.") { call in
                do {
                    return Response(try await queries.ownPage(asked: call.body))
                } catch let problem as SubjectSearch.Problem {
                    throw Problem(.badRequest, code: "search", problem.description)
                }
            },
            route(
                SubjectQueries.standingsPath, "readOwnStandings", "A member's part of many standings.",
                body: Self.manySubjects
            ) { call in Response(try await queries.standings(asked: call.body, isForwarded: true)) },
            route(
                SubjectQueries.bandsPath, "readOwnBands", "A member's part of bands over time.",
                body: Self.small(.text())
            ) { call in
                guard let answer = await queries.ownBands(asked: call.body) else {
                    throw Problem(.badRequest, code: "bands", "the body is the resolution, a JSON text")
                }
                return Response(answer)
            },
            route(
                SubjectQueries.overviewPath, "readOwnOverview", "A member's part of the overview.",
                body: Self.small(.boolean)
            ) { call in
                guard let showsSubjects = SubjectQueries.showsSubjects(asked: call.body) else {
                    throw Problem(
                        .badRequest, code: "overview", "the body is true or false: whether subjects are shown")
                }
                return .json(try await work.run { watch.ownOverview(showsSubjects: showsSubjects).bytes })
            },
            route(SubjectQueries.appealsPath, "readOwnAppeals", "A member's part of a page of appeals.") {
                [service] call in
                guard let question = AppealsQueue.Question(json: call.body) else {
                    throw Problem(.badRequest, code: "appeals", "the body is no question for appeals")
                }
                return .json(try await work.run { service.openAppeals(question).json })
            },
            route(ChangeMirror.path, "readOwnChanges", "A member's changes, once there are some.") { [service] call in
                guard let question = ChangeFeed.Question(json: call.body) else {
                    throw Problem(.badRequest, code: "changes", "the body is no question for changes")
                }
                return .json(await service.changes.answer(question, within: ChangeMirror.wait))
            },
        ]
    }
}
