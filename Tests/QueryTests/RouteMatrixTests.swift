import Access
import Audit
import Foundation
import HTTP
import Kafka
import Logging
import Pipeline
import Testing

@testable import Query

/// Every route of a member, as its declaration says: those of the query room, of acts and proposals, of the audit and of sessions. The
/// pipeline is not started, and the audit takes no record, so that what is allowed is answered with "not now" and nothing is done.
final class RouteMatrixTests {
    private struct FullAudit: AuditLog {
        struct Full: Error {}

        func append(_: AuditRecord) async throws { throw Full() }
    }

    private let broker: EmbeddedBroker
    private let acts: ControlActs
    private let writer: AuditWriter
    private let index: AuditIndex
    private let makeTable: (AccessRule) -> RouteTable
    private let table: RouteTable
    let matrix: RouteMatrix

    init() async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        broker = try EmbeddedBroker()
        for name in ["control", "audit"] { try broker.createTopic(name, partitions: 1) }
        let kafka = KafkaConfiguration(brokers: broker.bootstrap, fetchWaitMilliseconds: 10)
        let topics = PipelineConfiguration.Topics(
            control: "control", sources: ["behaviour"], ledger: "ledger", deadLetter: "dead", facts: [])
        let service = PipelineService(PipelineConfiguration(kafka: kafka, topics: topics), logger: logger)
        acts = try ControlActs(service, kafka: kafka, signer: nil, logger: logger)
        writer = try AuditWriter(kafka, topic: "audit", member: "test", logger: logger)
        index = AuditIndex(writer: writer)
        let desk = ControlDesk(acts, audit: FullAudit(), fourEyes: nil, logger: logger)
        let access = try await AccessConfiguration().open(logger: logger)
        let more = Route.session(access) + desk.routes + AuditRoutes(kafka, topic: "audit", index: index).routes
        makeTable = { rule in
            let server = QueryServer(
                service: service, metrics: PrometheusMetrics(), address: HTTPAddress(host: "127.0.0.1", port: 0),
                announcement: .nothing, options: RouteTable.Options(access: rule), more: more, desk: desk,
                logger: logger)
            return server.table
        }
        table = makeTable(.gate(RouteMatrix.RoleGate()))
        matrix = RouteMatrix(table: table)
    }

    deinit {
        acts.close()
        index.close()
        writer.close()
        withExtendedLifetime(broker) {}
    }

    @Test func everyRoleIsAnsweredAsItsPermissionsSay() async throws { try await matrix.checkRoles() }

    @Test func whatMembersAskEachOtherIsForMembers() async throws { try await matrix.checkMembers() }

    @Test func noBadTokenOpensARoute() async throws {
        let issuer = TokenIssuer(subject: RouteMatrix.subject)
        let access = try await issuer.access()
        try await RouteMatrix(table: makeTable(.gate(access.gate))).checkTokens(issuer)
    }

    @Test func aSubjectSeesItselfAndOthersSeeItForAPurpose() async throws { try await matrix.checkSubjects() }

    @Test func everyParameterHasItsLimits() async throws { try await matrix.checkParameters() }

    @Test func noOtherParameterIsTaken() async throws { try await matrix.checkStrangeParameters() }

    @Test func noOtherMethodIsTaken() async throws { try await matrix.checkMethods() }

    @Test func theDocumentHasEveryRoute() throws {
        let document = try #require(table.routes.last)
        #expect(document.path == "/openapi.json")
        let paths = Set(table.routes.map(\.path))
        #expect(
            paths.isSuperset(of: [
                "/livez", "/readyz", "/metrics", "/shadow", "/events", "/policies", "/policies/{name}/{version}",
                "/sources", "/dead-letters", "/dead-letters/{partition}/{offset}", "/ledger",
                "/ledger/{partition}/entries", "/subjects/{id}/entries", "/audit", "/session", "/proposals",
                "/subjects/{id}/enrolment",
            ]))
    }
}
