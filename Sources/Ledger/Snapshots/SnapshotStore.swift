internal import CIntrinsics
internal import Events

/// The newest snapshots of a ledger partition, as files `ROOT/PARTITION/NEXT-OFFSET.snapshot` (numbers of 5 and 20 digits).
/// What is in them is the caller's; that they are what was written is seen to here.
///
///     content, then   8  length of the content
///                     4  CRC-32C of the content
///                     8  magic "STSE0001"
public struct SnapshotStore: Sendable {
    /// Snapshots that are kept.
    public static let kept = 2
    private static let magic: UInt64 = 0x3130_3030_4553_5453
    private static let trailerBytes = 20

    public let partition: Int32
    public let path: String
    private let files: any FileSystem

    public init(root: String, partition: Int32, on files: any FileSystem = PosixFileSystem()) {
        self.partition = partition
        path = root + "/" + ArchiveDirectory.digits(Int64(partition), 5)
        self.files = files
    }

    private func path(_ nextOffset: Int64) -> String {
        "\(path)/\(ArchiveDirectory.digits(nextOffset, 20)).snapshot"
    }

    /// The offsets of the snapshots that are there, ascending.
    public func offsets() throws(FileError) -> [Int64] {
        try files.list(path).compactMap { name in
            name.hasSuffix(".snapshot") && name.utf8.count == 29 ? Int64(name.prefix(20)) : nil
        }
    }

    /// A snapshot whose content is written and that does not count yet.
    public final class Pending {
        private let store: SnapshotStore
        private let nextOffset: Int64
        private let file: File
        private var position: Int64 = 0
        private var checksum: UInt32 = 0

        fileprivate init(_ store: SnapshotStore, _ nextOffset: Int64) throws(FileError) {
            self.store = store
            self.nextOffset = nextOffset
            try store.files.makeDirectories(store.path)
            file = try File(store.path(nextOffset) + ".new", create: true, on: store.files)
            try file.truncate(to: 0)
        }

        /// Adds to the content.
        public func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
            guard let base = bytes.baseAddress, bytes.count > 0 else { return }
            try file.write(bytes, at: position)
            checksum = standing_crc32c(checksum, base, bytes.count)
            position += Int64(bytes.count)
        }

        /// Makes it last, and only then removes those that are no longer kept. May take long; may run on another thread.
        public func commit() throws(FileError) {
            var trailer = ByteWriter()
            trailer.append(littleEndian: position)
            trailer.append(littleEndian: checksum)
            trailer.append(littleEndian: SnapshotStore.magic)
            try file.write(trailer.bytes, at: position)
            try file.sync()
            try file.close()
            try store.files.rename(store.path(nextOffset) + ".new", over: store.path(nextOffset))
            for old in try store.offsets().dropLast(SnapshotStore.kept) {
                try store.files.removeIfThere(store.path(old))
            }
        }

        /// Leaves no trace.
        public func abandon() throws(FileError) {
            try file.close()
            try store.files.removeIfThere(store.path(nextOffset) + ".new")
        }
    }

    public func begin(nextOffset: Int64) throws(FileError) -> Pending { try Pending(self, nextOffset) }

    /// Why a snapshot was thrown away.
    public struct Rejected: Hashable, Sendable {
        public let path: String
        public let reason: String
    }

    /// Lends the content of the newest snapshot that `body` takes; whatever is not whole, or that `body` throws at, is
    /// removed and the next older one tried. Nil: there is none. Throws `FileError` where the disk fails.
    public func newest<Result: ~Copyable>(
        rejected: (Rejected) -> Void, _ body: (Int64, UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result? {
        for offset in try offsets().reversed() {
            let path = path(offset)
            do {
                let file = try File(path, readOnly: true, on: files)
                let size = Int(try file.size())
                let room = UnsafeMutableRawBufferPointer.allocate(byteCount: max(size, 1), alignment: 16)
                defer { room.deallocate() }
                guard try file.read(into: room, at: 0) == size,
                    let content = Self.content(UnsafeRawBufferPointer(rebasing: room[..<size]))
                else {
                    try throwAway(path, "not whole", rejected)
                    continue
                }
                return try body(offset, content)
            } catch let error as FileError {
                throw error
            } catch {
                try throwAway(path, "\(error)", rejected)
            }
        }
        return nil
    }

    private func throwAway(_ path: String, _ reason: String, _ rejected: (Rejected) -> Void) throws(FileError) {
        rejected(Rejected(path: path, reason: reason))
        try files.removeIfThere(path)
    }

    private static func content(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let count = bytes.count - trailerBytes
        guard count > 0, bytes.integer(at: count + 12, as: UInt64.self) == magic,
            bytes.integer(at: count, as: Int64.self) == Int64(count),
            bytes.integer(at: count + 8, as: UInt32.self) == standing_crc32c(0, bytes.baseAddress!, count)
        else { return nil }
        return UnsafeRawBufferPointer(rebasing: bytes[..<count])
    }

    /// Removes every snapshot.
    public func drop() throws(FileError) {
        for name in try files.list(path) { try files.removeIfThere("\(path)/\(name)") }
    }
}
