import ArgumentParser
import Events
import Foundation
import Ledger
import Options
import Pipeline
import Replay
import Scoring
import Terminal
import Topics

struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger",
        abstract:
            "Take a ledger out of its cluster, bring it into another, give it more partitions, move it to the newest fold version, or "
            + "pass over a record that cannot be folded.",
        discussion: """
            Examples:
              standing ledger export --topic --brokers kafka:9092 /backup/ledger
            """,
        subcommands: [
            LedgerExportCommand.self, LedgerImportCommand.self, LedgerRepartitionCommand.self,
            LedgerUpgradeCommand.self, LedgerSkipCommand.self,
        ])
}

struct LedgerExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a ledger to a folder: checksummed, chained, and resumed where it was interrupted.",
        discussion: """
            ledger.jsonl in the folder is written last; an export without it is not whole.

            Examples:
              standing ledger export --topic --brokers kafka:9092 /backup/ledger
              standing ledger export --archive /var/lib/standing /backup/ledger
            """)

    @OptionGroup var source: LedgerSourceOptions
    @Argument(help: "The folder.", completion: .directory)
    var folder: String

    func validate() throws {
        guard (source.archive != nil) != source.topic else { throw ValidationError("give --topic or --archive DIR") }
    }

    func run() throws {
        let ledger = try source.open()
        let export = LedgerExport(folder)
        // Each partition is written, and then read again.
        let work = WorkCounter(total: 2 * ledger.total)
        let line = ProgressLine("frames", work)
        defer { line.finish() }
        try LedgerSource.reading {
            do {
                guard ledger.partitions == Array(0..<Int32(ledger.partitions.count)) else {
                    throw fail("error: the archive does not have every partition; export from the topic")
                }
                let parts = try ledger.partitions.map { partition in
                    try export.write(partition: partition) { start in
                        work.add(start, count: 0)
                        return CountedFrames(try ledger.frames(partition, start, .max), from: start, work)
                    }
                }
                try export.finish(.init(ledger: ledger.topic, parts: parts))
                for part in parts { try export.verify(part, work) }
                line.finish()
                print(LedgerExport.json(of: parts))
            } catch let failure as LedgerExport.Failure {
                throw fail("error: \(failure)", Exit.corruption)
            } catch let inUse as ArchiveInUse {
                throw fail("error: \(inUse)")
            }
        }
    }
}

extension LedgerExport {
    /// Reads a part of the export wholly.
    func verify(_ part: Part, _ work: WorkCounter) throws {
        try verify(part)
        work.add(part.nextOffset, count: part.frames)
    }
}

struct LedgerImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Append an export's frames to a ledger topic that is empty or has the beginning of them.",
        discussion: """
            The whole export is checked first. Every frame gets the offset that it had, because offsets are part of facts' ids; \
            where that cannot be, nothing is appended. Offsets at which the ledger had no frame are taken by records that every \
            reader passes over. An interrupted import goes on where it stopped. No `standing serve` may \
            run on the ledger meanwhile; afterwards it goes on after the facts that the fact topics have, and publishes what \
            they lack, under the same ids and sequence numbers.

            Examples:
              standing ledger import --brokers new-kafka:9092 /backup/ledger
            """)

    @OptionGroup var cluster: ClusterOptions
    @Argument(help: "The folder of `standing ledger export`.", completion: .directory)
    var folder: String

    func run() throws {
        var settings = try Settings(config: cluster.config)
        let cluster = try Cluster(self.cluster, &settings)
        let export = LedgerExport(folder)
        let ledger = try LedgerSource(topicOf: cluster)
        try LedgerSource.reading {
            do {
                let manifest = try export.manifest()
                guard manifest.parts.count == ledger.partitionCount else {
                    throw fail(
                        "error: the export has \(manifest.parts.count) partitions, the topic \(ledger.partitionCount ?? 0)"
                    )
                }
                // The export is checked, tried and appended, which are three passes.
                let work = WorkCounter(total: 3 * manifest.parts.map(\.nextOffset).reduce(0, +))
                let line = ProgressLine("frames", work)
                defer { line.finish() }
                for part in manifest.parts { try export.verify(part, work) }
                // First a pass without appending, so that an import that would fail does not begin.
                for part in manifest.parts {
                    _ = try LedgerImport(partition: part.partition, end: ledger.ends[part.partition] ?? 0).run(
                        frames: CountedFrames(export.frames(part.partition), work),
                        existing: try ledger.frames(part.partition, 0, .max),
                        append: { _ in }, fill: { _ in })
                }
                let writer = try LedgerTopicWriter(cluster.kafka, topic: cluster.names(.ledger)[0])
                for part in manifest.parts {
                    let number = part.partition
                    let counts = try LedgerImport(partition: number, end: ledger.ends[number] ?? 0).run(
                        frames: CountedFrames(export.frames(number), work),
                        existing: try ledger.frames(number, 0, .max),
                        append: { try writer.append($0, to: number) }, fill: { try writer.fill($0, of: number) })
                    try writer.flush()
                    print(counts.json(of: number))
                }
            } catch let failure as LedgerExport.Failure {
                throw fail("error: \(failure)", Exit.corruption)
            }
        }
    }
}

extension LedgerImport.Counts {
    /// `{"partition","existing","appended"}`, and `"filled"` if it is not 0.
    fileprivate func json(of partition: Int32) -> String {
        JSONWriter.object {
            $0.member("partition", partition)
            $0.member("existing", existing)
            $0.member("appended", appended)
            if filled > 0 { $0.member("filled", filled) }
        }
    }
}

struct LedgerUpgradeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upgrade",
        abstract: "Move a ledger to the newest fold version, and give it its name.",
        discussion: """
            A ledger of fold version 2, whose first entry names neither ledger nor version, goes on as it began until it is moved. \
            This appends `standing.ledger.upgraded` to every ledger partition that is not of the newest version yet. From that \
            entry on early events wait for their enrolment, a withdrawal is a fact of the score, a fact's source is \
            /standing/LEDGER/POLICY and its sequence number a string (version 3); times and costs have bounds (version 4); an \
            activation that was approved against another policy than the active one changes nothing (version 5). A ledger that \
            has a name keeps it. Nothing leads back.
            Update all members first: an older program folds a partition no further than to that entry. Members of this version may run meanwhile. It \
            moves no clock. Run again, it appends what is missing.

            Examples:
              standing ledger upgrade --brokers kafka:9092 --ledger town
            """)

    @OptionGroup var cluster: ClusterOptions
    @Option(help: Setting.help("ledger", otherwise: "none, and the command ends"))
    var ledger: String?
    @Option(help: "text or json.")
    var output = TableFormat.text

    func run() throws {
        var settings = try Settings(config: cluster.config)
        guard let ledger = try settings.ledgerName(flag: ledger) else {
            throw fail(
                "error: which name? give --ledger NAME, STANDING_LEDGER or ledger: in --config; a ledger keeps it",
                Exit.usage)
        }
        let cluster = try Cluster(self.cluster, &settings)
        let upgrade = LedgerUpgrade(try cluster.pipeline(policy: nil))
        let outcome: LedgerUpgrade.Outcome = try LedgerSource.reading {
            do {
                let progress = ReplayProgress()
                let line = ProgressLine(progress, unit: "frames")
                defer { line.finish() }
                return try upgrade.run(name: ledger, id: UUID().uuidString.lowercased(), progress: progress)
            } catch let refused as LedgerUpgrade.Refused {
                throw fail("error: \(refused)")
            }
        }
        switch output {
        case .text:
            print(
                "\(ledger) is of fold version \(outcome.foldVersion): \(outcome.upgraded.count) of "
                    + "\(outcome.partitions) partitions moved now")
        case .json: print(outcome.json(of: ledger))
        }
    }
}

struct LedgerSkipCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "skip",
        abstract: "Pass over a record of the ledger that no member can read or fold.",
        discussion: """
            Such a record, which something else than Standing has written or which is damaged, stops the fold of its partition; the \
            other partitions go on, and `/readyz` and the log name partition, offset and what is wrong. Restore the topic if the \
            record was a frame of Standing's: what it brought is lost by this command. It appends an entry behind the record, \
            `standing.ledger.skipped`, that every member and every replay follows alike. Of a record that can be read in part the \
            entries at fault are passed over, and the others count.
            A record with which nothing is wrong is refused. It folds the partition up to the record, moves no clock, and can be \
            run again.

            Examples:
              standing ledger skip 3 1200 --reason 'written by a broken tool'
            """)

    @OptionGroup var cluster: ClusterOptions
    @Argument(help: "The ledger partition.")
    var partition: Int32
    @Argument(help: "The record's offset.")
    var offset: Int64
    @Option(help: "Why, for whoever reads the ledger later: at most \(LedgerSkip.maximumReasonBytes) bytes.")
    var reason: String
    @Option(help: "text or json.")
    var output = TableFormat.text

    func validate() throws {
        guard (1...LedgerSkip.maximumReasonBytes).contains(reason.utf8.count) else {
            throw ValidationError("--reason: give 1 to \(LedgerSkip.maximumReasonBytes) bytes")
        }
        guard partition >= 0, offset >= 0 else { throw ValidationError("PARTITION and OFFSET are 0 or more") }
    }

    func run() throws {
        var settings = try Settings(config: cluster.config)
        let cluster = try Cluster(self.cluster, &settings)
        let skip = LedgerSkip(try cluster.pipeline(policy: nil))
        let outcome: LedgerSkip.Outcome = try LedgerSource.reading {
            do {
                let progress = ReplayProgress()
                let line = ProgressLine(progress)
                defer { line.finish() }
                return try skip.run(
                    partition: partition, offset: offset, reason: reason, id: UUID().uuidString.lowercased(),
                    progress: progress)
            } catch let refused as LedgerSkip.Refused {
                throw fail("error: \(refused)")
            }
        }
        let location = "ledger partition \(partition), offset \(offset)"
        switch output {
        case .text:
            print(outcome.defect.map { "\(location) is passed over: \($0)" } ?? "\(location) was passed over before")
        case .json:
            print(
                JSONWriter.object { writer in
                    writer.member("partition", partition)
                    writer.member("offset", offset)
                    if let defect = outcome.defect { writer.member("defect", defect) }
                    writer.member("appended", outcome.isNew)
                })
        }
    }
}

extension LedgerUpgrade.Outcome {
    /// `{"ledger","foldVersion","partitions","upgraded"}`. The last two are numbers of partitions.
    fileprivate func json(of ledger: String) -> String {
        JSONWriter.object {
            $0.member("ledger", ledger)
            $0.member("foldVersion", foldVersion)
            $0.member("partitions", partitions)
            $0.member("upgraded", upgraded.count)
        }
    }
}

extension LedgerExport {
    /// `{"partitions","frames"}`
    static func json(of parts: [Part]) -> String {
        JSONWriter.object {
            $0.member("partitions", parts.count)
            $0.member("frames", parts.map(\.frames).reduce(0, +))
        }
    }
}
