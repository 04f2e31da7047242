import Events
import Foundation
import Ledger
import Testing

/// An archive of more segments than a process may have files open, on a real disk.
@Suite struct ManySegmentsTests {
    private static let descriptors = 256
    private static let subjects = (0..<9).map { "subject-\($0)" }

    private let root = FileManager.default.temporaryDirectory.appending(path: "standing-\(UUID().uuidString)").path
    private let files = CountedFiles(maximum: descriptors)
    private var directory: ArchiveDirectory {
        // A segment is closed as soon as it has a frame.
        ArchiveDirectory(root: root, partition: 3, segmentBytes: 1, on: files)
    }

    private func remove() { try? FileManager.default.removeItem(atPath: root) }

    private func write(_ frames: [(offset: Int64, bytes: [UInt8])], to writer: ArchiveWriter) throws {
        for frame in frames { try frame.bytes.withUnsafeBytes { try writer.append($0, at: frame.offset) } }
    }

    private func fill(_ count: Int) throws -> [(offset: Int64, bytes: [UInt8])] {
        let frames = ArchiveFixture.frames(count, seed: 7, entries: 2)
        let writer = try ArchiveWriter(directory)
        try write(frames, to: writer)
        try writer.close()
        return frames
    }

    /// Where a subject's entries lie.
    private func entries(of subject: String, _ history: SubjectHistory) throws -> [String] {
        var found: [String] = []
        try Array(subject.utf8).withUnsafeBytes { subject in
            _ = try history.read(subject) { found.append("\($0.offset)/\($0.entry)") }
        }
        return found
    }

    /// The same, by reading everything.
    private func scan(_ frames: [(offset: Int64, bytes: [UInt8])], of subject: String) throws -> [String] {
        var found: [String] = []
        var entries = EntryReader()
        var entry = FrameReader.blank
        for frame in frames {
            try frame.bytes.withUnsafeBytes { bytes in
                guard try entries.open(bytes) else { return }
                while try entries.next(&entry) {
                    let name = String(decoding: entry.event.subject, as: UTF8.self)
                    if entry.kind != .tick, name == subject || name == "" {
                        found.append("\(frame.offset)/\(entries.index)")
                    }
                }
            }
        }
        return found
    }

    @Test func twoThousandSegmentsNeedFewDescriptors() throws {
        defer { remove() }
        let frames = try fill(2000)
        #expect(files.open == 0)
        let history = SubjectHistory(directory)
        #expect(try history.index() == 1999)
        for subject in Self.subjects {
            let expected = try scan(frames, of: subject)
            #expect(expected.count > 20)
            #expect(try entries(of: subject, history) == expected)
        }
        #expect(files.open == SubjectHistory.maximumOpenIndexes)
        #expect(same(try ArchiveFixture.collect(ArchiveFrames(directory)), frames))
        let verified = try Archive(directory).verify()
        #expect(verified.damages.isEmpty && verified.segments == 2000 && verified.indexes == 1999)
        #expect(try Archive(directory).status().frames == 2000)
        // Beside those that stay open, the few that a call opens and closes.
        #expect(files.mostOpen <= SubjectHistory.maximumOpenIndexes + 3)
    }

    /// Look-ups in a small archive open its last segment and nothing else.
    @Test func indexesThatFitStayOpen() throws {
        defer { remove() }
        let frames = try fill(SubjectHistory.maximumOpenIndexes + 1)
        let history = SubjectHistory(directory)
        _ = try entries(of: Self.subjects[0], history)
        for subject in Self.subjects {
            let before = files.opened
            #expect(try entries(of: subject, history) == scan(frames, of: subject))
            #expect(files.opened == before + 1)
        }
    }

    /// A member reads while it writes, and knows what it has written.
    @Test func aMemberListsItsDirectoryOnce() throws {
        defer { remove() }
        let frames = ArchiveFixture.frames(60, seed: 7, entries: 2)
        let writer = try ArchiveWriter(directory)
        #expect(files.listed == 1)
        let history = SubjectHistory(writer.directory)
        let reader = ArchiveFrames(writer.directory)
        var read: [(offset: Int64, bytes: [UInt8])] = []
        for count in 1...frames.count {
            try write(Array(frames[count - 1..<count]), to: writer)
            try writer.flush()
            try history.index()
            read += try ArchiveFixture.collect(reader)
            try #require(same(read, Array(frames.prefix(count))))
            let subject = Self.subjects[count % Self.subjects.count]
            #expect(try entries(of: subject, history) == scan(Array(frames.prefix(count)), of: subject))
        }
        #expect(
            same(
                try ArchiveFixture.collect(ArchiveFrames(writer.directory, from: frames[30].offset)),
                Array(frames[30...])))
        #expect(files.listed == 1)
        try writer.close()

        // The archive may be another's from now on: a guest lists it, once for each thing that it does.
        #expect(same(try ArchiveFixture.collect(ArchiveFrames(writer.directory)), frames))
        #expect(try Archive(directory).verify().segments == 60)
        #expect(try Archive(directory).status().segments == 60)
        let guest = SubjectHistory(directory)
        #expect(try guest.index() == 0)
        #expect(try entries(of: "subject-1", guest) == scan(frames, of: "subject-1"))
    }

    @Test func aReadingCommandListsADirectoryOnce() throws {
        defer { remove() }
        let frames = try fill(60)
        func lists(_ body: () throws -> Void) throws -> Int {
            let before = files.listed
            try body()
            return files.listed - before
        }
        let history = SubjectHistory(directory)
        #expect(try lists { _ = try history.index() } == 1)
        #expect(try lists { _ = try entries(of: "subject-1", history) } == 1)
        #expect(try lists { _ = try Archive(directory).verify() } == 1)
        #expect(try lists { _ = try Archive(directory).status() } == 1)
        // Once at the start, and once at the end for what may have come meanwhile.
        let reader = ArchiveFrames(directory)
        var read: [(offset: Int64, bytes: [UInt8])] = []
        #expect(try lists { read = try ArchiveFixture.collect(reader) } == 2)
        #expect(same(read, frames))
    }

    /// An index that is not open is opened again. It may be gone by then.
    @Test func anIndexThatWasRemovedSinceIsMadeAgain() throws {
        defer { remove() }
        let frames = try fill(40)
        let history = SubjectHistory(directory)
        _ = try entries(of: Self.subjects[0], history)
        for name in try files.list(directory.path) where name.hasSuffix(".index") {
            try files.removeIfThere("\(directory.path)/\(name)")
        }
        for subject in Self.subjects { #expect(try entries(of: subject, history) == scan(frames, of: subject)) }
        #expect(try files.list(directory.path).count { $0.hasSuffix(".index") } == 39)
    }
}
