internal import Glibc

/// Addresses that one caller can have: an IPv4 address alone, or the IPv6 addresses with the same first 64 bits.
enum AddressGroup {
    static func of(_ address: String) -> String {
        var bytes = in6_addr()
        guard address.contains(":"), inet_pton(AF_INET6, address, &bytes) == 1 else { return address }
        return withUnsafeBytes(of: &bytes) { raw in
            let isIPv4 = raw.prefix(10).allSatisfy { $0 == 0 } && raw[10] == 0xFF && raw[11] == 0xFF
            if isIPv4 { return raw.dropFirst(12).map(String.init).joined(separator: ".") }
            return raw.prefix(8).map { String($0, radix: 16) }.joined(separator: ":") + "/64"
        }
    }
}
