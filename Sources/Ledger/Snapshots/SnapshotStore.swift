internal import CIntrinsics
public import Events

/// The newest snapshots of a ledger partition, as files `ROOT/PARTITION/NEXT-OFFSET.snapshot` (numbers of 5 and 20
/// digits). The name ends with `.new` while a snapshot is being written. The caller owns the content; the store
/// ensures that it is the content that was written.
///
///     content, then   8  length of the content
///                     4  CRC-32C of the content
///                     8  magic "STSE0001"
public struct SnapshotStore: Sendable {
    /// The number of snapshots that are retained.
    public static let retainedSnapshots = 2
    private static let magic: UInt64 = 0x3130_3030_4553_5453
    private static let trailerBytes = 20

    public let partition: Int32
    public let path: String
    private let files: any FileSystem
    /// What the names end with.
    private let suffix: String

    /// `suffix`: of the files' names; another one than `snapshot` is for files beside the snapshots that are written in the same way.
    public init(
        root: String, partition: Int32, suffix: String = "snapshot", on files: any FileSystem = PosixFileSystem()
    ) {
        self.partition = partition
        self.suffix = suffix
        path = root + "/" + ArchiveDirectory.digits(Int64(partition), 5)
        self.files = files
    }

    private func path(_ nextOffset: Int64) -> String {
        "\(path)/\(ArchiveDirectory.digits(nextOffset, 20)).\(suffix)"
    }

    /// The offsets of the snapshots that are there, ascending.
    public func offsets() throws(FileError) -> [Int64] {
        try files.entries(of: path).filter(\.mayBeFile).map(\.name).compactMap { name in
            ArchiveDirectory.numbered(name) == ".\(suffix)" ? Int64(name.prefix(20)) : nil
        }
    }

    /// The paths that are not files: directories, pipes and the like. Standing neither makes nor reads them.
    public func oddPaths() throws(FileError) -> [String] {
        try files.entries(of: path).filter { !$0.mayBeFile }.map { "\(path)/\($0.name)" }
    }

    /// Removes the unfinished files that processes have left which ended while they wrote a snapshot, and nothing
    /// else. Returns the number of files. The caller must have the lock of the partition's archive, because another
    /// process may be writing a snapshot.
    @discardableResult public func removeUnfinished() throws(FileError) -> Int {
        let names = try files.entries(of: path).filter(\.mayBeFile).map(\.name)
            .filter { ArchiveDirectory.numbered($0) == ".\(suffix).new" }
        for name in names { try files.removeIfThere("\(path)/\(name)") }
        return names.count
    }

    /// A snapshot that is being written and does not count yet.
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

        /// Appends to the content.
        public func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
            guard let base = bytes.baseAddress, bytes.count > 0 else { return }
            try file.write(bytes, at: position)
            checksum = standing_crc32c(checksum, base, bytes.count)
            position += Int64(bytes.count)
        }

        /// Makes the snapshot last, and only then removes those that are not retained. It may take long, and may run
        /// on another thread. If it fails, the snapshot is abandoned.
        public func commit() throws(FileError) {
            do throws(FileError) {
                try makeLast()
            } catch {
                try? abandon()
                throw error
            }
        }

        private func makeLast() throws(FileError) {
            var trailer = ByteWriter()
            trailer.append(littleEndian: position)
            trailer.append(littleEndian: checksum)
            trailer.append(littleEndian: SnapshotStore.magic)
            try file.write(trailer.bytes, at: position)
            try file.sync()
            try file.close()
            try store.files.rename(store.path(nextOffset) + ".new", over: store.path(nextOffset))
            for old in try store.offsets().dropLast(SnapshotStore.retainedSnapshots) {
                try store.files.removeIfThere(store.path(old))
            }
        }

        /// Removes the unfinished file.
        public func abandon() throws(FileError) {
            try file.close()
            try store.files.removeIfThere(store.path(nextOffset) + ".new")
        }
    }

    /// Begins a snapshot of the state before `nextOffset`. It counts once it is finished.
    public func begin(nextOffset: Int64) throws(FileError) -> Pending { try Pending(self, nextOffset) }

    /// A snapshot that was not used, and why.
    public struct Rejected: Hashable, Sendable {
        public let path: String
        public let reason: String
    }

    /// The result of `body` for the newest usable snapshot; nil if there is none. A snapshot that is not complete, or
    /// for which `body` throws, is removed, and the next older one is tried. A snapshot that may not be read is
    /// passed over and stays. Throws `FileError` if the disk fails. With `retainsRejected` nothing is removed, because
    /// the snapshots are another process's. A snapshot that the other process removes meanwhile is a `FileError` too
    /// (`Rereading`).
    ///
    /// `body` reads before the checksum is complete. It must check every value, and its result is discarded if the
    /// checksum turns out to be wrong.
    public func newest<Result: ~Copyable>(
        retainsRejected: Bool = false, rejected: (Rejected) -> Void, _ body: (Int64, inout ByteReader) throws -> Result
    ) throws -> Result? {
        func reject(_ path: String, _ reason: String) throws(FileError) {
            rejected(Rejected(path: path, reason: reason))
            if !retainsRejected { try files.removeIfThere(path) }
        }
        for offset in try offsets().reversed() {
            let path = path(offset)
            do {
                let file = try File(path, readOnly: true, on: files)
                let window = try Window(file)
                if let window {
                    var reader = ByteReader(total: window.total) { window.feed($0, $1) }
                    let result = try body(offset, &reader)
                    if let failure = window.failure { throw failure }
                    if try window.isWhole() { return result }
                }
                try reject(path, "not whole")
            } catch let error as FileError where error.isForbidden || error.isNoFile && !retainsRejected {
                rejected(Rejected(path: path, reason: "\(error)"))
            } catch let error as FileError {
                throw error
            } catch {
                try reject(path, "\(error)")
            }
        }
        return nil
    }

    /// A snapshot's content, of which a part is in memory at a time.
    private final class Window {
        private static let bytes = 1 << 20

        let total: Int
        private(set) var failure: FileError?
        private let file: File
        private let expected: UInt32
        private var room = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes, alignment: 16)
        private var read = 0
        private var checksum: UInt32 = 0

        /// Nil if there is no trailer, or if it belongs to another content.
        init?(_ file: File) throws(FileError) {
            self.file = file
            total = Int(try file.size()) - SnapshotStore.trailerBytes
            let trailer = UnsafeMutableRawBufferPointer.allocate(byteCount: SnapshotStore.trailerBytes, alignment: 8)
            defer { trailer.deallocate() }
            guard total > 0, try file.read(into: trailer, at: Int64(total)) == trailer.count,
                UnsafeRawBufferPointer(trailer).integer(at: 12, as: UInt64.self) == SnapshotStore.magic,
                UnsafeRawBufferPointer(trailer).integer(at: 0, as: Int64.self) == Int64(total)
            else { return nil }
            expected = UnsafeRawBufferPointer(trailer).integer(at: 8)
        }

        deinit { room.deallocate() }

        func feed(_ unread: UnsafeRawBufferPointer, _ count: Int) -> UnsafeRawBufferPointer? {
            let size = max(count, Self.bytes)
            if size > room.count {
                let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
                larger.copyBytes(from: unread)
                room.deallocate()
                room = larger
            } else if let base = unread.baseAddress {
                room.baseAddress?.copyMemory(from: base, byteCount: unread.count)
            }
            let wanted = min(room.count - unread.count, total - read)
            let target = UnsafeMutableRawBufferPointer(rebasing: room[unread.count..<unread.count + wanted])
            do throws(FileError) {
                guard try file.read(into: target, at: Int64(read)) == wanted else { return nil }
            } catch {
                failure = error
                return nil
            }
            if wanted > 0 { checksum = standing_crc32c(checksum, target.baseAddress!, wanted) }
            read += wanted
            return UnsafeRawBufferPointer(rebasing: room[..<(unread.count + wanted)])
        }

        /// Reads what `body` has not read, and checks the checksum of the whole content.
        func isWhole() throws(FileError) -> Bool {
            while read < total {
                guard feed(UnsafeRawBufferPointer(start: nil, count: 0), 1) != nil else {
                    if let failure { throw failure }
                    return false
                }
            }
            return checksum == expected
        }
    }

    /// Removes every snapshot.
    public func drop() throws(FileError) {
        for entry in try files.entries(of: path) where entry.mayBeFile {
            try files.removeIfThere("\(path)/\(entry.name)")
        }
    }
}
