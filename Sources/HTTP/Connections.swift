internal import Logging
internal import NIOCore
internal import Synchronization

/// What a connection waits for.
enum ConnectionPhase: UInt64, CaseIterable, Sendable {
    /// The client sends a request's head, or nothing.
    case idle
    /// The client sends a request's body.
    case readingBody
    /// The client takes an answer.
    case writing
    /// The server makes an answer.
    case answering

    /// How long the phase may last; nil if what the server does bounds it.
    var limit: TimeAmount? {
        switch self {
        case .idle: .seconds(30)
        case .readingBody: .seconds(10)
        case .writing: .seconds(60)
        case .answering: nil
        }
    }
}

/// An open connection of `Connections`. Its event loop stores its phase, which takes no lock; any thread may read it.
final class Connection: Sendable {
    /// A greater one is newer.
    fileprivate let number: Int
    private let eventLoop: any EventLoop
    private let close: @Sendable () -> Void
    /// The phase in the two lowest bits, above them the nanosecond of uptime since which it lasts.
    private let state: Atomic<UInt64>

    fileprivate init(
        number: Int, at now: NIODeadline, on eventLoop: any EventLoop, close: @escaping @Sendable () -> Void
    ) {
        (self.number, self.eventLoop, self.close) = (number, eventLoop, close)
        state = Atomic(Self.pack(.idle, now))
    }

    func enter(_ phase: ConnectionPhase, at now: NIODeadline) { state.store(Self.pack(phase, now), ordering: .relaxed) }

    private static func pack(_ phase: ConnectionPhase, _ since: NIODeadline) -> UInt64 {
        since.uptimeNanoseconds << 2 | phase.rawValue
    }

    /// A phase and since when it lasts.
    fileprivate typealias Wait = (phase: ConnectionPhase, since: NIODeadline)

    fileprivate var wait: Wait {
        let packed = state.load(ordering: .relaxed)
        return (ConnectionPhase(rawValue: packed & 3) ?? .answering, .uptimeNanoseconds(packed >> 2))
    }

    /// Closes it on its event loop, but not if it waits for something else by then. `done` receives there whether it is closed.
    fileprivate func close(in wait: Wait, done: @escaping @Sendable (_ isClosed: Bool) -> Void = { _ in }) {
        eventLoop.execute { [self] in
            let isClosed = self.wait == wait
            if isClosed { close() }
            done(isClosed)
        }
    }
}

/// The open connections of a server: at most `maximum`. A new one beyond that takes the place of the one whose client has kept
/// the server waiting for longest, be it that it sends nothing, sends slowly or reads slowly.
final class Connections: Sendable {
    /// Connections that may be open beyond the maximum while others close.
    static let closing = 8
    /// How often phases that last too long are looked for, and so by how much they can exceed their limits.
    static let sweepInterval = TimeAmount.seconds(1)
    private static let most = 1024
    private static let fewest = 8
    /// The share of the process's descriptors that a server takes: brokers, files and two servers more need the rest.
    private static let descriptorShare = 8
    private static let logEvery = TimeAmount.seconds(60)

    /// The maximum for a process that may have `descriptors` open.
    static func maximum(descriptors: Int) -> Int { min(most, max(fewest, descriptors / descriptorShare)) }

    private struct State {
        var open: [Int: Connection] = [:]
        /// Those of them that are being closed for others.
        var leaving: Set<Int> = []
        var next = 0
        var displaced: Int64 = 0
        var lastLog: NIODeadline?

        /// Those that stay.
        var count: Int { open.count - leaving.count }
    }

    private let maximum: Int
    private let logger: Logger
    private let state = Mutex(State())

    init(maximum: Int, logger: Logger) { (self.maximum, self.logger) = (maximum, logger) }

    var count: Int { state.withLock { $0.count } }

    /// `close` closes the connection; it is called on the event loop, which is the connection's.
    func open(
        at now: NIODeadline, on eventLoop: any EventLoop, close: @escaping @Sendable () -> Void
    ) -> Connection {
        let connection = state.withLock { state in
            let connection = Connection(number: state.next, at: now, on: eventLoop, close: close)
            state.next += 1
            state.open[connection.number] = connection
            return connection
        }
        makeRoom(at: now)
        return connection
    }

    /// Closes the slowest ones of too many. Another one takes the place of one that goes on before it is closed.
    private func makeRoom(at now: NIODeadline) {
        while let (connection, wait) = state.withLock({ leave(&$0) }) {
            connection.close(in: wait) { [self] isClosed in
                guard !isClosed else { return noteDisplaced(at: now) }
                state.withLock { _ = $0.leaving.remove(connection.number) }
                makeRoom(at: now)
            }
        }
    }

    /// The one of too many that leaves; nil if they are not too many.
    private func leave(_ state: inout State) -> (connection: Connection, wait: Connection.Wait)? {
        guard state.count > maximum, let slowest = slowest(in: state) else { return nil }
        state.leaving.insert(slowest.connection.number)
        return slowest
    }

    /// The one whose client has kept the server waiting for longest, so never the newest before another; nil if all wait for
    /// the server.
    private func slowest(in state: State) -> (connection: Connection, wait: Connection.Wait)? {
        var slowest: (connection: Connection, wait: Connection.Wait)?
        for connection in state.open.values where !state.leaving.contains(connection.number) {
            let wait = connection.wait
            guard wait.phase != .answering else { continue }
            if let slowest, (slowest.wait.since, slowest.connection.number) < (wait.since, connection.number) {
                continue
            }
            slowest = (connection, wait)
        }
        return slowest
    }

    /// Counts a connection that is closed for another, and logs it from time to time.
    private func noteDisplaced(at now: NIODeadline) {
        let displaced = state.withLock { state -> Int64? in
            state.displaced += 1
            if let last = state.lastLog, now - last < Self.logEvery { return nil }
            state.lastLog = now
            return state.displaced
        }
        guard let displaced else { return }
        logger.warning(
            "HTTP connections are at their limit: idle and slow ones are closed for new ones",
            metadata: ["limit": "\(maximum)", "closed": "\(displaced)"])
    }

    func closed(_ connection: Connection) {
        state.withLock { state in
            state.open[connection.number] = nil
            state.leaving.remove(connection.number)
        }
    }

    /// Closes connections whose phase lasts too long, until the task is cancelled. One look at all of them now and then takes
    /// the place of a timer for every phase of every request.
    func sweep(on eventLoop: any EventLoop) -> RepeatedTask {
        eventLoop.scheduleRepeatedTask(initialDelay: Self.sweepInterval, delay: Self.sweepInterval) { _ in
            self.closeOverdue(at: eventLoop.now)
        }
    }

    private func closeOverdue(at now: NIODeadline) {
        let overdue = state.withLock { state in
            state.open.values.compactMap { connection -> (connection: Connection, wait: Connection.Wait)? in
                let wait = connection.wait
                guard let limit = wait.phase.limit, now - wait.since >= limit else { return nil }
                return (connection, wait)
            }
        }
        // A connection that closes takes the lock.
        for (connection, wait) in overdue { connection.close(in: wait) }
    }
}
