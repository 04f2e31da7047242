internal import CIntrinsics
public import Events

/// Fills frames for one ledger partition. Reused, it does not allocate.
public struct FrameBuilder: ~Copyable {
    private var writer = ByteWriter(capacity: 64 * 1024)
    private var dictionary = FrameDictionary()
    private var lastTime: Int64 = 0
    private var lastOffset: Int64 = 0
    /// The number of entries since the last frame.
    public private(set) var entries = 0

    public init() { reset() }

    public var isEmpty: Bool { entries == 0 }
    /// True when the frame should be finished before another entry is appended.
    public var isFull: Bool { writer.count >= Frame.maximumBytes || entries >= Frame.maximumEntries }
    /// Bytes so far, header included.
    public var byteCount: Int { writer.count }

    private mutating func reset() {
        writer.removeAll()
        writer.append(littleEndian: Frame.magic)
        writer.append(littleEndian: UInt32(Frame.version))
        for _ in 0..<3 { writer.append(littleEndian: UInt64(0)) }
        dictionary.removeAll()
        lastTime = 0
        lastOffset = 0
        entries = 0
    }

    public mutating func append(
        _ event: EventView, topic: UnsafeRawBufferPointer, partition: Int32, offset: Int64
    ) {
        append(.event, event.time)
        append(text: topic)
        writer.append(varint: UInt64(partition))
        writer.append(signed: offset &- lastOffset)
        lastOffset = offset
        append(event)
    }

    /// Appends an event that Standing writes itself.
    public mutating func append(system event: EventView) {
        append(.system, event.time)
        append(event)
    }

    public mutating func append(tick time: Timestamp) { append(.tick, time) }

    private mutating func append(_ kind: EntryKind, _ time: Timestamp) {
        entries += 1
        guard time != .distantPast else {
            writer.append(byte: kind.rawValue | 0x80)
            return
        }
        writer.append(byte: kind.rawValue)
        writer.append(signed: time.microseconds &- lastTime)
        lastTime = time.microseconds
    }

    private mutating func append(_ event: EventView) {
        append(text: event.source)
        append(text: event.type)
        append(bytes: event.subject)
        append(bytes: event.id)
        append(bytes: event.data)
    }

    @inline(__always) private mutating func append(bytes: UnsafeRawBufferPointer) {
        writer.append(varint: UInt64(bytes.count))
        writer.append(bytes)
    }

    private mutating func append(text: UnsafeRawBufferPointer) {
        if let number = dictionary.find(text, in: writer.bytes) {
            writer.append(varint: UInt64(number + 1))
            return
        }
        writer.append(byte: 0)
        writer.append(varint: UInt64(text.count))
        let start = writer.count
        writer.append(text)
        dictionary.add(text, at: start)
    }

    /// Completes the frame, passes its bytes to `body`, and starts the next frame.
    public mutating func finish<Result>(
        session: UInt64, number: UInt64, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        writer.overwrite(littleEndian: session, at: 8)
        writer.overwrite(littleEndian: number, at: 16)
        writer.overwrite(littleEndian: UInt32(entries), at: 24)
        writer.overwrite(littleEndian: Checksum.ofFrame(writer.bytes), at: 28)
        defer { reset() }
        return try body(writer.bytes)
    }
}

enum Checksum {
    /// CRC-32C of the header without its checksum field, continued over the payload.
    static func ofFrame(_ frame: UnsafeRawBufferPointer) -> UInt32 {
        let head = standing_crc32c(0, frame.baseAddress!, 28)
        return standing_crc32c(head, frame.baseAddress! + Frame.headerBytes, frame.count - Frame.headerBytes)
    }
}

/// The texts of a frame under construction, found by hash.
struct FrameDictionary: ~Copyable {
    private static let slots = 512
    private let index: UnsafeMutablePointer<Int16>
    private var texts: [(start: Int, count: Int, hash: UInt64)] = []

    init() {
        index = .allocate(capacity: Self.slots)
        index.initialize(repeating: -1, count: Self.slots)
        texts.reserveCapacity(Frame.dictionaryLimit)
    }

    deinit { index.deallocate() }

    mutating func removeAll() {
        guard !texts.isEmpty else { return }
        texts.removeAll(keepingCapacity: true)
        index.update(repeating: -1, count: Self.slots)
    }

    func find(_ text: UnsafeRawBufferPointer, in frame: UnsafeRawBufferPointer) -> Int? {
        let hash = text.fingerprint(seed: 2)
        var slot = Int(truncatingIfNeeded: hash) & (Self.slots - 1)
        while case let number = Int(index[slot]), number >= 0 {
            let known = texts[number]
            if known.hash == hash,
                UnsafeRawBufferPointer(rebasing: frame[known.start..<known.start + known.count]).equals(text)
            {
                return number
            }
            slot = (slot + 1) & (Self.slots - 1)
        }
        return nil
    }

    mutating func add(_ text: UnsafeRawBufferPointer, at start: Int) {
        guard texts.count < Frame.dictionaryLimit else { return }
        let hash = text.fingerprint(seed: 2)
        var slot = Int(truncatingIfNeeded: hash) & (Self.slots - 1)
        while index[slot] >= 0 { slot = (slot + 1) & (Self.slots - 1) }
        index[slot] = Int16(texts.count)
        texts.append((start, text.count, hash))
    }
}
