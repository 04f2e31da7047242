public import Ledger
internal import Synchronization

/// A disk in memory that guarantees what POSIX guarantees and nothing more. In a crash, bytes that were not synced may
/// be lost, torn or reordered; a name is durable after its directory is synced; any call may fail.
public final class FaultyFileSystem: FileSystem {
    /// A fault that is planned.
    public enum Fault: Sendable, Hashable {
        /// The call fails with this `errno`, once.
        case error(Int32)
        /// The call and all later ones fail with this `errno`, until the faults are removed.
        case errorForGood(Int32)
        /// A write or read transfers one byte only.
        case short
        /// A sync fails, and the bytes that it should have written are dropped (as Linux does).
        case dropsUnsynced
    }

    /// A write that was not yet synced.
    private struct Write {
        var position: Int
        var bytes: [UInt8]
        /// The size to which the file was truncated; nil if this is a write.
        var size: Int?
    }

    private final class Node {
        var durable: [UInt8] = []
        var bytes: [UInt8] = []
        var unsynced: [Write] = []
        var lockedBy: Int?
    }

    private struct State {
        var names: [String: Node] = [:]
        var durableNames: [String: Node] = [:]
        var directories: Set<String> = ["/"]
        var open: [Int: (node: Node, readOnly: Bool)] = [:]
        var nextDescriptor = 3
        var calls: [FileError.Call: Int] = [:]
        var total = 0
        var faults: [(call: FileError.Call?, number: Int, fault: Fault)] = []
        /// The capacity of the disk in bytes; nil if it is unlimited.
        var capacity: Int?
    }

    private let state = Mutex(State())

    public init() {}

    // MARK: Faults

    /// Plans the fault for a later call. `number`: counted from 1 after now, among calls of this sort; among all calls
    /// if `call` is nil.
    public func plan(_ fault: Fault, atCall number: Int, of call: FileError.Call? = nil) {
        state.withLock { state in
            let before = call.map { state.calls[$0, default: 0] } ?? state.total
            state.faults.append((call, before + number, fault))
        }
    }

    public func clearFaults() { state.withLock { $0.faults = [] } }

    public func setCapacity(_ bytes: Int?) { state.withLock { $0.capacity = bytes } }

    /// The number of calls so far.
    public var callCount: Int { state.withLock { $0.total } }

    /// The machine stops and starts again. Synced bytes of each file stay. Of each later write as many bytes stay as
    /// `keeps` returns, and none if it returns nil. Durable names stay, or, if `names` is true, the current ones.
    public func crash(names keepsNames: Bool = false, _ keeps: (_ path: String, _ write: Int, _ count: Int) -> Int?) {
        state.withLock { state in
            state.open = [:]
            if !keepsNames { state.names = state.durableNames }
            state.durableNames = state.names
            for (path, node) in state.names.sorted(by: { $0.key < $1.key }) {
                node.lockedBy = nil
                var bytes = node.durable
                for (number, write) in node.unsynced.enumerated() {
                    guard let count = keeps(path, number, write.bytes.count) else { continue }
                    Self.apply(write, count, to: &bytes)
                }
                node.bytes = bytes
                node.durable = bytes
                node.unsynced = []
            }
        }
    }

    private static func apply(_ write: Write, _ count: Int, to bytes: inout [UInt8]) {
        if let size = write.size {
            if size < bytes.count {
                bytes.removeLast(bytes.count - size)
            } else {
                bytes += [UInt8](repeating: 0, count: size - bytes.count)
            }
            return
        }
        let end = write.position + min(count, write.bytes.count)
        if bytes.count < end { bytes += [UInt8](repeating: 0, count: end - bytes.count) }
        bytes.replaceSubrange(write.position..<end, with: write.bytes.prefix(count))
    }

    /// A file's bytes as a reader sees them; nil if there is no such file.
    public subscript(_ path: String) -> [UInt8]? {
        get { state.withLock { $0.names[path]?.bytes } }
        set {
            state.withLock { state in
                guard let newValue else {
                    state.names[path] = nil
                    state.durableNames[path] = nil
                    return
                }
                let node = state.names[path] ?? Node()
                (node.bytes, node.durable, node.unsynced) = (newValue, newValue, [])
                state.names[path] = node
                state.durableNames[path] = node
            }
        }
    }

    public var paths: [String] { state.withLock { $0.names.keys.sorted() } }

    // MARK: FileSystem

    private static let (enoent, ebadf, ewouldblock, enospc): (Int, Int, Int, Int) = (-2, -9, -11, -28)

    /// Counts the call. Returns its fault; nil if it has none.
    private static func fault(_ call: FileError.Call, _ state: inout State) -> Fault? {
        state.total += 1
        state.calls[call, default: 0] += 1
        let (total, count) = (state.total, state.calls[call, default: 0])
        let found = state.faults.firstIndex { item in
            guard item.call == nil || item.call == call else { return false }
            let now = item.call == nil ? total : count
            if case .errorForGood = item.fault { return now >= item.number }
            return now == item.number
        }
        return found.map { state.faults[$0].fault }
    }

    private func run<Value: Sendable>(
        _ call: FileError.Call, _ failure: (Int) -> Value, _ body: (inout State, Fault?) -> Value
    ) -> Value {
        state.withLock { state in
            switch Self.fault(call, &state) {
            case .error(let code), .errorForGood(let code): failure(-Int(code))
            case let fault: body(&state, fault)
            }
        }
    }

    public func open(_ path: String, create: Bool, readOnly: Bool) -> Int {
        run(.open, { $0 }) { state, _ in
            let node: Node
            if let known = state.names[path] {
                node = known
            } else {
                guard create else { return Self.enoent }
                node = Node()
                state.names[path] = node
            }
            state.nextDescriptor += 1
            state.open[state.nextDescriptor] = (node, readOnly)
            return state.nextDescriptor
        }
    }

    public func read(_ descriptor: Int, _ bytes: UnsafeMutableRawBufferPointer, at position: Int64) -> Int {
        let target = SendableBuffer(bytes)
        return run(.read, { $0 }) { state, fault in
            guard let file = state.open[descriptor] else { return Self.ebadf }
            let start = min(Int(position), file.node.bytes.count)
            let count = min(fault == .short ? 1 : target.bytes.count, file.node.bytes.count - start)
            target.bytes.copyBytes(from: file.node.bytes[start..<start + count])
            return count
        }
    }

    public func write(_ descriptor: Int, _ bytes: UnsafeRawBufferPointer, at position: Int64) -> Int {
        let content = Array(bytes)
        return run(.write, { $0 }) { state, fault in
            guard let file = state.open[descriptor], !file.readOnly else { return Self.ebadf }
            var count = fault == .short ? min(1, content.count) : content.count
            if let capacity = state.capacity {
                let used = state.names.values.reduce(0) { $0 + $1.bytes.count }
                let growth = max(0, Int(position) + count - file.node.bytes.count)
                if used + growth > capacity {
                    count = min(count, max(0, capacity - used))
                    if count == 0 { return Self.enospc }
                }
            }
            let write = Write(position: Int(position), bytes: Array(content.prefix(count)))
            file.node.unsynced.append(write)
            Self.apply(write, count, to: &file.node.bytes)
            return count
        }
    }

    public func size(_ descriptor: Int) -> Int64 {
        run(.size, { Int64($0) }) { state, _ in Int64(state.open[descriptor]?.node.bytes.count ?? Self.ebadf) }
    }

    public func sync(_ descriptor: Int) -> Int {
        run(.sync, { $0 }) { state, fault in
            guard let file = state.open[descriptor] else { return Self.ebadf }
            if fault == .dropsUnsynced {
                file.node.bytes = file.node.durable
                file.node.unsynced = []
                return -5
            }
            file.node.durable = file.node.bytes
            file.node.unsynced = []
            return 0
        }
    }

    public func truncate(_ descriptor: Int, to size: Int64) -> Int {
        run(.truncate, { $0 }) { state, _ in
            guard let file = state.open[descriptor], !file.readOnly else { return Self.ebadf }
            let write = Write(position: 0, bytes: [], size: Int(size))
            file.node.unsynced.append(write)
            Self.apply(write, 0, to: &file.node.bytes)
            return 0
        }
    }

    public func close(_ descriptor: Int) -> Int {
        state.withLock { state in
            let fault = Self.fault(.close, &state)
            guard let file = state.open.removeValue(forKey: descriptor) else { return Self.ebadf }
            if file.node.lockedBy == descriptor { file.node.lockedBy = nil }
            // The descriptor is closed whatever the call returns.
            if case .error(let code) = fault { return -Int(code) }
            return 0
        }
    }

    public func lock(_ descriptor: Int) -> Int {
        run(.lock, { $0 }) { state, _ in
            guard let file = state.open[descriptor] else { return Self.ebadf }
            guard file.node.lockedBy == nil else { return Self.ewouldblock }
            file.node.lockedBy = descriptor
            return 0
        }
    }

    public func rename(_ path: String, to target: String) -> Int {
        run(.rename, { $0 }) { state, _ in
            guard let node = state.names.removeValue(forKey: path) else { return Self.enoent }
            state.names[target] = node
            return 0
        }
    }

    public func remove(_ path: String) -> Int {
        run(.remove, { $0 }) { state, _ in state.names.removeValue(forKey: path) == nil ? Self.enoent : 0 }
    }

    public func makeDirectory(_ path: String) -> Int {
        run(.makeDirectory, { $0 }) { state, _ in
            state.directories.insert(path)
            return 0
        }
    }

    public func syncDirectory(_ path: String) -> Int {
        run(.syncDirectory, { $0 }) { state, _ in
            func isInside(_ name: String) -> Bool { name.hasPrefix(path + "/") }
            state.durableNames = state.durableNames.filter { !isInside($0.key) }
            for (name, node) in state.names where isInside(name) { state.durableNames[name] = node }
            return 0
        }
    }

    public func names(in directory: String) -> Result<[String], FileError> {
        run(.list, { .failure(FileError(.list, directory, Int32(-$0))) }) { state, _ in
            let prefix = directory + "/"
            let below = state.names.keys.filter { $0.hasPrefix(prefix) }.map { $0.dropFirst(prefix.count) }
                .compactMap { $0.split(separator: "/").first.map(String.init) }
            guard state.directories.contains(directory) || !below.isEmpty else {
                return .failure(FileError(.list, directory, 2))
            }
            return .success(Set(below).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        }
    }

    /// A buffer that is valid during a call.
    private struct SendableBuffer: @unchecked Sendable {
        let bytes: UnsafeMutableRawBufferPointer
        init(_ bytes: UnsafeMutableRawBufferPointer) { self.bytes = bytes }
    }
}
