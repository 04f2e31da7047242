import Ledger
import Randomness
import Simulation
import Synchronization

/// A member that writes an archive while a test reads it: its files come into being and grow as those of `ArchiveWriter` do,
/// a record at a time, and between the halves of a record's write there is time for a reader.
final class MovingMember: Sendable {
    private struct State {
        var random: Seeded
        /// The write that is under way or done; `isHalfDone`: some of its bytes are there.
        var write = 0
        var isHalfDone = false
        var pauses = 0
    }

    private static let segmentHeaderBytes = 32
    private static let recordHeaderBytes = 24
    /// One of so many calls of a reader finds that the member has gone on since the last.
    private static let callsBetweenMoves = 6

    private let disk: FaultyFileSystem
    private let segments: [(path: String, bytes: [UInt8])]
    /// By write, up to where the segments are then there, laid end to end. Each is one longer than its bytes, for it is begun
    /// with none.
    private let ends: [Int]
    private let state: Mutex<State>

    /// Takes the archive of `fixture`, which is whole, away and writes it once more.
    init(_ fixture: ArchiveFixture, seed: UInt64) {
        let disk = fixture.disk
        let segments = fixture.segments.map { path in (path: path, bytes: disk[path] ?? []) }
        var ends = [0]
        var start = 0
        for (path, bytes) in segments {
            ends.append(start + 1)
            for end in Self.records(bytes) { ends.append(start + 1 + end) }
            start += 1 + bytes.count
            disk[path] = nil
        }
        (self.disk, self.segments, self.ends) = (disk, segments, ends)
        state = Mutex(State(random: Seeded(seed)))
    }

    /// Where each record of a segment ends.
    private static func records(_ bytes: [UInt8]) -> [Int] {
        var ends: [Int] = []
        var position = segmentHeaderBytes
        while position < bytes.count {
            let stored = bytes[position + 4..<position + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
            position += recordHeaderBytes + stored
            ends.append(position)
        }
        return ends
    }

    var isDone: Bool { state.withLock { $0.write == ends.count - 1 && !$0.isHalfDone } }
    var pauses: Int { state.withLock { $0.pauses } }

    /// Begins a write, or ends the one that is under way.
    func goOn() { state.withLock { move(&$0) } }

    /// Before a call of the reader.
    func goOnNowAndThen() {
        state.withLock { state in if state.random.below(Self.callsBetweenMoves) == 0 { move(&state) } }
    }

    /// A reader waits: no write takes that long.
    func pause() {
        state.withLock { state in
            state.pauses += 1
            if state.isHalfDone { move(&state) }
        }
    }

    private func move(_ state: inout State) {
        if state.isHalfDone {
            state.isHalfDone = false
            state.write += 1
            show(upTo: ends[state.write])
        } else if state.write + 1 < ends.count {
            state.isHalfDone = true
            let (start, end) = (ends[state.write], ends[state.write + 1])
            show(upTo: start + state.random.below(end - start))
        }
    }

    private func show(upTo moment: Int) {
        var start = 0
        for (path, bytes) in segments where start < moment {
            let count = min(bytes.count, moment - start - 1)
            if disk[path]?.count != count { disk[path] = Array(bytes[..<count]) }
            start += 1 + bytes.count
        }
    }
}

/// A disk on which something may happen before every call of a reader.
final class SharedDisk: FileSystem {
    private let disk: FaultyFileSystem
    private let happens: @Sendable () -> Void

    init(_ disk: FaultyFileSystem, _ happens: @escaping @Sendable () -> Void) {
        (self.disk, self.happens) = (disk, happens)
    }

    func open(_ path: String, create: Bool, readOnly: Bool) -> Int {
        happens()
        return disk.open(path, create: create, readOnly: readOnly)
    }

    func read(_ descriptor: Int, _ bytes: UnsafeMutableRawBufferPointer, at position: Int64) -> Int {
        happens()
        return disk.read(descriptor, bytes, at: position)
    }

    func write(_ descriptor: Int, _ bytes: UnsafeRawBufferPointer, at position: Int64) -> Int {
        happens()
        return disk.write(descriptor, bytes, at: position)
    }

    func size(_ descriptor: Int) -> Int64 {
        happens()
        return disk.size(descriptor)
    }

    func sync(_ descriptor: Int) -> Int {
        happens()
        return disk.sync(descriptor)
    }

    func truncate(_ descriptor: Int, to size: Int64) -> Int {
        happens()
        return disk.truncate(descriptor, to: size)
    }

    func close(_ descriptor: Int) -> Int {
        happens()
        return disk.close(descriptor)
    }

    func lock(_ descriptor: Int) -> Int {
        happens()
        return disk.lock(descriptor)
    }

    func rename(_ path: String, to target: String) -> Int {
        happens()
        return disk.rename(path, to: target)
    }

    func remove(_ path: String) -> Int {
        happens()
        return disk.remove(path)
    }

    func makeDirectory(_ path: String) -> Int {
        happens()
        return disk.makeDirectory(path)
    }

    func syncDirectory(_ path: String) -> Int {
        happens()
        return disk.syncDirectory(path)
    }

    func names(in directory: String) -> Result<[String], FileError> {
        happens()
        return disk.names(in: directory)
    }
}
