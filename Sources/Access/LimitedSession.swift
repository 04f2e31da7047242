internal import Foundation
internal import Synchronization

#if canImport(FoundationNetworking)
    public import FoundationNetworking
#endif

/// Sends requests over HTTP to servers that are not trusted: no redirect is followed, no cookie is stored, and an answer has a limited
/// size and time.
public final class LimitedSession: Sendable {
    public enum Outcome: Sendable {
        case whole(HTTPURLResponse, body: [UInt8])
        /// The answer's body is greater than allowed.
        case tooLarge
        case failed
    }

    private let session: URLSession
    private let transfers: Transfers
    private let timeLimit: Duration

    public init(maximumBytes: Int, within timeLimit: Duration) {
        transfers = Transfers(maximumBytes: maximumBytes)
        self.timeLimit = timeLimit
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = timeLimit / .seconds(1)
        configuration.httpShouldSetCookies = false
        session = URLSession(configuration: configuration, delegate: transfers, delegateQueue: nil)
    }

    deinit { session.invalidateAndCancel() }

    public func send(_ request: URLRequest) async -> Outcome {
        let task = session.dataTask(with: request)
        // The session's own limits are of the time between two bytes.
        let timer = Task { [timeLimit] in
            try await Task.sleep(for: timeLimit)
            task.cancel()
        }
        defer { timer.cancel() }
        return await transfers.run(task)
    }
}

/// The transfers in progress, and their delegate.
private final class Transfers: NSObject, URLSessionDataDelegate {
    private struct Transfer {
        let continuation: CheckedContinuation<LimitedSession.Outcome, Never>
        var body: [UInt8] = []
        var isTooLarge = false
    }

    private let maximumBytes: Int
    /// By the task's identifier.
    private let transfers = Mutex<[Int: Transfer]>([:])

    init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    func run(_ task: URLSessionDataTask) async -> LimitedSession.Outcome {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                transfers.withLock { $0[task.taskIdentifier] = Transfer(continuation: continuation) }
                task.resume()
                // If the task was cancelled before, the delegate is not called.
                if Task.isCancelled { end(task) { _ in .failed } }
            }
        } onCancel: {
            task.cancel()
        }
    }

    /// The first end of a transfer counts.
    private func end(_ task: URLSessionTask, _ outcome: (Transfer) -> LimitedSession.Outcome) {
        guard let transfer = transfers.withLock({ $0.removeValue(forKey: task.taskIdentifier) }) else { return }
        transfer.continuation.resume(returning: outcome(transfer))
    }

    func urlSession(
        _: URLSession, task _: URLSessionTask, willPerformHTTPRedirection _: HTTPURLResponse,
        newRequest _: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) { completionHandler(nil) }

    func urlSession(_: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let number = dataTask.taskIdentifier
        let isTooLarge = transfers.withLock { transfers in
            let count = transfers[number]?.body.count ?? 0
            if count + data.count > maximumBytes { transfers[number]?.isTooLarge = true }
            guard transfers[number]?.isTooLarge == false else { return true }
            transfers[number]?.body += data
            return false
        }
        if isTooLarge { dataTask.cancel() }
    }

    func urlSession(_: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        end(task) { transfer in
            if transfer.isTooLarge { return .tooLarge }
            guard error == nil, let answer = task.response as? HTTPURLResponse else { return .failed }
            return .whole(answer, body: transfer.body)
        }
    }
}
