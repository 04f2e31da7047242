import Foundation
import Testing

/// Sockets of 127.0.0.1. Addresses are bytes here: an optimized build of the whole module takes the members of `sockaddr_in` for
/// another module's, which is NIO's own.
enum LoopbackSocket {
    /// A descriptor that is connected to the port.
    static func connected(to port: Int) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let result = withAddress(port) { connect(descriptor, $0, $1) }
        try #require(descriptor >= 0 && result == 0)
        return descriptor
    }

    /// Sends a text, and returns all that comes until the server closes the connection. `isAll`: the server learns that nothing
    /// more is sent.
    static func exchange(_ text: String, isAll: Bool = false, _ port: Int) async throws -> String {
        let client = try connected(to: port)
        defer { close(client) }
        _ = text.withCString { send(client, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
        if isAll { shutdown(client, Int32(SHUT_WR)) }
        // The server answers in the threads of the executor, so none of them may wait for it.
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: received(client)) }
        }
    }

    /// All until the end, or until an error.
    private static func received(_ client: Int32) -> String {
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(client, &buffer, buffer.count, 0)
            guard count > 0 else { return String(decoding: received, as: UTF8.self) }
            received += buffer[..<count]
        }
    }

    /// Whether the other end has not closed the connection yet.
    static func isOpen(_ client: Int32) -> Bool {
        var byte: UInt8 = 0
        return recv(client, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) != 0
    }

    /// A descriptor that listens on a free port.
    static func listening() throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let result = withAddress(0) { bind(descriptor, $0, $1) + listen(descriptor, 1) }
        var (address, length) = ([UInt8](repeating: 0, count: 16), socklen_t(16))
        let named = address.withUnsafeMutableBytes {
            getsockname(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), &length)
        }
        try #require(descriptor >= 0 && result == 0 && named == 0)
        return (descriptor, Int(address[2]) << 8 | Int(address[3]))
    }

    /// Family, port and address, as `sockaddr_in` has them on a little-endian machine.
    private static func withAddress<Result>(
        _ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        let bytes =
            [UInt8(AF_INET), 0, UInt8(port >> 8), UInt8(port & 255), 127, 0, 0, 1]
            + [UInt8](repeating: 0, count: 8)
        return bytes.withUnsafeBytes {
            body($0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
    }
}
