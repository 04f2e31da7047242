/// One decoded event, borrowed. Its bytes belong to the decoder, the frame or the reader, and are valid as long as
/// that is.
public struct EventView {
    /// `id`, `source`, `type` and `subject` are UTF-8, without quotes and escapes.
    public var id: UnsafeRawBufferPointer
    public var source: UnsafeRawBufferPointer
    public var type: UnsafeRawBufferPointer
    /// Empty only for the control events that concern everyone.
    public var subject: UnsafeRawBufferPointer
    public var time: Timestamp
    /// The text of the JSON object; empty if there is no data.
    public var data: UnsafeRawBufferPointer

    @inlinable public init(
        id: UnsafeRawBufferPointer, source: UnsafeRawBufferPointer, type: UnsafeRawBufferPointer,
        subject: UnsafeRawBufferPointer, time: Timestamp, data: UnsafeRawBufferPointer
    ) {
        self.id = id
        self.source = source
        self.type = type
        self.subject = subject
        self.time = time
        self.data = data
    }

    /// An event without texts, to decode into.
    public static var empty: EventView {
        EventView(
            id: .init(start: nil, count: 0), source: .init(start: nil, count: 0), type: .init(start: nil, count: 0),
            subject: .init(start: nil, count: 0), time: .distantPast, data: .init(start: nil, count: 0))
    }
}

extension UnsafeRawBufferPointer {
    @inlinable public func equals(_ other: UnsafeRawBufferPointer) -> Bool {
        count == other.count && (count == 0 || compareBytes(other) == 0)
    }

    @inlinable public func equals(_ text: StaticString) -> Bool {
        equals(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inlinable public func starts(with text: StaticString) -> Bool {
        count >= text.utf8CodeUnitCount
            && UnsafeRawBufferPointer(rebasing: self[..<text.utf8CodeUnitCount]).equals(text)
    }

    /// Compares by bytes. A prefix comes before the longer text.
    public func precedes(_ other: UnsafeRawBufferPointer) -> Bool {
        let shared = Swift.min(count, other.count)
        for index in 0..<shared where self[index] != other[index] { return self[index] < other[index] }
        return count < other.count
    }

    /// 0 if both have the same bytes. `other` must be of the same length, which is at least one.
    @usableFromInline func compareBytes(_ other: UnsafeRawBufferPointer) -> Int {
        var index = 0
        while index &+ 8 < count {
            if word(at: index) != other.word(at: index) { return 1 }
            index &+= 8
        }
        return lastWord == other.lastWord ? 0 : 1
    }

    @inline(__always) private func word(at offset: Int) -> UInt64 {
        loadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian
    }

    /// The last eight bytes, or all bytes if there are fewer. Two different texts of the same length below eight
    /// bytes have different words.
    @inline(__always) private var lastWord: UInt64 {
        if count >= 8 { return word(at: count &- 8) }
        if count >= 4 {
            let head = UInt64(loadUnaligned(as: UInt32.self).littleEndian)
            return head | UInt64(loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self).littleEndian) &<< 32
        }
        if count == 0 { return 0 }
        return UInt64(self[0]) | UInt64(self[count &>> 1]) &<< 8 | UInt64(self[count &- 1]) &<< 16
    }

    /// A 64-bit hash that is the same in every process and on every machine (multiply and fold, after wyhash).
    public func fingerprint(seed: UInt64) -> UInt64 { keyedFingerprint(seed, .none) }

    /// One that only who knows the key can foresee. The key is in every multiplication.
    public func fingerprint(seed: UInt64, key: FingerprintKey) -> UInt64 { keyedFingerprint(seed, key) }

    @inline(__always) private func keyedFingerprint(_ seed: UInt64, _ key: FingerprintKey) -> UInt64 {
        let (a, b, c, d) = key.words
        var state = seed ^ 0x9E37_79B9_7F4A_7C15 ^ a
        var index = 0
        while index &+ 8 < count {
            state = Self.fold(word(at: index) ^ 0xA076_1D64_78BD_642F ^ b, state ^ 0xE703_7ED1_A0B4_28DB ^ c)
            index &+= 8
        }
        state = Self.fold(lastWord ^ 0x8EBC_6AF0_9C88_C6E3 ^ d, state ^ 0x5899_65CC_7537_4CC3 ^ c)
        return Self.fold(state ^ UInt64(truncatingIfNeeded: count), 0xA076_1D64_78BD_642F ^ b)
    }

    @inline(__always) private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (high, low) = a.multipliedFullWidth(by: b)
        return high ^ low
    }
}
