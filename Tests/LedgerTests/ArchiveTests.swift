import Events
import Ledger
import Randomness
import Simulation
import Testing

@Suite struct ArchiveTests {
    @Test func framesComeBackByteForByteAcrossSegments() throws {
        let fixture = ArchiveFixture(frames: 60)
        try fixture.fill()
        #expect(fixture.segments.count > 3)
        #expect(same(try fixture.read(), fixture.frames))
        for start in [0, 1, 17, 40, 59] {
            for end in [start, start + 1, 50, 60] where end <= 60 {
                let last = end == 60 ? Int64.max : fixture.frames[end].offset
                #expect(
                    same(
                        try fixture.read(from: fixture.frames[start].offset, until: last),
                        Array(fixture.frames[start..<max(start, end)])))
            }
        }
    }

    @Test func aWriterGoesOnWhereTheLastOneStopped() throws {
        let fixture = ArchiveFixture(frames: 60)
        for start in stride(from: 0, to: 60, by: 7) {
            let writer = try ArchiveWriter(fixture.directory)
            #expect(writer.nextOffset == (start == 0 ? 0 : fixture.frames[start - 1].offset + 1))
            // Those that are there already are left out.
            try fixture.append(max(0, start - 3)..<min(60, start + 7), to: writer)
            try writer.close()
            #expect(writer.torn == [])
        }
        #expect(same(try fixture.read(), fixture.frames))
    }

    @Test func aReaderBesideTheWriterSeesABeginning() throws {
        let fixture = ArchiveFixture(frames: 80)
        let writer = try ArchiveWriter(fixture.directory)
        let reader = ArchiveFrames(fixture.directory)
        var read: [(offset: Int64, bytes: [UInt8])] = []
        for start in stride(from: 0, to: 80, by: 4) {
            try fixture.append(start..<start + 4, to: writer)
            try writer.flush()
            #expect(same(try fixture.read(), Array(fixture.frames[..<(start + 4)])))
            if start == 20 { read += try ArchiveFixture.collect(reader) }
        }
        #expect(same(read, Array(fixture.frames[..<24])))
        read += try ArchiveFixture.collect(reader)
        #expect(same(read, fixture.frames))
    }

    @Test func oneProcessWrites() throws {
        let fixture = ArchiveFixture(frames: 4)
        let writer = try ArchiveWriter(fixture.directory)
        let error = #expect(throws: ArchiveInUse.self) { try ArchiveWriter(fixture.directory) }
        #expect(error?.path == "/archive/00003")
        #expect(throws: ArchiveInUse.self) { try Archive(fixture.directory).drop() }
        try writer.close()
        _ = try ArchiveWriter(fixture.directory)
    }

    @Test func statusDropAndWhatIsNotThere() throws {
        let fixture = ArchiveFixture(frames: 30)
        let empty = try Archive(fixture.directory).verify()
        #expect(empty.partition == 3 && empty.segments == 0 && empty.nextOffset == 0 && empty.damages == [])
        #expect(try fixture.read().isEmpty)
        try fixture.fill()
        try SubjectHistory(fixture.directory).index()
        let status = try Archive(fixture.directory).verify()
        #expect(status.segments == fixture.segments.count)
        #expect(status.indexes == status.segments - 1)
        #expect(status.frames == 30)
        #expect(status.firstOffset == fixture.frames[0].offset)
        #expect(status.nextOffset == fixture.frames[29].offset + 1)
        #expect(status.damages == [])
        #expect(try ArchiveDirectory.partitions(under: ArchiveFixture.root, on: fixture.disk) == [3])
        try Archive(fixture.directory).drop()
        #expect(try fixture.read().isEmpty)
        #expect(fixture.disk.paths == ["/archive/00003/lock"])
    }

    @Test func anArchiveThatBeginsLaterSaysSo() throws {
        let fixture = ArchiveFixture(frames: 60)
        try fixture.fill()
        let first = try #require(fixture.segments.first)
        fixture.disk[first] = nil
        let error = #expect(throws: ArchiveDamage.self) { try fixture.read() }
        #expect(error?.offsets.lowerBound == 0)
        let start = try #require(error?.offsets.upperBound)
        #expect(same(try fixture.read(from: start), fixture.frames.filter { $0.offset >= start }))
    }

    // MARK: The disk

    @Test func aFullDiskIsWaitedFor() throws {
        let fixture = ArchiveFixture(frames: 400, entries: 60)
        fixture.disk.setCapacity(9000)
        let writer = try ArchiveWriter(fixture.directory)
        var full = 0
        for frame in fixture.frames {
            try frame.bytes.withUnsafeBytes { bytes in
                while true {
                    do {
                        try writer.append(bytes, at: frame.offset)
                        try writer.flush()
                        break
                    } catch let error as FileError where error.isDiskFull {
                        full += 1
                        fixture.disk.setCapacity(9000 + full * 9000)
                    }
                }
            }
        }
        try writer.close()
        #expect(full > 3)
        #expect(same(try fixture.read(), fixture.frames))
        #expect(try Archive(fixture.directory).verify().damages == [])
    }

    @Test func afterAFailedSyncNothingIsReliedOn() throws {
        let fixture = ArchiveFixture(frames: 60)
        let writer = try ArchiveWriter(fixture.directory)
        try fixture.append(0..<5, to: writer)
        try writer.sync()
        try fixture.append(5..<9, to: writer)
        fixture.disk.plan(.dropsUnsynced, atCall: 1, of: .sync)
        let error = #expect(throws: FileError.self) { try writer.sync() }
        #expect(error?.isFailedSync == true)
        // The second would succeed, and lie.
        #expect(throws: FileError.self) { try writer.sync() }
        #expect(throws: FileError.self) { try writer.flush() }
        fixture.disk.crash { _, _, _ in nil }
        let next = try ArchiveWriter(fixture.directory)
        #expect(next.nextOffset == fixture.frames[4].offset + 1)
        try fixture.append(0..<60, to: next)
        try next.close()
        #expect(same(try fixture.read(), fixture.frames))
    }

    /// Every call fails once, in every way, until a run has none left that could: whatever was reported, what is in the
    /// archive is true, and the next process completes it.
    @Test(arguments: [
        FaultyFileSystem.Fault.error(5), .error(28), .error(4), .short, .dropsUnsynced,
    ])
    func everyCallMayFail(fault: FaultyFileSystem.Fault) throws {
        var call = 1
        var failures = 0
        while true {
            let fixture = ArchiveFixture(frames: 12, segmentBytes: 800)
            fixture.disk.plan(fault, atCall: call)
            do {
                try fixture.fill()
                try SubjectHistory(fixture.directory).index()
                _ = try fixture.read()
            } catch is FileError { failures += 1 }
            let calls = fixture.disk.callCount
            fixture.disk.clearFaults()
            fixture.disk.crash { _, write, _ in write % 2 == 0 ? .max : nil }
            do {
                try fixture.fill()
            } catch is ArchiveDamage {
                _ = try Archive(fixture.directory).repair(fetch: fixture.topic())
                try fixture.fill()
            }
            try #require(same(try fixture.read(), fixture.frames), "call \(call)")
            try SubjectHistory(fixture.directory).index()
            try #require(try Archive(fixture.directory).verify().damages == [], "call \(call)")
            if call > calls { break }
            call += 1
        }
        switch fault {
        // What was interrupted is done again, what was short continues.
        case .error(4), .short: #expect(failures == 0)
        default: #expect(failures > 0)
        }
    }

    // MARK: Crashes

    @Test func theLastRecordCutAtEveryByte() throws {
        let fixture = ArchiveFixture(frames: 9, segmentBytes: 1 << 20)
        let writer = try ArchiveWriter(fixture.directory)
        try fixture.append(0..<8, to: writer)
        try writer.sync()
        let path = try #require(fixture.segments.first)
        let before = try #require(fixture.disk[path])
        try fixture.append(8..<9, to: writer)
        try writer.close()
        let whole = try #require(fixture.disk[path])
        var random = Seeded(7)
        for cut in before.count..<whole.count {
            let rest = whole.count - cut
            let tails: [[UInt8]] = [
                [], [UInt8](repeating: 0, count: rest), (0..<rest).map { _ in UInt8(random.below(256)) },
                Array(whole[32..<(32 + rest)]),
            ]
            for (kind, tail) in tails.enumerated() {
                fixture.disk[path] = whole[..<cut] + tail
                for torn in fixture.disk.paths where torn.contains(".torn-") { fixture.disk[torn] = nil }
                let writer = try ArchiveWriter(fixture.directory)
                // A tail that happens to be the one that was there is no damage.
                if whole[..<cut] + tail == whole { continue }
                try #require(writer.nextOffset == fixture.frames[7].offset + 1, "cut \(cut), tail \(kind)")
                let bytes = cut - before.count + tail.count
                try #require(writer.torn.map(\.bytes) == (bytes == 0 ? [] : [bytes]), "cut \(cut), tail \(kind)")
                if let aside = writer.torn.first {
                    #expect(fixture.disk[aside.path] == whole[before.count..<cut] + tail)
                }
                try fixture.append(8..<9, to: writer)
                try writer.close()
                try #require(fixture.disk[path] == whole)
            }
        }
    }

    /// Whatever of the unsynced writes reached the disk: what was synced is there, what is there is true, and from the topic
    /// it becomes whole.
    @Test func crashStates() throws {
        var fuzz = Fuzz("archive crash", count: 500, long: 5000)
        var (torn, repaired, lostTails) = (0, 0, 0)
        for round in 0..<fuzz.count {
            var random = Seeded(fuzz.seed &+ UInt64(round) &* 7919)
            let fixture = ArchiveFixture(frames: 24, seed: UInt64(round), segmentBytes: 900)
            try fuzz.run("round \(round)") {
                var next = 0
                for _ in 0..<3 where next < 24 {
                    let writer: ArchiveWriter
                    do {
                        writer = try ArchiveWriter(fixture.directory)
                    } catch is ArchiveDamage {
                        repaired += 1
                        _ = try Archive(fixture.directory).repair(fetch: fixture.topic())
                        writer = try ArchiveWriter(fixture.directory)
                    }
                    torn += writer.torn.count
                    var synced = 0
                    while next < 24, random.below(9) != 0 {
                        try fixture.append(0..<next + 1, to: writer)
                        next += 1
                        switch random.below(4) {
                        case 0: try writer.flush()
                        case 1:
                            try writer.sync()
                            synced = next
                        default: break
                        }
                    }
                    let style = random.below(4)
                    fixture.disk.crash(names: random.below(2) == 0) { _, _, count in
                        switch style {
                        case 0: nil
                        case 1: .max
                        case 2: random.below(2) == 0 ? .max : nil
                        default: random.below(count + 1)
                        }
                    }
                    // Not one that was synced is missing, and none is other than it was.
                    do {
                        let there = try fixture.read()
                        try #require(there.count >= synced)
                        try #require(same(there, Array(fixture.frames[..<there.count])))
                        if there.count < next { lostTails += 1 }
                    } catch is ArchiveDamage {}
                }
                do {
                    try fixture.fill()
                } catch is ArchiveDamage {
                    repaired += 1
                    _ = try Archive(fixture.directory).repair(fetch: fixture.topic())
                    try fixture.fill()
                }
                try #require(same(try fixture.read(), fixture.frames), "round \(round)")
                try #require(try Archive(fixture.directory).verify().damages == [], "round \(round)")
            }
        }
        fuzz.report("\(torn) torn tails, \(repaired) repairs, \(lostTails) lost tails")
        #expect(torn > 0 && repaired > 0 && lostTails > 0)
    }

    /// Random operations against the archive and a list.
    @Test func model() throws {
        var fuzz = Fuzz("archive model", count: 60, long: 2000)
        for round in 0..<fuzz.count {
            var random = Seeded(fuzz.seed &+ UInt64(round) &* 104_729)
            let fixture = ArchiveFixture(frames: 120, seed: UInt64(round), segmentBytes: 1500)
            try fuzz.run("round \(round)") {
                var count = 0
                var writer: ArchiveWriter? = try ArchiveWriter(fixture.directory)
                for _ in 0..<60 {
                    switch random.below(10) {
                    case 0..<5:
                        let more = min(120, count + 1 + random.below(5))
                        try fixture.append(max(0, count - 2)..<more, to: try #require(writer))
                        count = more
                    case 5: try writer?.sync()
                    case 6:
                        try writer?.close()
                        writer = try ArchiveWriter(fixture.directory)
                    case 7:
                        try writer?.flush()
                        try SubjectHistory(fixture.directory).index()
                    case 8 where random.below(8) == 0:
                        try writer?.close()
                        try Archive(fixture.directory).drop()
                        writer = try ArchiveWriter(fixture.directory)
                        count = 0
                    default:
                        try writer?.flush()
                        let start = random.below(130)
                        let end = start + random.below(30)
                        let expected = fixture.frames[..<count].filter { (start..<end).contains(Int($0.offset)) }
                        try #require(same(try fixture.read(from: Int64(start), until: Int64(end)), Array(expected)))
                    }
                    #expect(writer?.nextOffset == (count == 0 ? 0 : fixture.frames[count - 1].offset + 1))
                }
            }
        }
        fuzz.report("60 operations each")
    }
}
