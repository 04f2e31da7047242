import CRDKafka
import Synchronization

/// Topics and groups of a cluster. Every call blocks. A transient failure is retried: for `timeoutMilliseconds` if
/// the cluster does not answer, and for as long as the configuration's patience if it answers "not yet".
public final class Admin: @unchecked Sendable {
    public struct NewTopic: Sendable {
        public var name: String
        public var partitions: Int
        /// -1 means the broker's default.
        public var replicationFactor: Int
        public var configuration: [String: String]

        public init(name: String, partitions: Int, replicationFactor: Int, configuration: [String: String]) {
            self.name = name
            self.partitions = partitions
            self.replicationFactor = replicationFactor
            self.configuration = configuration
        }
    }

    private static let clusterIDMilliseconds: Int32 = 1000

    let kafka: KafkaConfiguration
    let handle: Handle
    /// Asks for the offsets of groups. Made at the first use.
    let groupHandle = Mutex<Handle?>(nil)
    public let timeoutMilliseconds: Int

    public init(_ configuration: KafkaConfiguration, timeoutMilliseconds: Int = 10_000) throws(KafkaError) {
        kafka = configuration
        self.timeoutMilliseconds = timeoutMilliseconds
        let conf = try configuration.make([])
        rd_kafka_conf_set_events(conf, commonEvents)
        handle = try Handle(RD_KAFKA_PRODUCER, consuming: conf)
    }

    /// Repeats a call until it succeeds or its failure is not transient.
    func patiently<Result>(
        _ call: String, _ body: (Patience.Attempt) throws(KafkaError) -> Result
    ) throws(KafkaError) -> Result {
        try kafka.patience.run(call, answerMilliseconds: timeoutMilliseconds, body)
    }

    /// The same for calls that need a leader or the controller. librdkafka otherwise continues to use the one that it
    /// found first.
    func refreshing<Result>(
        _ call: String, _ body: (Patience.Attempt) throws(KafkaError) -> Result
    ) throws(KafkaError) -> Result {
        try patiently(call) { attempt throws(KafkaError) in
            if let failure = attempt.failure, !failure.isSilence {
                _ = try? Metadata.read(handle.pointer, timeoutMilliseconds: Self.refreshMilliseconds)
            }
            return try body(attempt)
        }
    }

    private static let refreshMilliseconds = 1000

    /// The cause of a missing answer, if a notice explains it better. A notice of a permanent failure, such as a
    /// wrong password, has precedence.
    func cause(of error: KafkaError, _ handle: Handle) -> KafkaError {
        var cause: KafkaError?
        handle.serve(
            timeoutMilliseconds: 0,
            notice: { notice in
                guard case .error(let error) = notice else { return }
                if cause?.isRetriable != false || !error.isRetriable { cause = error }
            })
        return error.isSilence ? cause ?? error : error
    }

    public func metadata() throws(KafkaError) -> Metadata {
        try patiently("metadata") { attempt throws(KafkaError) in try read(attempt) }
    }

    /// Asks one of the brokers once, and waits at most `milliseconds`.
    public func metadata(milliseconds: Int) throws(KafkaError) -> Metadata {
        try read(Patience.Attempt(failure: nil, milliseconds: milliseconds))
    }

    private func read(_ attempt: Patience.Attempt) throws(KafkaError) -> Metadata {
        do throws(KafkaError) {
            return try Metadata.read(handle.pointer, timeoutMilliseconds: attempt.milliseconds)
        } catch {
            throw cause(of: error, handle)
        }
    }

    /// The topics among `names` that the cluster has. Waits for a topic that cannot be described yet.
    public func topics(_ names: Set<String>) throws(KafkaError) -> [Metadata.Topic] {
        try patiently("metadata") { attempt throws(KafkaError) in
            let metadata = try read(attempt)
            for name in names.sorted() { if let error = metadata.failures[name] { throw error } }
            return metadata.topics.filter { names.contains($0.name) }
        }
    }

    /// One topic; nil if the cluster does not have it.
    public func topic(_ name: String) throws(KafkaError) -> Metadata.Topic? { try topics([name]).first }

    /// Returns after new topics are known, each with at least this many partitions, all with a leader.
    public func waitForLeaders(of topics: [String: Int]) throws(KafkaError) {
        try patiently("topics just made") { attempt throws(KafkaError) in
            let metadata = try read(attempt)
            for (name, count) in topics.sorted(by: { $0.key < $1.key }) {
                guard let topic = metadata.topics.first(where: { $0.name == name }) else {
                    throw metadata.failures[name] ?? .unknownTopic(name)
                }
                guard topic.partitions >= count else {
                    throw KafkaError(RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, target: "\(name)[\(count - 1)]")
                }
                if let partition = topic.leaderless.first {
                    throw KafkaError(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, target: "\(name)[\(partition)]")
                }
            }
        }
    }

    /// Creates topics. Returns one answer for each: nil if it was created.
    public func create(_ topics: [NewTopic]) throws(KafkaError) -> [KafkaError?] {
        var creation = Creation(of: topics.count)
        do throws(KafkaError) {
            try refreshing("create topics") { attempt throws(KafkaError) in
                let answers = try create(creation.open.map { topics[$0] }, attempt)
                try creation.take(answers, isRepeat: attempt.failure != nil)
            }
        } catch {
            guard creation.hasAnswers else { throw error }
        }
        return creation.answers
    }

    /// The results of several topics over the attempts to create them.
    struct Creation {
        private(set) var answers: [KafkaError?]
        /// The indexes of the topics that the next attempt creates.
        private(set) var open: [Int]
        private(set) var hasAnswers = false

        init(of count: Int) {
            answers = [KafkaError?](repeating: nil, count: count)
            open = Array(0..<count)
        }

        /// Throws the failure of a topic that must be tried again.
        mutating func take(_ results: [KafkaError?], isRepeat: Bool) throws(KafkaError) {
            hasAnswers = true
            for (index, error) in zip(open, results) {
                // The topic was created by an earlier attempt that failed nevertheless.
                answers[index] = isRepeat && error?.isTopicThere == true ? nil : error
            }
            open = open.filter { answers[$0]?.isRetriable == true }
            if let first = open.first, let error = answers[first] { throw error }
        }
    }

    private func create(_ topics: [NewTopic], _ attempt: Patience.Attempt) throws(KafkaError) -> [KafkaError?] {
        var made: [OpaquePointer?] = []
        defer { for topic in made { rd_kafka_NewTopic_destroy(topic) } }
        for topic in topics {
            var reason = [CChar](repeating: 0, count: 512)
            guard
                let item = rd_kafka_NewTopic_new(
                    topic.name, Int32(topic.partitions), Int32(topic.replicationFactor), &reason, reason.count)
            else { throw KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, message: reason.text, target: topic.name) }
            made.append(item)
            for (name, value) in topic.configuration.sorted(by: { $0.key < $1.key }) {
                rd_kafka_NewTopic_set_config(item, name, value)
            }
        }
        return try ask(handle, RD_KAFKA_ADMIN_OP_CREATETOPICS, "create topics", attempt) { queue, options in
            rd_kafka_CreateTopics(handle.pointer, &made, made.count, options, queue)
        } read: { event in
            topicResults(rd_kafka_event_CreateTopics_result(event)) { rd_kafka_CreateTopics_result_topics($0, $1) }
        }
    }

    public func createPartitions(of topic: String, total: Int) throws(KafkaError) {
        var reason = [CChar](repeating: 0, count: 512)
        var item = rd_kafka_NewPartitions_new(topic, total, &reason, reason.count)
        guard item != nil else {
            throw KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, message: reason.text, target: topic)
        }
        defer { rd_kafka_NewPartitions_destroy(item) }
        try refreshing("add partitions") { attempt throws(KafkaError) in
            let results = try ask(handle, RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, topic, attempt) { queue, options in
                rd_kafka_CreatePartitions(handle.pointer, &item, 1, options, queue)
            } read: { event in
                topicResults(rd_kafka_event_CreatePartitions_result(event)) {
                    rd_kafka_CreatePartitions_result_topics($0, $1)
                }
            }
            guard case .some(.some(let error)) = results.first else { return }
            // The partitions were added by an earlier attempt that failed nevertheless.
            if attempt.failure != nil, error.isPartitionCount,
                try read(attempt).topics.first(where: { $0.name == topic })?.partitions == total
            {
                return
            }
            throw error
        }
    }

    /// False for librdkafka's mock cluster, the embedded broker. It has no controller and does not answer requests
    /// about settings.
    public var describesSettings: Bool { isEmbedded != true }

    /// Whether the cluster is librdkafka's mock; nil if it does not answer.
    var isEmbedded: Bool? {
        guard let id = rd_kafka_clusterid(handle.pointer, Self.clusterIDMilliseconds) else { return nil }
        defer { rd_kafka_mem_free(handle.pointer, id) }
        return String(cString: id).hasPrefix("mockCluster")
    }

    /// The settings of a topic that differ from the broker's defaults.
    public func configuration(of topic: String) throws(KafkaError) -> [String: String] {
        var resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic)
        defer { rd_kafka_ConfigResource_destroy(resource) }
        return try request(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, "describe settings", topic) { queue, options in
            rd_kafka_DescribeConfigs(handle.pointer, &resource, 1, options, queue)
        } read: { event throws(KafkaError) in
            try Self.settings(inAnswer: event, of: topic)
        }
    }

    /// The settings in the answer about one topic or broker, which `target` names; empty if the answer has none.
    static func settings(
        inAnswer event: OpaquePointer, of target: String
    ) throws(KafkaError) -> [String: String] {
        var count = 0
        let resources = rd_kafka_DescribeConfigs_result_resources(
            rd_kafka_event_DescribeConfigs_result(event), &count)
        guard count == 1, let found = resources?[0] else { return [:] }
        let code = rd_kafka_ConfigResource_error(found)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, target: target) }
        return Self.settings(found)
    }

    /// Sets a topic's settings. Settings that are not named return to the broker's defaults.
    public func setConfiguration(of topic: String, to values: [String: String]) throws(KafkaError) {
        var resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic)
        defer { rd_kafka_ConfigResource_destroy(resource) }
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            rd_kafka_ConfigResource_set_config(resource, name, value)
        }
        try request(RD_KAFKA_ADMIN_OP_ALTERCONFIGS, "set settings", topic) { queue, options in
            rd_kafka_AlterConfigs(handle.pointer, &resource, 1, options, queue)
        } read: { event throws(KafkaError) in
            var count = 0
            let resources = rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event), &count)
            guard count == 1, let found = resources?[0] else { return }
            let code = rd_kafka_ConfigResource_error(found)
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw KafkaError(code, target: topic) }
        }
    }

    /// The next offset of each of these partitions, in one request per broker. The partitions are expected to exist.
    /// Throws if one partition has no answer.
    public func ends(of partitions: [TopicPartition]) throws(KafkaError) -> [TopicPartition: Int64] {
        try offsets(of: partitions, at: PartitionOffset.end)
    }

    /// The oldest offset that each partition still has. Otherwise like `ends`.
    public func beginnings(of partitions: [TopicPartition]) throws(KafkaError) -> [TopicPartition: Int64] {
        try offsets(of: partitions, at: PartitionOffset.beginning)
    }

    private func offsets(
        of partitions: [TopicPartition], at offset: Int64
    ) throws(KafkaError) -> [TopicPartition: Int64] {
        guard !partitions.isEmpty else { return [:] }
        // ListOffsets accepts -1 as a timestamp for "the end" and -2 for "the beginning".
        let asked = partitions.map { PartitionOffset($0, offset: offset) }
        return try refreshing("list offsets") { attempt throws(KafkaError) in
            try PartitionList.with(asked) { list throws(KafkaError) -> [TopicPartition: Int64] in
                let code = rd_kafka_offsets_for_times(handle.pointer, list, Int32(attempt.milliseconds))
                let error = PartitionList.firstError(list)
                // If there is no leader at all, each partition has its own error.
                if code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, let error { throw error }
                guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
                    throw cause(of: KafkaError(code, target: "list offsets"), handle)
                }
                // Success can be that of some partitions only. If librdkafka itself has asked twice, this is the
                // first answer.
                if let error { throw error }
                var result: [TopicPartition: Int64] = [:]
                for item in PartitionList.read(list) {
                    guard item.offset >= 0 else {
                        throw KafkaError(
                            RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, target: item.topicPartition.description)
                    }
                    result[item.topicPartition] = item.offset
                }
                return result
            }
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
                target: String(cString: rd_kafka_topic_result_name(item)))
        }
    }

    /// Sends an admin request, repeats it after transient failures, and reads its single answer.
    func request<Result>(
        _ operation: rd_kafka_admin_op_t, _ call: String, _ target: String,
        send: (OpaquePointer, OpaquePointer) -> Void, read: (OpaquePointer) throws(KafkaError) -> Result
    ) throws(KafkaError) -> Result {
        try refreshing(call) { attempt throws(KafkaError) in
            try ask(handle, operation, target, attempt, send: send, read: read)
        }
    }

    func ask<Result>(
        _ handle: Handle, _ operation: rd_kafka_admin_op_t, _ target: String, _ attempt: Patience.Attempt,
        send: (OpaquePointer, OpaquePointer) -> Void, read: (OpaquePointer) throws(KafkaError) -> Result
    ) throws(KafkaError) -> Result {
        let queue = rd_kafka_queue_new(handle.pointer)!
        defer { rd_kafka_queue_destroy(queue) }
        let options = rd_kafka_AdminOptions_new(handle.pointer, operation)!
        defer { rd_kafka_AdminOptions_destroy(options) }
        var reason = [CChar](repeating: 0, count: 256)
        rd_kafka_AdminOptions_set_request_timeout(options, Int32(attempt.milliseconds), &reason, reason.count)
        send(queue, options)
        guard let event = rd_kafka_queue_poll(queue, Int32(attempt.milliseconds + 1000)) else {
            throw cause(of: .timedOut(target), handle)
        }
        defer { rd_kafka_event_destroy(event) }
        let code = rd_kafka_event_error(event)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw KafkaError(
                code, message: rd_kafka_event_error_string(event).map { String(cString: $0) }, target: target)
        }
        return try read(event)
    }
}
