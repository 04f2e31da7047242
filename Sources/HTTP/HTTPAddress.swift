internal import Foundation

/// The address at which an HTTP server listens or is reached.
public struct HTTPAddress: Hashable, Sendable, CustomStringConvertible {
    /// Who can connect to an address.
    public enum Reach: Sendable {
        /// Only this machine.
        case loopback
        /// `0.0.0.0` or `::`: a server listens on every address of the machine. Nobody can connect to this address
        /// itself.
        case everyAddress
        case network
    }

    /// No server can listen at the address. The description is one sentence that includes the remedy.
    public struct Unusable: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// A name or an address; an IPv6 address without brackets.
    public var host: String
    /// For a server that will listen, 0 is any free port.
    public var port: Int

    public init(host: String, port: Int) { (self.host, self.port) = (host, port) }

    private static let maximumPortDigits = 5
    private static let maximumNameBytes = 253

    /// `HOST:PORT`, with an IPv6 address in brackets. Nil if the text is anything else: the host has letters, digits,
    /// `-`, `.` and `_`, or is an address, and the port is 1 to 65535.
    public init?(_ text: String) {
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { return nil }
        let (host, digits) = (text[..<colon], text[text.index(after: colon)...])
        guard digits.utf8.allSatisfy(Self.isDigit), digits.utf8.count <= Self.maximumPortDigits,
            let port = Int(digits), (1...65535).contains(port)
        else { return nil }
        if host.hasPrefix("["), host.hasSuffix("]") {
            let address = String(host.dropFirst().dropLast())
            guard address.utf8.contains(UInt8(ascii: ":")), !address.utf8.contains(UInt8(ascii: "%")),
                (try? resolve(address, 0, isNumeric: true)) != nil
            else { return nil }
            self.init(host: address, port: port)
        } else {
            guard (1...Self.maximumNameBytes).contains(host.utf8.count), host.utf8.allSatisfy(Self.isInName) else {
                return nil
            }
            self.init(host: String(host), port: port)
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isInName(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            || [UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_")].contains(byte)
    }

    /// `HOST:PORT`, with an IPv6 address in brackets.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// The URL at which this machine reaches a server that listens here.
    public var ownURL: String { ownURL(isTLS: false) }

    /// The URL at which this machine reaches a server that listens here, with TLS or without.
    public func ownURL(isTLS: Bool) -> String {
        let everyAddress = host.contains(":") ? "::1" : "127.0.0.1"
        let scheme = isTLS ? "https" : "http"
        return
            "\(scheme)://\(HTTPAddress(host: Self.reach(of: host) == .everyAddress ? everyAddress : host, port: port))"
    }

    /// The reach by the host's text alone, without a look-up.
    public static func reach(of host: String) -> Reach {
        if let address = try? resolve(host, 0, isNumeric: true) { return address.reach }
        let name = host.lowercased()
        return name == "localhost" || name.hasSuffix(".localhost") ? .loopback : .network
    }

    /// Whether it is no numeric address.
    static func isName(_ host: String) -> Bool { (try? resolve(host, 0, isNumeric: true)) == nil }

    /// Finds out whether a server can listen here, and who can reach it. It looks the host up, so it may block.
    public func checkFree() throws(Unusable) -> Reach {
        let address: Resolved
        do throws(Unresolved) {
            address = try resolve(host, port, isNumeric: false)
        } catch {
            let hint = "the host is not known (\(error.reason)); give --http-host an address of this machine"
            throw Unusable(description: "HTTP on \(self): \(hint)")
        }
        guard let code = address.bindError() else { return address.reach }
        let hint =
            switch code {
            case EADDRINUSE: "another process listens there; give another --http-port, or 0 for any free one"
            case EACCES: "this user may not listen there; give an --http-port from 1024 on"
            case EADDRNOTAVAIL: "this machine does not have the address; give --http-host one that it has"
            default: "\(String(cString: strerror(code))); give another --http-host or --http-port"
            }
        throw Unusable(description: "HTTP on \(self): \(hint)")
    }
}

private struct Unresolved: Error {
    let reason: String
}

/// A socket address from `getaddrinfo`.
private struct Resolved {
    let family: Int32
    let bytes: [UInt8]

    var reach: HTTPAddress.Reach {
        switch family {
        case AF_INET: Self.reach(of: ip(MemoryLayout<sockaddr_in>.offset(of: \.sin_addr), 4))
        case AF_INET6: Self.reach(of: ip(MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr), 16))
        default: .network
        }
    }

    private func ip(_ offset: Int?, _ count: Int) -> ArraySlice<UInt8> {
        bytes.dropFirst(offset ?? 0).prefix(count)
    }

    /// `address` has 4 or 16 bytes. An IPv4 address in IPv6 is ten zeros, two times 255, and the address.
    private static func reach(of address: ArraySlice<UInt8>) -> HTTPAddress.Reach {
        if address.allSatisfy({ $0 == 0 }) { return .everyAddress }
        if address.count == 4 { return address.first == 127 ? .loopback : .network }
        if address.prefix(12).elementsEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255]) {
            return reach(of: address.suffix(4))
        }
        return address.dropLast().allSatisfy { $0 == 0 } && address.last == 1 ? .loopback : .network
    }

    /// The error of `bind`, called as the server will call it; nil if the address is free.
    func bindError() -> Int32? {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        let result = bytes.withUnsafeBytes { buffer in
            bind(descriptor, buffer.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(buffer.count))
        }
        return result == 0 ? nil : errno
    }
}

/// The first address of a host. `isNumeric`: the host is an address, not a name.
private func resolve(_ host: String, _ port: Int, isNumeric: Bool) throws(Unresolved) -> Resolved {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = isNumeric ? AI_NUMERICHOST : 0
    var found: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host, String(port), &hints, &found)
    defer { if let found { freeaddrinfo(found) } }
    guard status == 0, let first = found?.pointee, let address = first.ai_addr else {
        throw Unresolved(reason: String(cString: gai_strerror(status)))
    }
    return Resolved(
        family: first.ai_family, bytes: Array(UnsafeRawBufferPointer(start: address, count: Int(first.ai_addrlen))))
}
