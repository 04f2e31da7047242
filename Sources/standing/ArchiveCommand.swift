import ArgumentParser
import Events
import Foundation
import Kafka
import Ledger
import Options
import Pipeline
import Terminal
import Topics

struct ArchiveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "archive",
        abstract: "Look at, check, heal or drop the local copy of the ledger.",
        discussion: """
            The archive is a cache: dropping it loses nothing but time.

            Examples:
              standing archive status --data /var/lib/standing
              standing archive verify --data /var/lib/standing
            """,
        subcommands: [
            ArchiveStatusCommand.self, ArchiveVerifyCommand.self, ArchiveRepairCommand.self, ArchiveDropCommand.self,
        ])
}

/// The partitions of a data folder.
struct DataOptions: ParsableArguments {
    @Option(help: Setting.help("data", otherwise: "none, and the command ends"), completion: .directory)
    var data: String?

    @Option(help: "Only this ledger partition. Default: all that are there.")
    var partition: Int32?

    /// Ends the command if there is no archive. `config`: the configuration file.
    func archives(config: String?) throws -> [Archive] {
        var settings = try Settings(config: config)
        return try archives(&settings)
    }

    func archives(_ settings: inout Settings) throws -> [Archive] {
        let local = try local(&settings)
        let partitions: [Int32]
        do {
            partitions = try ArchiveDirectory.partitions(under: local.archiveRoot)
        } catch {
            throw fail("error: \(error)")
        }
        let wanted = partitions.filter { partition == nil || partition == $0 }
        guard !wanted.isEmpty else { throw fail("\(local.archiveRoot): error: no archive of that partition or any") }
        return wanted.map { Archive(local.archive($0)) }
    }

    func local(_ settings: inout Settings) throws -> LocalData {
        guard let data = try settings.text("data", flag: data) else {
            throw fail("error: which folder? give --data DIR, STANDING_DATA or data: in --config", Exit.usage)
        }
        return LocalData(data)
    }
}

extension Archive.Status {
    static let columns: [TextTable.Column] = [
        .number("partition"), .number("segments"), .number("indexes"), .number("bytes"), .number("entries"),
        .number("first offset"), .number("next offset"), .number("torn"), .number("damaged"),
    ]

    var row: [String] {
        [
            "\(partition)", "\(segments)", "\(indexes)", "\(bytes)", "\(entries)", "\(firstOffset)", "\(nextOffset)",
            "\(torn.count)", "\(damages.count)",
        ]
    }

    var json: String {
        JSONWriter.object { writer in
            writer.member("partition", partition)
            writer.member("segments", segments)
            writer.member("indexes", indexes)
            writer.member("bytes", bytes)
            writer.member("frames", frames)
            writer.member("entries", entries)
            writer.member("firstOffset", firstOffset)
            writer.member("nextOffset", nextOffset)
            writer.member("torn", torn.count)
            writer.member("damages", damages.count)
        }
    }
}

/// Shows partitions and reports damage. Returns true if there is none.
private func show(_ archives: [Archive], _ output: TableFormat, _ look: (Archive) throws -> Archive.Status) throws
    -> Bool
{
    var table = TextTable(Archive.Status.columns)
    defer { if output == .text { print(table.take(), terminator: "") } }
    var isGood = true
    for archive in archives {
        let status: Archive.Status
        do {
            status = try look(archive)
            for path in try archive.directory.oddPaths() { printMessage("\(path): is no file, and is passed over") }
        } catch let error as FileError {
            throw fail("error: \(error)")
        }
        if output == .json { print(status.json) } else { table.add(status.row) }
        for torn in status.torn { printMessage("\(torn): cut off after a crash, kept aside") }
        for damage in status.damages { printMessage("\(damage)") }
        if !status.damages.isEmpty { isGood = false }
    }
    return isGood
}

extension Archive {
    /// The size of all segments, for commands that read them; 0 if they cannot be examined.
    fileprivate static func work(of archives: [Archive]) -> WorkCounter {
        let sizes = archives.map { try? $0.segmentBytes() }
        return WorkCounter(total: sizes.contains(nil) ? 0 : sizes.reduce(0) { $0 + ($1 ?? 0) })
    }
}

struct ArchiveStatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "How much there is, of each partition, without reading all of it.",
        discussion: """
            Examples:
              standing archive status --data /var/lib/standing
              standing archive status --data /var/lib/standing --partition 3 --output json
            """)

    @OptionGroup var data: DataOptions
    @OptionGroup var file: ConfigurationOptions
    @Option(help: "text or json.")
    var output = TableFormat.text

    func run() throws {
        _ = try show(data.archives(config: file.config), output) { try $0.status(rereading: .besideMember) }
    }
}

struct ArchiveVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Read every record and hold every checksum against it. Exit 3 where something is damaged.",
        discussion: """
            A member may run meanwhile: what looks torn at the end is read again for a second before it is damage. What the frames \
            say is held against topic and checkpoints by `standing verify`.

            Examples:
              standing archive verify --data /var/lib/standing
            """)

    @OptionGroup var data: DataOptions
    @OptionGroup var file: ConfigurationOptions
    @Option(help: "text or json.")
    var output = TableFormat.text

    func run() throws {
        let archives = try data.archives(config: file.config)
        let work = Archive.work(of: archives)
        let line = ProgressLine("segments", work)
        defer { line.finish() }
        let isGood = try show(archives, output) { archive in
            try archive.verify(rereading: .besideMember) { work.add($0, count: 1) }
        }
        if !isGood { throw Exit.corruption }
    }
}

struct ArchiveRepairCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Fetch what is damaged from the topic again. Exit 3, and nothing is changed, where it is gone.",
        discussion: """
            No other process may have the archive meanwhile. `standing serve` does the same at its start.

            Examples:
              standing archive repair --data /var/lib/standing --brokers kafka:9092
            """)

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var data: DataOptions
    @Option(help: "text or json, a line a partition.")
    var output = TableFormat.text

    func run() throws {
        var settings = try Settings(config: cluster.config)
        let cluster = try Cluster(self.cluster, &settings)
        let ledger = cluster.names(.ledger)[0]
        let archives = try data.archives(&settings)
        let work = Archive.work(of: archives)
        let line = ProgressLine("segments", work)
        defer { line.finish() }
        for archive in archives {
            let partition = archive.directory.partition
            do {
                let fetched = try archive.repair {
                    work.add($0, count: 1)
                } fetch: { range in
                    try LedgerTopicFrames(
                        cluster.kafka, topic: ledger, partition: partition, from: range.lowerBound,
                        until: range.upperBound)
                }
                report(fetched, of: partition)
            } catch let lost as Archive.Lost {
                throw fail("partition \(partition): error: \(lost)", Exit.corruption)
            } catch let error as PipelineError {
                throw fail("partition \(partition): error: \(error)", Exit.corruption)
            } catch let error as ArchiveInUse {
                throw fail("error: \(error)")
            } catch let error as FileError {
                throw fail("error: \(error)")
            } catch let error as KafkaError {
                throw fail("error: \(error)")
            }
        }
    }
}

extension ArchiveRepairCommand {
    /// JSON: `{"partition","fetched":[{"from","to"}]}`. `from` and `to` are the first and the last fetched offset.
    private func report(_ fetched: [Range<Int64>], of partition: Int32) {
        guard output == .text else {
            return print(
                JSONWriter.object { writer in
                    writer.member("partition", partition)
                    writer.list("fetched", fetched) { writer, range in
                        writer.open()
                        writer.member("from", range.lowerBound)
                        writer.member("to", range.upperBound - 1)
                        writer.close()
                    }
                })
        }
        for range in fetched {
            print("partition \(partition): offsets \(range.lowerBound)...\(range.upperBound - 1) fetched")
        }
        print("partition \(partition): whole")
    }
}

struct ArchiveDropCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop", abstract: "Remove the archive and the snapshots of partitions; they are made again.",
        discussion: """
            Examples:
              standing archive drop --data /var/lib/standing --partition 3
            """)

    @OptionGroup var data: DataOptions
    @OptionGroup var file: ConfigurationOptions
    @Option(help: "text or json, a line a partition.")
    var output = TableFormat.text

    func run() throws {
        var settings = try Settings(config: file.config)
        let local = try data.local(&settings)
        for archive in try data.archives(&settings) {
            do {
                let files = try archive.drop()
                try local.snapshots(archive.directory.partition).drop()
                let partition = archive.directory.partition
                print(
                    output == .text
                        ? "partition \(partition): \(files) files removed"
                        : JSONWriter.object {
                            $0.member("partition", partition)
                            $0.member("files", files)
                        })
            } catch let error as ArchiveInUse {
                throw fail("error: \(error)")
            } catch let error as FileError {
                throw fail("error: \(error)")
            }
        }
    }
}
