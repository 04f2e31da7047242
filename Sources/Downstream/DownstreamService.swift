public import Events
internal import Foundation
internal import HTTP
public import Kafka
public import Logging
import Synchronization

/// A service that follows a fact topic into a SQLite file of its own and answers from it over HTTP: the example of how
/// to consume Standing's facts. One instance a group and a database: it must read every partition to be ready.
public final class DownstreamService: Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        /// Which perks a subject holds: `GET /subjects/{id}/perks`.
        case perks
        /// Whether a measure is blocked for a subject: `GET /check?subject=&measure=`.
        case blacklist

        public var defaultTopic: String { self == .perks ? "standing.perks" : "standing.sanctions" }
        public var defaultGroup: String { "standing-\(rawValue)" }
    }

    /// How a service answers.
    public struct Options: Sendable {
        /// How far it may be behind its topic's end and still be current.
        public var currentWithin = Duration.seconds(30)
        /// It answers also while it is not current, and says so; otherwise with 503.
        public var failsOpen = false
        /// Measures that the blacklist knows before a fact names them; it answers 404 to others.
        public var measures: [String] = []
        /// The wall clock, by which a sanction's term is over; nil for a ledger that lives in other times.
        public var now: (@Sendable () -> Timestamp)? = {
            Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
        }
        /// Adds what every server's `/metrics` has.
        public var program: @Sendable (inout Exposition) -> Void = { _ in }

        public init() {}
    }

    public let kind: Kind
    private let follower: FactFollower
    private let server: DownstreamServer
    private let boundPort = Mutex<Int?>(nil)

    /// Opens or creates the database at `databasePath`; throws `UnusableDatabase` if it cannot. `topic` and `group` default to
    /// the kind's; port 0 takes a free one.
    public init(
        _ kind: Kind, kafka: KafkaConfiguration, topic: String? = nil, group: String? = nil, databasePath: String,
        host: String = "127.0.0.1", port: Int, options: Options = Options(), logger: Logger
    ) throws {
        self.kind = kind
        let address = HTTPAddress(host: host, port: port)
        func follow(_ store: any FactStore) -> FactFollower {
            FactFollower(
                kafka: kafka, topic: topic ?? kind.defaultTopic, group: group ?? kind.defaultGroup, store: store,
                within: options.currentWithin, logger: logger)
        }
        switch kind {
        case .perks:
            let store = try PerksStore(path: databasePath)
            follower = follow(store)
            server = DownstreamServer(
                follower, .perks(store), address: address, options: options, logger: logger)
        case .blacklist:
            let store = try BlacklistStore(path: databasePath, declared: options.measures)
            follower = follow(store)
            server = DownstreamServer(
                follower, .checks(store), address: address, options: options, logger: logger)
        }
    }

    /// Follows and serves until the task is cancelled, then returns when both have ended. Throws if the address cannot
    /// be bound. Once in a service's life.
    public func run() async throws {
        follower.start()
        do {
            try await server.run { [self] port in boundPort.withLock { $0 = port } }
        } catch {
            await follower.stop()
            if Task.isCancelled { return }
            throw error
        }
        await follower.stop()
    }

    /// Since this service started.
    public var counts: FactCounts { follower.counts }

    /// Whether the topic is known to its end.
    public var isCurrent: Bool { follower.isCurrent }

    /// Its group is polled.
    public var isAtWork: Bool { follower.isAtWork }

    /// For how long the thread that stands still for longest does so; zero while none has begun.
    public var standstill: Duration { follower.standstill }

    /// What `/readyz` says, in a line.
    public var readinessInWords: String {
        let reasons = follower.reasonsNotCurrent
        guard let first = reasons.first else { return "ready: the facts are known to their end" }
        return "not ready: \(first)\(reasons.count > 1 ? " (and \(reasons.count - 1) more)" : "")"
    }

    /// The port it listens on; nil before it does.
    public var port: Int? { boundPort.withLock { $0 } }

    /// Perks held, or sanctions in force, over all subjects. Reads the database.
    public func held() throws -> Int { try follower.store.count() }
}
