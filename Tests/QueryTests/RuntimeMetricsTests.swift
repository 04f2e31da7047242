import Events
import Pipeline
import Testing

@testable import Query

/// What a member's threads have to do, as /metrics has it.
struct RuntimeMetricsTests {
    @Test func inboxesWorkersRestartsAndPollsAreExposed() {
        var status = PipelineReading()
        (status.inboxBytes, status.pausedPartitions) = (1_048_576, 2)
        (status.waitingSlices, status.waitingSpares, status.partitionRestarts) = (5, 1, 3)
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
                # HELP standing_spare_slices_waiting \(Metric.spareSlicesWaiting.help)
                # TYPE standing_spare_slices_waiting gauge
                standing_spare_slices_waiting 1

                """)
    }

    /// A role that this process does not have, or that has not joined its group yet.
    @Test func aRoleThatHasNotPolledHasNoGap() {
        var exposition = Exposition()
        exposition.addRuntime(PipelineReading(), pollGaps: [], pollLimit: .milliseconds(10_500))
        #expect(!exposition.text.contains("standing_poll_gap_longest_seconds"))
        #expect(exposition.text.contains("standing_poll_interval_limit_seconds 10.5\n"))
        #expect(exposition.text.contains("standing_partition_restarts_total 0\n"))
    }

    @Test func aWithdrawnSourceHasASeriesAndTheirNumberIsLimited() {
        var exposition = Exposition()
        var sources = WithdrawnSources()
        sources.add((100..<400).map { "topic-\($0)" }, of: 0)
        sources.add(["topic-100"], of: 1)
        exposition.add(sources)
        let lines = exposition.text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(lines.count == 512 && lines.contains("standing_source_withdrawn{topic=\"topic-100\"} 1"))
        #expect(lines.contains("standing_source_withdrawn_partitions{topic=\"topic-100\"} 2"))
        #expect(lines.contains("standing_source_withdrawn_partitions{topic=\"topic-101\"} 1"))
    }

    /// What is not known has no series, rather than a 0.
    @Test func partitionsTellHowFarTheyAre() {
        var exposition = Exposition()
        exposition.add([
            .init(
                partition: 0, nextOffset: 7, end: 10, clock: Timestamp(microseconds: 1_500_000), timers: 4,
                policy: .init(id: "town", version: 3)),
            .init(partition: 5, nextOffset: 12, end: 12, timers: 1, policy: .init(id: "town", version: 3)),
            .init(partition: 6, nextOffset: 0),
        ])
        let lines = Set(exposition.text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init))
        #expect(
            lines == [
                "\(Metric.foldNextOffset.rawValue){partition=\"0\"} 7",
                "\(Metric.foldNextOffset.rawValue){partition=\"5\"} 12",
                "\(Metric.foldNextOffset.rawValue){partition=\"6\"} 0",
                "\(Metric.ledgerNextOffset.rawValue){partition=\"0\"} 10",
                "\(Metric.ledgerNextOffset.rawValue){partition=\"5\"} 12",
                "\(Metric.foldClock.rawValue){partition=\"0\"} 1.5",
                "\(Metric.foldFramesBehind.rawValue) 3", "\(Metric.foldTimers.rawValue) 5",
                "\(Metric.policyInfo.rawValue){policy=\"town\",version=\"3\"} 1",
            ])
        var unknown = Exposition()
        unknown.add([.init(partition: 6, nextOffset: 0)])
        #expect(!unknown.text.contains(Metric.foldFramesBehind.rawValue))
    }

    @Test func ofManyPartitionsTheFirstHaveSeries() {
        var exposition = Exposition()
        exposition.add((0..<600).map { .init(partition: $0, nextOffset: 1, end: 2) })
        #expect(exposition.text.matches(of: /partition="/).count == 2 * 512)
        #expect(exposition.text.contains("\(Metric.foldFramesBehind.rawValue) 600\n"))
    }

    @Test func whatIsOnItsWayAndOnTheDiskIsExposed() {
        var status = PipelineReading()
        (status.stores.factsInFlight, status.stores.waitingForProducer, status.stores.waitingForRoom) = (9, 2, 1)
        status.sizes = [
            .init(partition: 0, entries: 1, bytes: 100), .init(partition: 1, isStandby: true, entries: 1, bytes: 10),
        ]
        var exposition = Exposition()
        exposition.addStores(status)
        #expect(exposition.text.contains("\(Metric.factsInFlight.rawValue) 9\n"))
        #expect(exposition.text.contains("\(Metric.factsWaitForRoom.rawValue) 2\n"))
        #expect(exposition.text.contains("\(Metric.archiveWaitsForRoom.rawValue) 1\n"))
        #expect(exposition.text.contains("\(Metric.foldStateBytes.rawValue) 110\n"))
        for metric in [Metric.intakePaused, .intakePolls, .intakeFullPolls, .snapshotAge, .dataFreeBytes] {
            #expect(!exposition.text.contains(metric.rawValue), "a process without it, or before it is known")
        }
        var inFlight = PipelineReading.InFlight()
        (inFlight.batches, inFlight.bytes, inFlight.isPaused, inFlight.waitsForControl) = (3, 4096, true, false)
        (inFlight.polls, inFlight.fullPolls) = (50, 40)
        status.inFlight = inFlight
        exposition.addStores(status)
        for (metric, value) in [
            (Metric.intakeBatchesInFlight, 3), (.intakeBytesInFlight, 4096), (.intakePaused, 1),
            (.intakeWaitsForControl, 0), (.intakePolls, 50), (.intakeFullPolls, 40),
        ] {
            #expect(exposition.text.contains("\(metric.rawValue) \(value)\n"))
        }
    }
}
