import Events
import Kafka
import Ledger
@testable import Pipeline
import Replay
import Testing

/// A session that the fold may have forgotten is noticed before anything is committed.
@Suite struct LedgerAppenderTests {
    /// A producer that keeps what it is given.
    private final class Frames: ProducerClient {
        private(set) var sent: [[UInt8]] = []
        var fatalError: KafkaError? { nil }
        var queued: Int { 0 }
        func topic(_ name: String) throws(KafkaError) -> Int { 0 }
        func topicName(_ topic: Int) -> String { "ledger" }
        func produce(
            topic: Int, partition: Int32, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
            headers: HeaderSet?, tag: Int
        ) throws(KafkaError) -> Bool {
            sent.append(value.map { Array($0) } ?? [])
            return true
        }
        func serve(timeoutMilliseconds: Int, _ delivered: (Delivery) -> Void) {}
        func flush(timeoutMilliseconds: Int, _ delivered: (Delivery) -> Void) -> Bool { true }
        func purge() {}

        /// Session and number of every frame.
        var identities: [(session: UInt64, number: UInt64)] {
            sent.map { frame in
                frame.withUnsafeBytes { bytes in
                    var reader = FrameReader()
                    try? reader.open(bytes)
                    return (reader.session, reader.number)
                }
            }
        }
    }

    private let frames = Frames()
    private let runtime = StillRuntime()

    private func appender(maximumSessions: Int = 4) throws -> LedgerAppender {
        try LedgerAppender(
            producer: frames, ledger: "ledger", partitions: 2, runtime: runtime, maximumSessions: maximumSessions)
    }

    private func send(_ appender: LedgerAppender, to partition: Int = 0) throws {
        appender.append(tick: Timestamp(microseconds: 1), to: partition)
        #expect(try appender.send(partition, tag: 0) {})
    }

    @Test func aSessionGoesOnWhileItIsNotSilent() throws {
        let appender = try appender()
        for offset in 0..<5 as Range<Int64> {
            try send(appender)
            try appender.acknowledged(0, offset: offset)
            runtime.pass(LedgerAppender.longestSilence)
        }
        #expect(Set(frames.identities.map(\.session)).count == 1)
        #expect(frames.identities.map(\.number) == [0, 1, 2, 3, 4])
    }

    @Test func aSilentSessionEndsUnlessSomethingIsOnItsWay() throws {
        let appender = try appender()
        try send(appender)
        runtime.pass(.seconds(1))
        try send(appender)
        #expect(frames.identities.map(\.number) == [0, 1])
        try appender.acknowledged(0, offset: 10)
        try appender.acknowledged(0, offset: 11)
        runtime.pass(.seconds(1))
        try send(appender)
        #expect(frames.identities.map(\.number) == [0, 1, 0])
        #expect(Set(frames.identities.map(\.session)).count == 2)
        // Thousands of others have appended meanwhile; the new session has seen none of them.
        try appender.acknowledged(0, offset: 50_000)
    }

    @Test func everyPartitionHasASessionOfItsOwn() throws {
        let appender = try appender()
        try send(appender, to: 0)
        try send(appender, to: 1)
        #expect(Set(frames.identities.map(\.session)).count == 2)
        try appender.acknowledged(0, offset: 0)
        try appender.acknowledged(1, offset: 90_000)
    }

    /// As many frames of others as the fold remembers sessions: it may have forgotten this one.
    @Test func framesOfOthersInBetweenAreNoticed() throws {
        let appender = try appender(maximumSessions: 4)
        for _ in 0..<3 { try send(appender) }
        try appender.acknowledged(0, offset: 0)
        try appender.acknowledged(0, offset: 4)
        #expect(throws: LedgerAppender.ForgottenSession.self) { try appender.acknowledged(0, offset: 9) }
        // An appender that continues all the same, as with ticks, continues in another session.
        try send(appender)
        #expect(frames.identities.map(\.number) == [0, 1, 2, 0])
    }

    /// The bound is the fold's own: one frame fewer, and the fold still knows the session.
    @Test func theFoldForgetsNoSoonerThanThat() {
        for others in 0..<10 {
            var acceptance = Acceptance(maximumSessions: 4)
            #expect(acceptance.judge(session: 7, number: 0) == .accept)
            for other in 0..<others { _ = acceptance.judge(session: UInt64(100 + other), number: 0) }
            let isRemembered = acceptance.judge(session: 7, number: 1) == .accept
            // `acknowledged` sees a difference of offsets of one more than the frames in between.
            #expect(isRemembered == (others + 1 <= 4))
        }
    }
}
