import Console
import HTTP
import Kafka
import Logging
import Replay
import Synchronization
import Testing

@testable import Pipeline
@testable import Query

/// The sources that are withdrawn, of several members.
struct WithdrawalReadingTests {
    private typealias Switching = PipelineReading.Switching

    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A member that is not started. Nothing listens on port 1.
    private func service(_ name: String) -> PipelineService {
        var configuration = PipelineConfiguration(
            kafka: KafkaConfiguration(brokers: "127.0.0.1:1"),
            topics: .init(control: "control", sources: ["bills"], ledger: "ledger", deadLetter: "dead", facts: []))
        configuration.members = .init(topic: "members", member: name)
        return PipelineService(configuration, logger: logger)
    }

    private func sources(_ topics: [Int32: [String]]) -> WithdrawnSources {
        topics.reduce(into: WithdrawnSources()) { $0.add($1.value, of: $1.key) }
    }

    private func step(_ partition: Int32, done: Double = 0.5) -> Switching {
        Switching(
            partition: partition, policy: "town", version: 1, source: .init(topic: "bills", isWithdrawn: true),
            done: done)
    }

    /// The overview of a member that owns one ledger partition.
    private func overview(of partition: Int32, _ topics: [String], _ switching: [Switching]) -> [UInt8] {
        var overview = service("owner of \(partition)").overview(mask: nil)
        overview.members = [
            .init(name: "owner of \(partition)", isReady: true, partitions: [partition], behindSeconds: nil)
        ]
        overview.withdrawnSources = sources([partition: topics])
        overview.switching = switching
        return overview.bytes
    }

    /// Of a member that owns nothing, where `a:1` owns ledger partition 0 and `b:1` owns 1.
    private func watch(_ ask: @escaping SubjectQueries.Ask) -> OverviewWatch {
        let own = service("own")
        own.ledgerPartitions.store(2, ordering: .releasing)
        for (partition, address) in [(Int32(0), "a:1"), (1, "b:1")] {
            own.directory.note(
                MemberAnnouncement(member: address, address: address, partitions: [partition]), key: address,
                ledgerPartitions: 2)
        }
        let queries = SubjectQueries(
            own, work: BlockingWork(threads: 1, maximum: 2), ask: ask, idle: Forwarding(maximum: 1))
        return OverviewWatch(own, queries: queries, lag: nil) { _ in "" }
    }

    @Test func whatOtherMembersReportIsAdded() async throws {
        let (first, second) = (overview(of: 0, ["bills"], []), overview(of: 1, [], [step(1)]))
        let watch = watch { address, _, _ in address == "a:1" ? first : second }
        _ = try await watch.overview(showsSubjects: false)
        let found = await watch.withdrawals()
        #expect(found == WithdrawalReading(sources([0: ["bills"], 1: []]), switching: [step(1)]))
    }

    @Test func aSlowMemberIsNotWaitedForAndItsPartitionsAreMissing() async throws {
        let (first, second) = (overview(of: 0, ["bills"], []), overview(of: 1, [], []))
        let (answers, answer) = AsyncStream<Never>.makeStream()
        let watch = watch { address, _, _ in
            guard address == "b:1" else { return first }
            for await _ in answers {}
            return second
        }
        let early = await watch.withdrawals().sources
        #expect(early.missing(of: 2) == [0, 1])
        answer.finish()
        _ = try await watch.overview(showsSubjects: false)
        let late = await watch.withdrawals().sources
        #expect(late == sources([0: ["bills"], 1: []]))
    }

    @Test func aPartitionThatIsFoldedHereIsAsThisMemberHasIt() {
        var here = WithdrawalReading(sources([0: ["bills"]]), switching: [])
        let others = WithdrawalReading(sources([0: [], 1: ["trams"]]), switching: [step(0), step(1)])
        here.add(others)
        #expect(here == WithdrawalReading(sources([0: ["bills"], 1: ["trams"]]), switching: [step(1)]))
    }

    // MARK: The console's page

    private func reading(_ topics: [Int32: [String]], isRead: Bool = true) -> SourceReading {
        SourceReading(
            topic: "bills", isControl: false, isRead: isRead, declaration: nil, positions: [], isFrozen: false,
            withdrawal: sources(topics).extent(of: "bills"), records: 0, deadLetters: [], notEnrolled: 0)
    }

    @Test func aPartlyWithdrawnSourceCanBeWithdrawnAndRestoredUnlessAnActIsFolded() {
        let partly = reading([0: ["bills"], 1: []])
        #expect(ConsoleAnswers.changes(of: partly, in: []) == [.withdraw, .restore])
        #expect(ConsoleAnswers.changes(of: partly, in: [step(1)]) == [])
        #expect(ConsoleAnswers.changes(of: reading([0: ["bills"]]), in: []) == [.restore])
        #expect(ConsoleAnswers.changes(of: reading([0: []]), in: []) == [.withdraw])
        #expect(ConsoleAnswers.changes(of: reading([:]), in: []) == [], "nothing is known")
    }

    @Test func theStateHasWhatIsNotKnown() {
        func state(_ source: SourceReading, _ switching: [Switching] = [], missing: Int = 0) -> String? {
            ConsoleAnswers.state(of: source, in: switching, missing)
        }
        let everywhere = reading([0: ["bills"], 1: ["bills"]])
        #expect(state(everywhere) == "withdrawn, is read on")
        #expect(state(everywhere, missing: 1) == "withdrawn, is read on; not known in 1 ledger partition")
        let partly = reading([0: ["bills"], 1: []], isRead: false)
        let text = "withdrawn in 1 of 2 ledger partitions (0), and not read any more; not known in 2 ledger partitions"
        #expect(state(partly, missing: 2) == text)
        #expect(state(partly, [step(0, done: 0.7), step(1)]) == "is being withdrawn, 50 % is folded")
        #expect(state(reading([0: []]), missing: 1) == nil)
    }
}
