import Events
import Foundation
import Testing

@testable import Kafka

/// What `/metrics` has of librdkafka's statistics.
struct KafkaStatisticsTests {
    /// `rtt`: microseconds of 20 requests together.
    private static func consumer(_ rtt: Int, broker: Int = 1, retries: Int = 0) -> [UInt8] {
        Array(
            """
            { "name": "standing#consumer-1", "type": "consumer", "ts": 5016483227792, "replyq": 3, "msg_cnt": 0, "brokers": {
            "one:9092/\(broker)": { "name": "one:9092/\(broker)", "nodeid": \(broker), "source": "learned", "state": "UP",
            "outbuf_cnt": 1, "waitresp_cnt": 2, "tx": 100, "txbytes": 84283, "txerrs": 4, "txretries": \(retries),
            "req_timeouts": 7, "rx": 99, "rxbytes": 15708, "rxerrs": 1, "connects": 2, "disconnects": 1,
            "rtt": { "min": 1580, "p50": 1400, "p99": 9000, "sum": \(rtt), "cnt": 20 },
            "int_latency": { "p50": 0, "p99": 0, "sum": -9223370000000000000, "cnt": 3 },
            "throttle": { "min": 0, "p50": 250, "p99": 500, "sum": 1500, "cnt": 4 }, "toppars": { "a-0": { "topic": "a" } } },
            "GroupCoordinator": { "nodeid": \(broker), "source": "logical", "state": "INIT", "tx": 11 },
            "two:9092/bootstrap": { "nodeid": -1, "source": "configured", "state": "DOWN", "disconnects": 3 },
            "three:9092/bootstrap": { "nodeid": -1, "source": "configured", "state": "UP", "disconnects": 4 } },
            "topics": { "a": { "topic": "a", "age": 9060, "batchsize": { "p50": 8 }, "partitions": {
            "0": { "fetchq_cnt": 17, "fetchq_size": 1700, "next_offset": 9 }, "-1": { "fetchq_cnt": 0, "fetchq_size": 0 } } },
            "b": { "partitions": { "5": { "fetchq_cnt": 3, "fetchq_size": 300 } } } },
            "cgrp": { "state": "up", "rebalance_cnt": 6, "rebalance_reason": "a \\"quoted\\" reason }" } }
            """.utf8)
    }

    @Test func aDocumentIsReadWholeByBroker() throws {
        let found = try #require(ClientStatistics(Self.consumer(30_000, retries: 8)))
        #expect(!found.isProducer && found.eventsWaiting == 3 && found.rebalances == 6)
        #expect(found.fetchedRecords == 20 && found.fetchedBytes == 2000)
        #expect(found.brokers.keys.sorted() == ["1", "bootstrap", "coordinator"])
        let broker = try #require(found.brokers["1"])
        #expect(broker.isUp && broker.requestsWaiting == 1 && broker.requestsInFlight == 2)
        #expect(broker.requests == 100 && broker.requestBytes == 84_283)
        #expect(broker.responses == 99 && broker.responseBytes == 15_708)
        #expect(broker.retries == 8 && broker.timeouts == 7 && broker.errors == 5)
        #expect(broker.connects == 2 && broker.disconnects == 1)
        #expect(broker.roundTrip == .init(median: 0.0014, percentile99: 0.009, sum: 0.03, count: 20))
        #expect(broker.throttle == .init(median: 0.25, percentile99: 0.5, sum: 1.5, count: 4))
        #expect(found.brokers["coordinator"]?.requests == 11 && found.brokers["coordinator"]?.isUp == false)
        #expect(found.brokers["bootstrap"]?.disconnects == 7 && found.brokers["bootstrap"]?.isUp == true)
    }

    @Test func aDocumentThatEndsTooSoonIsNotRead() {
        let whole = Self.consumer(1)
        for length in 0..<whole.count { #expect(ClientStatistics(Array(whole[..<length])) == nil) }
    }

    @Test(arguments: [
        "", "{", "{\"a\":1,}", "{} x", "{\"a\" \"b\"}", "{\"a\":}", "nul\"",
        "{\"a\":" + String(repeating: "[", count: 99),
    ])
    func whatIsNoJSONIsNotRead(document: String) { #expect(ClientStatistics(Array(document.utf8)) == nil) }

    @Test func manyBrokersAreOneFromALimitOn() {
        let brokers = (0..<40).map { "\"b\($0)\":{\"nodeid\":\($0),\"tx\":1}" }.joined(separator: ",")
        let found = ClientStatistics(Array("{\"brokers\":{\(brokers)}}".utf8))
        #expect(found?.brokers.count == ClientStatistics.maximumBrokers + 1)
        #expect(found?.brokers["other"]?.requests == Int64(40 - ClientStatistics.maximumBrokers))
    }

    /// The library's times are those of an interval; a scrape has the sum of all intervals.
    @Test func timesOfIntervalsAddUp() throws {
        let statistics = KafkaStatistics()
        let start = ContinuousClock.now
        for (seconds, microseconds) in [(0, 30_000), (10, 50_000)] {
            try note(Self.consumer(microseconds), of: "intake", at: start + .seconds(seconds), in: statistics)
        }
        let text = text(of: statistics, at: start + .seconds(12.5))
        let labels = "broker=\"1\",client=\"intake\""
        let name = Metric.kafkaRoundTrip.rawValue
        #expect(text.contains("\(name){\(labels),quantile=\"0.5\"} 0.0014\n"))
        #expect(text.contains("\(name){\(labels),quantile=\"0.99\"} 0.009\n"))
        #expect(text.contains("\(name)_sum{\(labels)} 0.08\n") && text.contains("\(name)_count{\(labels)} 40\n"))
        #expect(text.contains("\(Metric.kafkaStatisticsAge.rawValue){client=\"intake\"} 2.5\n"))
        #expect(text.contains("\(Metric.kafkaRequests.rawValue){\(labels)} 100\n"))
        #expect(!text.contains(Metric.kafkaQueuedRecords.rawValue))
    }

    @Test func whatCannotBeReadLetsTheLastGrowOld() throws {
        let statistics = KafkaStatistics()
        let start = ContinuousClock.now
        try note(Self.consumer(1), of: "fold", at: start, in: statistics)
        statistics.note([0x7B], of: "fold", at: start + .seconds(10))
        statistics.read("fold")
        #expect(
            text(of: statistics, at: start + .seconds(20))
                .contains("\(Metric.kafkaStatisticsAge.rawValue){client=\"fold\"} 20\n"))
    }

    /// A client that is gone, or that nobody serves, has no brokers that are up.
    @Test func whatWasToldLongAgoIsNotExposed() throws {
        let statistics = KafkaStatistics()
        let start = ContinuousClock.now
        try note(Self.consumer(1), of: "fold", at: start, in: statistics)
        try note(Self.consumer(1), of: "intake", every: .seconds(300), at: start, in: statistics)
        let up = Metric.kafkaBrokerUp.rawValue + "{broker=\"1\",client=\"fold\"}"
        #expect(text(of: statistics, at: start + .seconds(60)).contains(up))
        let old = text(of: statistics, at: start + .seconds(61))
        #expect(!old.contains(up))
        #expect(old.contains("\(Metric.kafkaBrokerUp.rawValue){broker=\"1\",client=\"intake\"}"), "it reports seldom")
        #expect(old.contains("\(Metric.kafkaStatisticsAge.rawValue){client=\"fold\"} 61\n"))
    }

    /// Returns when a report is read, which a thread of its own does.
    private func note(
        _ document: [UInt8], of client: String, every interval: Duration? = nil, at time: ContinuousClock.Instant,
        in statistics: KafkaStatistics
    ) throws {
        statistics.note(document, of: client, every: interval, at: time)
        let end = ContinuousClock.now + .seconds(60)
        let new = "\(Metric.kafkaStatisticsAge.rawValue){client=\"\(client)\"} 0\n"
        while !text(of: statistics, at: time).contains(new) {
            try #require(ContinuousClock.now < end, "\(client)")
            Thread.sleep(forTimeInterval: 0.001)
        }
    }

    private func text(of statistics: KafkaStatistics, at now: ContinuousClock.Instant) -> String {
        var exposition = Exposition()
        statistics.add(to: &exposition, at: now)
        return exposition.text
    }
}

extension BrokerTests {
    @Suite struct ClientsWithNames {
        /// A client with a name reports its statistics to the caller that serves its events; one without a name reports none.
        @Test func aNamedProducerTellsItsStatistics() throws {
            let fixture = try KafkaFixture(properties: ["statistics.interval.ms": "50"])
            var kafka = fixture.kafka
            let statistics = KafkaStatistics()
            kafka.statistics = statistics
            var options = Producer.Options()
            options.name = "trial"
            let (named, nameless) = (try Producer(kafka, options: options), try Producer(kafka))
            let wanted = "\(Metric.kafkaBrokerUp.rawValue){broker=\"1\",client=\"trial\"} 1\n"
            var text = ""
            let deadline = ContinuousClock.now + KafkaFixture.patience
            while !text.contains(wanted), ContinuousClock.now < deadline {
                named.serve(timeoutMilliseconds: 10) { _ in }
                nameless.serve(timeoutMilliseconds: 0) { _ in }
                var exposition = Exposition()
                statistics.add(to: &exposition)
                text = exposition.text
            }
            #expect(text.contains(wanted))
            #expect(text.matches(of: /client="([^"]+)"/).allSatisfy { $0.1 == "trial" })
        }
    }
}
