internal import Events

/// Reads a frame's entries in order. They borrow from the frame's bytes. Reused through `open`, it does not allocate.
public struct FrameReader {
    /// The frame's appender session.
    public private(set) var session: UInt64 = 0
    /// The frame's number in its session, from 0.
    public private(set) var number: UInt64 = 0
    public private(set) var entryCount = 0
    /// The frame's dictionary as far as it has been read; at most 255 texts.
    public private(set) var texts: [UnsafeRawBufferPointer] = []

    private var frame = UnsafeRawBufferPointer(start: nil, count: 0)
    private var position = 0
    private var read = 0
    private var lastTime: Int64 = 0
    private var lastOffset: Int64 = 0

    public init() { texts.reserveCapacity(Frame.dictionaryLimit) }

    /// Checks the header and the checksum. The frame must stay valid while it is read.
    public mutating func open(_ frame: UnsafeRawBufferPointer) throws(FrameError) {
        guard frame.count >= Frame.headerBytes else { throw FrameError(code: .tooShort, byte: frame.count) }
        guard frame.count <= Frame.readerMaximumBytes else { throw FrameError(code: .tooLong, byte: frame.count) }
        guard frame.integer(at: 0, as: UInt32.self) == Frame.magic else { throw FrameError(code: .wrongMagic, byte: 0) }
        guard frame.integer(at: 4, as: UInt32.self) == UInt32(Frame.version) else {
            throw FrameError(code: .unknownVersion, byte: 4)
        }
        guard frame.integer(at: 28, as: UInt32.self) == Checksum.ofFrame(frame) else {
            throw FrameError(code: .wrongChecksum, byte: 28)
        }
        self.frame = frame
        session = frame.integer(at: 8, as: UInt64.self)
        self.number = frame.integer(at: 16, as: UInt64.self)
        guard session != 0 else { throw FrameError(code: .outOfBounds, byte: 8) }
        guard self.number <= Frame.maximumOffset else { throw FrameError(code: .outOfBounds, byte: 16) }
        entryCount = Int(frame.integer(at: 24, as: UInt32.self))
        position = Frame.headerBytes
        read = 0
        lastTime = 0
        lastOffset = 0
        texts.removeAll(keepingCapacity: true)
    }

    /// Continues with a copy of the frame at another address. Nil if the address is the same.
    mutating func move(to buffer: UnsafeRawBufferPointer) -> FrameMove? {
        guard let move = FrameMove(from: frame, to: buffer) else { return nil }
        frame = buffer
        for index in texts.indices { move.move(&texts[index]) }
        return move
    }

    /// Session and number from a header that may be damaged; nil if the bytes do not begin like a frame.
    static func header(of bytes: UnsafeRawBufferPointer) -> (session: UInt64, number: UInt64)? {
        guard bytes.count >= Frame.headerBytes, bytes.integer(at: 0, as: UInt32.self) == Frame.magic else { return nil }
        return (bytes.integer(at: 8), bytes.integer(at: 16))
    }

    /// The next entry; false after the last.
    public mutating func next(_ entry: inout Entry) throws(FrameError) -> Bool {
        guard read < entryCount else {
            guard position == frame.count else { throw malformed }
            return false
        }
        read += 1
        guard position < frame.count else { throw malformed }
        let mark = frame[position]
        position += 1
        guard let kind = EntryKind(rawValue: mark & 0x7F) else { throw malformed }
        entry.kind = kind
        if mark & 0x80 != 0 {
            guard kind == .system else { throw FrameError(code: .withoutTime, byte: position - 1) }
            entry.event.time = .distantPast
        } else {
            lastTime = try sum(lastTime)
            entry.event.time = Timestamp(microseconds: lastTime)
            guard Timestamp.writable.contains(lastTime) else { throw outOfBounds }
        }
        if kind == .tick {
            // The texts of the previous entry borrow from memory that may be freed.
            let time = entry.event.time
            entry.event = .empty
            entry.event.time = time
            return true
        }
        if kind == .event {
            (entry.origin.topic, entry.origin.topicNumber) = try text()
            let partition = try varint()
            guard partition <= Frame.maximumPartition else { throw outOfBounds }
            entry.origin.partition = Int32(partition)
            lastOffset = try sum(lastOffset)
            guard lastOffset >= 0, lastOffset <= Frame.maximumOffset else { throw outOfBounds }
            entry.origin.offset = lastOffset
        }
        entry.event.source = try text().0
        (entry.event.type, entry.typeNumber) = try text()
        entry.event.subject = try bytes()
        guard entry.event.subject.count <= EventDecoder.maximumAttributeBytes else { throw malformed }
        entry.event.id = try bytes()
        entry.event.data = try bytes()
        return true
    }

    /// A value to read entries into.
    public static var blank: Entry {
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        return Entry(
            kind: .tick, origin: Origin(topic: nothing, topicNumber: -1, partition: 0, offset: -1), event: .empty,
            typeNumber: -1)
    }

    private var malformed: FrameError { FrameError(code: .malformed, byte: position) }
    var withoutSubject: FrameError { FrameError(code: .withoutSubject, byte: position) }
    var outOfBounds: FrameError { FrameError(code: .outOfBounds, byte: position) }

    /// `base` plus the difference that follows in the frame.
    @inline(__always) private mutating func sum(_ base: Int64) throws(FrameError) -> Int64 {
        let (sum, overflow) = base.addingReportingOverflow(try signed())
        guard !overflow else { throw outOfBounds }
        return sum
    }

    /// Most numbers have one byte.
    @inline(__always) private mutating func varint() throws(FrameError) -> UInt64 {
        guard position < frame.count, case let byte = frame[position], byte < 0x80 else { return try longVarint() }
        position += 1
        return UInt64(byte)
    }

    private mutating func longVarint() throws(FrameError) -> UInt64 {
        guard position + MemoryLayout<UInt64>.size <= frame.count else { return try varintByBytes() }
        let word = frame.loadUnaligned(fromByteOffset: position, as: UInt64.self).littleEndian
        let ends = ~word & 0x8080_8080_8080_8080
        guard ends != 0 else { return try varintByBytes() }
        position += ends.trailingZeroBitCount / 8 + 1
        // The bytes up to the end, with seven bits each, become pairs, then fours, then one number.
        var value = word & (ends ^ (ends &- 1)) & 0x7F7F_7F7F_7F7F_7F7F
        value = value & 0x007F_007F_007F_007F | (value & 0x7F00_7F00_7F00_7F00) >> 1
        value = value & 0x0000_3FFF_0000_3FFF | (value & 0x3FFF_0000_3FFF_0000) >> 2
        return value & 0x0FFF_FFFF | (value & 0x0FFF_FFFF_0000_0000) >> 4
    }

    private mutating func varintByBytes() throws(FrameError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < frame.count, shift < 64 {
            let byte = frame[position]
            position += 1
            value |= UInt64(byte & 0x7F) &<< shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        throw malformed
    }

    @inline(__always) private mutating func signed() throws(FrameError) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    @inline(__always) private mutating func bytes() throws(FrameError) -> UnsafeRawBufferPointer {
        let count = try varint()
        guard count <= UInt64(frame.count - position) else { throw malformed }
        defer { position += Int(count) }
        return UnsafeRawBufferPointer(start: frame.baseAddress! + position, count: Int(count))
    }

    @inline(__always) private mutating func text() throws(FrameError) -> (UnsafeRawBufferPointer, Int) {
        let reference = try varint()
        if reference > 0 {
            guard reference <= UInt64(texts.count) else { throw malformed }
            return (texts[Int(reference) - 1], Int(reference) - 1)
        }
        let text = try bytes()
        guard texts.count < Frame.dictionaryLimit else { return (text, -1) }
        texts.append(text)
        return (text, texts.count - 1)
    }
}
