import Synchronization
import Testing

@testable import Kafka

/// Time that passes only where it is slept or said to pass.
private final class FakeTime: Sendable {
    private static let origin = ContinuousClock.now
    private let elapsed = Mutex(Duration.zero)
    private let notices = Mutex<[String]>([])

    var now: Duration { elapsed.withLock { $0 } }
    var lines: [String] { notices.withLock { $0 } }

    func pass(_ duration: Duration) { elapsed.withLock { $0 += duration } }

    func patience(limit: Duration? = .seconds(30)) -> Patience {
        var patience = Patience(limit: limit)
        patience.time.now = { Self.origin + self.now }
        patience.time.sleep = { self.pass($0) }
        patience.onWait = { wait in self.notices.withLock { $0.append(wait.description) } }
        return patience
    }
}

@Suite struct PatienceTests {
    private let notLeader = KafkaError(
        code: 6, name: "NOT_LEADER_FOR_PARTITION", message: "Broker: Not leader for partition", isRetriable: true,
        target: "orders[0]")
    private let timedOut = KafkaError(
        code: -185, name: "_TIMED_OUT", message: "Local: Timed out", isRetriable: true, target: "list offsets")
    private let forbidden = KafkaError(
        code: 29, name: "TOPIC_AUTHORIZATION_FAILED", message: "Broker: Topic authorization failed")

    // MARK: The schedule

    @Test func pausesGrowToTheLongest() {
        let patience = Patience()
        let pauses = (1...7).compactMap { patience.pause(after: $0, elapsed: .zero, limit: .seconds(30)) }
        let milliseconds = [100, 200, 400, 800, 1600, 2000, 2000]
        #expect(pauses == milliseconds.map { Duration.milliseconds($0) })
        #expect(patience.pause(after: 1_000_000, elapsed: .zero, limit: nil) == Duration.seconds(2))
    }

    @Test func theLastPauseEndsAtTheLimit() {
        let patience = Patience()
        #expect(patience.pause(after: 9, elapsed: .seconds(29), limit: .seconds(30)) == Duration.seconds(1))
        #expect(patience.pause(after: 9, elapsed: .seconds(30), limit: .seconds(30)) == nil)
        #expect(patience.pause(after: 1, elapsed: .zero, limit: .zero) == nil)
        #expect(patience.pause(after: 9, elapsed: .seconds(1_000_000), limit: nil) == Duration.seconds(2))
    }

    // MARK: Calls

    /// Runs a call that fails with these, one after the other, and then succeeds. How often it was made.
    private func attempts(_ patience: Patience, _ failures: [KafkaError]) throws -> Int {
        var count = 0
        try patience.run("list offsets", answerMilliseconds: 10_000) { _ throws(KafkaError) in
            count += 1
            if count <= failures.count { throw failures[count - 1] }
        }
        return count
    }

    @Test func whatSucceedsIsDoneOnceAndInSilence() throws {
        let time = FakeTime()
        #expect(try attempts(time.patience(), []) == 1)
        #expect(time.now == .zero && time.lines.isEmpty)
    }

    @Test func whatHealsIsTriedUntilItDoes() throws {
        let time = FakeTime()
        let failures = [KafkaError](repeating: notLeader, count: 6)
        #expect(try attempts(time.patience(), failures) == 7)
        // 100, 200, 400, 800 and 1600, then the longest pause.
        #expect(time.now == .milliseconds(5100))
        #expect(
            time.lines == [
                "list offsets: trying again for up to 30 s: orders[0]: Broker: Not leader for partition "
                    + "(NOT_LEADER_FOR_PARTITION)"
            ])
    }

    @Test func whatHealsSoonIsNotSaid() throws {
        let time = FakeTime()
        #expect(try attempts(time.patience(), [notLeader, notLeader]) == 3)
        #expect(time.lines.isEmpty)
    }

    @Test func whatDoesNotHealIsThrownAtOnce() {
        let time = FakeTime()
        let error = #expect(throws: KafkaError.self) { try attempts(time.patience(), [forbidden]) }
        #expect(error == forbidden)
        let fatal = KafkaError(code: -150, name: "_FATAL", message: "fatal", isFatal: true, isRetriable: true)
        #expect(throws: fatal) { try attempts(time.patience(), [fatal]) }
        #expect(throws: forbidden) { try attempts(time.patience(), [notLeader, forbidden]) }
        #expect(time.now == .milliseconds(100) && time.lines.isEmpty)
    }

    @Test func noAttemptBeginsBeyondTheLimit() {
        let time = FakeTime()
        let failures = [KafkaError](repeating: notLeader, count: 1000)
        #expect(throws: notLeader) { try attempts(time.patience(), failures) }
        #expect(time.now == .seconds(30))
        #expect(time.lines.count == 1)
    }

    @Test func withoutALimitItIsTriedForEver() throws {
        let time = FakeTime()
        let failures = [KafkaError](repeating: notLeader, count: 1000)
        #expect(try attempts(time.patience(limit: nil), failures) == 1001)
        #expect(time.now > .seconds(1900))
        #expect(time.lines.first?.hasPrefix("list offsets: trying again: orders[0]: ") == true)
    }

    @Test func withoutPatienceItIsTriedOnce() {
        let time = FakeTime()
        #expect(throws: notLeader) { try attempts(time.patience(limit: .zero), [notLeader]) }
        #expect(time.now == .zero)
    }

    /// Two attempts share the time that a silent cluster has.
    @Test func whoDoesNotAnswerIsNotWaitedForAsLong() {
        let time = FakeTime()
        var requests: [Int] = []
        #expect(throws: timedOut) {
            try time.patience().run("metadata", answerMilliseconds: 10_000) { attempt throws(KafkaError) in
                requests.append(attempt.milliseconds)
                time.pass(.milliseconds(attempt.milliseconds))
                throw timedOut
            }
        }
        #expect(requests == [5000, 4900])
        #expect(time.now == .seconds(10))
        #expect(time.lines == ["metadata: trying again for up to 10 s: list offsets: Local: Timed out (_TIMED_OUT)"])
    }

    @Test func aTimeThatIsStatedBoundsBoth() {
        let time = FakeTime()
        let patience = time.patience().within(milliseconds: 4000)
        var requests: [Int] = []
        #expect(throws: notLeader) {
            try patience.run("list offsets", answerMilliseconds: 4000) { attempt throws(KafkaError) in
                requests.append(attempt.milliseconds)
                time.pass(.milliseconds(attempt.milliseconds))
                throw notLeader
            }
        }
        #expect(requests == [2000, 1900])
        #expect(time.now == .milliseconds(4000))
        #expect(patience.within(milliseconds: 9000).limit == Duration.seconds(4))
        #expect(Patience(limit: nil).within(milliseconds: 9000).limit == Duration.seconds(9))
    }

    @Test func eachAttemptKnowsWhyTheOneBeforeFailed() throws {
        var failures: [KafkaError?] = []
        try FakeTime().patience().run("commit", answerMilliseconds: 5000) { attempt throws(KafkaError) in
            failures.append(attempt.failure)
            if failures.count == 1 { throw notLeader }
            if failures.count == 2 { throw timedOut }
        }
        #expect(failures == [nil, notLeader, timedOut])
    }

    @Test func aStopEndsTheWaiting() {
        let time = FakeTime()
        var patience = time.patience()
        patience.isStopped = { time.now >= .seconds(1) }
        let failures = [KafkaError](repeating: notLeader, count: 1000)
        #expect(throws: notLeader) { try attempts(patience, failures) }
        #expect(time.now == .seconds(1))
    }

    @Test func whatMustNotBeLeftHalfDoneIsNotStopped() throws {
        let time = FakeTime()
        var patience = time.patience()
        patience.isStopped = { true }
        #expect(throws: notLeader) { try attempts(patience, [notLeader]) }
        #expect(try attempts(patience.withoutStop(), [notLeader]) == 2)
    }

    @Test func aCallMayKnowThatAFailureIsFinal() {
        let rebalance = KafkaError(
            code: 27, name: "REBALANCE_IN_PROGRESS", message: "Broker: Group rebalance in progress", isRetriable: true)
        var count = 0
        #expect(throws: rebalance) {
            try FakeTime().patience().run("commit", answerMilliseconds: 5000, unless: \.isRebalance) {
                _ throws(KafkaError) in
                count += 1
                throw rebalance
            }
        }
        #expect(count == 1)
    }

    // MARK: Readings

    private func trouble(_ error: KafkaError) -> [(topicPartition: TopicPartition, error: KafkaError)] {
        [(TopicPartition("orders", 0), error)]
    }

    /// So many polls of a second each in which nothing comes.
    private func wait(
        _ seconds: Int, _ reading: inout Patience.Reading, _ time: FakeTime, ended: Int = 0, _ error: KafkaError? = nil
    ) throws {
        for _ in 0..<seconds {
            time.pass(.seconds(1))
            try reading.note(records: 0, ended: ended, errors: error.map { trouble($0) } ?? [])
        }
    }

    @Test func aReadingGoesOnThroughWhatHeals() throws {
        let time = FakeTime()
        var reading = Patience.Reading("orders", time.patience())
        for _ in 0..<10 {
            try wait(20, &reading, time, notLeader)
            try reading.note(records: 3, ended: 0, errors: [])
        }
        try wait(20, &reading, time)
        // A partition is read to its end.
        try wait(20, &reading, time, ended: 1)
        #expect(time.lines.count == 1)
        #expect(time.lines.first?.hasPrefix("orders: trying again for up to 30 s: orders[0]: ") == true)
    }

    @Test func aReadingThatStandsStillEnds() throws {
        let time = FakeTime()
        var reading = Patience.Reading("orders", time.patience())
        try wait(29, &reading, time)
        let silent = #expect(throws: KafkaError.self) { try wait(1, &reading, time) }
        #expect(silent?.name == "_TIMED_OUT" && silent?.target == "orders")
        #expect(throws: notLeader) { try wait(1, &reading, time, notLeader) }
    }

    @Test func aReaderThatWasElsewhereHasNotWaited() throws {
        let time = FakeTime()
        var reading = Patience.Reading("orders", time.patience())
        for _ in 0..<10 {
            time.pass(.seconds(3600))
            try reading.note(records: 0, ended: 0, errors: [])
        }
    }

    @Test func aReadingEndsAtOnceWhereNothingHeals() {
        var reading = Patience.Reading("orders", FakeTime().patience())
        #expect(throws: forbidden) { try reading.note(records: 5, ended: 0, errors: trouble(forbidden)) }
    }
}
