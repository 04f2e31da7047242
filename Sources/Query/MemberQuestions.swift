public import Access
internal import HTTP
public import Pipeline

/// Questions of commands to members over HTTP, within the limits of `Forwarding`, because the members' addresses are
/// from the members topic, whose writers are not trusted.
public struct MemberQuestions: Sendable {
    private static let atOnce = 32

    private let forwarding: Forwarding
    /// The caller in these questions: the command, with the operator's role.
    private let caller = Caller(name: "command", roles: [.operator])

    /// `secret`: of all members; nil if they have none.
    public init(secret: MemberSecret? = nil, channel: MemberChannel = .plain) {
        forwarding = Forwarding(maximum: Self.atOnce, secret: secret, channel: channel)
    }

    /// The members' answers. While `isDone` is false, they are asked again, until `limit` is over.
    /// - Parameter members: the members as they are announced. It is called before each question, because partitions
    ///   change hands meanwhile.
    /// - Parameter onWait: is called before the second question.
    public func shadowAnswers(
        of members: () -> [MembersTable.Member], within limit: Duration, pause: Duration = MemberPatience.pause,
        until isDone: (ShadowAnswers) -> Bool, onWait: (ShadowAnswers) -> Void = { _ in }
    ) async -> ShadowAnswers {
        let end = ContinuousClock.now + limit
        var isFirst = true
        while true {
            let isLast = ContinuousClock.now >= end
            let answers = await shadowAnswers(of: members())
            guard !isDone(answers), !isLast else { return answers }
            if isFirst { onWait(answers) }
            isFirst = false
            guard (try? await Task.sleep(for: pause)) != nil else { return answers }
        }
    }

    /// The members' answers. One whose address is not `HOST:PORT` does not answer.
    private func shadowAnswers(of members: [MembersTable.Member]) async -> ShadowAnswers {
        let addresses = members.map { HTTPAddress($0.address) }
        var reports = [ShadowReport?](repeating: nil, count: members.count)
        for start in stride(from: 0, to: members.count, by: Self.atOnce) {
            await withTaskGroup(of: (Int, ShadowReport?).self) { [forwarding, caller] group in
                for index in start..<min(start + Self.atOnce, members.count) {
                    guard let address = addresses[index] else { continue }
                    group.addTask {
                        let body = await forwarding.ask(address, target: QueryServer.shadowPath, for: caller)
                        return (index, body.flatMap { ShadowReport(json: $0) })
                    }
                }
                for await (index, report) in group { reports[index] = report }
            }
        }
        return ShadowAnswers(members, reports)
    }
}
