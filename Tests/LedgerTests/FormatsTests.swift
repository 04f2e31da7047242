import Events
import Foundation
import Ledger
import Simulation
import Testing

/// The examples of `Sources/Ledger/FORMATS.md` are the bytes that the program writes.
@Suite struct FormatsTests {
    private let disk = FaultyFileSystem()
    private let frame = FrameTests.small.bytes

    /// The bytes of a block of the page that begins with "```hex NAME". In each line two spaces end the bytes.
    private func example(_ name: String) throws -> [UInt8] {
        let page = URL(filePath: #filePath).appending(path: "../../../Sources/Ledger/FORMATS.md").standardized
        let text = try String(contentsOf: page, encoding: .utf8)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex(of: "```hex \(name)"), "the page has no example \(name)")
        return try lines[(start + 1)...].prefix { $0 != "```" }.flatMap { line in
            let digits = line.firstRange(of: "  ").map { line[..<$0.lowerBound] } ?? line
            return try digits.split(separator: " ").map { try #require(UInt8($0, radix: 16)) }
        }
    }

    @Test func theFrameIsTheBuilders() throws {
        #expect(try example("frame") == frame)
        #expect(try OwnedFrame(try example("frame")) == FrameTests.small)
    }

    @Test func theSegmentIsTheWriters() throws {
        let writer = try ArchiveWriter(ArchiveDirectory(root: "/archive", partition: 3, on: disk))
        try frame.withUnsafeBytes { try writer.append($0, at: 258) }
        try writer.close()
        #expect(disk["/archive/00003/00000000000000000258.segment"] == (try example("segment")) + frame)
    }

    @Test func theSnapshotIsTheStores() throws {
        let pending = try SnapshotStore(root: "/snapshots", partition: 2, on: disk).begin(nextOffset: 70)
        try Array("state".utf8).withUnsafeBytes { try pending.write($0) }
        try pending.commit()
        #expect(disk["/snapshots/00002/00000000000000000070.snapshot"] == (try example("snapshot")))
    }

    @Test func theChainHeadIsTheChains() throws {
        var chain = FrameChain(partition: 3)
        frame.withUnsafeBytes { chain.append($0, at: 258) }
        #expect(chain.head == (try example("chain")))
    }
}
