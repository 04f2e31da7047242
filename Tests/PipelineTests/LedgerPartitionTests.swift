import Events
import Ledger
@testable import Pipeline
import Replay
import Scoring
import Simulation
import Testing

private typealias Frames = LedgerPartitionFrames

/// What a ledger partition decides: its phases, and what is to be done. No broker, and a disk in memory.
@Suite struct LedgerPartitionTests {
    private static let blank = [Publication.Mark](repeating: .init(), count: FactTopic.allCases.count)
    let runtime = StillRuntime()
    private let disk = FaultyFileSystem()

    // MARK: Phases

    @Test func aPartitionBeginsAsAStandbyThatPublishesNothing() throws {
        let partition = try Frames.partition(on: runtime)
        #expect(partition.phase == .standby && partition.isSettled && partition.position == nil)
        #expect(try Frames.fold(Frames.beginning, at: 0, in: partition).outcome == .folded(from: 0, news: nil))
        #expect(try Frames.fold(Frames.enrolment(at: 1), at: 1, in: partition).facts.isEmpty)
        #expect(partition.nextOffset == 2 && partition.committable == 0)
        #expect(!Frames.admits(Frames.tick(1, at: 2), at: 2, in: partition))
        #expect(!partition.isBehindOwner)
        partition.publishedByOwner = 3
        #expect(partition.isBehindOwner && partition.committable == 3)
    }

    @Test func aPartitionGoesThroughItsPhasesAndBack() throws {
        let partition = try Frames.partition(on: runtime)
        var marks = Self.blank
        marks[0] = Publication.Mark(offset: 4, sequence: 2)
        partition.assign()
        #expect(partition.phase == .recovering)
        #expect(partition.committable == 0 && partition.position == nil)
        partition.recover(marks, committed: 0)
        #expect(partition.phase == .restoring)
        #expect(partition.resumePublication())
        partition.catchUp(to: 2)
        #expect(partition.phase == .catchingUp && partition.shared.end == 2 && partition.nextOffset == 0)

        try Frames.own(Frames.beginning, at: 0, in: partition)
        partition.noteEnd(2, reachedEnd: false)
        #expect(partition.phase == .catchingUp && partition.nextOffset == 1)
        try Frames.own(Frames.tick(1, at: 1), at: 1, in: partition)
        partition.noteEnd(nil, reachedEnd: true)
        #expect(partition.phase == .current && partition.shared.isCurrent && partition.nextOffset == 2)
        partition.backlog = MemoryFrames([])
        partition.noteEnd(2, reachedEnd: true)
        #expect(partition.phase == .catchingUp && !partition.shared.isCurrent)
        partition.backlog = nil
        partition.noteEnd(2, reachedEnd: true)
        #expect(partition.phase == .current)

        partition.leave()
        #expect(partition.phase == .leaving && partition.committable == 2 && partition.position?.offset == 2)
        partition.standBy()
        #expect(partition.phase == .standby && !partition.shared.isCurrent && partition.publication == nil)
        #expect(partition.publishedByOwner == 2 && !partition.isBehindOwner)
    }

    /// What a standby had left to fold is folded only once it is known how far the facts are published.
    @Test func nothingIsFoldedBeforeThePublishedFactsAreFound() throws {
        let partition = try Frames.partition(on: runtime)
        partition.backlog = MemoryFrames([])
        partition.assign()
        #expect(partition.backlog == nil && partition.publication == nil)
    }

    /// A look at the ledger's end does not end the search for the published facts.
    @Test func aPartitionThatIsRecoveringIsNotCurrent() throws {
        let partition = try Frames.partition(on: runtime)
        partition.assign()
        partition.noteEnd(0, reachedEnd: true)
        #expect(partition.phase == .recovering && !partition.shared.isCurrent)
    }

    @Test func aStateAheadOfItsFactsIsNotResumed() throws {
        let partition = try Frames.partition(on: runtime)
        _ = try Frames.fold(Frames.beginning, at: 0, in: partition)
        _ = try Frames.fold(Frames.enrolment(at: 1), at: 1, in: partition)
        partition.assign()
        partition.recover(Self.blank, committed: 0)
        #expect(!partition.resumePublication() && partition.committable == 0)
        partition.recover(Self.blank.map { _ in Publication.Mark(offset: 100, sequence: 100) }, committed: 0)
        #expect(partition.resumePublication() && partition.committable == 2)
    }

    @Test func aStateAheadOfItsFactsIsUsableOnlyWithAnArchive() throws {
        for (disk, isUsable) in [(nil, false), (disk, true)] as [(FaultyFileSystem?, Bool)] {
            let partition = try Frames.partition(on: runtime, disk)
            _ = try Frames.fold(Frames.beginning, at: 0, in: partition)
            #expect(partition.isUsable == isUsable)
            partition.publishedByOwner = 1
            #expect(partition.isUsable)
            #expect(try Frames.fold(Frames.halfFolded, at: 1, in: partition).outcome != .repeated)
            #expect(partition.isSpoiled && !partition.isUsable)
        }
    }

    // MARK: Frames and facts

    @Test func nothingIsCommittableBeforeItsFactsAreAcknowledged() throws {
        let partition = try Frames.owned(on: runtime, end: 2)
        try Frames.own(Frames.beginning, at: 0, in: partition)
        #expect(partition.committable == 1)
        let facts = try Frames.own(Frames.enrolment(at: 1), at: 1, in: partition)
        #expect(!facts.isEmpty && partition.committable == 1 && !partition.isSettled)
        partition.noteEnd(2, reachedEnd: true)
        #expect(partition.phase == .catchingUp)
        for fact in facts { partition.acknowledge(topic: fact.topic.rawValue, sequence: fact.sequence, offset: 7) }
        partition.settle()
        partition.noteEnd(2, reachedEnd: true)
        #expect(partition.phase == .current && partition.isSettled)
        #expect(partition.position?.offset == 2)
        #expect(partition.position?.metadata == partition.publication?.metadata)
    }

    @Test func aViewIsLeftAfterTheFramesOfABatch() throws {
        let partition = try Frames.owned(on: runtime, end: 3)
        partition.renewView()
        #expect(partition.shared.view.bands.isEmpty)
        try Frames.own(Frames.beginning, at: 0, in: partition)
        try Frames.own(Frames.enrolment(at: 1), at: 1, in: partition)
        #expect(partition.shared.view.nextOffset == 0)
        partition.renewView()
        let view = partition.shared.view
        #expect(view == partition.withFold { PartitionView($0) })
        #expect(view.nextOffset == 2 && view.tallies.counters.enrolments == 1)
        #expect(view.bands.map(\.name) == ["C", "B", "A"] && view.bands.map(\.subjects) == [0, 1, 0])
        // A frame that went into the state in part is in no view.
        #expect(try Frames.fold(Frames.halfFolded, at: 2, in: partition).outcome != .repeated)
        partition.renewView()
        #expect(partition.isSpoiled && partition.shared.view == view)
        partition.repair(PartitionFold(partition: partition.number), chain: FrameChain(partition: partition.number))
        #expect(partition.shared.view.nextOffset == 0)
    }

    /// What takes long to read is not for an event loop.
    @Test func aStandingOfManyBucketsIsNotReadAtOnce() throws {
        let partition = try Frames.owned(on: runtime, end: 3)
        for (offset, frame) in try Frames.ledger(bills: 1).enumerated() {
            try Frames.own(frame, at: Int64(offset), in: partition)
        }
        func isRead(_ subject: String, within buckets: Int) -> Bool {
            let found = Array(subject.utf8).withUnsafeBytes {
                PipelineService.standingAtOnce(of: $0, in: partition.shared, maximumBuckets: buckets)
            }
            return found != nil
        }
        #expect(isRead("anna", within: 1) && !isRead("anna", within: 0))
        #expect(isRead("stranger", within: 0), "who has none")
    }

    @Test func aFrameThatIsFoldedAlreadyIsPassed() throws {
        let partition = try Frames.owned(on: runtime, end: 1)
        try Frames.own(Frames.beginning, at: 0, in: partition)
        let head = partition.chain.head
        #expect(try Frames.fold(Frames.beginning, at: 0, in: partition).outcome == .repeated)
        #expect(partition.chain.head == head && partition.nextOffset == 1)
    }

    @Test func whatIsPolledWaitsWhileThereIsABacklog() throws {
        let partition = try Frames.owned(on: runtime, end: 1)
        #expect(try Frames.admits(Frames.beginning, at: 0, in: partition))
        partition.backlog = MemoryFrames([])
        #expect(try !Frames.admits(Frames.beginning, at: 0, in: partition))
    }

    @Test func onlyWhatNobodyHasCountedIsNews() throws {
        let partition = try Frames.partition(on: runtime)
        Frames.own(partition, committed: 1, end: 2)
        #expect(try Frames.fold(Frames.beginning, at: 0, in: partition).outcome == .folded(from: 0, news: nil))
        #expect(partition.countedTo == 0)
        guard case .folded(from: 1, news: .some) = try Frames.fold(Frames.tick(1, at: 1), at: 1, in: partition).outcome
        else {
            Issue.record("no news")
            return
        }
        #expect(partition.countedTo == 2)
        partition.leave()
        partition.standBy()
        #expect(try Frames.fold(Frames.tick(2, at: 2), at: 2, in: partition).outcome == .folded(from: 2, news: nil))
        // Under the same member again.
        partition.assign()
        partition.recover(Self.blank, committed: 1)
        #expect(partition.newFrom == 2)
    }

    @Test func whatTheArchiveHasIsUnfoldedUpToALimit() throws {
        #expect(try Frames.partition(on: runtime).unfolded() == nil)
        let partition = try Frames.partition(on: runtime, disk)
        #expect(partition.unfolded() == nil)
        try Frames.archive([Frames.beginning, Frames.tick(1, at: 1), Frames.tick(2, at: 2)], of: partition)
        #expect(partition.unfolded() == 0..<3)
        #expect(partition.unfolded(before: 2) == 0..<2)
        _ = try Frames.fold(Frames.beginning, at: 0, in: partition)
        #expect(partition.unfolded() == 1..<3)
        #expect(partition.unfolded(before: 1) == nil)
    }

    @Test func aSnapshotIsDueAfterTheInterval() throws {
        let partition = try Frames.partition(on: runtime, disk)
        #expect(!partition.isSnapshotDue(at: runtime.now, interval: 1_000_000))
        runtime.pass(seconds: 2)
        #expect(partition.isSnapshotDue(at: runtime.now, interval: 1_000_000))
        partition.replace(PartitionFold(partition: partition.number), chain: FrameChain(partition: partition.number))
        #expect(!partition.isSnapshotDue(at: runtime.now, interval: 1_000_000))
    }

    // MARK: Quarantine

    @Test func aRecordInQuarantineStopsThePartitionUntilAnEntryPassesItOver() throws {
        let partition = try Frames.owned(on: runtime, end: 4)
        try Frames.own(Frames.beginning, at: 0, in: partition)
        #expect(try Frames.fold(Frames.stray, at: 1, in: partition).outcome == .quarantined(search: nil))
        #expect(partition.isStopped && !partition.isSpoiled)
        #expect(try partition.search(frames: 8)?.problem.offset == 1)
        #expect(try partition.search(frames: 8) == nil)
        partition.noteEnd(4, reachedEnd: true)
        #expect(partition.phase == .catchingUp)
        partition.noteBehind(at: runtime.now)
        #expect(partition.behind == nil)

        #expect(!Frames.admits(Frames.tick(1, at: 2), at: 2, in: partition))
        #expect(partition.endQuarantine() == nil)
        #expect(!Frames.admits(Frames.skip(1, at: 3), at: 3, in: partition))
        #expect(partition.endQuarantine()?.problem.offset == 1)
        #expect(partition.quarantine == nil && !partition.isStopped)
        #expect(Frames.admits(Frames.stray, at: 1, in: partition))
        try Frames.own(Frames.stray, at: 1, in: partition)
        #expect(partition.nextOffset == 2 && partition.committable == 2)
    }

    @Test func theArchiveIsSearchedForTheEntryThatEndsAQuarantine() throws {
        let partition = try Frames.partition(on: runtime, disk)
        let frames = [try Frames.beginning, Frames.stray, Frames.tick(1, at: 2), Frames.skip(1, at: 3)]
        try Frames.archive(frames, of: partition)
        partition.backlog = MemoryFrames([])
        _ = try Frames.fold(frames[0], at: 0, in: partition)
        #expect(try Frames.fold(frames[1], at: 1, in: partition).outcome == .quarantined(search: 2..<4))
        #expect(partition.backlog == nil && partition.unfolded() == nil)
        partition.quarantine?.unsearched = MemoryFrames([(2, frames[2]), (3, frames[3])])
        #expect(try partition.search(frames: 1) == nil)
        #expect(partition.endQuarantine() == nil)
        #expect(try partition.search(frames: 8) == nil)
        #expect(partition.endQuarantine()?.problem.offset == 1)
        #expect(partition.unfolded() == 1..<4)
        #expect(try Frames.fold(frames[1], at: 1, in: partition).outcome == .folded(from: 1, news: nil))
    }

    @Test func aSpoiledStateIsMendedAndPassesOverTheSameRecords() throws {
        let partition = try Frames.owned(on: runtime, end: 3, disk)
        let frames = [try Frames.beginning, Frames.halfFolded]
        try Frames.archive(frames, of: partition)
        try Frames.own(frames[0], at: 0, in: partition)
        partition.withFold { $0.skip(0) }
        #expect(try Frames.fold(frames[1], at: 1, in: partition).outcome == .quarantined(search: nil))
        #expect(partition.isSpoiled)
        partition.repair(PartitionFold(partition: partition.number), chain: FrameChain(partition: partition.number))
        #expect(!partition.isSpoiled && partition.nextOffset == 0 && !partition.isStopped)
        #expect(partition.withFold { $0.skipped } == [0])
        // Folded up to the record, and no further; what was counted is not counted again.
        #expect(partition.unfolded() == 0..<1)
        #expect(partition.newFrom == 1)
    }

    @Test func anAssignmentEndsAQuarantine() throws {
        let partition = try Frames.partition(on: runtime)
        _ = try Frames.fold(Frames.stray, at: 0, in: partition)
        #expect(partition.quarantine != nil)
        partition.assign()
        #expect(partition.quarantine == nil)
    }
}
