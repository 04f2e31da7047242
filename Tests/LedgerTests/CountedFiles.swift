import Ledger
import Synchronization

/// This machine's disk, with a count of what is asked of it, and no more than so many files open. Nothing is synced.
final class CountedFiles: FileSystem {
    private struct State {
        var open = 0
        var mostOpen = 0
        var opened = 0
        var listed = 0
    }

    private static let tooManyOpen = -24
    private let disk = PosixFileSystem()
    private let maximum: Int
    private let state = Mutex(State())

    /// `maximum`: files that may be open at a time, as `ulimit -n` sets it for a process.
    init(maximum: Int = .max) { self.maximum = maximum }

    var open: Int { state.withLock { $0.open } }
    var mostOpen: Int { state.withLock { $0.mostOpen } }
    /// Files opened so far.
    var opened: Int { state.withLock { $0.opened } }
    /// Directories listed so far.
    var listed: Int { state.withLock { $0.listed } }

    func open(_ path: String, create: Bool, readOnly: Bool) -> Int {
        guard open < maximum else { return Self.tooManyOpen }
        let descriptor = disk.open(path, create: create, readOnly: readOnly)
        guard descriptor >= 0 else { return descriptor }
        state.withLock { state in
            state.open += 1
            state.opened += 1
            state.mostOpen = max(state.mostOpen, state.open)
        }
        return descriptor
    }

    func close(_ descriptor: Int) -> Int {
        state.withLock { $0.open -= 1 }
        return disk.close(descriptor)
    }

    func names(in directory: String) -> Result<[String], FileError> {
        state.withLock { $0.listed += 1 }
        return disk.names(in: directory)
    }

    func entries(in directory: String) -> Result<[DirectoryEntry], FileError> {
        state.withLock { $0.listed += 1 }
        return disk.entries(in: directory)
    }

    func sync(_ descriptor: Int) -> Int { 0 }
    func syncDirectory(_ path: String) -> Int { 0 }

    func read(_ descriptor: Int, _ bytes: UnsafeMutableRawBufferPointer, at position: Int64) -> Int {
        disk.read(descriptor, bytes, at: position)
    }
    func write(_ descriptor: Int, _ bytes: UnsafeRawBufferPointer, at position: Int64) -> Int {
        disk.write(descriptor, bytes, at: position)
    }
    func size(_ descriptor: Int) -> Int64 { disk.size(descriptor) }
    func truncate(_ descriptor: Int, to size: Int64) -> Int { disk.truncate(descriptor, to: size) }
    func lock(_ descriptor: Int) -> Int { disk.lock(descriptor) }
    func rename(_ path: String, to target: String) -> Int { disk.rename(path, to: target) }
    func remove(_ path: String) -> Int { disk.remove(path) }
    func makeDirectory(_ path: String) -> Int { disk.makeDirectory(path) }
}
