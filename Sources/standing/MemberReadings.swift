import Events
import Foundation
import Lag
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Asks members of Standing over HTTP what they say of themselves. Every call blocks.
final class MemberReadings: Sendable {
    /// Longest wait for an answer: a member that hangs costs no more.
    private static let seconds = 2.0
    /// A longer answer is none of a member.
    private static let maximumBytes = 4 << 20

    private let session: URLSession

    init() {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = Self.seconds
        configuration.timeoutIntervalForResource = Self.seconds
        configuration.httpShouldSetCookies = false
        session = URLSession(configuration: configuration)
    }

    deinit { session.invalidateAndCancel() }

    /// What the members at these addresses (`HOST:PORT`) say; `notes` says who did not answer.
    func ask(_ addresses: [String], _ notes: inout [String]) -> [MemberReading] {
        addresses.compactMap { address in
            guard let readiness = get(address, "/readyz") else {
                notes.append("member \(address.printable()): it does not answer")
                return nil
            }
            let metrics = get(address, "/metrics").map { String(decoding: $0, as: UTF8.self) }
            let reading = MemberReading(member: address.printable(), readiness: readiness, metrics: metrics)
            if reading == nil { notes.append("member \(address.printable()): this is none of a member's answers") }
            return reading
        }
    }

    /// The body, whatever the status: a member that is not ready answers with 503. Nil if there is none.
    private func get(_ address: String, _ path: String) -> Data? {
        guard let url = URL(string: "http://\(address)\(path)") else { return nil }
        let answer = Answer()
        let isDone = DispatchSemaphore(value: 0)
        let request = URLRequest(url: url, cachePolicy: .reloadIgnoringLocalCacheData)
        let task = session.dataTask(with: request) { body, _, _ in
            answer.body.withLock { $0 = body }
            isDone.signal()
        }
        task.resume()
        guard isDone.wait(timeout: .now() + Self.seconds) == .success else {
            task.cancel()
            return nil
        }
        return answer.body.withLock { $0 }.flatMap { $0.count <= Self.maximumBytes ? $0 : nil }
    }

    private final class Answer: Sendable {
        let body = Mutex<Data?>(nil)
    }
}
