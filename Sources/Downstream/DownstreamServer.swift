import Events
import Foundation
import HTTP
import Hummingbird
import Kafka
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

    /// A standstill after which the group has taken the follower for dead.
    private static let standstillLimit = Duration.milliseconds(Consumer.Options.standardPollInterval)

    private let server: HTTPServer

    init(
        _ follower: FactFollower, _ answers: Answers, address: HTTPAddress, options: DownstreamService.Options,
        logger: Logger
    ) {
        let lookUp = DownstreamAnswers(follower: follower, options: options)
        var routes: [Route] = [
            .liveness { .liveness(standstill: follower.standstill, limit: Self.standstillLimit) },
            .readiness { try await lookUp.readiness() },
            .metrics { call in .metrics(lookUp.metrics, for: call) },
        ]
        switch answers {
        case .perks(let store): routes.append(Self.perks(lookUp, store))
        case .checks(let store): routes.append(Self.check(lookUp, store))
        }
        let table = RouteTable(routes, RouteTable.Options(access: .open), logger: logger)
        server = HTTPServer(table, address: address, logger: logger)
    }

    private static func perks(_ lookUp: DownstreamAnswers, _ store: PerksStore) -> Route {
        Route(
            .get, "/subjects/{id}/perks", name: "readPerks", summary: "The perks that a subject has.", tag: "facts",
            parameters: [.subject()], answers: [.json("The perks.")], requires: .authenticated
        ) { call in try await lookUp.perks(of: call["id"] ?? "", in: store) }
    }

    private static func check(_ lookUp: DownstreamAnswers, _ store: BlacklistStore) -> Route {
        Route(
            .get, "/check", name: "check", summary: "Whether a measure is blocked for a subject.", tag: "facts",
            parameters: [
                .subject("subject", in: .query),
                RouteParameter(
                    "measure", .text(1...maximumMeasure), isRequired: true, example: "air-travel",
                    "The policy's name of it."),
            ], answers: [.json("Whether it is allowed, and the sanctions that block it.")], requires: .authenticated
        ) { call in
            try await lookUp.check(call["measure"] ?? "", of: call["subject"] ?? "", in: store)
        }
    }

    /// The most characters of a measure's name.
    private static let maximumMeasure = 256

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
