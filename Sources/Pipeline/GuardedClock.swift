internal import Logging
internal import Synchronization

/// The wall clock without steps. After a step, the new time is accepted only if the clock follows it for an hour. A
/// step must neither turn good events away nor end terms early. There is one per process, because a later one would
/// accept an earlier step.
final class GuardedClock: Sendable {
    /// Microseconds by which the wall clock may jump.
    static let tolerance: Int64 = 60_000_000
    /// The time for which a new course must be observed before it is accepted. A gap of a minute between observations
    /// restarts it.
    static let confirmation = Duration.seconds(3600)
    static let attention = Duration.seconds(60)

    private struct Course {
        /// The accepted wall clock at `start`.
        var base: Int64
        var lastLook: ContinuousClock.Instant
        var doubt: (base: Int64, since: ContinuousClock.Instant)?
    }

    private let runtime: any Runtime
    private let logger: Logger
    private let start: ContinuousClock.Instant
    private let course: Mutex<Course>

    init(_ runtime: any Runtime, _ logger: Logger) {
        (self.runtime, self.logger) = (runtime, logger)
        start = runtime.now
        course = Mutex(Course(base: runtime.wallClock, lastLook: start))
    }

    /// Microseconds since 1970.
    var time: Int64 {
        let (now, wall) = (runtime.now, runtime.wallClock)
        let elapsed = Self.microseconds(now - start)
        return course.withLock { course in
            if now - course.lastLook > Self.attention { course.doubt?.since = now }
            course.lastLook = now
            follow(wall - elapsed, at: now, &course)
            return course.base + elapsed
        }
    }

    private func follow(_ base: Int64, at now: ContinuousClock.Instant, _ course: inout Course) {
        if (base - course.base).magnitude <= UInt64(Self.tolerance) {
            (course.base, course.doubt) = (base, nil)
        } else if let doubt = course.doubt, (base - doubt.base).magnitude <= UInt64(Self.tolerance) {
            guard now - doubt.since >= Self.confirmation else { return }
            logger.warning("the wall clock's new course is taken", metadata: Self.metadata(base - course.base))
            (course.base, course.doubt) = (base, nil)
        } else {
            logger.error(
                "the wall clock was set to another time; for an hour the old course holds, unless this process is restarted",
                metadata: Self.metadata(base - course.base))
            course.doubt = (base, now)
        }
    }

    private static func metadata(_ microseconds: Int64) -> Logger.Metadata {
        ["seconds": "\(microseconds / 1_000_000)"]
    }

    private static func microseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
