import ArgumentParser
import Foundation
import Ledger
import Replay
import Scoring
import Synchronization
import Terminal

struct LedgerRepartitionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repartition",
        abstract: "Make an export of a ledger with more partitions from an export.",
        discussion: """
            The number of partitions is set once, before the first event; this is the way out. A subject's entries go to the \
            partition of its key among the new number, in their order; everybody's standing, terms and dates stay what they are. It \
            folds both exports and compares the standings of all subjects before it ends: exit 3 where one differs. \
            The number becomes a multiple of what it was.
            Ledger offsets, facts' ids and their sequence numbers begin anew, so the ledger gets a new name, and consumers \
            bootstrap (`standing facts bootstrap`). deploy/RESTORE.md has the whole switch-over. An interrupted run goes on where it \
            stopped.

            Examples:
              standing ledger repartition /backup/ledger /backup/wider --partitions 24 \\
                  --name town-24
            """)

    @Argument(help: "The folder of `standing ledger export`.", completion: .directory)
    var old: String
    @Argument(help: "The new export's folder.", completion: .directory)
    var new: String
    @Option(help: "Partitions of the new ledger.")
    var partitions: Int
    @Option(help: "The new ledger's name: letters, digits, '.', '_' and '-'. It stands in the source of every fact.")
    var name: String

    /// More partitions than Kafka manages well.
    private static let maximumPartitions = 100_000

    func validate() throws {
        guard LedgerIdentity.isName(name) else { throw ValidationError("--name \(name): not the name of a ledger") }
        guard (1...Self.maximumPartitions).contains(partitions) else {
            throw ValidationError("--partitions: must be from 1 to \(Self.maximumPartitions)")
        }
        let paths = [old, new].map { URL(fileURLWithPath: $0).standardizedFileURL.path }
        guard paths[0] != paths[1] else { throw ValidationError("the new export needs a folder of its own") }
    }

    func run() throws {
        let (source, target) = (LedgerExport(old), LedgerExport(new))
        try LedgerSource.reading {
            do {
                let manifest = try source.manifest()
                let count = manifest.parts.count
                guard count > 0, partitions % count == 0 else {
                    throw fail(
                        "error: the ledger has \(count) partitions, and \(partitions) is no multiple of that: subjects of several "
                            + "partitions, whose clocks differ, would come together", Exit.usage)
                }
                let before = manifest.parts.map(\.nextOffset).reduce(0, +)
                // Each old partition is checked, and then read for each of its new ones.
                let parts = try counting(before * Int64(1 + partitions / count)) { work in
                    for part in manifest.parts { try source.verify(part, work) }
                    return try (0..<Int32(partitions)).map { partition in
                        let origin = LedgerRepartition.origin(of: partition, among: count)
                        return try target.write(partition: partition) { start in
                            LedgerRepartition(
                                CountedFrames(source.frames(origin), work), partition: partition, of: partitions,
                                name: name, from: start)
                        }
                    }
                }
                // Both ledgers are folded, and the new one is checked.
                try counting(before + 2 * parts.map(\.nextOffset).reduce(0, +)) { work in
                    for part in manifest.parts { try compare(part.partition, of: count, source, target, work) }
                    try target.finish(.init(ledger: manifest.ledger, parts: parts))
                    for part in parts { try target.verify(part, work) }
                }
                print(LedgerExport.json(of: parts))
            } catch let failure as LedgerExport.Failure {
                throw fail("error: \(failure)", Exit.corruption)
            } catch let failure as LedgerRepartition.Failure {
                throw fail("error: \(failure)")
            } catch let defect as FrameError {
                throw fail("error: \(old): \(defect)", Exit.corruption)
            } catch let inUse as ArchiveInUse {
                throw fail("error: \(inUse)")
            }
        }
    }

    /// Shows the progress of work that reads so many offsets.
    private func counting<Result>(_ offsets: Int64, _ body: (WorkCounter) throws -> Result) rethrows -> Result {
        let work = WorkCounter(total: offsets)
        let line = ProgressLine("frames", work)
        defer { line.finish() }
        return try body(work)
    }

    /// Ends the command if a subject of an old partition has another standing in its new one.
    private func compare(
        _ old: Int32, of count: Int, _ source: LedgerExport, _ target: LedgerExport, _ work: WorkCounter
    ) throws {
        let new = (0..<Int32(partitions)).filter { LedgerRepartition.origin(of: $0, among: count) == old }
        guard try standings([old], of: source, work) == standings(new, of: target, work) else {
            throw fail(
                "error: partition \(old): the standings of its subjects under \(partitions) partitions are not those that they have",
                Exit.corruption)
        }
    }

    private func standings(
        _ partitions: [Int32], of export: LedgerExport, _ work: WorkCounter
    ) throws -> [UInt8] {
        let writer = Mutex(StandingsWriter())
        var replay = LedgerReplay()
        replay.computesDigests = false
        _ = try replay.run(
            partitions: partitions,
            source: { partition, start, end in
                CountedFrames(
                    ArchiveFrames(export.directory(partition), from: start, until: end), from: start, work)
            }
        ) { fold in writer.withLock { $0.add(fold.fold) } }
        var (standings, text) = (writer.withLock { $0 }, [UInt8]())
        standings.write { text.append(contentsOf: $0) }
        return text
    }
}
