import Kafka
import Logging
import Synchronization
import Testing

@testable import Pipeline

/// Which member is ready, and for how long one that is not has not been. A lag of up to 5 s is allowed.
@Suite struct PipelineStatusTests {
    /// Keeps what is logged.
    private final class LogLines: LogHandler, Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        var logLevel: Logger.Level {
            get { .warning }
            set {}
        }
        var metadata: Logger.Metadata {
            get { [:] }
            set {}
        }
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { nil }
            set {}
        }

        func log(event: LogEvent) {
            let metadata = (event.metadata ?? [:]).map { " \($0.key)=\($0.value)" }.sorted().joined()
            lines.withLock { $0.append("\(event.level)\(metadata) \(event.message)") }
        }
    }

    private let runtime = StillRuntime()
    private let lines = LogLines()

    private func status(_ roles: Set<Role> = [.intake, .fold]) -> PipelineStatus {
        let topics = PipelineConfiguration.Topics(
            control: "control", sources: [], ledger: "ledger", deadLetter: "dead",
            facts: ["scores", "sanctions", "perks"])
        var configuration = PipelineConfiguration(
            kafka: KafkaConfiguration(brokers: "127.0.0.1:1"), topics: topics, roles: roles)
        configuration.runtime = runtime
        configuration.readyWithin = 5_000_000
        configuration.maximumPollInterval = 60_000
        return PipelineStatus(configuration, logger: Logger(label: "test") { [lines] _ in lines })
    }

    private func note(behind time: Duration?, on status: PipelineStatus) {
        status.update { $0.behind = time.map { .init(time: $0, partition: 0, at: runtime.now) } }
    }

    /// A fold that has two partitions and nothing to do.
    private func folding() -> PipelineStatus {
        let status = status([.fold])
        status.update { ($0.foldPartitions, $0.joined) = (2, [.fold]) }
        note(behind: .zero, on: status)
        return status
    }

    @Test func whoHasJoinedItsGroupsIsReadyAlsoWithoutPartitions() {
        let status = status()
        runtime.pass(seconds: 3)
        #expect(status.current.unreadyFor == .seconds(3))
        status.update { $0.joined.insert(.intake) }
        runtime.pass(seconds: 1)
        #expect(status.current.unreadyFor == .seconds(4))
        status.update { $0.joined.insert(.fold) }
        #expect(status.current.unreadyFor == nil)
        #expect(status.current.foldPartitions == 0 && status.current.intakePartitions == 0)
    }

    @Test func whoHasPartitionsIsReadyOnceItIsKnownHowFarItIsBehind() {
        let status = status([.fold])
        status.update { ($0.foldPartitions, $0.joined) = (2, [.fold]) }
        runtime.pass(seconds: 2)
        #expect(status.current.unreadyFor == .seconds(2))
        note(behind: .seconds(6), on: status)
        #expect(status.current.unreadyFor == .seconds(2))
        note(behind: .seconds(5), on: status)
        #expect(status.current.unreadyFor == nil)
    }

    @Test func whoLosesItsPartitionsSaysSinceWhen() {
        let status = folding()
        runtime.pass(.milliseconds(500))
        #expect(status.current.unreadyFor == nil)
        status.update { ($0.foldPartitions, $0.behind, $0.joined) = (0, nil, []) }
        #expect(status.current.unreadyFor == .zero)
        runtime.pass(seconds: 4)
        status.update { ($0.foldPartitions, $0.joined) = (2, [.fold]) }
        // Nobody had to ask meanwhile.
        #expect(status.current.unreadyFor == .seconds(4))
    }

    @Test func whoFallsBehindHasNotBeenReadySinceTheTimeAllowedWasOver() {
        let status = folding()
        runtime.pass(seconds: 7)
        note(behind: .seconds(7), on: status)
        #expect(status.current.unreadyFor == .seconds(2))
        runtime.pass(seconds: 1)
        note(behind: .seconds(8), on: status)
        #expect(status.current.unreadyFor == .seconds(3))
        note(behind: .milliseconds(10), on: status)
        #expect(status.current.unreadyFor == nil)
    }

    @Test func aFoldThatDoesNotLookFallsBack() {
        let status = folding()
        note(behind: .seconds(3), on: status)
        runtime.pass(seconds: 1)
        #expect(status.current.behind?.time == .seconds(3) && status.current.unreadyFor == nil)
        runtime.pass(seconds: 3)
        #expect(status.current.behind?.time == .seconds(7) && status.current.unreadyFor == .seconds(2))
        // It did not lag: it had much to fold.
        note(behind: .zero, on: status)
        #expect(status.current.unreadyFor == nil)
        // An error in the end does not begin the time anew.
        runtime.pass(seconds: 8)
        #expect(status.current.unreadyFor == .seconds(3))
        status.update { ($0.foldPartitions, $0.behind, $0.joined) = (0, nil, []) }
        #expect(status.current.unreadyFor == .seconds(3))
    }

    /// The time lag is what it is; that of policy switches does not count.
    @Test func whoSwitchesToAnotherPolicyStaysReady() {
        func note(behind: Int64, late: Int64, on status: PipelineStatus) {
            status.update { status in
                status.behind = .init(time: .seconds(behind), partition: 0, at: runtime.now)
                status.late = .init(time: .seconds(late), partition: 1, at: runtime.now)
                status.switching = [.init(partition: 0, policy: "town", version: 2, done: 0.5)]
            }
        }
        let status = folding()
        runtime.pass(seconds: 60)
        note(behind: 60, late: 0, on: status)
        #expect(status.current.behind?.time == .seconds(60) && status.current.unreadyFor == nil)
        #expect(status.current.switching.map(\.partition) == [0])
        // Another partition is late meanwhile.
        note(behind: 61, late: 7, on: status)
        #expect(status.current.unreadyFor == .seconds(2))
        note(behind: 62, late: 4, on: status)
        #expect(status.current.unreadyFor == nil)
        // A fold that does not look falls back, whatever it is at.
        runtime.pass(seconds: 3)
        #expect(status.current.late?.time == .seconds(7) && status.current.unreadyFor == .seconds(2))
        // If the lag of the fold is not known, no member is ready.
        status.update { $0.behind = nil }
        #expect(status.current.unreadyFor != nil)
    }

    @Test func whatHasEndedIsNotReadyAgain() {
        let status = folding()
        status.update { $0.hasFailed = true }
        runtime.pass(seconds: 1)
        note(behind: .zero, on: status)
        #expect(status.current.unreadyFor == .seconds(1))
    }

    @Test func theLongestPollGapIsKeptAlsoWhileItLasts() {
        let status = status()
        #expect(status.longestPollGap(of: .fold) == nil)
        status.notePoll(of: .fold)
        #expect(status.longestPollGap(of: .fold) == .zero)
        runtime.pass(seconds: 7)
        #expect(status.longestPollGap(of: .fold) == .seconds(7))
        status.notePoll(of: .fold)
        runtime.pass(.milliseconds(20))
        status.notePoll(of: .fold)
        #expect(status.longestPollGap(of: .fold) == .seconds(7))
        runtime.pass(seconds: 8)
        #expect(status.longestPollGap(of: .fold) == .seconds(8))
        #expect(status.longestPollGap(of: .intake) == nil)
    }

    /// It is in no group meanwhile, so no group waits for it.
    @Test func timeWithoutAConsumerIsNoPollGap() {
        let status = status()
        status.noteNoPolls(of: .intake)
        #expect(status.longestPollGap(of: .intake) == nil)
        status.notePoll(of: .intake)
        runtime.pass(seconds: 3)
        status.noteNoPolls(of: .intake)
        runtime.pass(seconds: 50)
        #expect(status.longestPollGap(of: .intake) == .seconds(3))
        status.notePoll(of: .intake)
        runtime.pass(seconds: 2)
        status.notePoll(of: .intake)
        #expect(status.longestPollGap(of: .intake) == .seconds(3))
        #expect(lines.all.isEmpty)
    }

    /// Of 60 s that are allowed.
    @Test func aPollGapOfMoreThanHalfTheLimitIsAWarningEachTime() {
        let status = status()
        status.notePoll(of: .fold)
        runtime.pass(seconds: 30)
        status.notePoll(of: .fold)
        #expect(lines.all.isEmpty)
        runtime.pass(seconds: 31)
        status.notePoll(of: .fold)
        runtime.pass(seconds: 1)
        status.notePoll(of: .fold)
        #expect(lines.all.count == 1)
        #expect(lines.all.first?.hasPrefix("warning limitSeconds=60 role=fold seconds=31 ") == true, "\(lines.all)")
        runtime.pass(seconds: 70)
        status.noteNoPolls(of: .fold)
        #expect(lines.all.count == 2)
        runtime.pass(seconds: 70)
        status.notePoll(of: .fold)
        #expect(lines.all.count == 2)
    }
}
