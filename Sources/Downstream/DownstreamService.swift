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

    public let kind: Kind
    private let follower: FactFollower
    private let server: DownstreamServer
    private let host: String
    private let requestedPort: Int
    private let boundPort = Mutex<Int?>(nil)

    /// Opens or creates the database at `databasePath` and throws if it cannot. `topic` and `group` default to the
    /// kind's; port 0 takes a free one.
    public init(
        _ kind: Kind, kafka: KafkaConfiguration, topic: String? = nil, group: String? = nil, databasePath: String,
        host: String = "127.0.0.1", port: Int, logger: Logger
    ) throws {
        self.kind = kind
        func follow(_ store: any FactStore) -> FactFollower {
            FactFollower(
                kafka: kafka, topic: topic ?? kind.defaultTopic, group: group ?? kind.defaultGroup, store: store,
                logger: logger)
        }
        switch kind {
        case .perks:
            let store = try PerksStore(path: databasePath)
            follower = follow(store)
            server = DownstreamServer(follower, .perks(store), logger: logger)
        case .blacklist:
            let store = try BlacklistStore(path: databasePath)
            follower = follow(store)
            server = DownstreamServer(follower, .checks(store), logger: logger)
        }
        self.host = host
        requestedPort = port
    }

    /// Follows and serves until the task is cancelled, then returns when both have ended. Throws if the address cannot
    /// be bound. Once in a service's life.
    public func run() async throws {
        follower.start()
        do {
            try await server.run(host: host, port: requestedPort) { [self] port in boundPort.withLock { $0 = port } }
        } catch {
            await follower.stop()
            if Task.isCancelled { return }
            throw error
        }
        await follower.stop()
    }

    /// Since this service started.
    public var counts: FactCounts { follower.counts }

    /// Whether every partition of the topic is read here and its end has been reached once.
    public var isReady: Bool { follower.isReady }

    /// The port it listens on; nil before it does.
    public var port: Int? { boundPort.withLock { $0 } }

    /// Perks held, or sanctions in force, over all subjects. Reads the database.
    public func held() throws -> Int { try follower.store.count() }
}
