import CRDKafka

extension Admin {
    /// The offset of a partition that is asked for. `end` depends on the property `isolation.level`: with
    /// `read_committed`, librdkafka's default, it is the last stable offset, and with `read_uncommitted` the high
    /// watermark.
    public enum Offset: Sendable {
        case beginning, end

        var logical: Int64 { self == .end ? PartitionOffset.end : PartitionOffset.beginning }
    }

    /// The offsets of the partitions that answered, and the failures of the others.
    public struct OffsetAnswers: Sendable {
        public var offsets: [TopicPartition: Int64] = [:]
        public var failures: [TopicPartition: KafkaError] = [:]

        public init() {}
    }

    /// The maximum number of partitions in one request: librdkafka's time for an answer grows with its square.
    public static let maximumOffsetsAsked = 1_000

    /// Reads the current leaders of the partitions from the cluster. librdkafka otherwise continues to ask the leader
    /// that it found first.
    public func refreshLeaders(milliseconds: Int) throws(KafkaError) {
        _ = try Metadata.read(handle.pointer, timeoutMilliseconds: milliseconds)
    }

    /// Asks once, and waits at most `milliseconds`. Throws if nothing at all is answered. A broker that hangs delays
    /// the answers of the others, so ask for the partitions of one leader at a time, and for at most
    /// `maximumOffsetsAsked`.
    public func offsets(
        of partitions: [TopicPartition], at offset: Offset, milliseconds: Int
    ) throws(KafkaError) -> OffsetAnswers {
        var answers = OffsetAnswers()
        guard !partitions.isEmpty else { return answers }
        // ListOffsets accepts the logical offset instead of a timestamp. If the partitions are sorted, its request
        // has each topic once.
        let asked = partitions.sorted().map { PartitionOffset($0, offset: offset.logical) }
        try PartitionList.with(asked) { list throws(KafkaError) in
            let code = rd_kafka_offsets_for_times(handle.pointer, list, Int32(milliseconds))
            // If there is no leader at all, each partition has its own error.
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION else {
                throw cause(of: KafkaError(code, target: "list offsets"), handle)
            }
            for (item, error) in PartitionList.readErrors(list) {
                if let error {
                    answers.failures[item.topicPartition] = error
                } else if item.offset >= 0 {
                    answers.offsets[item.topicPartition] = item.offset
                } else {
                    answers.failures[item.topicPartition] = KafkaError(
                        RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, target: item.topicPartition.description)
                }
            }
        }
        return answers
    }
}

extension Admin {
    /// The first record of each partition at or after a time, in milliseconds since 1970; nil if there is none. A
    /// broker that finds no offsets by time, as the embedded one (`describesSettings`), has none. Asks once.
    public func offsets(
        of partitions: [TopicPartition], atTime time: Int64, milliseconds: Int
    ) throws(KafkaError) -> [TopicPartition: Int64?] {
        guard !partitions.isEmpty else { return [:] }
        let asked = partitions.sorted().map { PartitionOffset($0, offset: max(0, time)) }
        return try PartitionList.with(asked) { list throws(KafkaError) in
            let code = rd_kafka_offsets_for_times(handle.pointer, list, Int32(milliseconds))
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
                throw cause(of: KafkaError(code, target: "list offsets"), handle)
            }
            if let error = PartitionList.firstError(list) { throw error }
            return Dictionary(
                PartitionList.read(list).map { ($0.topicPartition, $0.offset >= 0 ? $0.offset : nil) },
                uniquingKeysWith: { first, _ in first })
        }
    }
}

extension Admin {
    /// The settings of each of these topics, in one request. Asks once.
    public func configurations(
        of topics: [String], milliseconds: Int
    ) throws(KafkaError) -> [String: Result<[String: String], KafkaError>] {
        guard !topics.isEmpty else { return [:] }
        var resources = topics.map { rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, $0) }
        defer { for resource in resources { rd_kafka_ConfigResource_destroy(resource) } }
        let attempt = Patience.Attempt(failure: nil, milliseconds: milliseconds)
        return try ask(handle, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, "describe settings", attempt) { queue, options in
            rd_kafka_DescribeConfigs(handle.pointer, &resources, resources.count, options, queue)
        } read: { event in
            var count = 0
            let found = rd_kafka_DescribeConfigs_result_resources(
                rd_kafka_event_DescribeConfigs_result(event), &count)
            var answers: [String: Result<[String: String], KafkaError>] = [:]
            for index in 0..<count {
                guard let item = found?[index], let name = rd_kafka_ConfigResource_name(item) else { continue }
                let topic = String(cString: name)
                let code = rd_kafka_ConfigResource_error(item)
                answers[topic] =
                    code == RD_KAFKA_RESP_ERR_NO_ERROR
                    ? .success(Self.settings(item)) : .failure(KafkaError(code, target: topic))
            }
            return answers
        }
    }

    /// The settings of a described resource, by name.
    static func settings(_ resource: OpaquePointer) -> [String: String] {
        var count = 0
        let list = rd_kafka_ConfigResource_configs(resource, &count)
        var result: [String: String] = [:]
        for index in 0..<count {
            guard let entry = list?[index], let value = rd_kafka_ConfigEntry_value(entry) else { continue }
            result[String(cString: rd_kafka_ConfigEntry_name(entry))] = String(cString: value)
        }
        return result
    }
}
