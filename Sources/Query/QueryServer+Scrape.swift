internal import Audit
internal import Events
internal import HTTP
internal import Pipeline
internal import Scoring

extension QueryServer {
    /// The metrics of the process, and those that are computed at the time of the scrape. Counters include only new
    /// facts: those that other members, or this process before a restart, folded and published are not in them.
    func scrape() -> Exposition {
        var exposition = metrics.exposition()
        program(&exposition)
        let status = service.status
        exposition.add(.foldPartitions, Int64(status.foldPartitions))
        exposition.add(.foldPartitionsCurrent, Int64(status.currentPartitions))
        exposition.add(.foldPartitionsQuarantined, Int64(status.quarantined.count))
        exposition.add(.foldPartitionsSwitching, Int64(status.switching.count))
        exposition.add(.standbyPartitions, Int64(status.standbyPartitions))
        exposition.add(.intakePartitions, Int64(status.intakePartitions))
        if let isFull = service.isFull { exposition.add(.memoryFull, isFull ? 1 : 0) }
        for topic in service.frozenTopics {
            exposition.add(.sourceFrozen, 1, labels: [("topic", topic)])
        }
        exposition.add(service.withdrawnSources)
        for (band, subjects) in service.subjectsByBand() {
            exposition.add(.subjects, Int64(subjects), labels: [("band", band)])
        }
        if let behind = status.behind {
            exposition.add(.foldBehindSeconds, behind.time.components.seconds)
        }
        exposition.addRuntime(
            status,
            pollGaps: Role.allCases.compactMap { role in
                service.longestPollGap(of: role).map { (role: role, longest: $0) }
            },
            pollLimit: .milliseconds(service.configuration.maximumPollInterval))
        for role in Role.allCases {
            if let age = service.pollAge(of: role) {
                exposition.add(.pollAge, seconds: age, labels: [("role", role.rawValue)])
            }
        }
        exposition.addStores(status)
        exposition.add(service.partitions)
        if service.configuration.roles.contains(.fold) {
            exposition.add(.workers, Int64(service.configuration.workers))
        }
        if let limit = service.configuration.memoryLimit { exposition.add(.memoryLimit, limit) }
        for (kind, count, maximum) in [
            ("past", historyWork.count, historyWork.maximum), ("standing", standingWork.count, standingWork.maximum),
            ("member", forwarding.underWay, forwarding.maximum),
            ("overview", overviewWork.count, overviewWork.maximum), ("stream", streams.count, streams.maximum),
        ] {
            exposition.add(.lookUps, Int64(count), labels: [("kind", kind)])
            exposition.add(.lookUpsMaximum, Int64(maximum), labels: [("kind", kind)])
        }
        for (reason, count) in refusals.all {
            exposition.add(.accessRefused, count, labels: [("reason", reason)])
        }
        if let chains = desk?.index?.chains, chains.isRead { exposition.add(.auditFindings, chains.findingCount) }
        if let away = queries.idleMembers.away(of: service.idleMembers, at: .now) {
            exposition.add(.idleMembersAway, Int64(away))
        }
        exposition.addShadow(status)
        lag?.add(to: &exposition)
        let fold = status.folded.counters
        exposition.add(.foldEntries, fold.entries)
        exposition.add(.foldScored, fold.scored)
        exposition.add(.foldUnmatched, fold.unmatched)
        exposition.add(.foldDuplicates, fold.duplicates)
        exposition.add(.foldNotEnrolled, fold.notEnrolled)
        exposition.add(.foldEarly, fold.early)
        exposition.add(.foldEarlyFolded, fold.earlyFolded)
        exposition.add(.foldEarlyBeyondLimit, fold.earlyBeyondLimit)
        exposition.add(.foldBeyondLimit, fold.beyondLimit)
        exposition.add(.foldOutOfRange, fold.outOfRange)
        exposition.add(.foldKindNotScored, fold.kindNotScored)
        exposition.add(.foldEnrolments, fold.enrolments)
        exposition.add(.foldWithdrawals, fold.withdrawals)
        exposition.add(.foldSanctionsImposed, fold.sanctionsImposed)
        exposition.add(.foldVoids, fold.voids)
        exposition.add(.foldVoidsIgnored, fold.voidsIgnored)
        exposition.add(.foldAppealsIgnored, fold.appealsIgnored)
        exposition.add(.foldEvaluationErrors, fold.evaluationErrors)
        exposition.add(.foldPolicySwitches, fold.policySwitches)
        exposition.add(.foldActivationsIgnored, fold.activationsIgnored)
        exposition.add(.foldTicks, fold.ticks)
        exposition.add(service.diagnosis)
        exposition.add(.ledgerRepeatedEntries, status.folded.repeatedEntries)
        exposition.add(.ledgerRepeatedFrames, status.folded.repeatedFrames)
        exposition.add(.ledgerRefusedFrames, status.folded.refusedFrames)
        return exposition
    }
}
