import Events
import Ledger
import Simulation
import Testing

@Suite struct SubjectHistoryTests {
    /// An entry in words.
    private func words(_ entry: HistoryEntry) -> String {
        "\(entry.offset)/\(entry.entry) \(entry.clock.microseconds) \(entry.kind) \(entry.event.time.microseconds) "
            + [
                entry.origin.topic, entry.event.source, entry.event.type, entry.event.subject, entry.event.id,
                entry.event.data,
            ]
            .map { String(decoding: $0, as: UTF8.self) }.joined(separator: "|")
            + " \(entry.origin.partition) \(entry.origin.offset)"
    }

    private func history(_ fixture: ArchiveFixture, of subject: String, until end: Int64 = .max) throws -> [String] {
        var found: [String] = []
        _ = try Array(subject.utf8).withUnsafeBytes { subject in
            try SubjectHistory(fixture.directory).read(subject, until: end) { found.append(words($0)) }
        }
        return found
    }

    /// By reading everything.
    private func scan(_ fixture: ArchiveFixture, of subject: String, until end: Int64 = .max) throws -> [String] {
        var found: [String] = []
        var entries = EntryReader()
        var entry = FrameReader.blank
        var clock = Timestamp.distantPast
        for frame in fixture.frames where frame.offset < end {
            try frame.bytes.withUnsafeBytes { bytes in
                guard try entries.open(bytes) else { return }
                while try entries.next(&entry) {
                    let name = String(decoding: entry.event.subject, as: UTF8.self)
                    if entry.kind != .tick, name == subject || name == "" {
                        found.append(
                            "\(frame.offset)/\(entries.index) \(clock.microseconds) \(entry.kind) "
                                + "\(entry.event.time.microseconds) "
                                + [
                                    entry.origin.topic, entry.event.source, entry.event.type, entry.event.subject,
                                    entry.event.id, entry.event.data,
                                ].map { String(decoding: $0, as: UTF8.self) }.joined(separator: "|")
                                + " \(entry.origin.partition) \(entry.origin.offset)")
                    }
                    clock = max(clock, entry.event.time)
                }
            }
        }
        return found
    }

    @Test(arguments: 1...6) func aSubjectsEntriesAreThoseOfAScan(seed: UInt64) throws {
        let fixture = ArchiveFixture(frames: 150, seed: seed, entries: 60, segmentBytes: 6000)
        try fixture.fill()
        #expect(fixture.segments.count > 4)
        let indexed = try SubjectHistory(fixture.directory).index()
        #expect(indexed == fixture.segments.count - 1)
        #expect(try SubjectHistory(fixture.directory).index() == 0)
        for subject in (0..<9).map({ "subject-\($0)" }) + ["nobody", ""] {
            let expected = try scan(fixture, of: subject)
            #expect(subject == "nobody" || expected.count > 10)
            #expect(try history(fixture, of: subject) == expected)
            for end in [0, 1, 50, 149] as [Int64] {
                #expect(try history(fixture, of: subject, until: end) == scan(fixture, of: subject, until: end))
            }
        }
    }

    @Test func aBadIndexIsMadeAnew() throws {
        let fixture = ArchiveFixture(frames: 60)
        try fixture.fill()
        try SubjectHistory(fixture.directory).index()
        let indexes = fixture.disk.paths.filter { $0.hasSuffix(".index") }
        let good = indexes.map { fixture.disk[$0] }
        let expected = try scan(fixture, of: "subject-2")
        for (number, path) in indexes.enumerated() {
            var bytes = try #require(fixture.disk[path])
            bytes[20 + number] ^= 4
            fixture.disk[path] = bytes
            #expect(try Archive(fixture.directory).verify().damages.map(\.file) == [path])
            #expect(try history(fixture, of: "subject-2") == expected)
            #expect(indexes.map { fixture.disk[$0] } == good)
        }
        // All of them gone.
        for path in indexes { fixture.disk[path] = nil }
        #expect(try history(fixture, of: "subject-2") == expected)
        #expect(indexes.map { fixture.disk[$0] } == good)
    }

    @Test func aDamagedBlockIsTold() throws {
        let fixture = ArchiveFixture(frames: 60)
        try fixture.fill()
        try SubjectHistory(fixture.directory).index()
        let path = try #require(fixture.disk.paths.first { $0.hasSuffix(".index") })
        var bytes = try #require(fixture.disk[path])
        bytes[bytes.count - 3] ^= 1
        fixture.disk[path] = bytes
        #expect(throws: ArchiveDamage.self) { try history(fixture, of: "subject-2") }
    }

    /// An index follows from its segment: one with a damaged block is forgotten and made again, also by a repair.
    @Test func aDamagedBlockIsMadeAnew() throws {
        let fixture = ArchiveFixture(frames: 60)
        try fixture.fill()
        let history = SubjectHistory(fixture.directory)
        try history.index()
        let path = try #require(fixture.disk.paths.first { $0.hasSuffix(".index") })
        let good = try #require(fixture.disk[path])
        func damage() {
            var bytes = good
            bytes[bytes.count - 3] ^= 1
            fixture.disk[path] = bytes
        }
        func read() throws {
            for subject in (0..<9).map({ "subject-\($0)" }) {
                try Array(subject.utf8).withUnsafeBytes { _ = try history.read($0) { _ in } }
            }
        }
        damage()
        do {
            try read()
            Issue.record("the damage is not seen")
        } catch let damage as ArchiveDamage {
            #expect(damage.file == path)
            #expect(try history.forget(damage))
        }
        try read()
        #expect(fixture.disk[path] == good)

        damage()
        #expect(try Archive(fixture.directory).repair(fetch: fixture.topic()).isEmpty)
        #expect(fixture.disk[path] == nil)
        try SubjectHistory(fixture.directory).index()
        #expect(fixture.disk[path] == good)
    }
}
