public import NIOCore

/// The bytes of server-sent events (WHATWG HTML, section 9.2): lines of `field: value`, an empty line after each event.
public struct ServerSentEvents: Sendable {
    public private(set) var bytes = ByteBuffer()

    public init() {}

    public var isEmpty: Bool { bytes.readableBytes == 0 }
    public var byteCount: Int { bytes.readableBytes }

    /// Returns what is written and begins anew. An idle stream has no memory for it.
    public mutating func take() -> ByteBuffer {
        defer { bytes = ByteBuffer() }
        return bytes
    }

    /// `id`: from where a reader that comes back after this event resumes; nil leaves the last one. It must have no line break, as `name`.
    /// Line breaks of `data` stay: a carriage return is one too, and arrives as a line feed.
    public mutating func event(_ name: StaticString, id: String? = nil, data: some Collection<UInt8>) {
        field("event", name)
        if let id { field("id", id) }
        var rest = data[...]
        while true {
            let end = rest.firstIndex { $0 == 0x0A || $0 == 0x0D }
            bytes.writeStaticString("data: ")
            bytes.writeBytes(rest[..<(end ?? rest.endIndex)])
            bytes.writeInteger(UInt8(0x0A))
            guard let end else { break }
            var next = rest.index(after: end)
            if rest[end] == 0x0D, next < rest.endIndex, rest[next] == 0x0A { next = rest.index(after: next) }
            rest = rest[next...]
        }
        bytes.writeInteger(UInt8(0x0A))
    }

    public mutating func event(_ name: StaticString, id: String? = nil, data: String) {
        event(name, id: id, data: data.utf8)
    }

    /// An event that readers do not see: it keeps the connection open, and moves where they go on.
    public mutating func beat(id: String?) {
        if let id { field("id", id) } else { bytes.writeStaticString(":\n") }
        bytes.writeInteger(UInt8(0x0A))
    }

    /// For how long a reader waits before it connects again.
    public mutating func retry(milliseconds: Int) {
        field("retry", "\(milliseconds)")
        bytes.writeInteger(UInt8(0x0A))
    }

    private mutating func field(_ name: StaticString, _ value: StaticString) {
        bytes.writeStaticString(name)
        bytes.writeStaticString(": ")
        bytes.writeStaticString(value)
        bytes.writeInteger(UInt8(0x0A))
    }

    private mutating func field(_ name: StaticString, _ value: String) {
        bytes.writeStaticString(name)
        bytes.writeStaticString(": ")
        bytes.writeString(value)
        bytes.writeInteger(UInt8(0x0A))
    }
}
