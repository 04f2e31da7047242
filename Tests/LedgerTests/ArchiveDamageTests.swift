import Events
import Ledger
import Randomness
import Simulation
import Testing

@Suite struct ArchiveDamageTests {
    /// Flips bits one at a time: each is found, and healed from the topic.
    @Test func everyBitOfASegment() throws {
        let fixture = ArchiveFixture(frames: 300, entries: 40, segmentBytes: 16 * 1024)
        try fixture.fill()
        let path = fixture.segments[1]
        let good = try #require(fixture.disk[path])
        #expect(good.count >= 16 * 1024)
        var fuzz = Fuzz("segment bits", count: 1500)
        let bits = good.count * 8
        let step = max(1, bits / fuzz.count)
        for bit in stride(from: 0, to: bits, by: step) {
            try fuzz.run("bit \(bit)") {
                var bytes = good
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                fixture.disk[path] = bytes
                try #require(try !Archive(fixture.directory).verify().damages.isEmpty, "bit \(bit)")
                #expect(throws: ArchiveDamage.self) { try fixture.read() }
                let fetched = try Archive(fixture.directory).repair(fetch: fixture.topic())
                // A damaged header is made anew from what is known.
                #expect(fetched.isEmpty == (bit / 8 < 32))
                try #require(fixture.disk[path] == good, "bit \(bit)")
            }
        }
        #expect(same(try fixture.read(), fixture.frames))
        fuzz.report("every \(step)th of \(bits) bits")
    }

    /// The last segment's last record may be one that was being written: it is cut off, put aside and reported.
    @Test func everyBitOfTheLastSegmentIsFoundToo() throws {
        let fixture = ArchiveFixture(frames: 30, segmentBytes: 1 << 20)
        try fixture.fill()
        let path = fixture.segments[0]
        let good = try #require(fixture.disk[path])
        for bit in stride(from: 0, to: good.count * 8, by: 11) {
            var bytes = good
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            fixture.disk[path] = bytes
            try #require(try !Archive(fixture.directory).verify().damages.isEmpty, "bit \(bit)")
            do {
                let writer = try ArchiveWriter(fixture.directory)
                try #require(writer.torn.count == 1, "bit \(bit)")
                try #require(writer.nextOffset < fixture.frames[29].offset + 1)
            } catch is ArchiveDamage {
                _ = try Archive(fixture.directory).repair(fetch: fixture.topic())
            }
            try fixture.fill()
            try #require(same(try fixture.read(), fixture.frames), "bit \(bit)")
            for torn in fixture.disk.paths where torn.contains(".torn-") { fixture.disk[torn] = nil }
        }
    }

    /// Random bits of a large archive, all of them at once.
    @Test func randomBitsOfManySegments() throws {
        let fuzz = Fuzz("archive bits", count: 2000, long: 100_000)
        let fixture = ArchiveFixture(frames: 1500, entries: 60, segmentBytes: 64 * 1024)
        try fixture.fill()
        var random = Seeded(fuzz.seed)
        var flips = 0
        while flips < fuzz.count {
            var touched: Set<String> = []
            for _ in 0..<min(20, fuzz.count - flips) {
                let path = fixture.segments.dropLast().randomElement(using: &random) ?? ""
                var bytes = try #require(fixture.disk[path])
                let bit = random.below(bytes.count * 8)
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                fixture.disk[path] = bytes
                touched.insert(path)
                flips += 1
            }
            let files = Set(try Archive(fixture.directory).verify().damages.map(\.file))
            try #require(touched.isSubset(of: files))
            _ = try Archive(fixture.directory).repair(fetch: fixture.topic())
            try #require(try Archive(fixture.directory).verify().damages == [])
        }
        #expect(same(try fixture.read(), fixture.frames))
    }

    @Test func aSegmentThatIsGoneIsFetchedAgain() throws {
        let fixture = ArchiveFixture(frames: 80)
        try fixture.fill()
        let gone = fixture.segments[2]
        fixture.disk[gone] = nil
        #expect(throws: ArchiveDamage.self) { try fixture.read() }
        #expect(try Archive(fixture.directory).verify().damages.count == 1)
        _ = try Archive(fixture.directory).repair(fetch: fixture.topic())
        #expect(try Archive(fixture.directory).verify().damages == [])
        #expect(same(try fixture.read(), fixture.frames))
    }

    @Test func whatIsGoneFromTheTopicTooIsNamedAndNothingIsChanged() throws {
        let fixture = ArchiveFixture(frames: 80)
        try fixture.fill()
        let path = fixture.segments[1]
        var bytes = try #require(fixture.disk[path])
        bytes[40] ^= 1
        fixture.disk[path] = bytes
        let first = try #require(try Archive(fixture.directory).verify().damages.first).offsets
        let error = #expect(throws: Archive.Lost.self) {
            try Archive(fixture.directory).repair(fetch: fixture.topic(without: Set(first)))
        }
        #expect(error?.offsets == [first])
        #expect(
            error?.description
                == "gone from archive and topic: ledger offsets \(first.lowerBound)...\(first.upperBound - 1)")
        #expect(fixture.disk[path] == bytes)
    }

    /// Segments and indexes of any bytes are refused or read, never a trap.
    @Test func segmentsOfAnyBytes() throws {
        var fuzz = Fuzz("segment", count: 1500, long: 1_000_000)
        let fixture = ArchiveFixture(frames: 20, segmentBytes: 1200)
        try fixture.fill()
        let history = SubjectHistory(fixture.directory)
        try history.index()
        let good = fixture.disk.paths.filter { !$0.hasSuffix("lock") }.map { ($0, fixture.disk[$0] ?? []) }
        var random = Seeded(fuzz.seed)
        var readable = 0
        for _ in 0..<fuzz.count {
            let (path, bytes) = good[random.below(good.count)]
            let changed = mutated(bytes, &random)
            fuzz.run("\(path) \(changed.prefix(80))") {
                fixture.disk[path] = changed
                if (try? fixture.read()) != nil { readable += 1 }
                _ = try? Archive(fixture.directory).verify()
                _ = try? Array("subject-1".utf8).withUnsafeBytes {
                    try SubjectHistory(fixture.directory).read($0) { _ in }
                }
                for (path, bytes) in good { fixture.disk[path] = bytes }
                for other in fixture.disk.paths where other.contains(".torn-") { fixture.disk[other] = nil }
            }
        }
        fuzz.report("\(readable) readable")
        #expect(readable > 0)
    }

    /// Some bytes changed, cut, doubled or made up; lengths and checksums among them.
    private func mutated(_ bytes: [UInt8], _ random: inout Seeded) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<(1 + random.below(4)) {
            let index = bytes.isEmpty ? 0 : random.below(bytes.count)
            switch random.below(6) {
            case 0 where !bytes.isEmpty: bytes[index] = UInt8(random.below(256))
            case 1: bytes = Array(bytes.prefix(index))
            case 2: bytes.insert(contentsOf: (0..<random.below(40)).map { _ in UInt8(random.below(256)) }, at: index)
            case 3 where bytes.count > index + 8:
                bytes.replaceSubrange(index..<index + 4, with: [0xFF, 0xFF, 0xFF, UInt8(random.below(256))])
            case 4: bytes += bytes.suffix(random.below(64))
            default: bytes = (0..<random.below(200)).map { _ in UInt8(random.below(256)) }
            }
        }
        return bytes
    }
}
