import Events
import Ledger
@testable import Pipeline
import Simulation
import Testing

private typealias Frames = LedgerPartitionFrames

/// Ticks, the time lag, and checkpoints.
extension LedgerPartitionTests {
    @Test func theTimeBehindIsThatOfTheOldestFrameWhoseFactsAreNotAcknowledged() throws {
        let partition = try Frames.owned(on: runtime, end: 1)
        partition.noteBehind(at: runtime.now)
        // For how long the frames have waited that were there at the assignment is not known.
        #expect(partition.behind == nil)
        try Frames.own(Frames.beginning, at: 0, in: partition)
        partition.noteBehind(at: runtime.now)
        #expect(partition.behind == Duration.zero)
        partition.noteEnd(2, reachedEnd: false)
        partition.noteBehind(at: runtime.now)
        runtime.pass(seconds: 5)
        partition.noteBehind(at: runtime.now)
        #expect(partition.behind == Duration.seconds(5))
        try Frames.own(Frames.tick(1, at: 1), at: 1, in: partition)
        partition.noteBehind(at: runtime.now)
        #expect(partition.behind == Duration.zero)
        partition.assign()
        #expect(partition.behind == nil && partition.shared.end == nil)
    }

    @Test func aTickIsDueWhereTheWallClockHasRunAhead() throws {
        let partition = try Frames.owned(on: runtime, end: 0)
        func tick(at now: Int64) -> Int64? { partition.tick(at: now, interval: 10, readyWithin: 0)?.microseconds }
        let clock: Int64 = 1_000_000_000
        partition.noteBehind(at: runtime.now)
        #expect(partition.behind == Duration.zero)
        #expect(tick(at: clock) == nil, "without a policy there is no clock")
        try Frames.own(Frames.beginning, at: 0, in: partition)
        try Frames.own(Frames.tick(clock, at: 1), at: 1, in: partition)
        #expect(tick(at: clock + 10) == nil)
        #expect(tick(at: clock + 11) == clock + 11)
        #expect(tick(at: clock + 11) == nil, "one is on its way")
        #expect(tick(at: clock + 22) == clock + 22)
        // A ledger of long ago comes to now in steps.
        let latest = EntryTime.latest(at: Timestamp(microseconds: clock + 22)).microseconds
        #expect(latest < runtime.wallClock)
        #expect(tick(at: runtime.wallClock) == latest)
        // A member that lags folds first.
        partition.noteEnd(9, reachedEnd: false)
        partition.noteBehind(at: runtime.now)
        runtime.pass(seconds: 1)
        partition.noteBehind(at: runtime.now)
        #expect(tick(at: runtime.wallClock) == nil)
    }

    // MARK: Checkpoints

    private func settings() throws -> PipelineConfiguration.Checkpoints {
        var settings = PipelineConfiguration.Checkpoints(
            topic: "checkpoints", keyring: try Keyring(on: FaultyFileSystem()), member: "one")
        settings.everyFrames = 2
        return settings
    }

    /// Two frames are folded.
    private func folded() throws -> LedgerPartition {
        let partition = try Frames.owned(on: runtime, end: 2)
        try Frames.own(Frames.beginning, at: 0, in: partition)
        try Frames.own(Frames.tick(1, at: 1), at: 1, in: partition)
        return partition
    }

    private func published(_ action: LedgerPartition.CheckpointAction?) throws -> Checkpoint {
        var checkpoint: Checkpoint?
        if case .publish(let found) = action { checkpoint = found }
        return try #require(checkpoint)
    }

    @Test func aCheckpointIsDueOnceAtEachMultipleOfTheInterval() throws {
        let (partition, settings) = (try folded(), try settings())
        #expect(partition.checkpoint(from: 0, to: 1, settings) == nil)
        #expect(partition.checkpoint(from: 2, to: 3, settings) == nil)
        let checkpoint = try published(partition.checkpoint(from: 1, to: 2, settings))
        #expect(checkpoint.partition == partition.number && checkpoint.nextOffset == 2)
        #expect(checkpoint.chainHead == partition.chain.head && checkpoint.member == "one")
        partition.lastCheckpoint = 2
        #expect(partition.checkpoint(from: 1, to: 2, settings) == nil)
    }

    @Test func whatThisMemberPublishedInAnEarlierLifeIsNotPublishedAgain() throws {
        let (partition, settings) = (try folded(), try settings())
        let checkpoint = try published(partition.checkpoint(from: 1, to: 2, settings))
        let again = try folded()
        #expect(again.compare(checkpoint, member: "one") == nil)
        #expect(again.lastCheckpoint == 2)
        #expect(again.checkpoint(from: 1, to: 2, settings) == nil)
    }

    @Test func aMemberThatFoldsDifferentlyIsFoundFromBothSides() throws {
        let (partition, settings) = (try folded(), try settings())
        var other = try published(partition.checkpoint(from: 1, to: 2, settings))
        other.member = "two"
        #expect(partition.compare(other, member: "one") == nil)
        other.state = "different"
        let divergence = try #require(partition.compare(other, member: "one"))
        #expect(divergence.nextOffset == 2 && divergence.kind == .state)

        let late = try folded()
        #expect(late.compare(other, member: "one") == nil)
        guard case .fail(let found) = late.checkpoint(from: 1, to: 2, settings) else {
            Issue.record("the divergence is not found")
            return
        }
        #expect(Set(found.members) == ["one", "two"])
    }
}
