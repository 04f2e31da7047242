import CRDKafka
import Foundation
import Synchronization

extension Admin {
    /// A group in the brokers' list.
    public struct Group: Sendable {
        public let name: String
        /// The broker's word for the state, such as `Stable` or `Empty`.
        public let state: String
        /// True if the group's members, if there are any, choose their partitions themselves. The broker then knows
        /// only the group's commits.
        public let isSimple: Bool

        public init(name: String, state: String, isSimple: Bool = false) {
            (self.name, self.state, self.isSimple) = (name, state, isSimple)
        }
    }

    /// The groups of the brokers that answered.
    public struct GroupListing: Sendable {
        /// Sorted by name.
        public let groups: [Group]
        /// Why the groups of other brokers are missing; nil if every broker answered.
        public let failure: KafkaError?
    }

    /// A group in its coordinator's description.
    public struct GroupDescription: Sendable {
        public struct Member: Sendable, Hashable {
            public let id: String
            public let client: String
            public let host: String
            public let partitions: [TopicPartition]

            public init(id: String, client: String, host: String, partitions: [TopicPartition]) {
                (self.id, self.client, self.host, self.partitions) = (id, client, host, partitions)
            }
        }

        /// The broker's word for the state. A coordinator calls a group `Dead` if this library does not know the
        /// group's protocol.
        public let state: String
        /// How the members of a classic group share the partitions, such as `range`; empty if nothing is shared.
        public let assignor: String
        public let members: [Member]

        public init(state: String, assignor: String, members: [Member]) {
            (self.state, self.assignor, self.members) = (state, assignor, members)
        }
    }

    /// The time limits for the coordinators of many groups.
    public struct GroupLimits: Sendable {
        /// For one group's answer. A coordinator that hangs delays every other group by at most this time.
        public var requestMilliseconds: Int
        /// For all groups together.
        public var totalMilliseconds: Int

        public init(requestMilliseconds: Int, totalMilliseconds: Int) {
            (self.requestMilliseconds, self.totalMilliseconds) = (requestMilliseconds, totalMilliseconds)
        }
    }

    /// The maximum number of group requests at the same time.
    static let maximumGroupRequests = 2_048
    /// The longest sleep while answers are awaited.
    private static let groupPollMilliseconds: Int32 = 100
    /// The pause before coordinators that answered "not yet" are asked again.
    private static let groupPause = Duration.milliseconds(100)

    /// Every consumer group of the cluster. The embedded broker cannot list groups and answers with an error.
    public func groups() throws(KafkaError) -> [Group] { try listGroups().groups }

    /// Like `groups`, with the failure of brokers that do not answer.
    public func listGroups() throws(KafkaError) -> GroupListing {
        try request(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS, "list groups", "list groups") { queue, options in
            rd_kafka_ListConsumerGroups(handle.pointer, options, queue)
        } read: { event throws(KafkaError) in
            let result = rd_kafka_event_ListConsumerGroups_result(event)
            var failed = 0
            let errors = rd_kafka_ListConsumerGroups_result_errors(result, &failed)
            var count = 0
            let list = rd_kafka_ListConsumerGroups_result_valid(result, &count)
            // A broker that is down does not hide the groups of the others.
            var failure: KafkaError?
            for index in 0..<failed {
                guard let item = errors?[index] else { continue }
                let error = KafkaError(
                    rd_kafka_error_code(item), message: String(cString: rd_kafka_error_string(item)),
                    target: "list groups")
                if count == 0 || (error.isRetriable && !error.isSilence) { throw error }
                failure = failure ?? error
            }
            let groups = (0..<count).compactMap { index -> Group? in
                guard let item = list?[index] else { return nil }
                return Group(
                    name: String(cString: rd_kafka_ConsumerGroupListing_group_id(item)),
                    state: Self.name(of: rd_kafka_ConsumerGroupListing_state(item)),
                    isSimple: rd_kafka_ConsumerGroupListing_is_simple_consumer_group(item) != 0)
            }
            return GroupListing(groups: groups.sorted { $0.name < $1.name }, failure: failure)
        }
    }

    private static func name(of state: rd_kafka_consumer_group_state_t) -> String {
        rd_kafka_consumer_group_state_name(state).map { String(cString: $0) } ?? "Unknown"
    }

    /// Each group in its coordinator's description, or the failure. All groups are asked at the same time.
    public func describe(
        groups: [String], _ limits: GroupLimits
    ) throws(KafkaError) -> [String: Result<GroupDescription, KafkaError>] {
        // librdkafka 2.0 never closes a handle that has sent this request to a broker without support for it, such as
        // the embedded one.
        guard isEmbedded == false else {
            return Dictionary(groups.map { ($0, .failure(.unsupported($0))) }) { $1 }
        }
        return try askEach(groups, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, limits) { handle, group, options, queue in
            group.withCString { name in
                var names: [UnsafePointer<CChar>?] = [name]
                rd_kafka_DescribeConsumerGroups(handle, &names, 1, options, queue)
            }
        } read: { event, group throws(KafkaError) in
            var count = 0
            let list = rd_kafka_DescribeConsumerGroups_result_groups(
                rd_kafka_event_DescribeConsumerGroups_result(event), &count)
            guard count == 1, let found = list?[0] else { throw .timedOut(group) }
            if let error = rd_kafka_ConsumerGroupDescription_error(found),
                rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_NO_ERROR
            {
                throw KafkaError(
                    rd_kafka_error_code(error), message: String(cString: rd_kafka_error_string(error)), target: group)
            }
            let members = (0..<rd_kafka_ConsumerGroupDescription_member_count(found)).compactMap {
                rd_kafka_ConsumerGroupDescription_member(found, $0).map { Self.member($0) }
            }
            return GroupDescription(
                state: Self.name(of: rd_kafka_ConsumerGroupDescription_state(found)),
                assignor: rd_kafka_ConsumerGroupDescription_partition_assignor(found).map { String(cString: $0) } ?? "",
                members: members)
        }
    }

    private static func member(_ item: OpaquePointer) -> GroupDescription.Member {
        let assignment = rd_kafka_MemberDescription_assignment(item)
        return GroupDescription.Member(
            id: rd_kafka_MemberDescription_consumer_id(item).map { String(cString: $0) } ?? "",
            client: rd_kafka_MemberDescription_client_id(item).map { String(cString: $0) } ?? "",
            host: rd_kafka_MemberDescription_host(item).map { String(cString: $0) } ?? "",
            partitions: PartitionList.read(assignment.flatMap { rd_kafka_MemberAssignment_partitions($0) })
                .map(\.topicPartition))
    }

    /// A group's committed offsets: those of `partitions`, or all of them.
    public func committed(group: String, partitions: [TopicPartition]? = nil) throws(KafkaError) -> [PartitionOffset] {
        var item: OpaquePointer?
        if let partitions {
            // The request copies the list.
            try PartitionList.with(partitions) { item = rd_kafka_ListConsumerGroupOffsets_new(group, $0) }
        } else {
            item = rd_kafka_ListConsumerGroupOffsets_new(group, nil)
        }
        defer { rd_kafka_ListConsumerGroupOffsets_destroy(item) }
        return try patiently("committed offsets") { attempt throws(KafkaError) in
            // librdkafka continues to ask the coordinator that it found first.
            if attempt.failure != nil { forgetGroupHandle() }
            let handle = try makeGroupHandle()
            return try ask(handle, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, group, attempt) { queue, options in
                rd_kafka_ListConsumerGroupOffsets(handle.pointer, &item, 1, options, queue)
            } read: { event throws(KafkaError) in
                try Self.committed(event, of: group)
            }
        }
    }

    /// All committed offsets of each group, or the failure. All groups are asked at the same time.
    public func committed(
        groups: [String], _ limits: GroupLimits
    ) throws(KafkaError) -> [String: Result<[PartitionOffset], KafkaError>] {
        try askEach(groups, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, limits) { handle, group, options, queue in
            var item: OpaquePointer? = rd_kafka_ListConsumerGroupOffsets_new(group, nil)
            defer { rd_kafka_ListConsumerGroupOffsets_destroy(item) }
            // The request copies the item.
            rd_kafka_ListConsumerGroupOffsets(handle, &item, 1, options, queue)
        } read: { event, group throws(KafkaError) in
            try Self.committed(event, of: group)
        }
    }

    private static func committed(_ event: OpaquePointer, of group: String) throws(KafkaError) -> [PartitionOffset] {
        var count = 0
        let groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
            rd_kafka_event_ListConsumerGroupOffsets_result(event), &count)
        guard count == 1, let found = groups?[0] else { return [] }
        if let error = rd_kafka_group_result_error(found) {
            throw KafkaError(
                rd_kafka_error_code(error), message: String(cString: rd_kafka_error_string(error)), target: group)
        }
        let list = rd_kafka_group_result_partitions(found)
        if let error = PartitionList.firstError(list), error.isRetriable, !error.isUnknownTopic { throw error }
        return PartitionList.read(list).filter { $0.offset >= 0 }
    }

    /// Sends one request per group, and sends it again if a coordinator answers "not yet", until the limits are
    /// reached. `send` and `read` get the group's name, and librdkafka's handle or event.
    private func askEach<Answer>(
        _ groups: [String], _ operation: rd_kafka_admin_op_t, _ limits: GroupLimits,
        send: (OpaquePointer, String, OpaquePointer, OpaquePointer) -> Void,
        read: (OpaquePointer, String) throws(KafkaError) -> Answer
    ) throws(KafkaError) -> [String: Result<Answer, KafkaError>] {
        let deadline = ContinuousClock.now + .milliseconds(limits.totalMilliseconds)
        var answers: [String: Result<Answer, KafkaError>] = [:]
        var open = groups
        while !open.isEmpty {
            let handle = try makeGroupHandle()
            try askOnce(handle, open, operation, limits.requestMilliseconds, until: deadline, send: send) {
                event, group throws(KafkaError) in
                do throws(KafkaError) {
                    let code = rd_kafka_event_error(event)
                    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
                        throw KafkaError(
                            code, message: rd_kafka_event_error_string(event).map { String(cString: $0) }, target: group
                        )
                    }
                    answers[group] = .success(try read(event, group))
                } catch {
                    answers[group] = .failure(error)
                }
            }
            open = open.filter { answers[$0]?.isNotYet == true }
            guard !open.isEmpty, ContinuousClock.now + Self.groupPause < deadline else { break }
            // librdkafka continues to ask the coordinator that it found first.
            forgetGroupHandle()
            Thread.sleep(forTimeInterval: Self.groupPause / .seconds(1))
        }
        for group in groups where answers[group] == nil { answers[group] = .failure(.timedOut(group)) }
        return answers
    }

    /// `answered` is called at most once for each group, with an event that it must not retain.
    private func askOnce(
        _ handle: Handle, _ groups: [String], _ operation: rd_kafka_admin_op_t, _ requestMilliseconds: Int,
        until deadline: ContinuousClock.Instant, send: (OpaquePointer, String, OpaquePointer, OpaquePointer) -> Void,
        answered: (OpaquePointer, String) throws(KafkaError) -> Void
    ) throws(KafkaError) {
        let queue = rd_kafka_queue_new(handle.pointer)!
        defer { rd_kafka_queue_destroy(queue) }
        var (sent, underWay) = (0, 0)
        while sent < groups.count || underWay > 0 {
            let left = Int((deadline - ContinuousClock.now) / .milliseconds(1))
            guard left > 0 else { break }
            while sent < groups.count, underWay < Self.maximumGroupRequests {
                let options = rd_kafka_AdminOptions_new(handle.pointer, operation)!
                defer { rd_kafka_AdminOptions_destroy(options) }
                var reason = [CChar](repeating: 0, count: 256)
                rd_kafka_AdminOptions_set_request_timeout(
                    options, Int32(min(requestMilliseconds, left)), &reason, reason.count)
                // An answer carries its group's number, which begins at 1.
                rd_kafka_AdminOptions_set_opaque(options, UnsafeMutableRawPointer(bitPattern: sent + 1))
                send(handle.pointer, groups[sent], options, queue)
                (sent, underWay) = (sent + 1, underWay + 1)
            }
            guard let event = rd_kafka_queue_poll(queue, min(Self.groupPollMilliseconds, Int32(left))) else { continue }
            defer { rd_kafka_event_destroy(event) }
            underWay -= 1
            let number = Int(bitPattern: rd_kafka_event_opaque(event))
            guard (1...groups.count).contains(number) else { continue }
            try answered(event, groups[number - 1])
        }
    }

    /// A consumer that joins no group. librdkafka crashes if a producer is informed that a coordinator has moved.
    private func makeGroupHandle() throws(KafkaError) -> Handle {
        try groupHandle.withLock { found throws(KafkaError) -> Handle in
            if let found { return found }
            let conf = try kafka.make([("group.id", Consumer.noGroup)])
            rd_kafka_conf_set_events(conf, commonEvents)
            let made = try Handle(RD_KAFKA_CONSUMER, consuming: conf)
            found = made
            return made
        }
    }

    private func forgetGroupHandle() { groupHandle.withLock { $0 = nil } }
}

extension Result where Failure == KafkaError {
    /// True if another coordinator, or the same one later, may answer.
    fileprivate var isNotYet: Bool {
        guard case .failure(let error) = self else { return false }
        return error.isRetriable && !error.isFatal && !error.isSilence
    }
}
