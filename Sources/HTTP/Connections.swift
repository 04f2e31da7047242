internal import Logging
internal import NIOCore
internal import Synchronization

/// What a connection waits for.
enum ConnectionPhase: UInt64, CaseIterable, Sendable {
    /// The client sends a request's head, or nothing.
    case idle
    /// The client sends a request's body.
    case readingBody
    /// The client receives an answer.
    case writing
    /// The server makes an answer.
    case answering
    /// The client has what there is of a stream of events; the server sends more when there is more.
    case streaming

    /// The time limit of the phase; nil if the server's own work bounds it.
    var limit: TimeAmount? {
        switch self {
        case .idle: .seconds(30)
        case .readingBody: .seconds(10)
        case .writing: .seconds(60)
        case .answering, .streaming: nil
        }
    }
}

/// An open connection of `Connections`. Its event loop stores its phase without a lock; any thread may read it.
final class Connection: Sendable {
    /// A newer connection has a greater number.
    fileprivate let number: Int
    private let eventLoop: any EventLoop
    private let close: @Sendable () -> Void
    /// The phase in the three lowest bits. The bits above them are the uptime in nanoseconds at which it began.
    private let state: Atomic<UInt64>

    fileprivate init(
        number: Int, at now: NIODeadline, on eventLoop: any EventLoop, close: @escaping @Sendable () -> Void
    ) {
        (self.number, self.eventLoop, self.close) = (number, eventLoop, close)
        state = Atomic(Self.pack(.idle, now))
    }

    func enter(_ phase: ConnectionPhase, at now: NIODeadline) { state.store(Self.pack(phase, now), ordering: .relaxed) }

    private static func pack(_ phase: ConnectionPhase, _ since: NIODeadline) -> UInt64 {
        since.uptimeNanoseconds << 3 | phase.rawValue
    }

    /// A phase and the time at which it began.
    fileprivate typealias Wait = (phase: ConnectionPhase, since: NIODeadline)

    fileprivate var wait: Wait {
        let packed = state.load(ordering: .relaxed)
        return (ConnectionPhase(rawValue: packed & 7) ?? .answering, .uptimeNanoseconds(packed >> 3))
    }

    /// Closes the connection on its event loop, unless it waits for something else by then. `done` is called there
    /// with whether it is closed.
    fileprivate func close(in wait: Wait, done: @escaping @Sendable (_ isClosed: Bool) -> Void = { _ in }) {
        eventLoop.execute { [self] in
            let isClosed = self.wait == wait
            if isClosed { close() }
            done(isClosed)
        }
    }
}

/// The open connections of a server, at most `maximum`. Above that, a new connection displaces the one whose client
/// has made the server wait for longest, because it sends nothing, sends slowly or reads slowly.
final class Connections: Sendable {
    /// The number of connections that may be open above the maximum while others close.
    static let closing = 8
    /// How often overdue phases are looked for. A phase exceeds its limit by at most this time.
    static let sweepInterval = TimeAmount.seconds(1)
    private static let most = 2048
    private static let fewest = 8
    /// One in this many of the process's descriptors is for a server's connections. Brokers, files and two more
    /// servers need the rest.
    private static let descriptorShare = 8
    private static let logEvery = TimeAmount.seconds(60)

    /// The maximum for a process that may have `descriptors` open.
    static func maximum(descriptors: Int) -> Int { min(most, max(fewest, descriptors / descriptorShare)) }

    private struct State {
        var open: [Int: Connection] = [:]
        /// The numbers of the connections that are being closed to make room.
        var leaving: Set<Int> = []
        var next = 0
        var displaced: Int64 = 0
        var lastLog: NIODeadline?

        /// The number of connections that stay.
        var count: Int { open.count - leaving.count }
    }

    private let maximum: Int
    private let logger: Logger
    private let state = Mutex(State())

    init(maximum: Int, logger: Logger) { (self.maximum, self.logger) = (maximum, logger) }

    var count: Int { state.withLock { $0.count } }

    /// `close` closes the connection. It is called on the connection's event loop.
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

    /// Closes the slowest connections above the maximum. If one of them makes progress before it is closed, another
    /// is chosen.
    private func makeRoom(at now: NIODeadline) {
        while let (connection, wait) = state.withLock({ leave(&$0) }) {
            connection.close(in: wait) { [self] isClosed in
                guard !isClosed else { return noteDisplaced(at: now) }
                state.withLock { _ = $0.leaving.remove(connection.number) }
                makeRoom(at: now)
            }
        }
    }

    /// The connection that is closed to make room; nil if there is room.
    private func leave(_ state: inout State) -> (connection: Connection, wait: Connection.Wait)? {
        guard state.count > maximum, let slowest = slowest(in: state) else { return nil }
        state.leaving.insert(slowest.connection.number)
        return slowest
    }

    /// The connection whose client has made the server wait for longest, so never the newest before an older one; nil
    /// if every connection waits for the server.
    private func slowest(in state: State) -> (connection: Connection, wait: Connection.Wait)? {
        var slowest: (connection: Connection, wait: Connection.Wait)?
        for connection in state.open.values where !state.leaving.contains(connection.number) {
            let wait = connection.wait
            guard wait.phase.limit != nil else { continue }
            if let slowest, (slowest.wait.since, slowest.connection.number) < (wait.since, connection.number) {
                continue
            }
            slowest = (connection, wait)
        }
        return slowest
    }

    /// Counts a connection that is closed to make room, and logs the count at intervals.
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

    /// Closes connections with an overdue phase until the task is cancelled. One regular look at all connections
    /// replaces a timer for every phase of every request.
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
        // Closing takes the lock, so it happens outside of it.
        for (connection, wait) in overdue { connection.close(in: wait) }
    }
}
