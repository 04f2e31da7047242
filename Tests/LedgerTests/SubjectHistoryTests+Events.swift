import Events
import Ledger
import Testing

extension SubjectHistoryTests {
    private func words(_ event: EventView) -> String {
        "\(event.time.microseconds) "
            + [event.subject, event.source, event.id].map { String(decoding: $0, as: UTF8.self) }.joined(separator: "|")
    }

    /// By reading everything.
    private func events(_ fixture: ArchiveFixture, of subjects: [String], since time: Timestamp) throws -> [String] {
        var found: [String] = []
        var entries = EntryReader()
        var entry = FrameReader.blank
        for frame in fixture.frames {
            try frame.bytes.withUnsafeBytes { bytes in
                guard try entries.open(bytes) else { return }
                while try entries.next(&entry) {
                    let subject = String(decoding: entry.event.subject, as: UTF8.self)
                    if entry.kind == .event, entry.event.time >= time, subjects.contains(subject) {
                        found.append(words(entry.event))
                    }
                }
            }
        }
        return found.sorted()
    }

    @Test(arguments: 1...6) func eventsOfSomeSubjectsSinceATimeAreThoseOfAScan(seed: UInt64) throws {
        let fixture = ArchiveFixture(frames: 150, seed: seed, entries: 60, segmentBytes: 6000)
        try fixture.fill()
        #expect(fixture.segments.count > 4)
        let subjects = ["subject-1", "subject-4", "nobody"]
        let last = try SubjectHistory(fixture.directory).read(UnsafeRawBufferPointer(start: nil, count: 0)) { _ in }
        for eighth in 0...8 as ClosedRange<Int64> {
            let time = Timestamp(microseconds: 1_000_000 + (last.microseconds - 1_000_000) * eighth / 8)
            var (found, read) = ([String](), 0)
            try SubjectHistory(fixture.directory).readEvents(of: subjects.map { Array($0.utf8) }, since: time) {
                read += 1
                if $0.time >= time { found.append(words($0)) }
            }
            #expect(try found.sorted() == events(fixture, of: subjects, since: time))
            // Segments that end before the time are not read.
            if eighth == 6 { #expect(read < 2 * found.count) }
        }
    }
}
