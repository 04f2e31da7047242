import Ledger
import Simulation
import Synchronization

/// A disk in memory that counts its syncs, and on which nothing can be written to some files.
final class WatchedFileSystem: FileSystem {
    private struct State {
        var syncs = 0
        var unwritable: String?
        var paths: [Int: String] = [:]
    }

    private static let ioError = -5

    let disk = FaultyFileSystem()
    private let state = Mutex(State())

    var syncs: Int { state.withLock { $0.syncs } }

    /// A part of the paths of the files to which nothing can be written; nil if all of them can be written.
    var unwritable: String? {
        get { state.withLock { $0.unwritable } }
        set { state.withLock { $0.unwritable = newValue } }
    }

    func paths(ending suffix: String) -> [String] { disk.paths.filter { $0.hasSuffix(suffix) } }

    func open(_ path: String, create: Bool, readOnly: Bool) -> Int {
        let descriptor = disk.open(path, create: create, readOnly: readOnly)
        if descriptor >= 0 { state.withLock { $0.paths[descriptor] = path } }
        return descriptor
    }

    func write(_ descriptor: Int, _ bytes: UnsafeRawBufferPointer, at position: Int64) -> Int {
        let isWritable = state.withLock { state in
            guard let part = state.unwritable else { return true }
            return state.paths[descriptor]?.contains(part) != true
        }
        return isWritable ? disk.write(descriptor, bytes, at: position) : Self.ioError
    }

    func sync(_ descriptor: Int) -> Int {
        state.withLock { $0.syncs += 1 }
        return disk.sync(descriptor)
    }

    func read(_ descriptor: Int, _ bytes: UnsafeMutableRawBufferPointer, at position: Int64) -> Int {
        disk.read(descriptor, bytes, at: position)
    }
    func size(_ descriptor: Int) -> Int64 { disk.size(descriptor) }
    func truncate(_ descriptor: Int, to size: Int64) -> Int { disk.truncate(descriptor, to: size) }
    func close(_ descriptor: Int) -> Int { disk.close(descriptor) }
    func lock(_ descriptor: Int) -> Int { disk.lock(descriptor) }
    func rename(_ path: String, to target: String) -> Int { disk.rename(path, to: target) }
    func remove(_ path: String) -> Int { disk.remove(path) }
    func makeDirectory(_ path: String) -> Int { disk.makeDirectory(path) }
    func syncDirectory(_ path: String) -> Int { disk.syncDirectory(path) }
    func names(in directory: String) -> Result<[String], FileError> { disk.names(in: directory) }
}
