import Events
import Ledger
import Testing

extension SubjectHistoryTests {
    @Test(arguments: 1...4) func theFrameAtWhichTheClockReachesATimeIsThatOfAScan(seed: UInt64) throws {
        let fixture = ArchiveFixture(frames: 150, seed: seed, entries: 60, segmentBytes: 6000)
        try fixture.fill()
        #expect(fixture.segments.count > 4)
        // The clock after each frame.
        var clocks: [Timestamp] = []
        var (entries, entry) = (EntryReader(), FrameReader.blank)
        for frame in fixture.frames {
            try frame.bytes.withUnsafeBytes { bytes in
                guard try entries.open(bytes) else { return }
                while try entries.next(&entry) {}
            }
            clocks.append(entries.acceptance.clock)
        }
        let history = SubjectHistory(fixture.directory)
        for clock in clocks where clock > .distantPast {
            for time in [clock.adding(microseconds: -1), clock, clock.adding(microseconds: 1)] {
                let expected = clocks.firstIndex { $0 >= time }.map { fixture.frames[$0].offset }
                #expect(try history.offset(reaching: time) == expected, "\(time)")
            }
        }
        let last = try #require(clocks.last)
        #expect(try history.offset(reaching: last.adding(microseconds: 1)) == nil)
    }
}
