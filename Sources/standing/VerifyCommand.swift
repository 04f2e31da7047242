import ArgumentParser
internal import Events
import Foundation
import Kafka
import Ledger
import Options
import Pipeline
import Terminal
import Topics

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Prove that archive, topic and signed checkpoints agree, or say from which offset they do not.",
        discussion: """
            Walks the ledger topic, with --data the archive beside it, and holds the chain over the frames against the \
            checkpoints that trusted keys have signed. An archive that is behind is no finding. Members may run meanwhile: what does \
            not agree is read again for a second before it is a finding. Prints a JSON line a partition. Exit 3 where something \
            does not agree.

            Examples:
              standing verify --brokers kafka:9092 --trusted-keys members.pub
              standing verify --brokers kafka:9092 --data /var/lib/standing
            """)

    @OptionGroup var cluster: ClusterOptions
    @Option(
        help: Setting.help("data", otherwise: "none, and only topic and checkpoints are read"), completion: .directory)
    var data: String?
    @OptionGroup var keys: KeyOptions

    func run() throws {
        var settings = try Settings(config: cluster.config)
        let cluster = try Cluster(self.cluster, &settings)
        let keyring = try keys.keyring(&settings)
        let data = try settings.text("data", flag: data).map { LocalData($0) }
        let (kafka, topic) = (cluster.kafka, cluster.names(.ledger)[0])
        let ledger = try LedgerSource(topicOf: cluster)
        let work = WorkCounter(total: ledger.total)
        let line = ProgressLine("frames", work)
        defer { line.finish() }
        let checkpoints = try readCheckpoints(cluster)
        if keyring.trustedKeys.isEmpty, !checkpoints.isEmpty {
            printMessage("\(checkpoints.count) checkpoints are left out: no key is trusted (--trusted-keys FILE)")
        }
        var isProved = true
        for partition in ledger.partitions {
            let report = try LedgerSource.reading {
                var sources: [LedgerVerification.Source] = []
                if let archive = data.map({ $0.archive(partition) }) {
                    sources.append(
                        .init("the archive", mayEndEarly: true) { start in
                            ArchiveFrames(archive, from: start, rereading: .besideMember)
                        })
                }
                sources.append(
                    .init("the topic") { start in
                        CountedFrames(
                            try LedgerTopicFrames(kafka, topic: topic, partition: partition, from: start), from: start,
                            work)
                    })
                return try LedgerVerification(rereading: .besideMember).run(
                    partition: partition, sources: sources,
                    checkpoints: keyring.trustedKeys.isEmpty ? [] : checkpoints, keyring: keyring)
            }
            print(report.json)
            for finding in report.findings { printMessage("error: \(finding)") }
            if !report.findings.isEmpty { isProved = false }
        }
        if !isProved { throw Exit.corruption }
    }

    private func readCheckpoints(_ cluster: Cluster) throws -> [SignedCheckpoint] {
        guard let topic = cluster.names(.checkpoints).first else { return [] }
        do {
            return try CheckpointTopic.all(cluster.kafka, topic: topic) { topicPartition, offset in
                printMessage("\(topicPartition), offset \(offset): no checkpoint")
            }
        } catch let error as KafkaError {
            throw fail("error: \(error)")
        }
    }
}

extension LedgerVerification.Report {
    /// `{"partition","frames","nextOffset","chainHead","checkpoints","beyond","findings"}`
    var json: String {
        JSONWriter.object { writer in
            writer.member("partition", partition)
            writer.member("frames", frames)
            writer.member("nextOffset", nextOffset)
            writer.member("chainHead", Hex.text(chainHead))
            writer.member("checkpoints", checkpoints)
            writer.member("beyond", beyond)
            writer.member("findings", findings.count)
        }
    }
}
