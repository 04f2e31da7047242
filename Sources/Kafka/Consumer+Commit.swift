import CRDKafka

extension Consumer {
    /// How long an awaited commit is retried, in milliseconds. A group that is rebalancing waits meanwhile.
    private static let commitMilliseconds = 5000

    /// Commits for the group. Returns at once unless `wait` is true. Then transient failures are retried, except
    /// those that end only when this member polls.
    public func commit(_ offsets: [PartitionOffset], wait: Bool) throws(KafkaError) {
        guard !offsets.isEmpty else { return }
        try PartitionList.with(offsets) { list throws(KafkaError) -> Void in
            guard wait else { return try check(rd_kafka_commit(handle.pointer, list, 1), group ?? "") }
            let patience = patience.within(milliseconds: Self.commitMilliseconds).withoutStop()
            try patience.run("commit", answerMilliseconds: Self.commitMilliseconds, unless: \.isRebalance) {
                attempt throws(KafkaError) in
                try commit(list, withinMilliseconds: attempt.milliseconds)
            }
        }
    }

    /// Commits once. The library's call that waits has no limit, and its answer may never come if the coordinator goes away
    /// meanwhile. So the answer is awaited in a queue that is given up after `limit`.
    private func commit(_ list: PartitionList.Pointer, withinMilliseconds limit: Int) throws(KafkaError) {
        let answers = rd_kafka_queue_new(handle.pointer)
        defer { rd_kafka_queue_destroy(answers) }
        try check(rd_kafka_commit_queue(handle.pointer, list, answers, nil, nil), group ?? "")
        guard let answer = rd_kafka_queue_poll(answers, Int32(limit)) else {
            throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, target: group ?? "")
        }
        defer { rd_kafka_event_destroy(answer) }
        try check(rd_kafka_event_error(answer), group ?? "")
        if let committed = rd_kafka_event_topic_partition_list(answer),
            let error = PartitionList.firstError(committed)
        {
            throw error
        }
    }
}
