internal import Kafka
internal import Logging

/// Announces a member without the role fold to the others, which ask it for what it reads. A member that folds announces
/// itself with its partitions (`FoldPoller`). No work depends on the announcement, so a failure is only logged.
final class IdleAnnouncement {
    private static let leaveMilliseconds = 2000
    /// After a failure.
    private static let pause = Duration.seconds(60)

    private let directory: MemberDirectory
    private let producer: any ProducerClient
    private let topic: Int
    private let topicName: String
    private let logger: Logger
    private var failure: String?
    /// The time of the next attempt; nil after a success.
    private var nextAttempt: ContinuousClock.Instant?

    init(_ directory: MemberDirectory, _ kafka: any KafkaCluster, topic: String, logger: Logger) throws {
        (self.directory, topicName, self.logger) = (directory, topic, logger)
        producer = try kafka.producer(Producer.Options()) { logger.kafka($0, of: "announcement") }
        self.topic = try producer.topic(topic)
    }

    /// Publishes the announcement, if it is not published.
    func publish(at now: ContinuousClock.Instant) {
        producer.serve(timeoutMilliseconds: 0) { note($0.error(topicName: topicName), at: now) }
        guard nextAttempt.map({ now >= $0 }) ?? true, let news = directory.news(of: [], at: now) else { return }
        nextAttempt = nil
        produce(news.json, of: news.address, at: now)
    }

    /// Withdraws the announcement, so that this member gets no more requests.
    func takeLeave(at now: ContinuousClock.Instant) {
        guard let address = directory.farewell() else { return }
        produce(nil, of: address, at: now)
        _ = producer.flush(timeoutMilliseconds: Self.leaveMilliseconds) {
            note($0.error(topicName: topicName), at: now)
        }
        producer.purge()
    }

    private func produce(_ value: [UInt8]?, of address: String, at now: ContinuousClock.Instant) {
        func produce(_ value: UnsafeRawBufferPointer?) throws {
            try Array(address.utf8).withUnsafeBytes { key in
                // A full queue is one of a cluster that does not answer, which the notices report.
                _ = try producer.produce(
                    topic: topic, partition: Producer.anyPartition, key: key, value: value, tag: 0)
            }
        }
        do {
            if let value { try value.withUnsafeBytes { try produce($0) } } else { try produce(nil) }
        } catch {
            note(error, at: now)
        }
    }

    /// `error`: nil if the record was acknowledged.
    private func note(_ error: (any Error)?, at now: ContinuousClock.Instant) {
        guard let error else { return failure = nil }
        // A repeated reason is logged once.
        logger.log(
            level: "\(error)" == failure ? .debug : .warning, "this member is not announced to the others",
            metadata: ["topic": "\(topicName)", "reason": "\(error)"])
        (failure, nextAttempt) = ("\(error)", now + Self.pause)
        directory.forget()
    }
}
