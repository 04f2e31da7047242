import Kafka
import Ledger
import Logging
import Pipeline
import Scoring
import Synchronization
import Testing

extension PipelineServiceTests {
    /// One partition's archive cannot be written.
    @Suite struct ArchiveFailureTests {
        private typealias Fixture = PipelineFixture

        /// What a member has logged.
        private final class Messages: Sendable {
            private struct Handler: LogHandler {
                let messages: Messages
                var metadata: Logger.Metadata = [:]
                var logLevel = Logger.Level.info

                subscript(metadataKey key: String) -> Logger.Metadata.Value? {
                    get { metadata[key] }
                    set { metadata[key] = newValue }
                }

                func log(event: LogEvent) { messages.list.withLock { $0.append("\(event.message)") } }
            }

            private let list = Mutex<[String]>([])

            var logger: Logger { Logger(label: "archive-failure") { _ in Handler(messages: self) } }

            func count(_ beginning: String) -> Int { list.withLock { $0.count { $0.hasPrefix(beginning) } } }
        }

        private func score(of subject: String, _ service: PipelineService) -> Double? {
            guard case .found(let answer) = service.standing(of: Array(subject.utf8)) else { return nil }
            return Double(answer.standing.level.score)
        }

        @Test func theOtherPartitionsGoOnAndTheGroupIsNotDisturbed() throws {
            let fixture = try Fixture(sessionMilliseconds: Fixture.longSession)
            defer { withExtendedLifetime(fixture) {} }
            let (disk, messages) = (WatchedFileSystem(), Messages())
            var configuration = PipelineConfiguration(
                kafka: fixture.kafka, topics: fixture.topics, policy: fixture.policy)
            configuration.clock = .events
            configuration.data = LocalData("/data", on: disk)
            let subjects = Fixture.subjects(20)
            var sent = subjects.map { Fixture.enrolment(of: $0) }
            let good = try #require(subjects.first { fixture.partition(of: $0) == 0 })
            let bad = try #require(subjects.first { fixture.partition(of: $0) == 1 })
            func pay(_ id: String, _ payers: [String]) throws {
                let bills = payers.map { Fixture.bill("\(id)-\($0)", of: $0) }
                try fixture.send(bills)
                sent += bills
            }

            try fixture.running(PipelineService(configuration, logger: messages.logger)) { service in
                try fixture.send(sent)
                try fixture.waitForFold(of: sent.count, by: service)
                #expect(messages.count("a ledger partition") == 0)

                disk.unwritable = "/archive/00001/"
                try pay("1", subjects)
                try fixture.wait("a failure") { messages.count("a ledger partition") > 0 }
                try fixture.wait("the first bill") { score(of: good, service) == 510 }
                try pay("2", [good])
                try fixture.wait("the second bill") { score(of: good, service) == 520 }
                #expect(service.status.foldPartitions == 2)

                disk.unwritable = nil
                try fixture.waitForFold(of: sent.count, by: service)
                #expect(score(of: bad, service) == 510)
                #expect(fixture.standings(of: service) == (try fixture.directStandings(sent)))
                #expect(messages.count("fold owns") == 1)
            }
            let facts = try fixture.checkedFacts()
            #expect(facts[.scoreChanges]?.count == sent.count)
        }
    }
}
