internal import Events
internal import Policy
internal import Scoring
internal import Synchronization

extension PipelineService {
    /// Appeals and changes of an overview.
    private static let overviewAppeals = 5
    /// Older changes are left out.
    private static let changesSeconds: Int64 = 60

    /// This member's state of the programme. The caller adds the lag monitor's data and its conditions for attention.
    /// `mask`: replaces a subject's id; nil if the reader may see it. Waits until a part of a frame is folded, in each
    /// partition, so it must not be called from async code.
    public func overview(mask: ((ArraySlice<UInt8>) -> String)?) -> ProgrammeOverview {
        let status = status
        let (isReady, here) = (isReady, owned.all.map(\.partition))
        let ledger = ledgerPartitions.load(ordering: .acquiring)
        let behindSeconds = status.behind.map { $0.time / .seconds(1) }
        let progress = partitions
        let now = configuration.runtime.wallClock
        let clocks = progress.compactMap(\.clock)
        let counters = foldCounters
        let lately = member.pipelineStatus.lately
        let open = openSanctions().sanctions
        var policies: [PartitionProgress.Policy: Int] = [:]
        for partition in progress { if let policy = partition.policy { policies[policy, default: 0] += 1 } }
        var overview = ProgrammeOverview(
            time: Timestamp(microseconds: now),
            members: [
                ProgrammeOverview.Member(
                    name: configuration.members?.member ?? "this member", isReady: isReady, partitions: here,
                    behindSeconds: behindSeconds)
            ],
            missing: (0..<Int32(ledger)).filter { !here.contains($0) },
            clocks: clocks.min().flatMap { least in clocks.max().map { least...$0 } },
            ownedPartitions: status.foldPartitions, currentPartitions: status.currentPartitions,
            partitions: ledger, sourcePartitions: status.intakePartitions,
            bands: subjectsByBand().map { ProgrammeOverview.Band(band: $0.band, subjects: $0.subjects) },
            enrolments: counters.enrolments, withdrawals: counters.withdrawals,
            lastMinute: lately.minute, lastHour: lately.hour, minutes: lately.minutes,
            behindSeconds: behindSeconds, lag: nil,
            policies: policies.sorted { ($0.key.id, $0.key.version) < ($1.key.id, $1.key.version) }.map {
                ProgrammeOverview.Policy(id: $0.key.id, version: $0.key.version, partitions: $0.value)
            },
            switching: status.switching, shadow: Self.shadow(of: status), sanctions: open,
            overdueSanctions: configuration.clock == .wall ? open.overdue : nil,
            appeals: openAppeals(limit: Self.overviewAppeals),
            deadLetters: status.intake.deadLetters.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
                ProgrammeOverview.DeadLetters(reason: $0.key, records: $0.value)
            },
            notEnrolled: counters.notEnrolled, withdrawnSources: withdrawnSources,
            changes: newestChanges(since: now, mask: mask))
        overview.add(attention(for: overview, status))
        return overview
    }

    private static func shadow(of status: PipelineReading) -> ProgrammeOverview.Shadow? {
        status.shadowOrder.flatMap(\.policy).map { policy in
            let own = status.shadows.filter { !$0.isStandby }
            return ProgrammeOverview.Shadow(
                id: policy.id, version: Int64(policy.version),
                live: own.count { $0.phase == .live || $0.phase == .active }, partitions: own.count)
        }
    }

    private func newestChanges(since now: Int64, mask: ((ArraySlice<UInt8>) -> String)?) -> [ProgrammeOverview.Change] {
        let since = now - Self.changesSeconds * Timestamp.microsecondsPerSecond
        let found = changes.newest(ProgrammeOverview.maximumChanges, since: since)
        return found.items.compactMap { item in
            guard let fact = FactText(found.json(item)) else { return nil }
            let subject = found.subject(item)
            let shown = mask?(subject) ?? String(decoding: subject, as: UTF8.self)
            var writer = ByteWriter()
            if mask == nil {
                found.json(item).withUnsafeBytes { writer.append($0) }
            } else {
                fact.writeMasked(shown, to: &writer)
            }
            return ProgrammeOverview.Change(
                sentAt: Timestamp(microseconds: item.sentAt), subject: shown, fact: fact, json: Array(writer.bytes))
        }
    }
}
