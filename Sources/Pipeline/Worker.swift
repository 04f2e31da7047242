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

    /// Runs something that may take long and that nobody waits for.
    static func background(_ body: @escaping @Sendable () -> Void) { DispatchQueue.global().async(execute: body) }

    /// Returns when the thread has ended.
    func join() {
        done.wait()
        done.signal()
    }
}

/// Microseconds since 1970 by the wall clock.
func wallClock() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
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
