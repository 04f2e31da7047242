import Foundation
import HTTPTypes
import Hummingbird

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Asks the member that owns a subject's ledger partition, and hands its answer on.
struct Forwarding: Sendable {
    private static let patience: TimeInterval = 5
    /// In a request: another member sent it, so it is not sent on once more.
    static let forwarded = HTTPField.Name("standing-forwarded")!
    /// In an answer: who gave it.
    static let member = HTTPField.Name("standing-member")!

    private let session: URLSession

    init() {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = Self.patience
        configuration.timeoutIntervalForResource = Self.patience
        session = URLSession(configuration: configuration)
    }

    /// Nil: no answer from there, or it does not own the partition either, or not yet. `path`: with the query, percent-encoded as it came.
    func ask(_ address: String, path: String) async -> Response? {
        guard let url = URL(string: "http://\(address)\(path)") else { return nil }
        var request = URLRequest(url: url, cachePolicy: .reloadIgnoringLocalCacheData)
        request.setValue("1", forHTTPHeaderField: Self.forwarded.canonicalName)
        guard let (body, answer) = try? await session.data(for: request), let answer = answer as? HTTPURLResponse,
            answer.statusCode != HTTPResponse.Status.misdirectedRequest.code,
            answer.statusCode != HTTPResponse.Status.serviceUnavailable.code
        else { return nil }
        var headers = HTTPFields()
        for (name, value) in answer.allHeaderFields {
            guard let name = (name as? String).flatMap({ HTTPField.Name($0) }), let value = value as? String,
                name == .contentType || name.canonicalName.hasPrefix("standing-")
            else { continue }
            headers[name] = value
        }
        headers[Self.member] = address
        return Response(
            status: .init(code: answer.statusCode), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}
