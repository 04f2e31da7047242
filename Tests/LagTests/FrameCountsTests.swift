import Testing

@testable import Lag

@Suite struct FrameCountsTests {
    private func counted() -> FrameCounts {
        var counts = FrameCounts(at: 10)
        for offset in 10..<15 as Range<Int64> { counts.add(offset, events: Int(offset)) }
        return counts
    }

    @Test func addsUpWhatIsUnread() {
        #expect(counted().events(from: 10, to: 15) == 60)
        #expect(counted().events(from: 13, to: 15) == 27)
        #expect(counted().events(from: 13, to: 14) == 13)
        #expect(counted().events(from: 15, to: 15) == 0)
    }

    @Test func whatIsNotCountedIsUnknown() {
        #expect(counted().events(from: 9, to: 15) == nil)
        #expect(counted().events(from: 10, to: 16) == nil)
    }

    @Test func aRecordThatIsNoFrameIsUnknown() {
        var counts = counted()
        counts.add(15, events: nil)
        #expect(counts.events(from: 10, to: 16) == nil)
        #expect(counts.events(from: 10, to: 15) == 60)
        counts.add(16, events: 1)
        #expect(counts.events(from: 16, to: 17) == 1)
    }

    @Test func holesHaveNoEvents() {
        var counts = counted()
        counts.skip(to: 20)
        #expect(counts.events(from: 10, to: 20) == 60)
        counts.add(22, events: 5)
        #expect(counts.events(from: 14, to: 23) == 19)
    }

    @Test func aFrameCountsOnce() {
        var counts = counted()
        counts.add(14, events: 100)
        #expect(counts.events(from: 10, to: 15) == 60)
    }

    @Test func goesOnWithTheGroup() {
        var counts = counted()
        counts.move(to: 13)
        #expect(counts.events(from: 13, to: 15) == 27)
        #expect(counts.events(from: 12, to: 15) == nil)
        #expect(counts.next == 15)
    }

    @Test func beginsAnewWhereNothingIsCounted() {
        for offset in [5, 16] as [Int64] {
            var counts = counted()
            counts.move(to: offset)
            #expect(counts.next == offset)
            #expect(counts.events(from: offset, to: offset) == 0)
            #expect(counts.events(from: 10, to: 15) == nil)
        }
    }

    private func ofSubjects() -> FrameCounts {
        var counts = FrameCounts(at: 10)
        counts.add(10, events: 3, subjects: [1, 2])
        counts.add(11, events: 2, subjects: [2, 3])
        counts.add(12, events: 1, subjects: [1])
        return counts
    }

    @Test func whoIsInSeveralFramesIsOneSubject() {
        #expect(ofSubjects().subjects(from: 10, to: 13) == CountBounds(exactly: 3))
        #expect(ofSubjects().subjects(from: 11, to: 13) == CountBounds(exactly: 3))
        #expect(ofSubjects().subjects(from: 12, to: 13) == CountBounds(exactly: 1))
        #expect(ofSubjects().rememberedSubjects == 5)
    }

    @Test func subjectsOfFramesThatAreNotCountedAreABound() {
        #expect(ofSubjects().subjects(from: 10, to: 900) == CountBounds(atLeast: 3, atMost: nil))
        #expect(ofSubjects().subjects(from: 5, to: 13) == CountBounds(atLeast: 3, atMost: nil))
        var counts = ofSubjects()
        // There was no room for its subjects: each of its events is about one at most.
        counts.add(13, events: 10, subjects: nil)
        #expect(counts.subjects(from: 10, to: 14) == CountBounds(atLeast: 3, atMost: 16))
        counts.add(14, events: nil)
        #expect(counts.subjects(from: 10, to: 15) == CountBounds(atLeast: 3, atMost: nil))
    }
}
