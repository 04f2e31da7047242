internal import Access
internal import Audit
internal import Console
internal import Events
internal import Pipeline

extension ConsoleAnswers {
    private static let queueLength = 200

    func appeals(for caller: Caller) async throws(ProblemView) -> AppealsView {
        let target = "/appeals?statements=true&limit=\(Self.queueLength)"
        let queue = try await ask(AppealsForm.self, target, for: caller)
        let now = service.partitions.compactMap(\.clock).max()
        let isMasked = !caller.may(.readIdentities)
        return AppealsView(
            time: now ?? Timestamp(microseconds: service.configuration.runtime.wallClock),
            open: queue.appeals.map { item in
                Console.Appeal(
                    subject: item.subject.map { id($0, for: caller) } ?? SubjectID("", isMasked: isMasked),
                    sanction: item.sanction, state: .open,
                    filed: Timestamp(item.statement?.filedAt ?? item.since) ?? .distantPast,
                    decideBy: Timestamp(item.decideBy) ?? .distantPast, statement: item.statement?.statement ?? "",
                    decision: nil)
            },
            decided: decisions.prefix(Self.shownDecisions).map { decision in
                AppealDecision(
                    subject: id(decision.act.subject ?? "", for: caller), sanction: decision.sanction,
                    isUpheld: decision.isUpheld, time: decision.act.time, actor: decision.act.actor,
                    reason: decision.act.reason)
            })
    }

    private static let shownDecisions = 20

    struct Decision {
        var act: AuditIndex.Act
        var sanction: String
        var isUpheld: Bool
    }

    /// Those in the audit's memory, the newest first. A decision of the command line is in no audit.
    var decisions: [Decision] {
        (desk?.index?.acts(ControlAct.Kind.decideAppeal.rawValue) ?? []).compactMap { act in
            guard let sanction = act.detail(ControlDesk.sanctionDetail),
                let outcome = act.detail(ControlDesk.outcomeDetail)
            else { return nil }
            return Decision(act: act, sanction: sanction, isUpheld: outcome == ControlAct.Outcome.upheld.rawValue)
        }
    }

    func appeal(
        of subject: String, against sanction: String, purpose: String?, for caller: Caller
    ) async throws(ProblemView) -> AppealView {
        let path = "/subjects/\(Self.encoded(subject))/appeals"
        let review = try await askReview("\(path)/\(Self.encoded(sanction))", purpose, caller, subject)
        guard let standing = review.standing else { throw .noSubject(subject) }
        let appeals = try await ask(SubjectAppealsForm.self, path, for: caller, isRecorded: false)
        let back = ProblemView.Step("All appeals", path: "/console/appeals")
        guard let form = appeals.appeals.last(where: { $0.sanction == sanction }),
            let imposed = standing.sanctions.first(where: { $0.id == sanction })
        else { throw .nothing("appeal that waits for a decision", back: back) }
        let policy = try await activePolicy()
        let without = review.without
        let known = Self.sanction(imposed, policy)
        let isHeld = without?.sanctions.contains { $0.id == sanction } ?? false
        func condition(_ standing: StandingForm?) -> String {
            guard let points = standing?.dimensions[known.dimension] else { return known.sentence }
            return "\(known.sentence) In \(known.dimension) there are \(points) points."
        }
        return AppealView(
            appeal: form.appeal(of: SubjectID(subject)), sanction: known,
            time: standing.clock.flatMap { Timestamp($0) } ?? .distantPast, score: standing.score, band: standing.band,
            scoreWithout: without?.score ?? standing.score, bandWithout: without?.band ?? standing.band,
            condition: condition(standing), conditionWithout: condition(without), holdsWithout: isHeld,
            evidence: review.evidence.map { item in
                FileEvent(
                    time: Timestamp(item.time) ?? .distantPast, type: item.type,
                    name: EventName(source: item.source, id: item.id),
                    partition: service.ledgerPartition(of: Array(subject.utf8)) ?? 0, offset: item.offset,
                    reasons: Self.reasons(item.reasons, policy), note: item.disputed ? "disputed" : nil,
                    data: item.data, isStruck: item.disputed)
            })
    }

    private func askReview(
        _ path: String, _ purpose: String?, _ caller: Caller, _ subject: String
    ) async throws(ProblemView) -> ReviewForm {
        do throws(ProblemView) {
            return try await ask(ReviewForm.self, path, for: caller, purpose: purpose)
        } catch {
            guard error.status == 404 else { throw error }
            throw .nothing("appeal", back: ProblemView.Step("All appeals", path: "/console/appeals"))
        }
    }
}

/// The JSON of `SubjectAppeals`.
struct SubjectAppealsForm: Decodable {
    struct Item: Decodable {
        var sanction: String
        var state: String
        var filedAt: String
        var statement: String
        var decideBy: String?
        var reason: String?
        var decidedAt: String?

        func appeal(of subject: SubjectID) -> Console.Appeal {
            Console.Appeal(
                subject: subject, sanction: sanction, state: .init(rawValue: state) ?? .open,
                filed: Timestamp(filedAt) ?? .distantPast,
                decideBy: (decideBy ?? decidedAt).flatMap { Timestamp($0) } ?? .distantPast, statement: statement,
                decision: state == "open" ? nil : [state, reason].compactMap(\.self).joined(separator: ": "))
        }
    }

    var appeals: [Item]
}
