internal import Events
internal import Kafka
internal import Policy
internal import Scoring

/// An entry of Standing itself in ledger partitions. It has no origin and moves no clock.
struct SystemEntry {
    static let patienceMilliseconds = 30_000

    let type: ControlType
    let id: String
    let source: String
    /// A JSON object.
    let data: [UInt8]

    enum Value {
        case text(String)
        case number(Int64)
    }

    init(_ type: ControlType, id: String, source: String, _ members: KeyValuePairs<String, Value>) {
        (self.type, self.id, self.source) = (type, id, source)
        var writer = JSONWriter()
        writer.open()
        for (name, value) in members {
            switch value {
            case .text(let text): writer.member(name, text)
            case .number(let number): writer.member(name, number)
            }
        }
        writer.close()
        data = writer.take()
    }

    /// A ledger's first entry, with its policy and its identity.
    static func beginning(_ policy: ScoringPolicy, ledger: LedgerIdentity) -> SystemEntry {
        let id = "\(policy.id)-\(policy.version)"
        let (name, version) = (ledger.name ?? "", Int64(ledger.version.rawValue))
        guard ledger.salt != .none else {
            return SystemEntry(
                .policyActivated, id: id, source: "/standing",
                ["policy": .text(policy.text), "ledger": .text(name), "fold-version": .number(version)])
        }
        return SystemEntry(
            .policyActivated, id: id, source: "/standing",
            [
                "policy": .text(policy.text), "ledger": .text(name), "fold-version": .number(version),
                "salt": .text("\(ledger.salt)"),
            ])
    }

    /// Returns after every partition has it, acknowledged. Throws `KafkaError` otherwise, also after
    /// `timeoutMilliseconds`.
    func append(
        to numbers: [Int], of partitions: Int, _ configuration: PipelineConfiguration,
        timeoutMilliseconds: Int = patienceMilliseconds,
        onNotice: @escaping (KafkaNotice) -> Void = { _ in }
    ) throws {
        var options = Producer.Options()
        options.gapless = true
        let ledger = configuration.topics.ledger
        let producer = try configuration.kafka.producer(options, onNotice: onNotice)
        let appender = try configuration.appender(producer, ledgerPartitions: partitions)
        for number in numbers {
            lend { appender.append(system: $0, to: number) }
            _ = try appender.send(number, tag: 0) {}
        }
        var failure: KafkaError?
        let isSent = producer.flush(timeoutMilliseconds: timeoutMilliseconds) { delivery in
            if failure == nil { failure = delivery.error(topicName: ledger) }
        }
        if let failure { throw failure }
        guard isSent else {
            throw KafkaError(
                code: -185, name: "_TIMED_OUT", message: "\(type.name) is not acknowledged", isRetriable: true)
        }
    }

    private func lend(_ body: (EventView) -> Void) {
        let name = type.name
        Array(id.utf8).withUnsafeBytes { id in
            Array(source.utf8).withUnsafeBytes { source in
                data.withUnsafeBytes { data in
                    body(
                        EventView(
                            id: id, source: source,
                            type: UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount),
                            subject: UnsafeRawBufferPointer(start: nil, count: 0), time: .distantPast, data: data))
                }
            }
        }
    }
}
