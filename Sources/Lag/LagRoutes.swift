internal import Events
internal import Foundation
public import HTTP
internal import HTTPTypes
internal import Hummingbird
public import Logging

/// The routes for the lag that a watch measures. Each request wakes the watch if it is idle.
public struct LagRoutes: Sendable {
    /// The longest wait for the first report.
    private static let firstReport = Duration.seconds(15)

    private let watch: LagWatch
    private let title: String

    /// `title` is that of the pages.
    public init(_ watch: LagWatch, title: String) { (self.watch, self.title) = (watch, title) }

    /// `GET /lag`, the report as JSON, or its page for a browser, and `/lag/groups/NAME`, for a server that has other
    /// pages.
    public func lagRoutes(requires requirement: Route.Requirement) -> [Route] {
        let both = [Self.report, .page("The overview, for a browser.")]
        let lag = Route(
            .get, "/lag", name: "readLag", summary: "How far the groups are behind, and why.", tag: Self.tag,
            answers: both,
            requires: requirement
        ) { call in call.wantsPage ? try await overview(root: "/lag/") : try await report() }
        return [lag] + pages(root: "/lag/", requires: requirement)
    }

    private static let tag = "lag"
    private static let report = RouteAnswer.json("The report.", .object([], isOpen: true))

    private func pages(root: String, requires requirement: Route.Requirement) -> [Route] {
        let style = Route(
            .get, root + "style.css", name: "readLagStyle", summary: "The style of the pages.", tag: Self.tag,
            answers: [.text("The style sheet.", "text/css")], requires: requirement
        ) { _ in .text(LagPage.css, contentType: "text/css; charset=utf-8") }
        let group = Route(
            .get, root + "groups/{group}", name: "readLagOfGroup", summary: "The page of a group.", tag: Self.tag,
            parameters: [Self.segment("group", "The consumer group.")], answers: [.page("The group's page.")],
            requires: requirement
        ) { call in
            let name = call["group"] ?? ""
            let page = LagPage(try await state(), title: title, root: root, now: Self.now)
            guard let text = page.group(name, points: watch.points(of: name)) else {
                return .error("no such group is known", status: .notFound)
            }
            return .page(Array(text.utf8))
        }
        return [style, group]
    }

    /// A parameter for a name in Kafka.
    private static func segment(_ name: String, _ description: String) -> RouteParameter {
        RouteParameter(name, in: .path, .text(1...maximumName), example: "town", description)
    }

    private static let maximumName = 1024

    private func state() async throws -> LagWatch.State { try await watch.ask(within: Self.firstReport) }

    private static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

    private func overview(root: String) async throws -> Response {
        let page = LagPage(try await state(), title: title, root: root, now: Self.now)
        return .page(Array(page.overview { watch.points(of: $0) }.utf8))
    }

    /// A report that is not current is not returned as one.
    private func report() async throws -> Response {
        let state = try await state()
        guard state.isCurrent, let report = state.report else { return unknown(state) }
        return .chunks(report.jsonChunks, contentType: "application/json; charset=utf-8")
    }

    private func unknown(_ state: LagWatch.State) -> Response {
        .retryLater(state.failure.map { "the lag is not known: \($0)" } ?? "the first look is under way")
    }
}

// MARK: - A server of its own

extension LagRoutes {
    /// The routes of an exporter: the pages, `/lag`, `/metrics` with the names of kafka-lag-exporter beside Standing's,
    /// Burrow's `/v3/kafka/…`, `/livez` and `/readyz`. `cluster` is the cluster's name in metrics and in Burrow's
    /// paths. `brokers` are `HOST:PORT` each. `host` is the one that answers.
    public func all(cluster: String, brokers: [String], host: String, logger: Logger) -> RouteTable {
        let process = [
            Route(
                .get, "/", name: "readOverview", summary: "The overview.", tag: Self.tag,
                answers: [.page("The overview.")], requires: .authenticated
            ) { _ in try await overview(root: "/") },
            Route(
                .get, "/lag", name: "readLag", summary: "How far the groups are behind, and why.", tag: Self.tag,
                answers: [Self.report], requires: .authenticated
            ) { _ in try await report() },
            .liveness { .text("ok\n") },
            .readiness { readiness() },
            .metrics { _ in metrics(cluster: cluster) },
        ]
        let routes =
            process + pages(root: "/", requires: .authenticated)
            + burrowRoutes(cluster: cluster, brokers: brokers, host: host)
        return RouteTable(routes, RouteTable.Options(access: .open), logger: logger)
    }

    /// The paths of Burrow, with its own answers.
    private func burrowRoutes(cluster: String, brokers: [String], host: String) -> [Route] {
        let admin = Route(
            .get, "/burrow/admin", name: "readBurrowHealth", summary: "Burrow's health check.", tag: Self.tag,
            answers: [.text("GOOD")], requires: .authenticated
        ) { _ in .text("GOOD") }
        let paths = [
            "", "/{cluster}", "/{cluster}/topic", "/{cluster}/topic/{topic}", "/{cluster}/topic/{topic}/consumers",
            "/{cluster}/consumer", "/{cluster}/consumer/{group}", "/{cluster}/consumer/{group}/status",
            "/{cluster}/consumer/{group}/lag",
        ]
        return [admin]
            + paths.map { path in
                Route(
                    .get, Self.burrow + path, name: Self.burrowName(path), summary: "As Burrow answers it.",
                    tag: Self.tag,
                    parameters: ["cluster", "topic", "group"].filter { path.contains("{\($0)}") }.map {
                        Self.segment($0, "The \($0).")
                    },
                    answers: [.json("Burrow's answer.", .object([], isOpen: true))], requires: .authenticated
                ) { call in
                    let path = String(call.target.prefix { $0 != "?" })
                    return try await answerBurrow(path, cluster: cluster, brokers: brokers, host: host)
                }
            }
    }

    private static let burrow = "/v3/kafka"

    /// `/{cluster}/topic/{topic}` is `readBurrowClusterTopicTopic`.
    private static func burrowName(_ path: String) -> String {
        "readBurrow" + path.split { !$0.isLetter }.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    private func readiness() -> Response {
        let state = watch.ask()
        guard !state.isCurrent else { return .json { Self.write(isReady: true, to: &$0) } }
        let reason = state.failure ?? (state.report == nil ? "the first look is under way" : "the last look is too old")
        return .json(status: .serviceUnavailable) { Self.write(isReady: false, reasons: [reason], to: &$0) }
    }

    private static func write(isReady: Bool, reasons: [String] = [], to out: inout JSONWriter) {
        out.open()
        out.member("ready", isReady)
        if !isReady {
            out.member("error", "not current")
            out.member("reasons", reasons)
        }
        out.close()
    }

    private func metrics(cluster: String) -> Response {
        let state = watch.ask()
        var exposition = Exposition()
        exposition.addLag(state.report, age: state.age, isCurrent: state.isCurrent)
        let text = ExporterText(
            state.isCurrent ? state.report : nil, cluster: cluster, after: Array(exposition.text.utf8))
        return .chunks(text, contentType: "text/plain; version=0.0.4; charset=utf-8")
    }

    private func answerBurrow(
        _ path: String, cluster: String, brokers: [String], host: String
    ) async throws -> Response {
        let state = try await state()
        guard state.isCurrent, let report = state.report else {
            let message = state.failure ?? "the first look is under way"
            let answer = BurrowAnswers.error(message, path: path, host: host, isFound: true)
            return .json(answer.body, status: .serviceUnavailable)
        }
        let rest = path.dropFirst(Self.burrow.count).split(separator: "/")
        let segments = rest.compactMap { PercentEncoding.text($0) }
        guard segments.count == rest.count else {
            let answer = BurrowAnswers.error("invalid request", path: path, host: host, isFound: false)
            return .json(answer.body, status: .badRequest)
        }
        let answer = BurrowAnswers(report, cluster: cluster, brokers: brokers, host: host).answer(segments, path: path)
        return .json(answer.body, status: answer.isFound ? .ok : .notFound)
    }
}
