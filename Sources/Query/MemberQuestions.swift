public import Access
public import HTTP
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

    /// The members' reports, in the order of the addresses; nil for one that does not answer.
    public func shadowReports(of addresses: [HTTPAddress]) async -> [ShadowReport?] {
        var reports = [ShadowReport?](repeating: nil, count: addresses.count)
        for start in stride(from: 0, to: addresses.count, by: Self.atOnce) {
            await withTaskGroup(of: (Int, ShadowReport?).self) { [forwarding, caller] group in
                for index in start..<min(start + Self.atOnce, addresses.count) {
                    let address = addresses[index]
                    group.addTask {
                        let body = await forwarding.ask(address, target: QueryServer.shadowPath, for: caller)
                        return (index, body.flatMap { ShadowReport(json: $0) })
                    }
                }
                for await (index, report) in group { reports[index] = report }
            }
        }
        return reports
    }
}
