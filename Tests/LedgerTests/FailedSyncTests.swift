import Ledger
import Simulation
import Testing

/// A sync that failed is never a disk on which one may wait for room, whatever its code.
@Suite struct FailedSyncTests {
    private static let (noSpace, overQuota): (Int32, Int32) = (28, 122)

    @Test(arguments: [noSpace, overQuota]) func aFullDiskIsFullAtCallsThatMayBeMadeAgain(code: Int32) {
        for call in [FileError.Call.sync, .syncDirectory] {
            let error = FileError(call, "/a", code)
            #expect(error.isFailedSync && !error.isDiskFull)
        }
        for call in [FileError.Call.write, .open, .makeDirectory, .rename] {
            let error = FileError(call, "/a", code)
            #expect(!error.isFailedSync && error.isDiskFull)
        }
    }

    /// Closing a segment syncs it: from then on the writer keeps nothing more.
    @Test(arguments: [FileError.Call.sync, .syncDirectory]) func anArchiveWhoseSyncFoundTheDiskFullTakesNothingMore(
        call: FileError.Call
    ) throws {
        let fixture = ArchiveFixture(frames: 60)
        let writer = try ArchiveWriter(fixture.directory)
        fixture.disk.plan(.error(Self.noSpace), atCall: 1, of: call)
        var failures: [FileError] = []
        for number in fixture.frames.indices {
            do {
                try fixture.append(number..<number + 1, to: writer)
            } catch let error as FileError {
                failures.append(error)
                if failures.count == 3 { break }
            }
        }
        #expect(failures.count == 3)
        #expect(failures.allSatisfy { $0.call == call && $0.code == Self.noSpace && !$0.isDiskFull })
        #expect(throws: FileError.self) { try writer.sync() }
    }
}
