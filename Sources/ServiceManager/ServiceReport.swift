/// The reports about a process to its service manager, in an allowed order: lines NAME=VALUE, as in sd_notify(3). It
/// is a value, so that a report that could not be sent is made again.
public struct ServiceReport: Sendable {
    /// The state of a process.
    public struct Health: Sendable {
        /// True if its groups are polled.
        public var isAtWork: Bool
        /// How long the slowest part of the process has made no progress.
        public var standstill: Duration
        /// The answer of `/readyz`, in one line.
        public var words: String

        public init(isAtWork: Bool, standstill: Duration, words: String) {
            (self.isAtWork, self.standstill, self.words) = (isAtWork, standstill, words)
        }
    }

    /// The time that a start in progress may still take. The manager counts from the last report.
    static let patience = Duration.seconds(60)
    /// The time between two reports, unless the watchdog needs more.
    static let interval = Duration.seconds(5)
    /// The time between two reports during a start, because somebody waits for its end.
    static let startInterval = Duration.milliseconds(200)
    /// The maximum length of the text that `systemctl status` shows, in bytes.
    private static let maximumWords = 500

    /// The service manager ends the process after this time without a sign of life; nil if it does not.
    let watchdog: Duration?
    private(set) var isReady = false
    private var words: String?
    private var lastExtension: ContinuousClock.Instant?

    init(watchdog: Duration?) { self.watchdog = watchdog }

    /// The time until the next report.
    var pause: Duration {
        guard isReady else { return Self.startInterval }
        return watchdog.map { min($0 / 4, Self.interval) } ?? Self.interval
    }

    /// The next report; nil if there is nothing to report. A process without progress for half of the watchdog's time
    /// is not alive. It sends no sign of life until it makes progress again.
    mutating func next(_ health: Health, at now: ContinuousClock.Instant) -> String? {
        var lines: [String] = []
        let isAlive = health.standstill < (watchdog ?? Self.patience) / 2
        if health.isAtWork, !isReady {
            isReady = true
            lines.append("READY=1")
        }
        if isReady {
            if isAlive, watchdog != nil { lines.append("WATCHDOG=1") }
        } else if isAlive, lastExtension.map({ now - $0 > Self.patience / 4 }) ?? true {
            lastExtension = now
            lines.append("EXTEND_TIMEOUT_USEC=\(Int64(Self.patience / .microseconds(1)))")
        }
        let line = health.words.split(whereSeparator: \.isNewline).joined(separator: " ")
        if line != words {
            words = line
            lines.append("STATUS=\(String(decoding: line.utf8.prefix(Self.maximumWords), as: UTF8.self))")
        }
        return lines.isEmpty ? nil : lines.joined(separator: "\n")
    }
}
