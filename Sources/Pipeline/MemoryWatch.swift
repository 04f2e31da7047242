internal import Logging
internal import Synchronization

/// Limits the memory of a process: it decides when there is no room for a new subject. Existing subjects are scored
/// regardless of memory, because the fold must process every entry of the ledger. The second states of a policy in the
/// shadow take no room from subjects: they are removed before the limit is reached, and do not count when room for a
/// subject is computed.
final class MemoryWatch: Sendable {
    private static let lookEvery = Duration.milliseconds(100)
    /// In hundredths of the limit. Below it second states are allowed.
    private static let relief: Int64 = 95
    /// A process that was full has room again after its memory was below `relief` for this long without a break.
    ///
    /// Records in flight need memory too. Without this a process refuses enrolments only while many are in flight and
    /// admits them in the pauses, so that it is full for moments that no scraper sees.
    private static let calm = Duration.seconds(120)

    /// The second state of a ledger partition, in bytes.
    struct SecondState: Equatable {
        /// Its present size.
        var bytes: Int64 = 0
        /// The size of the next growth of its tables.
        var growth: Int64 = 0
        /// The size that it will still grow to reach that of the first state.
        var left: Int64 = 0
    }

    private struct State {
        var lastLook: ContinuousClock.Instant?
        /// The first look since which the memory is below `relief`; nil if it was not at the last look.
        var lowSince: ContinuousClock.Instant?
        /// The size of the next growth of the tables.
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

    /// Bytes; nil if there is no limit.
    let limit: Int64?
    private let runtime: any Runtime
    private let logger: Logger
    private let state = Mutex(State())
    private let full = Atomic(false)
    private let tight = Atomic(false)

    init(limit: Int64?, runtime: any Runtime, logger: Logger) {
        (self.limit, self.runtime, self.logger) = (limit, runtime, logger)
    }

    /// Whether there is no room for a new subject.
    var isFull: Bool { full.load(ordering: .relaxed) }

    /// Whether there is no room for second states, so that they must be removed.
    var isTight: Bool { tight.load(ordering: .relaxed) }

    /// Reserves the next growth of the first states' tables, if it is near.
    func expect(growth: Int64) { state.withLock { $0.growth = growth } }

    /// Reserves `bytes` for the second state of a ledger partition. `room`: the number of bytes for it.
    func reserve(_ bytes: Int64, for partition: Int32) -> (isReserved: Bool, room: Int64) {
        guard let limit, let resident = runtime.residentBytes else { return (true, .max) }
        return state.withLock { state in
            state.seconds[partition] = nil
            let room = state.room(limit, resident: resident)
            guard bytes <= room else { return (false, room) }
            state.seconds[partition] = SecondState(left: bytes)
            return (true, room)
        }
    }

    /// The present second state of a ledger partition; nil if there is none any more.
    func note(_ second: SecondState?, of partition: Int32) { state.withLock { $0.seconds[partition] = second } }

    /// A second state has ended, and its bytes will be freed.
    func noteEnd(of bytes: Int64) { state.withLock { $0.leaving += bytes } }

    /// The bytes of ended second states are freed.
    func noteFreed(_ bytes: Int64) { state.withLock { $0.leaving -= bytes } }

    /// Bytes for second states; nil if there is no limit, or the memory in use is unknown.
    var room: Int64? {
        guard let limit, let resident = runtime.residentBytes else { return nil }
        return state.withLock { $0.room(limit, resident: resident) }
    }

    /// Measures the memory in use, if a measurement is due.
    func look() {
        guard let limit else { return }
        let now = runtime.now
        let look = state.withLock { state -> State? in
            if let last = state.lastLook, now - last < Self.lookEvery { return nil }
            state.lastLook = now
            return state
        }
        guard let look, let resident = runtime.residentBytes else { return }
        let (growth, relief) = (look.growth, limit / 100 * Self.relief)
        let firsts = resident - look.leaving - look.sum(\.bytes)
        tight.store(resident - look.leaving + growth + look.sum(\.growth) >= relief, ordering: .relaxed)
        let isFull = isFull(with: firsts + growth, limit: limit, at: now)
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

    /// `needed`: the bytes of the process without second states, and those of the next growth.
    private func isFull(with needed: Int64, limit: Int64, at now: ContinuousClock.Instant) -> Bool {
        let lowSince = state.withLock { state in
            state.lowSince = needed < limit / 100 * Self.relief ? state.lowSince ?? now : nil
            return state.lowSince
        }
        guard isFull else { return needed >= limit }
        return lowSince.map { now - $0 < Self.calm } ?? true
    }
}
