import CRDKafka

/// What every handle needs: the brokers, and librdkafka properties (SASL, TLS, tuning) that are passed through
/// unchanged.
public struct KafkaConfiguration: Sendable {
    /// `HOST:PORT[,HOST:PORT…]`.
    public var brokers: String
    /// Names and values of librdkafka's own properties. They override Standing's settings.
    public var properties: [String: String]
    public var clientID: String
    /// The longest time that a broker waits for new data, in milliseconds. The embedded broker does not wake a
    /// waiting fetch, so it needs a short time.
    public var fetchWaitMilliseconds: Int
    /// The patience of calls with transient failures.
    public var patience = Patience()
    /// Collects the statistics of clients that have a name; nil if they are not wanted.
    public var statistics: KafkaStatistics?

    public init(
        brokers: String, properties: [String: String] = [:], clientID: String = "standing",
        fetchWaitMilliseconds: Int = 100
    ) {
        self.brokers = brokers
        self.properties = properties
        self.clientID = clientID
        self.fetchWaitMilliseconds = fetchWaitMilliseconds
    }

    /// The same configuration with a patience of at most this time.
    func within(milliseconds: Int) -> KafkaConfiguration {
        var result = self
        result.patience = patience.within(milliseconds: milliseconds)
        return result
    }

    func statisticsMilliseconds(of client: String?) -> String {
        String(statistics == nil || client == nil ? 0 : KafkaStatistics.intervalMilliseconds)
    }

    func statistics(of client: String?) -> (([UInt8]) -> Void)? {
        guard let statistics, let client else { return nil }
        // Tests report more often; that must not make their statistics old any sooner.
        let interval = properties["statistics.interval.ms"].flatMap { Int($0) }.map {
            Duration.milliseconds(max($0, KafkaStatistics.intervalMilliseconds))
        }
        return { statistics.note($0, of: client, every: interval) }
    }

    /// In milliseconds: a group considers a member dead after this time without a heartbeat. From the properties, or
    /// Standing's own value.
    public var sessionTimeout: Int {
        properties["session.timeout.ms"].flatMap { Int($0) } ?? Consumer.sessionMilliseconds
    }

    /// In milliseconds: the property that overrides `Consumer.Options.maximumPollInterval`; nil if it is not set.
    public var pollInterval: Int? { properties["max.poll.interval.ms"].flatMap { Int($0) } }

    /// Whether a property must never be shown.
    public static func isSecret(_ property: String) -> Bool {
        ["password", "secret", "token", "key.pem", "jaas", "oauthbearer.config"].contains { property.contains($0) }
    }

    /// The version of the loaded librdkafka, such as `2.0.2`.
    public static var libraryVersion: String { String(cString: rd_kafka_version_str()) }

    /// Reports a property that librdkafka does not know or whose value it refuses, without making a handle.
    public static func check(_ properties: [String: String]) throws(KafkaError) {
        let conf = rd_kafka_conf_new()!
        defer { rd_kafka_conf_destroy(conf) }
        for (name, value) in properties.sorted(by: { $0.key < $1.key }) { try conf.set(name, value) }
    }

    /// A librdkafka configuration of these settings over `defaults`. The caller owns it until `rd_kafka_new` takes
    /// it.
    func make(_ defaults: [(String, String)]) throws(KafkaError) -> OpaquePointer {
        let conf = rd_kafka_conf_new()!
        do {
            try conf.set("bootstrap.servers", brokers)
            try conf.set("client.id", clientID)
            // Log lines are read from the main queue on the owner's thread, not on a thread of the library.
            try conf.set("log.queue", "true")
            try conf.set("log.thread.name", "false")
            try conf.set("log.connection.close", "false")
            try conf.set("socket.nagle.disable", "true")
            try conf.set("reconnect.backoff.max.ms", "2000")
            for (name, value) in defaults { try conf.set(name, value) }
            for (name, value) in properties.sorted(by: { $0.key < $1.key }) { try conf.set(name, value) }
        } catch {
            rd_kafka_conf_destroy(conf)
            throw error
        }
        return conf
    }
}

extension OpaquePointer {
    /// `rd_kafka_conf_set` on this configuration.
    func set(_ name: String, _ value: String) throws(KafkaError) {
        var reason = [CChar](repeating: 0, count: 512)
        let result = rd_kafka_conf_set(self, name, value, &reason, reason.count)
        guard result == RD_KAFKA_CONF_OK else {
            let text = KafkaConfiguration.isSecret(name) ? "the value is refused" : reason.text
            throw KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, message: text, target: name)
        }
    }
}

extension OpaquePointer {
    /// The number that a property has in this configuration; nil if it has no number.
    func number(_ name: String) -> Int? {
        var text = [CChar](repeating: 0, count: 64)
        var size = text.count
        guard rd_kafka_conf_get(self, name, &text, &size) == RD_KAFKA_CONF_OK else { return nil }
        return Int(text.text)
    }
}

extension [CChar] {
    /// The text before the first NUL.
    var text: String { String(decoding: prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) }
}
