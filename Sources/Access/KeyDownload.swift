internal import Foundation

#if canImport(FoundationNetworking)
    internal import FoundationNetworking
#endif

/// Gets an issuer's keys.
struct KeyDownload: Sendable {
    private let url: URL
    private let session = LimitedSession(maximumBytes: TokenKeys.maximumBytes, within: .seconds(5))

    init(_ url: URL) { self.url = url }

    /// The body of the answer.
    func get() async throws(AccessMistake) -> [UInt8] {
        var request = URLRequest(url: url, cachePolicy: .reloadIgnoringLocalCacheData)
        request.setValue("application/jwk-set+json, application/json", forHTTPHeaderField: "Accept")
        switch await session.send(request) {
        case .whole(let answer, let body):
            guard answer.statusCode == 200 else { throw AccessMistake("status \(answer.statusCode)") }
            return body
        case .tooLarge: throw AccessMistake("more than \(TokenKeys.maximumBytes) bytes")
        case .failed: throw AccessMistake("no answer")
        }
    }
}
