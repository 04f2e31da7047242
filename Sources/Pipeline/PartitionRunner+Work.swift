internal import CoreMetrics
internal import Events
internal import Ledger
internal import Replay
internal import Scoring
internal import Synchronization

// The work of a slice: folding frames, and the periodic upkeep.
extension PartitionRunner {
    /// Folds for a slice's time. Returns true if there is more to do.
    func work(_ partition: LedgerPartition) throws -> Bool {
        switch partition.phase {
        case .recovering, .restoring, .leaving: return false
        case .standby, .catchingUp, .current, .switching: break
        }
        if partition.quarantine != nil, unfinished == nil { try settleQuarantine(partition) }
        if isDiskFull, environment.runtime.now >= diskRetryAt { isDiskFull = false }
        let deadline = environment.runtime.now + Self.sliceTime
        var frames = 0
        while operation == nil {
            guard try sendFacts(of: partition) else { return false }
            if let unfinished {
                guard beginsSwitch(partition) else { return false }
                try fold(
                    unfinished.frame, written: unfinished.written, hadFacts: unfinished.hasFacts, in: partition)
            } else if try !workOnNext(partition) {
                return partition.quarantine?.isSearching ?? false
            }
            if unfinished != nil, partition.withFold({ $0.waitsForHistory }) { return false }
            if unfinished != nil, lookUpEarlierEvents(of: partition) { return false }
            frames += 1
            if frames == Self.maximumSliceFrames || environment.runtime.now >= deadline { return true }
        }
        return false
    }

    /// Returns false if too many other partitions switch, so that this one waits. A switch whose history is folded
    /// already, as that of a policy in the shadow, needs no wait.
    private func beginsSwitch(_ partition: LedgerPartition) -> Bool {
        guard !isSwitching, partition.withFold({ $0.policySwitch.map { $0.folded < $0.total } ?? false }) else {
            return true
        }
        isSwitching = environment.beginSwitch()
        return isSwitching
    }

    func endSwitch() {
        guard isSwitching else { return }
        isSwitching = false
        environment.endSwitch()
    }

    /// Archives one polled frame, and folds it unless earlier ones wait; then one of those is folded. Returns false if
    /// there is nothing to do.
    private func workOnNext(_ partition: LedgerPartition) throws -> Bool {
        var hasWorked = false
        if let frame = nextPolled(), try archive(frame, of: partition) {
            let written = block?.written(done)
            (done, hasWorked) = (done + 1, true)
            counts.frames += 1
            guard !partition.admits(frame) else {
                try fold(frame, written: written, in: partition)
                return true
            }
        }
        guard operation == nil else { return hasWorked }
        if partition.backlog == nil {
            guard partition.isStandby, partition.isBehindOwner, !partition.isStopped else { return hasWorked }
            try readOnAfterBacklog(partition)
            return hasWorked || partition.backlog != nil
        }
        if partition.isStandby, partition.isStopped { return hasWorked }
        switch try partition.backlog?.poll() {
        case .frame(let frame): try fold(frame, in: partition)
        case .end, nil: try readOnAfterBacklog(partition)
        case .notYet: return hasWorked
        }
        return true
    }

    /// Continues with the next range. If that is equal to the last one, its offsets have no frames.
    private func readOnAfterBacklog(_ partition: LedgerPartition) throws {
        let range = lastRange
        try readOn(partition)
        if lastRange == range { partition.backlog = nil }
    }

    private func nextPolled() -> LedgerFrame? {
        guard isReading, !isDiskFull else { return nil }
        if let block, done < block.count { return block[done] }
        (block, done) = (inbox.takeBlock(), 0)
        return block.map { $0[0] }
    }

    private func archive(_ frame: LedgerFrame, of partition: LedgerPartition) throws -> Bool {
        if partition.store.isSegmentFull {
            // Its sync takes long. If the disk is full, nothing changes.
            onStorage { [unowned self] partition in
                if partition.store.isSegmentFull { noteFullDisk() }
            } _: { [self] in
                try storing { try partition.store.closeSegment() }
            }
            return false
        }
        guard try appendToArchive(frame, of: partition) else {
            noteFullDisk()
            return false
        }
        return true
    }

    func noteFullDisk() {
        (isDiskFull, diskRetryAt) = (true, environment.runtime.now + Self.diskFullPause)
    }

    /// `written`: the timestamp of the frame's record, if it is timed. `hadFacts`: whether an earlier part of it had
    /// facts.
    private func fold(
        _ frame: LedgerFrame, written: Int64? = nil, hadFacts: Bool = false, in partition: LedgerPartition
    ) throws {
        unfinished = nil
        defer { if isSwitching, unfinished == nil { endSwitch() } }
        switch try partition.fold(frame, into: &batch) {
        case .repeated: break
        case .unfinished:
            unfinished = Unfinished(
                frame: frame, block: block, written: written, hasFacts: hadFacts || !batch.items.isEmpty)
        case .quarantined(let search):
            partition.quarantine?.unsearched = search.map { frames(of: partition, in: $0) }
            try settleQuarantine(partition)
        case .folded(let from, let news):
            if let news { note(news, at: frame.offset, in: partition) }
            completed = (from, frame.offset + 1)
            if let written, hadFacts || !batch.items.isEmpty, timedFrames.count < Self.maximumTimedFrames {
                timedFrames.append((frame.offset + 1, written, frame.firstEventTime.map { $0.microseconds / 1000 }))
            }
        }
        if let retired = partition.retired {
            partition.retired = nil
            environment.runtime.background(.storage) { withExtendedLifetime(retired) {} }
        }
        _ = try sendFacts(of: partition)
    }

    /// Of the frames whose facts are acknowledged.
    func noteLatency() {
        guard !timedFrames.isEmpty, let committable = partition?.committable else { return }
        let done = timedFrames.prefix { $0.next <= committable }
        guard !done.isEmpty else { return }
        let now = environment.runtime.wallClock
        for frame in done {
            environment.latency.record(since: frame.written, at: now)
            if let event = frame.event { environment.eventLatency.record(since: event, at: now) }
        }
        timedFrames.removeFirst(done.count)
    }

    // MARK: Upkeep

    func maintainStorage(_ partition: LedgerPartition, isIdle: Bool) throws {
        let now = environment.runtime.now
        if isIdle { noteWhetherCurrent(partition) }
        partition.noteBehind(at: now, readyWithin: .microseconds(configuration.readyWithin))
        tick(partition)
        guard isIdle || now - lastUpkeep > Self.upkeepEvery else { return }
        lastUpkeep = now
        partition.renewView()
        noteSize(of: partition)
        try store(partition)
    }

    /// Notes whether everything in the topic is here and folded, with its facts acknowledged.
    private func noteWhetherCurrent(_ partition: LedgerPartition) {
        let isDone = (block.map { done == $0.count } ?? true) && unfinished == nil && completed == nil
        inbox.settle { hasEverything in
            partition.noteEnd(nil, reachedEnd: hasEverything && isDone && isReading)
        }
    }

    /// A duty of the owner (SPEC section 5): an entry that only moves the clock, if the wall clock is ahead.
    private func tick(_ partition: LedgerPartition) {
        guard configuration.clock == .wall, !partition.isStandby,
            let time = partition.tick(
                at: environment.clock.time, interval: configuration.tickInterval, readyWithin: configuration.readyWithin
            )
        else { return }
        environment.report(.tick(time), of: self)
    }

    func note(_ partition: LedgerPartition) {
        let (next, growth, step) = partition.withFold {
            ($0.nextOffset, Int64($0.fold.nextGrowth), $0.policySwitch)
        }
        // A note about the time before an order would be taken for one about the time after it.
        inbox.withoutOrders { note(partition, next: next, growth: growth, step) }
        publishCounts()
    }

    private func note(
        _ partition: LedgerPartition, next: Int64, growth: Int64, _ step: PartitionFold.PolicySwitch?
    ) {
        lastStatus.withLock { status in
            status.notedAt = environment.runtime.now
            status.isSettled = partition.isSettled && completed == nil
            status.nextOffset = next
            status.nextGrowth = growth
            status.countedTo = partition.countedTo
            status.isCurrent = partition.phase == .current
            status.factsInFlight = partition.publication?.inFlight ?? 0
            (status.isDiskFull, status.lacksRoom) = (isDiskFull, lacksRoom)
            status.lastSnapshot = configuration.data == nil ? nil : partition.store.lastSnapshot.time
            (status.behind, status.late) = (partition.behind, partition.late)
            status.policySwitch = partition.phase == .switching ? step : nil
            status.quarantined = partition.quarantine.map {
                .init(partition: number, offset: $0.problem.offset, reason: $0.description)
            }
            status.position = partition.publication.flatMap {
                $0.committable > 0 ? ($0.committable, $0.acknowledged) : nil
            }
        }
    }

    private func publishCounts() {
        guard counts.frames > 0 || counts.facts.contains(where: { $0 > 0 }) || counts.news != nil else { return }
        environment.frameCounter.increment(by: counts.frames)
        for (topic, count) in counts.facts.enumerated() where count > 0 {
            environment.publishedCounters[topic].increment(by: count)
            environment.publishedBytes[topic].increment(by: counts.factBytes[topic])
        }
        let counts = counts
        environment.pipelineStatus.update { status in
            status.frames += Int64(counts.frames)
            for topic in counts.facts.indices { status.factsPublished[topic] += counts.facts[topic] }
            if let news = counts.news { status.folded = status.folded + news }
        }
        self.counts = Counts()
    }
}
