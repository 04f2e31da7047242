internal import CLZ4
internal import Events

/// # An index file: a closed segment's entries by subject
///
/// A copy of the segment's entries that count (`Acceptance`), without ticks and without entries whose time is out of
/// range. The entries are sorted by the subject's fingerprint, so that one subject's entries are adjacent. An index
/// can be made at any time from its segment and the acceptance before it. It is discarded if its checksum is wrong or
/// if the segment has another size than the index says.
///
///     meta       8  magic "SLAI0003"
///                4  CRC-32C of the meta after this field
///                4  length of the meta
///                8  size of the segment file
///                4  CRC-32C of the segment file
///                8  number of entries of all kinds that count
///                8  number of frames
///                8  end: the segment's last offset plus one
///                8  number of entries that concern everyone
///                8  clock before the segment
///                8  clock after the segment
///                …  acceptance after the segment (`Acceptance.write`)
///                …  varint number of frames; of each: 8 offset, 8 clock before it, 4 its position in the segment
///                …  varint number of blocks; of each: 8 first fingerprint, 4 packed length, 4 length,
///                   4 CRC-32C of the packed bytes
///     blocks     …  LZ4 blocks of entries
///     entry      8  fingerprint of the subject
///                4  length of the bytes after this field
///                8  ledger offset
///                4  index in the frame
///                8  clock before the entry
///                1  kind, as in a frame; plus 0x40 if its topic has lost records
///                8  time
///                …  kind `event` only: `bytes` topic, 4 partition, 8 offset
///                …  `bytes` source, `bytes` type, `bytes` subject, `bytes` id, `bytes` data
///     bytes      …  varint length, bytes
enum ArchiveIndex {
    static let magic: UInt64 = 0x3330_3030_4941_4C53
    /// A block is closed when its entries have this size.
    static let blockBytes = 32 * 1024
    static let maximumBytes = 128 * 1024 * 1024
    /// The greatest size of a block's entries: a full block and the greatest entry.
    static let readerMaximumBlockBytes = blockBytes + Frame.readerMaximumBytes

    struct Block {
        var first: UInt64
        var packed: Int
        var length: Int
        var checksum: UInt32
        var position: Int64
    }
}

/// Makes the indexes of a partition's segments, in the order of their offsets.
struct ArchiveIndexBuilder: ~Copyable {
    private var entries: EntryReader
    private var clockBefore = Timestamp.distantPast
    private var entry = FrameReader.blank
    private var writer = ByteWriter(capacity: 1 << 20)
    private var items: [(fingerprint: UInt64, start: Int, count: Int)] = []
    private var frames: [(offset: Int64, clock: Int64, position: Int)] = []
    private var entryCount: Int64 = 0
    private var commonCount: Int64 = 0

    /// `acceptance` is the one after all earlier segments.
    init(_ acceptance: Acceptance = Acceptance()) { entries = EntryReader(acceptance) }

    var acceptance: Acceptance { entries.acceptance }
    private var clock: Timestamp { entries.acceptance.clock }

    mutating func begin(_ first: Int64) {
        writer.removeAll()
        items.removeAll(keepingCapacity: true)
        frames.removeAll(keepingCapacity: true)
        entryCount = 0
        commonCount = 0
        clockBefore = clock
    }

    /// Adds a frame. Returns the number of its entries that count; 0 if it cannot be read.
    mutating func add(_ frame: UnsafeRawBufferPointer, of record: SegmentRecord) throws(FrameError) -> Int64 {
        frames.append((record.offset, clock.microseconds, record.position))
        guard try entries.openOrPass(frame) else { return 0 }
        var count: Int64 = 0
        while try entries.next(&entry) {
            count += 1
            if entry.kind != .tick, !entries.isOutOfRange { write(at: record.offset) }
        }
        entryCount += count
        return count
    }

    private mutating func write(at offset: Int64) {
        let start = writer.count
        let fingerprint = entry.event.subject.fingerprint(seed: 0)
        if entry.event.subject.isEmpty { commonCount += 1 }
        writer.append(littleEndian: fingerprint)
        writer.append(littleEndian: UInt32(0))
        writer.append(littleEndian: offset)
        writer.append(littleEndian: UInt32(entries.index))
        writer.append(littleEndian: entries.clockBefore.microseconds)
        writer.append(byte: entry.kind.rawValue | (entries.isFrozen ? HistoryEntry.frozenMark : 0))
        writer.append(littleEndian: entry.event.time.microseconds)
        if entry.kind == .event {
            append(entry.origin.topic)
            writer.append(littleEndian: entry.origin.partition)
            writer.append(littleEndian: entry.origin.offset)
        }
        append(entry.event.source)
        append(entry.event.type)
        append(entry.event.subject)
        append(entry.event.id)
        append(entry.event.data)
        writer.overwrite(littleEndian: UInt32(writer.count - start - 12), at: start + 8)
        items.append((fingerprint, start, writer.count - start))
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        writer.append(varint: UInt64(bytes.count))
        writer.append(bytes)
    }

    /// The index of the segment whose frames were added.
    mutating func finish(of segment: LoadedSegment) -> [UInt8] {
        items.sort { ($0.fingerprint, $0.start) < ($1.fingerprint, $1.start) }
        var blocks = ByteWriter(capacity: writer.count / 2 + 1024)
        var directory: [ArchiveIndex.Block] = []
        var block = ByteWriter(capacity: 2 * ArchiveIndex.blockBytes)
        var first: UInt64 = 0
        for item in items {
            if block.count == 0 { first = item.fingerprint }
            block.append(UnsafeRawBufferPointer(rebasing: writer.bytes[item.start..<item.start + item.count]))
            if block.count >= ArchiveIndex.blockBytes { Self.close(&block, first, &blocks, &directory) }
        }
        if block.count > 0 { Self.close(&block, first, &blocks, &directory) }

        var meta = ByteWriter(capacity: 64 * 1024)
        meta.append(littleEndian: ArchiveIndex.magic)
        meta.append(littleEndian: UInt64(0))
        meta.append(littleEndian: Int64(segment.count))
        meta.append(littleEndian: Checksum.of(segment.bytes, 0..<segment.count))
        meta.append(littleEndian: entryCount)
        meta.append(littleEndian: Int64(frames.count))
        meta.append(littleEndian: frames.last.map { $0.offset + 1 } ?? segment.first)
        meta.append(littleEndian: commonCount)
        meta.append(littleEndian: clockBefore.microseconds)
        meta.append(littleEndian: clock.microseconds)
        entries.acceptance.write(to: &meta)
        meta.append(varint: UInt64(frames.count))
        for frame in frames {
            meta.append(littleEndian: frame.offset)
            meta.append(littleEndian: frame.clock)
            meta.append(littleEndian: UInt32(frame.position))
        }
        meta.append(varint: UInt64(directory.count))
        for block in directory {
            meta.append(littleEndian: block.first)
            meta.append(littleEndian: UInt32(block.packed))
            meta.append(littleEndian: UInt32(block.length))
            meta.append(littleEndian: block.checksum)
        }
        meta.overwrite(littleEndian: UInt32(meta.count), at: 12)
        meta.overwrite(littleEndian: Checksum.of(meta.bytes, 12..<meta.count), at: 8)
        meta.append(blocks.bytes)
        return Array(meta.bytes)
    }

    private static func close(
        _ block: inout ByteWriter, _ first: UInt64, _ blocks: inout ByteWriter,
        _ directory: inout [ArchiveIndex.Block]
    ) {
        let start = blocks.count
        let bytes = block.bytes
        let packed = blocks.extend(by: Int(LZ4_compressBound(Int32(bytes.count)))) { room in
            Int(LZ4_compress_default(bytes.baseAddress, room.baseAddress, Int32(bytes.count), Int32(room.count)))
        }
        directory.append(
            ArchiveIndex.Block(
                first: first, packed: packed, length: bytes.count,
                checksum: Checksum.of(blocks.bytes, start..<blocks.count), position: 0))
        block.removeAll()
    }
}
