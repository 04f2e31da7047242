import Ledger
import Randomness
import Testing

/// An acceptance that expectations may ask and change.
private final class Judge {
    private(set) var acceptance = Acceptance()

    func judge(session: UInt64, number: UInt64) -> Acceptance.Verdict {
        acceptance.judge(session: session, number: number)
    }

    func accept(topic: Int, partition: Int32, offset: Int64) -> Bool {
        acceptance.accept(topic: topic, partition: partition, offset: offset)
    }

    func topic(_ name: String) -> Int { Array(name.utf8).withUnsafeBytes { acceptance.topic($0) } }

    func lose(_ name: String, partition: Int32 = 0, before end: Int64) {
        Array(name.utf8).withUnsafeBytes { acceptance.lose(topic: $0, partition: partition, before: end) }
    }

    func acknowledge(_ name: String) { Array(name.utf8).withUnsafeBytes { acceptance.acknowledge(topic: $0) } }

    func reset(_ name: String) { Array(name.utf8).withUnsafeBytes { acceptance.reset(topic: $0) } }
}

@Suite struct AcceptanceTests {
    // MARK: Gaps

    @Test func aTopicThatHasLostRecordsIsFrozenUntilThatIsAcknowledged() {
        let judge = Judge()
        let bus = judge.topic("bus")
        #expect(judge.accept(topic: bus, partition: 0, offset: 3))
        judge.lose("bus", before: 10)
        judge.lose("train", before: 5)
        #expect(judge.acceptance.frozenTopics == ["bus", "train"])
        #expect(!judge.accept(topic: bus, partition: 0, offset: 9), "it was said to be lost")
        #expect(judge.accept(topic: bus, partition: 0, offset: 10))
        judge.acknowledge("bus")
        #expect(judge.acceptance.frozenTopics == ["train"])
        judge.lose("bus", before: 10)
        #expect(judge.acceptance.frozenTopics == ["train"], "it is known")
        judge.lose("bus", partition: 1, before: 1)
        judge.reset("train")
        #expect(judge.acceptance.frozenTopics == ["bus"])
    }

    // MARK: Sessions

    @Test func framesCountWhileTheirNumbersRunOn() {
        let judge = Judge()
        for number in UInt64(0)..<100 { #expect(judge.judge(session: 7, number: number) == .accept) }
        #expect(judge.acceptance.repeatedFrames == 0 && judge.acceptance.brokenFrames == 0)
    }

    @Test func aFrameThatWasThereBeforeIsRepeated() {
        let judge = Judge()
        for number in UInt64(0)..<3 { _ = judge.judge(session: 7, number: number) }
        for number in UInt64(0)..<3 { #expect(judge.judge(session: 7, number: number) == .repeated) }
        #expect(judge.judge(session: 7, number: 3) == .accept)
        #expect(judge.acceptance.repeatedFrames == 3)
    }

    @Test func aGapBreaksTheSessionForGood() {
        let judge = Judge()
        #expect(judge.judge(session: 7, number: 0) == .accept)
        #expect(judge.judge(session: 7, number: 2) == .broken)
        for number in UInt64(0)..<5 { #expect(judge.judge(session: 7, number: number) == .broken) }
        #expect(judge.acceptance.brokenFrames == 6)
        #expect(judge.judge(session: 8, number: 0) == .accept, "its appender starts a new one")
    }

    @Test func anUnknownSessionMustBeginAtZero() {
        let judge = Judge()
        #expect(judge.judge(session: 7, number: 1) == .broken)
        #expect(judge.judge(session: 7, number: 0) == .broken)
        #expect(judge.judge(session: 7, number: 1) == .broken)
        #expect(judge.acceptance.brokenFrames == 3)
    }

    @Test func sessionsDoNotDisturbOneAnother() {
        let judge = Judge()
        for number in UInt64(0)..<10 {
            for session in UInt64(1)...50 where session.isMultiple(of: 2) || number < 5 {
                #expect(judge.judge(session: session, number: number) == .accept)
            }
        }
        #expect(judge.judge(session: 1, number: 7) == .broken)
        #expect(judge.judge(session: 2, number: 10) == .accept)
        #expect(judge.judge(session: 3, number: 5) == .accept)
    }

    @Test func theSessionSilentLongestIsForgottenAndRefused() {
        let judge = Judge()
        let limit = UInt64(Acceptance.maximumSessions)
        for session in 1...limit { #expect(judge.judge(session: session, number: 0) == .accept) }
        #expect(judge.judge(session: 1, number: 1) == .accept)
        #expect(judge.judge(session: limit + 1, number: 0) == .accept)
        #expect(judge.judge(session: 2, number: 1) == .broken, "2 has been silent longest")
        #expect(judge.judge(session: 1, number: 2) == .accept)
        #expect(judge.judge(session: limit + 1, number: 1) == .accept)
        #expect(judge.judge(session: limit, number: 1) == .accept)
        #expect(judge.judge(session: 3, number: 1) == .broken, "forgotten for 2, which came back")
    }

    // MARK: Origins

    @Test func anEntryCountsOnceByItsOrigin() {
        let judge = Judge()
        let bus = judge.topic("bus")
        for offset in [Int64(0), 1, 5, 6, 100] {
            #expect(judge.accept(topic: bus, partition: 0, offset: offset))
            #expect(!judge.accept(topic: bus, partition: 0, offset: offset))
        }
        #expect(!judge.accept(topic: bus, partition: 0, offset: 99))
        #expect(judge.acceptance.repeatedOrigins == 6)
    }

    @Test func originsAreThoseOfTheirTopicAndPartition() {
        let judge = Judge()
        let bus = judge.topic("bus")
        let train = judge.topic("train")
        #expect(bus != train)
        #expect(judge.topic("bus") == bus)
        for round in 0..<3 {
            for partition in Int32(0)..<20 {
                for topic in [bus, train] {
                    let isNew = judge.accept(topic: topic, partition: partition, offset: 50)
                    #expect(isNew == (round == 0))
                }
            }
        }
    }

    @Test func aResetLetsATopicsOriginsBeginAgain() {
        let judge = Judge()
        let bus = judge.topic("bus")
        let train = judge.topic("train")
        for partition in Int32(0)..<3 {
            for topic in [bus, train] {
                #expect(judge.accept(topic: topic, partition: partition, offset: 9))
            }
        }
        judge.reset("bus")
        for partition in Int32(0)..<3 {
            #expect(judge.accept(topic: bus, partition: partition, offset: 0))
            #expect(!judge.accept(topic: bus, partition: partition, offset: 0))
            #expect(!judge.accept(topic: train, partition: partition, offset: 9))
        }
        judge.reset("never-heard-of")
    }

    // MARK: Both

    /// Appenders that repeat batches, lose them, die and start again from the committed offset: no event is lost among
    /// the committed ones, none counts twice.
    @Test(arguments: 0..<200) func whateverAppendersDoEachEventCountsOnce(seed: Int) {
        var random = Seeded(UInt64(seed))
        let judge = Judge()
        let bus = judge.topic("bus")
        var counted: [Int64] = []
        var committed: Int64 = 0
        for session in UInt64(1)...20 {
            // A session begins at the committed offset and never commits past a frame that was not acknowledged.
            var offset = committed
            var isWhole = true
            for number in UInt64(0)..<UInt64.random(in: 1...10, using: &random) {
                let offsets = offset..<offset + Int64.random(in: 1...5, using: &random)
                offset = offsets.upperBound
                let isAppended = Int.random(in: 0..<8, using: &random) > 0
                guard isAppended else {
                    isWhole = false
                    continue
                }
                for _ in 0..<Int.random(in: 1...2, using: &random)
                where judge.judge(session: session, number: number) == .accept {
                    counted += offsets.filter { judge.accept(topic: bus, partition: 0, offset: $0) }
                }
                if isWhole, Bool.random(using: &random) { committed = offset }
            }
        }
        #expect(counted == Array(0..<Int64(counted.count)))
        #expect(Int64(counted.count) >= committed)
    }
}
