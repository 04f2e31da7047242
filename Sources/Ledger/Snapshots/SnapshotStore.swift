internal import CIntrinsics
public import Events

/// The newest snapshots of a ledger partition, as files `ROOT/PARTITION/NEXT-OFFSET.snapshot` (numbers of 5 and 20 digits), with
/// `.new` behind that while one is written.
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
        try files.entries(of: path).filter(\.mayBeFile).map(\.name).compactMap { name in
            name.hasSuffix(".snapshot") && name.utf8.count == 29 ? Int64(name.prefix(20)) : nil
        }
    }

    /// What lies there and is no file: a directory, a pipe or the like. Nobody of us has made it, and nobody reads it.
    public func oddPaths() throws(FileError) -> [String] {
        try files.entries(of: path).filter { !$0.mayBeFile }.map { "\(path)/\($0.name)" }
    }

    /// Removes what processes have left that ended while they wrote a snapshot, and nothing else; returns the number of files.
    /// Only for who holds the partition's archive: another process may be writing one.
    @discardableResult public func removeUnfinished() throws(FileError) -> Int {
        let names = try files.entries(of: path).filter(\.mayBeFile).map(\.name)
            .filter { ArchiveDirectory.numbered($0) == ".snapshot.new" }
        for name in names { try files.removeIfThere("\(path)/\(name)") }
        return names.count
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

        /// Makes it last, and only then removes those that are no longer kept. May take long; may run on another thread. Where
        /// it fails, the snapshot is given up.
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

    /// Why a snapshot was not taken.
    public struct Rejected: Hashable, Sendable {
        public let path: String
        public let reason: String
    }

    /// Reads the newest snapshot that `body` takes; whatever is not whole, or that `body` throws at, is removed and the next
    /// older one tried; one that may not be read stays and is passed over. Nil: there is none. Throws `FileError` where the
    /// disk fails. `keepsRejected`: nothing is removed, because the snapshots are another process's; one that it removes
    /// meanwhile is a `FileError` too (`Rereading`).
    ///
    /// `body` reads while the checksum is being taken: it must hold everything against what there is, and what it made is
    /// thrown away where the bytes turn out to be others than were written.
    public func newest<Result: ~Copyable>(
        keepsRejected: Bool = false, rejected: (Rejected) -> Void, _ body: (Int64, inout ByteReader) throws -> Result
    ) throws -> Result? {
        func reject(_ path: String, _ reason: String) throws(FileError) {
            rejected(Rejected(path: path, reason: reason))
            if !keepsRejected { try files.removeIfThere(path) }
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
            } catch let error as FileError where error.isForbidden || error.isNoFile && !keepsRejected {
                rejected(Rejected(path: path, reason: "\(error)"))
            } catch let error as FileError {
                throw error
            } catch {
                try reject(path, "\(error)")
            }
        }
        return nil
    }

    /// A snapshot's content as it is read, some of it in memory.
    private final class Window {
        private static let bytes = 1 << 20

        let total: Int
        private(set) var failure: FileError?
        private let file: File
        private let expected: UInt32
        private var room = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes, alignment: 16)
        private var read = 0
        private var checksum: UInt32 = 0

        /// Nil: there is no trailer, or it is of another content.
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
            let place = UnsafeMutableRawBufferPointer(rebasing: room[unread.count..<unread.count + wanted])
            do throws(FileError) {
                guard try file.read(into: place, at: Int64(read)) == wanted else { return nil }
            } catch {
                failure = error
                return nil
            }
            if wanted > 0 { checksum = standing_crc32c(checksum, place.baseAddress!, wanted) }
            read += wanted
            return UnsafeRawBufferPointer(rebasing: room[..<(unread.count + wanted)])
        }

        /// Whether everything is what was written, also what nobody has asked for.
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
