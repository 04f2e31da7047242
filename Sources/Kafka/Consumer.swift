import CRDKafka
import Foundation

/// One record, borrowed from librdkafka. It is valid only inside the closure of `Consumer.poll`.
public struct Record {
    /// The index in `Consumer.assignment`.
    public let source: Int
    public let offset: Int64
    /// Nil if the record has none, which is not the same as empty.
    public let key: UnsafeRawBufferPointer?
    public let value: UnsafeRawBufferPointer?
    let carrier: Carrier

    enum Carrier {
        case message(UnsafePointer<rd_kafka_message_t>)
        case memory(UnsafePointer<MemoryRecord>)
    }

    /// A record that no broker has sent. `memory` must outlive it.
    public init(source: Int, offset: Int64, memory: UnsafePointer<MemoryRecord>) {
        (self.source, self.offset) = (source, offset)
        key = memory.pointee.key
        value = memory.pointee.value
        carrier = .memory(memory)
    }

    init(source: Int, offset: Int64, message: UnsafePointer<rd_kafka_message_t>) {
        (self.source, self.offset) = (source, offset)
        let item = message.pointee
        key = item.key.map { UnsafeRawBufferPointer(start: $0, count: item.key_len) }
        value = item.payload.map { UnsafeRawBufferPointer(start: $0, count: item.len) }
        carrier = .message(message)
    }

    /// The record's timestamp in milliseconds since 1970; -1 if unknown.
    public var timestamp: Int64 {
        guard case .message(let message) = carrier else { return -1 }
        var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        return rd_kafka_message_timestamp(message, &type)
    }

    /// The last header of this name; nil if there is none or its value is null.
    public func header(_ name: StaticString) -> UnsafeRawBufferPointer? {
        guard case .message(let message) = carrier else { return memoryHeader(name) }
        var headers: OpaquePointer?
        guard rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR, let headers else { return nil }
        var value: UnsafeRawPointer?
        var size = 0
        let found = name.withUTF8Buffer { buffer in
            buffer.withMemoryRebound(to: CChar.self) {
                rd_kafka_header_get_last(headers, $0.baseAddress, &value, &size)
            }
        }
        guard found == RD_KAFKA_RESP_ERR_NO_ERROR, let value else { return nil }
        return UnsafeRawBufferPointer(start: value, count: size)
    }

    /// Calls `body` with each header in order: its name and its value, nil for a null value. The name is valid during
    /// the call, the value as long as the record.
    public func forEachHeader(
        _ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) -> Void
    ) {
        switch carrier {
        case .message(let message):
            var headers: OpaquePointer?
            guard rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR, let headers else { return }
            var index = 0
            var name: UnsafePointer<CChar>?
            var value: UnsafeRawPointer?
            var size = 0
            while rd_kafka_header_get_all(headers, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR {
                guard let name else { return }
                body(
                    UnsafeRawBufferPointer(start: name, count: strlen(name)),
                    value.map { UnsafeRawBufferPointer(start: $0, count: size) })
                index += 1
            }
        case .memory(let memory):
            for header in memory.pointee.headers {
                var name = header.name
                name.withUTF8 { body(UnsafeRawBufferPointer($0), header.value) }
            }
        }
    }

    /// All headers, copied, in their order.
    public func copyHeaders() -> [(name: String, value: [UInt8]?)] {
        switch carrier {
        case .message(let message):
            var headers: OpaquePointer?
            guard rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR, let headers else {
                return []
            }
            return HeaderSet.pairs(of: headers)
        case .memory(let memory): return memory.pointee.headers.map { ($0.name, $0.value.map { Array($0) }) }
        }
    }

    private func memoryHeader(_ name: StaticString) -> UnsafeRawBufferPointer? {
        guard case .memory(let memory) = carrier else { return nil }
        return memory.pointee.headers.last { $0.name == name.description }?.value
    }
}

/// The bytes of a record that no broker has sent.
public struct MemoryRecord {
    public var key: UnsafeRawBufferPointer?
    public var value: UnsafeRawBufferPointer?
    public var headers: [(name: String, value: UnsafeRawBufferPointer?)]

    public init(
        key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        headers: [(name: String, value: UnsafeRawBufferPointer?)]
    ) {
        (self.key, self.value, self.headers) = (key, value, headers)
    }
}

/// Decides where partitions start, and finishes the partitions that are revoked. It is called on the polling thread,
/// from inside `poll`.
public protocol RebalanceListener: AnyObject {
    /// The offset at which to start each of these partitions. They replace the whole assignment.
    func assigned(_ partitions: [TopicPartition], to consumer: any ConsumerClient) -> [PartitionOffset]
    /// The start offsets of `assigned` are in effect, and none of their records has been passed to the reader yet.
    func began(_ consumer: any ConsumerClient)
    /// The whole assignment is revoked. `lost` is true if another member may own it already.
    func revoked(_ partitions: [TopicPartition], lost: Bool, from consumer: any ConsumerClient)
}

extension RebalanceListener {
    public func began(_ consumer: any ConsumerClient) {}
}

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
    private let waker: FetchWaker?
    private let queue: OpaquePointer
    private let messages: UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>
    private let batch: Int
    private weak var listener: (any RebalanceListener)?
    private let onNotice: (KafkaNotice) -> Void
    let patience: Patience
    private var lastHit = 0
    private var closed = false
    /// The number of calls of `poll` so far.
    private var calls = 0
    public let group: String?
    public private(set) var assignment: [Assigned] = []
    /// Errors of partitions that arrived instead of records, until `takeErrors`.
    private var errors: [(place: TopicPartition, error: KafkaError)] = []

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

    /// Leaves the group. `revoked` is called once more if there are assigned partitions.
    public func close() {
        guard !closed else { return }
        closed = true
        waker?.stop()
        settle()
        handle.closeConsumer(within: Self.closeMilliseconds)
    }

    public var fatalError: KafkaError? { handle.fatalError }

    /// Joins the group for these topics. The listener gets the partitions.
    public func subscribe(to topics: [String]) throws(KafkaError) {
        let code = try PartitionList.with(topics.map { TopicPartition($0, RD_KAFKA_PARTITION_UA) }) {
            rd_kafka_subscribe(handle.pointer, $0)
        }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(code, place: topics.joined(separator: ",")) }
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
    private var replacedAt: ContinuousClock.Instant?

    private func settle() {
        guard let replacedAt else { return }
        let rest = .microseconds(Self.settleMicroseconds) - (ContinuousClock.now - replacedAt)
        if rest > .zero { usleep(UInt32(max(1, rest / .microseconds(1)))) }
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
            throw KafkaError(code, place: offsets.map(\.topicPartition.description).joined(separator: ","))
        }
    }

    /// Continues one assigned partition from `offset`.
    public func seek(_ source: Int, to offset: Int64) throws(KafkaError) {
        assignment[source].move(to: offset)
        try seek([PartitionOffset(assignment[source].topicPartition, offset: offset)])
    }

    /// librdkafka 2.0 waits 5 ms for a seek and ignores the time-out.
    private static let seekMilliseconds = 5000

    private func seek(_ offsets: [PartitionOffset]) throws(KafkaError) {
        waker?.moved()
        let patience = patience.within(milliseconds: Self.seekMilliseconds).withoutStop()
        try patience.run("seek", answerMilliseconds: Self.seekMilliseconds) { attempt throws(KafkaError) in
            try PartitionList.with(offsets) { list throws(KafkaError) -> Void in
                if let error = rd_kafka_seek_partitions(handle.pointer, list, Int32(attempt.milliseconds)) {
                    throw KafkaError(
                        consuming: error, place: offsets.map(\.topicPartition.description).joined(separator: ","))
                }
                if let error = PartitionList.firstError(list) { throw error }
            }
        }
    }

    /// The time at which to retry partitions whose start offset no broker returned, and the number of failed
    /// attempts.
    private var restartAt: ContinuousClock.Instant?
    private var failedStarts = 0

    /// If librdkafka cannot find a logical start, for example right after the topic's creation, it never fetches the
    /// partition.
    private func restartLater() {
        guard restartAt == nil else { return }
        failedStarts += 1
        let pause = patience.pause(after: failedStarts, elapsed: .zero, limit: nil) ?? patience.longestPause
        restartAt = ContinuousClock.now + pause
    }

    private func restartIfDue() throws(KafkaError) {
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

    /// The end of an assigned partition from the last fetch; nil before the first. Sends no request.
    public func knownEnd(_ source: Int) -> Int64? {
        var low: Int64 = 0
        var high: Int64 = 0
        let place = assignment[source].topicPartition
        let code = rd_kafka_get_watermark_offsets(handle.pointer, place.topic, place.partition, &low, &high)
        return code == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0 ? high : nil
    }

    private var paused: Set<TopicPartition> = []

    /// Stops the fetching of partitions without leaving them, until they are resumed or assigned again. Records that
    /// were fetched already are fetched again then.
    public func pause(_ partitions: [TopicPartition]) throws(KafkaError) {
        let partitions = partitions.filter { !paused.contains($0) }
        guard !partitions.isEmpty else { return }
        try PartitionList.with(partitions) { list throws(KafkaError) in
            try check(rd_kafka_pause_partitions(handle.pointer, list), "pause")
        }
        paused.formUnion(partitions)
        let places = Set(partitions)
        for source in assignment.indices where places.contains(assignment[source].topicPartition) {
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
    public func takeErrors() -> [(place: TopicPartition, error: KafkaError)] {
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
            let place = assignment[source].topicPartition
            let error = KafkaError.ofStart(item.err, message: text, place: place.description)
            if item.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, assignment[source].position < 0, !error.isNotAllowed {
                // The start offset is unknown; the next error gives the reason.
                return restartLater()
            }
            errors.append((place, error))
        } else {
            let place = item.rkt.map { String(cString: rd_kafka_topic_name($0)) } ?? ""
            onNotice(.error(KafkaError(item.err, message: text, place: place)))
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

    private func rebalance(
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

    /// The first and the next offset of a partition, from its leader. It may block for longer than the time-out, so
    /// never call it on a polling thread.
    public func watermarks(
        _ place: TopicPartition, timeoutMilliseconds: Int
    ) throws(KafkaError) -> (low: Int64, high: Int64) {
        var low: Int64 = 0
        var high: Int64 = 0
        let patience = patience.within(milliseconds: timeoutMilliseconds)
        try patience.run("watermarks", answerMilliseconds: timeoutMilliseconds) { attempt throws(KafkaError) in
            try check(
                rd_kafka_query_watermark_offsets(
                    handle.pointer, place.topic, place.partition, &low, &high, Int32(attempt.milliseconds)),
                place.description)
        }
        return (low, high)
    }

    /// All topics of the cluster, or one. Asks once; a polling caller asks again later.
    public func metadata(topic: String? = nil, timeoutMilliseconds: Int) throws(KafkaError) -> Metadata {
        try Metadata.read(handle.pointer, topic: topic, timeoutMilliseconds: timeoutMilliseconds)
    }

    func check(_ code: rd_kafka_resp_err_t, _ place: String) throws(KafkaError) {
        if code == RD_KAFKA_RESP_ERR__NO_OFFSET { return }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(code, place: place) }
    }
}
