import CRDKafka

/// What every handle needs: the brokers, and librdkafka properties (SASL, TLS, tuning) passed through as they are.
public struct KafkaConfiguration: Sendable {
    /// `HOST:PORT[,HOST:PORT…]`.
    public var brokers: String
    /// librdkafka's own property names and values; they win over what Standing sets.
    public var properties: [String: String]
    public var clientID: String
    /// Longest wait of a broker for new data, in milliseconds. The embedded broker does not wake a waiting fetch, so
    /// it wants a short one.
    public var fetchWaitMilliseconds: Int
    /// Of calls that fail for a while.
    public var patience = Patience()
    /// Keeps what clients with a name tell of themselves; nil if nobody wants it.
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

    /// The same with a patience that is no longer than this.
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
        return { statistics.note($0, of: client) }
    }

    /// Milliseconds: after so long without a heartbeat a member of a group is taken for dead. A property, or Standing's own.
    public var sessionTimeout: Int {
        properties["session.timeout.ms"].flatMap { Int($0) } ?? Consumer.sessionMilliseconds
    }

    /// Milliseconds: the property that wins over `Consumer.Options.maximumPollInterval`; nil if it is not given.
    public var pollInterval: Int? { properties["max.poll.interval.ms"].flatMap { Int($0) } }

    /// The properties that must never be shown.
    public static func isSecret(_ property: String) -> Bool {
        ["password", "secret", "token", "key.pem", "jaas", "oauthbearer.config"].contains { property.contains($0) }
    }

    /// librdkafka as it was loaded, such as `2.0.2`.
    public static var libraryVersion: String { String(cString: rd_kafka_version_str()) }

    /// Reports a property that librdkafka does not know or whose value it refuses, without making a handle.
    public static func check(_ properties: [String: String]) throws(KafkaError) {
        let conf = rd_kafka_conf_new()!
        defer { rd_kafka_conf_destroy(conf) }
        for (name, value) in properties.sorted(by: { $0.key < $1.key }) { try conf.set(name, value) }
    }

    /// A librdkafka configuration of these settings over `defaults`; the caller owns it until `rd_kafka_new` takes it.
    func make(_ defaults: [(String, String)]) throws(KafkaError) -> OpaquePointer {
        let conf = rd_kafka_conf_new()!
        do {
            try conf.set("bootstrap.servers", brokers)
            try conf.set("client.id", clientID)
            // Log lines come out of the main queue on the owner's thread instead of on a thread of the library.
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
    /// `rd_kafka_conf_set` on a configuration.
    func set(_ name: String, _ value: String) throws(KafkaError) {
        var reason = [CChar](repeating: 0, count: 512)
        let result = rd_kafka_conf_set(self, name, value, &reason, reason.count)
        guard result == RD_KAFKA_CONF_OK else {
            let text = KafkaConfiguration.isSecret(name) ? "the value is refused" : reason.text
            throw KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, message: text, place: name)
        }
    }
}

extension OpaquePointer {
    /// A number that `rd_kafka_conf_get` knows of a configuration; nil if the property has no number.
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
