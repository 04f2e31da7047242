internal import Events

/// A ledger as a folder that survives its cluster: of each partition an archive (`ArchiveDirectory`), and `ledger.jsonl`,
/// which is written last and says that it is whole and what it must come to.
///
///     {"format":1,"ledger":"standing.ledger","partitions":12}
///     {"partition":0,"next-offset":51,"frames":51,"chain-head":"…"}   a line a partition
public struct LedgerExport: Sendable {
    public struct Part: Hashable, Sendable {
        public var partition: Int32
        public var nextOffset: Int64
        public var frames: Int64
        /// `FrameChain.head`, hexadecimal.
        public var chainHead: String
    }

    public struct Manifest: Hashable, Sendable {
        /// The topic that it was read from.
        public var ledger: String
        public var parts: [Part]

        public init(ledger: String, parts: [Part]) { (self.ledger, self.parts) = (ledger, parts) }
    }

    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String
    }

    private static let format: Int64 = 1
    private static let maximumManifestBytes = 1 << 20

    public let path: String
    private let files: any FileSystem

    public init(_ path: String, on files: any FileSystem = PosixFileSystem()) {
        self.path = path
        self.files = files
    }

    private var manifestPath: String { path + "/ledger.jsonl" }

    public func directory(_ partition: Int32) -> ArchiveDirectory {
        ArchiveDirectory(root: path, partition: partition, on: files)
    }

    // MARK: Writing

    /// Copies a partition's frames; goes on where an interrupted export stopped. `source` gives the frames from an offset
    /// on. Throws `Failure` where the folder holds something else. Returns what the partition comes to.
    public func write(
        partition: Int32, progress: (Int64) -> Void = { _ in }, source: (Int64) throws -> any FrameSource
    ) throws -> Part {
        try files.removeIfThere(manifestPath)
        let directory = directory(partition)
        let writer = try ArchiveWriter(directory)
        // What is there already goes into the chain; that it is what the source has is seen at the end, by the chain.
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

    /// Says that the export is whole.
    public func finish(_ manifest: Manifest) throws {
        var writer = ByteWriter()
        writer.append("{\"format\":\(Self.format),\"ledger\":")
        writer.append(jsonString: manifest.ledger)
        writer.append(",\"partitions\":\(manifest.parts.count)}\n")
        for part in manifest.parts {
            writer.append(
                "{\"partition\":\(part.partition),\"next-offset\":\(part.nextOffset),\"frames\":\(part.frames)")
            writer.append(",\"chain-head\":\"\(part.chainHead)\"}\n")
        }
        try files.makeDirectories(path)
        try files.replace(manifestPath, with: writer.bytes)
    }

    // MARK: Reading

    /// Throws `Failure` where there is no whole export.
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

    public func frames(_ partition: Int32, from start: Int64 = 0) -> ArchiveFrames {
        ArchiveFrames(directory(partition), from: start)
    }

    /// Reads a partition wholly and holds it against the manifest; throws `Failure` or `ArchiveDamage`.
    public func verify(_ part: Part) throws {
        var counted = Counted(part.partition)
        var entries = EntryReader()
        let frames = frames(part.partition)
        while let frame = try frames.next() {
            do {
                _ = try entries.open(frame.bytes)
            } catch {
                throw Failure(description: "partition \(part.partition), offset \(frame.offset): \(error)")
            }
            counted.add(frame)
        }
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

/// Puts a ledger partition's frames back into a topic, under the offsets that they had: those are part of every fact's id.
public enum LedgerImport {
    /// Appends to the topic what it has not yet; what it has must be the same frames. `append` takes a frame that must get
    /// the offset given. Throws `LedgerExport.Failure` before it has appended anything that would not fit.
    public static func run(
        partition: Int32, frames: any FrameSource, existing: any FrameSource,
        append: (LedgerFrame) throws -> Void
    ) throws -> (existing: Int64, appended: Int64) {
        func failure(_ offset: Int64, _ reason: String) -> LedgerExport.Failure {
            LedgerExport.Failure(description: "partition \(partition), offset \(offset): \(reason)")
        }
        var (next, appended): (Int64, Int64) = (0, 0)
        var isBehind = false
        while let frame = try frames.next() {
            guard frame.offset == next else {
                throw failure(next, "the ledger has no frame here, and a topic cannot leave an offset out")
            }
            if !isBehind, let there = try existing.next() {
                guard there.offset == frame.offset, there.bytes.count == frame.bytes.count,
                    there.bytes.elementsEqual(frame.bytes)
                else { throw failure(next, "the topic has another frame here") }
            } else {
                isBehind = true
                try append(frame)
                appended += 1
            }
            next += 1
        }
        if !isBehind, try existing.next() != nil { throw failure(next, "the topic goes on where the export ends") }
        return (next - appended, appended)
    }
}
