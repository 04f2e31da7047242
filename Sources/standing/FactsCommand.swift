import ArgumentParser
import Downstream
import Events
import Foundation
import Kafka
import Ledger
import Options
import Pipeline
import Replay
import Scoring
import Synchronization
import Terminal
import Topics

struct FactsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "facts", abstract: "Help those who consume the facts.",
        discussion: """
            Examples:
              standing facts bootstrap --data /var/lib/standing --brokers kafka:9092
            """,
        subcommands: [FactsBootstrapCommand.self])
}

struct FactsBootstrapCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bootstrap",
        abstract: "Print all standings, and where in the fact topics a new consumer goes on from them.",
        discussion: """
            A new consumer need not read the facts from the first one on. Prints JSON lines: first, of each fact topic and \
            partition, {"topic","partition","offset","sequence"}, then a line a subject as `standing replay` prints it. A consumer \
            takes the standings, reads each partition from the Kafka offset, and accepts `sequence` first and then exactly the \
            next one; it ignores every other record. The facts that led to the standings are exactly those below `sequence`. From \
            the offset on there can be some of these too: they are repeats.
            --data is the data folder of `standing serve`, or the folder of `standing ledger export`, with every ledger partition. \
            Each is folded from its newest good snapshot there, or from its archive's beginning, to its archive's end. A member may run meanwhile; nothing is changed in its folder. Damage ends the command with exit 3; \
            nothing is printed as if it were whole.
            --perks and --blacklist make the database of `standing perks` and `standing blacklist`, which then goes on from there. \
            They fold the whole archive, because a database keeps what the facts said.

            Examples:
              standing facts bootstrap --data /var/lib/standing --output standings.jsonl
              standing facts bootstrap --data /var/lib/standing --perks perks.sqlite
            """)

    @OptionGroup var cluster: ClusterOptions

    @Option(help: Setting.help("data", otherwise: "none, and the command ends"), completion: .directory)
    var data: String?

    @Option(help: "Where to write the lines; - is standard output.", completion: .file())
    var output: String = "-"

    @Option(
        help: "Also make this database for `standing perks`; the file must not be there.",
        completion: .file(extensions: ["sqlite"]))
    var perks: String?

    @Option(
        help: "Also make this database for `standing blacklist`; the file must not be there.",
        completion: .file(extensions: ["sqlite"]))
    var blacklist: String?

    @Option(help: "Partitions folded at a time. Default: the number of cores.")
    var threads: Int?

    func validate() throws {
        if let threads, threads < 1 { throw ValidationError("--threads: at least 1") }
    }

    func run() throws {
        try OutputFile.requireDistinct(
            [("--perks", perks), ("--blacklist", blacklist), ("--output", output)], from: [("--config", cluster.config)]
        )
        var settings = try Settings(config: cluster.config)
        let cluster = try Cluster(self.cluster, &settings)
        guard let data = try settings.text("data", flag: data) else {
            throw fail("error: which folder? give --data DIR, STANDING_DATA or data: in --config", Exit.usage)
        }
        let configuration = try cluster.pipeline(policy: nil)
        let ledger = try LedgerCopy(data, of: cluster)
        var databases: [FactTopic: DatabaseBuilder] = [:]
        do {
            if let perks { databases[.perks] = try builder(.perks, perks, configuration) }
            if let blacklist { databases[.sanctions] = try builder(.blacklist, blacklist, configuration) }
            try run(ledger, configuration, databases)
        } catch {
            for database in databases.values { database.abandon() }
            throw error
        }
    }

    private func run(
        _ ledger: LedgerCopy, _ configuration: PipelineConfiguration, _ databases: [FactTopic: DatabaseBuilder]
    ) throws {
        let out = try OutputFile(output)
        let (results, standings) = try fold(ledger, databases)
        let folded = Set(results.filter { $0.nextOffset > 0 }.map(\.partition))
        try ledger.check { folded.contains($0) }
        let starts = try starts(after: results, in: ledger, configuration)
        for (topic, database) in databases {
            let name = configuration.topics.facts[topic.rawValue]
            try writing {
                try database.finish(
                    at: starts.filter { $0.topicPartition.topic == name }.map {
                        (partition: $0.topicPartition.partition, offset: $0.offset, sequence: $0.sequence)
                    })
            }
        }
        // If one database cannot be moved, those that are moved are moved back.
        for database in databases.values { try writing { try database.move() } }
        for start in starts { try Array(start.json.utf8).withUnsafeBytes { try out.write(line: $0) } }
        var writer = standings
        try writer.write { try out.write($0) }
        try out.close()
    }

    private func fold(
        _ ledger: LedgerCopy, _ databases: [FactTopic: DatabaseBuilder]
    ) throws -> (results: [LedgerReplay.Result], standings: StandingsWriter) {
        var replay = LedgerReplay()
        replay.computesDigests = false
        if let threads { replay.threads = threads }
        if databases.isEmpty {
            replay.restore = ledger.restore
        } else {
            replay.fact = { partition, topic, fact in try databases[topic]?.add(fact, partition: partition) }
        }
        let progress = ReplayProgress(total: databases.isEmpty ? ledger.behindSnapshots : ledger.total)
        let bar = ProgressLine(progress)
        defer { bar.finish() }
        let standings = Mutex(StandingsWriter())
        let results = try LedgerSource.reading {
            do {
                return try writing {
                    try replay.run(partitions: ledger.partitions, source: ledger.frames, progress: progress) { fold in
                        standings.withLock { $0.add(fold.fold) }
                    }
                }
            } catch let problem as PartitionFold.Problem {
                throw fail(
                    "error: \(problem); restore the topic and fetch the archive again, or pass the record over: "
                        + "`standing ledger skip \(problem.partition) \(problem.offset) --reason TEXT`", Exit.corruption
                )
            }
        }
        return (results, standings.withLock { $0 })
    }

    private func starts(
        after results: [LedgerReplay.Result], in ledger: LedgerCopy, _ configuration: PipelineConfiguration
    ) throws -> [FactStart] {
        let sequences = Dictionary(uniqueKeysWithValues: results.map { ($0.partition, $0.sequences) })
        return try LedgerSource.reading {
            do {
                return try FactStarts(configuration).find(after: sequences)
            } catch let gone as FactStarts.Gone {
                throw fail(
                    "error: \(ledger.root) ends too early: \(gone); let its member catch up (`standing serve --data`), or give --data a "
                        + "folder that goes further")
            }
        }
    }

    // MARK: Databases

    private func builder(
        _ kind: DownstreamService.Kind, _ path: String, _ configuration: PipelineConfiguration
    ) throws -> DatabaseBuilder {
        let topic: FactTopic = kind == .perks ? .perks : .sanctions
        return try writing { try DatabaseBuilder(kind, path: path, topic: configuration.topics.facts[topic.rawValue]) }
    }

    /// Runs work that writes databases, and ends the command with an exit code for each error.
    private func writing<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as DatabaseBuilder.Failure {
            let option = "--\(error.kind.rawValue)"
            throw fail("error: \(option) \(error.description.replacing("--database", with: option))")
        } catch let error as DatabaseBuilder.Unusable {
            throw fail("error: facts of \(error)", Exit.corruption)
        }
    }
}

extension FactStart {
    /// `{"topic","partition","offset","sequence"}`
    fileprivate var json: String {
        JSONWriter.object {
            $0.member("topic", topicPartition.topic)
            $0.member("partition", topicPartition.partition)
            $0.member("offset", offset)
            $0.member("sequence", sequence)
        }
    }
}

/// A folder with a copy of every partition of a ledger: segments, and snapshots if it is a member's folder.
private struct LedgerCopy {
    let partitions: [Int32]
    let frames: LedgerReplay.Source
    /// The sum of the archives' offsets.
    private(set) var total: Int64 = 0
    /// The number of them after the newest snapshots.
    private(set) var behindSnapshots: Int64 = 0
    private let data: LocalData
    let root: String
    private let topic: String
    /// The ends of the topic's partitions.
    private let ends: [Int32: Int64]

    /// Ends the command if a partition of the topic is missing, or the copy is not of this topic.
    init(_ path: String, of cluster: Cluster) throws {
        let data = LocalData(path)
        let hasArchives = FileManager.default.fileExists(atPath: data.archiveRoot)
        let root = hasArchives ? data.archiveRoot : path
        self.data = data
        frames = { partition, start, end in
            ArchiveFrames(
                ArchiveDirectory(root: root, partition: partition), from: start, until: end, rereading: .besideMember)
        }
        guard FileManager.default.fileExists(atPath: root) else {
            throw fail("\(path): error: no such folder; give --data the folder that `standing serve --data` writes")
        }
        let topic = cluster.names(.ledger)[0]
        var copied: [Int32: Int64] = [:]
        var found: Set<Int32> = []
        do {
            for partition in try ArchiveDirectory.partitions(under: root) {
                let archive = ArchiveDirectory(root: root, partition: partition)
                let status = try Archive(archive).status(rereading: .besideMember)
                let snapshotEnd = try data.snapshots(partition).offsets().last ?? 0
                // A damaged partition counts as found. Its damage is reported by the reader.
                if status.segments > 0 || snapshotEnd > 0 { found.insert(partition) }
                copied[partition] = max(status.nextOffset, snapshotEnd)
                total += status.nextOffset
                behindSnapshots += max(0, status.nextOffset - snapshotEnd)
            }
        } catch let error as FileError {
            throw fail("error: \(error)")
        } catch let damage as ArchiveDamage {
            throw fail("error: \(damage); `standing archive repair` fetches it from the topic", Exit.corruption)
        }
        // Read after the copies, which grow meanwhile.
        let ends = try Self.ends(of: topic, cluster)
        partitions = ends.keys.sorted()
        guard ends.values.contains(where: { $0 > 0 }) else {
            throw fail("error: the ledger is empty: `standing serve --policy FILE` begins it")
        }
        if let alien = copied.keys.sorted().first(where: { copied[$0]! > ends[$0] ?? 0 }) {
            throw fail(
                "\(root): error: it has ledger partition \(alien) up to offset \(copied[alien]!), and \(topic)[\(alien)] ends at "
                    + "\(ends[alien] ?? 0): give --data the folder of this ledger's member")
        }
        self.ends = ends
        (self.root, self.topic) = (root, topic)
        try check { found.contains($0) }
        try checkBeginnings(cluster)
    }

    /// Ends the command if a partition's first frame in the folder differs from that in the topic. Damaged or missing
    /// frames are reported by the reader.
    private func checkBeginnings(_ cluster: Cluster) throws {
        try LedgerSource.reading {
            for partition in partitions where ends[partition]! > 0 {
                guard let first = try LedgerFirstFrame(cluster.kafka, topic: topic, partition: partition),
                    first.isIn(ArchiveDirectory(root: root, partition: partition), rereading: .besideMember) == false
                else { continue }
                throw fail(
                    "\(root): error: it is another ledger's: what it has of partition \(partition) at offset \(first.offset) is not "
                        + "what \(topic)[\(partition)] has there: give --data the folder of this ledger's member")
            }
        }
    }

    /// Ends the command if a partition with records in the topic is not in the folder.
    func check(_ isFound: (_ partition: Int32) -> Bool) throws {
        let missing = partitions.filter { ends[$0]! > 0 && !isFound($0) }
        guard missing.isEmpty else {
            throw fail(
                "\(root): error: nothing of ledger partition \(missing.map(String.init).joined(separator: ", ")) of \(topic): "
                    + "give --data the folder of a member that has every partition (`standing serve --standby`), or of "
                    + "`standing ledger export --topic`")
        }
    }

    private static func ends(of topic: String, _ cluster: Cluster) throws -> [Int32: Int64] {
        do {
            let admin = try Admin(cluster.kafka)
            guard let count = try admin.topic(topic)?.partitions else {
                throw fail("error: \(topic): no such topic on \(cluster.kafka.brokers)")
            }
            let ends = try admin.ends(of: (0..<Int32(count)).map { TopicPartition(topic, $0) })
            return Dictionary(uniqueKeysWithValues: ends.map { ($0.key.partition, $0.value) })
        } catch let error as KafkaError {
            throw fail("error: \(error)")
        }
    }

    /// The state of a partition's newest good snapshot. Defects of other snapshots are printed.
    var restore: @Sendable (Int32, @escaping PartitionFold.History) throws -> PartitionFold? {
        { [data] partition, history in
            try data.restoredBesideMember(partition, history: history) { rejected in
                printMessage(
                    "\(rejected.path): passed over (\(rejected.reason)); `standing serve` throws it away at its next start"
                )
            }
        }
    }
}
