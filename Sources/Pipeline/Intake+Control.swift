internal import Kafka
internal import Logging

/// Control topics are read before all other sources.
extension Intake {
    /// Reading begins, or continues after a pause, so the sources wait.
    func began(_ consumer: any ConsumerClient) {
        lastRound = runtime.now
        controlFirst = sources.contains { !$0.isControl } ? ControlFirst(at: runtime.now) : nil
        do {
            try pauseAndResume(consumer)
        } catch {
            failure = error
        }
    }

    /// A process that was stopped, or that waited for its broker, begins with the control topic again.
    func beginAfterPause(_ consumer: any ConsumerClient) {
        guard !backpressure.isPaused else { return }
        let now = runtime.now
        if now - lastRound > ControlFirst.longestPause { began(consumer) } else { lastRound = now }
    }

    /// Reads the sources after the group has read the control topic.
    func readSourcesIfDue(_ consumer: any ConsumerClient) throws {
        guard !backpressure.isPaused, var state = controlFirst, state.isDue(at: runtime.now) else { return }
        defer { if controlFirst != nil { controlFirst = state } }
        do {
            if state.waiting == nil { state.begin(ends: try controlEnds()) }
            state.note(try controlPositions(Array((state.waiting ?? [:]).keys), consumer), at: runtime.now)
        } catch let error as KafkaError where error.isRetriable {
            logger.debug("how far the control topic is read is not known", metadata: ["reason": "\(error)"])
        }
        let now = runtime.now
        guard state.mayReadSources(at: now) else { return }
        if state.hasGivenUp(at: now) {
            let unread = (state.waiting ?? [:]).keys.map(\.description).sorted().joined(separator: ", ")
            logger.warning(
                "sources are read although the group has not read the control topic: enrolments may come after their events",
                metadata: ["unread": "\(unread.isEmpty ? configuration.topics.control : unread)"])
        }
        controlFirst = nil
        try pauseAndResume(consumer)
        logger.debug("sources are read", metadata: ["after": "\(now - state.start)"])
    }

    private func controlEnds() throws -> [TopicPartition: Int64] {
        let control = configuration.topics.control
        let cluster = try configuration.kafka.metadata(timeoutMilliseconds: Self.controlMilliseconds)
        let count = cluster.topics.first { $0.name == control }?.partitions ?? 0
        return try configuration.kafka.ends(
            of: (0..<Int32(count)).map { TopicPartition(control, $0) }, timeoutMilliseconds: Self.controlMilliseconds)
    }

    /// The acknowledged positions of this member in its partitions of the control topic, and the committed positions of
    /// other members in theirs.
    private func controlPositions(
        _ topicPartitions: [TopicPartition], _ consumer: any ConsumerClient
    ) throws -> [TopicPartition: Int64] {
        var positions: [TopicPartition: Int64] = [:]
        for source in sources where source.isControl {
            positions[source.topicPartition] = max(source.start, openBatches.committable[source.topicPartition] ?? 0)
        }
        let others = topicPartitions.filter { positions[$0] == nil }
        guard !others.isEmpty else { return positions }
        for found in try consumer.committed(others, timeoutMilliseconds: Self.controlMilliseconds) {
            positions[found.topicPartition] = found.offset
        }
        return positions
    }
}
