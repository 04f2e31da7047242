import Events
import Foundation
import Kafka
import Logging

/// The cluster answers that it has no such topic.
struct TopicMissing: Error, CustomStringConvertible {
    let topic: String
    var description: String { "there is no topic \(topic); `standing topics apply` creates it" }
}

/// One Kafka consumer from joining the group to leaving it. All calls are on the follower's thread.
final class FactSession: RebalanceListener {
    private static let pollMilliseconds = 200
    /// The local queue. SQLite is slower than fetching, so a short queue never runs empty.
    private static let maximumQueuedRecords = 100_000
    private static let maximumQueuedKilobytes = 64 * 1024

    private let follower: FactFollower
    private let topic: String
    private let logger: Logger
    private var positions: [Int32: FactPosition] = [:]
    /// Positions that the broker did not have, until the first fact from the beginning shows why.
    private var outOfRange: [Int32: Int64] = [:]
    private var failure: (any Error)?

    init(_ follower: FactFollower) {
        self.follower = follower
        topic = follower.topic
        logger = follower.logger
    }

    func run() throws {
        // Before the group assigns partitions: the stored facts may be all that there are.
        follower.begin([], at: try follower.storedPositions())
        var options = Consumer.Options(group: follower.group)
        options.name = "facts"
        options.reportsEnds = true
        options.maximumQueuedRecords = Self.maximumQueuedRecords
        options.maximumQueuedKilobytes = Self.maximumQueuedKilobytes
        let consumer = try Consumer(
            follower.kafka, options: options, listener: self, onNotice: { [weak self] in self?.notice($0) })
        defer { consumer.close() }
        try consumer.subscribe(to: [topic])
        while !follower.isStopping {
            follower.beginPoll()
            try consumer.poll(timeoutMilliseconds: Self.pollMilliseconds) { try take($0, from: consumer) }
            if let failure { throw failure }
            try serveErrors(of: consumer)
            for item in consumer.assignment {
                // There is no record between the last record and the end, only markers of transactions.
                let (partition, offset) = (item.topicPartition.partition, item.end ?? item.position)
                if offset >= 0 { positions[partition, default: FactPosition(offset: 0, sequence: 0)].offset = offset }
            }
            follower.advance(to: positions)
        }
    }

    func assigned(_ partitions: [TopicPartition], to consumer: any ConsumerClient) -> [PartitionOffset] {
        do {
            let stored = try follower.storedPositions()
            positions = stored
            outOfRange = [:]
            follower.begin(Set(partitions.map(\.partition)), at: stored)
            let starts = partitions.map {
                PartitionOffset($0, offset: stored[$0.partition]?.offset ?? PartitionOffset.beginning)
            }
            let fresh = starts.count { $0.offset == PartitionOffset.beginning }
            logger.info("reading \(starts.count) partitions of \(topic), \(fresh) of them from the beginning")
            return starts
        } catch {
            failure = error
            return []
        }
    }

    func revoked(_ partitions: [TopicPartition], lost: Bool, from consumer: any ConsumerClient) {
        follower.begin([], at: positions)
        logger.info("\(partitions.count) partitions of \(topic) \(lost ? "lost" : "given back")")
    }

    private func take(_ records: UnsafeBufferPointer<Record>, from consumer: any ConsumerClient) throws {
        var batch = JudgedFacts(for: follower.store, after: positions)
        for record in records {
            batch.add(
                record.value, partition: consumer.assignment[record.source].topicPartition.partition,
                offset: record.offset)
        }
        try follower.write(batch)
        for (partition, item) in batch.partitions {
            positions[partition] = item.position
            follower.add(item.counts)
            report(item, of: partition)
        }
        do {
            // Only for lag monitors.
            try consumer.commit(
                batch.positions.map { PartitionOffset(TopicPartition(topic, $0.key), offset: $0.value.offset) },
                wait: false)
        } catch {
            logger.debug("committing offsets of \(topic) failed: \(error)")
        }
    }

    /// Logs at most one line of a kind per partition and batch.
    private func report(_ item: JudgedFacts.Partition, of partition: Int32) {
        let topicPartition = TopicPartition(topic, partition)
        if let (offset, fault) = item.firstMalformed {
            logger.error(
                "\(topicPartition) offset \(offset): malformed fact skipped: \(fault) (\(item.counts.malformed) in this batch)"
            )
        }
        if let (offset, missing) = item.firstGap {
            logger.error(
                """
                \(topicPartition) offset \(offset): GAP, \(missing) facts are missing; records are ignored until they arrive \
                (\(item.counts.gaps) in this batch)
                """)
        }
        guard let first = item.first, let stored = outOfRange.removeValue(forKey: partition) else { return }
        if first.offset < stored, first.sequence == 1, item.counts.repeats > 0 {
            logger.error(
                """
                \(topicPartition) begins with sequence 1 below the stored offset \(stored): the topic was re-created or lost \
                its end. Facts up to sequence \(item.position.sequence) are ignored as repeats; to follow a new topic from \
                its start, delete this service's database
                """)
        }
    }

    /// A position that the broker does not have becomes the beginning of the available records. The sequence stays.
    private func serveErrors(of consumer: Consumer) throws {
        var lost: [TopicPartition: KafkaError] = [:]
        for (topicPartition, error) in consumer.takeErrors() {
            if error.isOffsetOutOfRange { lost[topicPartition] = error } else { follower.note(error) }
        }
        guard !lost.isEmpty else { return }
        // librdkafka stops a partition after this error and refuses a seek in it, so everything is assigned again.
        let starts = try consumer.assignment.map { item in
            let (topicPartition, position) = (item.topicPartition, item.position)
            guard let error = lost[topicPartition] else { return PartitionOffset(topicPartition, offset: position) }
            guard position >= 0 else { throw error }
            outOfRange[topicPartition.partition] = position
            let sequence = positions[topicPartition.partition]?.sequence ?? 0
            positions[topicPartition.partition] = FactPosition(offset: 0, sequence: sequence, seen: 0)
            logger.error(
                """
                \(topicPartition): the broker does not have offset \(position); reading from the beginning of what is there, \
                after sequence \(sequence)
                """)
            return PartitionOffset(topicPartition, offset: PartitionOffset.beginning)
        }
        try consumer.assign(starts)
    }

    private func notice(_ notice: KafkaNotice) {
        switch notice {
        case .error(let error): follower.note(error)
        case .log(_, let facility, let message): logger.debug("librdkafka \(facility): \(message)")
        }
    }
}
