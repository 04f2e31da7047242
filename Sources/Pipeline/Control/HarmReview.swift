internal import Events
internal import Foundation
internal import Glibc
internal import Kafka
internal import Policy
internal import Replay
internal import Synchronization

/// Knows whether a change of policy keeps within the harm budgets: it folds the ledger's history under the active policy and under the
/// candidate. The document of a proposal is not asked for that, because anybody can write one.
///
/// There is one review at a time, on a thread of low priority that reads the ledger topic. Its outcome is valid for `lifetime`.
final class HarmReview: Sendable {
    static let lifetime = Duration.seconds(3600)
    private static let betweenLooks = Duration.milliseconds(20)
    private static let priority: Int32 = 10

    /// Hashes of the policies' texts.
    private struct Change: Hashable {
        let active: String
        let candidate: String
    }

    private enum Outcome {
        /// In words; empty if the change is within the budgets.
        case breaches([String])
        case failed(String)
    }

    private struct Review {
        let change: Change
        /// Nil while the topic's ends are not known.
        var progress: ReplayProgress?
        /// Nil while the history is folded.
        var outcome: Outcome?
        var end = ContinuousClock.now
    }

    private let kafka: any KafkaCluster
    private let topic: String
    private let review = Mutex<Review?>(nil)
    private let isClosed = Atomic(false)

    init(_ configuration: PipelineConfiguration) {
        (kafka, topic) = (configuration.kafka, configuration.topics.ledger)
    }

    func close() { isClosed.store(true, ordering: .relaxed) }

    /// Refuses a change that breaks a budget, and one that is not reviewed by the deadline: the review continues, and a repeated request
    /// finds it. `active`: the hash of the active policy's text.
    func require(
        _ candidate: ScoringPolicy, against active: String, until deadline: ContinuousClock.Instant
    ) async throws(ControlRefusal) {
        let change = Change(active: active, candidate: PolicyHash.of(candidate.text))
        while true {
            switch try outcome(of: change, candidate) {
            case .breaches([]): return
            case .breaches(let breaches):
                throw .conflict("harm-budget", "the change breaks the harm budget: \(breaches.joined(separator: "; "))")
            case .failed(let reason): throw .notReady("the harm budget cannot be reviewed now: \(reason)")
            case nil: break
            }
            guard ContinuousClock.now < deadline, (try? await Task.sleep(for: Self.betweenLooks)) != nil else { break }
        }
        let progress = review.withLock { $0?.progress }
        throw ControlRefusal(
            503, "harm-review",
            "the whole history is folded under both policies, for the harm budget: \(progress?.offsets ?? 0) of "
                + "\(progress?.total ?? 0) frames are done. Ask again with the same idempotency key")
    }

    /// The outcome of a change's review, which begins if there is none; nil while the history is folded.
    private func outcome(of change: Change, _ candidate: ScoringPolicy) throws(ControlRefusal) -> Outcome? {
        let (outcome, begins) = try review.withLock { review throws(ControlRefusal) -> (Outcome?, Bool) in
            if let known = review, known.change == change {
                // A failure is reported once, and the next request begins anew.
                if case .failed = known.outcome { review = nil }
                if known.outcome == nil || known.end.duration(to: .now) < Self.lifetime {
                    return (known.outcome, false)
                }
            } else if let known = review, known.outcome == nil {
                throw ControlRefusal(
                    503, "harm-review", "another change is reviewed for its harm budget: ask again later")
            }
            review = Review(change: change)
            return (nil, true)
        }
        if begins { fold(change, candidate) }
        return outcome
    }

    private func fold(_ change: Change, _ candidate: ScoringPolicy) {
        let thread = Thread { [self] in
            // On Linux the priority is the thread's.
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.priority)
            let outcome: Outcome
            do {
                let difference = try difference(to: candidate)
                // An activation came in between.
                let isSame = PolicyHash.of(difference.active.text) == change.active
                outcome =
                    isSame
                    ? .breaches(difference.breaches.map(\.description)) : .failed("another policy is active by now")
            } catch {
                outcome = .failed("\(error)")
            }
            review.withLock { review in
                review?.outcome = outcome
                review?.end = .now
            }
        }
        thread.name = "harm-review"
        thread.stackSize = 8 << 20
        thread.start()
    }

    private func difference(to candidate: ScoringPolicy) throws -> PolicyChange.Difference {
        let topicPartitions = (0..<Int32(try kafka.partitions(of: topic))).map { TopicPartition(topic, $0) }
        let ends = Dictionary(
            uniqueKeysWithValues: try kafka.ends(of: topicPartitions).map { ($0.key.partition, $0.value) })
        // Each partition is read under its own policies and under the candidate.
        let progress = ReplayProgress(total: 2 * ends.values.reduce(0, +))
        review.withLock { $0?.progress = progress }
        return try PolicyChange(candidate: candidate).run(
            partitions: ends.keys.sorted(),
            source: { [self] partition, start, end in
                try LedgerTopicFrames(
                    kafka, topic: topic, partition: partition, from: start, until: min(end, ends[partition] ?? 0)
                ) { [self] in isClosed.load(ordering: .relaxed) }
            }, progress: progress)
    }
}
