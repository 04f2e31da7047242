internal import Events
internal import Pipeline

extension Exposition {
    /// What waits for workers, and whether the groups may take this member for dead. `pollGaps`: the longest time between two polls
    /// of each role that has polled. `pollLimit`: what its groups allow.
    mutating func addRuntime(_ status: PipelineStatus, pollGaps: [(role: Role, longest: Duration)], pollLimit: Duration)
    {
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
