import Kafka
import Logging
import Synchronization
import Testing

@testable import Pipeline

/// Which member is ready, and for how long one that is not has not been. A lag of up to 5 s is allowed.
@Suite struct StatusBoardTests {
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

    private func board(_ roles: Set<Role> = [.intake, .fold]) -> StatusBoard {
        let topics = PipelineConfiguration.Topics(
            control: "control", sources: [], ledger: "ledger", deadLetter: "dead",
            facts: ["scores", "sanctions", "perks"])
        var configuration = PipelineConfiguration(
            kafka: KafkaConfiguration(brokers: "127.0.0.1:1"), topics: topics, roles: roles)
        configuration.runtime = runtime
        configuration.readyWithin = 5_000_000
        configuration.maximumPollInterval = 60_000
        return StatusBoard(configuration, logger: Logger(label: "test") { [lines] _ in lines })
    }

    private func note(behind time: Duration?, on board: StatusBoard) {
        board.update { $0.behind = time.map { .init(time: $0, partition: 0, at: runtime.now) } }
    }

    /// A fold that has two partitions and nothing to do.
    private func folding() -> StatusBoard {
        let board = board([.fold])
        board.update { ($0.foldPartitions, $0.joined) = (2, [.fold]) }
        note(behind: .zero, on: board)
        return board
    }

    @Test func whoHasJoinedItsGroupsIsReadyAlsoWithoutPartitions() {
        let board = board()
        runtime.pass(seconds: 3)
        #expect(board.current.unreadyFor == .seconds(3))
        board.update { $0.joined.insert(.intake) }
        runtime.pass(seconds: 1)
        #expect(board.current.unreadyFor == .seconds(4))
        board.update { $0.joined.insert(.fold) }
        #expect(board.current.unreadyFor == nil)
        #expect(board.current.foldPartitions == 0 && board.current.intakePartitions == 0)
    }

    @Test func whoHasPartitionsIsReadyOnceItIsKnownHowFarItIsBehind() {
        let board = board([.fold])
        board.update { ($0.foldPartitions, $0.joined) = (2, [.fold]) }
        runtime.pass(seconds: 2)
        #expect(board.current.unreadyFor == .seconds(2))
        note(behind: .seconds(6), on: board)
        #expect(board.current.unreadyFor == .seconds(2))
        note(behind: .seconds(5), on: board)
        #expect(board.current.unreadyFor == nil)
    }

    @Test func whoLosesItsPartitionsSaysSinceWhen() {
        let board = folding()
        runtime.pass(.milliseconds(500))
        #expect(board.current.unreadyFor == nil)
        board.update { ($0.foldPartitions, $0.behind, $0.joined) = (0, nil, []) }
        #expect(board.current.unreadyFor == .zero)
        runtime.pass(seconds: 4)
        board.update { ($0.foldPartitions, $0.joined) = (2, [.fold]) }
        // Nobody had to ask meanwhile.
        #expect(board.current.unreadyFor == .seconds(4))
    }

    @Test func whoFallsBehindHasNotBeenReadySinceTheTimeAllowedWasOver() {
        let board = folding()
        runtime.pass(seconds: 7)
        note(behind: .seconds(7), on: board)
        #expect(board.current.unreadyFor == .seconds(2))
        runtime.pass(seconds: 1)
        note(behind: .seconds(8), on: board)
        #expect(board.current.unreadyFor == .seconds(3))
        note(behind: .milliseconds(10), on: board)
        #expect(board.current.unreadyFor == nil)
    }

    @Test func aFoldThatDoesNotLookFallsBack() {
        let board = folding()
        note(behind: .seconds(3), on: board)
        runtime.pass(seconds: 1)
        #expect(board.current.behind?.time == .seconds(3) && board.current.unreadyFor == nil)
        runtime.pass(seconds: 3)
        #expect(board.current.behind?.time == .seconds(7) && board.current.unreadyFor == .seconds(2))
        // It did not lag: it had much to fold.
        note(behind: .zero, on: board)
        #expect(board.current.unreadyFor == nil)
        // An error in the end does not begin the time anew.
        runtime.pass(seconds: 8)
        #expect(board.current.unreadyFor == .seconds(3))
        board.update { ($0.foldPartitions, $0.behind, $0.joined) = (0, nil, []) }
        #expect(board.current.unreadyFor == .seconds(3))
    }

    /// The time lag is what it is; that of policy switches does not count.
    @Test func whoSwitchesToAnotherPolicyStaysReady() {
        func note(behind: Int64, late: Int64, on board: StatusBoard) {
            board.update { status in
                status.behind = .init(time: .seconds(behind), partition: 0, at: runtime.now)
                status.late = .init(time: .seconds(late), partition: 1, at: runtime.now)
                status.switching = [.init(partition: 0, policy: "town", version: 2, done: 0.5)]
            }
        }
        let board = folding()
        runtime.pass(seconds: 60)
        note(behind: 60, late: 0, on: board)
        #expect(board.current.behind?.time == .seconds(60) && board.current.unreadyFor == nil)
        #expect(board.current.switching.map(\.partition) == [0])
        // Another partition is late meanwhile.
        note(behind: 61, late: 7, on: board)
        #expect(board.current.unreadyFor == .seconds(2))
        note(behind: 62, late: 4, on: board)
        #expect(board.current.unreadyFor == nil)
        // A fold that does not look falls back, whatever it is at.
        runtime.pass(seconds: 3)
        #expect(board.current.late?.time == .seconds(7) && board.current.unreadyFor == .seconds(2))
        // If the lag of the fold is not known, no member is ready.
        board.update { $0.behind = nil }
        #expect(board.current.unreadyFor != nil)
    }

    @Test func whatHasEndedIsNotReadyAgain() {
        let board = folding()
        board.update { $0.hasFailed = true }
        runtime.pass(seconds: 1)
        note(behind: .zero, on: board)
        #expect(board.current.unreadyFor == .seconds(1))
    }

    @Test func theLongestPollGapIsKeptAlsoWhileItLasts() {
        let board = board()
        #expect(board.longestPollGap(of: .fold) == nil)
        board.notePoll(of: .fold)
        #expect(board.longestPollGap(of: .fold) == .zero)
        runtime.pass(seconds: 7)
        #expect(board.longestPollGap(of: .fold) == .seconds(7))
        board.notePoll(of: .fold)
        runtime.pass(.milliseconds(20))
        board.notePoll(of: .fold)
        #expect(board.longestPollGap(of: .fold) == .seconds(7))
        runtime.pass(seconds: 8)
        #expect(board.longestPollGap(of: .fold) == .seconds(8))
        #expect(board.longestPollGap(of: .intake) == nil)
    }

    /// It is in no group meanwhile, so no group waits for it.
    @Test func timeWithoutAConsumerIsNoPollGap() {
        let board = board()
        board.noteNoPolls(of: .intake)
        #expect(board.longestPollGap(of: .intake) == nil)
        board.notePoll(of: .intake)
        runtime.pass(seconds: 3)
        board.noteNoPolls(of: .intake)
        runtime.pass(seconds: 50)
        #expect(board.longestPollGap(of: .intake) == .seconds(3))
        board.notePoll(of: .intake)
        runtime.pass(seconds: 2)
        board.notePoll(of: .intake)
        #expect(board.longestPollGap(of: .intake) == .seconds(3))
        #expect(lines.all.isEmpty)
    }

    /// Of 60 s that are allowed.
    @Test func aPollGapOfMoreThanHalfTheLimitIsAWarningEachTime() {
        let board = board()
        board.notePoll(of: .fold)
        runtime.pass(seconds: 30)
        board.notePoll(of: .fold)
        #expect(lines.all.isEmpty)
        runtime.pass(seconds: 31)
        board.notePoll(of: .fold)
        runtime.pass(seconds: 1)
        board.notePoll(of: .fold)
        #expect(lines.all.count == 1)
        #expect(lines.all.first?.hasPrefix("warning limitSeconds=60 role=fold seconds=31 ") == true, "\(lines.all)")
        runtime.pass(seconds: 70)
        board.noteNoPolls(of: .fold)
        #expect(lines.all.count == 2)
        runtime.pass(seconds: 70)
        board.notePoll(of: .fold)
        #expect(lines.all.count == 2)
    }
}
