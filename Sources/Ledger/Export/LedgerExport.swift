internal import Events

/// A ledger as a folder that survives its cluster. It has an archive of each partition (`ArchiveDirectory`) and
/// `ledger.jsonl`, which is written last. That file states that the export is complete, and what each partition must
/// contain.
///
///     {"format":1,"ledger":"standing.ledger","partitions":12}
///     {"partition":0,"next-offset":51,"frames":51,"chain-head":"…"}   one line per partition
public struct LedgerExport: Sendable {
    /// One line of the manifest: what is exported of a ledger partition.
    public struct Part: Hashable, Sendable {
        public var partition: Int32
        /// The offset after the last exported frame.
        public var nextOffset: Int64
        public var frames: Int64
        /// `FrameChain.head`, hexadecimal.
        public var chainHead: String
    }

    /// The file that describes an export.
    public struct Manifest: Hashable, Sendable {
        /// The topic that the ledger was read from.
        public var ledger: String
        public var parts: [Part]

        public init(ledger: String, parts: [Part]) { (self.ledger, self.parts) = (ledger, parts) }
    }

    /// Why a folder cannot be exported to or imported from.
    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// The format's number in the manifest. An import refuses another one.
    public static let format: Int64 = 1
    private static let maximumManifestBytes = 1 << 20

    /// The export's folder.
    public let path: String
    private let files: any FileSystem

    public init(_ path: String, on files: any FileSystem = PosixFileSystem()) {
        self.path = path
        self.files = files
    }

    private var manifestPath: String { path + "/ledger.jsonl" }

    /// The segment files of a partition.
    public func directory(_ partition: Int32) -> ArchiveDirectory {
        ArchiveDirectory(root: path, partition: partition, on: files)
    }

    // MARK: Writing

    /// Copies a partition's frames, or continues an interrupted export. `source` opens the frames from an offset on.
    /// Returns the partition's line of the manifest.
    public func write(
        partition: Int32, progress: (Int64) -> Void = { _ in }, source: (Int64) throws -> any FrameSource
    ) throws -> Part {
        try files.removeIfThere(manifestPath)
        let directory = directory(partition)
        let writer = try ArchiveWriter(directory)
        // The chain begins with the frames that are already there. Its head shows at the end whether they are the
        // source's.
        var part = Counted(partition)
        let there = ArchiveFrames(directory)
        while let frame = try there.next() { part.add(frame) }
        let frames = try source(part.nextOffset)
        while let frame = try frames.next() {
            try writer.append(frame.bytes, at: frame.offset)
            part.add(frame)
            progress(part.frames)
        }
        try writer.close()
        return part.part
    }

    /// Writes the manifest, which states that the export is complete.
    public func finish(_ manifest: Manifest) throws {
        var writer = JSONWriter()
        writer.open()
        writer.member("format", Self.format)
        writer.member("ledger", manifest.ledger)
        writer.member("partitions", manifest.parts.count)
        writer.close()
        writer.endLine()
        for part in manifest.parts {
            writer.open()
            writer.member("partition", part.partition)
            writer.member("next-offset", part.nextOffset)
            writer.member("frames", part.frames)
            writer.member("chain-head", part.chainHead)
            writer.close()
            writer.endLine()
        }
        try files.makeDirectories(path)
        try files.replace(manifestPath, with: writer.bytes)
    }

    // MARK: Reading

    /// Throws `Failure` if there is no complete export.
    public func manifest() throws -> Manifest {
        guard let bytes = try files.contents(of: manifestPath, limit: Self.maximumManifestBytes) else {
            throw Failure(description: "\(path): no ledger.jsonl: not an export, or one that was not finished")
        }
        let decoder = EventDecoder()
        var lines = bytes.split(separator: 0x0A).map(Array.init).makeIterator()
        func failure(_ reason: String) -> Failure { Failure(description: "\(manifestPath): \(reason)") }
        guard let head = lines.next(),
            let (ledger, count) = head.withUnsafeBytes({ line -> (String, Int64)? in
                guard decoder.integer("format", of: line) == Self.format,
                    let count = decoder.integer("partitions", of: line)
                else { return nil }
                return decoder.string("ledger", of: line).map { (String(decoding: $0, as: UTF8.self), count) }
            })
        else { throw failure("not of format \(Self.format)") }
        var parts: [Part] = []
        while let line = lines.next() {
            let part = line.withUnsafeBytes { line -> Part? in
                guard let partition = decoder.integer("partition", of: line), partition == parts.count,
                    let nextOffset = decoder.integer("next-offset", of: line), nextOffset >= 0,
                    let frames = decoder.integer("frames", of: line), frames >= 0, frames <= nextOffset,
                    let head = decoder.string("chain-head", of: line).map({ String(decoding: $0, as: UTF8.self) }),
                    Hex.bytes(head, count: FrameChain.headBytes) != nil
                else { return nil }
                return Part(partition: Int32(parts.count), nextOffset: nextOffset, frames: frames, chainHead: head)
            }
            guard let part else { throw failure("line \(parts.count + 2) is not the next partition") }
            parts.append(part)
        }
        guard parts.count == count else { throw failure("\(parts.count) partitions of \(count)") }
        return Manifest(ledger: ledger, parts: parts)
    }

    /// The exported frames of a partition, from an offset on.
    public func frames(_ partition: Int32, from start: Int64 = 0) -> ArchiveFrames {
        ArchiveFrames(directory(partition), from: start)
    }

    /// Reads a whole partition and compares it with the manifest. Throws `Failure` or `ArchiveDamage`. A record that
    /// cannot be read as a frame is accepted, because an entry of the ledger may pass over it.
    public func verify(_ part: Part) throws {
        var counted = Counted(part.partition)
        let frames = frames(part.partition)
        while let frame = try frames.next() { counted.add(frame) }
        guard counted.part == part else {
            throw Failure(
                description:
                    "partition \(part.partition): what is there comes to \(counted.part.frames) frames and chain "
                    + "head \(counted.part.chainHead), ledger.jsonl says \(part.frames) and \(part.chainHead)")
        }
    }

    private struct Counted {
        let partition: Int32
        var nextOffset: Int64 = 0
        var frames: Int64 = 0
        var chain: FrameChain

        init(_ partition: Int32) {
            self.partition = partition
            chain = FrameChain(partition: partition)
        }

        mutating func add(_ frame: LedgerFrame) {
            chain.append(frame.bytes, at: frame.offset)
            frames += 1
            nextOffset = frame.offset + 1
        }

        var part: Part {
            Part(partition: partition, nextOffset: nextOffset, frames: frames, chainHead: Hex.text(chain.head))
        }
    }
}

/// Appends a ledger partition's frames to a topic at the offsets that they had, because those are part of every
/// fact's id.
public struct LedgerImport {
    /// The offsets of an import by what was done at each.
    public struct Counts: Hashable, Sendable {
        /// Frames that the topic already had.
        public var existing: Int64 = 0
        /// Frames that were appended.
        public var appended: Int64 = 0
        /// Offsets at which the ledger has no frame.
        public var filled: Int64 = 0
    }

    private let partition: Int32
    /// The topic's end: the offset that its next record gets.
    private let end: Int64

    /// `end`: the offset that the topic's next record gets.
    public init(partition: Int32, end: Int64) { (self.partition, self.end) = (partition, end) }

    /// Appends the frames that the topic does not have yet. The frames that it has must be the same. `append` appends
    /// a frame, which must get its own offset. `fill` uses up an offset without a frame. They are called in the order
    /// of the offsets, without a gap. Throws `LedgerExport.Failure` before it appends anything that does not fit.
    public func run(
        frames: any FrameSource, existing: any FrameSource, append: (LedgerFrame) throws -> Void,
        fill: (_ offset: Int64) throws -> Void
    ) throws -> Counts {
        var counts = Counts()
        var next = end
        var last: Int64 = -1
        while let frame = try frames.next() {
            last = frame.offset
            guard frame.offset >= end else {
                guard let there = try existing.next() else {
                    throw failure(frame.offset, "the topic has no frame here, and goes on")
                }
                guard there.offset == frame.offset, there.bytes.count == frame.bytes.count,
                    there.bytes.elementsEqual(frame.bytes)
                else { throw failure(min(there.offset, frame.offset), "the topic has another frame here") }
                counts.existing += 1
                continue
            }
            if next == end, try existing.next() != nil { throw failure(next, "the topic has another frame before") }
            while next < frame.offset {
                try fill(next)
                counts.filled += 1
                next += 1
            }
            try append(frame)
            counts.appended += 1
            next += 1
        }
        if next == end, try existing.next() != nil {
            throw failure(last + 1, "the topic goes on where the export ends")
        }
        return counts
    }

    private func failure(_ offset: Int64, _ reason: String) -> LedgerExport.Failure {
        LedgerExport.Failure(description: "partition \(partition), offset \(offset): \(reason)")
    }
}
