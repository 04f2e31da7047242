import Events
import Foundation
import Ledger
import Testing

/// What is no file, or may not be read, in a data folder: on a real disk.
@Suite struct OddFileTests {
    private let root: String

    init() throws {
        root = FileManager.default.temporaryDirectory.appending(path: "standing-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: root + "/00003", withIntermediateDirectories: true)
    }

    private func remove() { try? FileManager.default.removeItem(atPath: root) }

    private func write(_ offset: Int64, to store: SnapshotStore) throws {
        let pending = try store.begin(nextOffset: offset)
        try Array("state".utf8).withUnsafeBytes { try pending.write($0) }
        try pending.commit()
    }

    @Test func aDirectoryAndAPipeThatAreCalledSnapshotsArePassedOver() throws {
        defer { remove() }
        let store = SnapshotStore(root: root, partition: 3)
        try write(5, to: store)
        let directory = "\(store.path)/00000000000000000070.snapshot"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        let pipe = "\(store.path)/00000000000000000080.snapshot"
        try #require(mkfifo(pipe, 0o600) == 0)
        #expect(try store.offsets() == [5])
        #expect(try store.oddPaths() == [directory, pipe])
        #expect(try store.newest(rejected: { _ in }) { offset, _ in offset } == 5)
        try write(6, to: store)
        try write(7, to: store)
        #expect(try store.offsets() == [6, 7])
        try store.drop()
        #expect(try store.offsets().isEmpty && store.oddPaths() == [directory, pipe])
    }

    @Test func anArchiveWithOddNamesIsReadAndWritten() throws {
        defer { remove() }
        let fixture = ArchiveFixture(frames: 40)
        let directory = ArchiveDirectory(root: root, partition: 3, segmentBytes: 2048)
        try FileManager.default.createDirectory(
            atPath: "\(directory.path)/00000000000000000000.segment", withIntermediateDirectories: false)
        try #require(mkfifo("\(directory.path)/00000000000000900000.segment", 0o600) == 0)
        try Data().write(to: URL(filePath: root + "/00004"))
        #expect(try ArchiveDirectory.partitions(under: root) == [3])
        #expect(try directory.oddPaths().count == 2)
        // Its first frame has another offset than the directory's name.
        let writer = try ArchiveWriter(directory)
        for frame in fixture.frames.dropFirst() {
            try frame.bytes.withUnsafeBytes { try writer.append($0, at: frame.offset) }
        }
        try writer.close()
        let status = try Archive(directory).status()
        #expect(status.frames == 39 && status.nextOffset == fixture.frames[39].offset + 1)
        #expect(try Archive(directory).verify().damages.isEmpty)
        _ = try Archive(directory).drop()
        #expect(try directory.oddPaths().count == 2)
    }

    /// Opening one never waits for its other end.
    @Test func onlyRegularFilesAreOpened() throws {
        defer { remove() }
        let pipe = root + "/pipe"
        try #require(mkfifo(pipe, 0o600) == 0)
        for path in [pipe, root, "/dev/null"] {
            for readOnly in [true, false] {
                do {
                    _ = try File(path, readOnly: readOnly, on: PosixFileSystem())
                    Issue.record("\(path) was opened")
                } catch {
                    #expect(error.isNoFile && "\(error)" == "\(path): cannot open: it is no regular file")
                }
            }
        }
    }

    /// A snapshot that may not be read stays, and an older one is taken. Root may read everything.
    @Test(.enabled(if: geteuid() != 0)) func aSnapshotThatMayNotBeReadIsPassedOver() throws {
        defer { remove() }
        let store = SnapshotStore(root: root, partition: 3)
        try write(5, to: store)
        try write(6, to: store)
        let path = "\(store.path)/00000000000000000006.snapshot"
        try #require(chmod(path, 0) == 0)
        var rejected: [String] = []
        #expect(try store.newest(rejected: { rejected.append($0.path) }) { offset, _ in offset } == 5)
        #expect(rejected == [path] && FileManager.default.fileExists(atPath: path))
    }
}
