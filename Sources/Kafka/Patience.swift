import Foundation

/// How long, and how often, a call with a transient failure is retried: a leader or a coordinator that moves, a new
/// topic, a broker that restarts. Any other failure, such as a missing permission, is thrown at once.
public struct Patience: Sendable {
    /// A retry that is reported, at most once per call.
    public struct Wait: Sendable, CustomStringConvertible {
        /// The call, such as `list offsets`.
        public let call: String
        public let reason: KafkaError
        /// Counted from the first attempt; nil if the call is retried until it succeeds.
        public let limit: Duration?

        public var description: String {
            let target = reason.target.isEmpty || reason.target == call ? "" : "\(reason.target): "
            let bound = limit.map { " for up to \(Int(($0 / Duration.seconds(1)).rounded(.up))) s" } ?? ""
            return "\(call): trying again\(bound): \(target)\(reason.message) (\(reason.name))"
        }
    }

    /// The clock and the sleep; tests replace them.
    struct Time: Sendable {
        var now: @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
        var sleep: @Sendable (Duration) -> Void = { Thread.sleep(forTimeInterval: $0 / Duration.seconds(1)) }
    }

    /// One attempt of a call.
    struct Attempt {
        /// Why the previous attempt failed; nil for the first.
        var failure: KafkaError?
        /// The time limit of one request, in milliseconds.
        var milliseconds: Int
    }

    /// Counted from the first attempt; no attempt begins later. Nil if there is no limit.
    public var limit: Duration?
    /// The pause after the first failure. It doubles with each further one.
    public var firstPause = Duration.milliseconds(100)
    public var longestPause = Duration.seconds(2)
    /// `onWait` is called for a call that has not succeeded by then.
    public var quiet = Duration.seconds(1)
    /// Called during pauses. True ends the waiting with the last failure.
    public var isStopped: @Sendable () -> Bool = { false }
    public var onWait: @Sendable (Wait) -> Void = { _ in }
    var time = Time()

    /// A pause is slept in steps of this length, so that a stop is noticed.
    private static let step = Duration.milliseconds(50)
    private static let leastRequestMilliseconds = 1000

    public init(limit: Duration? = .seconds(30)) { self.limit = limit }

    /// The same with a limit of at most this time.
    func within(milliseconds: Int) -> Patience {
        var result = self
        result.limit = shorter(.milliseconds(milliseconds))
        return result
    }

    /// The same for work that must not be left half done.
    func withoutStop() -> Patience {
        var result = self
        result.isStopped = { false }
        return result
    }

    private func shorter(_ other: Duration) -> Duration { limit.map { min($0, other) } ?? other }

    /// The pause after `failures` failures, `elapsed` after the start of the first attempt; nil if there is no
    /// further attempt.
    func pause(after failures: Int, elapsed: Duration, limit: Duration?) -> Duration? {
        let factor = 1 << min(max(failures - 1, 0), 20)
        let length = min(longestPause, firstPause * factor)
        guard let limit else { return length }
        return elapsed < limit ? min(length, limit - elapsed) : nil
    }

    /// Repeats a call until it succeeds, its failure is not transient, or the time is over.
    ///
    /// For a cluster that answers "not yet" the limit applies. For one that does not answer `answerMilliseconds`
    /// apply, in at least two attempts; a shorter limit bounds that too. `isFinal` is true for failures that are not
    /// transient within this call.
    func run<Result>(
        _ call: String, answerMilliseconds: Int, unless isFinal: (KafkaError) -> Bool = { _ in false },
        _ body: (Attempt) throws(KafkaError) -> Result
    ) throws(KafkaError) -> Result {
        let start = time.now()
        let request = limit == .zero ? answerMilliseconds : max(1, answerMilliseconds / 2)
        var attempt = Attempt(failure: nil, milliseconds: request)
        var (failures, isLogged) = (0, false)
        while true {
            do throws(KafkaError) {
                return try body(attempt)
            } catch {
                failures += 1
                let elapsed = time.now() - start
                let bound = error.isSilence ? shorter(.milliseconds(answerMilliseconds)) : limit
                guard error.isRetriable, !error.isFatal, !isFinal(error), !isStopped(),
                    let length = pause(after: failures, elapsed: elapsed, limit: bound)
                else { throw error }
                if !isLogged, elapsed + length > quiet {
                    isLogged = true
                    onWait(Wait(call: call, reason: error, limit: bound))
                }
                rest(length)
                guard !isStopped() else { throw error }
                attempt = Attempt(
                    failure: error, milliseconds: min(request, left(of: bound, since: start) ?? request))
            }
        }
    }

    private func rest(_ length: Duration) {
        var left = length
        while left > .zero, !isStopped() {
            let step = min(left, Self.step)
            time.sleep(step)
            left -= step
        }
    }

    /// The last request has enough time for an answer, even if it ends after the limit.
    private func left(of limit: Duration?, since start: ContinuousClock.Instant) -> Int? {
        guard let limit else { return nil }
        return max(Self.leastRequestMilliseconds, Int((limit - (time.now() - start)) / Duration.milliseconds(1)))
    }

    /// Observes a reading of partitions up to some end, during which transient errors may occur. It ends the reading
    /// after there was no progress for as long as the patience. Time that the reader spends elsewhere does not count.
    public struct Reading {
        /// Time between two polls above this was not spent on waiting.
        private static let longestPoll = Duration.seconds(1)

        private let name: String
        private let patience: Patience
        private var lastPoll: ContinuousClock.Instant
        private var still = Duration.zero
        private var ended = 0
        private var trouble: KafkaError?
        private var isLogged = false

        /// `name`: what is read, for messages.
        public init(_ name: String, _ patience: Patience) {
            (self.name, self.patience) = (name, patience)
            lastPoll = patience.time.now()
        }

        /// Called after each poll with the number of records, the number of partitions that are read to their ends,
        /// and the errors that arrived. Throws errors that are not transient at once.
        public mutating func note(
            records: Int, ended: Int, errors: [(topicPartition: TopicPartition, error: KafkaError)]
        ) throws(KafkaError) {
            for (_, error) in errors {
                guard error.isRetriable else { throw error }
                trouble = error
            }
            let now = patience.time.now()
            still += min(now - lastPoll, Self.longestPoll)
            lastPoll = now
            if records > 0 || ended != self.ended {
                (still, self.ended, trouble) = (.zero, ended, nil)
                return
            }
            if let trouble, !isLogged, still > patience.quiet {
                isLogged = true
                patience.onWait(Wait(call: name, reason: trouble, limit: patience.limit))
            }
            guard let limit = patience.limit, still >= limit else { return }
            throw trouble ?? .timedOut(name)
        }
    }
}
