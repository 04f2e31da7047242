import Kafka
import Ledger
import Policy
import Replay
import Scoring
import Simulation
import Testing

@testable import Pipeline

private typealias Frames = LedgerPartitionFrames

/// What slices read of the ledger's topic, while its broker answers and while it does not.
@Suite struct LedgerTopicFeedTests {
    private static let number: Int32 = 3
    private static let ledger = TopicPartition("ledger", number)
    private static let time: Int64 = 1_577_836_800_000_000

    // MARK: Partitions

    /// Slices as long as there is anything to do for them, and then one question to the broker, a few times. A slice asks it
    /// nothing.
    private func step(_ stage: RunnerStage, unless isDone: () -> Bool = { false }) {
        for _ in 0..<20 where !isDone() {
            let polls = stage.kafka.polls
            stage.runSlices()
            #expect(stage.kafka.polls == polls, "a slice polls")
            if !isDone() { stage.runtime.runNext() }
        }
    }

    private func ledgerWithASwitch() throws -> [[UInt8]] {
        let policy = PipelineFixture.policyText.replacing("version: 1", with: "version: 2")
            .replacing("base: 500", with: "base: 510")
        let before = try Frames.ledger(bills: 4)
        let offset = Int64(before.count)
        return before + [try Frames.activation(of: policy, at: offset), Frames.bills(from: 20, at: offset + 1)]
    }

    @Test func aPolicyIsSwitchedWithoutAnArchiveWhileASilentBrokerHoldsUpNothingElse() throws {
        let frames = try ledgerWithASwitch()
        let stage = try RunnerStage()
        for frame in frames { stage.kafka.append(frame, to: Self.ledger) }
        let (switching, other) = (stage.owned(Self.number, end: Int64(frames.count)), stage.owned(2))
        stage.kafka.isSilent = true
        stage.add(frames, from: 0, to: switching)
        step(stage)
        #expect(switching.partition?.phase == .switching && switching.status.nextOffset == 6)
        #expect(switching.status.policySwitch?.version == 2 && !switching.status.isCurrent)

        // Questions are answered under the policy before, and other partitions are folded.
        #expect(switching.status.shared?.withFold { $0.policy?.version } == 1)
        stage.add(try Frames.ledger(bills: 3), from: 0, to: other)
        step(stage)
        #expect(other.status.nextOffset == 5 && !stage.numbers(of: 2).isEmpty)
        // It is ready once more only when the broker was asked once more.
        stage.runSlices()
        #expect(stage.environment.slices.count == 0 && stage.runtime.waiting(in: .broker) == 1)

        stage.kafka.isSilent = false
        stage.settle()
        #expect(switching.status.nextOffset == Int64(frames.count) && switching.status.policySwitch == nil)
        #expect(switching.status.shared?.withFold { $0.policy?.version } == 2)
        #expect(stage.takeReports().failed.isEmpty)

        // The facts are those of a switch that nothing has held up.
        let whole = try RunnerStage()
        for frame in frames { whole.kafka.append(frame, to: Self.ledger) }
        whole.poll(frames, whole.owned(Self.number, end: Int64(frames.count)))
        #expect(stage.kafka.sent.filter { $0.partition == Self.number } == whole.kafka.sent)
    }

    @Test func whoIsTakenFromAMemberInTheMiddleOfASwitchWaitsForNoBroker() throws {
        let frames = try ledgerWithASwitch()
        let stage = try RunnerStage()
        for frame in frames { stage.kafka.append(frame, to: Self.ledger) }
        let runner = stage.owned(Self.number, end: Int64(frames.count))
        stage.kafka.isSilent = true
        stage.add(frames, from: 0, to: runner)
        step(stage)
        runner.inbox.order(.leave)
        stage.environment.slices.ready(runner)
        step(stage)
        #expect(runner.status.hasLeft)
        runner.inbox.begin(with: .standBy)
        stage.environment.slices.ready(runner)
        // What it had asked the broker comes to an end.
        stage.settle()
        #expect(stage.takeReports().closed == [Self.number] && runner.partition == nil)
    }

    /// The archive is damaged, so that the backlog and what is searched for the end of a quarantine are in the topic alone.
    @Test func aBacklogAndASearchForTheEndOfAQuarantineWaitForNoBroker() throws {
        let frames = try Frames.ledger(bills: 2) + [Frames.stray, Frames.tick(Self.time, at: 5), Frames.skip(4, at: 6)]
        let stage = try RunnerStage(archives: true)
        for frame in frames { stage.kafka.append(frame, to: Self.ledger) }
        let runner = stage.open(Self.number)
        stage.begin(.read, runner)
        stage.poll(frames, runner)
        #expect(runner.partition?.store.archiveEnd == 7 && runner.status.nextOffset == 0)
        let path = try #require(stage.disk.paths(ending: ".segment").first)
        var bytes = try #require(stage.disk.disk[path])
        bytes[100] ^= 1
        stage.disk.disk[path] = bytes

        stage.begin(.assign, runner)
        stage.kafka.isSilent = true
        runner.inbox.order(.recover(.init(committed: 0, marks: RunnerStage.blank, end: 7)))
        stage.environment.slices.ready(runner)
        step(stage)
        #expect(runner.partition?.phase == .catchingUp && runner.status.nextOffset == 0)
        stage.runSlices()
        #expect(stage.environment.slices.count == 0)

        stage.kafka.isSilent = false
        step(stage) { runner.status.quarantined != nil }
        #expect(runner.status.quarantined?.offset == 4 && runner.status.nextOffset == 4)
        stage.kafka.isSilent = true
        step(stage)
        #expect(runner.status.quarantined != nil)
        stage.runSlices()
        #expect(stage.environment.slices.count == 0)

        stage.kafka.isSilent = false
        stage.settle()
        #expect(runner.status.quarantined == nil && runner.status.nextOffset == 7)
        #expect(stage.takeReports().failed.isEmpty)
    }

    // MARK: Portions

    private func feed(_ kafka: MemoryKafka, _ offsets: Range<Int64>, on runtime: QueuedRuntime, isStopped: Bool = false)
        -> LedgerTopicFeed
    {
        LedgerTopicFeed(
            kafka, topic: Self.ledger.topic, partition: Self.number, offsets: offsets, runtime: runtime,
            isStopped: { isStopped }, ready: {})
    }

    /// The offsets of the frames that are here, and whether they are the last.
    private func take(_ feed: LedgerTopicFeed) throws -> (offsets: [Int64], isLast: Bool) {
        var offsets: [Int64] = []
        while true {
            switch try feed.poll() {
            case .frame(let frame):
                #expect(frame.bytes.first == UInt8(frame.offset))
                offsets.append(frame.offset)
            case .notYet: return (offsets, false)
            case .end: return (offsets, true)
            }
        }
    }

    @Test func aPortionIsBoundedAndTheNextOneIsReadWhileItIsTaken() throws {
        let (kafka, runtime) = (MemoryKafka(), QueuedRuntime())
        for number in 0..<20 as Range<UInt8> {
            kafka.append([UInt8](repeating: number, count: 300_000), to: Self.ledger)
        }
        let feed = feed(kafka, 2..<17, on: runtime)
        var taken: [Int64] = []
        var found = try take(feed)
        #expect(found.offsets.isEmpty && runtime.waiting(in: .broker) == 1)
        while !found.isLast {
            #expect(
                runtime.run(.broker) && runtime.waiting(in: .broker) == 0,
                "one portion, and no other before it is taken")
            found = try take(feed)
            #expect(found.offsets.count <= 4)
            taken += found.offsets
            #expect(runtime.waiting(in: .broker) == (found.isLast ? 0 : 1))
        }
        #expect(taken == Array(2..<17))
        #expect(try take(feed).isLast)
    }

    @Test func anEmptyPortionIsNoEnd() throws {
        let (kafka, runtime) = (MemoryKafka(), QueuedRuntime())
        kafka.append([0], to: Self.ledger)
        kafka.isSilent = true
        let feed = feed(kafka, 0..<1, on: runtime)
        for _ in 0..<3 {
            #expect(try take(feed).offsets.isEmpty)
            #expect(runtime.run(.broker) && runtime.waiting(in: .broker) == 0)
        }
        kafka.isSilent = false
        #expect(try take(feed).offsets.isEmpty && runtime.run(.broker))
        let found = try take(feed)
        #expect(found.offsets == [0] && found.isLast)
    }

    @Test func whatStopsTheReadingIsThrownWhereTheFramesAreTaken() throws {
        let (kafka, runtime) = (MemoryKafka(), QueuedRuntime())
        kafka.append([0], to: Self.ledger)
        let feed = feed(kafka, 0..<1, on: runtime, isStopped: true)
        _ = try take(feed)
        runtime.run(.broker)
        for _ in 0..<2 { #expect(throws: CancellationError.self) { try feed.poll() } }
    }

    @Test func aFeedThatIsGivenUpLetsGoOfItsConsumerInTheBrokersLine() throws {
        let (kafka, runtime) = (MemoryKafka(), QueuedRuntime())
        kafka.append([0], to: Self.ledger)
        kafka.isSilent = true
        do {
            let feed = feed(kafka, 0..<1, on: runtime)
            _ = try take(feed)
            runtime.run(.broker)
            #expect(kafka.consumers == 1)
        }
        #expect(kafka.consumers == 1 && runtime.waiting(in: .broker) == 1)
        runtime.run(.broker)
        #expect(kafka.consumers == 0)
    }
}
