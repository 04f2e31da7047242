public import Events
internal import HTTPTypes
public import Hummingbird
public import Logging

/// The paths that a server answers. What fails is answered with `{"error":…}`, never with an empty body.
public struct Routes {
    private let router = Router(context: BasicRequestContext.self, options: .autoGenerateHeadEndpoints)
    private(set) var promptRoutes: [PromptRoute] = []

    /// `logger` logs requests that fail here, by the route's pattern, because a path names a subject.
    public init(logger: Logger) { router.add(middleware: JSONErrors(logger: logger)) }

    /// Answers `GET path`, and `HEAD path` without the body. `known`: the query parameters that it takes, each once; any other
    /// is refused.
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

    /// Answers without the router where there is nothing to wait for: a path of `prefix`, which ends in `/`, and one more segment,
    /// which `answer` receives as it came, without a query. Nil: the router answers, as it answers everything that it is better to
    /// have no second opinion about. What `answer` gives is to be what the path's route would give. It must not block: it is
    /// called on an event loop.
    public mutating func answerAtOnce(
        _ prefix: String, _ answer: @escaping @Sendable (_ segment: Substring) -> Answer?
    ) {
        promptRoutes.append(PromptRoute(prefix: prefix, answer: answer))
    }

    var responder: RouterResponder<BasicRequestContext> { router.buildResponder() }

    /// What is wrong with the names of a query's parameters, of which each may stand once; nil if nothing is.
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

/// Answers what a route throws, and the router's own errors, in the form of ours. What answers `HEAD` has no body.
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
            // What an error says may name a subject.
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

    /// Of `/livez`. 503 once a thread has stood still for `limit`: whoever watches the process, as Kubernetes does, ends it then.
    public static func liveness(standstill: Duration, limit: Duration) -> Response {
        guard standstill >= limit else { return .text("ok\n") }
        return .error("a thread stands still for \(standstill.components.seconds) s", status: .serviceUnavailable)
    }

    /// 503: what fails now is to be asked for once more in a second.
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

    /// Metrics, in the format that the request wants.
    public static func metrics(_ exposition: Exposition, for request: Request) -> Response {
        let format = Exposition.Format(accept: request.headers[values: .accept])
        return .text(exposition.text(as: format), contentType: format.contentType)
    }
}
