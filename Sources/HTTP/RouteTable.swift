public import Access
internal import Foundation
internal import HTTPTypes
public import Hummingbird
public import Logging
internal import NIOCore

/// The routes of a server: finds the one that a request is for, checks the caller and the parameters against its declaration, and
/// answers every failure as a problem. It logs no path, because a path names a subject.
public struct RouteTable: HTTPResponder {
    public struct Options: Sendable {
        public var access: AccessRule
        /// Nil if nothing is recorded.
        public var audit: (any AuditLog)?
        /// Whether what cannot be recorded is refused. Without a gate everybody who asks is this machine itself.
        public var mustRecord = true
        /// Names under which the server may be asked, beside those of this machine. Without a gate no other name is answered; with one,
        /// any name is if this is empty.
        public var hosts: Set<String>
        /// The `Set-Cookie` that renews a session, by its token; nil if it is still good for long, or has ended.
        public var renewal: (@Sendable (_ session: String) -> String?)?
        /// Names of the cookie that has the session.
        public var sessionCookies: [String]
        /// Who other members say has asked them; nil if members have no secret.
        public var forwarded: ForwardedCallers?
        /// The page that answers a problem where people ask, nil for a problem as it is.
        public var page: (@Sendable (Problem, Request) -> Response?)?
        /// The document's title; nil if the table has no document.
        public var document: OpenAPIDocument.Heading?
        /// Counts who is refused; nil if nobody reads the numbers.
        public var refusals: Refusals?

        public init(
            access: AccessRule, audit: (any AuditLog)? = nil, hosts: Set<String> = [],
            sessionCookies: [String] = ["__Host-standing", "standing"],
            forwarded: ForwardedCallers? = nil,
            page: (@Sendable (Problem, Request) -> Response?)? = nil, document: OpenAPIDocument.Heading? = nil
        ) {
            (self.access, self.audit, self.sessionCookies) = (access, audit, sessionCookies)
            self.hosts = Set(hosts.map { HostNames.host(of: $0) })
            (self.forwarded, self.page, self.document) = (forwarded, page, document)
        }
    }

    /// The most bytes of a request's path and query.
    public static let maximumTargetBytes = 16 << 10
    /// The most bytes of a request's fields, names and values.
    public static let maximumFieldBytes = 32 << 10

    /// In the order of the document.
    public let routes: [Route]
    let options: Options
    private let paths: RoutePaths
    private let logger: Logger

    /// Two routes with the same method and path are a programming error, as is a declaration that contradicts the path.
    public init(_ routes: [Route], _ options: Options, logger: Logger) {
        var routes = routes
        if let heading = options.document { routes.append(OpenAPIDocument.route(heading, of: routes)) }
        self.routes = routes
        (self.options, self.logger) = (options, logger)
        paths = RoutePaths(routes.map(\.path))
        Self.check(routes)
    }

    private static func check(_ routes: [Route]) {
        precondition(Set(routes.map { "\($0.method) \($0.path)" }).count == routes.count, "two routes are the same")
        precondition(Set(routes.map(\.name)).count == routes.count, "two routes have the same name")
        for route in routes {
            precondition(!route.answers.isEmpty, "\(route.path): no answer is declared")
            let inPath = RoutePaths.segments(of: route.path).compactMap { RoutePaths.parameter($0) }
            let declared = route.parameters.filter { $0.location == .path }.map(\.name)
            precondition(Set(inPath) == Set(declared), "\(route.path): parameters of the path are not as declared")
            if case .subject(_, let name, _) = route.requirement {
                precondition(
                    route.parameters.contains { $0.name == name && $0.isRequired }, "\(route.path): no \(name)")
            }
        }
    }

    /// Never throws but when the task is cancelled.
    public func respond(to request: Request, context peer: Peer) async throws -> Response {
        var name: String?
        var response: Response
        do {
            if request.method == .post, request.uri.path == Self.forwardPath {
                return try await respond(to: try await forwarded(request), context: peer)
            }
            let (route, segments) = try route(for: request)
            name = route.path
            let call = try await call(route, segments, request, peer)
            response = try await route.handler(call)
            finish(&response, route, request)
        } catch let problem as Problem {
            options.refusals?.add(problem)
            response = options.page?(problem, request) ?? problem.response
            if let allow = problem.fields[.allow] { response.headers[.allow] = allow }
            response.headers.addSecurity(isPersonal: true)
        } catch let denial as Denial {
            let problem = Problem(denial)
            options.refusals?.add(problem)
            response = problem.response
            response.headers.addSecurity(isPersonal: true)
        } catch is BlockingWork.Busy {
            response = Problem.retryLater(code: "busy", "too many requests are under way").response
            response.headers.addSecurity(isPersonal: true)
        } catch {
            if Task.isCancelled { throw error }
            // The error's text may name a subject.
            logger.error(
                "a request failed", metadata: ["path": "\(name ?? "unknown")", "error": "\(type(of: error))"])
            response = .error("the request failed here; the log names the error", status: .internalServerError)
            response.headers.addSecurity(isPersonal: true)
        }
        return request.method == .head ? response.createHeadResponse() : response
    }

    /// Where a member sends requests on to another: `POST`, and the body is the target of a `GET`. It is not in the document, because no
    /// client needs it, and gives nobody what the `GET` would not.
    public static let forwardPath = "/forwarded"

    /// The request in the body of one that another member has sent on.
    private func forwarded(_ request: Request) async throws -> Request {
        try refuseCrossSite(request)
        let target: String?
        do {
            let body = try await request.body.collect(upTo: Self.maximumTargetBytes)
            target = String(validating: body.readableBytesView, as: UTF8.self)
        } catch is NIOTooManyBytesError {
            target = nil
        } catch {
            throw try Self.unreadable(error)
        }
        guard let target, target.hasPrefix("/"), target.utf8.allSatisfy({ (0x21..<0x7F).contains($0) }) else {
            throw Problem(.badRequest, code: "target-malformed", "the body is the path and the query of a GET")
        }
        var fields = request.headers
        for name in [HTTPField.Name.contentType, .contentLength, .transferEncoding] { fields[name] = nil }
        fields[.standingForwarded] = "1"
        let head = HTTPRequest(
            method: .get, scheme: request.head.scheme, authority: request.head.authority, path: target,
            headerFields: fields)
        return Request(head: head, body: RequestBody(buffer: ByteBuffer()))
    }

    /// The route of a request's method and path, and the path's segments as they arrived.
    func route(for request: Request) throws -> (Route, [Substring]) {
        let target = request.head.path ?? ""
        guard target.utf8.count <= Self.maximumTargetBytes else {
            throw Problem(
                .uriTooLong, code: "target-too-long",
                "the path and the query have at most \(Self.maximumTargetBytes) bytes")
        }
        guard target.utf8.first == UInt8(ascii: "/") || target.contains("://") else {
            throw Problem(.badRequest, code: "target-malformed", "the request's target is not a path")
        }
        let fieldBytes = request.headers.reduce(0) { $0 + $1.name.rawName.utf8.count + $1.value.utf8.count }
        guard fieldBytes <= Self.maximumFieldBytes else {
            throw Problem(
                .requestHeaderFieldsTooLarge, code: "fields-too-large",
                "the request's fields have at most \(Self.maximumFieldBytes) bytes")
        }
        // The first one is the authority. Another would let a proxy and this server disagree about who is asked.
        guard !request.headers.contains(.secondHost) else {
            throw Problem(.badRequest, code: "host-twice", "the request has more than one Host")
        }
        let segments = RoutePaths.segments(of: request.uri.path)
        let found = paths.routes(of: segments).map { routes[$0] }
        guard !found.isEmpty else { throw Problem(.notFound, code: "no-such-path", "not found") }
        let method = request.method == .head ? HTTPRequest.Method.get : request.method
        if let route = found.first(where: { $0.method.rawValue == method.rawValue }) { return (route, segments) }
        let allowed = Set(found.flatMap { $0.method == .get ? ["GET", "HEAD"] : [$0.method.rawValue] }).sorted()
        throw Problem(
            .methodNotAllowed, code: "method-not-allowed", "this path answers \(allowed.joined(separator: ", "))",
            fields: [.allow: allowed.joined(separator: ", ")])
    }

    /// The call, once all that the route demands of the request is so.
    private func call(
        _ route: Route, _ segments: [Substring], _ request: Request, _ peer: Peer
    ) async throws -> RouteCall {
        // Another member's word covers the body, too.
        let sealed = route.requirement == .member ? try await body(of: route, request) : nil
        let asking = try await asking(route, request, peer, body: sealed?.bytes ?? [])
        try requireRole(route, asking.caller)
        let values = try values(of: route, segments, request)
        let subject: [UInt8]? =
            if case .subject(_, let name, _) = route.requirement { values[name].map { Array($0.utf8) } } else { nil }
        let purpose = values[RouteParameter.purpose.name] ?? values[RouteParameter.purposeHeader.name]
        try await authorize(route, asking, subject, purpose: purpose)
        let body = if let sealed { sealed } else { try await body(of: route, request) }
        return RouteCall(
            caller: asking.caller, purpose: purpose, subject: subject, body: body.bytes, bodyType: body.type,
            isForwarded: request.headers[.standingForwarded] != nil,
            target: request.uri.path + (request.uri.query.map { "?\($0)" } ?? ""),
            fields: request.headers, address: peer.address, values: values,
            isStillAllowed: { [subject] in await isStillAllowed(route, request, peer, subject) })
    }

    /// The bytes of the body, and its media type.
    private func body(of route: Route, _ request: Request) async throws -> (bytes: [UInt8], type: String?) {
        guard let declared = route.body else { return ([], nil) }
        let tooLarge = Problem(
            .contentTooLarge, code: "body-too-large", "the body has at most \(declared.maximumBytes) bytes")
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > declared.maximumBytes {
            throw tooLarge
        }
        let type = request.headers[.contentType].map(Self.mediaType)
        if let type, type != declared.mediaType {
            throw Problem(.unsupportedMediaType, code: "media-type", "the body is \(declared.mediaType)")
        }
        let bytes: [UInt8]
        do {
            bytes = Array(buffer: try await request.body.collect(upTo: declared.maximumBytes))
        } catch is NIOTooManyBytesError {
            throw tooLarge
        } catch {
            throw try Self.unreadable(error)
        }
        guard !bytes.isEmpty else {
            if declared.isRequired { throw Problem(.badRequest, code: "body-missing", "the request has no body") }
            return ([], nil)
        }
        guard type != nil else {
            throw Problem(
                .unsupportedMediaType, code: "media-type", "name the body's Content-Type, \(declared.mediaType)")
        }
        return (bytes, type)
    }

    /// The answer to a body that cannot be read. The client has sent no more of it, or bytes that are no body: it is no failure of this
    /// server, and nothing for its log.
    private static func unreadable(_ error: any Error) throws -> Problem {
        if Task.isCancelled { throw error }
        return Problem(.badRequest, code: "body-unreadable", "the body does not arrive as the request's fields say")
    }

    private static func mediaType(_ field: String) -> String {
        field.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
    }
}

extension Array<UInt8> {
    init(buffer: ByteBuffer) { self = Array(buffer.readableBytesView) }
}
