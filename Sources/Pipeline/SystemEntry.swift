internal import Events
internal import Kafka

/// An entry that Standing itself writes to ledger partitions: it has no origin and moves no clock.
struct SystemEntry {
    private static let patienceMilliseconds = 30_000

    let type: ControlType
    let id: String
    let source: String
    /// One member of the entry's `data`.
    let member: (name: String, value: String)

    /// Returns when every partition has it, acknowledged; throws `KafkaError` otherwise.
    func append(
        to numbers: [Int], of partitions: Int, _ configuration: PipelineConfiguration,
        onNotice: @escaping (KafkaNotice) -> Void = { _ in }
    ) throws {
        var options = Producer.Options()
        options.gapless = true
        let ledger = configuration.topics.ledger
        let producer = try configuration.kafka.producer(options, onNotice: onNotice)
        let appender = try LedgerAppender(
            producer: producer, ledger: ledger, partitions: partitions, session: configuration.host.randomSession())
        var data = ByteWriter()
        data.append("{")
        data.append(jsonString: member.name)
        data.append(":")
        data.append(jsonString: member.value)
        data.append("}")
        let name = type.name
        try Array(id.utf8).withUnsafeBytes { id in
            try Array(source.utf8).withUnsafeBytes { source in
                for number in numbers {
                    appender.append(
                        system: EventView(
                            id: id, source: source,
                            type: UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount),
                            subject: UnsafeRawBufferPointer(start: nil, count: 0), time: .distantPast,
                            data: data.bytes),
                        to: number)
                    _ = try appender.send(number, tag: 0) {}
                }
            }
        }
        var failure: KafkaError?
        let isSent = producer.flush(timeoutMilliseconds: Self.patienceMilliseconds) { delivery in
            if failure == nil { failure = delivery.error(topicName: ledger) }
        }
        if let failure { throw failure }
        guard isSent else {
            throw KafkaError(
                code: -185, name: "_TIMED_OUT", message: "\(type.name) is not acknowledged", isRetriable: true)
        }
    }
}
