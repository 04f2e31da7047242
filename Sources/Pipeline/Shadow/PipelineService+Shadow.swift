public import Replay

extension PipelineReading {
    /// The differences that the policy in the shadow would make, over the partitions that are owned here and compared;
    /// nil if there is none.
    public var shadowDifference: ShadowDifference? {
        var sum: ShadowDifference?
        for part in shadows where !part.isStandby {
            guard let difference = part.difference else { continue }
            sum = sum.map { $0 + difference } ?? difference
        }
        return sum
    }
}

extension PipelineService {
    /// This member's report about shadows.
    public var shadowReport: ShadowReport {
        let status = status
        // A member that folds nothing has nothing to take an order for.
        let order = configuration.roles.contains(.fold) ? status.shadowOrder : member.directory.shadow.order
        return ShadowReport(
            member: configuration.members?.member ?? "", reason: reasonAgainstShadow(status),
            shadow: order.map { ShadowReport.Order($0) },
            partitions: status.shadows.map { shadow in
                ShadowReport.Partition(
                    partition: shadow.partition, standby: shadow.isStandby, phase: shadow.phase, folded: shadow.folded,
                    total: shadow.total, reason: shadow.reason)
            }, difference: status.shadowDifference,
            work: ShadowReport.Work(
                partitions: status.sizes.map {
                    .init(partition: $0.partition, standby: $0.isStandby, entries: $0.entries)
                }, workers: configuration.workers, entriesPerSecond: status.entriesPerSecond))
    }

    /// Why this member cannot fold a policy beside the active one; nil if it can.
    private func reasonAgainstShadow(_ status: PipelineReading) -> String? {
        guard configuration.roles.contains(.fold) else { return nil }
        guard configuration.members != nil else {
            return "it follows no topic for members: its topic files have none"
        }
        guard configuration.data != nil else {
            return "there is no archive to fold the past from: it runs without --data"
        }
        // A partition that folds a shadow has its second state already, or has refused it. An active policy has no
        // second states.
        guard !status.shadows.contains(where: { $0.phase != .active }), let room = memoryRoom else { return nil }
        let bytes = status.sizes.reduce(0) { $0 + $1.bytes }
        guard bytes > room else { return nil }
        return
            "there is no room for second states within --memory-limit: they take \(bytes) bytes, and there are \(room)"
    }
}
