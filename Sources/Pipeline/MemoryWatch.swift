internal import Logging
internal import Synchronization

/// Holds a process below the memory that it was told: says when no new subject fits in. Those that are there are scored on,
/// whatever it costs, for the fold must take what the ledger has.
final class MemoryWatch: Sendable {
    private static let lookEvery = Duration.milliseconds(100)
    /// In a hundredth of the limit: below this a process that was full has room again.
    private static let relief: Int64 = 95

    private struct State {
        var lastLook: ContinuousClock.Instant?
        /// What the tables take at once when they grow next.
        var growth: Int64 = 0
        /// What second states will still take, by ledger partition.
        var reserved: [Int32: Int64] = [:]
    }

    /// Bytes; nil: none.
    let limit: Int64?
    private let host: any Host
    private let logger: Logger
    private let state = Mutex(State())
    private let full = Atomic(false)

    init(limit: Int64?, host: any Host, logger: Logger) { (self.limit, self.host, self.logger) = (limit, host, logger) }

    var isFull: Bool { full.load(ordering: .relaxed) }

    /// Tells what the tables take at once when they grow next, where that is near: it is kept free.
    func expect(growth: Int64) { state.withLock { $0.growth = growth } }

    /// Keeps room free for the second state of a ledger partition: `bytes` that it will still take. `room`: how many bytes there are
    /// for it.
    func reserve(_ bytes: Int64, for partition: Int32) -> (isReserved: Bool, room: Int64) {
        guard let limit, let resident = host.residentBytes else { return (true, .max) }
        return state.withLock { state in
            let others = state.reserved.reduce(Int64(0)) { $0 + ($1.key == partition ? 0 : $1.value) }
            let room = max(0, limit - resident - state.growth - others)
            guard bytes <= room else { return (false, room) }
            state.reserved[partition] = bytes
            return (true, room)
        }
    }

    /// What the second state of a partition will still take; 0: it has what it needs, or there is none any more.
    func noteReserved(_ bytes: Int64, for partition: Int32) {
        state.withLock { $0.reserved[partition] = bytes > 0 ? bytes : nil }
    }

    /// Bytes for second states; nil: there is no limit, or it is not known what is in use.
    var room: Int64? {
        guard let limit, let resident = host.residentBytes else { return nil }
        return state.withLock { state in
            max(0, limit - resident - state.growth - state.reserved.values.reduce(0, +))
        }
    }

    /// Looks how much is in use, if it is time to.
    func look() {
        guard let limit else { return }
        let now = host.now
        let growth = state.withLock { state -> Int64? in
            if let last = state.lastLook, now - last < Self.lookEvery { return nil }
            state.lastLook = now
            return state.growth
        }
        guard let growth, let resident = host.residentBytes else { return }
        let isFull = resident + growth >= (isFull ? limit / 100 * Self.relief : limit)
        guard full.exchange(isFull, ordering: .relaxed) != isFull else { return }
        let metadata: Logger.Metadata = [
            "residentBytes": "\(resident)", "growthBytes": "\(growth)", "limitBytes": "\(limit)",
        ]
        if isFull {
            logger.critical(
                "at the memory limit: enrolments become dead letters (event/at-memory-limit)", metadata: metadata)
        } else {
            logger.notice(
                "below the memory limit again: `standing dead-letter redrive --allow-control` enrols who was refused",
                metadata: metadata)
        }
    }
}
