import CRDKafka

/// The delivery result of one record.
public struct Delivery {
    /// The topic's number from `Producer.topic`.
    public let topic: Int
    public let partition: Int32
    /// The record's offset; negative if the broker has not appended it. Not negative if `code` is 0.
    public let offset: Int64
    /// The value passed to `produce`.
    public let tag: Int
    /// librdkafka's code; 0 is success.
    public let code: Int32

    public init(topic: Int, partition: Int32, offset: Int64, tag: Int, code: Int32) {
        (self.topic, self.partition, self.offset, self.tag, self.code) = (topic, partition, offset, tag, code)
    }

    init(_ message: rd_kafka_message_t, topic: Int) {
        let isUncertain = message.err == RD_KAFKA_RESP_ERR_NO_ERROR && message.offset < 0
        self.init(
            topic: topic, partition: message.partition, offset: message.offset,
            tag: Int(bitPattern: message._private), code: isUncertain ? Self.uncertain.rawValue : message.err.rawValue)
    }

    /// Acknowledged without an offset. librdkafka reports that for records whose answer it did not get although later
    /// records were appended. A broker that checks sequences has them in that case, and others may not.
    private static let uncertain = RD_KAFKA_RESP_ERR__INCONSISTENT

    public func error(topicName: String) -> KafkaError? {
        guard code != 0 else { return nil }
        let error = rd_kafka_resp_err_t(rawValue: code)
        return KafkaError(
            error, message: error == Self.uncertain ? "acknowledged at no offset: it need not be there" : nil,
            target: "\(topicName)[\(partition)]")
    }
}

/// Record headers that are the same for many records. They are made once, and the library copies them for each
/// record.
public final class HeaderSet: @unchecked Sendable {
    let pointer: OpaquePointer

    public init(_ headers: [(name: String, value: [UInt8])]) {
        pointer = rd_kafka_headers_new(headers.count)
        for header in headers {
            _ = header.value.withUnsafeBytes {
                rd_kafka_header_add(pointer, header.name, -1, $0.baseAddress, $0.count)
            }
        }
    }

    /// The headers of one record in their order. Names and values may contain any bytes.
    public init(copying pairs: [(name: String, value: [UInt8]?)]) {
        pointer = rd_kafka_headers_new(pairs.count)
        for pair in pairs {
            guard let value = pair.value else {
                rd_kafka_header_add(pointer, pair.name, -1, nil, 0)
                continue
            }
            _ = value.withUnsafeBytes {
                // An empty value is not a null value: librdkafka distinguishes them by the pointer.
                rd_kafka_header_add(pointer, pair.name, -1, $0.baseAddress ?? UnsafeRawPointer(pointer), $0.count)
            }
        }
    }

    deinit { rd_kafka_headers_destroy(pointer) }

    /// A copy of the headers, in their order.
    public var pairs: [(name: String, value: [UInt8]?)] { Self.pairs(of: pointer) }

    static func pairs(of headers: OpaquePointer) -> [(name: String, value: [UInt8]?)] {
        var result: [(name: String, value: [UInt8]?)] = []
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while rd_kafka_header_get_all(headers, result.count, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR {
            guard let name else { break }
            result.append(
                (String(cString: name), value.map { Array(UnsafeRawBufferPointer(start: $0, count: size)) }))
        }
        return result
    }
}

/// An idempotent, batching producer with a bounded queue. One thread names the topics before any other thread uses
/// the producer. Then any thread may produce, and one thread serves deliveries.
///
/// With `gapless`, a record that cannot be delivered ends the producer, so that nothing is ever delivered after a
/// hole within a partition. There is no local time-out: it waits for a broker that is down.
public final class Producer: ProducerClient {
    public struct Options: Sendable {
        public var gapless = false
        /// The longest time that a record waits for others of its batch, in milliseconds. Records are batched even
        /// without a wait: while five or more records of a partition are in flight, librdkafka sends no others of
        /// that partition.
        public var lingerMilliseconds = 5
        public var compression = "lz4"
        /// The bounds of the queue of records that are not yet acknowledged. There is always room for one of the
        /// largest records.
        public var maximumQueuedRecords = 200_000
        public var maximumQueuedKilobytes = 64 * 1024
        public var maximumRecordBytes = 8 * 1024 * 1024
        /// The client's name in `/metrics`; nil if its statistics are not collected.
        public var name: String?

        public init() {}
    }

    private let handle: Handle
    /// While `rd_kafka_flush` runs, `linger.ms` counts as 0, and waiting threads are woken. The call waits until
    /// everything is acknowledged or its time is over.
    private let hurrying: SideThread
    private static let hurryMilliseconds: Int32 = 2
    private var topics: [(name: String, pointer: OpaquePointer)] = []
    private let onNotice: (KafkaNotice) -> Void
    private let patience: Patience

    public init(
        _ configuration: KafkaConfiguration, options: Options = Options(),
        onNotice: @escaping (KafkaNotice) -> Void = { _ in }
    ) throws(KafkaError) {
        let conf = try configuration.make([
            ("enable.idempotence", "true"),
            ("acks", "all"),
            ("enable.gapless.guarantee", options.gapless ? "true" : "false"),
            ("message.timeout.ms", "0"),
            ("linger.ms", String(options.lingerMilliseconds)),
            ("compression.codec", options.compression),
            ("batch.num.messages", "10000"),
            ("batch.size", "1000000"),
            ("queue.buffering.max.messages", String(options.maximumQueuedRecords)),
            ("queue.buffering.max.kbytes", String(options.maximumQueuedKilobytes)),
            ("message.max.bytes", String(options.maximumRecordBytes)),
            ("statistics.interval.ms", configuration.statisticsMilliseconds(of: options.name)),
        ])
        do {
            try Self.leaveRoomForOneRecord(conf)
        } catch {
            rd_kafka_conf_destroy(conf)
            throw error
        }
        rd_kafka_conf_set_events(conf, commonEvents | RD_KAFKA_EVENT_DR)
        let handle = try Handle(
            RD_KAFKA_PRODUCER, consuming: conf, onStatistics: configuration.statistics(of: options.name))
        self.handle = handle
        hurrying = SideThread("hurry") { [unowned handle] in rd_kafka_flush(handle.pointer, Self.hurryMilliseconds) }
        self.onNotice = onNotice
        patience = configuration.patience
    }

    /// A record that is larger than the queue would be refused for ever, as if the queue were full.
    private static func leaveRoomForOneRecord(_ conf: OpaquePointer) throws(KafkaError) {
        guard let largest = conf.number("message.max.bytes"), let queue = conf.number("queue.buffering.max.kbytes")
        else {
            return
        }
        let least = (largest + 1023) / 1024
        if queue < least { try conf.set("queue.buffering.max.kbytes", String(least)) }
    }

    deinit {
        hurrying.stop()
        for topic in topics { rd_kafka_topic_destroy(topic.pointer) }
        rd_kafka_purge(handle.pointer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
    }

    public var fatalError: KafkaError? { handle.fatalError }

    /// The number of records that are not yet acknowledged and of notices that are not yet served.
    public var queued: Int { Int(rd_kafka_outq_len(handle.pointer)) }

    /// The topic's number, for `produce` and in `Delivery`.
    public func topic(_ name: String) throws(KafkaError) -> Int {
        if let index = topics.firstIndex(where: { $0.name == name }) { return index }
        guard let pointer = rd_kafka_topic_new(handle.pointer, name, nil) else {
            throw KafkaError(rd_kafka_last_error(), target: name)
        }
        topics.append((name, pointer))
        return topics.count - 1
    }

    public func topicName(_ topic: Int) -> String { topics[topic].name }

    /// The library chooses the partition by `murmur2` of the key, like Kafka's Java client.
    public static let anyPartition = Int32(RD_KAFKA_PARTITION_UA)

    /// Queues a record; copies key and value. Returns false if the queue is full: call `serve` and try again.
    public func produce(
        topic: Int, partition: Int32, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        headers: HeaderSet? = nil, tag: Int = 0
    ) throws(KafkaError) -> Bool {
        let code = standing_produce(
            handle.pointer, topics[topic].pointer, partition, key?.baseAddress, key?.count ?? 0, value?.baseAddress,
            value?.count ?? 0, headers?.pointer, UnsafeMutableRawPointer(bitPattern: tag))
        if code == RD_KAFKA_RESP_ERR_NO_ERROR { return true }
        if code == RD_KAFKA_RESP_ERR__QUEUE_FULL { return false }
        throw handle.fatalError ?? KafkaError(code, target: "\(topics[topic].name)[\(partition)]")
    }

    /// Sends the records that wait for others, because no others follow for now. Returns at once.
    public func hurry() { hurrying.wake() }

    /// Makes a waiting `serve` return, or the next one not wait.
    func interrupt() { handle.interrupt() }

    /// Takes acknowledgements and notices. Waits at most `timeoutMilliseconds` for the first.
    public func serve(timeoutMilliseconds: Int, _ delivered: (Delivery) -> Void) {
        handle.serve(timeoutMilliseconds: Int32(timeoutMilliseconds), notice: onNotice) { message in
            let pointer = message.pointee.rkt
            delivered(Delivery(message.pointee, topic: topics.firstIndex { $0.pointer == pointer } ?? -1))
        }
    }

    /// Waits until everything is acknowledged or the time is over. Returns whether everything is acknowledged.
    public func flush(timeoutMilliseconds: Int, _ delivered: (Delivery) -> Void) -> Bool {
        let deadline = ContinuousClock.now + .milliseconds(timeoutMilliseconds)
        while queued > 0, ContinuousClock.now < deadline, handle.fatalError == nil {
            serve(timeoutMilliseconds: 10, delivered)
        }
        serve(timeoutMilliseconds: 0, delivered)
        return queued == 0
    }

    /// Drops the records that are not yet acknowledged, so that closing does not wait for a broker that is down.
    public func purge() {
        rd_kafka_purge(handle.pointer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
    }
}
