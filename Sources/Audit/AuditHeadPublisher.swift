internal import Events
internal import Foundation
public import Kafka
public import Ledger
public import Logging

/// Publishes the newest record of the audit that this member knows, signed, to the topic of checkpoints: after the start,
/// at intervals if there are newer records, and at the end. Nothing depends on it, so a failure is only logged. `close`
/// must be called at the end.
public final class AuditHeadPublisher: @unchecked Sendable {
    /// The least time between two heads of one member. Members read the topic from its beginning, so it stays small.
    public static let standardInterval = Duration.seconds(300)
    /// The time until the next attempt after one that failed.
    private static let pauseAfterFailure = Duration.seconds(10)
    private static let (lookSeconds, closeSeconds) = (1.0, 6.0)
    private static let flushMilliseconds = 3000

    private let kafka: KafkaConfiguration
    private let topic: String
    private let writer: AuditWriter
    private let keyring: Keyring
    private let interval: Duration
    private let logger: Logger
    private let lock = NSCondition()
    // Guarded by `lock`.
    private var isClosed = false
    private var hasEnded = false

    /// `topic`: of the checkpoints. `keyring`: the writer's, with a signing key.
    public init(
        _ kafka: KafkaConfiguration, topic: String, writer: AuditWriter, keyring: Keyring,
        interval: Duration = standardInterval, logger: Logger
    ) {
        (self.kafka, self.topic, self.writer, self.keyring) = (kafka, topic, writer, keyring)
        (self.interval, self.logger) = (interval, logger)
        let thread = Thread { [self] in run() }
        thread.name = "audit-head"
        thread.start()
    }

    /// Publishes the last head, within a time limit.
    public func close() {
        let limit = Date(timeIntervalSinceNow: Self.closeSeconds)
        lock.withLock {
            isClosed = true
            lock.broadcast()
            while !hasEnded, lock.wait(until: limit) {}
        }
    }

    private func run() {
        var published: AuditHead?
        var next = ContinuousClock.now
        var lastLogged = ""
        while true {
            let isLast = lock.withLock {
                if !isClosed { _ = lock.wait(until: Date(timeIntervalSinceNow: Self.lookSeconds)) }
                return isClosed
            }
            if let head = writer.head, head.offset != published?.offset, isLast || ContinuousClock.now >= next {
                do {
                    try publish(head)
                    (published, lastLogged) = (head, "")
                    next = .now + interval
                } catch {
                    // A repeated reason is logged once.
                    logger.log(
                        level: lastLogged == "\(error)" ? .debug : .warning, "the audit's end is not vouched for",
                        metadata: ["topic": "\(topic)", "reason": "\(error)"])
                    lastLogged = "\(error)"
                    next = .now + Self.pauseAfterFailure
                }
            }
            if isLast { break }
        }
        lock.withLock {
            hasEnded = true
            lock.broadcast()
        }
    }

    private struct Unacknowledged: Error, CustomStringConvertible {
        let description = "the broker has not acknowledged it in time"
    }

    /// With a producer of its own, because heads are rare.
    private func publish(_ head: AuditHead) throws {
        guard let value = SignedAuditHead(head, signedWith: keyring)?.json else { return }
        let producer = try Producer(kafka)
        let number = try producer.topic(topic)
        var outcome: Result<Void, any Error> = .failure(Unacknowledged())
        let isQueued = try value.withUnsafeBytes {
            try producer.produce(topic: number, partition: Producer.anyPartition, key: nil, value: $0, tag: 0)
        }
        guard isQueued else { throw Unacknowledged() }
        _ = producer.flush(timeoutMilliseconds: Self.flushMilliseconds) { [topic] delivery in
            outcome = delivery.error(topicName: topic).map { .failure($0) } ?? .success(())
        }
        producer.purge()
        try outcome.get()
    }
}
