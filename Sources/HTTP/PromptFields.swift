internal import NIOHTTP1

/// The fields of a request that decide whether it is answered at once, found in one pass without an allocation.
struct PromptFields {
    private(set) var host: String?
    private(set) var authorization: String?
    private(set) var cookie: String?
    /// False if a field is there that the router must see: one of a body, whose end may take long; a condition; another member's or a
    /// proxy's; one that is there twice.
    private(set) var isPlain = true

    init() {}

    init(_ headers: HTTPHeaders) {
        for (name, value) in headers {
            switch name.utf8.count {
            case 4 where Self.isSame(name, "host"): (isPlain, host) = (isPlain && host == nil, value)
            case 6 where Self.isSame(name, "cookie"): (isPlain, cookie) = (isPlain && cookie == nil, value)
            case 9 where Self.isSame(name, "forwarded"), 9 where Self.isSame(name, "x-real-ip"): isPlain = false
            case 13 where Self.isSame(name, "authorization"):
                (isPlain, authorization) = (isPlain && authorization == nil, value)
            case 13 where Self.isSame(name, "if-none-match"): isPlain = false
            case 14 where Self.isSame(name, "content-length"): isPlain = false
            case 15 where Self.isSame(name, "x-forwarded-for"), 15 where Self.isSame(name, "standing-caller"):
                isPlain = false
            case 17 where Self.isSame(name, "transfer-encoding"): isPlain = false
            default: break
            }
        }
    }

    /// `lowerCase` has as many bytes as `name`.
    private static func isSame(_ name: String, _ lowerCase: StaticString) -> Bool {
        var index = 0
        for byte in name.utf8 {
            let isUpper = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            guard (isUpper ? byte | 0x20 : byte) == lowerCase.utf8Start[index] else { return false }
            index += 1
        }
        return true
    }
}
