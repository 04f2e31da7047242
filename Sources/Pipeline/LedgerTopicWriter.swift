public import Kafka
public import Ledger

/// Appends unchanged frames to the ledger topic under known offsets, for an import. No other process may append
/// meanwhile.
public final class LedgerTopicWriter {
    private static let patienceMilliseconds = 60_000

    private let producer: Producer
    private let topic: Int
    private let name: String
    private var failure: (any Error)?

    public init(_ kafka: KafkaConfiguration, topic name: String) throws {
        var options = Producer.Options()
        options.gapless = true
        producer = try Producer(kafka, options: options)
        topic = try producer.topic(name)
        self.name = name
    }

    /// Throws if an earlier frame was not acknowledged under its offset.
    public func append(_ frame: LedgerFrame, to partition: Int32) throws {
        try append(key: nil, frame.bytes, at: frame.offset, to: partition)
    }

    /// Fills an offset at which the ledger has no frame (`LedgerFiller`).
    public func fill(_ offset: Int64, of partition: Int32) throws {
        try append(key: LedgerFiller.keyBytes, nil, at: offset, to: partition)
    }

    private func append(
        key: UnsafeRawBufferPointer?, _ value: UnsafeRawBufferPointer?, at offset: Int64, to partition: Int32
    ) throws {
        while try !producer.produce(
            topic: topic, partition: partition, key: key, value: value, tag: Int(offset))
        { try serve(50) }
        try serve(0)
    }

    /// Returns after everything appended is acknowledged.
    public func flush() throws {
        var waited = 0
        while producer.queued > 0, waited < Self.patienceMilliseconds {
            try serve(50)
            waited += 50
        }
        try serve(0)
        guard producer.queued == 0 else {
            throw PipelineError(.storage, "\(name): frames are not acknowledged; run the import again")
        }
    }

    private func serve(_ milliseconds: Int) throws {
        producer.serve(timeoutMilliseconds: milliseconds) { delivery in
            if delivery.code != 0 {
                if failure == nil { failure = delivery.error(topicName: name) }
            } else if delivery.offset != Int64(delivery.tag), failure == nil {
                failure = PipelineError(
                    .ledgerDamaged,
                    "\(name)[\(delivery.partition)]: a frame of offset \(delivery.tag) got \(delivery.offset): somebody else "
                        + "writes there")
            }
        }
        if let failure { throw failure }
        if let fatal = producer.fatalError { throw fatal }
    }
}
