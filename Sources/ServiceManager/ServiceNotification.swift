internal import Foundation
internal import Synchronization

/// Reports the state of this process to the service manager that started it: systemd's `Type=notify`, and its
/// watchdog. The protocol is sd_notify(3): datagrams to the socket that `NOTIFY_SOCKET` names. A thread of its own
/// sends the reports until it is stopped.
public final class ServiceNotification: Sendable {
    private let socket: NotifySocket
    private let condition = NSCondition()
    private let isStopped = Mutex(false)

    /// Nil if no service manager asks for reports.
    public init?(environment: [String: String], health: @escaping @Sendable () -> ServiceReport.Health) {
        guard let socket = environment["NOTIFY_SOCKET"].flatMap({ NotifySocket($0) }) else { return nil }
        self.socket = socket
        let thread = Thread { [self] in report(Self.watchdog(environment), health) }
        thread.name = "notify"
        thread.start()
    }

    /// Reports that the process is stopping. Its threads end from now on, and the manager must not take that for a
    /// hang.
    public func stop() {
        let isFirst = isStopped.withLock { isStopped in
            defer { isStopped = true }
            return !isStopped
        }
        guard isFirst else { return }
        condition.withLock { condition.broadcast() }
        socket.send("STOPPING=1\nSTATUS=stopping")
    }

    /// Nil if the manager does not watch this process.
    static func watchdog(_ environment: [String: String]) -> Duration? {
        guard let time = environment["WATCHDOG_USEC"].flatMap({ Int64($0) }), time > 0 else { return nil }
        let process = environment["WATCHDOG_PID"]
        return process == nil || process == "\(getpid())" ? .microseconds(time) : nil
    }

    private func report(_ watchdog: Duration?, _ health: @Sendable () -> ServiceReport.Health) {
        var report = ServiceReport(watchdog: watchdog)
        while !isStopped.withLock({ $0 }) {
            var next = report
            if let text = next.next(health(), at: .now) {
                // A report that was not sent is sent again.
                if socket.send(text) { report = next }
            }
            let pause = Double(next.pause / .milliseconds(1)) / 1000
            condition.withLock {
                if !isStopped.withLock({ $0 }) { _ = condition.wait(until: Date(timeIntervalSinceNow: pause)) }
            }
        }
    }
}

/// A Unix datagram socket by its path. A path that begins with `@` is not in the file system.
private final class NotifySocket: Sendable {
    /// A report that the manager does not accept within this time, in seconds, is lost.
    private static let sendSeconds = 5

    private let descriptor: Int32
    private let path: [UInt8]

    /// Nil if the text is not a path, or if it is too long for a socket.
    init?(_ path: String) {
        let room = MemoryLayout.size(ofValue: sockaddr_un().sun_path)
        var bytes = Array(path.utf8)
        guard path.hasPrefix("/") || path.hasPrefix("@"), bytes.count > 1, bytes.count < room else { return nil }
        if path.hasPrefix("@") { bytes[0] = 0 }
        descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        self.path = bytes
        var time = timeval(tv_sec: Self.sendSeconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// Returns false if the text was not sent.
    @discardableResult func send(_ text: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let size = socklen_t(MemoryLayout.offset(of: \sockaddr_un.sun_path)! + path.count)
        let bytes = Array(text.utf8)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, size) == bytes.count
            }
        }
    }
}
