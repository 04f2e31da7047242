public import Hummingbird

/// The routes of every server, which supervisors and monitors ask: open to anybody.
extension Route {
    private static let tag = "process"

    /// `GET /livez`
    public static func liveness(_ answer: @escaping @Sendable () async throws -> Response) -> Route {
        Route(
            .get, "/livez", name: "checkLiveness", summary: "Whether the process makes progress.", tag: tag,
            answers: [.text("It does.")], requires: .open
        ) { _ in try await answer() }
    }

    /// `GET /readyz`
    public static func readiness(_ answer: @escaping @Sendable () async throws -> Response) -> Route {
        let schema = JSONSchema.object([.init("ready", .boolean)], isOpen: true)
        return Route(
            .get, "/readyz", name: "checkReadiness", summary: "Whether the process does what its roles are.", tag: tag,
            answers: [
                .json("It does.", schema),
                RouteAnswer(503, "It does not; the reasons are named.", "application/json", schema),
            ],
            requires: .open
        ) { _ in try await answer() }
    }

    /// `GET /metrics`
    public static func metrics(_ answer: @escaping @Sendable (RouteCall) async throws -> Response) -> Route {
        Route(
            .get, "/metrics", name: "readMetrics", summary: "What the process measures, for Prometheus.", tag: tag,
            answers: [
                .text("The text format."), .text("The text format of OpenMetrics.", "application/openmetrics-text"),
            ], requires: .open
        ) { call in try await answer(call) }
    }
}
