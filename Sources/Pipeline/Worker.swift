internal import Foundation
internal import Kafka
internal import Logging
internal import Synchronization

/// Says to a thread that it should come to an end.
final class StopFlag: Sendable {
    private let flag = Atomic(false)
    var isSet: Bool { flag.load(ordering: .acquiring) }
    func set() { flag.store(true, ordering: .releasing) }
}

/// A part of the pipeline that works in rounds, all of them on one thread.
protocol RoundWorker: AnyObject {
    var stop: StopFlag { get }
    func start() throws
    /// One round: waits a few milliseconds at most where there is nothing to do.
    func step() throws
    /// Waits for what is on its way, and gives back what it has.
    func finish() throws
    /// Lets go of everything, after an end as after an error.
    func abandon()
}

extension RoundWorker {
    /// Returns when the stop flag is set and everything is wound up.
    func run() throws {
        defer { abandon() }
        try start()
        while !stop.isSet { try step() }
        try finish()
    }
}

/// A thread that runs a task again after it failed, until it is stopped or the failure is final.
final class Worker: @unchecked Sendable {
    /// Longest pause between two attempts, in seconds.
    private static let maximumPause = 5.0

    private let done = DispatchSemaphore(value: 0)

    /// `task` returns when the flag is set; a `PipelineError` is final and goes to `onFailure`.
    init(
        _ name: String, stop: StopFlag, logger: Logger, onFailure: @escaping @Sendable (PipelineError) -> Void,
        task: @escaping @Sendable () throws -> Void
    ) {
        let done = done
        let thread = Thread {
            defer { done.signal() }
            Thread.current.name = name
            var pause = 0.5
            while !stop.isSet {
                let start = ContinuousClock.now
                do {
                    try task()
                    return
                } catch let error as PipelineError {
                    onFailure(error)
                    return
                } catch {
                    if ContinuousClock.now - start > .seconds(30) { pause = 0.5 }
                    logger.warning(
                        "\(name) starts again",
                        metadata: ["reason": "\(error)", "pause-seconds": "\(pause)"])
                    let until = ContinuousClock.now + .seconds(pause)
                    while !stop.isSet, ContinuousClock.now < until { Thread.sleep(forTimeInterval: 0.05) }
                    pause = min(pause * 2, Self.maximumPause)
                }
            }
        }
        thread.stackSize = 4 << 20
        thread.start()
    }

    /// Returns when the thread has ended.
    func join() {
        done.wait()
        done.signal()
    }
}

extension Logger {
    /// Passes on what librdkafka has to say.
    func kafka(_ notice: KafkaNotice, of handle: String) {
        switch notice {
        case .log(let level, let facility, let message):
            log(
                level: level <= 3 ? .error : level == 4 ? .warning : level <= 6 ? .info : .debug, "\(message)",
                metadata: ["kafka": "\(handle)", "facility": "\(facility)"])
        case .error(let error):
            log(
                level: error.isFatal ? .error : .warning, "\(error)",
                metadata: ["kafka": "\(handle)", "code": "\(error.name)"])
        case .statistics: break
        }
    }
}
