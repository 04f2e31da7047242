internal import ArgumentParser
internal import Events
internal import Foundation
internal import Ledger
internal import Replay
internal import Scoring
internal import Terminal

struct BenchSnapshot: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "A state to a file and back; the ceiling is writing and reading as many bytes.",
        discussion: """
            Examples:
              standing bench snapshot
            """)

    @OptionGroup var options: BenchLedgerOptions

    func run() throws {
        let ledger = try options.make(partitions: 1)
        var fold = PartitionFold(partition: 0, storesFacts: false)
        var facts = EncodedFacts()
        let frames = ArchiveFrames(ledger.directory(0))
        while let frame = try frames.next() {
            try fold.apply(frame: frame.bytes, at: frame.offset, above: [], into: &facts)
        }
        let store = SnapshotStore(root: ledger.root + "/snapshots", partition: 0)
        let head = FrameChain(partition: 0).head
        var digest: StateDigest?
        let cpu = ProcessUsage.cpuSeconds
        let written = try seconds {
            let pending = try store.begin(nextOffset: fold.nextOffset)
            digest = try fold.writeSnapshot(chainHead: head) { try pending.write($0) }
            try pending.commit()
        }
        var bytes = 0
        var restored: PartitionFold?
        let read = try seconds {
            restored = try store.newest(rejected: { printMessage("\($0.path): \($0.reason)") }) { _, reader in
                bytes = reader.remaining
                var head: [UInt8] = []
                return try PartitionFold(partition: 0, snapshot: &reader, chainHead: &head)
            }
        }
        guard let restored else { return }
        let found = restored.fold.digest()
        guard digest == found else { throw fail("error: the state came back as another") }
        let used = ProcessUsage.cpuSeconds - cpu
        let ceiling = try Self.ceiling(bytes: bytes, in: ledger.root)
        BenchResult(
            bench: "snapshot", events: fold.fold.subjectCount, seconds: written + read,
            ceiling: Double(fold.fold.subjectCount) / ceiling, cpuSeconds: used,
            more: [
                ("writeSeconds", String(format: "%.3f", written)), ("readSeconds", String(format: "%.3f", read)),
                ("bytes", String(bytes)),
            ]
        ).printLine()
    }

    private static func ceiling(bytes count: Int, in folder: String) throws -> Double {
        let bytes = [UInt8](repeating: 7, count: count)
        var back = [UInt8](repeating: 0, count: count)
        return try seconds {
            let file = try File(folder + "/ceiling", create: true, on: PosixFileSystem())
            try bytes.withUnsafeBytes { try file.write($0, at: 0) }
            try file.sync()
            _ = try back.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
            try file.close()
        }
    }
}
