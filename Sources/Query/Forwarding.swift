import Foundation
import HTTP
import HTTPTypes
import Hummingbird
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Asks the member that owns a subject's ledger partition, and hands its answer on. Whoever may write the members topic
/// says where that is, so nothing that comes from there is trusted: no redirect is followed, size and time are limited, and
/// only an answer about that ledger partition is handed on.
struct Forwarding: Sendable {
    /// What came of a question.
    enum Outcome: Sendable {
        case answer(Response)
        /// Its answer is greater than `maximumBytes`.
        case tooLarge
        /// No answer, none about this partition, or one that it does not own the partition, or not yet.
        case none
    }

    static let maximumBytes = 16 << 20
    private static let timeLimit: TimeInterval = 5
    /// In a request: another member sent it, so it is not sent on once more.
    static let forwarded = HTTPField.Name("standing-forwarded")!
    /// In an answer: who gave it.
    static let member = HTTPField.Name("standing-member")!
    /// What a member can answer for a subject: a standing, that there is none, and what is wrong with the question.
    private static let statuses = [200, 400, 404, 500, 501]

    private let session: URLSession
    private let transfers = Transfers()

    init() {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = Self.timeLimit
        configuration.timeoutIntervalForResource = Self.timeLimit
        configuration.httpShouldSetCookies = false
        session = URLSession(configuration: configuration, delegate: transfers, delegateQueue: nil)
    }

    /// `path`: with the query, percent-encoded as it came.
    func ask(_ address: HTTPAddress, about partition: Int, path: String) async -> Outcome {
        guard path.hasPrefix("/"), let url = URL(string: "http://\(address)\(path)") else { return .none }
        var request = URLRequest(url: url, cachePolicy: .reloadIgnoringLocalCacheData)
        request.setValue("1", forHTTPHeaderField: Self.forwarded.canonicalName)
        let (answer, body): (HTTPURLResponse, [UInt8])
        switch await transfers.run(session.dataTask(with: request)) {
        case .whole(let whole, let bytes): (answer, body) = (whole, bytes)
        case .tooLarge: return .tooLarge
        case .failed: return .none
        }
        func header(_ name: HTTPField.Name) -> String? { answer.value(forHTTPHeaderField: name.canonicalName) }
        guard Self.statuses.contains(answer.statusCode), header(.contentType)?.hasPrefix("application/json") == true,
            header(.ledgerPartition) == String(partition)
        else { return .none }
        var response = Response.json(body, status: .init(code: answer.statusCode))
        for name in HTTPField.Name.ofAnswer { response.headers[name] = header(name) }
        response.headers[Self.member] = "\(address)"
        return .answer(response)
    }
}

/// Answers as they come in.
private final class Transfers: NSObject, URLSessionDataDelegate {
    enum Outcome: Sendable {
        case whole(HTTPURLResponse, [UInt8])
        case tooLarge
        case failed
    }

    private struct Transfer {
        let continuation: CheckedContinuation<Outcome, Never>
        var body: [UInt8] = []
        var isTooLarge = false
    }

    /// By the task's identifier.
    private let transfers = Mutex<[Int: Transfer]>([:])

    func run(_ task: URLSessionDataTask) async -> Outcome {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                transfers.withLock { $0[task.taskIdentifier] = Transfer(continuation: continuation) }
                task.resume()
            }
        } onCancel: {
            task.cancel()
        }
    }

    func urlSession(
        _: URLSession, task _: URLSessionTask, willPerformHTTPRedirection _: HTTPURLResponse,
        newRequest _: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) { completionHandler(nil) }

    func urlSession(_: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let isTooLarge = transfers.withLock { transfers in
            let count = transfers[dataTask.taskIdentifier]?.body.count ?? 0
            if count + data.count > Forwarding.maximumBytes { transfers[dataTask.taskIdentifier]?.isTooLarge = true }
            guard transfers[dataTask.taskIdentifier]?.isTooLarge == false else { return true }
            transfers[dataTask.taskIdentifier]?.body += data
            return false
        }
        if isTooLarge { dataTask.cancel() }
    }

    func urlSession(_: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        guard let transfer = transfers.withLock({ $0.removeValue(forKey: task.taskIdentifier) }) else { return }
        let outcome: Outcome =
            if transfer.isTooLarge { .tooLarge } else if error == nil, let answer = task.response as? HTTPURLResponse {
                .whole(answer, transfer.body)
            } else { .failed }
        transfer.continuation.resume(returning: outcome)
    }
}
