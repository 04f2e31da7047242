internal import CLZ4
internal import Events

/// The contents of an index file that has passed its checks: its segment's counts and where the entries are. The file
/// does not stay open.
final class SegmentIndex {
    struct FrameEntry {
        var offset: Int64
        /// The clock before the frame, in microseconds.
        var clock: Int64
    }

    private let blocks: [ArchiveIndex.Block]
    let entryCount: Int64
    /// Entries that concern everyone.
    let commonCount: Int64
    /// The offset after the segment's last frame.
    let end: Int64
    let clockBefore: Timestamp
    let clock: Timestamp
    let acceptance: Acceptance
    let frames: [FrameEntry]

    /// Nil if there is no index, or none that fits the segment.
    init?(_ first: Int64, in directory: ArchiveDirectory) throws {
        let path = directory.indexPath(first)
        let file: File
        do {
            file = try File(path, readOnly: true, on: directory.files)
        } catch {
            if error.isNotThere || error.isNoFile { return nil }
            throw error
        }
        let size = try file.size()
        var head = [UInt8](repeating: 0, count: 16)
        let read = try head.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        let length = head.withUnsafeBytes { Int($0.integer(at: 12, as: UInt32.self)) }
        guard read == 16, size <= ArchiveIndex.maximumBytes, length > 16, length <= size else { return nil }
        var meta = [UInt8](repeating: 0, count: length)
        guard try meta.withUnsafeMutableBytes({ try file.read(into: $0, at: 0) }) == length else { return nil }
        let segmentSize = try File(directory.path(first), readOnly: true, on: directory.files).size()
        do {
            let contents = try meta.withUnsafeBytes { try Meta($0, segmentSize: segmentSize, indexSize: size) }
            blocks = contents.blocks
            entryCount = contents.entryCount
            commonCount = contents.commonCount
            end = contents.end
            clockBefore = contents.clockBefore
            clock = contents.clock
            acceptance = contents.acceptance
            frames = contents.frames
        } catch is ByteReader.Failure {
            return nil
        }
    }

    private struct Meta {
        var entryCount: Int64
        var commonCount: Int64
        var end: Int64
        var clockBefore: Timestamp
        var clock: Timestamp
        var acceptance: Acceptance
        var frames: [FrameEntry] = []
        var blocks: [ArchiveIndex.Block] = []

        init(_ bytes: UnsafeRawBufferPointer, segmentSize: Int64, indexSize: Int64) throws(ByteReader.Failure) {
            var reader = ByteReader(bytes)
            guard try reader.integer(UInt64.self) == ArchiveIndex.magic,
                try reader.integer(UInt32.self) == Checksum.of(bytes, 12..<bytes.count)
            else { throw reader.failure }
            _ = try reader.integer(UInt32.self)
            guard try reader.integer(Int64.self) == segmentSize else { throw reader.failure }
            _ = try reader.integer(UInt32.self)
            entryCount = try reader.integer()
            _ = try reader.integer(Int64.self)
            end = try reader.integer()
            commonCount = try reader.integer()
            clockBefore = Timestamp(microseconds: try reader.integer())
            clock = Timestamp(microseconds: try reader.integer())
            acceptance = try Acceptance(from: &reader)
            let frameCount = try reader.count(bytesEach: 20)
            frames.reserveCapacity(frameCount)
            for _ in 0..<frameCount {
                frames.append(FrameEntry(offset: try reader.integer(), clock: try reader.integer()))
                _ = try reader.integer(UInt32.self)
            }
            var position = Int64(bytes.count)
            for _ in 0..<(try reader.count(bytesEach: 20)) {
                let first = try reader.integer(UInt64.self)
                let packed = Int(try reader.integer(UInt32.self))
                let length = Int(try reader.integer(UInt32.self))
                guard length <= ArchiveIndex.readerMaximumBlockBytes, packed <= length + length / 128 + 64 else {
                    throw reader.failure
                }
                blocks.append(
                    ArchiveIndex.Block(
                        first: first, packed: packed, length: length, checksum: try reader.integer(),
                        position: position))
                position += Int64(packed)
            }
            guard reader.isAtEnd, position == indexSize else { throw reader.failure }
        }
    }

    /// Reads the entries of a subject from the index file, in ledger order. Throws `ArchiveDamage` if a block is
    /// damaged.
    func forEachEntry(
        of subject: UnsafeRawBufferPointer, in file: File, _ body: (HistoryEntry) throws -> Void
    ) throws {
        let fingerprint = subject.fingerprint(seed: 0)
        // The last block with a smaller first fingerprint may end with this one; the next blocks may begin with it.
        var low = 0
        var high = blocks.count
        while low < high {
            let middle = (low + high) / 2
            if blocks[middle].first < fingerprint { low = middle + 1 } else { high = middle }
        }
        var index = max(0, low - 1)
        while index < blocks.count, blocks[index].first <= fingerprint {
            try read(blocks[index], file) { bytes in
                var reader = ByteReader(bytes)
                while !reader.isAtEnd {
                    let found = try reader.integer(UInt64.self)
                    let content = try reader.take(Int(try reader.integer(UInt32.self)))
                    guard found == fingerprint else { continue }
                    var parts = ByteReader(content)
                    let entry = try HistoryEntry(from: &parts)
                    if entry.event.subject.equals(subject) { try body(entry) }
                }
            }
            index += 1
        }
    }

    /// Reads every block of the index file. Throws `ArchiveDamage` if one is damaged.
    func check(_ file: File) throws { for block in blocks { try read(block, file) { _ in } } }

    private func read(
        _ block: ArchiveIndex.Block, _ file: File, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        func damaged() -> ArchiveDamage {
            ArchiveDamage(file: file.path, byte: Int(block.position), offsets: 0..<end, reason: "a damaged block")
        }
        try withUnsafeTemporaryAllocation(byteCount: block.packed + block.length, alignment: 8) { room in
            let packed = UnsafeMutableRawBufferPointer(rebasing: room[..<block.packed])
            let bytes = UnsafeMutableRawBufferPointer(rebasing: room[block.packed...])
            guard try file.read(into: packed, at: block.position) == block.packed,
                Checksum.of(UnsafeRawBufferPointer(packed), 0..<block.packed) == block.checksum,
                LZ4_decompress_safe(
                    packed.baseAddress, bytes.baseAddress, Int32(block.packed), Int32(block.length))
                    == Int32(block.length)
            else { throw damaged() }
            do {
                try body(UnsafeRawBufferPointer(bytes))
            } catch is ByteReader.Failure {
                throw damaged()
            }
        }
    }
}
