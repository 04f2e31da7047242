import CRDKafka

/// Topics and groups of a cluster. Every call blocks, at most `timeoutMilliseconds`.
public final class Admin: @unchecked Sendable {
    public struct NewTopic: Sendable {
        public var name: String
        public var partitions: Int
        /// -1 takes the broker's default.
        public var replicationFactor: Int
        public var configuration: [String: String]

        public init(name: String, partitions: Int, replicationFactor: Int, configuration: [String: String]) {
            self.name = name
            self.partitions = partitions
            self.replicationFactor = replicationFactor
            self.configuration = configuration
        }
    }

    public struct Group: Sendable {
        public let name: String
        /// The broker's word for it, such as `Stable` or `Empty`.
        public let state: String
    }

    private let handle: Handle
    public let timeoutMilliseconds: Int

    public init(_ configuration: KafkaConfiguration, timeoutMilliseconds: Int = 10_000) throws(KafkaError) {
        self.timeoutMilliseconds = timeoutMilliseconds
        let conf = try configuration.make([])
        rd_kafka_conf_set_events(conf, commonEvents)
        handle = try Handle(RD_KAFKA_PRODUCER, consuming: conf)
    }

    /// Discards notices that came meanwhile, but for the last error, which says why nothing answers.
    private func lastNotice() -> KafkaError? {
        var last: KafkaError?
        handle.serve(timeoutMilliseconds: 0, notice: { if case .error(let error) = $0 { last = error } })
        return last
    }

    public func metadata() throws(KafkaError) -> Metadata {
        do {
            return try Metadata.read(handle.pointer, timeoutMilliseconds: timeoutMilliseconds)
        } catch {
            throw lastNotice() ?? error
        }
    }

    /// One topic; nil if the cluster does not have it.
    public func topic(_ name: String) throws(KafkaError) -> Metadata.Topic? {
        try metadata().topics.first { $0.name == name }
    }

    /// Creates topics, one answer each: nil for success.
    public func create(_ topics: [NewTopic]) throws(KafkaError) -> [KafkaError?] {
        var made: [OpaquePointer?] = []
        defer { for topic in made { rd_kafka_NewTopic_destroy(topic) } }
        for topic in topics {
            var reason = [CChar](repeating: 0, count: 512)
            guard
                let item = rd_kafka_NewTopic_new(
                    topic.name, Int32(topic.partitions), Int32(topic.replicationFactor), &reason, reason.count)
            else { throw KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, message: reason.text, place: topic.name) }
            made.append(item)
            for (name, value) in topic.configuration.sorted(by: { $0.key < $1.key }) {
                rd_kafka_NewTopic_set_config(item, name, value)
            }
        }
        return try request(RD_KAFKA_ADMIN_OP_CREATETOPICS, "create topics") { queue, options in
            rd_kafka_CreateTopics(handle.pointer, &made, made.count, options, queue)
        } read: { event in
            topicResults(rd_kafka_event_CreateTopics_result(event)) { rd_kafka_CreateTopics_result_topics($0, $1) }
        }
    }

    /// Adds partitions to a topic.
    public func createPartitions(of topic: String, total: Int) throws(KafkaError) {
        var reason = [CChar](repeating: 0, count: 512)
        var item = rd_kafka_NewPartitions_new(topic, total, &reason, reason.count)
        guard item != nil else {
            throw KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, message: reason.text, place: topic)
        }
        defer { rd_kafka_NewPartitions_destroy(item) }
        let results = try request(RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, topic) { queue, options in
            rd_kafka_CreatePartitions(handle.pointer, &item, 1, options, queue)
        } read: { event in
            topicResults(rd_kafka_event_CreatePartitions_result(event)) {
                rd_kafka_CreatePartitions_result_topics($0, $1)
            }
        }
        if case .some(.some(let error)) = results.first { throw error }
    }

    /// A topic's settings that differ from the broker's defaults, and every setting named in `wanted`.
    public func configuration(of topic: String) throws(KafkaError) -> [String: String] {
        var resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic)
        defer { rd_kafka_ConfigResource_destroy(resource) }
        return try request(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, topic) { queue, options in
            rd_kafka_DescribeConfigs(handle.pointer, &resource, 1, options, queue)
        } read: { event throws(KafkaError) in
            var count = 0
            let resources = rd_kafka_DescribeConfigs_result_resources(
                rd_kafka_event_DescribeConfigs_result(event), &count)
            guard count == 1, let found = resources?[0] else { return [:] }
            let code = rd_kafka_ConfigResource_error(found)
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, place: topic) }
            var entries = 0
            let list = rd_kafka_ConfigResource_configs(found, &entries)
            var result: [String: String] = [:]
            for index in 0..<entries {
                guard let entry = list?[index], let value = rd_kafka_ConfigEntry_value(entry) else { continue }
                result[String(cString: rd_kafka_ConfigEntry_name(entry))] = String(cString: value)
            }
            return result
        }
    }

    /// Sets a topic's settings; those not named go back to the broker's defaults.
    public func setConfiguration(of topic: String, to values: [String: String]) throws(KafkaError) {
        var resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic)
        defer { rd_kafka_ConfigResource_destroy(resource) }
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            rd_kafka_ConfigResource_set_config(resource, name, value)
        }
        try request(RD_KAFKA_ADMIN_OP_ALTERCONFIGS, topic) { queue, options in
            rd_kafka_AlterConfigs(handle.pointer, &resource, 1, options, queue)
        } read: { event throws(KafkaError) in
            var count = 0
            let resources = rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event), &count)
            guard count == 1, let found = resources?[0] else { return }
            let code = rd_kafka_ConfigResource_error(found)
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, place: topic) }
        }
    }

    /// Every consumer group of the cluster. The embedded broker cannot list groups and answers with an error.
    public func groups() throws(KafkaError) -> [Group] {
        try request(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS, "list groups") { queue, options in
            rd_kafka_ListConsumerGroups(handle.pointer, options, queue)
        } read: { event throws(KafkaError) in
            let result = rd_kafka_event_ListConsumerGroups_result(event)
            var failed = 0
            let errors = rd_kafka_ListConsumerGroups_result_errors(result, &failed)
            var count = 0
            let list = rd_kafka_ListConsumerGroups_result_valid(result, &count)
            if count == 0, failed > 0, let first = errors?[0] {
                throw KafkaError(
                    rd_kafka_error_code(first), message: String(cString: rd_kafka_error_string(first)),
                    place: "list groups")
            }
            return (0..<count).compactMap { index in
                guard let item = list?[index] else { return nil }
                let state = rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupListing_state(item))
                return Group(
                    name: String(cString: rd_kafka_ConsumerGroupListing_group_id(item)),
                    state: state.map { String(cString: $0) } ?? "Unknown")
            }.sorted { $0.name < $1.name }
        }
    }

    /// A group's committed offsets: of `partitions`, or of everything it has committed.
    public func committed(group: String, partitions: [TopicPartition]? = nil) throws(KafkaError) -> [PartitionOffset] {
        var item: OpaquePointer?
        if let partitions {
            // The request takes a copy.
            try PartitionList.with(partitions) { item = rd_kafka_ListConsumerGroupOffsets_new(group, $0) }
        } else {
            item = rd_kafka_ListConsumerGroupOffsets_new(group, nil)
        }
        defer { rd_kafka_ListConsumerGroupOffsets_destroy(item) }
        return try request(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, group) { queue, options in
            rd_kafka_ListConsumerGroupOffsets(handle.pointer, &item, 1, options, queue)
        } read: { event throws(KafkaError) in
            var count = 0
            let groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
                rd_kafka_event_ListConsumerGroupOffsets_result(event), &count)
            guard count == 1, let found = groups?[0] else { return [] }
            if let error = rd_kafka_group_result_error(found) {
                throw KafkaError(
                    rd_kafka_error_code(error), message: String(cString: rd_kafka_error_string(error)), place: group)
            }
            return PartitionList.read(rd_kafka_group_result_partitions(found)).filter { $0.offset >= 0 }
        }
    }

    /// The next offset of each partition, in one request a broker.
    public func ends(of partitions: [TopicPartition]) throws(KafkaError) -> [TopicPartition: Int64] {
        try offsets(of: partitions, at: PartitionOffset.end)
    }

    /// The oldest offset of each partition that is still there, in one request a broker.
    public func beginnings(of partitions: [TopicPartition]) throws(KafkaError) -> [TopicPartition: Int64] {
        try offsets(of: partitions, at: PartitionOffset.beginning)
    }

    private func offsets(
        of partitions: [TopicPartition], at place: Int64
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        guard !partitions.isEmpty else { return [:] }
        // ListOffsets takes -1 in the place of a timestamp for "the end", and -2 for "the beginning".
        let asked = partitions.map { PartitionOffset($0, offset: place) }
        return try PartitionList.with(asked) { list throws(KafkaError) in
            let code = rd_kafka_offsets_for_times(handle.pointer, list, Int32(timeoutMilliseconds))
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, place: "list offsets") }
            var result: [TopicPartition: Int64] = [:]
            for item in PartitionList.read(list) where item.offset >= 0 { result[item.topicPartition] = item.offset }
            return result
        }
    }

    private func topicResults(
        _ result: OpaquePointer?,
        _ topics: (OpaquePointer?, UnsafeMutablePointer<Int>) -> UnsafeMutablePointer<OpaquePointer?>?
    ) -> [KafkaError?] {
        var count = 0
        let list = topics(result, &count)
        return (0..<count).map { index in
            guard let item = list?[index] else { return nil }
            let code = rd_kafka_topic_result_error(item)
            guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
            return KafkaError(
                code, message: rd_kafka_topic_result_error_string(item).map { String(cString: $0) },
                place: String(cString: rd_kafka_topic_result_name(item)))
        }
    }

    /// Sends one admin request and reads its one answer.
    private func request<Result>(
        _ operation: rd_kafka_admin_op_t, _ place: String, send: (OpaquePointer, OpaquePointer) -> Void,
        read: (OpaquePointer) throws(KafkaError) -> Result
    ) throws(KafkaError) -> Result {
        let queue = rd_kafka_queue_new(handle.pointer)!
        defer { rd_kafka_queue_destroy(queue) }
        let options = rd_kafka_AdminOptions_new(handle.pointer, operation)!
        defer { rd_kafka_AdminOptions_destroy(options) }
        var reason = [CChar](repeating: 0, count: 256)
        rd_kafka_AdminOptions_set_request_timeout(options, Int32(timeoutMilliseconds), &reason, reason.count)
        send(queue, options)
        guard let event = rd_kafka_queue_poll(queue, Int32(timeoutMilliseconds + 1000)) else {
            throw lastNotice() ?? .timedOut(place)
        }
        defer { rd_kafka_event_destroy(event) }
        let code = rd_kafka_event_error(event)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw KafkaError(
                code, message: rd_kafka_event_error_string(event).map { String(cString: $0) }, place: place)
        }
        return try read(event)
    }
}
