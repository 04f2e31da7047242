import Events
import Foundation
import HTTP
import Hummingbird
import Logging

/// The HTTP side of a service: its own routes, and `/livez`, `/readyz` and `/metrics`. Requests are not logged,
/// because their paths name subjects.
struct DownstreamServer: Sendable {
    /// The queries that a service answers.
    enum Answers: Sendable {
        /// `GET /subjects/{id}/perks`
        case perks(PerksStore)
        /// `GET /check?subject=&measure=`
        case checks(BlacklistStore)
    }

    private let server: HTTPServer

    init(
        _ follower: FactFollower, _ answers: Answers, address: HTTPAddress, options: DownstreamService.Options,
        logger: Logger
    ) {
        let lookUp = DownstreamAnswers(follower: follower, options: options)
        let routes = Routes(logger: logger)
        routes.get("livez") { _, _ in .text("ok\n") }
        routes.get("readyz") { _, _ in try await lookUp.readiness() }
        routes.get("metrics") { request, _ in .metrics(lookUp.metrics, for: request) }
        switch answers {
        case .perks(let store):
            routes.get("subjects/:id/perks") { _, context in
                try await lookUp.perks(of: try context.parameters.require("id"), in: store)
            }
        case .checks(let store):
            routes.get("check", taking: ["subject", "measure"]) { request, _ in
                try await lookUp.check(request, in: store)
            }
        }
        server = HTTPServer(routes, address: address, logger: logger)
    }

    /// Serves until the task is cancelled. Port 0 is any free port; `listening` is called with the port.
    func run(listening: @escaping @Sendable (Int) -> Void) async throws {
        try await server.run(listening: listening)
    }

    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return .json(try encoder.encode(value), status: status)
    }
}
