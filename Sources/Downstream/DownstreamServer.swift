import Events
import Foundation
import Hummingbird
import Logging

/// The HTTP side of a service: its own routes beside `/livez`, `/readyz` and `/metrics`. Requests are not logged, for
/// their paths name subjects.
struct DownstreamServer: Sendable {
    struct Failure: Encodable { let error: String }

    /// What a service is asked about.
    enum Answers: Sendable {
        /// `GET /subjects/{id}/perks`
        case perks(PerksStore)
        /// `GET /check?subject=&measure=`
        case checks(BlacklistStore)
    }

    private let responder: RouterResponder<BasicRequestContext>
    private let logger: Logger

    /// `failsOpen`: it answers also while it is not current. `now`: the wall clock; nil for a ledger that lives in other times.
    init(
        _ follower: FactFollower, _ answers: Answers, failsOpen: Bool, now: (@Sendable () -> Timestamp)?, logger: Logger
    ) {
        let lookUp = DownstreamAnswers(follower: follower, failsOpen: failsOpen, now: now)
        let router = Router(context: BasicRequestContext.self)
        router.add(middleware: JSONErrors(logger: logger))
        /// A route, with the query parameters that it takes; any other is refused.
        func get(
            _ path: RouterPath, taking known: [String] = [],
            _ answer: @escaping @Sendable (Request, BasicRequestContext) async throws -> Response
        ) {
            router.get(path) { request, context -> Response in
                let names = request.uri.queryParameters.map { String($0.key) }
                if let mistake = Self.mistake(in: names, known: known) {
                    return try Self.json(Failure(error: mistake), status: .badRequest)
                }
                return try await answer(request, context)
            }
        }
        get("livez") { _, _ in Self.text("ok\n") }
        get("readyz") { _, _ in try await lookUp.readiness() }
        get("metrics") { _, _ in Self.text(lookUp.metrics) }
        switch answers {
        case .perks(let store):
            get("subjects/:id/perks") { _, context in
                try await lookUp.perks(of: try context.parameters.require("id"), in: store)
            }
        case .checks(let store):
            get("check", taking: ["subject", "measure"]) { request, _ in
                try await lookUp.check(request, in: store)
            }
        }
        responder = router.buildResponder()
        self.logger = logger
    }

    /// Serves until the task is cancelled. Port 0 takes a free one; `listening` is told which.
    func run(host: String, port: Int, listening: @escaping @Sendable (Int) -> Void) async throws {
        // Hummingbird logs its own cancellation as an error.
        var quiet = logger
        quiet.logLevel = .critical
        let application = Application(
            responder: responder, configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { [logger] channel in
                let chosen = channel.localAddress?.port ?? port
                logger.info("listening on http://\(host.contains(":") ? "[\(host)]" : host):\(chosen)")
                listening(chosen)
            }, logger: quiet)
        try await application.run()
    }

    /// What is wrong with the names of a query's parameters, of which each may stand once; nil if nothing is.
    static func mistake(in names: [String], known: [String]) -> String? {
        for (index, name) in names.enumerated() {
            guard known.contains(name) else {
                let mend = known.isEmpty ? "this path takes none" : "this path takes \(known.joined(separator: ", "))"
                return "unknown query parameter \"\(name.prefix(64))\"; \(mend)"
            }
            if names[..<index].contains(name) { return "the query parameter \(name) stands there twice" }
        }
        return nil
    }

    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Response(
            status: status, headers: [.contentType: "application/json; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try encoder.encode(value))))
    }

    static func text(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}

/// Answers every error, of the router and of our own, in the form of ours, so that none has an empty body.
private struct JSONErrors: RouterMiddleware {
    let logger: Logger

    func handle(
        _ request: Request, context: BasicRequestContext,
        next: (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError {
            let message = error.body ?? error.status.reasonPhrase.lowercased()
            return try DownstreamServer.json(DownstreamServer.Failure(error: message), status: error.status)
        } catch {
            // What an error says may name a subject.
            logger.error("a request failed", metadata: ["error": "\(type(of: error))"])
            return try DownstreamServer.json(
                DownstreamServer.Failure(error: "the request failed in this service; its log names the error"),
                status: .internalServerError)
        }
    }
}
