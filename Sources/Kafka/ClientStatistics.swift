/// The used part of one client's statistics document (librdkafka STATISTICS.md). Its `int_latency` is not used: with
/// `message.timeout.ms` 0, as every producer here has it, librdkafka does not measure it from the right moment.
struct ClientStatistics: Sendable, Equatable {
    /// The times that were measured in an interval, in seconds.
    struct Times: Sendable, Equatable {
        var median = 0.0
        var percentile99 = 0.0
        var sum = 0.0
        var count: Int64 = 0

        /// Merges two brokers: the quantiles become the longer ones.
        mutating func add(_ other: Self) {
            (median, percentile99) = (max(median, other.median), max(percentile99, other.percentile99))
            (sum, count) = (sum + other.sum, count + other.count)
        }
    }

    /// Counters count from the client's start. Times are those since the previous document.
    struct Broker: Sendable, Equatable {
        var isUp = false
        var requestsWaiting: Int64 = 0
        var requestsInFlight: Int64 = 0
        var requests: Int64 = 0
        var requestBytes: Int64 = 0
        var responses: Int64 = 0
        var responseBytes: Int64 = 0
        var retries: Int64 = 0
        var timeouts: Int64 = 0
        var errors: Int64 = 0
        var connects: Int64 = 0
        var disconnects: Int64 = 0
        var roundTrip = Times()
        var throttle = Times()

        mutating func add(_ other: Self) {
            isUp = isUp || other.isUp
            for count in Self.counts { self[keyPath: count] += other[keyPath: count] }
            roundTrip.add(other.roundTrip)
            throttle.add(other.throttle)
        }

        private static var counts: [WritableKeyPath<Self, Int64>] {
            [
                \.requestsWaiting, \.requestsInFlight, \.requests, \.requestBytes, \.responses, \.responseBytes,
                \.retries, \.timeouts, \.errors, \.connects, \.disconnects,
            ]
        }
    }

    /// The maximum size of a document. A longer one is not read.
    static let maximumBytes = 16 << 20
    /// The maximum number of brokers of a client that are reported separately. The others are reported together as
    /// `other`.
    static let maximumBrokers = 32
    private static let others = "other"

    var isProducer = false
    var eventsWaiting: Int64 = 0
    var queuedRecords: Int64 = 0
    var queuedBytes: Int64 = 0
    var fetchedRecords: Int64 = 0
    var fetchedBytes: Int64 = 0
    /// Nil if the client is in no group.
    var rebalances: Int64?
    /// Brokers by their label: the broker's number, `coordinator` for the connection to a group's coordinator, or
    /// `bootstrap` for the connections that were made only to find the others.
    var brokers: [String: Broker] = [:]

    /// Nil if the document cannot be read.
    init?(_ document: [UInt8]) {
        guard document.count <= Self.maximumBytes else { return nil }
        var reader = StatisticsReader(document)
        do {
            try read(&reader)
        } catch {
            return nil
        }
        guard reader.isAtEnd else { return nil }
    }

    private mutating func read(_ reader: inout StatisticsReader) throws {
        try reader.object { reader, name in
            switch name {
            case "type": isProducer = try reader.text() == "producer"
            case "replyq": eventsWaiting = try reader.count()
            case "msg_cnt": queuedRecords = try reader.count()
            case "msg_size": queuedBytes = try reader.count()
            case "brokers": try reader.object { reader, _ in try readBroker(&reader) }
            case "topics": try readTopics(&reader)
            case "cgrp":
                try reader.object { reader, name in
                    if name == "rebalance_cnt" { rebalances = try reader.count() }
                }
            default: break
            }
        }
    }

    private mutating func readTopics(_ reader: inout StatisticsReader) throws {
        try reader.object { reader, _ in
            try reader.object { reader, name in
                guard name == "partitions" else { return }
                try reader.object { reader, _ in
                    try reader.object { reader, name in
                        switch name {
                        case "fetchq_cnt": fetchedRecords += try reader.count()
                        case "fetchq_size": fetchedBytes += try reader.count()
                        default: break
                        }
                    }
                }
            }
        }
    }

    private mutating func readBroker(_ reader: inout StatisticsReader) throws {
        var broker = Broker()
        var (number, source) = (Int64(-1), "")
        try reader.object { reader, name in
            switch name {
            case "nodeid": number = try reader.count()
            case "source": source = try reader.text()
            case "state": broker.isUp = try reader.text() == "UP"
            case "outbuf_cnt": broker.requestsWaiting = try reader.count()
            case "waitresp_cnt": broker.requestsInFlight = try reader.count()
            case "tx": broker.requests = try reader.count()
            case "txbytes": broker.requestBytes = try reader.count()
            case "rx": broker.responses = try reader.count()
            case "rxbytes": broker.responseBytes = try reader.count()
            case "txretries": broker.retries = try reader.count()
            case "req_timeouts": broker.timeouts = try reader.count()
            case "txerrs", "rxerrs": broker.errors += try reader.count()
            case "connects": broker.connects = try reader.count()
            case "disconnects": broker.disconnects = try reader.count()
            case "rtt": broker.roundTrip = try reader.times(unitsPerSecond: 1_000_000)
            case "throttle": broker.throttle = try reader.times(unitsPerSecond: 1_000)
            default: break
            }
        }
        add(broker, source == "logical" ? "coordinator" : number < 0 ? "bootstrap" : String(number))
    }

    private mutating func add(_ broker: Broker, _ label: String) {
        let isKnown = brokers[label] != nil || brokers.count < Self.maximumBrokers
        brokers[isKnown ? label : Self.others, default: Broker()].add(broker)
    }
}

extension StatisticsReader {
    fileprivate mutating func count() throws -> Int64 { Int64(exactly: try number().rounded()) ?? 0 }

    fileprivate mutating func times(unitsPerSecond: Double) throws -> ClientStatistics.Times {
        var times = ClientStatistics.Times()
        try object { reader, name in
            switch name {
            case "p50": times.median = try reader.number() / unitsPerSecond
            case "p99": times.percentile99 = try reader.number() / unitsPerSecond
            case "sum": times.sum = try reader.number() / unitsPerSecond
            case "cnt": times.count = try reader.count()
            default: break
            }
        }
        return times
    }
}
