import Kafka
import Logging
import Testing

@testable import Pipeline

/// An intake polls whatever its broker does: its group takes a member that does not for dead.
@Suite struct IntakePollingTests {
    private typealias Fixture = PipelineFixture

    private let script = ScriptedCluster.Script()
    private let control = TopicPartition("control", 0)
    private let bills = TopicPartition("bills", 0)
    private let rides = TopicPartition("rides", 0)

    private func intake(
        _ change: (inout PipelineConfiguration) -> Void = { _ in }, prepare: (Member) -> Void = { _ in }
    ) throws -> (intake: Intake, pipelineStatus: PipelineStatus) {
        let topics = PipelineConfiguration.Topics(
            control: "control", sources: ["bills", "rides"], ledger: "ledger", deadLetter: "dead",
            facts: ["scores", "sanctions", "perks"])
        var configuration = PipelineConfiguration(kafka: ScriptedCluster(script: script), topics: topics)
        configuration.runtime = script.runtime
        change(&configuration)
        let member = Member(configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        prepare(member)
        let intake = try Intake(member, ledgerPartitions: 1)
        try intake.start()
        return (intake, member.pipelineStatus)
    }

    private func run(_ intake: Intake, for time: Duration) throws {
        let end = script.runtime.now + time
        while script.runtime.now < end { try intake.step() }
    }

    /// Steps until everything of these partitions is committed.
    private func finish(_ intake: Intake, _ topicPartitions: [TopicPartition]) throws {
        for _ in 0..<20_000 {
            if topicPartitions.allSatisfy({ script.committed[$0] == Int64(script.records(of: $0).count) }) { return }
            try intake.step()
        }
        Issue.record("not everything is committed: \(script.committed)")
    }

    private func bills(_ count: Int, padding: Int = 0) -> [Fixture.Sent] {
        let data = #"{"text":"\#(String(repeating: "x", count: padding))"}"#
        return (0..<count).map { Fixture.event("\($0)", "bill.paid", of: "anna", data: data, to: Fixture.bills) }
    }

    @Test func theGroupIsToldTheConfiguredPollInterval() throws {
        let (intake, pipelineStatus) = try intake { $0.maximumPollInterval = 12_000 }
        #expect(script.options?.maximumPollInterval == 12_000)
        #expect(script.options?.batch == Backpressure.batch)
        #expect(pipelineStatus.longestPollGap(of: .intake) == nil)
        try intake.step()
        #expect(pipelineStatus.longestPollGap(of: .intake) != nil)
    }

    /// Beyond the bound of batches nothing is read, for longer than any poll interval, and then everything is.
    @Test func aBrokerThatAcknowledgesNothingLeavesPollsGoingOn() throws {
        script.logs = [(control, []), (bills, bills(5000))]
        let (intake, pipelineStatus) = try intake()
        try run(intake, for: .seconds(600))
        let gap = try #require(pipelineStatus.longestPollGap(of: .intake))
        #expect(gap < .seconds(1))
        #expect(script.handedOut == (Backpressure.maximumBatches + 1) * script.batch)
        #expect(script.pauses.last == [control, bills])
        #expect(script.committed[bills] == 0)

        script.acknowledges = true
        try finish(intake, [bills])
        #expect(script.handedOut == 5000 && script.pauses.last == [])
        #expect(pipelineStatus.current.intake.events == 5000)
    }

    /// (records of a poll, frames that come of 100 records): a poll takes a millisecond. At rest each poll is a round, and with more
    /// to read the rounds of a hundred microseconds a record have 20, 40 and 40.
    @Test(arguments: [(Batching.recordsAtRest, 25), (20, 3)] as [(Int, Int64)])
    func whatAnIntakeSendsGathersWithTheLoad(_ batch: Int, _ frames: Int64) throws {
        script.logs = [(control, []), (bills, bills(100))]
        (script.batch, script.acknowledges) = (batch, true)
        let (intake, pipelineStatus) = try intake()
        try finish(intake, [bills])
        #expect(pipelineStatus.current.intake.frames == frames)
        #expect(pipelineStatus.current.intake.events == 100)
    }

    /// Polls that return nothing count, too: those of a pause, and those that wait for records.
    @Test func pollsThatReturnAsMuchAsTheyCanAreCounted() throws {
        let more = 10
        script.logs = [(control, []), (bills, bills(2 * Backpressure.batch + more))]
        (script.batch, script.acknowledges) = (Backpressure.batch, true)
        let (intake, pipelineStatus) = try intake()
        try finish(intake, [bills])
        let polled = try #require(pipelineStatus.current.inFlight)
        #expect(polled.fullPolls == 2)
        #expect(polled.polls == Int64(script.polls))
        for _ in 0..<3 { try intake.step() }
        #expect(pipelineStatus.current.inFlight?.polls == polled.polls + 3)
        pipelineStatus.note(PipelineReading.InFlight())
        #expect(pipelineStatus.current.inFlight?.polls == polled.polls + 3, "they are counts of the process")
    }

    /// What was read and is not sent yet goes out before the partitions do.
    @Test func whatHasGatheredIsSentAtTheEnd() throws {
        script.logs = [(control, []), (bills, bills(60))]
        (script.batch, script.acknowledges) = (20, true)
        let (intake, pipelineStatus) = try intake()
        while script.handedOut < 40 { try intake.step() }
        try #require(pipelineStatus.current.intake.events == 20)
        try intake.finish()
        #expect(pipelineStatus.current.intake.events == 40 && script.committed[bills] == 40)
    }

    /// Half of a producer's queue of 1 MiB.
    @Test func bytesInFlightPauseReadingToo() throws {
        script.logs = [(control, []), (bills, bills(500, padding: 10_000))]
        let (intake, _) = try intake { $0.memoryLimit = 32 << 20 }
        try run(intake, for: .seconds(20))
        let batches = script.handedOut / script.batch
        #expect(batches == 512 * 1024 / (10_000 * script.batch) + 1)
        #expect(script.pauses.last == [control, bills])
        script.acknowledges = true
        try finish(intake, [bills])
        #expect(script.handedOut == 500)
    }

    /// At the limit, with a policy in the shadow and without.
    @Test(arguments: [true, false]) func aStateInTheShadowTakesNoEnrolmentsPlace(hasShadow: Bool) throws {
        let limit: Int64 = 128 << 20
        script.logs = [(control, [Fixture.enrolment(of: "anna")]), (bills, [])]
        script.acknowledges = true
        script.runtime.residentBytes = limit
        let (intake, pipelineStatus) = try intake {
            $0.memoryLimit = limit
        } prepare: { member in
            if hasShadow { member.memory.note(.init(bytes: 16 << 20), of: 0) }
        }
        try finish(intake, [control])
        #expect(pipelineStatus.current.intake.events == (hasShadow ? 1 : 0))
        #expect(pipelineStatus.current.intake.deadLetterTotal == (hasShadow ? 0 : 1))
    }

    /// Frames and dead letters of one batch wait for room, and nothing is read meanwhile.
    @Test func aBatchThatFindsNoRoomIsKept() throws {
        let defective = Fixture.Sent(topic: Fixture.bills, key: nil, value: Array("no event".utf8))
        script.logs = [(control, []), (bills, (0..<6).flatMap { _ in bills(4) + [defective] })]
        script.room = 0
        let (intake, pipelineStatus) = try intake()
        try run(intake, for: .seconds(600))
        let gap = try #require(pipelineStatus.longestPollGap(of: .intake))
        #expect(gap < .seconds(1))
        #expect(script.handedOut == script.batch && script.pauses.last == [control, bills])
        #expect(script.nextOffsets.isEmpty)

        script.room = 1
        script.acknowledges = true
        try finish(intake, [bills])
        #expect(script.handedOut == 30 && script.pauses.last == [])
        #expect(pipelineStatus.current.intake.events == 24 && pipelineStatus.current.intake.deadLetterTotal == 6)
        #expect(script.nextOffsets[TopicPartition("dead", 0)] == 6)
    }

    /// The bytes in flight are within their bound again, and the control topic is not read yet.
    @Test func aPartitionPausedForBothReasonsWaitsForBothToEnd() throws {
        script.logs = [
            (control, ["anna", "ben"].map { Fixture.enrolment(of: $0) }), (bills, bills(10)),
        ]
        script.room = 0
        let (intake, _) = try intake()
        try run(intake, for: .seconds(1))
        #expect(script.pauses == [[bills], [control, bills]])
        script.room = 100
        script.acknowledges = true
        try finish(intake, [control, bills])
        #expect(script.pauses == [[bills], [control, bills], [bills], []])
    }

    /// As after any other time without reading, sources wait for the control topic where that took long.
    @Test(arguments: [(seconds: 2, isLong: false), (seconds: 8, isLong: true)])
    func afterALongPauseTheControlTopicGoesFirst(_ seconds: Int, _ isLong: Bool) throws {
        script.logs = [(control, []), (bills, bills(20))]
        script.room = 0
        let (intake, _) = try intake()
        try run(intake, for: .seconds(seconds))
        #expect(script.pauses == [[bills], [], [control, bills]])
        script.room = 100
        script.acknowledges = true
        try finish(intake, [bills])
        #expect(script.pauses.dropFirst(3) == (isLong ? [[bills], []] : [[]]))
    }

    /// Waits for the acknowledgement of what was lost are bounded, and those of several partitions do not add up.
    @Test func oneGapARoundIsWaitedFor() throws {
        script.logs = [(control, []), (bills, bills(8)), (rides, bills(8))]
        script.committed = [bills: 0, rides: 0]
        script.beginnings = [bills: 5, rides: 6]
        script.acknowledges = true
        let (intake, pipelineStatus) = try intake()
        try finish(intake, [bills, rides])
        #expect(script.flushes.map(\.milliseconds) == [10_000, 10_000])
        #expect(Set(script.flushes.map(\.polls)).count == 2)
        #expect(pipelineStatus.current.intake.expiredPositions == 2 && pipelineStatus.current.intake.events == 5)
    }

    @Test func aGapThatIsNotAcknowledgedEndsTheRound() throws {
        script.logs = [(control, []), (bills, bills(8))]
        script.committed = [bills: 0]
        script.beginnings = [bills: 5]
        let (intake, _) = try intake()
        #expect(throws: KafkaError.self) { try run(intake, for: .seconds(20)) }
        #expect(script.flushes.map(\.milliseconds) == [10_000])

        script.acknowledges = true
        try intake.resume()
        try finish(intake, [bills])
    }

    /// The assignment that passes a gap resumes everything.
    @Test func sourcesStayPausedBehindAGapOfTheControlTopic() throws {
        script.logs = [(control, (0..<8).map { Fixture.enrolment(of: "\($0)") }), (bills, bills(8))]
        script.committed = [control: 0]
        script.beginnings = [control: 5]
        script.acknowledges = true
        let (intake, _) = try intake()
        try finish(intake, [control, bills])
        #expect(script.pauses == [[bills], [], [bills], []])
    }
}
