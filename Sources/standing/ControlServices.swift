import Audit
import Foundation
import HTTP
import Kafka
import Ledger
import Logging
import Options
import Pipeline
import Query
import Terminal
import Topics

/// The parts of `standing serve` for the acts of people: the audit, its reader, and the desk that executes the acts.
struct ControlServices {
    /// The greatest number of its clients of the cluster: three producers, three consumers, one admin client.
    static let clients = 7

    let audit: AuditWriter
    let index: AuditIndex
    /// The routes of acts, of proposals and of the audit.
    let routes: [Route]
    let desk: ControlDesk
    private let acts: ControlActs
    /// Nil if this member signs nothing.
    private let heads: AuditHeadPublisher?

    /// Nil, with a warning, if the topic files have no topic for the audit, because acts that cannot be recorded are
    /// not allowed.
    init?(
        _ service: PipelineService, _ cluster: Cluster, signer: ControlSigner?, fourEyes: Set<String>, member: String,
        _ logger: Logger
    ) throws {
        guard let topic = cluster.names(.audit).first else {
            logger.warning("no topic for the audit: nobody's file is shown and nothing is changed over HTTP")
            return nil
        }
        let checkpoints = service.configuration.checkpoints
        let keyring = checkpoints?.keyring
        do {
            audit = try AuditWriter(
                cluster.kafka, topic: topic, member: member, keyring: keyring, logger: logger)
            acts = try ControlActs(service, kafka: cluster.kafka, signer: signer, logger: logger)
        } catch let error as KafkaError {
            throw fail("error: \(error)")
        }
        heads = checkpoints.flatMap { [audit] checkpoints in
            checkpoints.keyring.signingKey == nil
                ? nil
                : AuditHeadPublisher(
                    cluster.kafka, topic: checkpoints.topic, writer: audit, keyring: checkpoints.keyring,
                    logger: logger)
        }
        index = AuditIndex(writer: audit, keyring: fourEyes.isEmpty ? nil : keyring)
        index.follow(cluster.kafka, topic: topic, logger: logger)
        desk = ControlDesk(
            acts, audit: audit,
            fourEyes: fourEyes.isEmpty ? nil : FourEyes(acts: fourEyes, writer: audit, index: index), index: index,
            logger: logger)
        routes = desk.routes + AuditRoutes(cluster.kafka, topic: topic, index: index).routes
    }

    /// Waits until open records are written, within a time limit.
    func close() {
        acts.close()
        index.close()
        heads?.close()
        audit.close()
    }
}
