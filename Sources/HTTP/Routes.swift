public import Events
internal import HTTPTypes
public import Hummingbird
public import Logging

/// The paths that a server answers. A failure is answered with `{"error":…}`, never with an empty body.
public struct Routes {
    private let router = Router(context: BasicRequestContext.self, options: .autoGenerateHeadEndpoints)
    private(set) var promptRoutes: [PromptRoute] = []

    /// `logger` logs requests that fail here with the route's pattern, because a path names a subject.
    public init(logger: Logger) { router.add(middleware: JSONErrors(logger: logger)) }

    /// Answers `GET path`, and `HEAD path` without the body. `known` lists the query parameters that the path
    /// accepts, each at most once. Any other parameter is refused.
    public func get(
        _ path: RouterPath, taking known: [String] = [],
        _ answer: @escaping @Sendable (Request, BasicRequestContext) async throws -> Response
    ) {
        router.get(path) { request, context -> Response in
            let names = request.uri.queryParameters.map { String($0.key) }
            if let mistake = Self.mistake(in: names, known: known) { return .error(mistake, status: .badRequest) }
            return try await answer(request, context)
        }
    }

    /// Answers without the router if there is nothing to wait for. The path is `prefix`, which ends in `/`, and one
    /// more segment without a query. `answer` gets that segment as it arrived; it returns what the path's route would
    /// return, or nil to leave the answer to the router. It must not block, because it is called on an event loop.
    public mutating func answerAtOnce(
        _ prefix: String, _ answer: @escaping @Sendable (_ segment: Substring) -> Answer?
    ) {
        promptRoutes.append(PromptRoute(prefix: prefix, answer: answer))
    }

    var responder: RouterResponder<BasicRequestContext> { router.buildResponder() }

    /// The error in the names of a query's parameters, each of which may occur once; nil if there is none.
    static func mistake(in names: [String], known: [String]) -> String? {
        var seen: Set<String> = []
        for name in names {
            guard known.contains(name) else {
                let mend = known.isEmpty ? "this path takes none" : "this path takes \(known.joined(separator: ", "))"
                return "unknown query parameter \"\(name.prefix(64))\"; \(mend)"
            }
            guard seen.insert(name).inserted else { return "the query parameter \(name) stands there twice" }
        }
        return nil
    }
}

/// Answers what a route throws, and the router's own errors, as JSON. The answer to `HEAD` has no body.
private struct JSONErrors: RouterMiddleware {
    let logger: Logger

    func handle(
        _ request: Request, context: BasicRequestContext,
        next: (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        let response = try await answer(request, context: context, next: next)
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(
        _ request: Request, context: BasicRequestContext,
        next: (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError {
            return .error(error.body ?? error.status.reasonPhrase.lowercased(), status: error.status)
        } catch is BlockingWork.Busy {
            return .retryLater("too many requests are under way")
        } catch {
            if Task.isCancelled { throw error }
            // The error's text may name a subject.
            logger.error(
                "a request failed",
                metadata: ["path": "\(context.endpointPath ?? "unknown")", "error": "\(type(of: error))"])
            return .error("the request failed here; the log names the error", status: .internalServerError)
        }
    }
}

extension Response {
    /// `{"error":…}`
    public static func error(_ message: String, status: HTTPResponse.Status) -> Response {
        Response(Answer.error(message, status: status))
    }

    /// The answer of `/livez`: 503 after a thread has made no progress for `limit`. A supervisor such as Kubernetes then ends the
    /// process.
    public static func liveness(standstill: Duration, limit: Duration) -> Response {
        guard standstill >= limit else { return .text("ok\n") }
        return .error("a thread stands still for \(standstill.components.seconds) s", status: .serviceUnavailable)
    }

    /// 503: the client should repeat the request in a second.
    public static func retryLater(_ message: String) -> Response {
        var response = error(message, status: .serviceUnavailable)
        response.headers[.retryAfter] = "1"
        return response
    }

    public static func json(
        status: HTTPResponse.Status = .ok, _ write: (inout ByteWriter) -> Void
    ) -> Response {
        Response(Answer.json(status: status, write))
    }

    public static func json(_ bytes: some Sequence<UInt8>, status: HTTPResponse.Status = .ok) -> Response {
        Response(Answer.json(bytes, status: status))
    }

    public static func text(_ text: String, contentType: String = "text/plain; charset=utf-8") -> Response {
        Response(
            status: .ok, headers: [.contentType: contentType],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    /// Metrics in the format that the request prefers.
    public static func metrics(_ exposition: Exposition, for request: Request) -> Response {
        let format = Exposition.Format(accept: request.headers[values: .accept])
        return .text(exposition.text(as: format), contentType: format.contentType)
    }
}
