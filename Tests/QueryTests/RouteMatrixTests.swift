import Access
import Foundation
import HTTP
import Kafka
import Logging
import Pipeline
import Testing

@testable import Query

/// Every route of a member, as its declaration says. The member has no broker, so that what is allowed is answered with "not now".
struct RouteMatrixTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static func server(_ access: AccessRule = .gate(RouteMatrix.RoleGate())) -> QueryServer {
        let topics = PipelineConfiguration.Topics(
            control: "control", sources: ["behaviour"], ledger: "ledger", deadLetter: "dead", facts: [])
        let service = PipelineService(
            PipelineConfiguration(kafka: KafkaConfiguration(brokers: "127.0.0.1:1"), topics: topics), logger: logger)
        return QueryServer(
            service: service, metrics: PrometheusMetrics(), address: HTTPAddress(host: "127.0.0.1", port: 0),
            announcement: .nothing, options: RouteTable.Options(access: access), logger: logger)
    }

    private let matrix = RouteMatrix(table: server().table)

    @Test func everyRoleIsAnsweredAsItsPermissionsSay() async throws { try await matrix.checkRoles() }

    @Test func whatMembersAskEachOtherIsForMembers() async throws { try await matrix.checkMembers() }

    @Test func noBadTokenOpensARoute() async throws {
        let issuer = TokenIssuer(subject: RouteMatrix.subject)
        let access = try await issuer.access()
        try await RouteMatrix(table: Self.server(.gate(access.gate)).table).checkTokens(issuer)
    }

    @Test func aSubjectSeesItselfAndOthersSeeItForAPurpose() async throws { try await matrix.checkSubjects() }

    @Test func everyParameterHasItsLimits() async throws { try await matrix.checkParameters() }

    @Test func noOtherParameterIsTaken() async throws { try await matrix.checkStrangeParameters() }

    @Test func noOtherMethodIsTaken() async throws { try await matrix.checkMethods() }

    @Test func theDocumentHasEveryRoute() throws {
        let table = Self.server().table
        let document = try #require(table.routes.last)
        #expect(document.path == "/openapi.json")
        #expect(Set(table.routes.map(\.path)).isSuperset(of: ["/livez", "/readyz", "/metrics", "/shadow", "/events"]))
    }
}
