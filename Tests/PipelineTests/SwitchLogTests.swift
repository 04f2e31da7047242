import Replay
import Testing

@testable import Pipeline

/// What the log says of policy switches. A partition that switches has a step, and one that has switched has none.
@Suite struct SwitchLogTests {
    private let runtime = StillRuntime()

    /// The steps of a fold whose history has three frames, in the middle of a switch.
    private func step(after calls: Int) throws -> PartitionFold.PolicySwitch {
        let text = PipelineFixture.policyText.replacing("version: 1", with: "version: 2")
        let frames = [
            try LedgerPartitionFrames.beginning, LedgerPartitionFrames.tick(1, at: 1),
            LedgerPartitionFrames.tick(2, at: 2), try LedgerPartitionFrames.activation(of: text, at: 3),
        ]
        let partition = try LedgerPartitionFrames.partition(on: runtime, history: frames)
        for offset in 0..<3 { _ = try LedgerPartitionFrames.fold(frames[offset], at: Int64(offset), in: partition) }
        for _ in 0..<calls {
            _ = try LedgerPartitionFrames.fold(frames[3], at: 3, in: partition, within: .init(history: 1))
        }
        return try #require(partition.withFold { $0.policySwitch })
    }

    @Test func allPartitionsMakeOneLineAtATime() throws {
        var log = SwitchLog()
        let (first, second) = (try step(after: 1), try step(after: 1))
        #expect(log.note([:], folded: [0, 1], at: runtime.now).isEmpty)
        #expect(log.note([0: first], folded: [0, 1], at: runtime.now) == [.begun(target: "policy hamlet version 2")])
        #expect(log.note([0: first, 1: second], folded: [0, 1], at: runtime.now).isEmpty)
        runtime.pass(seconds: 4)
        #expect(log.note([0: first, 1: second], folded: [0, 1], at: runtime.now).isEmpty)
        runtime.pass(seconds: 1)
        let lines = log.note([1: second], folded: [0, 1], at: runtime.now)
        guard case .underWay(let target, let partitions, let done, let frames, let total, _) = lines.first else {
            Issue.record("\(lines)")
            return
        }
        #expect(lines.count == 1 && target == "policy hamlet version 2" && partitions == 1 && done == 1)
        #expect(frames == 3 + second.folded && total == 6)
        runtime.pass(seconds: 1)
        #expect(
            log.note([:], folded: [0, 1], at: runtime.now)
                == [.done(target: "policy hamlet version 2", partitions: 2, time: .seconds(6))])
        #expect(log.note([:], folded: [0, 1], at: runtime.now).isEmpty)
    }

    @Test func theTimeLeftFollowsFromTheFramesFolded() throws {
        var log = SwitchLog()
        let step = try step(after: 1)
        _ = log.note([0: step, 1: step], folded: [0, 1], at: runtime.now)
        runtime.pass(seconds: 6)
        // Three frames in six seconds, and as many less what was folded at the start are left.
        guard
            case .underWay(_, _, _, let frames, let total, let left) = log.note(
                [1: step], folded: [0, 1], at: runtime.now
            ).first
        else {
            Issue.record("no line")
            return
        }
        let rate = Double(frames - 2 * step.folded) / 6
        #expect(left == Double(total - frames) / rate)
    }

    @Test func aPartitionThatGoesElsewhereHasNotSwitched() throws {
        var log = SwitchLog()
        let step = try step(after: 1)
        #expect(log.note([0: step], folded: [0], at: runtime.now).count == 1)
        #expect(log.note([:], folded: [], at: runtime.now).isEmpty)
        #expect(log.note([0: step], folded: [0], at: runtime.now) == [.begun(target: "policy hamlet version 2")])
    }

    @Test func theShareIsThatOfTheFrames() throws {
        let begun = PipelineReading.Switching(3, try step(after: 1))
        let going = PipelineReading.Switching(3, try step(after: 3))
        #expect(begun.partition == 3 && begun.policy == "hamlet" && begun.version == 2)
        #expect(begun.done >= 0 && begun.done < going.done && going.done <= 1)
    }
}
