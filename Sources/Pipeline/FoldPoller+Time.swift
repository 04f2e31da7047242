internal import Events
internal import Kafka
internal import Logging
internal import Replay
internal import Scoring

// The checks of every round: the lag of the fold, the entries that the ledger needs, and the memory.
extension FoldPoller {
    private static let progressEvery = Duration.milliseconds(500)
    private static let progressLogEvery = Duration.seconds(5)

    /// The progress of the fold until it reaches the ledger's end.
    struct Progress {
        var estimate = RateEstimate()
        /// The number of frames to fold at the start; 0 before it is known, and after they are folded.
        var total: Int64 = 0
        /// Whether they are folded.
        var isDone = false
        let start: ContinuousClock.Instant
        var lastNote: ContinuousClock.Instant
        var lastLog: ContinuousClock.Instant

        init(at now: ContinuousClock.Instant) { (start, lastNote, lastLog) = (now, now, now) }
    }

    func noteEnds(_ consumer: any ConsumerClient) {
        let now = runtime.now
        for (index, source) in consumer.assignment.enumerated() where index < read.count {
            read[index].inbox.note(end: consumer.knownEnd(index), reachedEnd: source.reachedEnd, at: now)
            if source.reachedEnd, !read[index].status.isCurrent { environment.slices.ready(read[index]) }
        }
        let statuses = assignedRunners.map { ($0.number, $0.status.aged(to: now)) }
        // The greatest lag, and the greatest lag that counts for readiness, each with its partition. They are not known if
        // that of one partition is not, or nothing is folded.
        var (behind, farthest, late, latest) = (Duration.zero, Int32(0), Duration.zero, Int32(0))
        var (isKnown, current, going) = (statuses.count == assignment?.count, 0, 0)
        var quarantined: [PipelineReading.Quarantined] = []
        for (number, status) in statuses {
            if status.isCurrent, status.shared?.isCurrent == true { current += 1 }
            if let found = status.quarantined {
                quarantined.append(found)
                continue
            }
            going += 1
            if let time = status.late, time >= late { (late, latest) = (time, number) }
            guard let time = status.behind else {
                isKnown = false
                continue
            }
            if time >= behind { (behind, farthest) = (time, number) }
        }
        isKnown = isKnown && going > 0
        pipelineStatus.update { status in
            status.currentPartitions = current
            status.behind = isKnown ? .init(time: behind, partition: farthest, at: now) : nil
            status.late = isKnown ? .init(time: late, partition: latest, at: now) : nil
            status.quarantined = quarantined
        }
        noteSwitches(statuses)
        noteProgress(statuses.map(\.1), isDone: isKnown && behind <= .microseconds(configuration.readyWithin))
    }

    /// Notes the frames that wait for workers.
    func noteInboxes() {
        let bytes = slots.reduce(0) { $0 + ($1.runner?.inbox.bytes ?? 0) }
        let paused = slots.count { $0.isPaused && $0.runner != nil }
        pipelineStatus.update { ($0.inboxBytes, $0.pausedPartitions) = (bytes, paused) }
    }

    /// Notes the facts in flight and the sizes on the disk.
    func noteStores() {
        var stores = PipelineReading.Stores()
        for status in assignedRunners.map(\.status) {
            stores.factsInFlight += status.factsInFlight
            stores.waitingForProducer += status.lacksRoom ? 1 : 0
            stores.waitingForRoom += status.isDiskFull ? 1 : 0
            if let taken = status.lastSnapshot { stores.oldestSnapshot = min(stores.oldestSnapshot ?? taken, taken) }
        }
        pipelineStatus.update { $0.stores = stores }
        environment.disk?.look { [pipelineStatus] found in pipelineStatus.update { $0.disk = found } }
    }

    /// Notes the time until everything is folded, for `/readyz` and the log.
    private func noteProgress(_ statuses: [PartitionRunner.Status], isDone: Bool) {
        guard !isDone else {
            if progress.total > 0 {
                pipelineStatus.update { $0.secondsLeft = nil }
                logPolicies(statuses)
            }
            (progress.total, progress.isDone) = (0, true)
            return
        }
        guard !progress.isDone, runtime.now - progress.lastNote > Self.progressEvery else { return }
        progress.lastNote = runtime.now
        // The ledger grows meanwhile, so the rest is computed from its present end.
        let left = statuses.reduce(Int64(0)) { $0 + max(0, ($1.shared?.end ?? 0) - $1.nextOffset) }
        progress.total = max(progress.total, left)
        guard progress.total > 0 else { return }
        let done = progress.total - left
        progress.estimate.add(done: done, at: (runtime.now - progress.start) / .seconds(1))
        let seconds = progress.estimate.timeLeft(total: progress.total)
        pipelineStatus.update { $0.secondsLeft = seconds }
        guard left > 0, runtime.now - progress.lastLog > Self.progressLogEvery else { return }
        progress.lastLog = runtime.now
        logger.info(
            "folding the ledger",
            metadata: [
                "frames": "\(done)", "of": "\(progress.total)",
                "secondsLeft": "\(seconds.map { String(Int($0)) } ?? "?")",
            ])
    }

    /// Logs the active policies: there is one, except during an activation.
    private func logPolicies(_ statuses: [PartitionRunner.Status]) {
        let policies = Set(statuses.compactMap { $0.shared?.view.policy })
        logger.notice(
            "the ledger is folded",
            metadata: [
                "activePolicy": "\(policies.sorted().joined(separator: ", "))", "partitions": "\(statuses.count)",
            ])
    }

    /// Ticks without room in the producer wait for the next round.
    func appendTicks() throws {
        struct NoRoom: Error {}
        while let tick = ticks.first {
            let number = Int(tick.partition)
            guard isAssigned(tick.partition) else {
                ticks.removeFirst()
                continue
            }
            factProducer.ticker.append(tick: tick.time, to: number)
            do {
                _ = try factProducer.ticker.send(number, tag: FoldEnvironment.otherTag) { throw NoRoom() }
            } catch is NoRoom {
                return
            }
            ticks.removeFirst()
            pipelineStatus.update { $0.ticks += 1 }
        }
    }

    /// In every round, because the entries of a tenth of a second can cause a table to grow.
    func watchMemory() {
        guard memory.limit != nil else { return }
        memory.expect(growth: slots.reduce(0) { $0 + ($1.runner?.status.nextGrowth ?? 0) })
        memory.look()
    }
}
