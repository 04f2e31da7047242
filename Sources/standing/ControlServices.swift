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

/// What `standing serve` needs for the acts of people: the audit, what is known of it, and the desk that does the acts.
struct ControlServices {
    /// Clients of the cluster that it has at most: two producers, three consumers, one that asks.
    static let clients = 6

    let audit: AuditWriter
    let index: AuditIndex
    /// The routes of acts, of proposals and of the audit.
    let routes: [Route]
    let desk: ControlDesk
    private let acts: ControlActs

    /// Nil, with a warning, where the topic files have no topic for the audit: what cannot be recorded is not done.
    init?(
        _ service: PipelineService, _ cluster: Cluster, signer: ControlSigner?, fourEyes: Set<String>, member: String,
        _ logger: Logger
    ) throws {
        guard let topic = cluster.names(.audit).first else {
            logger.warning("no topic for the audit: nobody's file is shown and nothing is changed over HTTP")
            return nil
        }
        do {
            audit = try AuditWriter(cluster.kafka, topic: topic, member: member, logger: logger)
            acts = try ControlActs(service, kafka: cluster.kafka, signer: signer, logger: logger)
        } catch let error as KafkaError {
            throw fail("error: \(error)")
        }
        index = AuditIndex(writer: audit)
        index.follow(cluster.kafka, topic: topic, logger: logger)
        desk = ControlDesk(
            acts, audit: audit,
            fourEyes: fourEyes.isEmpty ? nil : FourEyes(acts: fourEyes, writer: audit, index: index), logger: logger)
        routes = desk.routes + AuditRoutes(cluster.kafka, topic: topic, index: index).routes
    }

    /// Waits for what is being recorded, within a time.
    func close() {
        acts.close()
        index.close()
        audit.close()
    }
}
