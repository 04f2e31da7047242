internal import CoreMetrics
internal import Kafka
internal import Ledger
internal import Logging
internal import Policy
internal import Replay
internal import Scoring

// Frames are folded, and their facts are published.
extension FoldWorker {
    private static let factHeaders = HeaderSet([
        (name: "content-type", value: Array("application/cloudevents+json; charset=UTF-8".utf8))
    ])

    func fold(_ records: UnsafeBufferPointer<Record>) throws {
        // Partitions can be assigned and bring records in one poll.
        guard try recover() else { return }
        // Until what came is folded and its facts are acknowledged, nobody may take this member for current.
        board.update { $0.currentPartitions = 0 }
        for record in records {
            noteBehindIfDue()
            let partition = assignedPartitions[record.source]
            let frame = LedgerFrame(offset: record.offset, bytes: record.frame)
            try archive(frame, of: partition)
            if partition.admits(frame) { try fold(frame, in: partition) }
        }
        for partition in assignedPartitions { partition.renewView() }
        frameCounter.increment(by: records.count)
        board.update { $0.frames += Int64(records.count) }
        serve(0)
    }

    /// Folds a frame that is not folded yet, and publishes its facts.
    func fold(_ frame: LedgerFrame, in partition: LedgerPartition) throws {
        switch try partition.fold(frame, into: &batch) {
        case .repeated: break
        case .quarantined(let search):
            partition.quarantine?.unsearched = search.map { frames(of: partition, in: $0) }
        case .folded(let before, let news):
            if let news { note(news, at: frame.offset, in: partition) }
            try publish(partition)
            partition.folded(next: frame.offset + 1)
            try checkpointIfDue(partition, from: before, to: frame.offset + 1)
        }
    }

    private func note(_ news: FoldTallies, at offset: Int64, in partition: LedgerPartition) {
        board.add(news)
        let counters = news.counters
        guard
            news.refusedFrames > 0 || counters.policySwitches > 0 || counters.activationsIgnored > 0
                || counters.outOfRange > 0
        else { return }
        let place: Logger.Metadata = ["partition": "\(partition.number)", "offset": "\(offset)"]
        if news.refusedFrames > 0 {
            logger.error(
                "a frame is refused: its appender session has a gap or is forgotten; the appender sends its events again",
                metadata: place)
        }
        if counters.outOfRange > 0 {
            logger.error(
                "entries contribute nothing: their time lies outside 1970 to 2200, or more than 10 years beyond the clock",
                metadata: place.merging(["entries": "\(counters.outOfRange)"]) { $1 })
        }
        if counters.activationsIgnored > 0 {
            logger.warning(
                "an activation changes nothing: another policy is active than it was approved against (`standing policy log`)",
                metadata: place.merging(["activations": "\(counters.activationsIgnored)"]) { $1 })
        }
        if counters.policySwitches > 0, let policy = partition.withFold({ $0.policy }) {
            logger.notice(
                "a policy is activated",
                metadata: place.merging(["policy": "\(policy.id)", "version": "\(policy.version)"]) { $1 })
        }
    }

    private func publish(_ partition: LedgerPartition) throws {
        guard !batch.items.isEmpty else { return }
        let (producer, topics) = (outlet.producer, outlet.facts)
        var counts = [Int64](repeating: 0, count: topics.count)
        for item in batch.items {
            let topic = item.topic.rawValue
            while try !producer.produce(
                topic: topics[topic], partition: partition.number, key: batch.key(item), value: batch.value(item),
                headers: Self.factHeaders, tag: Int(item.sequence))
            { try waitForRoom() }
            counts[topic] += 1
            partition.send(item.topic, item.sequence)
        }
        for (topic, count) in counts.enumerated() where count > 0 { publishedCounters[topic].increment(by: count) }
        board.update { status in for topic in counts.indices { status.factsPublished[topic] += counts[topic] } }
    }

    func waitForRoom() throws {
        serve(50)
        try check()
        if stop.isSet { throw CancellationError() }
    }

    func serve(_ milliseconds: Int) {
        let outlet = outlet
        outlet.producer.serve(timeoutMilliseconds: milliseconds) { delivery in
            if delivery.code != 0 {
                if failure == nil { failure = delivery.error(topicName: outlet.producer.topicName(delivery.topic)) }
            } else if delivery.topic == outlet.ticker.topic {
                // A tick that may be refused is made up for by the next one, in a session of its own.
                try? outlet.ticker.acknowledged(delivery.partition, offset: delivery.offset)
            } else if delivery.tag != Self.otherTag, let topic = outlet.facts.firstIndex(of: delivery.topic) {
                partitions[Int(delivery.partition)]?.acknowledge(
                    topic: topic, sequence: Int64(delivery.tag), offset: delivery.offset)
            }
        }
        for partition in assignedPartitions { partition.settle() }
    }
}
