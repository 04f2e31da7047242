internal import Events
internal import Foundation
internal import Kafka
internal import Logging
internal import Policy

/// What must be true before the pipeline starts: a broker that answers, topics that exist, a ledger with a policy.
struct Bootstrap {
    private static let retryEvery = 3.0

    let configuration: PipelineConfiguration
    let stop: StopFlag
    let logger: Logger

    /// The ledger's partition count; nil if stopped while waiting. A broker that is away is waited for.
    func run() throws -> Int? {
        while !stop.isSet {
            do {
                return try attempt()
            } catch let error as KafkaError where error.isRetriable {
                logger.warning(
                    "waiting for the broker",
                    metadata: ["brokers": "\(configuration.kafka.brokers)", "reason": "\(error)"])
                let until = ContinuousClock.now + .seconds(Self.retryEvery)
                while !stop.isSet, ContinuousClock.now < until { Thread.sleep(forTimeInterval: 0.05) }
            }
        }
        return nil
    }

    private func attempt() throws -> Int {
        let admin = try Admin(configuration.kafka, timeoutMilliseconds: 5000)
        let metadata = try admin.metadata()
        let wanted =
            configuration.topics.all
            + [configuration.checkpoints?.topic, configuration.members?.topic].compactMap(\.self)
        let missing = wanted.filter { name in !metadata.topics.contains { $0.name == name } }
        guard missing.isEmpty else {
            throw PipelineError(
                .topicMissing,
                "missing on \(configuration.kafka.brokers): \(missing.joined(separator: ", ")); "
                    + "`standing topics apply` creates them")
        }
        let count = metadata.topics.first { $0.name == configuration.topics.ledger }?.partitions ?? 0
        for facts in configuration.topics.facts {
            let partitions = metadata.topics.first { $0.name == facts }?.partitions ?? 0
            guard partitions == count else {
                throw PipelineError(
                    .topicMissing,
                    "\(facts) has \(partitions) partitions, the ledger \(configuration.topics.ledger) has \(count): "
                        + "facts of ledger partition p go to partition p")
            }
        }
        try begin(admin, partitions: count)
        return count
    }

    /// Appends the policy to the ledger partitions that are empty.
    private func begin(_ admin: Admin, partitions: Int) throws {
        let places = (0..<Int32(partitions)).map { TopicPartition(configuration.topics.ledger, $0) }
        let ends = try admin.ends(of: places)
        let empty = places.filter { ends[$0] == 0 }
        guard !empty.isEmpty else { return }
        guard let policy = configuration.policy else {
            throw PipelineError(
                .policyMissing, "the ledger \(configuration.topics.ledger) is empty: give its policy with --policy FILE"
            )
        }
        var options = Producer.Options()
        options.gapless = true
        let logger = logger
        let producer = try Producer(configuration.kafka, options: options) { logger.kafka($0, of: "bootstrap") }
        let appender = try LedgerAppender(
            producer: producer, ledger: configuration.topics.ledger, partitions: partitions)
        var data = ByteWriter()
        data.append("{\"policy\":")
        data.append(jsonString: policy.text)
        data.append("}")
        let id = Array("\(policy.id)-\(policy.version)".utf8)
        var failure: KafkaError?
        try id.withUnsafeBytes { id in
            try Array("/standing".utf8).withUnsafeBytes { source in
                for place in empty {
                    let type = ControlType.policyActivated.name
                    let event = EventView(
                        id: id, source: source,
                        type: UnsafeRawBufferPointer(start: type.utf8Start, count: type.utf8CodeUnitCount),
                        subject: UnsafeRawBufferPointer(start: nil, count: 0), time: .distantPast, data: data.bytes)
                    appender.append(system: event, to: Int(place.partition))
                    _ = try appender.send(Int(place.partition), tag: 0) {}
                }
            }
        }
        let sent = producer.flush(timeoutMilliseconds: 30_000) { delivery in
            if delivery.code != 0 { failure = delivery.error(topicName: configuration.topics.ledger) }
        }
        if let failure { throw failure }
        if !sent {
            throw KafkaError(
                code: -185, name: "_TIMED_OUT", message: "the policy is not acknowledged", isRetriable: true)
        }
        logger.notice(
            "the ledger begins",
            metadata: [
                "policy": "\(policy.id)", "version": "\(policy.version)",
                "partitions": "\(empty.count) of \(partitions)",
            ])
    }
}
