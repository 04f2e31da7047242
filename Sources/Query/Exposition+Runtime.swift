internal import Events
internal import Pipeline

extension Exposition {
    /// The work that waits for workers, and the gaps between polls, which can cost the membership of a group.
    /// `pollGaps`: the longest gap of each role that has polled. `pollLimit`: the greatest gap that the groups allow.
    mutating func addRuntime(
        _ status: PipelineReading, pollGaps: [(role: Role, longest: Duration)], pollLimit: Duration
    ) {
        add(.spareSlicesWaiting, Int64(status.waitingSpares))
        add(.inboxBytes, Int64(status.inboxBytes))
        add(.partitionsPaused, Int64(status.pausedPartitions))
        add(.slicesWaiting, Int64(status.waitingSlices))
        add(.partitionRestarts, status.partitionRestarts)
        for (role, longest) in pollGaps {
            add(.pollGapLongest, seconds: longest, labels: [("role", role.rawValue)])
        }
        add(.pollIntervalLimit, seconds: pollLimit)
    }
}
