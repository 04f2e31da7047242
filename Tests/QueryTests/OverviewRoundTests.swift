import Foundation
import HTTP
import Hummingbird
import Kafka
import Logging
import Synchronization
import Testing

@testable import Pipeline
@testable import Query

/// The overview asks the members that own no ledger partition, which read sources too.
struct OverviewRoundTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A member that is not started. Nothing listens on port 1.
    private func service(_ name: String) -> PipelineService {
        var configuration = PipelineConfiguration(
            kafka: KafkaConfiguration(brokers: "127.0.0.1:1"),
            topics: .init(control: "control", sources: ["behaviour"], ledger: "ledger", deadLetter: "dead", facts: []))
        configuration.members = .init(topic: "members", member: name)
        return PipelineService(configuration, logger: logger)
    }

    /// A member that answers a question for its part of the overview; `body` gets its address and the count of questions.
    private func withMember(
        _ answer: @escaping @Sendable () -> Response,
        _ body: (_ address: String, _ questions: @escaping @Sendable () -> Int) async throws -> Void
    ) async throws {
        let questions = Mutex(0)
        let route = Route(
            .post, SubjectQueries.overviewPath, name: "overview", summary: "", tag: "sample",
            body: RouteBody(.boolean), answers: [.json("")], requires: .open
        ) { _ in
            questions.withLock { $0 += 1 }
            return answer()
        }
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let server = HTTPServer(
            RouteTable([route], RouteTable.Options(access: .open), logger: logger),
            address: HTTPAddress(host: "127.0.0.1", port: 0), logger: logger)
        let running = Task { try await server.run { continuation.yield($0) } }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        var failure: (any Error)?
        do {
            try await body("127.0.0.1:\(port)") { questions.withLock { $0 } }
        } catch {
            failure = error
        }
        running.cancel()
        try await running.value
        if let failure { throw failure }
    }

    @Test func whoReadsAndOwnsNothingIsAskedAndWhoIsSilentIsNamed() async throws {
        let (own, reader) = (service("owner"), service("reader"))
        let part = reader.overview(mask: nil).bytes
        try await withMember({ .json(part) }) { heard, answers in
            try await withMember({ .retryLater("not now") }) { silent, silences in
                func announce(_ address: String) {
                    own.directory.note(
                        MemberAnnouncement(member: address, address: address, partitions: []), key: address,
                        ledgerPartitions: 1)
                }
                for address in [heard, silent] { announce(address) }
                let queries = SubjectQueries(
                    own, work: BlockingWork(threads: 1, maximum: 1), ask: { _, _, _ in nil },
                    idle: Forwarding(maximum: PipelineService.maximumIdleMembers))
                func names() async -> [String] {
                    let overview = await queries.overview(own.overview(mask: nil), showsSubjects: false)
                    let away = overview.attention.filter { $0.code == "idle-members-away" }
                    return overview.members.map(\.name) + away.map(\.text)
                }
                let text =
                    "The member \(silent), which owns no ledger partition, does not answer: what it reads is in none of the figures."
                #expect(await names() == ["owner", "reader", text])
                #expect(answers() == 1 && silences() == 1)
                // In its pause the silent one is named and not asked.
                #expect(await names() == ["owner", "reader", text])
                #expect(answers() == 2 && silences() == 1)
                // Who has withdrawn the announcement is neither asked nor named.
                own.directory.note(nil, key: silent, ledgerPartitions: 1)
                #expect(await names() == ["owner", "reader"])
            }
        }
    }

    /// The members beyond the limit are those that were announced first.
    @Test func onlyTheNewestAreAsked() async throws {
        let own = service("owner")
        let addresses = (0...PipelineService.maximumIdleMembers).map { "127.0.0.1:\($0 + 1)" }
        for address in addresses {
            own.directory.note(
                MemberAnnouncement(member: address, address: address, partitions: []), key: address, ledgerPartitions: 1
            )
        }
        // No question is sent.
        let queries = SubjectQueries(
            own, work: BlockingWork(threads: 1, maximum: 1), ask: { _, _, _ in nil },
            idle: Forwarding(maximum: 1, isRefused: true))
        let overview = await queries.overview(own.overview(mask: nil), showsSubjects: false)
        let away = try #require(overview.attention.first { $0.code == "idle-members-away" })
        #expect(away.text.hasPrefix("\(PipelineService.maximumIdleMembers) members that own no ledger partition"))
        #expect(away.text.contains("(\(addresses[1]), ") && !away.text.contains("(\(addresses[0]), "), "\(away.text)")
    }
}
