import Testing

@testable import Downstream

/// Whether a service knows its topic to the end. Times are in seconds since it started; 30 seconds of lag are allowed.
struct FreshnessTests {
    private static let start = ContinuousClock.now

    private static func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

    private var freshness = Freshness(topic: "sanctions", group: "g", within: .seconds(30), at: start)

    private func reasons(_ seconds: Double) -> [String] { freshness.reasons(at: Self.at(seconds)) }

    /// The brokers were asked then, and gave these ends.
    private mutating func report(_ ends: Int64..., at seconds: Double) {
        freshness.note(ends: ends, after: freshness.offsets ?? [:], askedAt: Self.at(seconds))
    }

    private mutating func read(_ partition: Int32, to offset: Int64, sequence: Int64, seen: Int64? = nil) {
        freshness.advance(to: [partition: FactPosition(offset: offset, sequence: sequence, seen: seen)])
    }

    @Test mutating func aServiceThatHasNotReadItsTopicYetIsNotCurrent() {
        #expect(reasons(7) == ["how far sanctions goes is not known, for 7 s: no broker has answered yet"])
        freshness.begin([0, 1], at: [:])
        report(3, 0, at: 1)
        #expect(
            reasons(2.5) == [
                "sanctions[0] is not known to its end, for 3 s (30 s are allowed): 3 records are not read yet"
            ])
        read(0, to: 2, sequence: 2)
        #expect(reasons(3).count == 1)
        read(0, to: 3, sequence: 3)
        #expect(reasons(3).isEmpty)
    }

    /// What `/metrics` has of it.
    @Test mutating func progressIsOfThePartitionsThatAreReadHere() {
        #expect(freshness.progress(at: Self.at(7)) == .init(partitions: 0, unread: nil, behind: .seconds(7)))
        freshness.begin([0], at: [:])
        #expect(freshness.progress(at: Self.at(8)).unread == nil, "no end is told yet, which is not 0")
        report(3, 5, at: 9)
        read(0, to: 1, sequence: 1)
        #expect(freshness.progress(at: Self.at(10)) == .init(partitions: 1, unread: 2, behind: .seconds(10)))
        freshness.begin([0, 1], at: [:])
        read(0, to: 3, sequence: 3)
        read(1, to: 5, sequence: 5)
        #expect(freshness.progress(at: Self.at(12)) == .init(partitions: 2, unread: 0, behind: .seconds(3)))
        freshness.begin([0, 1, 2], at: [:])
        #expect(freshness.progress(at: Self.at(13)).unread == nil, "the end of a new partition is not told yet")
    }

    @Test mutating func aServiceThatStoppedAtTheEndIsCurrentAtOnce() {
        #expect(freshness.offsets == nil, "before it has begun no end says anything")
        freshness.begin([], at: [0: FactPosition(offset: 9, sequence: 9)])
        #expect(freshness.offsets == [0: 9])
        report(9, at: 1)
        #expect(reasons(1).isEmpty)
    }

    @Test mutating func aBrokerThatIsAwayIsNoticedByElapsedTime() {
        freshness.begin([0], at: [:])
        report(0, at: 10)
        freshness.note(trouble: "the broker is away")
        #expect(reasons(40).isEmpty)
        #expect(
            reasons(40.5) == [
                "sanctions[0] is not known to its end, for 31 s (30 s are allowed): the broker is away"
            ])
        report(0, at: 50)
        #expect(reasons(50).isEmpty)
    }

    /// What is reached is known as of the moment when its end was asked for, not of the moment when it was reached.
    @Test mutating func anEndThatIsReachedLateDoesNotMakeCurrent() {
        freshness.begin([0], at: [:])
        report(5, at: 1)
        report(8, at: 20)
        read(0, to: 7, sequence: 7)
        #expect(reasons(31).isEmpty, "as of 1")
        #expect(reasons(32).count == 1)
        read(0, to: 8, sequence: 8)
        #expect(reasons(32).isEmpty, "as of 20")
        #expect(reasons(51).count == 1)
    }

    @Test mutating func aGapThatStaysIsNotCurrent() {
        freshness.begin([0], at: [:])
        report(1, at: 1)
        read(0, to: 1, sequence: 1)
        report(2, at: 5)
        // Sequence 4 came after 1.
        read(0, to: 2, sequence: 1, seen: 4)
        #expect(reasons(31).isEmpty, "it may be filled")
        report(2, at: 30)
        #expect(
            reasons(32) == [
                "sanctions[0] is not known to its end, for 31 s (30 s are allowed): of the facts from sequence 2 to 4 some are missing"
            ])
        read(0, to: 5, sequence: 4)
        #expect(reasons(32).isEmpty)
    }

    @Test mutating func aGapIsNotForgottenByARestart() {
        freshness.begin([0], at: [0: FactPosition(offset: 2, sequence: 1, seen: 4)])
        report(2, at: 1)
        #expect(reasons(2).first?.hasSuffix("of the facts from sequence 2 to 4 some are missing") == true)
    }

    @Test mutating func aFullDiskIsNotCurrentUntilTheFactsAreWritten() {
        freshness.begin([0], at: [:])
        report(0, at: 1)
        freshness.failedToWrite("the disk is full", at: Self.at(2))
        freshness.failedToWrite("the disk is full", at: Self.at(6))
        #expect(reasons(10) == ["the disk is full (for 8 s)"])
        report(1, at: 11)
        #expect(reasons(11) == ["the disk is full (for 9 s)"], "what could not be written is not there")
        freshness.hasWritten()
        read(0, to: 1, sequence: 1)
        #expect(reasons(12).isEmpty)
        // Nothing is left to be written.
        freshness.failedToWrite("the disk is full", at: Self.at(13))
        report(1, at: 14)
        #expect(reasons(14).isEmpty)
    }

    @Test mutating func aDatabaseThatCannotBeReadIsNotCurrentUntilItCan() {
        freshness.begin([0], at: [:])
        report(0, at: 1)
        freshness.failedToRead("it is damaged", at: Self.at(2))
        report(0, at: 3)
        #expect(reasons(4) == ["it is damaged (for 2 s)"])
        freshness.hasRead()
        #expect(reasons(4).isEmpty)
    }

    @Test mutating func aTopicThatEndsBeforeWhatWasReadIsNotCurrent() {
        freshness.begin([0], at: [0: FactPosition(offset: 1000, sequence: 7)])
        report(3, at: 1)
        #expect(reasons(2).first?.contains("it ends before offset 1000, to which it was read") == true)
        // From its beginning again: the facts that were accepted before must come again.
        read(0, to: 0, sequence: 7, seen: 0)
        report(3, at: 5)
        read(0, to: 3, sequence: 7, seen: 3)
        #expect(reasons(6).first?.contains("has nothing yet of sequence 7, which was accepted before") == true)
        report(8, at: 9)
        read(0, to: 8, sequence: 8)
        #expect(reasons(10).isEmpty)
    }

    @Test mutating func aPartitionThatAnotherMemberReadsIsNamed() {
        freshness.begin([0], at: [:])
        report(0, 2, at: 1)
        #expect(freshness.partitionsElsewhere == 1)
        #expect(
            reasons(2) == [
                "sanctions[1] is not known to its end, for 2 s (30 s are allowed): it is not read here: another member of group g "
                    + "has it, or none yet"
            ])
        // A partition that is added holds nothing that is not known.
        report(0, 2, 0, at: 3)
        #expect(reasons(3).count == 1)
    }

    /// However many ends are given meanwhile, the oldest and the newest count.
    @Test mutating func manyEndsAreBounded() {
        freshness.begin([0], at: [:])
        for second in 1...1000 { report(Int64(second), at: Double(second)) }
        read(0, to: 1, sequence: 1)
        #expect(reasons(31).isEmpty && !reasons(32).isEmpty)
        read(0, to: 1000, sequence: 1000)
        #expect(reasons(1030).isEmpty && !reasons(1031).isEmpty)
    }
}
