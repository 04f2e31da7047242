import Testing

@testable import Lag

@Suite struct FirstRecordTests {
    @Test func aRecordBeforeTheEndIsUnread() {
        #expect(FirstRecord.record(offset: 12, timestamp: 7).next(before: 20) == .timestamp(7))
        #expect(FirstRecord.record(offset: 12, timestamp: -1).next(before: 20) == .unknown)
    }

    /// It came after the end was asked for: up to there was nothing.
    @Test func aRecordBehindTheEndIsNot() {
        #expect(FirstRecord.record(offset: 20, timestamp: 7).next(before: 20) == .nothing)
        #expect(FirstRecord.record(offset: 20, timestamp: 7).next(before: 21) == .timestamp(7))
    }

    @Test func noRecordUpToTheEndIsNothing() {
        #expect(FirstRecord.end(20).next(before: 20) == .nothing)
        #expect(FirstRecord.end(21).next(before: 20) == .nothing)
        #expect(FirstRecord.end(19).next(before: 20) == nil, "read on")
    }

    @Test func whatIsGoneOrUnknownStaysSo() {
        #expect(FirstRecord.expired.next(before: 20) == .expired)
        #expect(FirstRecord.unknown.next(before: 20) == .unknown)
    }
}
