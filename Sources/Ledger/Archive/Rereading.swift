internal import Glibc

/// How often, and after which pause, bytes that look damaged are read again before the damage is reported: another
/// process may be writing them.
///
/// A write takes milliseconds, unless the disk is full.
public struct Rereading: Sendable {
    /// How often a position is read again.
    public let times: Int
    /// The wait before each time.
    public let pause: Duration
    private let rest: @Sendable (Duration) -> Void

    /// For archives that no other process writes: the first reading counts.
    public static let none = Rereading(times: 0, pause: .zero)
    /// For archives of a running member: ten times within a second.
    public static let besideMember = Rereading(times: 10, pause: .milliseconds(100))

    /// `rest` waits for the duration that it is given.
    public init(times: Int, pause: Duration, rest: @escaping @Sendable (Duration) -> Void) {
        (self.times, self.pause, self.rest) = (times, pause, rest)
    }

    public init(times: Int, pause: Duration) {
        self.init(times: times, pause: pause) { pause in _ = usleep(UInt32(pause / Duration.microseconds(1))) }
    }

    func wait() { rest(pause) }

    /// Runs `body`, and repeats it if it throws `ArchiveDamage` or if a file that it listed is missing.
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
