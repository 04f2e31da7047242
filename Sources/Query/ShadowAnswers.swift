internal import Events
public import Pipeline
public import Policy

/// The answers of the announced members to `/shadow`, of one question to each.
public struct ShadowAnswers: Sendable {
    /// A member and its answer; nil if it does not answer.
    public struct Answer: Sendable {
        public let member: MembersTable.Member
        public let report: ShadowReport?

        public var name: String { "\(member.name) (\(member.address))" }
    }

    /// A member that neither answers nor owns partitions has left and is omitted.
    public let answers: [Answer]
    /// Whether any member is announced, even one that has left.
    public let isAnyAnnounced: Bool

    /// `reports`: of the members, in the same order; nil for one that does not answer.
    init(_ members: [MembersTable.Member], _ reports: [ShadowReport?]) {
        isAnyAnnounced = !members.isEmpty
        answers = zip(members, reports).map { Answer(member: $0, report: $1) }
            .filter { $0.report != nil || !$0.member.partitions.isEmpty }
    }

    public var reports: [ShadowReport] { answers.compactMap(\.report) }
    public var silent: [Answer] { answers.filter { $0.report == nil } }

    /// Why the answers are incomplete; nil if each member answers, and one of them owns each of these ledger partitions.
    /// Nil also if no member is announced, because then there is nobody to wait for.
    public func gap(in ledger: [Int32] = []) -> String? {
        guard isAnyAnnounced else { return nil }
        guard !answers.isEmpty else { return "no announced member answers" }
        let silent = silent.map(\.name)
        guard silent.isEmpty else {
            return "\(silent.joined(separator: ", ")) \(silent.count == 1 ? "does" : "do") not answer"
        }
        let unowned = unowned(of: ledger)
        return unowned == 0 ? nil : Self.withoutOwner(unowned, of: ledger)
    }

    /// The number of these ledger partitions that no member which answers owns.
    private func unowned(of ledger: [Int32]) -> Int {
        let owned = Set(reports.flatMap(\.work.partitions).filter { !$0.standby }.map(\.partition))
        return ledger.count { !owned.contains($0) }
    }

    private static func withoutOwner(_ unowned: Int, of ledger: [Int32]) -> String {
        "\(unowned) of \(count(ledger.count, "ledger partition")) \(unowned == 1 ? "has" : "have") no owner that answers"
    }

    // MARK: An activation

    /// The time that an activation of `policy` takes, in a sentence. `order`: the policy in the shadow; nil if there is
    /// none. `ledger`: its partitions.
    public func forecast(of policy: ScoringPolicy, order: ShadowOrder?, ledger: [Int32]) -> String {
        let name = "\(policy.id) version \(policy.version)"
        guard let work = ShadowReport.totalWork(of: reports) else {
            return (isAnyAnnounced ? "no member that folds answers" : "no member is announced")
                + ", so how long it will take is not known. It is activated all the same: each partition switches at its entry, once "
                + "a member folds it. `standing status` shows who is away"
        }
        let hash = PolicyHash.of(policy.text)
        let shadows = reports.filter { $0.shadow?.sha256 == hash }.flatMap(\.partitions).filter { !$0.standby }
        let unowned = unowned(of: ledger)
        if order?.hash == hash, silent.isEmpty, unowned == 0, !shadows.isEmpty, shadows.count == work.partitions,
            shadows.allSatisfy(\.isAtHand)
        {
            return "\(name) is in the shadow: each partition switches at its entry, in under a second"
        }
        var sentence =
            "\(Self.duration(work.seconds)): \(Self.count(work.partitions, "partition")), "
            + "\(work.entries.inThousands) entries to fold anew, on \(Self.count(work.members, "member"))"
        if !work.isMeasured {
            sentence += ", at \(Int64(ShadowReport.cautiousRate).inThousands) entries/s for each worker"
        }
        if !silent.isEmpty { sentence += "; \(silent.count) more do not answer" }
        if unowned > 0 { sentence += "; longer, because \(Self.withoutOwner(unowned, of: ledger))" }
        if !shadows.isEmpty { sentence += "; less, because \(name) is on its way into the shadow" }
        return sentence
    }

    private static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)" + (number == 1 ? "" : "s")
    }

    private static func duration(_ seconds: Double) -> String {
        switch seconds.rounded(.up) {
        case ...1: "about a second"
        case ..<120: "about \(Int(seconds.rounded(.up))) s"
        case ..<7200: "about \(Int((seconds / 60).rounded())) minutes"
        default: "about \(Int((seconds / 3600).rounded())) hours"
        }
    }
}
