import Ledger
import Randomness
import Simulation
import Synchronization
import Testing

/// An archive that a member writes while others read it: an end that moves is read again before it is damage.
@Suite struct MovingArchiveTests {
    private static let rounds = 200
    private static let manyRounds = 5000
    /// Beyond what a reader can meet with bad luck.
    private static let patience = 40

    /// What is seen of an archive while it is written.
    private struct Scene {
        let fixture: ArchiveFixture
        let member: MovingMember
        let directory: ArchiveDirectory

        init(_ seed: UInt64) throws {
            fixture = ArchiveFixture(frames: 40, seed: seed, entries: 6, segmentBytes: 900)
            try fixture.fill()
            let member = MovingMember(fixture, seed: seed)
            let shared = SharedDisk(fixture.disk) { member.goOnNowAndThen() }
            directory = ArchiveDirectory(root: ArchiveFixture.root, partition: 3, segmentBytes: 900, on: shared)
            self.member = member
        }

        var rereading: Rereading {
            let member = member
            return Rereading(times: MovingArchiveTests.patience, pause: .zero) { _ in member.pause() }
        }
    }

    private func forEachScene(_ name: String, _ body: (Scene) throws -> Void) throws {
        var fuzz = Fuzz(name, count: Self.rounds, long: Self.manyRounds)
        var pauses = 0
        for round in 0..<fuzz.count {
            let seed = fuzz.seed &+ UInt64(round)
            let scene = try Scene(seed)
            try fuzz.run("seed \(seed)") { try body(scene) }
            pauses += scene.member.pauses
        }
        fuzz.report("\(pauses) pauses")
    }

    // MARK: At any moment

    @Test func framesAreReadInOrderWhileTheyAreWritten() throws {
        try forEachScene("moving frames") { scene in
            let reader = ArchiveFrames(scene.directory)
            var read: [(offset: Int64, bytes: [UInt8])] = []
            while !scene.member.isDone {
                read += try ArchiveFixture.collect(reader)
                // Another one sees a beginning of the same.
                let other = try ArchiveFixture.collect(ArchiveFrames(scene.directory))
                try #require(same(other, Array(scene.fixture.frames.prefix(other.count))))
                try #require(other.count >= read.count)
                scene.member.goOn()
            }
            read += try ArchiveFixture.collect(reader)
            try #require(same(read, scene.fixture.frames))
        }
    }

    @Test func verifyBesideAMemberFindsNoDamage() throws {
        var tornEnds = 0
        try forEachScene("moving verify") { scene in
            while !scene.member.isDone {
                let status = try Archive(scene.directory).verify(rereading: scene.rereading)
                try #require(status.damages == [])
                let there = scene.fixture.frames.filter { $0.offset < status.nextOffset }
                try #require(Int(status.frames) == there.count)
                _ = try Archive(scene.directory).status(rereading: scene.rereading)
                scene.member.goOn()
            }
            tornEnds += scene.member.pauses
        }
        #expect(tornEnds > 0, "no reader met a write that was under way")
    }

    @Test func aSubjectIsLookedUpWhileItsEntriesAreWritten() throws {
        try forEachScene("moving history") { scene in
            var last: [String] = []
            while !scene.member.isDone {
                let found = try positions(in: SubjectHistory(scene.directory))
                try #require(Array(found.prefix(last.count)) == last)
                last = found
                for _ in 0..<4 { scene.member.goOn() }
            }
            let all = try positions(in: SubjectHistory(scene.fixture.directory))
            #expect(!all.isEmpty && Array(all.prefix(last.count)) == last)
        }
    }

    /// Where the entries of one subject lie.
    private func positions(in history: SubjectHistory) throws -> [String] {
        var found: [String] = []
        try Array("subject-1".utf8).withUnsafeBytes { subject in
            _ = try history.read(subject) { found.append("\($0.offset)/\($0.entry)") }
        }
        return found
    }

    // MARK: At one moment

    /// An archive of one segment whose last record is half there, and how often somebody has waited.
    private func torn() throws -> (fixture: ArchiveFixture, path: String, whole: [UInt8], pauses: Pauses) {
        let fixture = ArchiveFixture(frames: 9, segmentBytes: 1 << 20)
        let writer = try ArchiveWriter(fixture.directory)
        try fixture.append(0..<8, to: writer)
        try writer.sync()
        let path = try #require(fixture.segments.first)
        let before = try #require(fixture.disk[path]).count
        try fixture.append(8..<9, to: writer)
        try writer.close()
        let whole = try #require(fixture.disk[path])
        fixture.disk[path] = Array(whole[..<((before + whole.count) / 2)])
        return (fixture, path, whole, Pauses())
    }

    private final class Pauses: Sendable {
        private let number = Mutex(0)
        var count: Int { number.withLock { $0 } }

        /// `happens`: in the `time`-th pause.
        func rereading(times: Int = 5, at time: Int = 0, _ happens: @escaping @Sendable () -> Void = {}) -> Rereading {
            Rereading(times: times, pause: .milliseconds(100)) { pause in
                #expect(pause == .milliseconds(100))
                self.number.withLock { $0 += 1 }
                if self.count == time { happens() }
            }
        }
    }

    @Test func aRecordThatIsBeingWrittenIsReadAgain() throws {
        let (fixture, path, whole, pauses) = try torn()
        let disk = fixture.disk
        let status = try Archive(fixture.directory).verify(
            rereading: pauses.rereading(at: 3) { disk[path] = whole })
        #expect(status.damages == [] && status.frames == 9 && pauses.count == 3)
    }

    @Test func aRecordThatStaysTornIsDamage() throws {
        let (fixture, path, _, pauses) = try torn()
        let status = try Archive(fixture.directory).verify(rereading: pauses.rereading())
        #expect(pauses.count == 5)
        #expect(status.damages.map(\.file) == [path] && status.damages.map(\.reason) == ["a torn record"])
        #expect(status.damages.map(\.offsets.lowerBound) == [fixture.frames[7].offset + 1])
        #expect(status.frames == 8 && status.segments == 1, "what was read before counts once")
    }

    @Test func aSegmentThatIsBegunIsNoDamage() throws {
        let fixture = ArchiveFixture(frames: 9)
        try fixture.fill()
        let end = fixture.frames[8].offset + 1
        let next = "/archive/00003/" + String(repeating: "0", count: 20 - "\(end)".count) + "\(end).segment"
        fixture.disk[next] = []
        let pauses = Pauses()
        #expect(try Archive(fixture.directory).verify(rereading: pauses.rereading()).damages == [])
        #expect(pauses.count == 0)
        let reader = ArchiveFrames(fixture.directory)
        #expect(same(try ArchiveFixture.collect(reader), fixture.frames))
        // At the end it stays at the end.
        #expect(try ArchiveFixture.collect(reader).isEmpty)
        // A member that starts takes it away.
        fixture.disk[next] = nil
        #expect(try ArchiveFixture.collect(reader).isEmpty)
    }

    @Test func aClosedSegmentIsNotWaitedFor() throws {
        let fixture = ArchiveFixture(frames: 40)
        try fixture.fill()
        let path = fixture.segments[1]
        var bytes = try #require(fixture.disk[path])
        bytes[40] ^= 1
        fixture.disk[path] = bytes
        let pauses = Pauses()
        let damages = try Archive(fixture.directory).verify(rereading: pauses.rereading()).damages
        #expect(damages.map(\.file) == [path] && damages.map(\.byte) == [32] && pauses.count == 0)
    }

    @Test func damageIsReadAgainAndThenThrownForGood() throws {
        let fixture = ArchiveFixture(frames: 40)
        try fixture.fill()
        let path = fixture.segments[1]
        let good = try #require(fixture.disk[path])
        var bytes = good
        bytes[40] ^= 1
        fixture.disk[path] = bytes
        let pauses = Pauses()
        let reader = ArchiveFrames(fixture.directory, rereading: pauses.rereading())
        let before = fixture.frames.prefix { $0.offset < Int64(path.dropFirst(15).prefix(20)) ?? 0 }
        for frame in before { #expect(try reader.next()?.offset == frame.offset) }
        let damage = #expect(throws: ArchiveDamage.self) { try reader.next() }
        #expect(damage?.byte == 32 && damage?.offsets.lowerBound == fixture.frames[before.count].offset)
        #expect(pauses.count == 5)
        // It is not passed over when the archive is continued.
        #expect(throws: ArchiveDamage.self) { try reader.next() }

        let disk = fixture.disk
        let healed = ArchiveFrames(
            fixture.directory, rereading: Pauses().rereading(at: 2) { disk[path] = good })
        #expect(same(try ArchiveFixture.collect(healed), fixture.frames))
    }

    // MARK: Indexes

    /// A member and a reader make the index of a segment that was just closed, at the same time.
    @Test func twoThatMakeTheSameIndexDoNotDisturbEachOther() throws {
        let fixture = ArchiveFixture(frames: 60)
        try fixture.fill()
        try SubjectHistory(fixture.directory).index()
        let indexes = fixture.disk.paths.filter { $0.hasSuffix(".index") }
        let good = indexes.map { fixture.disk[$0] }
        // Another process has its own, unfinished, beside each.
        for path in indexes { fixture.disk[path + ".new-1"] = [1, 2, 3] }
        for path in indexes { fixture.disk[path] = nil }
        try SubjectHistory(fixture.directory).index()
        #expect(indexes.map { fixture.disk[$0] } == good)
        #expect(indexes.allSatisfy { fixture.disk[$0 + ".new-1"] == [1, 2, 3] })
        // What a process has left that died over it goes when the archive is taken over.
        try ArchiveWriter(fixture.directory).close()
        #expect(fixture.disk.paths.filter { $0.contains(".new") }.isEmpty)
        #expect(indexes.map { fixture.disk[$0] } == good)
    }
}
