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
