internal import Access
internal import Foundation
public import HTTP
internal import HTTPTypes
internal import Hummingbird
internal import Synchronization

#if canImport(FoundationNetworking)
    internal import FoundationNetworking
#endif

/// Asks the member that owns a subject's ledger partition, and hands its answer on. Whoever may write the members topic
/// says where that is, so nothing that comes from there is trusted: no redirect is followed, size and time are limited, and
/// only an answer about that ledger partition is handed on. The target is in the request's body (`RouteTable.forwardPath`), because it
/// names a subject, and URLs of calls are logged on the way.
struct Forwarding: Sendable {
    /// What came of a question.
    enum Outcome: Sendable {
        case answer(Response)
        /// Its answer is greater than `maximumBytes`.
        case tooLarge
        /// No answer, none about this partition, or one that it does not own the partition, or not yet; or too many questions are
        /// under way.
        case none
    }

    static let maximumBytes = 16 << 20
    private static let timeLimit = Duration.seconds(5)
    /// In an answer: who gave it.
    static let member = HTTPField.Name("standing-member")!
    /// What a member can answer for a subject: a standing, that there is none, and what is wrong with the question.
    private static let statuses = [200, 400, 404, 500, 501]

    private let session: URLSession
    private let transfers: Transfers
    /// Of all members; nil if they have none.
    let secret: MemberSecret?
    private let channel: MemberChannel
    private let isRefused: Bool

    /// At most `maximum` questions are under way. `isRefused`: nobody is asked, because nothing would prove for whom.
    init(maximum: Int, secret: MemberSecret? = nil, channel: MemberChannel = .plain, isRefused: Bool = false) {
        (self.secret, self.channel, self.isRefused) = (secret, channel, isRefused)
        transfers = Transfers(maximum: max(1, maximum))
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = Self.timeLimit / .seconds(1)
        configuration.httpShouldSetCookies = false
        session = URLSession(configuration: configuration, delegate: transfers, delegateQueue: nil)
    }

    /// Questions that are under way.
    var underWay: Int { transfers.count }
    /// Questions that can be under way.
    var maximum: Int { transfers.maximum }

    /// `target`: the path and the query, percent-encoded as they came. `caller`: who has asked this member.
    func ask(_ address: HTTPAddress, about partition: Int, target: String, for caller: Caller) async -> Outcome {
        let answer: TLSClient.Answer
        switch await transfer(address, target: target, for: caller) {
        case .whole(let whole): answer = whole
        case .tooLarge: return .tooLarge
        case .failed: return .none
        }
        func header(_ name: HTTPField.Name) -> String? { answer.fields[name.canonicalName] }
        let type = header(.contentType) ?? ""
        guard Self.statuses.contains(answer.status), header(.ledgerPartition) == String(partition),
            type.hasPrefix("application/json") || type.hasPrefix(Problem.mediaType)
        else { return .none }
        var response = Response.json(answer.body, status: .init(code: answer.status))
        if answer.status != 200 { response.headers[.contentType] = Problem.mediaType }
        for name in HTTPField.Name.ofAnswer { response.headers[name] = header(name) }
        response.headers[Self.member] = "\(address)"
        return .answer(response)
    }

    /// What a member answers about itself, JSON; nil if it does not, or answers with anything else.
    func ask(_ address: HTTPAddress, target: String, for caller: Caller) async -> [UInt8]? {
        Self.json(await transfer(address, target: target, for: caller))
    }

    /// The same of a question in a body, to a path that members alone may ask.
    func ask(_ address: HTTPAddress, path: String, body: [UInt8], for caller: Caller) async -> [UInt8]? {
        let question = Question(path: path, body: body, type: "application/json", sealed: ("POST", path, body))
        return Self.json(await transfer(address, question, for: caller))
    }

    private static func json(_ outcome: TLSClient.Outcome) -> [UInt8]? {
        guard case .whole(let answer) = outcome, answer.status == 200,
            answer.fields[HTTPField.Name.contentType.canonicalName]?.hasPrefix("application/json") == true
        else { return nil }
        return answer.body
    }

    /// A `POST`, and what its token is for.
    private struct Question {
        let path: String
        let body: [UInt8]
        let type: String
        let sealed: (method: String, target: String, body: [UInt8])
    }

    private func transfer(
        _ address: HTTPAddress, target: String, for caller: Caller
    ) async -> TLSClient.Outcome {
        let question = Question(
            path: RouteTable.forwardPath, body: Array(target.utf8), type: "text/plain", sealed: ("GET", target, []))
        return await transfer(address, question, for: caller)
    }

    private func transfer(
        _ address: HTTPAddress, _ question: Question, for caller: Caller
    ) async -> TLSClient.Outcome {
        guard !isRefused, transfers.reserve() else { return .failed }
        defer { transfers.release() }
        var fields = [(name: HTTPField.Name.contentType.canonicalName, value: question.type)]
        if let secret {
            let token = secret.token(
                for: caller, method: question.sealed.method, target: question.sealed.target, body: question.sealed.body,
                to: "\(address)", at: ForwardedCallers.clock())
            fields.append((HTTPField.Name.standingCaller.canonicalName, token))
        }
        if case .authorities(let client) = channel {
            return await client.post(
                question.path, at: address, fields: fields, body: question.body, maximum: Self.maximumBytes,
                within: Self.timeLimit)
        }
        guard let url = URL(string: "\(channel.scheme)://\(address)\(question.path)") else { return .failed }
        var request = URLRequest(url: url, cachePolicy: .reloadIgnoringLocalCacheData)
        request.httpMethod = "POST"
        request.httpBody = Data(question.body)
        for field in fields { request.setValue(field.value, forHTTPHeaderField: field.name) }
        let task = session.dataTask(with: request)
        // The session's own limits are of the time between two bytes.
        let timer = Task {
            try await Task.sleep(for: Self.timeLimit)
            task.cancel()
        }
        defer { timer.cancel() }
        return await transfers.run(task)
    }
}

/// How members speak to each other: as this one is spoken to.
public enum MemberChannel: Sendable {
    case plain
    /// TLS, by the authorities of the machine.
    case tls
    /// TLS, by the authorities that this client trusts.
    case authorities(TLSClient)

    fileprivate var scheme: String { if case .plain = self { "http" } else { "https" } }
}

/// Answers as they come in.
private final class Transfers: NSObject, URLSessionDataDelegate {
    private struct Transfer {
        let continuation: CheckedContinuation<TLSClient.Outcome, Never>
        var body: [UInt8] = []
        var isTooLarge = false
    }

    private struct State {
        /// Questions under way.
        var reserved = 0
        /// By the task's identifier.
        var transfers: [Int: Transfer] = [:]
    }

    let maximum: Int
    private let state = Mutex(State())

    init(maximum: Int) { self.maximum = maximum }

    var count: Int { state.withLock { $0.reserved } }

    /// Before a task is made, because a session keeps a task until it ends. False: there is no room.
    func reserve() -> Bool {
        state.withLock { state in
            guard state.reserved < maximum else { return false }
            state.reserved += 1
            return true
        }
    }

    func release() { state.withLock { $0.reserved -= 1 } }

    func run(_ task: URLSessionDataTask) async -> TLSClient.Outcome {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                state.withLock { $0.transfers[task.taskIdentifier] = Transfer(continuation: continuation) }
                task.resume()
                // A task that was cancelled before is not heard of again.
                if Task.isCancelled { end(task) { _ in .failed } }
            }
        } onCancel: {
            task.cancel()
        }
    }

    /// The first end of a transfer counts.
    private func end(_ task: URLSessionTask, _ outcome: (Transfer) -> TLSClient.Outcome) {
        guard let transfer = state.withLock({ $0.transfers.removeValue(forKey: task.taskIdentifier) }) else { return }
        transfer.continuation.resume(returning: outcome(transfer))
    }

    func urlSession(
        _: URLSession, task _: URLSessionTask, willPerformHTTPRedirection _: HTTPURLResponse,
        newRequest _: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) { completionHandler(nil) }

    func urlSession(_: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let number = dataTask.taskIdentifier
        let isTooLarge = state.withLock { state in
            let count = state.transfers[number]?.body.count ?? 0
            if count + data.count > Forwarding.maximumBytes { state.transfers[number]?.isTooLarge = true }
            guard state.transfers[number]?.isTooLarge == false else { return true }
            state.transfers[number]?.body += data
            return false
        }
        if isTooLarge { dataTask.cancel() }
    }

    func urlSession(_: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        end(task) { transfer in
            if transfer.isTooLarge { return .tooLarge }
            guard error == nil, let answer = task.response as? HTTPURLResponse else { return .failed }
            let fields = answer.allHeaderFields.map { ("\($0.key)".lowercased(), "\($0.value)") }
            return .whole(
                TLSClient.Answer(
                    status: answer.statusCode, fields: Dictionary(fields) { first, _ in first }, body: transfer.body))
        }
    }
}
