internal import Events
internal import Scoring

// The conditions of an overview that need attention. The thresholds are those of the alerts.
extension PipelineService {
    private static let (behindSeconds, farBehindSeconds) = (60.0, 900.0)
    /// An appeal that lapses within this time, in microseconds, is urgent.
    private static let urgentAppeal = Timestamp.microsecondsPerDay

    func attention(
        for overview: ProgrammeOverview, _ status: PipelineReading
    ) -> [ProgrammeOverview.Attention] {
        var found: [ProgrammeOverview.Attention] = []
        if let failure = finalFailure {
            found.append(.init(.critical, "ended", "This member has ended its work: \(failure)"))
        }
        for item in status.quarantined {
            found.append(
                .init(
                    .critical, "quarantine",
                    "Ledger partition \(item.partition) waits at offset \(item.offset): \(item.reason)", page: "/ledger"
                ))
        }
        for topic in frozenTopics {
            found.append(
                .init(
                    .critical, "source-lost-records",
                    "The source topic \(topic) has lost records. It imposes no sanction until somebody acknowledges that.",
                    page: "/sources"))
        }
        if isFull == true {
            found.append(.init(.critical, "memory", "The memory limit is reached: enrolments become dead letters."))
        }
        if let behind = overview.behindSeconds, behind > Self.behindSeconds {
            found.append(
                .init(
                    behind > Self.farBehindSeconds ? .critical : .warning, "behind",
                    "The fold is \(Int64(behind)) s behind the ledger's end.", page: "/lag"))
        }
        if let overdue = overview.overdueSanctions, overdue > 0 {
            found.append(
                .init(
                    .critical, "sanctions-overdue",
                    "\(Self.count(overdue, "sanction")) past the end of the term, and not lifted."))
        }
        let urgent = overview.appeals.items.count { $0.left < Self.urgentAppeal }
        if urgent > 0 {
            let more = urgent == overview.appeals.items.count && overview.appeals.next != nil ? "At least " : ""
            found.append(
                .init(
                    .warning, "appeals-lapse",
                    "\(more)\(Self.count(Int64(urgent), "appeal")) will lapse within a day if nobody decides.",
                    page: "/appeals"))
        }
        if let hour = overview.lastHour, hour.deadLetters > 0 {
            found.append(
                .init(
                    .warning, "dead-letters",
                    "\(Self.count(hour.deadLetters, "record")) became dead letters in the last hour.",
                    page: "/dead-letters"))
        }
        if let mistakes = status.shadowOrder?.mistakes {
            found.append(
                .init(
                    .warning, "shadow-failed", "The policy in the shadow has mistakes: \(mistakes)", page: "/policies"))
        }
        found += status.shadows.filter { $0.phase == .failed || $0.phase == .refused }.map { shadow in
            .init(
                .warning, "shadow-failed",
                "Ledger partition \(shadow.partition) does not fold the policy in the shadow: \(shadow.reason ?? "")",
                page: "/policies")
        }
        for item in status.switching {
            let (step, page) =
                item.source.map { ("folds its history again, for \($0.act)", "/sources") }
                ?? ("switches to \(item.policy) version \(item.version)", "/policies")
            found.append(
                .init(.information, "switching", "Ledger partition \(item.partition) \(step).", page: page))
        }
        return found
    }

    private static func count(_ number: Int64, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
}
