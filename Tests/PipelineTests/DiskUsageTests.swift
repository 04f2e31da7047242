import Foundation
import Synchronization
import Testing

@testable import Pipeline

/// What `/metrics` has of the data folder.
struct DiskUsageTests {
    @Test func segmentsOfAllPartitionsAreAddedUp() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "usage-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(DiskUsage(of: LocalData(folder.path)) == nil, "there is no folder yet")
        for (partition, name, bytes) in [
            ("00000", "00000000000000000000.segment", 100), ("00000", "00000000000000000007.segment", 20),
            ("00000", "00000000000000000000.index", 3000), ("00003", "00000000000000000000.segment", 3),
        ] {
            let directory = folder.appending(path: "archive/\(partition)")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            try Data(count: bytes).write(to: directory.appending(path: name))
        }
        let usage = try #require(DiskUsage(of: LocalData(folder.path)))
        #expect(usage.archiveBytes == 123 && usage.segments == 3)
        #expect(usage.size > 0 && usage.free <= usage.size)
    }

    @Test func aMemberWithoutAFolderLooksAtNone() { #expect(DiskWatch(nil, runtime: SystemRuntime()) === nil) }
}
