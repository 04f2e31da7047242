internal import ArgumentParser
internal import Foundation
internal import Ledger
internal import Replay
internal import Terminal

struct BenchReplay: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Archive to states; the ceiling is reading, unpacking, checking and parsing the same frames.",
        discussion: """
            Examples:
              standing bench replay
            """)

    @OptionGroup var options: BenchLedgerOptions

    @Option(help: "Partitions, and so threads, of the second measurement. Default: the number of cores.")
    var threads: Int?

    func run() throws {
        let cores = threads ?? ProcessInfo.processInfo.activeProcessorCount
        let ledger = try options.make(partitions: cores)
        let partitions = (0..<Int32(cores)).map { $0 }
        let ceiling = try Self.ceiling(ledger)
        func measure(_ threads: Int) throws -> (seconds: Double, cpu: Double, entries: Int64) {
            var replay = LedgerReplay()
            replay.threads = threads
            replay.computesDigests = false
            let cpu = ProcessUsage.cpuSeconds
            var results: [LedgerReplay.Result] = []
            let elapsed = try seconds { results = try replay.run(partitions: partitions, source: ledger.source) }
            return (elapsed, ProcessUsage.cpuSeconds - cpu, results.map(\.entries).reduce(0, +))
        }
        let one = try measure(1)
        let all = try measure(cores)
        guard Int(one.entries) == ledger.entries else {
            throw fail("error: \(one.entries) entries of \(ledger.entries)")
        }
        BenchResult(
            bench: "replay", events: ledger.entries, seconds: one.seconds, ceiling: ceiling, cpuSeconds: one.cpu,
            more: [
                ("threads", String(cores)), ("allPerSecond", String(Int(Double(all.entries) / all.seconds))),
                ("allOverOne", String(format: "%.2f", one.seconds / all.seconds)),
                (
                    "archive_bytes_per_entry",
                    String(format: "%.1f", Double(ledger.archiveBytes) / Double(ledger.entries))
                ),
            ]
        ).printLine()
    }

    private static func ceiling(_ ledger: BenchLedger) throws -> Double {
        var count = 0
        let elapsed = try seconds {
            for partition in 0..<ledger.partitions {
                let frames = ArchiveFrames(ledger.directory(partition))
                var entries = EntryReader()
                var entry = FrameReader.blank
                while let frame = try frames.next() {
                    guard try entries.open(frame.bytes) else { continue }
                    while try entries.next(&entry) { count += 1 }
                }
            }
        }
        return Double(count) / elapsed
    }
}
