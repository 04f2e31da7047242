import Foundation
import Synchronization

/// An issuer's server of keys: it answers each connection with one answer and closes it.
final class KeyServer: Sendable {
    private let listening: Int32
    private let port: Int
    private let state: Mutex<(answer: String, count: Int)>

    var url: String { "http://127.0.0.1:\(port)/keys" }
    /// Requests so far.
    var count: Int { state.withLock { $0.count } }

    init(_ body: String) throws {
        listening = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listening
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                bind(descriptor, raw, length) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, raw, &length) == 0
            }
        }
        guard isBound else { throw POSIXError(.EADDRINUSE) }
        port = Int(UInt16(bigEndian: address.sin_port))
        state = Mutex((Self.answer(body), 0))
        Thread { [self] in serve() }.start()
    }

    func answer(_ body: String, status: String = "200 OK", more: String = "") {
        state.withLock { $0.answer = Self.answer(body, status: status, more: more) }
    }

    /// Later connections are refused.
    func stop() { shutdown(listening, Int32(SHUT_RDWR)) }

    private static func answer(_ body: String, status: String = "200 OK", more: String = "") -> String {
        "HTTP/1.1 \(status)\r\n\(more)Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
    }

    private func serve() {
        while true {
            let connection = accept(listening, nil, nil)
            guard connection >= 0 else { break }
            var head: [UInt8] = []
            while !head.suffix(4).elementsEqual(Array("\r\n\r\n".utf8)) {
                var byte: UInt8 = 0
                guard read(connection, &byte, 1) == 1 else { break }
                head.append(byte)
            }
            let answer = state.withLock { state -> String in
                state.count += 1
                return state.answer
            }
            var rest = Array(answer.utf8)[...]
            while !rest.isEmpty {
                let sent = rest.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                guard sent > 0 else { break }
                rest = rest.dropFirst(sent)
            }
            close(connection)
        }
        close(listening)
    }
}
