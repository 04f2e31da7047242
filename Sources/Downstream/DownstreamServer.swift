import Events
import Foundation
import HTTP
import Hummingbird
import Logging

/// The HTTP side of a service: its own routes beside `/livez`, `/readyz` and `/metrics`. Requests are not logged, for
/// their paths name subjects.
struct DownstreamServer: Sendable {
    /// What a service is asked about.
    enum Answers: Sendable {
        /// `GET /subjects/{id}/perks`
        case perks(PerksStore)
        /// `GET /check?subject=&measure=`
        case checks(BlacklistStore)
    }

    private let server: HTTPServer

    /// `failsOpen`: it answers also while it is not current. `now`: the wall clock; nil for a ledger that lives in other times.
    init(
        _ follower: FactFollower, _ answers: Answers, address: HTTPAddress, failsOpen: Bool,
        now: (@Sendable () -> Timestamp)?, logger: Logger
    ) {
        let lookUp = DownstreamAnswers(follower: follower, failsOpen: failsOpen, now: now)
        let routes = Routes(logger: logger)
        routes.get("livez") { _, _ in .text("ok\n") }
        routes.get("readyz") { _, _ in try await lookUp.readiness() }
        routes.get("metrics") { _, _ in .prometheus(lookUp.metrics) }
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

    /// Serves until the task is cancelled. Port 0 takes a free one; `listening` is told which.
    func run(listening: @escaping @Sendable (Int) -> Void) async throws {
        try await server.run(listening: listening)
    }

    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return .json(try encoder.encode(value), status: status)
    }
}
