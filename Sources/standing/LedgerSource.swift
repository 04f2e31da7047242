import ArgumentParser
import Foundation
import Kafka
import Ledger
import Options
import Pipeline
import Replay
import Terminal
import Topics

/// The source of a command's ledger: the local archive, an export, or the topic.
struct LedgerSourceOptions: ParsableArguments {
    @Option(
        help: "The data folder of `standing serve`, or the folder of `standing ledger export`.", completion: .directory)
    var archive: String?

    @Flag(help: "Read the ledger topic itself (--brokers and its like).")
    var topic = false

    @OptionGroup var cluster: ClusterOptions

    var isGiven: Bool { archive != nil || topic }

    func validate() throws {
        guard archive != nil, let flag = cluster.givenFlag else { return }
        throw ValidationError("\(flag) has no effect: --archive reads a folder, and no cluster")
    }

    func open() throws -> LedgerSource {
        var settings = try Settings(config: cluster.config)
        if let archive {
            return try LedgerSource(archive: archive, of: try Cluster.ledgerTopic(cluster, &settings))
        }
        return try LedgerSource(topicOf: try Cluster(cluster, &settings))
    }
}

/// A readable ledger. Members may write it meanwhile.
struct LedgerSource {
    let partitions: [Int32]
    let frames: LedgerReplay.Source
    /// The topic's ends by partition when it was opened; empty for a folder.
    let ends: [Int32: Int64]
    /// The sum of the offsets that are known now.
    let total: Int64
    /// The folder of partitions; nil if the source is a topic.
    let root: String?
    /// Of the whole ledger; nil for an archive, which does not have the number.
    let partitionCount: Int?
    /// The name of the ledger topic.
    let topic: String

    /// `topic`: the ledger topic of the archive. An export has its own.
    init(archive path: String, of topic: String) throws {
        let data = LocalData(path)
        let isData = FileManager.default.fileExists(atPath: data.archiveRoot)
        let root = isData ? data.archiveRoot : path
        do {
            let manifest = isData ? nil : try LedgerExport(path).manifest()
            partitions = try ArchiveDirectory.partitions(under: root)
            guard !partitions.isEmpty else { throw fail("\(root): error: no archive") }
            partitionCount = manifest?.parts.count
            self.topic = manifest?.ledger ?? topic
            total = try partitions.reduce(0) { sum, partition in
                let archive = Archive(ArchiveDirectory(root: root, partition: partition))
                return sum + (try archive.status(rereading: .besideMember).nextOffset)
            }
        } catch let failure as LedgerExport.Failure {
            throw fail("error: \(failure)")
        } catch let error as FileError {
            throw fail("error: \(error)")
        }
        self.root = root
        ends = [:]
        frames = { partition, start, end in
            ArchiveFrames(
                ArchiveDirectory(root: root, partition: partition), from: start, until: end, rereading: .besideMember)
        }
    }

    init(topicOf cluster: Cluster) throws {
        let (kafka, ledger) = (cluster.kafka, cluster.names(.ledger)[0])
        let ends: [Int32: Int64]
        do {
            let admin = try Admin(kafka)
            guard let count = try admin.topic(ledger)?.partitions else {
                throw fail("error: \(ledger): no such topic on \(kafka.brokers)")
            }
            let topicPartitions = (0..<Int32(count)).map { TopicPartition(ledger, $0) }
            ends = Dictionary(
                uniqueKeysWithValues: try admin.ends(of: topicPartitions).map { ($0.key.partition, $0.value) })
        } catch let error as KafkaError {
            throw fail("error: \(kafka.brokers): \(error)")
        }
        self.ends = ends
        partitions = ends.keys.sorted()
        partitionCount = partitions.count
        total = ends.values.reduce(0, +)
        root = nil
        topic = ledger
        // Reading ends at the ends at the start. Later records are not part of it.
        frames = { partition, start, end in
            try LedgerTopicFrames(
                kafka, topic: ledger, partition: partition, from: start, until: min(end, ends[partition] ?? 0))
        }
    }

    /// The partition of a subject's events, among these; nil if it is unknown.
    func partition(of subject: [UInt8]) -> Int32? {
        partitionCount.map { count in Int32(subject.withUnsafeBytes { Murmur2.partition(of: $0, count: count) }) }
    }

    /// A subject's entries, from the folder's indexes; nil if there are no indexes, or the subject has no entry.
    func entries(of subject: [UInt8], until end: Int64) throws -> SubjectEntries? {
        guard let root else { return nil }
        let wanted = partition(of: subject).map { [$0] } ?? partitions
        for partition in wanted {
            let history = SubjectHistory(ArchiveDirectory(root: root, partition: partition))
            let entries = try Rereading.besideMember.run { try SubjectEntries(of: subject, in: history, until: end) }
            if entries.isOfSubject { return entries }
        }
        return nil
    }

    /// Runs work that reads the source, and ends the command with an exit code for each error.
    static func reading<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let damage as ArchiveDamage {
            throw fail("error: \(damage); `standing archive repair` fetches it from the topic", Exit.corruption)
        } catch let problem as PartitionFold.Problem {
            throw fail("error: \(problem)", Exit.corruption)
        } catch let error as PipelineError {
            throw fail("error: \(error)", error.isCorruption ? Exit.corruption : Exit.failed)
        } catch let error as KafkaError {
            throw fail("error: \(error)")
        } catch let error as FileError {
            throw fail("error: \(error)")
        } catch let error as SubjectEntries.TooMany {
            throw fail("error: \(error)", Exit.limitExceeded)
        }
    }
}
