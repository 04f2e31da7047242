import ArgumentParser
import Foundation
import Kafka
import Ledger
import Pipeline
import Topics

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Prove that archive, topic and signed checkpoints agree, or say from which offset they do not.",
        discussion: """
            Walks the ledger topic, with --data the archive beside it, and holds the chain over the frames against the \
            checkpoints that trusted keys have signed. An archive that is behind is no finding. Prints a JSON line a partition. \
            Exit 3 where something does not agree.
            """)

    @OptionGroup var cluster: ClusterOptions
    @Option(help: "The data folder of `standing serve`; default: only topic and checkpoints.")
    var data: String?
    @OptionGroup var keys: KeyOptions

    func run() throws {
        var settings = try Settings(config: cluster.config)
        let cluster = try Cluster(self.cluster, &settings)
        let keyring = try keys.keyring(&settings)
        let ledger = try LedgerSource(topicOf: cluster)
        let checkpoints = try readCheckpoints(cluster)
        if keyring.trustedKeys.isEmpty, !checkpoints.isEmpty {
            say("\(checkpoints.count) checkpoints are left out: no key is trusted (--trusted-keys FILE)")
        }
        var isProved = true
        for partition in ledger.partitions {
            let report = try LedgerSource.reading {
                var sources: [(name: String, frames: any FrameSource, mayEndEarly: Bool)] = []
                if let data {
                    sources.append(("the archive", ArchiveFrames(LocalData(data).archive(partition)), true))
                }
                sources.append(("the topic", try ledger.frames(partition, 0, .max), false))
                return try LedgerVerification().run(
                    partition: partition, sources: sources,
                    checkpoints: keyring.trustedKeys.isEmpty ? [] : checkpoints, keyring: keyring)
            }
            print(report.json)
            for finding in report.findings { say("error: \(finding)") }
            if !report.findings.isEmpty { isProved = false }
        }
        if !isProved { throw Exit.corruption }
    }

    private func readCheckpoints(_ cluster: Cluster) throws -> [SignedCheckpoint] {
        guard let topic = cluster.names(.checkpoints).first else { return [] }
        do {
            return try CheckpointTopic.all(cluster.kafka, topic: topic) { place, offset in
                say("\(place), offset \(offset): no checkpoint")
            }
        } catch let error as KafkaError {
            throw fail("error: \(error)")
        }
    }
}

extension LedgerVerification.Report {
    /// `{"partition","frames","nextOffset","chainHead","checkpoints","beyond","findings"}`
    var json: String {
        let head = chainHead.map { String(format: "%02x", $0) }.joined()
        return
            "{\"partition\":\(partition),\"frames\":\(frames),\"nextOffset\":\(nextOffset),\"chainHead\":\"\(head)\","
            + "\"checkpoints\":\(checkpoints),\"beyond\":\(beyond),\"findings\":\(findings.count)}"
    }
}
