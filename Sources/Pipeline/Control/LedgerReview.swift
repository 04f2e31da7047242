internal import Foundation
internal import Glibc
internal import Kafka
internal import Replay
internal import Synchronization

/// At most one review in a process folds the ledger's history at a time. It has the slot meanwhile.
final class ReviewSlot: Sendable {
    private let isTaken = Atomic(false)

    /// Returns false if another review has it.
    func take() -> Bool { !isTaken.exchange(true, ordering: .acquiring) }

    func leave() { isTaken.store(false, ordering: .releasing) }
}

/// Folds the ledger's history to answer a question about an act before it is done. There is one question at a time, on a
/// thread of low priority that reads the ledger topic. Its answer is valid for `lifetime`.
final class LedgerReview<Question: Hashable & Sendable, Answer: Sendable>: Sendable {
    enum State: Sendable {
        case answered(Answer)
        /// Stated once: the next request begins anew.
        case failed(String)
        /// The work continues after the deadline, and a repeated request finds it.
        case underWay(frames: Int64, of: Int64)
        /// Another question is being answered, here or by a review that shares the slot.
        case busy
    }

    /// What a question is answered from.
    struct Ledger: Sendable {
        let partitions: [Int32]
        let frames: LedgerReplay.Source
        let progress: ReplayProgress
    }

    private struct Review {
        let question: Question
        /// Nil while the topic's ends are not known.
        var progress: ReplayProgress?
        /// Nil while the history is folded.
        var outcome: Result<Answer, Failure>?
        var end = ContinuousClock.now
    }

    private struct Failure: Error { let reason: String }

    private static var betweenLooks: Duration { .milliseconds(20) }
    private static var priority: Int32 { 10 }

    private let name: String
    private let lifetime: Duration
    private let passes: Int64
    private let kafka: any KafkaCluster
    private let topic: String
    private let slot: ReviewSlot
    private let review = Mutex<Review?>(nil)
    private let isClosed = Atomic(false)

    /// `name` is the thread's, and `passes` is how often an answer reads the history. `slot` may be shared with other reviews.
    init(
        _ name: String, _ configuration: PipelineConfiguration, lifetime: Duration, passes: Int64,
        slot: ReviewSlot = ReviewSlot()
    ) {
        (self.name, self.lifetime, self.passes, self.slot) = (name, lifetime, passes, slot)
        (kafka, topic) = (configuration.kafka, configuration.topics.ledger)
    }

    func close() { isClosed.store(true, ordering: .relaxed) }

    /// The state at the deadline, or before it if the question is answered. `answer`: called on the thread of low
    /// priority, if the question has no answer yet.
    func state(
        of question: Question, until deadline: ContinuousClock.Instant,
        _ answer: @escaping @Sendable (Ledger) throws -> Answer
    ) async -> State {
        while true {
            let state = state(of: question, answer)
            guard case .underWay = state, ContinuousClock.now < deadline,
                (try? await Task.sleep(for: Self.betweenLooks)) != nil
            else { return state }
        }
    }

    /// Begins the work on a question that has no valid answer.
    private func state(of question: Question, _ answer: @escaping @Sendable (Ledger) throws -> Answer) -> State {
        let (state, begins) = review.withLock { review -> (State, Bool) in
            if let known = review, known.question == question {
                switch known.outcome {
                case .success(let answer) where known.end.duration(to: .now) < lifetime:
                    return (.answered(answer), false)
                case .success: break
                case .failure(let failure):
                    review = nil
                    return (.failed(failure.reason), false)
                case nil:
                    return (.underWay(frames: known.progress?.offsets ?? 0, of: known.progress?.total ?? 0), false)
                }
            } else if let known = review, known.outcome == nil {
                return (.busy, false)
            }
            guard slot.take() else { return (.busy, false) }
            review = Review(question: question)
            return (.underWay(frames: 0, of: 0), true)
        }
        if begins { begin(answer) }
        return state
    }

    private func begin(_ answer: @escaping @Sendable (Ledger) throws -> Answer) {
        let thread = Thread { [self] in
            // On Linux the priority is the thread's.
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.priority)
            let outcome: Result<Answer, Failure>
            do {
                outcome = .success(try answer(try ledger()))
            } catch {
                outcome = .failure(Failure(reason: "\(error)"))
            }
            review.withLock { review in
                review?.outcome = outcome
                review?.end = .now
                slot.leave()
            }
        }
        thread.name = name
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// The ledger topic up to its present ends.
    private func ledger() throws -> Ledger {
        let positions = (0..<Int32(try kafka.partitions(of: topic))).map { TopicPartition(topic, $0) }
        let ends = Dictionary(uniqueKeysWithValues: try kafka.ends(of: positions).map { ($0.key.partition, $0.value) })
        let progress = ReplayProgress(total: passes * ends.values.reduce(0, +))
        review.withLock { $0?.progress = progress }
        return Ledger(
            partitions: ends.keys.sorted(),
            frames: { [self] partition, start, end in
                try LedgerTopicFrames(
                    kafka, topic: topic, partition: partition, from: start, until: min(end, ends[partition] ?? 0)
                ) { [self] in isClosed.load(ordering: .relaxed) }
            }, progress: progress)
    }
}
