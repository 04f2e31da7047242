import Foundation
import Hummingbird
import Logging

/// The HTTP side of a service: its own routes beside `/livez`, `/readyz` and `/metrics`. Requests are not logged, for
/// their paths name subjects.
struct DownstreamServer: Sendable {
    private struct Failure: Encodable { let error: String }

    private struct Check: Encodable {
        let subject: String
        let measure: String
        let allowed: Bool
        let sanctions: [BlacklistStore.Denial]
    }

    private struct Perks: Encodable {
        let subject: String
        let perks: [PerksStore.Perk]
    }

    /// What a service is asked about.
    enum Answers: Sendable {
        /// `GET /subjects/{id}/perks`
        case perks(PerksStore)
        /// `GET /check?subject=&measure=`
        case checks(BlacklistStore)
    }

    private let responder: RouterResponder<BasicRequestContext>
    private let logger: Logger

    init(_ follower: FactFollower, _ answers: Answers, logger: Logger) {
        let router = Router(context: BasicRequestContext.self)
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
        get("readyz") { _, _ in
            follower.isReady ? Self.text("ready\n") : Self.text("catching up\n", status: .serviceUnavailable)
        }
        get("metrics") { _, _ in Self.text(Self.metrics(follower.counts)) }
        switch answers {
        case .perks(let store):
            get("subjects/:id/perks") { _, context in
                try await Self.perks(of: try context.parameters.require("id"), in: store, logger)
            }
        case .checks(let store):
            get("check", taking: ["subject", "measure"]) { request, _ in
                try await Self.check(request, in: store, logger)
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

    private static func perks(of segment: String, in store: PerksStore, _ logger: Logger) async throws -> Response {
        guard let subject = segment.removingPercentEncoding else {
            return try json(Failure(error: "the path is not valid percent-encoded UTF-8"), status: .badRequest)
        }
        return try await guarded(logger) { Perks(subject: subject, perks: try await store.perks(of: subject)) }
    }

    private static func check(_ request: Request, in store: BlacklistStore, _ logger: Logger) async throws -> Response {
        // Hummingbird takes a value that it cannot decode as it stands: a subject nobody knows, who would be allowed.
        if let query = request.uri.query, query.removingPercentEncoding == nil {
            return try json(Failure(error: "the query is not valid percent-encoded UTF-8"), status: .badRequest)
        }
        let query = request.uri.queryParameters
        guard let subject = query.get("subject"), !subject.isEmpty else { return try missing("subject") }
        guard let measure = query.get("measure"), !measure.isEmpty else { return try missing("measure") }
        return try await guarded(logger) {
            let denials = try await store.denials(of: subject, for: measure)
            return Check(subject: subject, measure: measure, allowed: denials.isEmpty, sanctions: denials)
        }
    }

    /// The answer, or 500 with a line in the log when the database fails.
    private static func guarded(
        _ logger: Logger, _ answer: () async throws -> some Encodable
    ) async throws -> Response {
        do {
            return try json(try await answer())
        } catch {
            if Task.isCancelled { throw error }
            logger.error("a request failed: \(error)")
            return try json(Failure(error: "the database did not answer"), status: .internalServerError)
        }
    }

    private static func missing(_ parameter: String) throws -> Response {
        try json(Failure(error: "missing query parameter: \(parameter)"), status: .badRequest)
    }

    private static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Response(
            status: status, headers: [.contentType: "application/json; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try encoder.encode(value))))
    }

    private static func text(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    private static func metrics(_ counts: FactCounts) -> String {
        """
        # HELP standing_downstream_facts_total Records of the fact topic by what became of them.
        # TYPE standing_downstream_facts_total counter
        standing_downstream_facts_total{result="accepted"} \(counts.accepted)
        standing_downstream_facts_total{result="repeat"} \(counts.repeats)
        standing_downstream_facts_total{result="gap"} \(counts.gaps)
        standing_downstream_facts_total{result="malformed"} \(counts.malformed)

        """
    }
}
