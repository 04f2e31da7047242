import Access
import HTTPTypes
import Hummingbird
import NIOCore

@testable import HTTP

extension Route {
    /// An open `GET` with texts as parameters in the query.
    static func sample(_ path: String, taking names: [String] = [], _ handler: @escaping Handler) -> Route {
        let inPath = RoutePaths.segments(of: path).compactMap { RoutePaths.parameter($0) }
        let parameters =
            inPath.map { RouteParameter($0, in: .path, .text(1...64), "") }
            + names.map { RouteParameter($0, .text(0...64), "") }
        return Route(
            .get, path, name: "read\(path)", summary: "", tag: "sample", parameters: parameters, answers: [.json("")],
            requires: .open, handler)
    }
}

/// Replaces a connection, so that a table is tested without one.
struct TestClient {
    static let here = try? SocketAddress(ipAddress: "127.0.0.1", port: 4711)
    static let elsewhere = try? SocketAddress(ipAddress: "192.0.2.7", port: 4711)

    let table: RouteTable
    var address = here
    var authority = "127.0.0.1:8080"

    struct Received {
        let status: Int
        let fields: HTTPFields
        let body: String

        /// The code of a problem; nil if the answer is no problem.
        var code: String? {
            guard fields[.contentType] == Problem.mediaType else { return nil }
            return body.split(separator: "\"code\":\"").dropFirst().first?.split(separator: "\"").first.map(String.init)
        }
    }

    func send(_ path: String, _ fields: HTTPFields = [:]) async throws -> Received {
        try await send(.get, path, fields)
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, _ fields: HTTPFields = [:], body: String = ""
    ) async throws -> Received {
        let head = HTTPRequest(method: method, scheme: "http", authority: authority, path: path, headerFields: fields)
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(string: body)))
        let response = try await table.respond(to: request, context: Peer(address))
        let received = Body()
        try await response.body.write(received)
        return Received(status: response.status.code, fields: response.headers, body: received.text)
    }

    private final class Body: ResponseBodyWriter {
        private var buffer = ByteBuffer()
        var text: String { String(buffer: buffer) }
        func write(_ part: ByteBuffer) async throws { buffer.writeImmutableBuffer(part) }
        func finish(_: HTTPFields?) async throws {}
    }
}
