import Policy
import Replay
import Scoring
import Testing

@testable import Pipeline

private typealias Frames = LedgerPartitionFrames

/// A policy switch under way.
extension LedgerPartitionTests {
    private static let newPolicy = PipelineFixture.policyText.replacing("version: 1", with: "version: 2")
        .replacing("base: 500", with: "base: 510")
    /// Of the history one frame or entry a call.
    private static let tiny = PartitionFold.Slice(history: 1)

    /// Three frames before the activation, and it.
    private func ledger() throws -> [[UInt8]] {
        [
            try Frames.beginning, Frames.enrolment(at: 1), Frames.tick(1, at: 2),
            try Frames.activation(of: Self.newPolicy, at: 3),
        ]
    }

    private func fold(
        _ frame: [UInt8], at offset: Int64, in partition: LedgerPartition
    ) throws -> LedgerPartition.Outcome {
        let (outcome, facts) = try Frames.fold(frame, at: offset, in: partition, within: Self.tiny)
        for fact in facts {
            partition.send(fact.topic, fact.sequence)
            partition.acknowledge(topic: fact.topic.rawValue, sequence: fact.sequence, offset: fact.sequence)
        }
        if outcome != .unfinished { partition.folded(next: offset + 1) }
        partition.settle()
        return outcome
    }

    /// Folded to the activation, which has begun.
    private func switching(_ frames: [[UInt8]]) throws -> LedgerPartition {
        let partition = try Frames.partition(on: runtime, history: frames)
        Frames.own(partition, committed: 0, end: 3)
        for offset in 0..<3 { #expect(try fold(frames[offset], at: Int64(offset), in: partition) != .unfinished) }
        partition.noteEnd(3, reachedEnd: true)
        partition.noteBehind(at: runtime.now)
        #expect(partition.phase == .current && partition.behind == .zero && partition.late == .zero)
        #expect(try fold(frames[3], at: 3, in: partition) == .unfinished)
        return partition
    }

    private func version(_ partition: LedgerPartition) -> Int64? { partition.withFold { $0.policy?.version } }

    @Test func aPartitionIsSwitchingUntilItsHistoryIsFoldedAndNeverCurrentMeanwhile() throws {
        let frames = try ledger()
        let partition = try switching(frames)
        var calls = 1
        repeat {
            #expect(partition.phase == .switching && !partition.shared.isCurrent)
            partition.noteEnd(4, reachedEnd: true)
            #expect(partition.phase == .switching && !partition.shared.isCurrent && partition.nextOffset == 3)
            let step = partition.withFold { $0.policySwitch }
            #expect(step?.id == "hamlet" && step?.version == 2 && version(partition) == 1)
            calls += 1
        } while try fold(frames[3], at: 3, in: partition) == .unfinished
        #expect(calls > 3)
        #expect(partition.phase == .catchingUp && version(partition) == 2 && partition.nextOffset == 4)
        partition.noteEnd(nil, reachedEnd: true)
        #expect(partition.phase == .current && partition.shared.isCurrent && partition.committable == 4)
    }

    /// What was folded before comes once more.
    @Test func aRepeatedFrameEndsNoSwitch() throws {
        let frames = try ledger()
        let partition = try switching(frames)
        #expect(try Frames.fold(frames[2], at: 2, in: partition).outcome == .repeated)
        #expect(partition.phase == .switching)
    }

    @Test func aStandbyThatSwitchesStaysAStandby() throws {
        let frames = try ledger()
        let partition = try Frames.partition(on: runtime, history: frames)
        for offset in 0..<3 { _ = try Frames.fold(frames[offset], at: Int64(offset), in: partition) }
        while try Frames.fold(frames[3], at: 3, in: partition, within: Self.tiny).outcome == .unfinished {
            #expect(partition.phase == .standby && !partition.isUsable)
        }
        #expect(partition.phase == .standby && version(partition) == 2)
    }

    @Test func aPartitionLeavesInTheMiddleOfASwitch() throws {
        let partition = try switching(try ledger())
        partition.leave()
        partition.noteEnd(4, reachedEnd: true)
        #expect(partition.phase == .leaving && partition.committable == 3)
        partition.standBy()
        #expect(partition.phase == .standby && partition.late == nil && !partition.isUsable)
        partition.assign()
        let marks = FactTopic.allCases.map { _ in Publication.Mark(offset: 100, sequence: 100) }
        partition.recover(marks, committed: 3)
        #expect(!partition.resumePublication(), "the state stands within a frame")
    }

    @Test func theTimeBehindGoesOnWithinASwitchAndDoesNotCount() throws {
        let frames = try ledger()
        let partition = try switching(frames)
        partition.noteEnd(4, reachedEnd: false)
        partition.noteBehind(at: runtime.now, readyWithin: .seconds(5))
        runtime.pass(seconds: 60)
        partition.noteBehind(at: runtime.now, readyWithin: .seconds(5))
        #expect(partition.behind == .seconds(60) && partition.late == .zero)
        while try fold(frames[3], at: 3, in: partition) == .unfinished {}
        partition.noteBehind(at: runtime.now, readyWithin: .seconds(5))
        #expect(partition.behind == .zero && partition.late == .zero)
    }

    @Test func theStateBeforeASwitchIsLeftToWhoeverHasTheTimeToLetItGo() throws {
        let frames = try ledger()
        let partition = try switching(frames)
        while try fold(frames[3], at: 3, in: partition) == .unfinished { #expect(partition.retired == nil) }
        #expect(partition.retired != nil)
        _ = try fold(Frames.tick(2, at: 4), at: 4, in: partition)
        #expect(partition.retired == nil)
    }

    // MARK: The time of switches

    private func late(
        _ time: inout SwitchTime, behind: Int64?, isSwitching: Bool = false
    ) -> Duration? {
        time.late(
            behind: behind.map { .seconds($0) }, isSwitching: isSwitching, readyWithin: .seconds(5), at: runtime.now)
    }

    @Test func whatWaitedForASwitchCountsLessThatTime() {
        var time = SwitchTime()
        #expect(late(&time, behind: 1, isSwitching: true) == .seconds(1))
        runtime.pass(seconds: 60)
        #expect(late(&time, behind: 61, isSwitching: true) == .seconds(1))
        #expect(late(&time, behind: 61) == .seconds(1))
        runtime.pass(seconds: 2)
        #expect(late(&time, behind: 30) == .zero)
        // Who folds too slowly is late in the end.
        runtime.pass(seconds: 40)
        #expect(late(&time, behind: 67) == .seconds(7))
        // From here on what waits has not waited for a switch.
        #expect(late(&time, behind: 5) == .seconds(5))
        #expect(late(&time, behind: 20) == .seconds(20))
    }

    @Test func twoSwitchesInARowAddUp() {
        var time = SwitchTime()
        for behind in [0, 30, 30] as [Int64] {
            #expect(late(&time, behind: behind, isSwitching: true) == .zero)
            if behind == 0 { runtime.pass(seconds: 30) }
        }
        #expect(late(&time, behind: 30) == .zero)
        #expect(late(&time, behind: 30, isSwitching: true) == .zero)
        runtime.pass(seconds: 20)
        #expect(late(&time, behind: 50, isSwitching: true) == .zero)
        #expect(late(&time, behind: 57) == .seconds(7))
    }

    @Test func whoWasLateBeforeASwitchStaysLate() {
        var time = SwitchTime()
        #expect(late(&time, behind: 9) == .seconds(9))
        #expect(late(&time, behind: 9, isSwitching: true) == .seconds(9))
        runtime.pass(seconds: 60)
        #expect(late(&time, behind: 69, isSwitching: true) == .seconds(9))
        #expect(late(&time, behind: 69) == .seconds(9))
    }

    /// A partition that meets the activation on its way to the ledger's end has never been ready.
    @Test func whereTheTimeBehindIsNotKnownASwitchIsNoExcuse() {
        var time = SwitchTime()
        #expect(late(&time, behind: nil, isSwitching: true) == nil)
        runtime.pass(seconds: 60)
        #expect(late(&time, behind: nil, isSwitching: true) == nil)
        #expect(late(&time, behind: 10) == .seconds(10))
    }
}
