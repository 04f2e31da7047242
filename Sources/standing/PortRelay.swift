import Foundation
import Synchronization

/// Listens on a port of 127.0.0.1 and passes every connection on to another port of this machine, byte for byte.
///
/// The embedded broker chooses its own ports. Clients that bootstrap here learn its address from the first answer.
final class PortRelay: Sendable {
    struct Unusable: Error, CustomStringConvertible {
        let description: String
    }

    /// The number of connections at a time. Further ones are closed at once.
    private static let maximumConnections = 256
    private static let bufferBytes = 64 * 1024
    private static let backlog: Int32 = 64

    private let listener: Int32
    private let target: UInt16
    private let connections = Atomic(0)

    /// Throws `Unusable` if the port is not available.
    init(port: UInt16, to target: UInt16) throws {
        self.target = target
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard listener >= 0, Self.with(port, { bind(listener, $0, $1) }) == 0, listen(listener, Self.backlog) == 0
        else {
            let reason = String(cString: strerror(errno))
            close(listener)
            throw Unusable(description: "127.0.0.1:\(port): \(reason); give another --port, or none for any free one")
        }
        let thread = Thread { [self] in accept() }
        thread.start()
    }

    private static func with(
        _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0 else {
                // There are too many open files, or the client has gone. The next connection may succeed.
                usleep(10_000)
                continue
            }
            let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            guard connections.load(ordering: .relaxed) < Self.maximumConnections, server >= 0,
                Self.with(target, { connect(server, $0, $1) }) == 0
            else {
                close(client)
                close(server)
                continue
            }
            connections.add(1, ordering: .relaxed)
            let thread = Thread { [self] in
                relay(client, server)
                close(client)
                close(server)
                connections.subtract(1, ordering: .relaxed)
            }
            thread.start()
        }
    }

    /// Returns after either side has closed.
    private func relay(_ client: Int32, _ server: Int32) {
        var buffer = [UInt8](repeating: 0, count: Self.bufferBytes)
        while true {
            var sides = [
                pollfd(fd: client, events: Int16(POLLIN), revents: 0),
                pollfd(fd: server, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&sides, 2, -1) > 0 || errno == EINTR else { return }
            for (from, to) in [(0, server), (1, client)] where sides[from].revents != 0 {
                let count = read(sides[from].fd, &buffer, buffer.count)
                guard count > 0, write(buffer, count, to: to) else { return }
            }
        }
    }

    private func write(_ buffer: [UInt8], _ count: Int, to descriptor: Int32) -> Bool {
        buffer.withUnsafeBytes { bytes in
            var sent = 0
            while sent < count {
                let written = send(descriptor, bytes.baseAddress! + sent, count - sent, Int32(MSG_NOSIGNAL))
                guard written > 0 else { return false }
                sent += written
            }
            return true
        }
    }
}
