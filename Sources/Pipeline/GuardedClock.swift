internal import Logging
internal import Synchronization

/// The wall clock, less its steps: one that is set to another time while the process runs is believed only when it has
/// kept to that for an hour. A step, whoever made it, must neither turn good events away nor end anybody's terms early. One a
/// process: what is made later would believe a step that was before it.
final class GuardedClock: Sendable {
    /// Microseconds by which the wall clock may leave its course at once.
    static let tolerance: Int64 = 60_000_000
    /// How long a new course is watched before it is taken; whoever looks away for a minute begins anew.
    static let confirmation = Duration.seconds(3600)
    static let attention = Duration.seconds(60)

    private struct Course {
        /// The wall clock at `start`, as it is believed.
        var base: Int64
        var lastLook: ContinuousClock.Instant
        var doubt: (base: Int64, since: ContinuousClock.Instant)?
    }

    private let host: any Runtime
    private let logger: Logger
    private let start: ContinuousClock.Instant
    private let course: Mutex<Course>

    init(_ host: any Runtime, _ logger: Logger) {
        (self.host, self.logger) = (host, logger)
        start = host.now
        course = Mutex(Course(base: host.wallClock, lastLook: start))
    }

    /// Microseconds since 1970.
    var time: Int64 {
        let (now, wall) = (host.now, host.wallClock)
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
