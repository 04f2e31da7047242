internal import Events
internal import Kafka
internal import Replay
internal import Scoring

// What is looked at in every round: how far the fold is behind, the partitions' clocks, and the memory.
extension FoldWorker {
    /// Within a long round the time behind is noted this often.
    private static let noteBehindEvery = Duration.milliseconds(250)

    func noteEnds(_ consumer: any ConsumerClient) {
        guard consumer.assignment.count == assignedPartitions.count else { return }
        for (index, source) in consumer.assignment.enumerated() {
            assignedPartitions[index].noteEnd(consumer.knownEnd(index), reachedEnd: source.reachedEnd)
        }
        let current = assignedPartitions.count { $0.phase == .current }
        board.update { $0.currentPartitions = current }
        let behind = noteBehind()
        noteProgress(isDone: behind.map { $0 <= .microseconds(configuration.readyWithin) } ?? false)
    }

    /// A round with much to fold takes long: what is folded and acknowledged within it is noted within it, so that a member that
    /// is busy does not pass for one that is behind.
    func noteBehindIfDue() {
        guard host.now - lastBehind > Self.noteBehindEvery, let consumer,
            consumer.assignment.count == assignedPartitions.count
        else { return }
        serve(0)
        for (index, partition) in assignedPartitions.enumerated() { partition.note(end: consumer.knownEnd(index)) }
        noteBehind()
    }

    /// That of the partition that is farthest behind; nil if it is not known of one, or nothing is folded.
    @discardableResult private func noteBehind() -> Duration? {
        let now = host.now
        lastBehind = now
        var (behind, farthest) = (Duration.zero, Int32(0))
        for partition in assignedPartitions {
            partition.noteBehind(at: now)
            if let time = partition.behind, time >= behind { (behind, farthest) = (time, partition.number) }
        }
        let going = assignedPartitions.filter { $0.quarantine == nil }
        let isKnown = !going.isEmpty && going.allSatisfy { $0.behind != nil }
        let quarantined = quarantined
        board.update { status in
            status.behind = isKnown ? .init(time: behind, partition: farthest, at: now) : nil
            status.quarantined = quarantined
        }
        return isKnown ? behind : nil
    }

    /// The owner's duty (SPEC section 5): where the wall clock has run ahead, an entry that only moves the clock.
    func appendTicks() throws {
        guard configuration.clock == .wall else { return }
        let now = clock.time
        for partition in assignedPartitions {
            guard
                let time = partition.tick(
                    at: now, interval: configuration.tickInterval, readyWithin: configuration.readyWithin)
            else { continue }
            let number = Int(partition.number)
            outlet.ticker.append(tick: time, to: number)
            _ = try outlet.ticker.send(number, tag: Self.otherTag, wait: waitForRoom)
            board.update { $0.ticks += 1 }
        }
    }

    /// In every round: what comes within a tenth of a second can bring a table to its next growth.
    func watchMemory() {
        guard memory.limit != nil else { return }
        memory.expect(
            growth: partitions.lazy.compactMap(\.self).reduce(0) { sum, partition in
                sum + partition.withFold { Int64($0.fold.nextGrowth) }
            })
        memory.look()
    }
}
