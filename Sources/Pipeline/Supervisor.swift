/// A part of the pipeline that works in rounds, all of them on one thread.
protocol PollLoop: AnyObject {
    func start() throws
    /// One round. It waits a few milliseconds at most if there is nothing to do.
    func step() throws
    /// Restarts after an error with the partitions that its group has assigned. A member that leaves and joins again
    /// would cause a rebalance for all members.
    func resume() throws
    /// Whether it is still a member of its group.
    var canResume: Bool { get }
    /// Waits for records in flight, and leaves the group.
    func finish() throws
    /// Drops everything, after an end as after an error.
    func abandon()
    /// An error at its end that no other worker can resolve; nil if there is none.
    var finalError: PipelineError? { get }
}

extension PollLoop {
    var finalError: PipelineError? { nil }
}

/// Runs a role's work: after an error its worker resumes, and if that does not help, another one replaces it. It is
/// used by one thread.
final class Supervisor: @unchecked Sendable {
    /// The number of errors in a row after which a worker is replaced.
    private static let maximumResumes = 5
    private static let healthyAfter = Duration.seconds(30)

    private let make: () throws -> any PollLoop
    private let runtime: any Runtime
    private let stop: StopFlag
    private let onFailure: () -> Void
    private var worker: (any PollLoop)?
    private var hasFailed = false
    private var finalError: PipelineError?
    private var failures = 0
    private var lastFailure: ContinuousClock.Instant

    /// `onFailure`: called with each error.
    init(
        runtime: any Runtime, stop: StopFlag, onFailure: @escaping () -> Void = {},
        make: @escaping () throws -> any PollLoop
    ) {
        (self.runtime, self.stop, self.onFailure, self.make) = (runtime, stop, onFailure, make)
        lastFailure = runtime.now
    }

    /// Returns after the stop flag is set and everything is finished. After an error, except a `PipelineError`, it can
    /// be called again.
    func run() throws {
        while !stop.isSet { try step() }
        try finish()
    }

    func step() throws {
        do {
            try ready().step()
        } catch {
            note(error)
            throw finalError ?? error
        }
    }

    private func ready() throws -> any PollLoop {
        if let worker {
            if hasFailed { try worker.resume() }
            hasFailed = false
            return worker
        }
        let worker = try make()
        do {
            try worker.start()
        } catch {
            worker.abandon()
            throw error
        }
        self.worker = worker
        return worker
    }

    private func note(_ error: any Error) {
        onFailure()
        // The other roles end at once, before this one has finished, because intake must not append to another ledger.
        if error is PipelineError { stop.set() }
        let now = runtime.now
        if now - lastFailure > Self.healthyAfter { failures = 0 }
        lastFailure = now
        failures += 1
        hasFailed = true
        let isWanted = !(error is PipelineError) && !stop.isSet && failures <= Self.maximumResumes
        if !isWanted || worker?.canResume != true { abandon() }
    }

    func finish() throws {
        let result = Result { if !hasFailed { try worker?.finish() } }
        abandon()
        if let finalError { throw finalError }
        try result.get()
    }

    private func abandon() {
        worker?.abandon()
        finalError = finalError ?? worker?.finalError
        worker = nil
        (hasFailed, failures) = (false, 0)
    }
}
