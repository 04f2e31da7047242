/// Reads a JSON document once, from beginning to end, without building it. Values that are not wanted are skipped.
struct StatisticsReader {
    /// The document is not JSON, or deeper than librdkafka's statistics are.
    struct Malformed: Error {}

    private static let maximumDepth = 12

    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Calls `body` with the name of each member. A value that `body` does not read is skipped. A value of another
    /// kind is skipped too.
    mutating func object(_ body: (inout Self, _ name: String) throws -> Void) throws {
        guard try next() == UInt8(ascii: "{") else { return try skip() }
        try open()
        if try next() == UInt8(ascii: "}") { return close() }
        while true {
            let name = try string()
            try take(UInt8(ascii: ":"))
            _ = try next()
            let value = position
            try body(&self, name)
            if position == value { try skip() }
            guard try hasMore(until: UInt8(ascii: "}")) else { return }
        }
    }

    /// A number; 0 for any other value.
    mutating func number() throws -> Double {
        let start = position
        try skip()
        return Double(String(decoding: bytes[start..<position], as: UTF8.self)) ?? 0
    }

    /// A text; empty for any other value. Escapes stay as they are, because no name of librdkafka's has any.
    mutating func text() throws -> String {
        guard try next() == UInt8(ascii: "\"") else {
            try skip()
            return ""
        }
        return try string()
    }

    /// True if nothing but white space is left.
    var isAtEnd: Bool { bytes[position...].allSatisfy(Self.isSpace) }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    /// The byte at which the next value or mark begins.
    private mutating func next() throws -> UInt8 {
        while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
        guard position < bytes.count else { throw Malformed() }
        return bytes[position]
    }

    private mutating func take(_ mark: UInt8) throws {
        guard try next() == mark else { throw Malformed() }
        position += 1
    }

    private mutating func open() throws {
        position += 1
        depth += 1
        guard depth <= Self.maximumDepth else { throw Malformed() }
    }

    private mutating func close() {
        position += 1
        depth -= 1
    }

    /// Called after a value in an object or array that ends with `end`.
    private mutating func hasMore(until end: UInt8) throws -> Bool {
        guard try next() != end else {
            close()
            return false
        }
        try take(UInt8(ascii: ","))
        return true
    }

    private mutating func string() throws -> String {
        try take(UInt8(ascii: "\""))
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard position < bytes.count else { throw Malformed() }
        defer { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func skip() throws {
        switch try next() {
        case UInt8(ascii: "{"): try object { _, _ in }
        case UInt8(ascii: "["):
            try open()
            if try next() == UInt8(ascii: "]") { return close() }
            repeat { try skip() } while try hasMore(until: UInt8(ascii: "]"))
        case UInt8(ascii: "\""): _ = try string()
        default:
            let start = position
            while position < bytes.count, !Self.isSpace(bytes[position]), !Self.ends.contains(bytes[position]) {
                position += 1
            }
            guard position > start else { throw Malformed() }
        }
    }

    /// The bytes that end a number, `true`, `false` or `null`.
    private static let ends = Array(",:]}\"".utf8)
}
