internal import Foundation
internal import GRDB
internal import Synchronization

/// Makes the database of a service out of facts that do not come from its topic, whole or not at all: it is filled beside its
/// name (`PATH.partial`) and moved there at the end. What the facts do to it is what they do to the service's own.
public final class DatabaseBuilder: Sendable {
    /// A fact that the service could not use, or one out of its order.
    public struct Unusable: Error, Sendable, Equatable, CustomStringConvertible {
        public let description: String
    }

    private struct State {
        var batch: FactBatch
        var count = 0
        var positions: [Int32: FactPosition] = [:]
    }

    /// Facts of one transaction.
    private static let batchFacts = 4096

    public let kind: DownstreamService.Kind
    public let path: String
    private let partial: String
    private let topic: String
    private let store: any FactStore
    private let state: Mutex<State>

    /// `topic`: the one that the service will follow. Throws `UnusableDatabase` where something is there already, or nothing can
    /// be written.
    public init(_ kind: DownstreamService.Kind, path: String, topic: String) throws(UnusableDatabase) {
        (self.kind, self.path, self.topic) = (kind, path, topic)
        partial = path + ".partial"
        try Self.checkFree(path)
        Self.remove(partial)
        do {
            store = try kind == .perks ? PerksStore(path: partial) : BlacklistStore(path: partial)
        } catch let error as UnusableDatabase {
            throw error
        } catch {
            throw UnusableDatabase(partial, error)
        }
        state = Mutex(State(batch: FactBatch(for: store, after: [:])))
    }

    private static let suffixes = ["", "-wal", "-shm"]

    private static func checkFree(_ path: String) throws(UnusableDatabase) {
        for suffix in suffixes where access(path + suffix, F_OK) == 0 { throw .isThere(path, as: path + suffix) }
    }

    private static func remove(_ path: String) {
        for suffix in suffixes { unlink(path + suffix) }
    }

    /// The next fact of a partition, as it stands on the wire; facts of several partitions may come from several threads. Throws
    /// `Unusable`, `UnusableDatabase`.
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
            throw UnusableDatabase(path, error)
        }
        state.batch = FactBatch(for: store, after: state.positions)
        state.count = 0
    }

    /// Where the service goes on: of each partition the Kafka offset to read from, and the next sequence number to accept, which
    /// is the one after the last fact that was added. Then the database is there. Once in a builder's life. Throws as `add`.
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
                // All of it into the one file that is moved.
                try store.database.pool.writeWithoutTransaction { db in _ = try db.checkpoint(.truncate) }
                try store.database.pool.close()
            } catch {
                throw UnusableDatabase(path, error)
            }
        }
        try Self.checkFree(path)
        guard rename(partial, path) == 0 else { throw UnusableDatabase(path, code: errno) }
        Self.remove(partial)
    }

    /// Leaves no trace of a database that is not finished.
    public func abandon() {
        state.withLock { _ in try? store.database.pool.close() }
        Self.remove(partial)
    }
}
