internal import Kafka

/// A producer that accepts every record, so that its users never wait for room. Records that do not fit into the
/// producer's queue are copied, and `serve` passes them on in order when there is room.
///
/// Its user bounds the memory by not reading while `overflows` is true, so that at most one batch waits here. This is
/// about the size of the consumer's prefetched records. Only an operator's event for every subject has its size once
/// per ledger partition.
///
/// If a waiting record is refused finally, it is reported as a failed delivery. The records after it are dropped, and
/// `produce` throws from then on, so that nothing is delivered after a gap.
final class OverflowProducer: ProducerClient {
    private struct Waiting {
        let topic: Int
        let partition: Int32
        let key: [UInt8]?
        let value: [UInt8]?
        let headers: HeaderSet?
        let tag: Int
    }

    private let producer: any ProducerClient
    private var waiting: [Waiting] = []
    /// The number of records in `waiting` that were passed on.
    private var handedOver = 0
    private var refusal: KafkaError?

    init(_ producer: any ProducerClient) { self.producer = producer }

    /// Whether records wait for room.
    var overflows: Bool { !waiting.isEmpty }

    var fatalError: KafkaError? { producer.fatalError }
    var queued: Int { producer.queued + waiting.count - handedOver }

    func topic(_ name: String) throws(KafkaError) -> Int { try producer.topic(name) }
    func topicName(_ topic: Int) -> String { producer.topicName(topic) }

    /// Always returns true.
    func produce(
        topic: Int, partition: Int32, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        headers: HeaderSet?, tag: Int
    ) throws(KafkaError) -> Bool {
        if let refusal { throw refusal }
        if !overflows,
            try producer.produce(
                topic: topic, partition: partition, key: key, value: value, headers: headers, tag: tag)
        {
            return true
        }
        waiting.append(
            Waiting(
                topic: topic, partition: partition, key: key.map { Array($0) }, value: value.map { Array($0) },
                headers: headers, tag: tag))
        return true
    }

    func serve(timeoutMilliseconds: Int, _ delivered: (Delivery) -> Void) {
        handOver(delivered)
        producer.serve(timeoutMilliseconds: timeoutMilliseconds, delivered)
        handOver(delivered)
    }

    func hurry() { producer.hurry() }

    /// Returns false also if records waited for room and not all of them were passed on at once.
    func flush(timeoutMilliseconds: Int, _ delivered: (Delivery) -> Void) -> Bool {
        handOver(delivered)
        let isFlushed = producer.flush(timeoutMilliseconds: timeoutMilliseconds, delivered)
        return isFlushed && !overflows
    }

    func purge() {
        forgetWaiting()
        producer.purge()
    }

    private func forgetWaiting() { (waiting, handedOver) = ([], 0) }

    private func handOver(_ delivered: (Delivery) -> Void) {
        guard overflows else { return }
        while handedOver < waiting.count {
            let record = waiting[handedOver]
            do {
                guard try hand(record) else { return }
            } catch {
                refusal = error
                forgetWaiting()
                return delivered(
                    Delivery(
                        topic: record.topic, partition: record.partition, offset: -1, tag: record.tag,
                        code: error.code))
            }
            handedOver += 1
        }
        forgetWaiting()
    }

    private func hand(_ record: Waiting) throws(KafkaError) -> Bool {
        try lend(record.key) { key throws(KafkaError) in
            try lend(record.value) { value throws(KafkaError) in
                try producer.produce(
                    topic: record.topic, partition: record.partition, key: key, value: value, headers: record.headers,
                    tag: record.tag)
            }
        }
    }

    /// Nil is passed as nil, which is different from empty.
    private func lend(
        _ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) throws(KafkaError) -> Bool
    ) throws(KafkaError) -> Bool {
        guard let bytes else { return try body(nil) }
        return try bytes.withUnsafeBytes { bytes in
            Result { () throws(KafkaError) in try body(bytes) }
        }.get()
    }
}
