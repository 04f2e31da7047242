import Foundation
@testable import ServiceManager
import Synchronization
import Testing

/// What a service manager reads: a Unix datagram socket.
private final class ManagerSocket {
    private static let seconds = 20
    let path = FileManager.default.temporaryDirectory.appending(path: "notify-\(UUID().uuidString.prefix(8))").path
    private let descriptor: Int32

    /// `name`: of the abstract namespace, with `@`.
    init(name: String? = nil) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array((name ?? path).utf8)
        if name != nil { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let size = socklen_t(MemoryLayout.offset(of: \sockaddr_un.sun_path)! + bytes.count)
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
        }
        try #require(code == 0)
        var time = timeval(tv_sec: Self.seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit {
        close(descriptor)
        unlink(path)
    }

    /// The next datagram's lines; empty if no datagram comes in time.
    func read() -> [String] {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(separator: "\n").map(String.init)
    }
}

struct ServiceNotificationTests {
    @Test func aServiceStartsFeedsItsWatchdogAndStops() throws {
        let manager = try ManagerSocket()
        let isAtWork = Mutex(false)
        let environment = ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "400000", "WATCHDOG_PID": "\(getpid())"]
        let notification = try #require(
            ServiceNotification(environment: environment) {
                .init(isAtWork: isAtWork.withLock { $0 }, standstill: .zero, words: "waits")
            })
        #expect(manager.read() == ["EXTEND_TIMEOUT_USEC=60000000", "STATUS=waits"])
        isAtWork.withLock { $0 = true }
        #expect(manager.read() == ["READY=1", "WATCHDOG=1"])
        #expect(manager.read() == ["WATCHDOG=1"])
        notification.stop()
        notification.stop()
        var last = manager.read()
        while last == ["WATCHDOG=1"] { last = manager.read() }
        #expect(last == ["STOPPING=1", "STATUS=stopping"])
    }

    @Test func aSocketMayHaveNoFile() throws {
        let name = "@standing-\(UUID().uuidString)"
        let manager = try ManagerSocket(name: name)
        let notification = try #require(
            ServiceNotification(environment: ["NOTIFY_SOCKET": name]) {
                .init(isAtWork: true, standstill: .zero, words: "w")
            })
        #expect(manager.read() == ["READY=1", "STATUS=w"])
        notification.stop()
    }

    @Test func withoutAManagerNothingIsSent() {
        for socket in [nil, "", "relative", "@", "vsock:2:1234", "/" + String(repeating: "x", count: 200)] {
            let environment = socket.map { ["NOTIFY_SOCKET": $0] } ?? [:]
            let notification = ServiceNotification(environment: environment) {
                .init(isAtWork: true, standstill: .zero, words: "w")
            }
            #expect(notification == nil, "\(socket ?? "none")")
        }
    }

    @Test func anotherProcessIsWatchedInVain() {
        #expect(ServiceNotification.watchdog([:]) == nil)
        #expect(ServiceNotification.watchdog(["WATCHDOG_USEC": "0"]) == nil)
        #expect(ServiceNotification.watchdog(["WATCHDOG_USEC": "1000"]) == .milliseconds(1))
        #expect(ServiceNotification.watchdog(["WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"]) == nil)
    }
}
