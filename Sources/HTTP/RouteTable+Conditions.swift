internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

extension RouteTable {
    /// Adds what every answer has, and answers 304 without a body where the client has this very state.
    func finish(_ response: inout Response, _ route: Route, _ request: Request) {
        response.headers.addSecurity(isPersonal: route.requirement != .open)
        if route.requirement != .open, response.headers[.setCookie] == nil, let renewed = renewal(of: request) {
            response.headers[.setCookie] = renewed
        }
        guard request.method == .get || request.method == .head else {
            // The answer to an act is no state that the client could ask for again.
            response.headers[.eTag] = nil
            return
        }
        guard response.status == .ok, let tag = response.headers[.eTag],
            let known = request.headers[.ifNoneMatch], EntityTag.matches(tag, known)
        else { return }
        var fields = response.headers
        fields[.contentLength] = nil
        fields[.contentType] = nil
        response = Response(status: .notModified, headers: fields)
        response.headers[.contentLength] = nil
    }
}

extension HTTPFields {
    private static let noSniff = HTTPField(name: .contentTypeOptions, value: "nosniff")
    private static let noStore = HTTPField(name: .cacheControl, value: "no-store")

    /// `isPersonal`: nobody on the way may store the answer, unless the answer itself says otherwise.
    mutating func addSecurity(isPersonal: Bool) {
        if !contains(.contentTypeOptions) { append(Self.noSniff) }
        if isPersonal, !contains(.cacheControl) { append(Self.noStore) }
    }
}

/// A weak entity tag of a state of the ledger, made of what identifies the state, or of an answer's bytes.
public struct EntityTag {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    /// `W/"`, eleven digits of 6 bits, `"`.
    private static let bytes = 15

    private var hash: UInt64 = 0x9E37_79B9_7F4A_7C15

    public init() {}

    public mutating func add(_ part: Int64) {
        hash = Self.mixed(hash ^ Self.mixed(UInt64(bitPattern: part) &+ 0x9E37_79B9_7F4A_7C15))
    }

    public mutating func add(_ text: String) {
        for byte in text.utf8 { add(Int64(byte)) }
        add(Int64(text.utf8.count))
    }

    /// The bytes of an answer, eight at a time.
    mutating func add(_ bytes: ByteBufferView) {
        bytes.withUnsafeBytes { bytes in
            var offset = 0
            while offset + 8 <= bytes.count {
                add(bytes.loadUnaligned(fromByteOffset: offset, as: Int64.self))
                offset += 8
            }
            for byte in bytes[offset...] { add(Int64(byte)) }
            add(Int64(bytes.count))
        }
    }

    /// `W/"…"`, which Swift stores without an allocation.
    public var text: String {
        String(unsafeUninitializedCapacity: Self.bytes) { buffer in
            (buffer[0], buffer[1], buffer[2]) = (UInt8(ascii: "W"), UInt8(ascii: "/"), UInt8(ascii: "\""))
            var rest = hash
            for index in 3..<Self.bytes - 1 {
                buffer[index] = Self.digits[Int(rest & 63)]
                rest >>= 6
            }
            buffer[Self.bytes - 1] = UInt8(ascii: "\"")
            return Self.bytes
        }
    }

    /// SplitMix64's finalizer: a permutation.
    private static func mixed(_ value: UInt64) -> UInt64 {
        var value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// Whether `If-None-Match` names the tag (RFC 9110, 13.1.2: weakly compared).
    static func matches(_ tag: String, _ field: String) -> Bool {
        func opaque(_ text: some StringProtocol) -> String {
            String(text.hasPrefix("W/") ? text.dropFirst(2) : text[...])
        }
        return field.split(separator: ",").contains { item in
            let text = item.drop { $0 == " " }.prefix { $0 != " " }
            return text == "*" || opaque(text) == opaque(tag)
        }
    }
}
