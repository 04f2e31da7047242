import Kafka
import Ledger
import Randomness
import Replay
import Scoring
import Simulation
import Testing

@testable import Pipeline

private typealias Frames = LedgerPartitionFrames

/// A partition from its opening to its close, slice by slice.
@Suite struct PartitionRunnerTests {
    /// The numbers of each topic go on from 1 without gap and repeat.
    private func isWhole(_ numbers: [[Int]]) -> Bool {
        !numbers.isEmpty && numbers.allSatisfy { $0 == Array(1...$0.count) }
    }

    /// What a partition sends whose producer has room for everything.
    private func sent(of frames: [[UInt8]]) throws -> [MemoryKafka.Sent] {
        let stage = try RunnerStage()
        stage.poll(frames, stage.owned())
        return stage.kafka.sent
    }

    // MARK: The way

    @Test func aPartitionIsOpenedAssignedRecoveredReadFoldedAndCurrent() throws {
        let frames = try Frames.ledger(bills: 5)
        let end = Int64(frames.count)
        let stage = try RunnerStage()
        let runner = stage.open()
        #expect(runner.status.shared != nil && runner.partition?.phase == .standby)
        #expect(stage.takeReports().reads.map(\.from) == [0])

        stage.begin(.assign, runner)
        #expect(runner.partition?.phase == .recovering && !runner.status.publishes)
        stage.order(.recover(.init(committed: 0, marks: RunnerStage.blank, end: end)), runner)
        #expect(runner.partition?.phase == .catchingUp && runner.status.publishes)
        #expect(stage.takeReports().reads.map(\.from) == [0])
        stage.begin(.read, runner)
        #expect(stage.kafka.sent.isEmpty && runner.status.nextOffset == 0)

        stage.poll(frames, runner)
        #expect(runner.status.nextOffset == end && !runner.status.isSettled)
        #expect(isWhole(stage.numbers()))
        #expect(stage.numbers().reduce(0) { $0 + $1.count } > 5)
        stage.reachEnd(end, runner)
        #expect(!runner.status.isCurrent && runner.status.position?.offset != end)

        stage.acknowledge()
        #expect(runner.status.isSettled && runner.status.isCurrent && runner.partition?.phase == .current)
        let position = try #require(runner.status.position)
        #expect(position.offset == end)
        let marks = position.marks.filter { $0.sequence > 0 }.map(\.sequence)
        #expect(marks.sorted() == stage.numbers().map { Int64($0.count) }.sorted())
        #expect(stage.takeReports().failed.isEmpty)
    }

    /// The order comes before the first slice, or while the archive is opened.
    @Test(arguments: [false, true]) func aPartitionThatIsAssignedBeforeItIsOpenIsOpenedForIt(isOpening: Bool) throws {
        let stage = try RunnerStage()
        let runner = PartitionRunner(3, stage.environment, countedTo: 0)
        stage.environment.slices.ready(runner)
        if isOpening { stage.runSlices() }
        #expect(stage.runtime.waiting(in: .storage) == (isOpening ? 1 : 0))
        stage.begin(.assign, runner)
        #expect(runner.partition?.phase == .recovering)
        _ = stage.takeReports()
        stage.order(.recover(.init(committed: 0, marks: RunnerStage.blank, end: 0)), runner)
        #expect(runner.partition?.phase == .catchingUp)
        #expect(stage.takeReports().reads.map(\.from) == [0])
    }

    /// Records that came before the order to read were polled from another offset.
    @Test func framesAreTakenOnlyFromTheOrderToReadOn() throws {
        let frames = try Frames.ledger(bills: 1)
        let stage = try RunnerStage()
        let runner = stage.open()
        stage.begin(.assign, runner)
        stage.order(.recover(.init(committed: 0, marks: RunnerStage.blank, end: 3)), runner)
        stage.poll(Array(frames[1...]), from: 1, runner)
        #expect(runner.status.nextOffset == 0)
        stage.begin(.read, runner)
        #expect(runner.status.nextOffset == 0 && runner.inbox.bytes == 0)
        stage.poll(frames, runner)
        #expect(runner.status.nextOffset == 3)
    }

    @Test func positionsGoOnlyAsFarAsFactsAreAcknowledged() throws {
        let frames = try Frames.ledger(bills: 4)
        let stage = try RunnerStage()
        let runner = stage.owned()
        stage.poll(frames, runner)
        var offsets: [Int64] = []
        for _ in stage.kafka.sent {
            stage.acknowledge(1)
            offsets.append(runner.status.position?.offset ?? 0)
        }
        #expect(offsets == offsets.sorted() && offsets.last == Int64(frames.count))
        #expect(offsets.dropLast().allSatisfy { $0 < Int64(frames.count) })
    }

    @Test func aFrameWithFactsIsTimedUntilTheyAreAcknowledged() throws {
        let frames = try Frames.ledger(bills: 4)
        let stage = try RunnerStage()
        let runner = stage.owned()
        stage.poll(frames, written: 1_767_225_600_000, runner)
        let timed = runner.timedFrames.map(\.next)
        #expect(!timed.isEmpty && timed.count < frames.count && timed == timed.sorted())
        for _ in stage.kafka.sent {
            stage.acknowledge(1)
            let position = runner.status.position?.offset ?? 0
            #expect(runner.timedFrames.map(\.next) == timed.filter { $0 > position })
        }
        #expect(runner.timedFrames.isEmpty)
    }

    @Test func aFrameWhoseTimestampIsNotKnownIsNotTimed() throws {
        let stage = try RunnerStage()
        let runner = stage.owned()
        stage.poll(try Frames.ledger(bills: 4), runner)
        #expect(!stage.kafka.sent.isEmpty && runner.timedFrames.isEmpty)
    }

    /// What the planted bug comes to.
    @Test func withoutWaitingAPositionRunsAheadOfItsFacts() throws {
        let frames = try Frames.ledger(bills: 1)
        let partition = try Frames.partition(on: StillRuntime())
        partition.assign()
        partition.recover(RunnerStage.blank, committed: 0, waitsForAcknowledgements: false)
        #expect(partition.resumePublication())
        partition.catchUp(to: 3)
        for (offset, frame) in frames.enumerated() { try Frames.own(frame, at: Int64(offset), in: partition) }
        #expect(partition.position?.offset == 3 && partition.isSettled)
        let publication = try #require(partition.publication)
        #expect(publication.acknowledged.map(\.sequence) == publication.sent)
    }

    // MARK: Nothing lost, nothing twice

    @Test func aProducerWithoutRoomLosesNothingAndRepeatsNothing() throws {
        let frames = try Frames.ledger(bills: 12)
        let expected = try sent(of: frames)
        let stage = try RunnerStage()
        let runner = stage.owned()
        stage.kafka.room = 3
        stage.poll(frames, runner)
        #expect(stage.kafka.sent == Array(expected.prefix(3)))
        #expect(runner.status.nextOffset < Int64(frames.count) && runner.status.lacksRoom)
        var count = 3
        for more in [0, 1, 2, 5] {
            stage.kafka.room = more
            stage.poke(runner)
            count += more
            #expect(stage.kafka.sent == Array(expected.prefix(count)) && runner.status.lacksRoom)
        }
        stage.acknowledge()
        #expect(!runner.status.isSettled || runner.status.nextOffset < Int64(frames.count))
        stage.kafka.room = nil
        stage.poke(runner)
        #expect(stage.kafka.sent == expected && runner.status.nextOffset == Int64(frames.count))
        // Its facts are in flight, and nothing stops it.
        #expect(!runner.status.lacksRoom && runner.status.factsInFlight > 0)
        stage.acknowledge()
        #expect(runner.status.position?.offset == Int64(frames.count))
    }

    @Test func framesWaitForAFullDiskAndGoOn() throws {
        let frames = try Frames.ledger(bills: 5)
        let expected = try sent(of: frames)
        let stage = try RunnerStage(archives: true)
        let runner = stage.owned()
        let noSpace: Int32 = 28
        stage.disk.disk.plan(.errorForGood(noSpace), atCall: 1, of: .open)
        stage.poll(frames, runner)
        #expect(runner.status.nextOffset == 0 && stage.kafka.sent.isEmpty)
        stage.poke(runner)
        #expect(runner.status.nextOffset == 0 && stage.takeReports().failed.isEmpty)
        stage.disk.disk.clearFaults()
        // It is left alone for a while.
        stage.runtime.clock.pass(seconds: 1)
        stage.poke(runner)
        #expect(runner.status.nextOffset == Int64(frames.count) && stage.kafka.sent == expected)
        #expect(runner.partition?.store.archiveEnd == Int64(frames.count))
    }

    @Test func moreFramesThanASliceTakesAreFolded() throws {
        let count = 3 * PartitionRunner.maximumSliceFrames
        let ticks = (1..<Int64(count)).map { Frames.tick(1_577_836_800_000_000 + $0, at: $0) }
        let stage = try RunnerStage()
        let runner = stage.owned()
        stage.add([try Frames.beginning] + ticks, from: 0, to: runner)
        #expect(stage.environment.slices.runNext())
        #expect(runner.status.nextOffset == Int64(PartitionRunner.maximumSliceFrames))
        #expect(stage.environment.slices.count == 1)
        stage.settle()
        #expect(runner.status.nextOffset == Int64(count))
    }

    // MARK: Leaving

    @Test func whoLeavesSendsNothingMoreAndIsSettledOnceEverythingIsAcknowledged() throws {
        let frames = try Frames.ledger(bills: 6)
        let stage = try RunnerStage()
        let runner = stage.owned()
        stage.poll(Array(frames[..<4]), runner)
        let sent = stage.kafka.sent
        stage.order(.leave, runner)
        #expect(runner.status.hasLeft && runner.status.publishes && !runner.status.isSettled)
        stage.poll(Array(frames[4...]), from: 4, runner)
        stage.acknowledge(1)
        #expect(!runner.status.isSettled)
        stage.acknowledge()
        #expect(runner.status.isSettled && runner.status.position?.offset == 4)
        #expect(stage.kafka.sent == sent)
        stage.begin(.standBy, runner)
        #expect(!runner.status.publishes && !runner.status.hasLeft && runner.status.position == nil)
        #expect(runner.partition?.phase == .standby)
    }

    @Test func whoLeavesDoesNotSendWhatHasWaitedForRoom() throws {
        let stage = try RunnerStage()
        let runner = stage.owned()
        stage.kafka.room = 3
        stage.poll(try Frames.ledger(bills: 6), runner)
        stage.order(.leave, runner)
        stage.kafka.room = nil
        stage.poke(runner)
        #expect(stage.kafka.sent.count == 3 && runner.status.hasLeft)
    }

    @Test func aStateThatStandsWithinAFrameIsNoStandbys() throws {
        let stage = try RunnerStage()
        let runner = stage.owned()
        stage.poll(try Frames.ledger(bills: 0), runner)
        stage.acknowledge()
        stage.kafka.room = 0
        stage.poll([Frames.bills(PartitionFold.Slice.standardEntries + 1000, from: 2, at: 2)], from: 2, runner)
        #expect(runner.partition?.withFold { $0.isWithinFrame } == true)
        _ = stage.takeReports()
        stage.begin(.standBy, runner)
        let reports = stage.takeReports()
        #expect(reports.closed == [3] && reports.reads.isEmpty)
        #expect(runner.partition == nil && runner.status.shared == nil)
    }

    @Test func aStateWhoseFactsAreOutGoesOnAsAStandby() throws {
        let stage = try RunnerStage()
        let runner = stage.owned()
        stage.poll(try Frames.ledger(bills: 0), runner)
        stage.acknowledge()
        _ = stage.takeReports()
        stage.begin(.standBy, runner)
        let reports = stage.takeReports()
        #expect(reports.closed.isEmpty && reports.reads.map(\.from) == [2])
        #expect(runner.partition?.phase == .standby)
    }

    // MARK: Errors

    @Test func anErrorOfTheArchiveFailsItsPartitionAloneAndIsReportedOnce() throws {
        let frames = try Frames.ledger(bills: 6)
        let stage = try RunnerStage(archives: true)
        let (good, bad) = (stage.owned(2), stage.owned(3))
        stage.disk.unwritable = "/archive/00003/"
        stage.poll(Array(frames[..<4]), good)
        stage.poll(Array(frames[..<4]), bad)
        #expect(stage.takeReports().failed == [3])
        let sent = stage.numbers()
        for _ in 0..<3 { stage.poke(bad) }
        stage.poll(Array(frames[4...]), from: 4, bad)
        stage.poll(Array(frames[4...]), from: 4, good)
        #expect(stage.takeReports().failed.isEmpty && stage.numbers() == sent)
        stage.acknowledge()
        #expect(good.status.position?.offset == Int64(frames.count) && isWhole(stage.numbers(of: 2)))

        stage.begin(.close(takesSnapshot: true), bad)
        #expect(stage.takeReports().closed == [3] && bad.status.shared == nil)
        #expect(stage.disk.paths(ending: ".snapshot").isEmpty)
    }

    // MARK: The disk

    @Test(arguments: [true, false]) func aCloseTakesASnapshotOnlyIfEverythingIsOut(isOut: Bool) throws {
        let frames = try Frames.ledger(bills: 3)
        let stage = try RunnerStage(archives: true)
        let runner = stage.owned()
        stage.poll(frames, runner)
        stage.acknowledge(isOut ? nil : 1)
        stage.begin(.close(takesSnapshot: true), runner)
        #expect(stage.takeReports().closed == [3] && runner.partition == nil)
        #expect(stage.disk.paths(ending: ".snapshot").count == (isOut ? 1 : 0))
        // The archive is whole either way: it begins again there.
        let again = stage.open()
        #expect(again.partition?.store.archiveEnd == Int64(frames.count))
        #expect(again.status.shared != nil && again.partition?.nextOffset == (isOut ? Int64(frames.count) : 0))
    }

    @Test func aCloseThatIsToTakeNoSnapshotTakesNone() throws {
        let stage = try RunnerStage(archives: true)
        let runner = stage.owned()
        stage.poll(try Frames.ledger(bills: 3), runner)
        stage.acknowledge()
        stage.begin(.close(takesSnapshot: false), runner)
        #expect(stage.takeReports().closed == [3] && stage.disk.paths(ending: ".snapshot").isEmpty)
    }

    /// As a standby, which only archives what it polls.
    @Test func aFullSegmentIsSyncedInTheStorageLineWhileNothingOfThePartitionRuns() throws {
        var random = Seeded(1)
        // What cannot be compressed: four of these fill a segment.
        let words = (0..<ArchiveDirectory.maximumSegmentBytes / 32).map { _ in random.next() }
        let frame = words.withUnsafeBytes { Array($0) }
        let stage = try RunnerStage(archives: true)
        let runner = stage.open()
        stage.begin(.read, runner)
        for offset in 0..<4 as Range<Int64> { stage.poll([frame], from: offset, runner) }
        #expect(runner.partition?.store.archiveEnd == 4 && runner.partition?.store.isSegmentFull == true)
        let syncs = stage.disk.syncs

        stage.add([frame], from: 4, to: runner)
        stage.runSlices()
        #expect(stage.runtime.waiting(in: .storage) == 1 && stage.disk.syncs == syncs)
        stage.add([frame], from: 5, to: runner)
        stage.runSlices()
        #expect(stage.runtime.waiting(in: .storage) == 1 && stage.disk.syncs == syncs)
        #expect(runner.partition?.store.archiveEnd == 4)
        stage.runtime.run(.storage)
        #expect(stage.disk.syncs > syncs && runner.partition?.store.archiveEnd == 4)
        stage.settle()
        #expect(runner.partition?.store.archiveEnd == 6 && stage.disk.paths(ending: ".segment").count == 2)
    }

    @Test func oneSnapshotAtATimeIsHeldInMemory() throws {
        let frames = try Frames.ledger(bills: 3)
        let stage = try RunnerStage(archives: true, snapshotInterval: 1_000_000)
        let (first, second) = (stage.owned(3), stage.owned(2))
        for runner in [first, second] { stage.poll(frames, runner) }
        stage.runtime.clock.pass(seconds: 2)
        stage.poke(first)
        stage.poke(second)
        // It waits until its facts are acknowledged.
        #expect(first.isSnapshotInMemory && !second.isSnapshotInMemory)
        #expect(stage.isTakingSnapshot)
        #expect(stage.disk.paths(ending: ".snapshot").isEmpty)
        stage.acknowledge()
        for _ in 0..<2 { stage.poke(first) }
        #expect(!first.isSnapshotInMemory && stage.disk.paths(ending: ".snapshot").count == 1)
        for _ in 0..<3 { stage.poke(second) }
        #expect(!second.isSnapshotInMemory && stage.disk.paths(ending: ".snapshot").count == 2)
        #expect(!stage.isTakingSnapshot)
    }
}
