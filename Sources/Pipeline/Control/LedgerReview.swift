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
/// thread of low priority that reads the ledger topic. The last `maximumOutcomes` outcomes stay, each for `lifetime`.
final class LedgerReview<Question: Hashable & Sendable, Answer: Sendable>: Sendable {
    enum State: Sendable {
        case answered(Answer)
        /// Returned once. The next request begins the work anew.
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

    private struct Work {
        let question: Question
        /// Nil while the topic's ends are not known.
        var progress: ReplayProgress?
    }

    private struct Outcome {
        let question: Question
        let result: Result<Answer, Failure>
        let end = ContinuousClock.now
    }

    private struct Reviews {
        /// Nil while no question is being answered.
        var work: Work?
        /// At most one per question, the oldest first.
        var outcomes: [Outcome] = []
    }

    private struct Failure: Error { let reason: String }

    static var maximumOutcomes: Int { 4 }
    private static var betweenLooks: Duration { .milliseconds(20) }
    private static var priority: Int32 { 10 }

    private let name: String
    private let lifetime: Duration
    private let passes: Int64
    private let kafka: any KafkaCluster
    private let topic: String
    private let slot: ReviewSlot
    private let reviews = Mutex(Reviews())
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
        let (state, begins) = reviews.withLock { reviews -> (State, Bool) in
            if let work = reviews.work, work.question == question {
                return (.underWay(frames: work.progress?.offsets ?? 0, of: work.progress?.total ?? 0), false)
            }
            reviews.outcomes.removeAll { $0.end.duration(to: .now) >= lifetime }
            if let index = reviews.outcomes.firstIndex(where: { $0.question == question }) {
                switch reviews.outcomes[index].result {
                case .success(let answer): return (.answered(answer), false)
                case .failure(let failure):
                    reviews.outcomes.remove(at: index)
                    return (.failed(failure.reason), false)
                }
            }
            guard reviews.work == nil, slot.take() else { return (.busy, false) }
            reviews.work = Work(question: question)
            return (.underWay(frames: 0, of: 0), true)
        }
        if begins { begin(question, answer) }
        return state
    }

    private func begin(_ question: Question, _ answer: @escaping @Sendable (Ledger) throws -> Answer) {
        let thread = Thread { [self] in
            // On Linux the priority is the thread's.
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.priority)
            let result: Result<Answer, Failure>
            do {
                result = .success(try answer(try ledger()))
            } catch {
                result = .failure(Failure(reason: "\(error)"))
            }
            reviews.withLock { reviews in
                reviews.work = nil
                if reviews.outcomes.count == Self.maximumOutcomes { reviews.outcomes.removeFirst() }
                reviews.outcomes.append(Outcome(question: question, result: result))
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
        reviews.withLock { $0.work?.progress = progress }
        return Ledger(
            partitions: ends.keys.sorted(),
            frames: { [self] partition, start, end in
                try LedgerTopicFrames(
                    kafka, topic: topic, partition: partition, from: start, until: min(end, ends[partition] ?? 0)
                ) { [self] in isClosed.load(ordering: .relaxed) }
            }, progress: progress)
    }
}
