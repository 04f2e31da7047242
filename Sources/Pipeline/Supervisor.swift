/// A part of the pipeline that works in rounds, all of them on one thread.
protocol PollLoop: AnyObject {
    func start() throws
    /// One round: waits a few milliseconds at most where there is nothing to do.
    func step() throws
    /// After an error: begins anew with the partitions that its group has dealt. Whoever left and joined again would have all
    /// members wait for it.
    func resume() throws
    /// It is still a member of its group.
    var canResume: Bool { get }
    /// Waits for what is on its way, and gives back what it has.
    func finish() throws
    /// Lets go of everything, after an end as after an error.
    func abandon()
    /// What it has found on its way out and no other worker can mend; nil if there is nothing.
    var finalError: PipelineError? { get }
}

extension PollLoop {
    var finalError: PipelineError? { nil }
}

/// Has a role's work done: after an error its worker resumes, and where that cannot help another one takes its place. One
/// thread uses it.
final class Supervisor: @unchecked Sendable {
    /// Errors in a row until a worker is replaced.
    private static let maximumResumes = 5
    private static let healthyAfter = Duration.seconds(30)

    private let make: () throws -> any PollLoop
    private let host: any Runtime
    private let stop: StopFlag
    private let onFailure: () -> Void
    private var worker: (any PollLoop)?
    private var hasFailed = false
    private var finalError: PipelineError?
    private var failures = 0
    private var lastFailure: ContinuousClock.Instant

    /// `onFailure` hears of each error.
    init(
        host: any Runtime, stop: StopFlag, onFailure: @escaping () -> Void = {},
        make: @escaping () throws -> any PollLoop
    ) {
        (self.host, self.stop, self.onFailure, self.make) = (host, stop, onFailure, make)
        lastFailure = host.now
    }

    /// Returns when the stop flag is set and everything is wound up. After an error, other than a `PipelineError`, it can be
    /// called again.
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
        // The other roles end too, and do not wait until this one has let go: intake must not append to a ledger that is not the one.
        if error is PipelineError { stop.set() }
        let now = host.now
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
