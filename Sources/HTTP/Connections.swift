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
    /// Closes it, from any thread.
    fileprivate let close: @Sendable () -> Void
    /// The phase in the two lowest bits, above them the nanosecond of uptime since which it lasts.
    private let state: Atomic<UInt64>

    fileprivate init(number: Int, at now: NIODeadline, close: @escaping @Sendable () -> Void) {
        (self.number, self.close) = (number, close)
        state = Atomic(Self.pack(.idle, now))
    }

    func enter(_ phase: ConnectionPhase, at now: NIODeadline) { state.store(Self.pack(phase, now), ordering: .relaxed) }

    private static func pack(_ phase: ConnectionPhase, _ since: NIODeadline) -> UInt64 {
        since.uptimeNanoseconds << 2 | phase.rawValue
    }

    fileprivate var phase: (phase: ConnectionPhase, since: NIODeadline) {
        let packed = state.load(ordering: .relaxed)
        return (ConnectionPhase(rawValue: packed & 3) ?? .answering, .uptimeNanoseconds(packed >> 2))
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
        var next = 0
        var displaced: Int64 = 0
        var lastLog: NIODeadline?
    }

    private let maximum: Int
    private let logger: Logger
    private let state = Mutex(State())

    init(maximum: Int, logger: Logger) { (self.maximum, self.logger) = (maximum, logger) }

    var count: Int { state.withLock { $0.open.count } }

    /// `close` closes the connection, from any thread.
    func open(at now: NIODeadline, close: @escaping @Sendable () -> Void) -> Connection {
        var victim: Connection?
        var displaced: Int64?
        let connection = state.withLock { state in
            let connection = Connection(number: state.next, at: now, close: close)
            state.next += 1
            state.open[connection.number] = connection
            guard state.open.count > maximum else { return connection }
            let slowest = slowest(in: state.open) ?? connection
            state.open[slowest.number] = nil
            victim = slowest
            displaced = note(&state, now)
            return connection
        }
        victim?.close()
        if let displaced {
            logger.warning(
                "HTTP connections are at their limit: idle and slow ones are closed for new ones",
                metadata: ["limit": "\(maximum)", "closed": "\(displaced)"])
        }
        return connection
    }

    /// The one whose client has kept the server waiting for longest, so never the newest before another; nil if all wait for
    /// the server.
    private func slowest(in open: [Int: Connection]) -> Connection? {
        var slowest: (connection: Connection, since: NIODeadline)?
        for connection in open.values {
            let (phase, since) = connection.phase
            guard phase != .answering else { continue }
            if let slowest, (slowest.since, slowest.connection.number) < (since, connection.number) { continue }
            slowest = (connection, since)
        }
        return slowest?.connection
    }

    /// Connections closed for others so far; nil if the log has said so just now.
    private func note(_ state: inout State, _ now: NIODeadline) -> Int64? {
        state.displaced += 1
        if let last = state.lastLog, now - last < Self.logEvery { return nil }
        state.lastLog = now
        return state.displaced
    }

    func closed(_ connection: Connection) { state.withLock { _ = $0.open.removeValue(forKey: connection.number) } }

    /// Closes connections whose phase lasts too long, until the task is cancelled. One look at all of them now and then takes
    /// the place of a timer for every phase of every request.
    func sweep(on eventLoop: any EventLoop) -> RepeatedTask {
        eventLoop.scheduleRepeatedTask(initialDelay: Self.sweepInterval, delay: Self.sweepInterval) { _ in
            self.closeOverdue(at: eventLoop.now)
        }
    }

    private func closeOverdue(at now: NIODeadline) {
        let overdue = state.withLock { state in
            state.open.values.filter { connection in
                let (phase, since) = connection.phase
                return phase.limit.map { now - since >= $0 } ?? false
            }
        }
        // A connection that closes takes the lock.
        for connection in overdue { connection.close() }
    }
}
