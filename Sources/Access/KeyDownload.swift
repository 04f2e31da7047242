internal import Foundation
internal import Synchronization

#if canImport(FoundationNetworking)
    internal import FoundationNetworking
#endif

/// Gets an issuer's keys. No redirect is followed, and size and time are limited.
final class KeyDownload: Sendable {
    private static let timeLimit = Duration.seconds(5)

    private let url: URL
    private let session: URLSession
    private let transfers = Transfers()

    init(_ url: URL) {
        self.url = url
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = Self.timeLimit / .seconds(1)
        configuration.httpShouldSetCookies = false
        session = URLSession(configuration: configuration, delegate: transfers, delegateQueue: nil)
    }

    deinit { session.invalidateAndCancel() }

    /// The body of the answer.
    func get() async throws(AccessMistake) -> [UInt8] {
        var request = URLRequest(url: url, cachePolicy: .reloadIgnoringLocalCacheData)
        request.setValue("application/jwk-set+json, application/json", forHTTPHeaderField: "Accept")
        let task = session.dataTask(with: request)
        // The session's own limits are of the time between two bytes.
        let timer = Task {
            try await Task.sleep(for: Self.timeLimit)
            task.cancel()
        }
        defer { timer.cancel() }
        switch await transfers.run(task) {
        case .success(let bytes): return bytes
        case .failure(let mistake): throw mistake
        }
    }
}

/// The transfers in progress, and their delegate.
private final class Transfers: NSObject, URLSessionDataDelegate {
    typealias Outcome = Result<[UInt8], AccessMistake>

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
                // If the task was cancelled before, the delegate is not called.
                if Task.isCancelled { end(task) { _ in .failure(AccessMistake("no answer")) } }
            }
        } onCancel: {
            task.cancel()
        }
    }

    /// The first end of a transfer counts.
    private func end(_ task: URLSessionTask, _ outcome: (Transfer) -> Outcome) {
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
            if count + data.count > TokenKeys.maximumBytes { transfers[number]?.isTooLarge = true }
            guard transfers[number]?.isTooLarge == false else { return true }
            transfers[number]?.body += data
            return false
        }
        if isTooLarge { dataTask.cancel() }
    }

    func urlSession(_: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        end(task) { transfer in
            if transfer.isTooLarge { return .failure(AccessMistake("more than \(TokenKeys.maximumBytes) bytes")) }
            guard error == nil, let answer = task.response as? HTTPURLResponse else {
                return .failure(AccessMistake("no answer"))
            }
            guard answer.statusCode == 200 else { return .failure(AccessMistake("status \(answer.statusCode)")) }
            return .success(transfer.body)
        }
    }
}
