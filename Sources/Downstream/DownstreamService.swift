public import Events
internal import Foundation
internal import HTTP
public import Kafka
public import Logging
import Synchronization

/// A service that follows a fact topic into a SQLite file of its own and answers from it over HTTP. It is the example
/// of how to consume Standing's facts. There is one instance per group and database, because it must read every
/// partition to be ready.
public final class DownstreamService: Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        /// The perks that a subject has: `GET /subjects/{id}/perks`.
        case perks
        /// Whether a measure is blocked for a subject: `GET /check?subject=&measure=`.
        case blacklist

        public var defaultTopic: String { self == .perks ? "standing.perks" : "standing.sanctions" }
        public var defaultGroup: String { "standing-\(rawValue)" }
    }

    /// The settings of a service's answers.
    public struct Options: Sendable {
        /// How far a current service may lag its topic's end.
        public var currentWithin = Duration.seconds(30)
        /// True if the service answers even while it is not current, and marks the answer. Otherwise it answers 503.
        public var failsOpen = false
        /// Measures that the blacklist knows before a fact names them. It answers 404 to others.
        public var measures: [String] = []
        /// The wall clock, which decides whether a sanction's term is over; nil if the ledger's times are not those
        /// of the wall clock.
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

    /// Opens or creates the database at `databasePath`; throws `UnusableDatabase` if it cannot. `topic` and `group`
    /// default to the kind's. Port 0 is any free port.
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

    /// Follows and serves until the task is cancelled, and returns after both have ended. Throws if the address
    /// cannot be bound. Called at most once.
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

    /// The counts since this service started.
    public var counts: FactCounts { follower.counts }

    /// Whether the topic is known to its end.
    public var isCurrent: Bool { follower.isCurrent }

    /// Whether its group has been polled.
    public var isAtWork: Bool { follower.isAtWork }

    /// How long ago the slower thread began its last round; zero before the first.
    public var standstill: Duration { follower.standstill }

    /// The answer of `/readyz`, in one line.
    public var readinessInWords: String {
        let reasons = follower.reasonsNotCurrent
        guard let first = reasons.first else { return "ready: the facts are known to their end" }
        return "not ready: \(first)\(reasons.count > 1 ? " (and \(reasons.count - 1) more)" : "")"
    }

    /// The port on which it listens; nil before it listens.
    public var port: Int? { boundPort.withLock { $0 } }

    /// The number of perks or of sanctions in force, over all subjects. Reads the database.
    public func held() throws -> Int { try follower.store.count() }
}
