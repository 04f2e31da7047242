internal import Foundation
internal import Kafka
internal import Logging
internal import Synchronization

/// Requests a thread to end.
final class StopFlag: Sendable {
    private let flag = Atomic(false)
    var isSet: Bool { flag.load(ordering: .acquiring) }
    func set() { flag.store(true, ordering: .releasing) }
}

/// A thread that runs a task again after it failed, until it is stopped or the failure is final.
final class Worker: @unchecked Sendable {
    /// The first and the longest pause between two attempts, in seconds.
    private static let (firstPause, maximumPause) = (0.25, 2.0)
    private static let healthyAfter = Duration.seconds(30)

    private let done = DispatchSemaphore(value: 0)

    /// `task`: returns after the flag is set, even if it is set before. A `PipelineError` is final and is passed to
    /// `onFailure`. `onEnd`: called when the task will not be run again.
    init(
        _ name: String, stop: StopFlag, logger: Logger, onFailure: @escaping @Sendable (PipelineError) -> Void,
        onEnd: @escaping @Sendable () -> Void = {}, task: @escaping @Sendable () throws -> Void
    ) {
        let done = done
        let thread = Thread {
            defer {
                onEnd()
                done.signal()
            }
            Thread.current.name = name
            var pause = Self.firstPause
            while true {
                let start = ContinuousClock.now
                do {
                    try task()
                    return
                } catch let error as PipelineError {
                    onFailure(error)
                    return
                } catch {
                    guard !stop.isSet else { return }
                    if ContinuousClock.now - start > Self.healthyAfter { pause = Self.firstPause }
                    logger.warning(
                        "\(name) starts again",
                        metadata: ["reason": "\(error)", "pauseSeconds": "\(pause)"])
                    let until = ContinuousClock.now + .seconds(pause)
                    while !stop.isSet, ContinuousClock.now < until { Thread.sleep(forTimeInterval: 0.05) }
                    pause = min(pause * 2, Self.maximumPause)
                }
            }
        }
        thread.stackSize = 4 << 20
        thread.start()
    }

    /// Returns after the thread has ended.
    func join() {
        done.wait()
        done.signal()
    }
}

extension Logger {
    /// Logs a notice of librdkafka.
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
        }
    }
}
