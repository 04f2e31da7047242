internal import Events
internal import Foundation
public import HTTP
public import Lag
public import Pipeline
internal import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Asks members of Standing over HTTP for their state. The calls block.
public final class MemberReadings: Sendable {
    /// The longest wait for an answer.
    private static let seconds = 2.0
    /// No member has a longer answer.
    private static let maximumBytes = 4 << 20

    private let session: URLSession
    private let client: TLSClient?

    /// `client`: asks members that speak TLS; nil trusts the authorities of the machine.
    public init(_ client: TLSClient? = nil) {
        self.client = client
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = Self.seconds
        configuration.timeoutIntervalForResource = Self.seconds
        configuration.httpShouldSetCookies = false
        session = URLSession(configuration: configuration)
    }

    deinit { session.invalidateAndCancel() }

    /// The answers of the members at these addresses (`HOST:PORT`), each once. `notes` gets those that did not answer.
    /// A member that hangs delays the others by at most two times `seconds`.
    public func ask(_ addresses: [String], _ notes: inout [String]) -> [MemberReading] {
        var seen: Set<String> = []
        let addresses = addresses.filter { seen.insert($0).inserted }
        let answers = eachAtOnce(addresses) { [self] address -> Result<MemberReading, Silence> in
            guard let readiness = get(address, "/readyz") else {
                return .failure(Silence(reason: "it does not answer"))
            }
            let metrics = get(address, "/metrics").map { String(decoding: $0, as: UTF8.self) }
            let reading = MemberReading(member: address.printable(), readiness: readiness, metrics: metrics)
            return reading.map { .success($0) } ?? .failure(Silence(reason: "this is none of a member's answers"))
        }
        return zip(addresses, answers).compactMap { address, answer in
            switch answer {
            case .success(let reading): return reading
            case .failure(let silence):
                notes.append("member \(address.printable()): \(silence.reason)")
                return nil
            }
        }
    }

    private struct Silence: Error { let reason: String }

    /// The number of members that are asked at the same time.
    private static let atOnce = 16

    /// Each member with its answer. A member that hangs delays the others by at most two times `seconds`.
    public func statuses(of members: [MembersTable.Member]) -> [MemberStatus] {
        eachAtOnce(members) { [self] member in
            let readiness = get(member.address, "/readyz")
            let metrics = readiness == nil ? nil : get(member.address, "/metrics")
            return MemberStatus(
                name: member.name, address: member.address, partitions: member.partitions, readiness: readiness,
                metrics: metrics.map { String(decoding: $0, as: UTF8.self) })
        }
    }

    /// As above. While `isDone` is false, the members are asked again, until `limit` is over.
    /// - Parameter members: the members as they are announced. It is called before each question, because partitions
    ///   change hands meanwhile.
    /// - Parameter onWait: is called before the second question.
    public func statuses(
        of members: () -> [MembersTable.Member], within limit: Duration, pause: Duration = MemberPatience.pause,
        until isDone: ([MemberStatus]) -> Bool, onWait: ([MemberStatus]) -> Void
    ) -> [MemberStatus] {
        let end = ContinuousClock.now + limit
        var isFirst = true
        while true {
            let isLast = ContinuousClock.now >= end
            let statuses = statuses(of: members())
            guard !isDone(statuses), !isLast else { return statuses }
            if isFirst { onWait(statuses) }
            isFirst = false
            Thread.sleep(forTimeInterval: pause / .seconds(1))
        }
    }

    /// One answer for each, in the same order.
    private func eachAtOnce<Asked: Sendable, Answer: Sendable>(
        _ asked: [Asked], _ ask: @escaping @Sendable (Asked) -> Answer
    ) -> [Answer] {
        let answers = Mutex([Int: Answer]())
        let turn = DispatchSemaphore(value: Self.atOnce)
        let group = DispatchGroup()
        for (index, one) in asked.enumerated() {
            turn.wait()
            DispatchQueue.global().async(group: group) {
                defer { turn.signal() }
                let answer = ask(one)
                answers.withLock { $0[index] = answer }
            }
        }
        group.wait()
        return answers.withLock { answers in asked.indices.compactMap { answers[$0] } }
    }

    /// Nil if it does not answer.
    public func metrics(of address: String) -> String? {
        get(address, "/metrics").map { String(decoding: $0, as: UTF8.self) }
    }

    /// The body, whatever the status: a member that is not ready answers with 503. Nil if there is none. A member that
    /// speaks TLS closes a connection of plain HTTP, and is then asked over TLS. A member that hangs is not asked
    /// twice.
    private func get(_ address: String, _ path: String) -> Data? {
        let deadline = DispatchTime.now() + Self.seconds
        if let answer = ask("http://\(address)\(path)", until: deadline) { return answer }
        guard let client else { return ask("https://\(address)\(path)", until: deadline) }
        return ask(client, address, path, until: deadline)
    }

    /// As a member asks another.
    private func ask(_ client: TLSClient, _ address: String, _ path: String, until deadline: DispatchTime) -> Data? {
        guard let address = HTTPAddress(address), deadline > .now() else { return nil }
        let answer = Answer()
        let isDone = DispatchSemaphore(value: 0)
        Task {
            let outcome = await client.post(
                RouteTable.forwardPath, at: address, fields: [(name: "content-type", value: "text/plain")],
                body: Array(path.utf8), maximum: Self.maximumBytes, within: .seconds(Self.seconds))
            if case .whole(let whole) = outcome { answer.body.withLock { $0 = Data(whole.body) } }
            isDone.signal()
        }
        return isDone.wait(timeout: deadline) == .success ? answer.body.withLock { $0 } : nil
    }

    private func ask(_ text: String, until deadline: DispatchTime) -> Data? {
        guard let url = URL(string: text), deadline > .now() else { return nil }
        let answer = Answer()
        let isDone = DispatchSemaphore(value: 0)
        let request = URLRequest(url: url, cachePolicy: .reloadIgnoringLocalCacheData)
        let task = session.dataTask(with: request) { body, _, error in
            answer.body.withLock { $0 = error == nil ? body : nil }
            isDone.signal()
        }
        task.resume()
        guard isDone.wait(timeout: deadline) == .success else {
            task.cancel()
            return nil
        }
        return answer.body.withLock { $0 }.flatMap { $0.count <= Self.maximumBytes ? $0 : nil }
    }

    private final class Answer: Sendable {
        let body = Mutex<Data?>(nil)
    }
}
