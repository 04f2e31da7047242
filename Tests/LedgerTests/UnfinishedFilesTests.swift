import Events
import Ledger
import Simulation
import Testing

/// Files that a crash leaves half made: a member that starts removes them, and only them.
@Suite struct UnfinishedFilesTests {
    private let fixture = ArchiveFixture(frames: 40)
    private let snapshots: SnapshotStore
    private var disk: FaultyFileSystem { fixture.disk }

    init() throws {
        snapshots = SnapshotStore(root: "/snapshots", partition: 3, on: fixture.disk)
        try fixture.fill()
        try SubjectHistory(fixture.directory).index()
        for offset in [5, 9] as [Int64] { try takeSnapshot(offset).commit() }
    }

    private func takeSnapshot(_ offset: Int64) throws -> SnapshotStore.Pending {
        let pending = try snapshots.begin(nextOffset: offset)
        try Array("state".utf8).withUnsafeBytes { try pending.write($0) }
        return pending
    }

    /// One of each kind. Returns their paths.
    private func leaveSome() -> [String] {
        let number = "00000000000000000007"
        let paths =
            [".index.new", ".index.new-4711", ".segment.new", ".torn-96.new"].map {
                "\(fixture.directory.path)/\(number)\($0)"
            } + ["\(snapshots.path)/\(number).snapshot.new"]
        for path in paths { disk[path] = [1, 2, 3] }
        return paths
    }

    /// The files that stay although their names look alike.
    private func leaveOthers() {
        for name in ["00000000000000000007.torn-96", "notes.new", "7.segment.new", "00000000000000000007.new"] {
            disk["\(fixture.directory.path)/\(name)"] = [4]
        }
        for name in ["notes.snapshot.new", "00000000000000000007.snapshot.new.old"] {
            disk["\(snapshots.path)/\(name)"] = [4]
        }
    }

    @Test func aStartRemovesTheUnfinishedAndNothingElse() throws {
        leaveOthers()
        let before = disk.paths
        let left = leaveSome()
        #expect(try Archive(fixture.directory).removeUnfinished(with: snapshots) == left.count)
        #expect(disk.paths == before)
        #expect(try Archive(fixture.directory).removeUnfinished(with: snapshots) == 0)

        // So does the writer that takes the archive over, as far as the archive goes.
        _ = leaveSome()
        try ArchiveWriter(fixture.directory).close()
        try snapshots.removeUnfinished()
        #expect(disk.paths == before)
    }

    @Test func nothingIsRemovedBesideAMember() throws {
        let writer = try ArchiveWriter(fixture.directory)
        let left = leaveSome()
        #expect(throws: ArchiveInUse.self) { try Archive(fixture.directory).removeUnfinished(with: snapshots) }
        #expect(left.allSatisfy { disk[$0] != nil })
        try writer.close()
    }

    @Test func whoReadsRemovesNothing() throws {
        let left = leaveSome()
        let before = disk.paths
        let status = try Archive(fixture.directory).status()
        // One that was still being put aside is no torn tail.
        #expect(status.torn.isEmpty)
        #expect(try Archive(fixture.directory).verify().damages.isEmpty)
        #expect(same(try fixture.read(), fixture.frames))
        try Array("subject-1".utf8).withUnsafeBytes { subject in
            _ = try SubjectHistory(fixture.directory).read(subject) { _ in }
        }
        #expect(try snapshots.newest(retainsRejected: true, rejected: { _ in }) { offset, _ in offset } == 9)
        #expect(disk.paths == before && left.allSatisfy { disk[$0] != nil })
    }

    /// Wherever a crash meets a snapshot, an index or a repair, nothing of it is in the way after the next start.
    @Test(arguments: [true, false]) func noCrashLeavesAnythingAfterTheNextStart(names: Bool) throws {
        let damaged = try #require(fixture.segments.first)
        var call = 1
        while true {
            var bytes = try #require(disk[damaged])
            bytes[100] ^= 1
            disk[damaged] = bytes
            let before = disk.callCount
            disk.plan(.errorForGood(5), atCall: call)
            do {
                try takeSnapshot(20).commit()
                _ = try Archive(fixture.directory).repair(fetch: fixture.topic())
                try SubjectHistory(fixture.directory).index()
            } catch is FileError {}
            let calls = disk.callCount - before
            disk.clearFaults()
            disk.crash(names: names) { _, _, count in count / 2 }
            _ = try Archive(fixture.directory).repair(fetch: fixture.topic())
            try ArchiveWriter(fixture.directory).close()
            try Archive(fixture.directory).removeUnfinished(with: snapshots)
            try #require(disk.paths.allSatisfy { !$0.contains(".new") }, "call \(call)")
            try #require(same(try fixture.read(), fixture.frames), "call \(call)")
            if call > calls { break }
            call += 1 + call / 10
        }
    }

    /// A disk that is full would otherwise be filled by every further try.
    @Test func aSnapshotThatFailsLeavesNothing() throws {
        let before = disk.paths
        let pending = try takeSnapshot(30)
        disk.plan(.error(28), atCall: 1, of: .write)
        #expect(throws: FileError.self) { try pending.commit() }
        #expect(disk.paths == before)
    }
}
