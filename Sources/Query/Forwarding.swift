internal import Access
internal import Foundation
public import HTTP
internal import HTTPTypes
internal import Hummingbird
internal import Synchronization

#if canImport(FoundationNetworking)
    internal import FoundationNetworking
#endif

/// Asks the member that owns a subject's ledger partition, and returns its answer. Its address is from the members
/// topic, whose writers are not trusted. So no redirect is followed, size and time are limited, and only an answer
/// about that ledger partition is returned. The target is in the request's body (`RouteTable.forwardPath`), because it
/// names a subject and proxies log URLs.
struct Forwarding: Sendable {
    /// The outcome of a question.
    enum Outcome: Sendable {
        case answer(Response)
        /// The answer is greater than `maximumBytes`.
        case tooLarge
        /// There is no answer, or none about this partition; or the member does not own the partition, or not yet; or
        /// too many questions are in progress.
        case none
    }

    /// A member's answer about itself.
    enum Reply: Sendable {
        case json([UInt8])
        /// It was asked, and there is no answer, or none that is JSON.
        case silence
        /// Too many questions are in progress, or no member is asked, or there is no such address.
        case notAsked

        /// The JSON; nil if there is none.
        var json: [UInt8]? { if case .json(let body) = self { body } else { nil } }

        var wasAsked: Bool { if case .notAsked = self { false } else { true } }
    }

    static let maximumBytes = 16 << 20
    private static let timeLimit = Duration.seconds(5)
    /// In an answer: the member that gave it.
    static let member = HTTPField.Name("standing-member")!
    /// The statuses of a member's answers about a subject: a standing, its absence, and mistakes in the question.
    private static let statuses = [200, 400, 404, 500, 501]

    private let session: LimitedSession
    private let timeLimit: Duration
    private let permits: Permits
    /// The secret of all members; nil if they have none.
    let secret: MemberSecret?
    private let channel: MemberChannel
    private let isRefused: Bool

    /// `maximum`: questions in progress. `timeLimit`: of a question. `isRefused`: no member is asked, because the caller
    /// could not be proven.
    init(
        maximum: Int, within timeLimit: Duration = timeLimit, secret: MemberSecret? = nil,
        channel: MemberChannel = .plain, isRefused: Bool = false
    ) {
        (self.secret, self.channel, self.isRefused) = (secret, channel, isRefused)
        self.timeLimit = timeLimit
        session = LimitedSession(maximumBytes: Self.maximumBytes, within: timeLimit)
        permits = Permits(maximum: max(1, maximum))
    }

    /// Questions in progress.
    var underWay: Int { permits.count }
    /// The greatest number of questions in progress.
    var maximum: Int { permits.maximum }

    /// `target`: the path and the query, percent-encoded as they came. `caller`: the caller of this member.
    func ask(_ address: HTTPAddress, about partition: Int, target: String, for caller: Caller) async -> Outcome {
        let answer: TLSClient.Answer
        switch await transfer(address, target: target, for: caller) {
        case .whole(let whole)?: answer = whole
        case .tooLarge?: return .tooLarge
        case .failed?, nil: return .none
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

    /// A member's answer about itself, as JSON; nil if there is none, or it is not JSON.
    func ask(_ address: HTTPAddress, target: String, for caller: Caller) async -> [UInt8]? {
        Reply(await transfer(address, target: target, for: caller)).json
    }

    /// As above, for a question in a body, to a path for members only. `address`: `HOST:PORT`.
    func reply(of address: String, path: String, body: [UInt8], for caller: Caller) async -> Reply {
        guard let address = HTTPAddress(address) else { return .notAsked }
        let question = Question(path: path, body: body, type: "application/json", sealed: ("POST", path, body))
        return Reply(await transfer(address, question, for: caller))
    }

    /// A `POST`, and the request that its token is for.
    private struct Question {
        let path: String
        let body: [UInt8]
        let type: String
        let sealed: (method: String, target: String, body: [UInt8])
    }

    private func transfer(
        _ address: HTTPAddress, target: String, for caller: Caller
    ) async -> TLSClient.Outcome? {
        let question = Question(
            path: RouteTable.forwardPath, body: Array(target.utf8), type: "text/plain", sealed: ("GET", target, []))
        return await transfer(address, question, for: caller)
    }

    /// Nil if the question was not sent.
    private func transfer(
        _ address: HTTPAddress, _ question: Question, for caller: Caller
    ) async -> TLSClient.Outcome? {
        guard !isRefused, permits.take() else { return nil }
        defer { permits.release() }
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
                within: timeLimit)
        }
        guard let url = URL(string: "\(channel.scheme)://\(address)\(question.path)") else { return nil }
        var request = URLRequest(url: url, cachePolicy: .reloadIgnoringLocalCacheData)
        request.httpMethod = "POST"
        request.httpBody = Data(question.body)
        for field in fields { request.setValue(field.value, forHTTPHeaderField: field.name) }
        switch await session.send(request) {
        case .whole(let answer, let body):
            let fields = answer.allHeaderFields.map { ("\($0.key)".lowercased(), "\($0.value)") }
            return .whole(
                TLSClient.Answer(
                    status: answer.statusCode, fields: Dictionary(fields) { first, _ in first }, body: body))
        case .tooLarge: return .tooLarge
        case .failed: return .failed
        }
    }
}

extension Forwarding.Reply {
    /// `outcome`: nil if the question was not sent.
    fileprivate init(_ outcome: TLSClient.Outcome?) {
        guard let outcome else {
            self = .notAsked
            return
        }
        guard case .whole(let answer) = outcome, answer.status == 200,
            answer.fields[HTTPField.Name.contentType.canonicalName]?.hasPrefix("application/json") == true
        else {
            self = .silence
            return
        }
        self = .json(answer.body)
    }
}

/// The protocol between members. It is that of this member's own server.
public enum MemberChannel: Sendable {
    case plain
    /// TLS, by the authorities of the machine.
    case tls
    /// TLS, by the authorities that this client trusts.
    case authorities(TLSClient)

    fileprivate var scheme: String { if case .plain = self { "http" } else { "https" } }
}

/// Counts the questions in progress, of which there is a limit.
private final class Permits: Sendable {
    let maximum: Int
    private let taken = Mutex(0)

    init(maximum: Int) { self.maximum = maximum }

    var count: Int { taken.withLock { $0 } }

    /// Takes a permit before a question is sent. Returns false if there is none.
    func take() -> Bool {
        taken.withLock { taken in
            guard taken < maximum else { return false }
            taken += 1
            return true
        }
    }

    func release() { taken.withLock { $0 -= 1 } }
}
