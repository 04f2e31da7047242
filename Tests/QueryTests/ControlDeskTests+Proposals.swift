import Access
import Audit
import Events
import Foundation
import HTTP
import HTTPTypes
import Kafka
import Ledger
import NIOCore
import Pipeline
import Query
import Testing

extension ControlDeskTests {
    /// `Bearer NAME` is an operator of this name.
    private struct NameGate: Gate {
        func caller(_ credentials: Credentials) async throws(Denial) -> Caller {
            guard let name = credentials.authorization?.split(separator: " ").last else {
                throw .unauthenticated(reason: "no-credentials")
            }
            return Caller(name: String(name), roles: [.operator])
        }
    }

    /// Somebody may write the audit topic and has no member's key: what he proposes there in another's name, he cannot
    /// approve himself.
    @Test func aProposalThatNoTrustedKeySignedIsNotApproved() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(Keyring.generate().privateFile.utf8).write(to: file)
        let keyring = try Keyring(signing: file.path)
        try await running { service, kafka in
            let audit = try AuditWriter(kafka, topic: "audit", member: "one", keyring: keyring, logger: logger)
            let stranger = try AuditWriter(kafka, topic: "audit", member: "one", logger: logger)
            let index = AuditIndex(writer: audit, keyring: keyring)
            index.follow(kafka, topic: "audit", logger: logger)
            let acts = try ControlActs(service, kafka: kafka, signer: nil, logger: logger)
            defer {
                acts.close()
                index.close()
                for writer in [audit, stranger] { writer.close() }
            }
            try await wait("all is read") { acts.isReady && audit.isReady && stranger.isReady && index.isRead }
            let desk = ControlDesk(
                acts, audit: audit, fourEyes: FourEyes(acts: ["activate"], writer: audit, index: index), logger: logger)
            let routes = RouteMatrix(
                table: RouteTable(desk.routes, .init(access: .gate(NameGate())), logger: logger))
            func post(_ path: String, by name: String, _ body: [UInt8]) async throws -> RouteMatrix.Answer {
                let fields: HTTPFields = [
                    .authorization: "Bearer \(name)", .contentType: "application/json",
                    HTTPField.Name("Idempotency-Key")!: "k",
                ]
                return try await routes.send("POST", path, fields, ByteBuffer(bytes: body))
            }
            func approval(of body: [UInt8]) -> [UInt8] {
                Array(#"{"sha256":"\#(PolicyHash.of(String(decoding: body, as: UTF8.self)))"}"#.utf8)
            }
            func version() -> Int64? { service.partitions.first?.policy?.version }

            let body = Self.activation(of: 2)
            let text = String(decoding: body, as: UTF8.self)
            try await stranger.append(
                AuditRecord(
                    actor: "ana", action: "propose", subject: nil, purpose: "fairer", outcome: "proposed",
                    details: [
                        ("proposal", "p-1"), ("act", "activate"), ("sha256", PolicyHash.of(text)),
                        ("expires", "2100-01-01T00:00:00Z"), ("body", text),
                    ]))
            let list = #"{"proposals":[],"refused":[{"id":"p-1","reason":"it is not signed"}]}"#
            try await wait("it is known") { String(decoding: desk.proposals().json, as: UTF8.self) == list }
            let refused = try await post("/proposals/p-1/approval", by: "ben", approval(of: body))
            #expect(refused.status == 409 && refused.code == "proposal-not-signed", "\(refused)")
            #expect(refused.problem?.contains("it is not signed") == true, "\(refused)")
            let read = try await routes.send("GET", "/proposals/p-1", [.authorization: "Bearer ben"])
            #expect(read.status == 409 && read.code == "proposal-not-signed", "\(read)")
            let absent = try await post("/proposals/p-2/approval", by: "ben", approval(of: body))
            #expect(absent.status == 404 && absent.code == "no-proposal", "\(absent)")
            #expect(version() == 1)

            // What ana herself proposes over HTTP is signed by the member.
            #expect(try await post("/policies/activations", by: "ana", body).status == 202)
            let table = FourEyes(acts: ["activate"], writer: audit, index: index)
            try await wait("the proposal is known") { !table.open.isEmpty }
            // Under the same key it is the same proposal.
            #expect(try await post("/policies/activations", by: "ana", body).status == 202)
            #expect(table.open.count == 1)
            let id = try #require(table.open.first).id
            let done = try await post("/proposals/\(id)/approval?timeout=60", by: "ben", approval(of: body))
            #expect(done.status == 200, "\(done)")
            try await wait("switched") { version() == 2 }
        }
    }
}
