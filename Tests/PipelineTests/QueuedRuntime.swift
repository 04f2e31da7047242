import Pipeline
import Synchronization

/// A still machine on which nothing runs by itself: a test does what waits in its lines.
final class QueuedRuntime: Runtime {
    let clock = StillRuntime()
    private let lines = Mutex<[BackgroundLine: [@Sendable () -> Void]]>([:])

    var now: ContinuousClock.Instant { clock.now }
    var wallClock: Int64 { clock.wallClock }
    var residentBytes: Int64? { clock.residentBytes }
    func randomSession() -> UInt64 { clock.randomSession() }

    func background(_ line: BackgroundLine, _ work: @escaping @Sendable () -> Void) {
        lines.withLock { $0[line, default: []].append(work) }
    }

    var stepsWork: Bool { true }

    /// The time limit of a caller that waits meanwhile passes.
    func stepWork(_ slice: () -> Void) {
        clock.pass(.milliseconds(1))
        slice()
        runNext()
    }

    func waiting(in line: BackgroundLine) -> Int { lines.withLock { $0[line]?.count ?? 0 } }

    /// Does the first piece of work of a line. Returns false if there is none.
    @discardableResult func run(_ line: BackgroundLine) -> Bool {
        let work = lines.withLock { lines -> (@Sendable () -> Void)? in
            lines[line]?.isEmpty == false ? lines[line]?.removeFirst() : nil
        }
        work?()
        return work != nil
    }

    /// Of whichever line has one.
    @discardableResult func runNext() -> Bool { run(.storage) || run(.broker) }
}
