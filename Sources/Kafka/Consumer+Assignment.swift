import CRDKafka
import Foundation

extension Consumer {
    /// Joins the group for these topics. The listener gets the partitions.
    public func subscribe(to topics: [String]) throws(KafkaError) {
        let code = try PartitionList.with(topics.map { TopicPartition($0, RD_KAFKA_PARTITION_UA) }) {
            rd_kafka_subscribe(handle.pointer, $0)
        }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(code, target: topics.joined(separator: ",")) }
    }

    /// Reads exactly these partitions from these offsets on, none of them paused. They replace the former assignment.
    /// A logical start that a broker does not know yet is asked for again.
    public func assign(_ offsets: [PartitionOffset]) throws(KafkaError) {
        failedStarts = 0
        try begin(offsets)
    }

    private func begin(_ offsets: [PartitionOffset]) throws(KafkaError) {
        restartAt = nil
        guard !offsets.isEmpty, offsets.map(\.topicPartition) == assignment.map(\.topicPartition) else {
            return try replaceAssignment(offsets)
        }
        try resumeAll()
        for (source, offset) in offsets.enumerated() {
            assignment[source].move(to: offset.offset)
        }
        do {
            try seek(offsets)
        } catch  where error.isOfState {
            // A partition whose offset was out of range is not fetched any more, so a seek has no effect on it.
            try replaceAssignment(offsets)
        }
    }

    /// librdkafka aborts the process if an assignment is replaced while it still stops the one before, which takes a
    /// few rounds of its main thread. There must be a pause between two assignments, and before the close.
    private static let settleMicroseconds = 50_000

    /// What is left of the pause after the last assignment; nil if nothing is.
    var settling: Duration? {
        guard let replacedAt else { return nil }
        let rest = .microseconds(Self.settleMicroseconds) - (ContinuousClock.now - replacedAt)
        return rest > .zero ? rest : nil
    }

    func settle() {
        if let rest = settling { usleep(UInt32(max(1, rest / .microseconds(1)))) }
    }

    /// `isRevoked`: the answer to a group that revokes the partitions. An assignment of nothing, although the group
    /// has assigned partitions, is another answer.
    private func replaceAssignment(_ offsets: [PartitionOffset], isRevoked: Bool = false) throws(KafkaError) {
        settle()
        replacedAt = .now
        // The library retains a pause beyond the assignment.
        try resumeAll()
        assignment = offsets.map { Assigned($0) }
        waker?.forget()
        (lastHit, restartAt) = (0, nil)
        let code =
            try isRevoked
            ? rd_kafka_assign(handle.pointer, nil)
            : PartitionList.with(offsets) { rd_kafka_assign(handle.pointer, $0) }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR {
            throw KafkaError(code, target: offsets.map(\.topicPartition.description).joined(separator: ","))
        }
    }

    /// Continues one assigned partition from `offset`.
    public func seek(_ source: Int, to offset: Int64) throws(KafkaError) {
        assignment[source].move(to: offset)
        try seek([PartitionOffset(assignment[source].topicPartition, offset: offset)])
    }

    /// librdkafka 2.0 waits 5 ms for a seek and ignores the time-out.
    private static let seekMilliseconds = 5000

    func seek(_ offsets: [PartitionOffset]) throws(KafkaError) {
        waker?.moved()
        let patience = patience.within(milliseconds: Self.seekMilliseconds).withoutStop()
        try patience.run("seek", answerMilliseconds: Self.seekMilliseconds) { attempt throws(KafkaError) in
            try PartitionList.with(offsets) { list throws(KafkaError) -> Void in
                if let error = rd_kafka_seek_partitions(handle.pointer, list, Int32(attempt.milliseconds)) {
                    throw KafkaError(
                        consuming: error, target: offsets.map(\.topicPartition.description).joined(separator: ","))
                }
                if let error = PartitionList.firstError(list) { throw error }
            }
        }
    }

    /// If librdkafka cannot find a logical start, for example right after the topic's creation, it never fetches the
    /// partition.
    func restartLater() {
        guard restartAt == nil else { return }
        failedStarts += 1
        let pause = patience.pause(after: failedStarts, elapsed: .zero, limit: nil) ?? patience.longestPause
        restartAt = ContinuousClock.now + pause
    }

    func restartIfDue() throws(KafkaError) {
        guard let restartAt, ContinuousClock.now >= restartAt else { return }
        do {
            let paused = Array(paused)
            try begin(assignment.map { PartitionOffset($0.topicPartition, offset: $0.position) })
            try pause(paused)
        } catch {
            restartLater()
            throw error
        }
    }

    /// Stops the fetching of partitions without leaving them, until they are resumed or assigned again. Records that
    /// were fetched already are fetched again then.
    public func pause(_ partitions: [TopicPartition]) throws(KafkaError) {
        let partitions = partitions.filter { !paused.contains($0) }
        guard !partitions.isEmpty else { return }
        try PartitionList.with(partitions) { list throws(KafkaError) in
            try check(rd_kafka_pause_partitions(handle.pointer, list), "pause")
        }
        paused.formUnion(partitions)
        let topicPartitions = Set(partitions)
        for source in assignment.indices where topicPartitions.contains(assignment[source].topicPartition) {
            assignment[source].pause()
        }
        waker?.moved()
    }

    private func resumeAll() throws(KafkaError) { try resume(Array(paused)) }

    /// Affects only paused partitions. Before librdkafka 2.4, others would be read from an old position.
    public func resume(_ partitions: [TopicPartition]) throws(KafkaError) {
        let partitions = partitions.filter { paused.contains($0) }
        guard !partitions.isEmpty else { return }
        paused.subtract(partitions)
        try PartitionList.with(partitions) { list throws(KafkaError) in
            try check(rd_kafka_resume_partitions(handle.pointer, list), "resume")
        }
        waker?.moved()
    }

    func rebalance(
        _ code: rd_kafka_resp_err_t, _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
    ) {
        let partitions = PartitionList.read(list).map(\.topicPartition)
        do {
            if code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
                let starts = listener?.assigned(partitions, to: self) ?? []
                try replaceAssignment(starts)
                listener?.began(self)
            } else {
                let lost = rd_kafka_assignment_lost(handle.pointer) != 0
                listener?.revoked(partitions, lost: lost, from: self)
                try replaceAssignment([], isRevoked: true)
            }
        } catch {
            onNotice(.error(error))
        }
    }
}
