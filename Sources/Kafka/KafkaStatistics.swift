internal import Dispatch
public import Events
internal import Synchronization

/// The latest statistics of this process's clients, for `/metrics`. A client reports on its owner's thread, which
/// only passes the text on. The text is read on another thread.
public final class KafkaStatistics: Sendable {
    /// How often clients report.
    public static let intervalMilliseconds = 10_000
    /// In intervals. Of a client whose last report is older only the age is exposed.
    static let currentFor = 6
    /// The maximum number of clients whose statistics are collected. Their names come from this program.
    private static let maximumClients = 32

    private struct Client {
        /// The time between two reports.
        var interval = Duration.milliseconds(KafkaStatistics.intervalMilliseconds)
        /// The document that is not read yet; nil if there is none.
        var unread: (document: [UInt8], reportedAt: ContinuousClock.Instant)?
        /// The last document that was read, and the time of its report; nil before the first.
        var last: (statistics: ClientStatistics, reportedAt: ContinuousClock.Instant)?
        /// The totals of all intervals so far, by broker.
        var roundTrips: [String: ClientStatistics.Times] = [:]
        var throttles: [String: ClientStatistics.Times] = [:]

        mutating func take(_ news: ClientStatistics, reportedAt: ContinuousClock.Instant) {
            for (name, broker) in news.brokers {
                Self.note(broker.roundTrip, in: &roundTrips[name, default: .init()])
                Self.note(broker.throttle, in: &throttles[name, default: .init()])
            }
            last = (news, reportedAt)
        }

        /// Sum and number grow. Quantiles are those of the last interval, and NaN if nothing was measured in it.
        private static func note(_ times: ClientStatistics.Times, in total: inout ClientStatistics.Times) {
            total.sum += times.sum
            total.count += times.count
            let isMeasured = times.count > 0
            (total.median, total.percentile99) = isMeasured ? (times.median, times.percentile99) : (.nan, .nan)
        }
    }

    private let clients = Mutex<[String: Client]>([:])
    private let reader = DispatchQueue(label: "standing.kafka-statistics", qos: .utility)

    public init() {}

    /// `document` is librdkafka's JSON. It replaces an earlier one that is not read yet. `interval` is the time between
    /// two documents; nil if it is the usual one.
    func note(
        _ document: [UInt8], of client: String, every interval: Duration? = nil, at now: ContinuousClock.Instant = .now
    ) {
        let isFirst = clients.withLock { clients in
            guard clients[client] != nil || clients.count < Self.maximumClients else { return false }
            let isFirst = clients[client]?.unread == nil
            clients[client, default: Client()].unread = (document, now)
            if let interval { clients[client]?.interval = interval }
            return isFirst
        }
        if isFirst { reader.async { self.read(client) } }
    }

    /// Reads the document that is not read yet. A document that cannot be read is ignored, and the statistics before
    /// it age.
    func read(_ client: String) {
        let unread = clients.withLock { clients in
            defer { clients[client]?.unread = nil }
            return clients[client]?.unread
        }
        guard let unread, let statistics = ClientStatistics(unread.document) else { return }
        clients.withLock { $0[client]?.take(statistics, reportedAt: unread.reportedAt) }
    }

    public func add(to exposition: inout Exposition, at now: ContinuousClock.Instant = .now) {
        for (name, client) in clients.withLock({ $0 }) {
            guard let (statistics, reportedAt) = client.last else { continue }
            exposition.add(.kafkaStatisticsAge, seconds: now - reportedAt, labels: [("client", name)])
            guard now - reportedAt <= client.interval * Self.currentFor else { continue }
            exposition.add(statistics, of: name)
            for (metric, brokers) in [(Metric.kafkaRoundTrip, client.roundTrips), (.kafkaThrottle, client.throttles)] {
                for (broker, times) in brokers {
                    exposition.add(metric, times.samples, labels: [("client", name), ("broker", broker)])
                }
            }
        }
    }
}

extension ClientStatistics.Times {
    fileprivate var samples: [Exposition.Sample] {
        Exposition.summary(quantiles: [(0.5, median), (0.99, percentile99)], sum: sum, count: count)
    }
}

extension Exposition {
    fileprivate mutating func add(_ statistics: ClientStatistics, of client: String) {
        let label = [("client", client)]
        add(.kafkaEventsWaiting, statistics.eventsWaiting, labels: label)
        if statistics.isProducer {
            add(.kafkaQueuedRecords, statistics.queuedRecords, labels: label)
            add(.kafkaQueuedBytes, statistics.queuedBytes, labels: label)
        } else {
            add(.kafkaFetchedRecords, statistics.fetchedRecords, labels: label)
            add(.kafkaFetchedBytes, statistics.fetchedBytes, labels: label)
        }
        if let rebalances = statistics.rebalances { add(.kafkaRebalances, rebalances, labels: label) }
        for (name, broker) in statistics.brokers { add(broker, labels: label + [("broker", name)]) }
    }

    private mutating func add(_ broker: ClientStatistics.Broker, labels: [(String, String)]) {
        add(.kafkaBrokerUp, broker.isUp ? 1 : 0, labels: labels)
        add(.kafkaRequestsWaiting, broker.requestsWaiting, labels: labels)
        add(.kafkaRequestsInFlight, broker.requestsInFlight, labels: labels)
        add(.kafkaRequests, broker.requests, labels: labels)
        add(.kafkaRequestBytes, broker.requestBytes, labels: labels)
        add(.kafkaResponses, broker.responses, labels: labels)
        add(.kafkaResponseBytes, broker.responseBytes, labels: labels)
        add(.kafkaRetries, broker.retries, labels: labels)
        add(.kafkaTimeouts, broker.timeouts, labels: labels)
        add(.kafkaErrors, broker.errors, labels: labels)
        add(.kafkaConnects, broker.connects, labels: labels)
        add(.kafkaDisconnects, broker.disconnects, labels: labels)
    }
}
