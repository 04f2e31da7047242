internal import CIntrinsics
internal import CLZ4
internal import Events

/// # A segment file: frames of one ledger partition, under their offsets
///
/// All integers are little-endian.
///
///     header     8  magic "SLAS0001"
///                8  first: the offset in the file's name
///                8  end of the segment before: its last offset plus one; 0 if there is none
///                4  ledger partition
///                4  CRC-32C of the 28 bytes before
///     record     4  magic "SLAR"
///                4  stored length
///                4  length of the frame: equal to the stored length if it is stored unchanged, greater if it
///                   is stored as an LZ4 block
///                8  offset
///                4  CRC-32C of the 20 bytes before and of the stored bytes
///                …  the frame, stored
///
/// Offsets ascend. An offset that the topic lacks is missing here too.
enum Segment {
    static let magic: UInt64 = 0x0030_3030_5341_4C53 | UInt64(0x30 + ArchiveDirectory.format) << 56
    static let headerBytes = 32
    static let recordMagic: UInt32 = 0x5241_4C53
    static let recordHeaderBytes = 24
    /// A reader refuses a longer file. This is a full segment and the greatest record.
    static let readerMaximumBytes =
        ArchiveDirectory.maximumSegmentBytes + recordHeaderBytes + Frame.readerMaximumBytes

    struct Header: Equatable {
        var partition: Int32
        var first: Int64
        /// The end of the segment before this one.
        var previousEnd: Int64

        func write(to writer: inout ByteWriter) {
            let start = writer.count
            writer.append(littleEndian: Segment.magic)
            writer.append(littleEndian: first)
            writer.append(littleEndian: previousEnd)
            writer.append(littleEndian: partition)
            writer.append(littleEndian: Checksum.of(writer.bytes, start..<writer.count))
        }

        /// Nil if the header is damaged or is not a segment's.
        init?(_ bytes: UnsafeRawBufferPointer) {
            guard bytes.count >= Segment.headerBytes,
                Checksum.of(bytes, 0..<28) == bytes.integer(at: 28, as: UInt32.self),
                bytes.integer(at: 0, as: UInt64.self) == Segment.magic
            else { return nil }
            first = bytes.integer(at: 8)
            previousEnd = bytes.integer(at: 16)
            partition = bytes.integer(at: 24)
        }

        init(partition: Int32, first: Int64, previousEnd: Int64) {
            (self.partition, self.first, self.previousEnd) = (partition, first, previousEnd)
        }
    }

    /// Appends a frame as a record, compressed if that makes it smaller.
    static func append(_ frame: UnsafeRawBufferPointer, at offset: Int64, to writer: inout ByteWriter) {
        let start = writer.count
        writer.append(littleEndian: recordMagic)
        writer.append(littleEndian: UInt32(0))
        writer.append(littleEndian: UInt32(frame.count))
        writer.append(littleEndian: offset)
        writer.append(littleEndian: UInt32(0))
        let packed = writer.extend(by: Int(LZ4_compressBound(Int32(frame.count)))) { room in
            Int(LZ4_compress_default(frame.baseAddress, room.baseAddress, Int32(frame.count), Int32(room.count)))
        }
        if packed == 0 || packed >= frame.count {
            writer.truncate(to: start + recordHeaderBytes)
            writer.append(frame)
        }
        writer.overwrite(littleEndian: UInt32(writer.count - start - recordHeaderBytes), at: start + 4)
        writer.overwrite(littleEndian: Checksum.ofRecord(writer.bytes, start..<writer.count), at: start + 20)
    }
}

/// A record of a segment's bytes.
struct SegmentRecord {
    var position: Int
    var offset: Int64
    var frameBytes: Int
    var stored: UnsafeRawBufferPointer
    var end: Int { position + Segment.recordHeaderBytes + stored.count }

    /// The record at `position`; nil if there is no intact one.
    init?(_ bytes: UnsafeRawBufferPointer, at position: Int) {
        guard bytes.count - position >= Segment.recordHeaderBytes,
            bytes.integer(at: position, as: UInt32.self) == Segment.recordMagic
        else { return nil }
        let storedBytes = Int(bytes.integer(at: position + 4, as: UInt32.self))
        frameBytes = Int(bytes.integer(at: position + 8, as: UInt32.self))
        let body = position + Segment.recordHeaderBytes
        guard storedBytes <= bytes.count - body, storedBytes <= frameBytes, frameBytes <= Frame.readerMaximumBytes,
            bytes.integer(at: position + 20, as: UInt32.self)
                == Checksum.ofRecord(bytes, position..<body + storedBytes)
        else { return nil }
        self.position = position
        offset = bytes.integer(at: position + 12)
        stored = UnsafeRawBufferPointer(rebasing: bytes[body..<body + storedBytes])
    }

    /// The frame's bytes, unpacked into `room` if they are compressed; nil if they cannot be unpacked.
    func frame(in room: UnsafeMutableRawBufferPointer) -> UnsafeRawBufferPointer? {
        if stored.count == frameBytes { return stored }
        guard frameBytes <= room.count,
            LZ4_decompress_safe(stored.baseAddress, room.baseAddress, Int32(stored.count), Int32(frameBytes))
                == Int32(frameBytes)
        else { return nil }
        return UnsafeRawBufferPointer(rebasing: room[..<frameBytes])
    }
}

extension Checksum {
    static func of(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, after previous: UInt32 = 0) -> UInt32 {
        guard !range.isEmpty else { return previous }
        return standing_crc32c(previous, bytes.baseAddress! + range.lowerBound, range.count)
    }

    /// The checksum of a record, which covers all but the checksum field.
    static func ofRecord(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> UInt32 {
        let head = of(bytes, range.lowerBound..<range.lowerBound + 20)
        return of(bytes, range.lowerBound + Segment.recordHeaderBytes..<range.upperBound, after: head)
    }
}

extension UnsafeRawBufferPointer {
    func integer<T: FixedWidthInteger>(at offset: Int, as type: T.Type = T.self) -> T {
        T(littleEndian: loadUnaligned(fromByteOffset: offset, as: type))
    }
}
