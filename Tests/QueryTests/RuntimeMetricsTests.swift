import Events
import Pipeline
import Testing

@testable import Query

/// What a member's threads have to do, as /metrics has it.
struct RuntimeMetricsTests {
    @Test func inboxesWorkersRestartsAndPollsAreExposed() {
        var status = PipelineStatus()
        (status.inboxBytes, status.pausedPartitions) = (1_048_576, 2)
        (status.waitingSlices, status.partitionRestarts) = (5, 3)
        var exposition = Exposition()
        exposition.addRuntime(
            status, pollGaps: [(.intake, .milliseconds(20)), (.fold, .milliseconds(160_250))],
            pollLimit: .milliseconds(300_000))
        #expect(
            exposition.text == """
                # HELP standing_inbox_bytes \(Metric.inboxBytes.help)
                # TYPE standing_inbox_bytes gauge
                standing_inbox_bytes 1048576
                # HELP standing_partition_restarts_total \(Metric.partitionRestarts.help)
                # TYPE standing_partition_restarts_total counter
                standing_partition_restarts_total 3
                # HELP standing_partitions_paused \(Metric.partitionsPaused.help)
                # TYPE standing_partitions_paused gauge
                standing_partitions_paused 2
                # HELP standing_poll_gap_longest_seconds \(Metric.pollGapLongest.help)
                # TYPE standing_poll_gap_longest_seconds gauge
                standing_poll_gap_longest_seconds{role="fold"} 160.25
                standing_poll_gap_longest_seconds{role="intake"} 0.02
                # HELP standing_poll_interval_limit_seconds \(Metric.pollIntervalLimit.help)
                # TYPE standing_poll_interval_limit_seconds gauge
                standing_poll_interval_limit_seconds 300
                # HELP standing_slices_waiting \(Metric.slicesWaiting.help)
                # TYPE standing_slices_waiting gauge
                standing_slices_waiting 5

                """)
    }

    /// A role that this process does not have, or that has not joined its group yet.
    @Test func aRoleThatHasNotPolledHasNoGap() {
        var exposition = Exposition()
        exposition.addRuntime(PipelineStatus(), pollGaps: [], pollLimit: .milliseconds(10_500))
        #expect(!exposition.text.contains("standing_poll_gap_longest_seconds"))
        #expect(exposition.text.contains("standing_poll_interval_limit_seconds 10.5\n"))
        #expect(exposition.text.contains("standing_partition_restarts_total 0\n"))
    }
}
