internal import Foundation
internal import Kafka
internal import Logging

/// The conditions of the pipeline's start: a broker that answers, topics that exist, and a ledger with a policy.
struct Bootstrap {
    private static let retryEvery = 3.0
    private static let patienceMilliseconds = 5000
    /// The time within which a topic that one broker has just created is known to every other one.
    private static let topicsWithin = Duration.seconds(3)
    private static let topicsEvery = 0.25

    let configuration: PipelineConfiguration
    let stop: StopFlag
    let logger: Logger

    /// The ledger's partition count; nil if stopped while waiting. It waits for a broker that does not answer, and for
    /// a short time for a missing topic.
    func run() throws -> Int? {
        var missingSince: ContinuousClock.Instant?
        while !stop.isSet {
            do {
                return try attempt()
            } catch let error as KafkaError where error.isRetriable {
                missingSince = nil
                logger.warning(
                    "waiting for the broker",
                    metadata: ["brokers": "\(configuration.kafka.brokers)", "reason": "\(error)"])
                rest(Self.retryEvery)
            } catch let error as PipelineError where error.code == .topicMissing {
                let since = missingSince ?? ContinuousClock.now
                guard ContinuousClock.now - since < Self.topicsWithin else { throw error }
                if missingSince == nil { logger.notice("waiting for topics", metadata: ["reason": "\(error)"]) }
                missingSince = since
                rest(Self.topicsEvery)
            }
        }
        return nil
    }

    private func rest(_ seconds: Double) {
        let until = ContinuousClock.now + .seconds(seconds)
        while !stop.isSet, ContinuousClock.now < until { Thread.sleep(forTimeInterval: 0.05) }
    }

    /// Throws a retriable `KafkaError` while the broker does not answer.
    func attempt() throws -> Int {
        let metadata = try configuration.kafka.metadata(timeoutMilliseconds: Self.patienceMilliseconds)
        let wanted =
            configuration.topics.all
            + [configuration.checkpoints?.topic, configuration.members?.topic].compactMap(\.self)
        if let error = wanted.compactMap({ metadata.failures[$0] }).first { throw error }
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
        try LedgerBeginning(configuration: configuration, stop: stop, logger: logger).run(partitions: count)
        return count
    }
}
