internal import Events
internal import Kafka
internal import Replay
internal import Scoring

// What is looked at in every round: how far the fold is behind, the partitions' clocks, and the memory.
extension FoldWorker {
    func noteEnds(_ consumer: any ConsumerClient) {
        guard consumer.assignment.count == assignedPartitions.count else { return }
        var current = 0
        var (behind, farthest) = (Duration.zero, Int32(0))
        for (index, source) in consumer.assignment.enumerated() {
            let partition = assignedPartitions[index]
            partition.noteEnd(consumer.knownEnd(index), reachedEnd: source.reachedEnd)
            if partition.phase == .current { current += 1 }
            partition.noteBehind(at: host.now)
            if let time = partition.behind, time >= behind { (behind, farthest) = (time, partition.number) }
        }
        let going = assignedPartitions.filter { $0.quarantine == nil }
        let isKnown = !going.isEmpty && going.allSatisfy { $0.behind != nil }
        board.update { status in
            status.currentPartitions = current
            status.behind = isKnown ? .init(time: behind, partition: farthest, at: host.now) : nil
            status.quarantined = quarantined
        }
        noteProgress(isDone: isKnown && behind <= .microseconds(configuration.readyWithin))
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
