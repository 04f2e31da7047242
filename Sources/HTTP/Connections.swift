internal import Logging
internal import NIOCore
internal import Synchronization

/// What a connection waits for.
enum ConnectionPhase: Sendable {
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

/// The open connections of a server: at most `maximum`. A new one beyond that takes the place of the one whose client has kept
/// the server waiting for longest, be it that it sends nothing, sends slowly or reads slowly.
final class Connections: Sendable {
    /// Connections that may be open beyond the maximum while others close.
    static let closing = 8
    private static let most = 1024
    private static let fewest = 8
    /// The share of the process's descriptors that a server takes: brokers, files and two servers more need the rest.
    private static let descriptorShare = 8
    private static let logEvery = TimeAmount.seconds(60)

    /// The maximum for a process that may have `descriptors` open.
    static func maximum(descriptors: Int) -> Int { min(most, max(fewest, descriptors / descriptorShare)) }

    struct Entry {
        var phase = ConnectionPhase.idle
        var since: NIODeadline
        let close: @Sendable () -> Void
    }

    private struct State {
        var entries: [Int: Entry] = [:]
        var next = 0
        var displaced: Int64 = 0
        var lastLog: NIODeadline?
    }

    private let maximum: Int
    private let logger: Logger
    private let state = Mutex(State())

    init(maximum: Int, logger: Logger) { (self.maximum, self.logger) = (maximum, logger) }

    var count: Int { state.withLock { $0.entries.count } }

    /// Enters a connection; returns its number here. `close` closes it, from any thread.
    func open(at now: NIODeadline, close: @escaping @Sendable () -> Void) -> Int {
        var victim: Entry?
        var displaced: Int64?
        let number = state.withLock { state in
            let number = state.next
            state.next += 1
            state.entries[number] = Entry(since: now, close: close)
            guard state.entries.count > maximum else { return number }
            victim = state.entries.removeValue(forKey: slowest(in: state.entries) ?? number)
            displaced = note(&state, now)
            return number
        }
        victim?.close()
        if let displaced {
            logger.warning(
                "HTTP connections are at their limit: idle and slow ones are closed for new ones",
                metadata: ["limit": "\(maximum)", "closed": "\(displaced)"])
        }
        return number
    }

    /// The one whose client has kept the server waiting for longest, so never the newest before another; nil if all wait for
    /// the server.
    private func slowest(in entries: [Int: Entry]) -> Int? {
        let waiting = entries.filter { $0.value.phase != .answering }
        return waiting.min { one, other in
            one.value.since != other.value.since ? one.value.since < other.value.since : one.key < other.key
        }?.key
    }

    /// Connections closed for others so far; nil if the log has said so just now.
    private func note(_ state: inout State, _ now: NIODeadline) -> Int64? {
        state.displaced += 1
        if let last = state.lastLog, now - last < Self.logEvery { return nil }
        state.lastLog = now
        return state.displaced
    }

    func enter(_ phase: ConnectionPhase, _ number: Int, at now: NIODeadline) {
        state.withLock { state in
            state.entries[number]?.phase = phase
            state.entries[number]?.since = now
        }
    }

    func closed(_ number: Int) { state.withLock { _ = $0.entries.removeValue(forKey: number) } }
}
