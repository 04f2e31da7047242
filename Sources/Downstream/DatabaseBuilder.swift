internal import Foundation
internal import GRDB
internal import Synchronization

/// Makes the database of a service from facts that do not come from its topic, completely or not at all. The database
/// is filled under a name of this process's own (`PATH.PROCESS.partial`) and moved to its name at the end. The facts
/// have the same effects as in the service.
public final class DatabaseBuilder: Sendable {
    /// A fact that the service could not use, or that is out of order.
    public struct Unusable: Error, Sendable, Equatable, CustomStringConvertible {
        public let description: String
    }

    /// The file cannot be made or written.
    public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        /// The kind of the database that was to be made.
        public let kind: DownstreamService.Kind
        public let reason: UnusableDatabase
        public var description: String { reason.description }
    }

    private struct State {
        var batch: JudgedFacts
        var count = 0
        var positions: [Int32: FactPosition] = [:]
        var isMoved = false
    }

    /// The number of facts of one transaction.
    private static let batchFacts = 4096

    public let kind: DownstreamService.Kind
    public let path: String
    private let partial: String
    private let topic: String
    private let store: any FactStore
    private let state: Mutex<State>

    /// `topic` is the topic that the service will follow. Throws `Failure` if a file is there already, or if nothing
    /// can be written.
    public init(_ kind: DownstreamService.Kind, path: String, topic: String) throws(Failure) {
        (self.kind, self.path, self.topic) = (kind, path, topic)
        do {
            try Self.checkFree(path)
            partial = try Self.make(beside: path)
        } catch {
            throw Failure(kind: kind, reason: error)
        }
        do {
            store = try kind == .perks ? PerksStore(path: partial) : BlacklistStore(path: partial)
        } catch {
            Self.remove(partial)
            throw Failure(kind: kind, reason: error as? UnusableDatabase ?? UnusableDatabase(partial, error))
        }
        state = Mutex(State(batch: JudgedFacts(for: store, after: [:])))
    }

    private static let suffixes = ["", "-wal", "-shm"]

    private static func checkFree(_ path: String) throws(UnusableDatabase) {
        for suffix in suffixes where access(path + suffix, F_OK) == 0 { throw .isThere(path, as: path + suffix) }
    }

    /// Makes an empty file, and its folder if necessary. Only the user of the process may read or write the file. A
    /// file that a killed process has left under this name is not reused.
    private static func make(beside path: String) throws(UnusableDatabase) -> String {
        do {
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw UnusableDatabase(path, error)
        }
        var number = 1
        while true {
            let partial = "\(path).\(getpid())\(number == 1 ? "" : "-\(number)").partial"
            let file = open(partial, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            if file >= 0 {
                close(file)
                return partial
            }
            guard errno == EEXIST else { throw UnusableDatabase(path, code: errno) }
            number += 1
        }
    }

    private static func remove(_ path: String) {
        for suffix in suffixes { unlink(path + suffix) }
    }

    /// Adds the next fact of a partition, as in its record. Facts of several partitions may come from several
    /// threads. Throws `Unusable` or `Failure`.
    public func add(_ fact: UnsafeRawBufferPointer, partition: Int32) throws {
        try state.withLock { state in
            state.batch.add(fact, partition: partition, offset: 0)
            if let item = state.batch.partitions[partition] {
                if let fault = item.firstMalformed?.fault {
                    throw Unusable(description: "partition \(partition): \(fault)")
                }
                if let gap = item.firstGap {
                    throw Unusable(
                        description:
                            "partition \(partition): \(gap.missing) facts after sequence \(item.position.sequence) "
                            + "are missing")
                }
            }
            state.count += 1
            if state.count == Self.batchFacts { try write(&state) }
        }
    }

    private func write(_ state: inout State) throws {
        state.positions.merge(state.batch.positions) { $1 }
        do {
            try store.database.write(state.batch.effects, positions: state.batch.positions, of: topic)
        } catch {
            throw Failure(kind: kind, reason: UnusableDatabase(path, error))
        }
        state.batch = JudgedFacts(for: store, after: state.positions)
        state.count = 0
    }

    /// Sets where the service continues: for each partition the Kafka offset to read from, and the next sequence
    /// number to accept, which is the one after the last added fact. Then `move` moves the database to its name.
    /// Called at most once. Throws like `add`.
    public func finish(at starts: [(partition: Int32, offset: Int64, sequence: Int64)]) throws {
        try state.withLock { state in
            try write(&state)
            var positions: [Int32: FactPosition] = [:]
            for start in starts {
                let last = state.positions[start.partition]?.sequence ?? 0
                guard start.sequence == last + 1 else {
                    throw Unusable(
                        description: "partition \(start.partition): facts up to sequence \(last) were added, and "
                            + "\(start.sequence) is to come next")
                }
                positions[start.partition] = FactPosition(offset: start.offset, sequence: last)
            }
            do {
                try store.database.write([], positions: positions, of: topic)
                // Moves everything into the one file that is moved.
                try store.database.pool.writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) }
                try store.database.pool.close()
            } catch {
                throw Failure(kind: kind, reason: UnusableDatabase(path, error))
            }
        }
    }

    /// Moves the finished database to its name. Throws `Failure` if a file is there by now, or if it cannot be moved.
    public func move() throws(Failure) {
        do throws(UnusableDatabase) {
            try state.withLock { state throws(UnusableDatabase) in
                try Self.checkFree(path)
                guard rename(partial, path) == 0 else { throw UnusableDatabase(path, code: errno) }
                state.isMoved = true
            }
        } catch {
            throw Failure(kind: kind, reason: error)
        }
        Self.remove(partial)
    }

    /// Removes the database, whichever name it has by now.
    public func abandon() {
        state.withLock { state in
            try? store.database.pool.close()
            if state.isMoved { Self.remove(path) }
        }
        Self.remove(partial)
    }
}
