internal import Logging
internal import Synchronization

/// Holds a process below the memory that it was told: says when no new subject fits in. Those that are there are scored on,
/// whatever it costs, for the fold must take what the ledger has. The second states of a policy in the shadow take nobody's
/// place: they go before the limit is reached, and do not count as in use where it is asked whether a subject fits in.
final class MemoryWatch: Sendable {
    private static let lookEvery = Duration.milliseconds(100)
    /// In a hundredth of the limit: below this a process that was full has room again, and second states may be there.
    private static let relief: Int64 = 95

    /// The second state of a ledger partition, in bytes.
    struct SecondState: Equatable {
        /// What it takes.
        var bytes: Int64 = 0
        /// What its tables take at once when they grow next.
        var growth: Int64 = 0
        /// What it will still take until it is as large as the first.
        var left: Int64 = 0
    }

    private struct State {
        var lastLook: ContinuousClock.Instant?
        /// What the tables take at once when they grow next.
        var growth: Int64 = 0
        /// By ledger partition.
        var seconds: [Int32: SecondState] = [:]
        /// Bytes of second states that have ended and are not freed yet.
        var leaving: Int64 = 0

        func sum(_ part: KeyPath<SecondState, Int64>) -> Int64 { seconds.values.reduce(0) { $0 + $1[keyPath: part] } }

        /// Bytes for one more second state.
        func room(_ limit: Int64, resident: Int64) -> Int64 {
            let taken = resident - leaving + growth + sum(\.growth) + sum(\.left)
            return max(0, limit / 100 * relief - taken)
        }
    }

    /// Bytes; nil: none.
    let limit: Int64?
    private let host: any Runtime
    private let logger: Logger
    private let state = Mutex(State())
    private let full = Atomic(false)
    private let tight = Atomic(false)

    init(limit: Int64?, host: any Runtime, logger: Logger) {
        (self.limit, self.host, self.logger) = (limit, host, logger)
    }

    /// No new subject fits in.
    var isFull: Bool { full.load(ordering: .relaxed) }

    /// There is no room for second states: they must go.
    var isTight: Bool { tight.load(ordering: .relaxed) }

    /// Tells what the first states' tables take at once when they grow next, where that is near: it is kept free.
    func expect(growth: Int64) { state.withLock { $0.growth = growth } }

    /// Keeps room free for the second state of a ledger partition: `bytes` that it will still take. `room`: how many bytes there are
    /// for it.
    func reserve(_ bytes: Int64, for partition: Int32) -> (isReserved: Bool, room: Int64) {
        guard let limit, let resident = host.residentBytes else { return (true, .max) }
        return state.withLock { state in
            state.seconds[partition] = nil
            let room = state.room(limit, resident: resident)
            guard bytes <= room else { return (false, room) }
            state.seconds[partition] = SecondState(left: bytes)
            return (true, room)
        }
    }

    /// The second state of a ledger partition as it is now; nil: there is none any more.
    func note(_ second: SecondState?, of partition: Int32) { state.withLock { $0.seconds[partition] = second } }

    /// A second state has ended, and its bytes are about to be freed.
    func noteEnd(of bytes: Int64) { state.withLock { $0.leaving += bytes } }

    /// They are freed.
    func noteFreed(_ bytes: Int64) { state.withLock { $0.leaving -= bytes } }

    /// Bytes for second states; nil: there is no limit, or it is not known what is in use.
    var room: Int64? {
        guard let limit, let resident = host.residentBytes else { return nil }
        return state.withLock { $0.room(limit, resident: resident) }
    }

    /// Looks how much is in use, if it is time to.
    func look() {
        guard let limit else { return }
        let now = host.now
        let look = state.withLock { state -> State? in
            if let last = state.lastLook, now - last < Self.lookEvery { return nil }
            state.lastLook = now
            return state
        }
        guard let look, let resident = host.residentBytes else { return }
        let (growth, relief) = (look.growth, limit / 100 * Self.relief)
        tight.store(resident - look.leaving + growth + look.sum(\.growth) >= relief, ordering: .relaxed)
        let firsts = resident - look.leaving - look.sum(\.bytes)
        let isFull = firsts + growth >= (isFull ? relief : limit)
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
