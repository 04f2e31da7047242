internal import Dispatch
public import Events
internal import Synchronization

/// What the clients of this process have last told of themselves, for `/metrics`. A client tells it on its owner's thread, which
/// only hands the text over; it is read elsewhere.
public final class KafkaStatistics: Sendable {
    /// How often clients tell it.
    public static let intervalMilliseconds = 10_000
    /// What was told longer ago is of another time: of such a client nothing is exposed but its age.
    static let currentFor = Duration.milliseconds(6 * intervalMilliseconds)
    /// Clients whose statistics are kept; they have names of this program's own.
    private static let maximumClients = 32

    private struct Client {
        /// What is not read yet; nil if there is nothing.
        var unread: (document: [UInt8], told: ContinuousClock.Instant)?
        /// What was read last, and when it was told; nil before.
        var last: (statistics: ClientStatistics, told: ContinuousClock.Instant)?
        /// By broker: of all intervals so far.
        var roundTrips: [String: ClientStatistics.Times] = [:]
        var throttles: [String: ClientStatistics.Times] = [:]

        mutating func take(_ news: ClientStatistics, told: ContinuousClock.Instant) {
            for (name, broker) in news.brokers {
                Self.note(broker.roundTrip, in: &roundTrips[name, default: .init()])
                Self.note(broker.throttle, in: &throttles[name, default: .init()])
            }
            last = (news, told)
        }

        /// Sum and number grow; quantiles are of the last interval, and no numbers if nothing was measured in it.
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

    /// `document`: librdkafka's, in JSON. One that comes before the last one is read takes its place.
    func note(_ document: [UInt8], of client: String, at now: ContinuousClock.Instant = .now) {
        let isFirst = clients.withLock { clients in
            guard clients[client] != nil || clients.count < Self.maximumClients else { return false }
            defer { clients[client, default: Client()].unread = (document, now) }
            return clients[client]?.unread == nil
        }
        if isFirst { reader.async { self.read(client) } }
    }

    /// Reads what is not read yet. What cannot be read is left out, and what was read before grows old.
    func read(_ client: String) {
        let unread = clients.withLock { clients in
            defer { clients[client]?.unread = nil }
            return clients[client]?.unread
        }
        guard let unread, let statistics = ClientStatistics(unread.document) else { return }
        clients.withLock { $0[client]?.take(statistics, told: unread.told) }
    }

    public func add(to exposition: inout Exposition, at now: ContinuousClock.Instant = .now) {
        for (name, client) in clients.withLock({ $0 }) {
            guard let (statistics, told) = client.last else { continue }
            exposition.add(.kafkaStatisticsAge, seconds: now - told, labels: [("client", name)])
            guard now - told <= Self.currentFor else { continue }
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
