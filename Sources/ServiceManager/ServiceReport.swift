/// What a service manager is told of a process, in the order in which it may be told: lines NAME=VALUE, as in sd_notify(3). A
/// value, so that what could not be sent is told again.
public struct ServiceReport: Sendable {
    /// How a process is.
    public struct Health: Sendable {
        /// Its groups are polled.
        public var isAtWork: Bool
        /// For how long the part of it that stands still for longest does so.
        public var standstill: Duration
        /// What `/readyz` says.
        public var words: String

        public init(isAtWork: Bool, standstill: Duration, words: String) {
            (self.isAtWork, self.standstill, self.words) = (isAtWork, standstill, words)
        }
    }

    /// A start that goes on may take so much longer. The manager counts from the last time that it is told so.
    static let patience = Duration.seconds(60)
    /// Between two reports where no watchdog asks for more.
    static let interval = Duration.seconds(5)
    /// Of a start, whose end somebody waits for.
    static let startInterval = Duration.milliseconds(200)
    /// Bytes of the text that `systemctl status` shows.
    private static let maximumWords = 500

    /// The service manager ends the process if it has not been told for so long that it is alive; nil if it does not.
    let watchdog: Duration?
    private(set) var isReady = false
    private var words: String?
    private var lastExtension: ContinuousClock.Instant?

    init(watchdog: Duration?) { self.watchdog = watchdog }

    /// Until the next report.
    var pause: Duration {
        guard isReady else { return Self.startInterval }
        return watchdog.map { min($0 / 4, Self.interval) } ?? Self.interval
    }

    /// What is to be sent now, nil if there is nothing. Who stands still for half of the watchdog's time is not alive: it is not told
    /// of until it goes on.
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
