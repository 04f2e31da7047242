public import Access
internal import HTTPTypes
public import Hummingbird
internal import NIOCore

extension RouteTable {
    /// A whole answer of one of the table's routes.
    public struct Asked: Sendable {
        public let status: Int
        public let fields: HTTPFields
        public let body: [UInt8]

        public var isFound: Bool { status == 200 }
    }

    /// More is not taken into memory.
    public static let maximumAskedBytes = 32 << 20

    /// What a route answers to a `GET` of a caller who is proven already: a page of this server asks for what it shows. The
    /// declaration, the caller's permission, the purpose and the audit are as for a request. `target`: path and query,
    /// percent-encoded. `isRecorded`: false where the audit has the look already, of which this is a part; then nothing more is
    /// asked for and recorded but the permission.
    public func ask(
        _ target: String, for caller: Caller, purpose: String? = nil, isRecorded: Bool = true
    ) async -> Asked {
        var response: Response
        do {
            response = try await answer(target, caller, purpose: purpose, isRecorded: isRecorded)
        } catch let problem as Problem {
            response = problem.response
        } catch is BlockingWork.Busy {
            response = Problem.retryLater(code: "busy", "too many requests are under way").response
        } catch {
            response = .error("the request failed here", status: .internalServerError)
        }
        let collector = BodyCollector(maximum: Self.maximumAskedBytes)
        do {
            try await response.body.write(collector)
        } catch {
            response = Problem(.badGateway, code: "answer-too-large", "the answer is too large for a page").response
            return Asked(status: response.status.code, fields: response.headers, body: [])
        }
        return Asked(status: response.status.code, fields: response.headers, body: collector.bytes)
    }

    private func answer(
        _ target: String, _ caller: Caller, purpose: String?, isRecorded: Bool
    ) async throws -> Response {
        let head = HTTPRequest(method: .get, scheme: nil, authority: nil, path: target, headerFields: [:])
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer()))
        let (route, segments) = try route(for: request)
        let asking = Asking(caller: caller, isChecked: !isRecorded)
        guard route.requirement != .member else { throw Problem(.forbidden, code: "forbidden", "members alone ask it") }
        try requireRole(route, caller)
        let values = try values(of: route, segments, request)
        let subject: [UInt8]? =
            if case .subject(_, let name, _) = route.requirement { values[name].map { Array($0.utf8) } } else { nil }
        try await authorize(route, asking, subject, purpose: purpose)
        return try await route.handler(
            RouteCall(
                caller: caller, purpose: purpose, subject: subject, body: [], bodyType: nil, isForwarded: false,
                target: target, fields: [:], address: "", values: values, isStillAllowed: { true }))
    }
}

/// Takes a response's body into memory.
private final class BodyCollector: ResponseBodyWriter {
    struct TooLarge: Error {}

    private let maximum: Int
    private(set) var bytes: [UInt8] = []

    init(maximum: Int) { self.maximum = maximum }

    func write(_ buffer: ByteBuffer) throws {
        guard bytes.count + buffer.readableBytes <= maximum else { throw TooLarge() }
        bytes.append(contentsOf: buffer.readableBytesView)
    }

    func finish(_: HTTPFields?) {}
}
