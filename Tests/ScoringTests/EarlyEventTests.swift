import Events
import Policy
@testable import Scoring
import Testing

/// SPEC section 2: what is read before its subject's enrolment, and a void that is read before its event.
@Suite struct EarlyEventTests {
    private let town: Story

    init() throws {
        let text = TownPolicy.text.replacing("early: 0 hours", with: "early: 1 day").components(before: "perks:")
        town = Story(try ScoringPolicy(yaml: text, file: "town.yaml"))
    }

    private func paid(_ subject: String = "anna", on day: Double, id: String? = nil) -> Happening {
        happened("bill.paid", subject, on: day, id: id)
    }

    private func void(_ event: Happening, on day: Double, id: String = "void") -> Happening {
        FullLives.void(event, on: day, id: id)
    }

    @Test func itIsFoldedRightAfterTheEnrolment() {
        #expect(town.given(paid(on: 1), happened("noise.made", "anna", on: 1.25)) == [])
        #expect(town.fold.early.count == 2)
        #expect(
            town.given(enrolled("anna", on: 1)) == [
                "1 anna score none -> 600 B", "1 anna score 600 B -> 615 B: paid 15",
                "1 anna score 615 B -> 610 B: noise -5",
            ])
        #expect(town.causes == ["standing.subject.enrolled", "bill.paid", "noise.made"])
        #expect(town.fold.counters.notEnrolled == 0 && town.fold.counters.earlyFolded == 2)
        #expect(town.fold.early.count == 0)
    }

    /// Facts of early events belong to the enrolment's entry and name the event as their cause, with its bytes.
    @Test func itsFactsBelongToTheEnrolmentsEntry() {
        let long = String(repeating: "x", count: 900)
        let facts = town.encoded(paid(on: 1, id: long), enrolled("anna", on: 1, id: "e1"))
        #expect(facts.map { $0.contains(#""id":"3-7-1-0""#) } == [true, false])
        #expect(facts.map { $0.contains(#""id":"3-7-1-1""#) } == [false, true])
        #expect(facts.last?.contains(#""cause":{"source":"/city","id":"\#(long)","type":"bill.paid"}"#) == true)
    }

    @Test func whatHappenedBeforeTheEnrolmentNeverCounts() {
        town.given(paid(on: 1), enrolled("anna", on: 1.5))
        #expect(town.score(of: "anna") == 600)
        #expect(town.fold.counters.notEnrolled == 1)
    }

    /// The clock must be less than `early` beyond the clock under which the event was folded.
    @Test func itWaitsLessThanEarly() {
        town.given(paid(on: 1), tick(on: 1.999), enrolled("anna", on: 0.5))
        #expect(town.score(of: "anna") == 615)
        town.given(paid("bert", on: 3), tick(on: 4))
        #expect(town.fold.early.count == 0 && town.fold.counters.notEnrolled == 1)
        town.given(enrolled("bert", on: 2))
        #expect(town.score(of: "bert") == 600)
    }

    /// A late event waits from the clock on, not from its own time.
    @Test func itWaitsByTheClock() {
        town.given(tick(on: 10), paid(on: 2), tick(on: 10.9), enrolled("anna", on: 1))
        #expect(town.score(of: "anna") == 615)
    }

    @Test func whatWasDroppedUsesUpNothing() {
        let event = paid(on: 1)
        town.given(event, enrolled("anna", on: 2))
        #expect(town.score(of: "anna") == 600)
        town.given(event)
        #expect(town.score(of: "anna") == 615)
    }

    @Test func aRepeatAmongEarlyEventsCountsOnce() {
        town.given(paid(on: 1, id: "a"), paid(on: 1, id: "a"), enrolled("anna", on: 1), paid(on: 1, id: "a"))
        #expect(town.score(of: "anna") == 615)
        #expect(town.fold.counters.duplicates == 2)
    }

    @Test func afterAWithdrawalEventsWaitForTheNextEnrolment() {
        town.given(enrolled("anna"), withdrawn("anna", on: 1), paid(on: 1.5), paid(on: 1.75))
        #expect(town.given(enrolled("anna", on: 1.75, id: "again")).count == 2)
        #expect(town.score(of: "anna") == 615)
    }

    @Test func anEnrolmentOfAnotherKindLeavesThemWaiting() {
        town.given(paid(on: 1), enrolled("anna", on: 1, kind: "official", id: "o"))
        #expect(town.fold.early.count == 1)
        town.given(enrolled("anna", on: 1, id: "i"))
        #expect(town.score(of: "anna") == 615)
    }

    @Test func theOldestGoesFirst() {
        town.fold.early = WaitingQueue(limits: .init(itemsOfKey: 2, items: 4, bytes: 1 << 20))
        // One of anna's three goes, then the oldest of all.
        town.given(
            paid(on: 1, id: "a1"), happened("bill.missed", "anna", on: 1), paid(on: 1, id: "a3"),
            paid("bert", on: 1, id: "b1"), paid("bert", on: 1, id: "b2"), paid("carl", on: 1, id: "c1"))
        #expect(town.fold.counters.notEnrolled == 2 && town.fold.counters.earlyBeyondLimit == 2)
        town.given(enrolled("anna", on: 1), enrolled("bert", on: 1), enrolled("carl", on: 1))
        #expect(["anna", "bert", "carl"].map { town.score(of: $0) } == [615, 630, 615])
    }

    @Test func bytesAreBoundedToo() {
        town.fold.early = WaitingQueue(limits: .init(itemsOfKey: 256, items: 1000, bytes: 2000))
        for number in 0..<10 { town.given(paid(on: 1, id: String(repeating: "\(number)", count: 400))) }
        #expect(town.fold.early.byteCount <= 2000 && town.fold.early.count == 4)
        town.given(enrolled("anna", on: 1))
        #expect(town.score(of: "anna") == 660)
    }

    @Test func theyAreCountedByTheTopicThatTheyCameFrom() {
        for (number, topic) in [(0, 2), (1, 0), (2, 2)] as [(Int, Int32)] {
            var item = town.item(paid(on: 1, id: "\(number)"), entry: number)
            item.topic = topic
            withUnsafePointer(to: item) { _ = town.fold.fold(UnsafeBufferPointer(start: $0, count: 1)) }
        }
        #expect(town.fold.notEnrolledByTopic == [])
        town.given(tick(on: 3))
        #expect(town.fold.notEnrolledByTopic == [0, 1, 0, 2])
    }

    // MARK: Voids

    @Test func aVoidRemovesAnEarlyEventForEver() {
        let event = paid(on: 1)
        town.given(event, void(event, on: 1), enrolled("anna", on: 1), event)
        #expect(town.score(of: "anna") == 600)
        town.given(withdrawn("anna", on: 2), enrolled("anna", on: 3, id: "again"), event)
        #expect(town.score(of: "anna") == 600)
        #expect(town.fold.counters.voids == 1)
    }

    @Test func aVoidWaitsForItsEvent() {
        let event = paid(on: 1)
        town.given(enrolled("anna"), void(event, on: 1), tick(on: 1.9), event)
        #expect(town.score(of: "anna") == 600)
        // It stays voided, also when it comes again, and in a later enrolment.
        town.given(event, withdrawn("anna", on: 2), enrolled("anna", on: 3, id: "again"), event)
        #expect(town.score(of: "anna") == 600)
        #expect(town.fold.counters.voids == 1 && town.fold.counters.voidsIgnored == 0)
    }

    @Test func aVoidWaitsForAnEventThatComesEarly() {
        let event = paid(on: 1)
        town.given(void(event, on: 1), event, enrolled("anna", on: 1))
        #expect(town.score(of: "anna") == 600)
        #expect(town.fold.counters.early == 0)
    }

    @Test func aVoidThatWaitedInVainIsHarmless() {
        let event = paid(on: 1)
        town.given(enrolled("anna"), void(event, on: 1), tick(on: 2), event)
        #expect(town.score(of: "anna") == 615)
        #expect(town.fold.counters.voids == 0 && town.fold.counters.voidsIgnored == 1)
    }

    // MARK: The state

    /// Waiting events are in the snapshot and in the digest, and wait on after it.
    @Test func whatWaitsIsInSnapshotAndDigest() throws {
        let digest = town.fold.digest()
        let (event, other) = (paid(on: 1), paid("bert", on: 1))
        town.given(event, void(other, on: 1))
        #expect(town.fold.digest() != digest)
        var bytes: [UInt8] = []
        try town.fold.writeSnapshot { bytes += $0 }
        let read = Story(town.fold.policy)
        try bytes.withUnsafeBytes {
            var reader = ByteReader($0)
            read.fold = try Fold(policy: town.fold.policy, snapshot: &reader)
            #expect(reader.isAtEnd)
        }
        #expect(read.fold.digest() == town.fold.digest())
        for story in [town, read] {
            story.given(enrolled("anna", on: 1), enrolled("bert", on: 1), other)
            #expect(story.score(of: "anna") == 615 && story.score(of: "bert") == 600)
        }
        #expect(read.fold.digest() == town.fold.digest())
    }

    /// A policy's past waits as long as the policies said that were active then.
    @Test func aPolicysPastWaitsAsThePoliciesOfThen() throws {
        let first = town.fold.policy
        let second = try ScoringPolicy(
            yaml: first.text.replacing("early: 1 day", with: "early: 1 hour")
                .replacing("version: 1", with: "version: 2"), file: "town.yaml")
        let past = [paid(on: 1), tick(on: 1.5), enrolled("anna", on: 1), paid("bert", on: 2, id: "b")]
        town.given(past)
        _ = try town.switched(to: second, on: 2, past: past, first: first)
        #expect(town.score(of: "anna") == 615 && town.fold.early.count == 1)
        // What waits, waits as it was read; what comes now waits an hour.
        town.given(paid("carl", on: 2, id: "c"), tick(on: 2.5), enrolled("bert", on: 2), enrolled("carl", on: 2))
        #expect(town.score(of: "bert") == 615 && town.score(of: "carl") == 600)
    }

    @Test func anOlderLedgerHasNoEarlyEvents() {
        town.fold = Fold(policy: town.fold.policy, version: .second)
        let event = paid(on: 1)
        town.given(event, enrolled("anna", on: 1))
        #expect(town.score(of: "anna") == 600 && town.fold.counters.notEnrolled == 1)
        #expect(town.given(withdrawn("anna", on: 2)) == [])
    }
}

extension String {
    /// What stands before `text`.
    fileprivate func components(before text: String) -> String {
        firstRange(of: text).map { String(self[..<$0.lowerBound]) } ?? self
    }
}
