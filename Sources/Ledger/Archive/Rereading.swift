internal import Glibc

/// How often, and after what pause, what looks damaged is read again before that is said: another process may be writing it.
///
/// A write is over within milliseconds, unless the disk is full.
public struct Rereading: Sendable {
    /// How often a place is read again.
    public let times: Int
    /// The wait before each time.
    public let pause: Duration
    private let rest: @Sendable (Duration) -> Void

    /// The first reading counts: nobody else writes.
    public static let none = Rereading(times: 0, pause: .zero)
    /// Beside a member that runs: ten times within a second.
    public static let besideMember = Rereading(times: 10, pause: .milliseconds(100))

    /// `rest` waits as long as it is told.
    public init(times: Int, pause: Duration, rest: @escaping @Sendable (Duration) -> Void) {
        (self.times, self.pause, self.rest) = (times, pause, rest)
    }

    public init(times: Int, pause: Duration) {
        self.init(times: times, pause: pause) { pause in _ = usleep(UInt32(pause / Duration.microseconds(1))) }
    }

    func wait() { rest(pause) }

    /// Runs `body`, and runs it again where it throws `ArchiveDamage` or misses a file that it had seen.
    public func run<Result: ~Copyable>(_ body: () throws -> Result) throws -> Result {
        var count = 0
        while true {
            do {
                return try body()
            } catch {
                let mayPass = error is ArchiveDamage || (error as? FileError)?.isNotThere == true
                guard mayPass, count < times else { throw error }
                count += 1
                wait()
            }
        }
    }
}
