internal import Access
internal import Audit
internal import Console
internal import Events
internal import Foundation
internal import Pipeline
internal import Policy
internal import Replay

extension ConsoleAnswers {
    func policies(version: String?, for caller: Caller) async throws(ProblemView) -> PolicyView {
        let all: [PolicyVersion]
        do throws(ProblemView) {
            all = try await read { [policies = programme.policies] in try policies.versions() }
        } catch {
            // The topic has lost its beginning, or the cluster is away; what is folded here is known all the same.
            guard version == nil, let active = try await activePolicy() else { throw error }
            return try await policies(activeAlone: active, for: caller)
        }
        // An activation that was refused was never active.
        let versions = all.filter { $0.refusal == nil }
        guard !versions.isEmpty else { throw .emptyLedger }
        let index =
            version.map { key in versions.lastIndex { Self.key($0) == key } } ?? versions.lastIndex { $0.isActive }
        guard let index else {
            throw .nothing("version", back: ProblemView.Step("All versions", path: "/console/policies"))
        }
        let active = versions.last { $0.isActive }
        let acts = activations
        return PolicyView(
            versions: versions.enumerated().reversed().map { index, version in
                let act = acts[version.offset]
                return PolicyView.Version(
                    key: Self.key(version), name: version.policy?.id ?? "a policy that does not compile here",
                    version: Int(version.policy?.version ?? 0), since: version.clock,
                    isActive: version.isActive, actor: act.map { Self.people(of: $0) },
                    reason: act?.reason ?? (index == 0 ? "The ledger begins with it." : nil))
            }, selected: Self.selected(versions[index], before: index > 0 ? versions[index - 1] : nil),
            shadow: try await shadow(active: active?.text, for: caller),
            proposals: (desk?.openProposals ?? []).map { Self.view($0, versions, active: active?.text ?? "") })
    }

    private func policies(
        activeAlone policy: ScoringPolicy, for caller: Caller
    ) async throws(ProblemView) -> PolicyView {
        let (name, version) = (policy.id, Int(policy.version))
        return PolicyView(
            versions: [
                PolicyView.Version(
                    key: "active", name: name, version: version, since: nil, isActive: true, actor: nil, reason: nil)
            ],
            selected: PolicyView.Selected(
                key: "active", name: name, version: version, sections: Self.sections(PolicyExplanation(policy).text),
                text: policy.text, comparedWith: nil, difference: []),
            shadow: try await shadow(active: policy.text, for: caller),
            proposals: (desk?.openProposals ?? []).map { Self.view($0, [], active: policy.text) },
            failure: "Earlier versions cannot be read now: this is the policy that is active here.")
    }

    /// The acts that activated a policy, by the offsets of their entries in the ledger partition that is read for policies. An act of
    /// the command line is in no audit.
    private var activations: [Int64: AuditIndex.Act] {
        guard let index = desk?.index else { return [:] }
        var acts: [Int64: AuditIndex.Act] = [:]
        for act in [ControlAct.Kind.activate, .rollback].flatMap({ index.acts($0.rawValue) }) {
            // PARTITION:OFFSET:ENTRY
            let position = act.detail(ControlDesk.positionDetail)?.split(separator: ":").compactMap { Int64($0) } ?? []
            guard position.count == 3, position[0] == Int64(PolicyReader.partition) else { continue }
            acts[position[1]] = act
        }
        return acts
    }

    /// Who proposed an act, and who agreed to it.
    private static func people(of act: AuditIndex.Act) -> String {
        act.detail(ControlDesk.proposerDetail).map { "\($0), agreed by \(act.actor)" } ?? act.actor
    }

    // MARK: Proposals

    /// The body of an activation, a rollback or an act about a source.
    private struct BodyForm: Decodable {
        struct Proposal: Decodable {
            var policy: String
            var text: String?
        }

        var proposal: Proposal?
        var to: String?
        var topic: String?
    }

    private static func view(
        _ proposal: Audit.Proposal, _ versions: [PolicyVersion], active: String
    ) -> PolicyView.Proposal {
        let body = try? JSONDecoder().decode(BodyForm.self, from: Data(proposal.body.utf8))
        var (act, text) = (proposal.act, body?.proposal?.policy)
        if let text {
            let candidate = try? ScoringPolicy(yaml: text, file: "proposal")
            act = "Activate \(candidate.map { "\($0.id) \($0.version)" } ?? "a policy that does not compile here")"
        } else if let to = body?.to {
            act = "Go back to \(to.replacing("/", with: " "))"
            text = versions.last { $0.policy.map { "\($0.id)/\($0.version)" } == to }?.text
        } else if let topic = body?.topic {
            act = Self.words(ofActAbout: topic, proposal.act)
        }
        return PolicyView.Proposal(
            key: proposal.id, act: act, actor: proposal.proposer, reason: proposal.reason ?? "",
            time: proposal.proposed, expires: proposal.expires, summary: body?.proposal?.text,
            difference: text.map { LineDifference(from: active, to: $0).lines } ?? [])
    }

    private static func words(ofActAbout topic: String, _ act: String) -> String {
        switch ControlAct.Kind(rawValue: act) {
        case .withdrawSource: "Withdraw the source \(topic)"
        case .restoreSource: "Count the source \(topic) again"
        default: "\(act) \(topic)"
        }
    }

    /// A text that was activated twice is two versions.
    static func key(_ version: PolicyVersion) -> String { "\(version.hash.prefix(16))-\(version.offset)" }

    private static func selected(_ version: PolicyVersion, before: PolicyVersion?) -> PolicyView.Selected {
        PolicyView.Selected(
            key: key(version), name: version.policy?.id ?? "policy", version: Int(version.policy?.version ?? 0),
            sections: version.policy.map { sections(PolicyExplanation($0).text) } ?? [], text: version.text,
            comparedWith: before.map { "\($0.policy?.id ?? "the policy before") \($0.policy?.version ?? 0)" },
            difference: before.map { LineDifference(from: $0.text, to: version.text).lines } ?? [])
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

    /// The fold continues after this time. Reading the policies, which comes first, can take longer.
    private static let backtestWait = Duration.seconds(3)

    func backtest(for caller: Caller) async throws(ProblemView) -> BacktestView {
        guard let order = service.status.shadowOrder, let policy = order.policy else {
            throw .nothing("candidate in the shadow", back: ProblemView.Step("Policies", path: "/console/policies"))
        }
        let state: BacktestView.State =
            switch await desk?.backtest(of: policy.text, wait: Self.backtestWait) {
            case .reported(let page): .reported(page)
            case .underWay(let frames, let total): .folding(done: total > 0 ? Double(frames) / Double(total) : 0)
            case .unknown(let reason): .unknown(Self.sentence(reason))
            case nil: .unknown("This member does no acts.")
            }
        return BacktestView(policy: "\(policy.id) \(policy.version)", state: state)
    }

    private static let movers = 10

    /// The shadow in this member's partitions.
    private func shadow(active: String?, for caller: Caller) async throws(ProblemView) -> PolicyView.Shadow? {
        guard let order = service.status.shadowOrder, let policy = order.policy else { return nil }
        let report = try await run(on: overviewWork) { [service] in service.shadowReport }
        let own = report.partitions.filter { !$0.standby }
        let (folded, total) = (own.reduce(0) { $0 + $1.folded }, own.reduce(0) { $0 + $1.total })
        let difference = report.difference
        let sample = (difference?.sample ?? []).map { subject in
            PolicyView.Mover(
                subject: id(subject.subject, for: caller), before: Int(subject.live.score),
                after: Int(subject.shadow.score), rule: nil)
        }
        return PolicyView.Shadow(
            name: policy.id, version: Int(policy.version), since: order.since, isActive: policy.text == active,
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
        let old = old.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        let new = new.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
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
        var oldIndex = 0
        for (index, line) in new.enumerated() {
            while oldIndex < old.count, removed.contains(oldIndex) {
                lines.append(.init(kind: .removed, text: String(old[oldIndex])))
                oldIndex += 1
            }
            if inserted.contains(index) {
                lines.append(.init(kind: .added, text: String(line)))
            } else {
                lines.append(.init(kind: .same, text: String(line)))
                oldIndex += 1
            }
        }
        while oldIndex < old.count {
            lines.append(.init(kind: .removed, text: String(old[oldIndex])))
            oldIndex += 1
        }
        self.lines = lines
    }
}
