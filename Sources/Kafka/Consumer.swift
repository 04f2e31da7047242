import CRDKafka
import Foundation

/// Reads partitions, alone (`assign`) or in a group (`subscribe`). All calls must be made on one thread.
///
/// librdkafka 2.0 can lose or repeat records of a batch around a rebalance or a seek. Every record is therefore
/// compared with the position that this consumer expects. A repeat is dropped. A partition's first hole is read
/// again, and accepted only if the broker really has no record there, as at the end of a transaction.
public final class Consumer: ConsumerClient {
    public struct Options: Sendable {
        /// Nil reads without a group.
        public var group: String?
        /// The name of a static member of the group; nil for dynamic membership.
        public var instance: String?
        /// Whether a notice is wanted when the end of a partition is reached.
        public var reportsEnds = false
        /// The bounds of the queue of records that were fetched and not yet passed to the reader. One fetch may
        /// exceed them.
        public var maximumQueuedRecords = 100_000
        public var maximumQueuedKilobytes = 16 * 1024
        /// The client's name in `/metrics`; nil if its statistics are not collected.
        public var name: String?
        /// In milliseconds. The group considers a member dead that does not poll for longer.
        public var maximumPollInterval = Options.standardPollInterval
        public static let standardPollInterval = 300_000
        /// In milliseconds: librdkafka's maximum.
        public static let longestPollInterval = 86_400_000
        /// The number of records that are taken off the queue at a time.
        public var batch = 4096

        public init(group: String? = nil, instance: String? = nil) { (self.group, self.instance) = (group, instance) }
    }

    /// In milliseconds. The properties may set another value.
    static let sessionMilliseconds = 10_000

    /// A handle that reads needs a group's name even if it joins none.
    public static let noGroup = "standing-no-group"

    let handle: Handle
    /// Nil if the library wakes its threads itself.
    let waker: FetchWaker?
    private let queue: OpaquePointer
    private let messages: UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>
    private let batch: Int
    weak var listener: (any RebalanceListener)?
    let onNotice: (KafkaNotice) -> Void
    let patience: Patience
    var lastHit = 0
    private var closed = false
    /// The number of calls of `poll` so far.
    private var calls = 0
    public let group: String?
    public internal(set) var assignment: [Assigned] = []
    /// Errors of partitions that arrived instead of records, until `takeErrors`.
    private var errors: [(topicPartition: TopicPartition, error: KafkaError)] = []
    var paused: Set<TopicPartition> = []
    /// The time of the last assignment; nil before the first.
    var replacedAt: ContinuousClock.Instant?
    /// The time at which to retry partitions whose start offset no broker returned, and the number of failed
    /// attempts.
    var restartAt: ContinuousClock.Instant?
    var failedStarts = 0

    public init(
        _ configuration: KafkaConfiguration, options: Options = Options(), listener: (any RebalanceListener)? = nil,
        onNotice: @escaping (KafkaNotice) -> Void = { _ in }
    ) throws(KafkaError) {
        group = options.group
        batch = options.batch
        self.listener = listener
        self.onNotice = onNotice
        patience = configuration.patience
        let mustBeWoken = rd_kafka_version() < 0x0202_0000
        var settings = [
            ("group.id", options.group ?? Self.noGroup),
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            ("auto.offset.reset", "error"),
            ("partition.assignment.strategy", "range"),
            // A member that died holds its partitions for this long.
            ("session.timeout.ms", String(Self.sessionMilliseconds)),
            // The library refuses an interval that is shorter than the session.
            ("max.poll.interval.ms", String(max(options.maximumPollInterval, configuration.sessionTimeout))),
            ("heartbeat.interval.ms", "2000"),
            ("enable.partition.eof", options.reportsEnds ? "true" : "false"),
            ("topic.metadata.refresh.interval.ms", "30000"),
            ("fetch.wait.max.ms", String(configuration.fetchWaitMilliseconds)),
            ("fetch.error.backoff.ms", "100"),
            ("queued.min.messages", String(options.maximumQueuedRecords)),
            ("queued.max.messages.kbytes", String(options.maximumQueuedKilobytes)),
            ("statistics.interval.ms", configuration.statisticsMilliseconds(of: options.name)),
        ]
        if !mustBeWoken { settings.append(("fetch.queue.backoff.ms", "10")) }
        if let instance = options.instance { settings.append(("group.instance.id", instance)) }
        let conf = try configuration.make(settings)
        rd_kafka_conf_set_events(conf, commonEvents)
        let box = RebalanceBox()
        rd_kafka_conf_set_opaque(conf, Unmanaged.passUnretained(box).toOpaque())
        if options.group != nil {
            rd_kafka_conf_set_rebalance_cb(conf) { handle, code, list, opaque in
                let box = opaque.map { Unmanaged<RebalanceBox>.fromOpaque($0).takeUnretainedValue() }
                guard let consumer = box?.consumer else {
                    // The consumer is being closed: closing waits until the partitions are given back.
                    rd_kafka_assign(handle, nil)
                    return
                }
                consumer.rebalance(code, list)
            }
        }
        rebalanceBox = box
        // The properties may set other values than the options.
        let records = conf.number("queued.min.messages") ?? options.maximumQueuedRecords
        let kilobytes = conf.number("queued.max.messages.kbytes") ?? options.maximumQueuedKilobytes
        handle = try Handle(
            RD_KAFKA_CONSUMER, consuming: conf, onStatistics: configuration.statistics(of: options.name))
        waker = mustBeWoken ? FetchWaker(handle.pointer, records: records, bytes: kilobytes * 1024) : nil
        queue = rd_kafka_queue_get_consumer(handle.pointer)
        messages = .allocate(capacity: options.batch)
        box.consumer = self
    }

    /// The object that the C callback finds. It outlives every call, because the handle is closed first.
    private final class RebalanceBox {
        weak var consumer: Consumer?
    }
    private let rebalanceBox: RebalanceBox

    deinit {
        listener = nil
        close()
        rd_kafka_queue_destroy(queue)
        messages.deallocate()
    }

    /// How long leaving the group may take, in milliseconds.
    private static let closeMilliseconds = 15_000

    /// Leaves the group. `revoked` is called once more if there are assigned partitions. Without a group it does not
    /// wait for the end of the library's threads.
    public func close() {
        guard !closed else { return }
        closed = true
        waker?.stop()
        if group == nil, let settling, LateClose.take(handle, after: settling, within: Self.closeMilliseconds) {
            return
        }
        settle()
        handle.closeConsumer(within: Self.closeMilliseconds)
    }

    public var fatalError: KafkaError? { handle.fatalError }

    /// The end of an assigned partition from the last fetch; nil before the first. Sends no request.
    public func knownEnd(_ source: Int) -> Int64? {
        var low: Int64 = 0
        var high: Int64 = 0
        let topicPartition = assignment[source].topicPartition
        let code = rd_kafka_get_watermark_offsets(
            handle.pointer, topicPartition.topic, topicPartition.partition, &low, &high)
        return code == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0 ? high : nil
    }

    /// Passes the available records to `body`, at most one batch, in each partition's order. Waits at most
    /// `timeoutMilliseconds` for the first. Returns the number of records.
    @discardableResult
    public func poll(
        timeoutMilliseconds: Int, _ body: (UnsafeBufferPointer<Record>) throws -> Void
    ) throws -> Int {
        handle.serve(timeoutMilliseconds: 0, notice: onNotice)
        try restartIfDue()
        calls += 1
        let count = take(timeoutMilliseconds)
        waker?.wakeIfMoved(assignment)
        guard count > 0 else {
            if let error = handle.fatalError { throw error }
            return 0
        }
        defer { for index in 0..<count { rd_kafka_message_destroy(messages[index]) } }
        return try withUnsafeTemporaryAllocation(of: Record.self, capacity: count) { records in
            var accepted = 0
            var bytes = 0
            for index in 0..<count {
                let message = UnsafePointer<rd_kafka_message_t>(messages[index]!)
                bytes += message.pointee.len + message.pointee.key_len
                guard let record = try accept(message) else { continue }
                records.initializeElement(at: accepted, to: record)
                accepted += 1
            }
            waker?.took(records: count, bytes: bytes, of: assignment)
            if accepted > 0 { try body(UnsafeBufferPointer(rebasing: records[..<accepted])) }
            return accepted
        }
    }

    /// Fills `messages` and returns their number. A batch call waits for a full batch, so only the first message is
    /// awaited, by a call of its own.
    private func take(_ timeoutMilliseconds: Int) -> Int {
        let count = rd_kafka_consume_batch_queue(queue, 0, messages, batch)
        guard count == 0, timeoutMilliseconds > 0,
            let first = rd_kafka_consume_queue(queue, Int32(timeoutMilliseconds))
        else { return max(0, count) }
        messages[0] = first
        guard batch > 1 else { return 1 }
        return 1 + max(0, rd_kafka_consume_batch_queue(queue, 0, messages + 1, batch - 1))
    }

    /// The errors of partitions since the last call, such as an offset that the broker no longer has.
    public func takeErrors() -> [(topicPartition: TopicPartition, error: KafkaError)] {
        defer { errors.removeAll() }
        return errors
    }

    /// The record if it is the next one of its partition; nil otherwise.
    private func accept(_ message: UnsafePointer<rd_kafka_message_t>) throws(KafkaError) -> Record? {
        let item = message.pointee
        guard item.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
            try refuse(message)
            return nil
        }
        guard let source = source(of: item) else { return nil }
        switch assignment[source].judge(item.offset, call: calls) {
        case .take: return Record(source: source, offset: item.offset, message: message)
        case .drop: break
        case .readAgain: try readAgain(source)
        }
        return nil
    }

    private func readAgain(_ source: Int) throws(KafkaError) {
        try seek([PartitionOffset(assignment[source].topicPartition, offset: assignment[source].position)])
    }

    private func refuse(_ message: UnsafePointer<rd_kafka_message_t>) throws(KafkaError) {
        let item = message.pointee
        let source = item.rkt == nil ? nil : source(of: item)
        if item.err == RD_KAFKA_RESP_ERR__PARTITION_EOF {
            if let source, assignment[source].judgeEnd(item.offset, call: calls) == .readAgain { try readAgain(source) }
            return
        }
        if let fatal = handle.fatalError { throw fatal }
        let text = rd_kafka_message_errstr(message).map { String(cString: $0) }
        if let source {
            let topicPartition = assignment[source].topicPartition
            let error = KafkaError.ofStart(item.err, message: text, target: topicPartition.description)
            if item.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, assignment[source].position < 0, !error.isNotAllowed {
                // The start offset is unknown; the next error gives the reason.
                return restartLater()
            }
            errors.append((topicPartition, error))
        } else {
            let topic = item.rkt.map { String(cString: rd_kafka_topic_name($0)) } ?? ""
            onNotice(.error(KafkaError(item.err, message: text, target: topic)))
        }
    }

    /// Runs of one partition are long, so the last answer is nearly always right.
    private func source(of message: rd_kafka_message_t) -> Int? {
        if lastHit < assignment.count, assignment[lastHit].topicHandle == message.rkt,
            assignment[lastHit].topicPartition.partition == message.partition
        {
            return lastHit
        }
        for index in assignment.indices where assignment[index].topicPartition.partition == message.partition {
            if assignment[index].topicHandle != message.rkt {
                let name = String(cString: rd_kafka_topic_name(message.rkt))
                guard assignment[index].topicPartition.topic == name else { continue }
                assignment[index].topicHandle = message.rkt
            }
            lastHit = index
            return index
        }
        return nil
    }

    /// The group's committed offsets; `PartitionOffset.none` if there is none. Blocks for at most
    /// `timeoutMilliseconds`, within which transient failures are retried.
    public func committed(
        _ partitions: [TopicPartition], timeoutMilliseconds: Int
    ) throws(KafkaError) -> [PartitionOffset] {
        guard !partitions.isEmpty else { return [] }
        let patience = patience.within(milliseconds: timeoutMilliseconds)
        return try patience.run("committed offsets", answerMilliseconds: timeoutMilliseconds) {
            attempt throws(KafkaError) in
            try PartitionList.with(partitions) { list throws(KafkaError) -> [PartitionOffset] in
                try check(rd_kafka_committed(handle.pointer, list, Int32(attempt.milliseconds)), group ?? "")
                if let error = PartitionList.firstError(list) { throw error }
                return PartitionList.read(list)
            }
        }
    }

    /// All topics of the cluster, or one. Asks once; a polling caller asks again later.
    public func metadata(topic: String? = nil, timeoutMilliseconds: Int) throws(KafkaError) -> Metadata {
        try Metadata.read(handle.pointer, topic: topic, timeoutMilliseconds: timeoutMilliseconds)
    }

    func check(_ code: rd_kafka_resp_err_t, _ target: String) throws(KafkaError) {
        if code == RD_KAFKA_RESP_ERR__NO_OFFSET { return }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(code, target: target) }
    }
}
