internal import Events
internal import Pipeline

extension Exposition {
    /// The number of ledger partitions that have series of their own.
    private static let maximumPartitions = 512
    /// The number of withdrawn source topics that have a series: an act can name any topic.
    private static let maximumWithdrawnSources = 256
    private static let microsecondsPerSecond = 1e6

    /// The progress of the owned ledger partitions. Unknown values of a partition have no series.
    mutating func add(_ partitions: [PipelineService.PartitionProgress]) {
        for item in partitions.prefix(Self.maximumPartitions) {
            let label = [("partition", String(item.partition))]
            add(.foldNextOffset, item.nextOffset, labels: label)
            if let end = item.end { add(.ledgerNextOffset, end, labels: label) }
            if let clock = item.clock {
                add(.foldClock, [Sample(Double(clock.microseconds) / Self.microsecondsPerSecond)], labels: label)
            }
        }
        let ends = partitions.compactMap { item in item.end.map { max(0, $0 - item.nextOffset) } }
        if !ends.isEmpty { add(.foldFramesBehind, ends.reduce(0, +)) }
        add(.foldTimers, partitions.reduce(0) { $0 + Int64($1.timers) })
        for policy in Set(partitions.compactMap(\.policy)) {
            add(.policyInfo, 1, labels: [("policy", policy.id), ("version", String(policy.version))])
        }
    }

    mutating func add(_ sources: WithdrawnSources) {
        for (topic, extent) in sources.extents.prefix(Self.maximumWithdrawnSources) {
            add(.sourceWithdrawn, 1, labels: [("topic", topic)])
            add(.sourceWithdrawnPartitions, Int64(extent.partitions.count), labels: [("topic", topic)])
        }
    }

    /// Adds the batches and facts in flight, the age of snapshots, and the sizes of the disk.
    mutating func addStores(_ status: PipelineReading) {
        if let inFlight = status.inFlight {
            add(.intakeBatchesInFlight, inFlight.batches)
            add(.intakeBytesInFlight, inFlight.bytes)
            add(.intakePaused, inFlight.isPaused ? 1 : 0)
            add(.intakeWaitsForControl, inFlight.waitsForControl ? 1 : 0)
            add(.intakePolls, inFlight.polls)
            add(.intakeFullPolls, inFlight.fullPolls)
        }
        add(.factsInFlight, status.stores.factsInFlight)
        add(.factsWaitForRoom, Int64(status.stores.waitingForProducer))
        add(.archiveWaitsForRoom, Int64(status.stores.waitingForRoom))
        if let age = status.stores.snapshotAge { add(.snapshotAge, seconds: age) }
        if let disk = status.disk {
            add(.dataFreeBytes, disk.free)
            add(.dataSizeBytes, disk.size)
            add(.archiveBytes, disk.archiveBytes)
            add(.archiveSegments, disk.segments)
        }
        add(.foldStateBytes, status.sizes.reduce(0) { $0 + $1.bytes })
    }
}
