internal import Access
internal import Audit
internal import Console
internal import Events
internal import Pipeline
internal import Policy
internal import Replay

extension ConsoleAnswers {
    func policies(version: String?, for caller: Caller) async throws(ProblemView) -> PolicyView {
        let all = try await read { [policies = programme.policies] in try policies.versions() }
        // An activation that was refused was never active.
        let versions = all.filter { $0.refusal == nil }
        guard !versions.isEmpty else { throw .emptyLedger }
        let index =
            version.map { key in versions.lastIndex { Self.key($0) == key } } ?? versions.lastIndex { $0.isActive }
        guard let index else {
            throw .nothing("version", back: ProblemView.Step("All versions", path: "/console/policies"))
        }
        return PolicyView(
            versions: versions.reversed().map { version in
                PolicyView.Version(
                    key: Self.key(version), name: version.policy?.id ?? "a policy that does not compile here",
                    version: Int(version.policy?.version ?? 0), since: version.clock ?? .distantPast,
                    isActive: version.isActive, actor: "", reason: "")
            }, selected: Self.selected(versions[index], before: index > 0 ? versions[index - 1] : nil),
            shadow: try await shadow(for: caller),
            proposals: (desk?.openProposals ?? []).map { proposal in
                PolicyView.Proposal(
                    key: proposal.id, act: proposal.act, actor: proposal.proposer, reason: proposal.reason ?? "",
                    time: proposal.proposed)
            })
    }

    /// A text that was activated twice is two versions.
    static func key(_ version: PolicyVersion) -> String { "\(version.hash.prefix(16))-\(version.offset)" }

    private static func selected(_ version: PolicyVersion, before: PolicyVersion?) -> PolicyView.Selected {
        PolicyView.Selected(
            key: key(version), name: version.policy?.id ?? "policy", version: Int(version.policy?.version ?? 0),
            sections: version.policy.map { sections(PolicyExplanation($0).text) } ?? [], text: version.text,
            comparedWith: before.map { "\($0.policy?.id ?? "the policy before") \($0.policy?.version ?? 0)" },
            difference: before.map { LineDifference(from: $0.text, to: version.text).lines } ?? [], backtest: nil)
    }

    /// The text of Markdown without its marks.
    static func plain(_ markdown: some StringProtocol) -> String {
        String(markdown).replacing("**", with: "").replacing("`", with: "")
    }

    /// The sections of an explanation, which is Markdown: each heading with its paragraphs and items.
    static func sections(_ markdown: String) -> [PolicyView.Section] {
        var sections: [PolicyView.Section] = []
        var isOpen = false
        for line in markdown.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("#") {
                sections.append(
                    PolicyView.Section(title: Self.plain(line.drop { $0 == "#" || $0 == " " }), sentences: []))
                isOpen = false
            } else if line.isEmpty {
                isOpen = false
            } else if let last = sections.indices.last {
                let isItem = line.hasPrefix("- ")
                let text = plain(isItem ? line.dropFirst(2) : line.drop { $0 == " " })
                if isOpen, !isItem, let end = sections[last].sentences.indices.last {
                    sections[last].sentences[end] += " " + text
                } else {
                    sections[last].sentences.append(text)
                }
                isOpen = true
            }
        }
        return sections.filter { !$0.sentences.isEmpty }
    }

    // MARK: The shadow

    private static let movers = 10

    /// The shadow in this member's partitions.
    private func shadow(for caller: Caller) async throws(ProblemView) -> PolicyView.Shadow? {
        guard let order = service.status.shadowOrder, let policy = order.policy else { return nil }
        let report = try await run(on: overviewWork) { [service] in service.shadowReport }
        let own = report.partitions.filter { !$0.standby }
        let (folded, total) = (own.reduce(0) { $0 + $1.folded }, own.reduce(0) { $0 + $1.total })
        let difference = report.difference
        let sample = (difference?.sample ?? []).map { subject in
            PolicyView.Mover(
                subject: id(subject.subject, for: caller), before: Int(subject.live.score),
                after: Int(subject.shadow.score), rule: "")
        }
        return PolicyView.Shadow(
            name: policy.id, version: Int(policy.version), since: order.since,
            gain: Int(difference?.scores.higher ?? 0), lose: Int(difference?.scores.lower ?? 0),
            same: Int(difference?.scores.same ?? 0),
            newSanctions: Int(difference?.sanctions.reduce(0) { $0 + $1.gained } ?? 0),
            liftedSanctions: Int(difference?.sanctions.reduce(0) { $0 + $1.lost } ?? 0),
            progress: total > 0 ? min(1, Double(folded) / Double(total)) : own.isEmpty ? 0 : 1,
            winners: sample.filter { $0.after > $0.before }.sorted { $0.after - $0.before > $1.after - $1.before }
                .prefix(Self.movers).map { $0 },
            losers: sample.filter { $0.after < $0.before }.sorted { $0.after - $0.before < $1.after - $1.before }
                .prefix(Self.movers).map { $0 })
    }
}

/// The difference of two texts by lines. The longest common subsequence of lines stays.
struct LineDifference {
    let lines: [PolicyView.DiffLine]

    init(from old: String, to new: String) {
        let old = old.split(separator: "\n", omittingEmptySubsequences: false)
        let new = new.split(separator: "\n", omittingEmptySubsequences: false)
        let changes = new.difference(from: old)
        var removed: Set<Int> = []
        var inserted: Set<Int> = []
        for change in changes {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): inserted.insert(offset)
            }
        }
        var lines: [PolicyView.DiffLine] = []
        var place = 0
        for (index, line) in new.enumerated() {
            while place < old.count, removed.contains(place) {
                lines.append(.init(kind: .removed, text: String(old[place])))
                place += 1
            }
            if inserted.contains(index) {
                lines.append(.init(kind: .added, text: String(line)))
            } else {
                lines.append(.init(kind: .same, text: String(line)))
                place += 1
            }
        }
        while place < old.count {
            lines.append(.init(kind: .removed, text: String(old[place])))
            place += 1
        }
        self.lines = lines
    }
}
