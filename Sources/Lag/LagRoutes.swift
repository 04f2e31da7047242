internal import Events
internal import Foundation
public import HTTP
internal import HTTPTypes
internal import Hummingbird
public import Logging

/// What is answered of the lag that a watch measures. Each path asks the watch to look, if it rests.
public struct LagRoutes: Sendable {
    /// Longest wait for the first report.
    private static let firstReport = Duration.seconds(15)

    private let watch: LagWatch
    private let title: String

    /// `title`: of the pages.
    public init(_ watch: LagWatch, title: String) { (self.watch, self.title) = (watch, title) }

    /// `GET /lag`, the report as JSON, or its page for a browser, and `/lag/groups/NAME`, for a server that has other pages.
    public func addLag(to routes: Routes) {
        routes.get("lag") { request, _ in
            request.headers[.accept]?.contains("text/html") == true
                ? try await overview(root: "/lag/") : try await report()
        }
        addPages(to: routes, root: "/lag/")
    }

    private func addPages(to routes: Routes, root: String) {
        routes.get(RouterPath(root + "style.css")) { _, _ in
            .text(LagPage.css, contentType: "text/css; charset=utf-8")
        }
        routes.get(RouterPath(root + "groups/:group")) { _, context in
            guard let name = try context.parameters.require("group").removingPercentEncoding else {
                return .error("the path is not valid percent-encoded UTF-8", status: .badRequest)
            }
            let page = LagPage(try await state(), title: title, root: root, now: Self.now)
            guard let text = page.group(name, points: watch.points(of: name)) else {
                return .error("no such group is known", status: .notFound)
            }
            return .page(Array(text.utf8))
        }
    }

    private func state() async throws -> LagWatch.State { try await watch.ask(within: Self.firstReport) }

    private static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

    private func overview(root: String) async throws -> Response {
        let page = LagPage(try await state(), title: title, root: root, now: Self.now)
        return .page(Array(page.overview { watch.points(of: $0) }.utf8))
    }

    /// A report that is not current is not handed out as one.
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
    /// The routes of an exporter: the pages, `/lag`, `/metrics` with the names of kafka-lag-exporter beside our own, Burrow's
    /// `/v3/kafka/…`, `/livez` and `/readyz`. `cluster`: what the cluster is called in metrics and in Burrow's paths; `brokers`:
    /// `HOST:PORT` each; `host`: who answers.
    public func all(cluster: String, brokers: [String], host: String, logger: Logger) -> Routes {
        let routes = Routes(logger: logger)
        routes.get("/") { _, _ in try await overview(root: "/") }
        addPages(to: routes, root: "/")
        routes.get("lag") { _, _ in try await report() }
        routes.get("livez") { _, _ in .text("ok\n") }
        routes.get("readyz") { _, _ in readiness() }
        routes.get("metrics") { _, _ in metrics(cluster: cluster) }
        routes.get("burrow/admin") { _, _ in .text("GOOD") }
        for path in [
            "", "/:cluster", "/:cluster/topic", "/:cluster/topic/:topic", "/:cluster/topic/:topic/consumers",
            "/:cluster/consumer", "/:cluster/consumer/:group", "/:cluster/consumer/:group/status",
            "/:cluster/consumer/:group/lag",
        ] {
            routes.get(RouterPath(Self.burrow + path)) { request, _ in
                try await answerBurrow(request.uri.path, cluster: cluster, brokers: brokers, host: host)
            }
        }
        return routes
    }

    private static let burrow = "/v3/kafka"

    private func readiness() -> Response {
        let state = watch.ask()
        guard !state.isCurrent else { return .json { $0.append("{\"ready\":true}") } }
        let reason = state.failure ?? (state.report == nil ? "the first look is under way" : "the last look is too old")
        return .json(status: .serviceUnavailable) { out in
            out.append("{\"ready\":false,\"error\":\"not current\",\"reasons\":[")
            out.append(jsonString: reason)
            out.append("]}")
        }
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
        let segments = rest.compactMap { String($0).removingPercentEncoding }
        guard segments.count == rest.count else {
            let answer = BurrowAnswers.error("invalid request", path: path, host: host, isFound: false)
            return .json(answer.body, status: .badRequest)
        }
        let answer = BurrowAnswers(report, cluster: cluster, brokers: brokers, host: host).answer(segments, path: path)
        return .json(answer.body, status: answer.isFound ? .ok : .notFound)
    }
}
