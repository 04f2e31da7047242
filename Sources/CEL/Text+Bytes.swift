extension Text {
    @inline(__always)
    static func == (a: Text, b: Text) -> Bool { a.bytes.equals(b.bytes) }

    /// Compares bytes. In UTF-8 that is the order of code points.
    static func order(_ a: Text, _ b: Text) -> Order { order(a.bytes, b.bytes) }

    static func order(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Order {
        let count = min(a.count, b.count)
        let same = a.commonPrefix(b, count)
        return same < count ? Order(a[same], b[same]) : Order(a.count, b.count)
    }

    static func + (a: Text, b: Text) -> Text {
        if a.bytes.isEmpty { return b }
        if b.bytes.isEmpty { return a }
        let storage = Storage(count: a.bytes.count + b.bytes.count)
        storage.bytes.copyMemory(from: a.bytes)
        UnsafeMutableRawBufferPointer(rebasing: storage.bytes[a.bytes.count...]).copyMemory(from: b.bytes)
        return Text(storage)
    }

    func starts(with prefix: Text) -> Bool {
        bytes.count >= prefix.bytes.count
            && UnsafeRawBufferPointer(rebasing: bytes[..<prefix.bytes.count]).equals(prefix.bytes)
    }

    func ends(with suffix: Text) -> Bool {
        bytes.count >= suffix.bytes.count
            && UnsafeRawBufferPointer(rebasing: bytes[(bytes.count - suffix.bytes.count)...]).equals(suffix.bytes)
    }

    /// Knuth, Morris and Pratt: linear for all inputs. Allocates only if the first byte occurs.
    func contains(_ part: Text) -> Bool {
        let needle = part.bytes
        guard let first = needle.first else { return true }
        guard needle.count <= bytes.count, let start = bytes.firstIndex(of: first) else { return false }
        if needle.count == 1 { return true }
        // fallback[i]: the length of the longest proper prefix of needle[...i] that is also its suffix.
        var fallback = [Int32](repeating: 0, count: needle.count)
        var length = 0
        for index in 1..<needle.count {
            while length > 0, needle[index] != needle[length] { length = Int(fallback[length - 1]) }
            if needle[index] == needle[length] { length += 1 }
            fallback[index] = Int32(length)
        }
        length = 0
        for index in start..<bytes.count {
            while length > 0, bytes[index] != needle[length] { length = Int(fallback[length - 1]) }
            if bytes[index] == needle[length] { length += 1 }
            if length == needle.count { return true }
        }
        return false
    }

    /// The number of Unicode scalars in UTF-8.
    var scalarCount: Int {
        var count = 0
        for byte in bytes where byte & 0xC0 != 0x80 { count += 1 }
        return count
    }

    var isUTF8: Bool { Self.isUTF8(bytes) }

    /// Whether bytes are well-formed UTF-8, as Unicode defines it.
    public static func isUTF8(_ text: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index < text.count {
            while index &+ 8 <= text.count,
                text.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
            {
                index &+= 8
            }
            guard index < text.count else { break }
            let (code, count) = RegularExpression.decode(text, at: index)
            guard code != 0xFFFD || count > 1 else { return false }
            index += count
        }
        return true
    }

    /// The text as a string. Invalid UTF-8 becomes U+FFFD.
    public var string: String { String(decoding: bytes, as: UTF8.self) }
}

extension UnsafeRawBufferPointer {
    @inline(__always)
    func equals(_ other: UnsafeRawBufferPointer) -> Bool {
        count == other.count && commonPrefix(other, count) == count
    }

    /// The length of the common prefix of the first `count` bytes, which both must have.
    @inline(__always)
    func commonPrefix(_ other: UnsafeRawBufferPointer, _ count: Int) -> Int {
        guard count > 0, let a = baseAddress, let b = other.baseAddress else { return 0 }
        var at = 0
        while at &+ 8 <= count,
            a.loadUnaligned(fromByteOffset: at, as: UInt64.self) == b.loadUnaligned(fromByteOffset: at, as: UInt64.self)
        {
            at &+= 8
        }
        while at < count, a.load(fromByteOffset: at, as: UInt8.self) == b.load(fromByteOffset: at, as: UInt8.self) {
            at &+= 1
        }
        return at
    }
}
