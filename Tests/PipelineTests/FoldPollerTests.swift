import Events
import Kafka
import Ledger
import Replay
import Scoring
import Testing

@testable import Pipeline

private typealias Frames = LedgerPartitionFrames

/// The fold's poller, round by round, with a cluster in memory. Nothing runs but what a test runs.
@Suite struct FoldPollerTests {
    private let runtime = QueuedRuntime()
    private let kafka = MemoryKafka()
    private let disk = WatchedFileSystem()

    private func topicPartition(_ number: Int32) -> TopicPartition { TopicPartition("ledger", number) }

    /// A member to which the group has assigned all partitions.
    private func poller(
        partitions: Int32, _ change: (inout PipelineConfiguration) -> Void = { _ in }
    ) throws -> FoldPoller {
        var configuration = RunnerStage.configuration(kafka, on: runtime)
        change(&configuration)
        let poller = try FoldPoller(
            Member(configuration, logger: RunnerStage.logger), ledgerPartitions: Int(partitions))
        try poller.start()
        kafka.member?.rebalance((0..<partitions).map(topicPartition))
        return poller
    }

    /// Rounds, and everything that they lead to.
    private func run(_ poller: FoldPoller, rounds: Int = 20) throws {
        for _ in 0..<rounds {
            try poller.step()
            while poller.environment.slices.runNext() || runtime.runNext() {}
        }
    }

    @Test func whatIsAssignedIsReadFoldedAndCommitted() throws {
        let frames = try Frames.ledger(bills: 4)
        let poller = try poller(partitions: 2)
        for number in 0..<2 as Range<Int32> { for frame in frames { kafka.append(frame, to: topicPartition(number)) } }
        try run(poller)
        #expect(poller.assignedRunners.map(\.status.isCurrent) == [true, true])
        runtime.clock.pass(seconds: 1)
        try run(poller, rounds: 1)
        for number in 0..<2 as Range<Int32> {
            #expect(kafka.committed[topicPartition(number)]?.offset == Int64(frames.count))
            #expect(kafka.numbers(of: number).allSatisfy { $0 == Array(1...$0.count) })
        }
        #expect(!kafka.numbers(of: 0).isEmpty && kafka.numbers(of: 0) == kafka.numbers(of: 1))
        #expect(poller.pipelineStatus.current.currentPartitions == 2)
    }

    @Test func aFullInboxPausesItsPartitionAndHalfResumesIt() throws {
        // The inboxes may hold one MiB together.
        let kilobyte = 1024
        let poller = try poller(partitions: 1) { $0.memoryLimit = 1 << 20 }
        try run(poller)
        let inbox = try #require(poller.slots[0].runner).inbox
        let member = try #require(kafka.member)
        #expect(poller.slots[0].isRead && member.paused.isEmpty)

        func add(kilobytes: Int) {
            kafka.append([UInt8](repeating: 1, count: kilobytes * kilobyte), to: topicPartition(0))
        }
        // From here on no slice runs.
        add(kilobytes: 400)
        try poller.step()
        #expect(inbox.bytes == 400 * kilobyte && member.paused.isEmpty)
        add(kilobytes: 700)
        try poller.step()
        #expect(inbox.bytes == 1100 * kilobyte && member.paused == [topicPartition(0)])
        add(kilobytes: 100)
        try poller.step()
        #expect(inbox.bytes == 1100 * kilobyte)
        _ = inbox.takeBlock()
        try poller.step()
        #expect(inbox.bytes == 700 * kilobyte && member.paused == [topicPartition(0)])
        _ = inbox.takeBlock()
        try poller.step()
        #expect(member.paused.isEmpty)
        try poller.step()
        #expect(inbox.bytes == 100 * kilobyte)
    }

    @Test func aFailedPartitionBeginsAnewAfterAPauseWhileTheOthersStay() throws {
        let frames = try Frames.ledger(bills: 4)
        let end = Int64(frames.count)
        let poller = try poller(partitions: 2) { $0.data = LocalData("/data", on: disk) }
        try run(poller)
        let turn = poller.environment.turn
        let other = try #require(poller.slots[0].runner)
        disk.unwritable = "/archive/00001/"
        for number in 0..<2 as Range<Int32> { for frame in frames { kafka.append(frame, to: topicPartition(number)) } }
        try run(poller)
        // Within the pause, for no time has passed.
        #expect(poller.slots[1].runner == nil && poller.slots[1].closing == nil)
        #expect(poller.slots[1].failure.count == 1 && poller.slots[1].failure.retryAt != nil)
        #expect(poller.slots[0].runner === other && other.status.isCurrent && other.status.nextOffset == end)
        #expect(poller.environment.turn == turn && poller.assignment?.count == 2)

        disk.unwritable = nil
        runtime.clock.pass(seconds: 1)
        try run(poller)
        let again = try #require(poller.slots[1].runner)
        #expect(again.status.isCurrent && again.status.nextOffset == end && again.status.position?.offset == end)
        #expect(poller.slots[0].runner === other && poller.environment.turn == turn)
        #expect(!kafka.numbers(of: 1).isEmpty)
        #expect(kafka.numbers(of: 1).allSatisfy { $0 == Array(1...$0.count) })
        #expect(kafka.numbers(of: 1) == kafka.numbers(of: 0))
    }

    /// A supervisor replaces its poller after some errors, and a member runs for years. A report that nobody takes refers
    /// to its partition.
    @Test(arguments: [true, false]) func aReplacedPollerIsFreedWithItsPartitions(isAbandoned: Bool) throws {
        weak var environment: FoldEnvironment?
        weak var runner: PartitionRunner?
        do {
            let poller = try poller(partitions: 2) { $0.data = LocalData("/data", on: disk) }
            for frame in try Frames.ledger(bills: 4) { kafka.append(frame, to: topicPartition(0)) }
            try run(poller)
            let first = try #require(poller.slots[0].runner)
            (environment, runner) = (poller.environment, first)
            poller.environment.report(.opened, of: first)
            if isAbandoned {
                poller.abandon()
                while poller.environment.slices.runNext() || runtime.runNext() {}
            }
        }
        while runtime.runNext() {}
        #expect(environment == nil && runner == nil)
    }

    @Test func theOrderOfTheMembersTopicReachesEveryPartitionHoweverOftenItBegins() throws {
        let frames = try Frames.ledger(bills: 4)
        let text = PipelineFixture.policyText.replacing("base: 500", with: "base: 510")
        let order = ShadowOrder(text: text, since: Timestamp(microseconds: 0))
        let poller = try poller(partitions: 2) { $0.data = LocalData("/data", on: disk) }
        for number in 0..<2 as Range<Int32> { for frame in frames { kafka.append(frame, to: topicPartition(number)) } }
        try run(poller)
        order.json.withUnsafeBytes {
            poller.directory.note(key: ShadowOrder.key, value: $0, ledgerPartitions: 2)
        }
        try run(poller)
        #expect(
            poller.pipelineStatus.current.shadowOrder == nil && poller.pipelineStatus.current.shadows.isEmpty,
            "it may be over")
        poller.directory.noteEnd()
        try run(poller)
        let status = poller.pipelineStatus.current
        #expect(status.shadowOrder == order && status.shadows.map(\.phase) == [.live, .live])
        #expect(status.shadowDifference?.subjects == 2 && status.shadowDifference?.scores.higher == 2)
        #expect(status.sizes.map(\.partition) == [0, 1] && status.sizes.allSatisfy { $0.entries > 4 && $0.bytes > 0 })

        disk.unwritable = "/archive/00001/"
        for number in 0..<2 as Range<Int32> { kafka.append(Frames.bills(from: 6, at: 6), to: topicPartition(number)) }
        try run(poller)
        #expect(poller.slots[1].runner == nil && poller.pipelineStatus.current.shadows.map(\.partition) == [0])
        disk.unwritable = nil
        runtime.clock.pass(seconds: 1)
        try run(poller)
        #expect(poller.pipelineStatus.current.shadows.map(\.phase) == [.live, .live])
        #expect(poller.pipelineStatus.current.shadows.map(\.folded) == [7, 7])

        // What partitions say of an order that is over is not said of the one after it.
        let next = ShadowOrder(text: text, since: Timestamp(microseconds: 1))
        next.json.withUnsafeBytes {
            poller.directory.note(key: ShadowOrder.key, value: $0, ledgerPartitions: 2)
        }
        poller.orderShadow()
        #expect(poller.pipelineStatus.current.shadowOrder == next && poller.pipelineStatus.current.shadows.isEmpty)
        try run(poller)
        #expect(poller.pipelineStatus.current.shadows.map(\.order) == [next, next])

        poller.directory.note(key: ShadowOrder.key, value: nil, ledgerPartitions: 2)
        try run(poller)
        #expect(poller.pipelineStatus.current.shadowOrder == nil && poller.pipelineStatus.current.shadows.isEmpty)
        #expect(kafka.numbers(of: 0) == kafka.numbers(of: 1))
    }

    @Test func anAnswerOfAnEarlierAssignmentIsOfNoUse() throws {
        let poller = try poller(partitions: 1)
        let runner = try #require(poller.slots[0].runner)
        func runSlices() { while poller.environment.slices.runNext() || runtime.run(.storage) {} }
        func answer(turn: Int) throws {
            let recovered = PartitionInbox.Recovered(committed: 0, marks: RunnerStage.blank, end: 0)
            poller.environment.answer(.recovered([0: recovered], nil), turn: turn)
            try poller.takeAnswers()
            runSlices()
        }
        runSlices()
        #expect(runner.partition?.phase == .recovering)
        try answer(turn: poller.environment.turn - 1)
        #expect(runner.partition?.phase == .recovering)
        try answer(turn: poller.environment.turn)
        #expect(runner.partition?.phase == .catchingUp)
    }
}
