import Events
import Foundation
import Kafka
import Ledger
import Logging
import Pipeline
import Policy
import Replay
import Scoring
import Testing

/// A broker with the topics of a small town, the events that tests send, and what they read back.
struct PipelineFixture {
    /// Bound of every wait, far beyond what it takes.
    static let patience = Duration.seconds(90)
    static let patienceMilliseconds = 90_000
    static let control = "control"
    static let bills = "bills"
    static let rides = "rides"
    static let structured: [Sent.Header] = [.init("content-type", "application/cloudevents+json; charset=UTF-8")]

    /// Bills and rides count; two bills make an A, and the discount lasts for three days without it.
    static let policyText = """
        policy: hamlet
        version: 1
        score: {base: 500, min: 0, max: 1000}
        dimensions:
          payment: {min: -400, max: 300}
          transport: {}
        rules:
          - {id: paid, dimension: payment, event: bill.paid, points: 10}
          - {id: missed, dimension: payment, event: bill.missed, points: -200}
          - {id: fare, dimension: transport, event: fare.paid, points: 1}
        bands:
          - {name: C, from: 0}
          - {name: B, from: 400}
          - {name: A, from: 520}
        perks:
          - {id: discount, when: band == "A", grace: 3 days}
          - {id: counter, when: 'band in ["B", "A"]'}
        """

    /// A record to be produced.
    struct Sent {
        struct Header: Equatable {
            var name: String
            var value: [UInt8]?
            init(_ name: String, _ value: String) { (self.name, self.value) = (name, Array(value.utf8)) }
            init(_ name: String, bytes value: [UInt8]?) { (self.name, self.value) = (name, value) }
        }

        var topic: String
        var key: [UInt8]?
        var value: [UInt8]?
        var headers: [Header] = PipelineFixture.structured
    }

    /// A record as it came back.
    struct Read: Equatable {
        var topicPartition: TopicPartition
        var offset: Int64
        var key: [UInt8]?
        var value: [UInt8]?
        var headers: [Sent.Header]

        func header(_ name: String) -> String? {
            headers.last { $0.name == name }?.value.map { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// The members of a fact that tests look at.
    struct FactBody: Decodable {
        struct Data: Decodable {
            struct Cause: Decodable {
                /// The event's type; nil for a timer.
                var type: String?
            }
            var perk: String?
            var cause: Cause
        }
        var specversion: String
        var id: String
        var source: String
        var type: String
        var subject: String
        var time: String
        /// Decimal digits.
        private var sequence: String
        var number: Int64 { Int64(sequence) ?? -1 }
        var data: Data
    }

    let broker: EmbeddedBroker
    let kafka: KafkaConfiguration
    let policy: ScoringPolicy
    let ledgerPartitions: Int
    let topics = PipelineConfiguration.Topics(
        control: control, sources: [bills, rides], ledger: "ledger", deadLetter: "dead-letter",
        facts: ["score-changes", "sanctions", "perks"])
    private let logger = Logger(label: "pipeline-tests", factory: { _ in SwiftLogNoOpLogHandler() })

    /// Where no group is joined a second time, so that a member that gets no processor for a while is not expelled.
    static let longSession = 30_000

    /// `absent`: topics that are not created.
    init(
        ledgerPartitions: Int = 2, absent: Set<String> = [], brokers: Int = 1, sessionMilliseconds: Int = 3000
    ) throws {
        broker = try EmbeddedBroker(brokers: brokers)
        // The embedded broker lets a group rest for a session's length after a member has left, and once more when it forgets
        // the one that came back under another name.
        kafka = KafkaConfiguration(
            brokers: broker.bootstrap,
            properties: ["session.timeout.ms": String(sessionMilliseconds), "heartbeat.interval.ms": "500"],
            fetchWaitMilliseconds: 10)
        policy = try ScoringPolicy(yaml: Self.policyText, file: "hamlet.yaml")
        self.ledgerPartitions = ledgerPartitions
        var counts = [
            Self.control: 1, Self.bills: 2, Self.rides: 3, topics.deadLetter: 1, topics.ledger: ledgerPartitions,
        ]
        for name in topics.facts { counts[name] = ledgerPartitions }
        for (name, partitions) in counts where !absent.contains(name) {
            try broker.createTopic(name, partitions: partitions)
        }
    }

    // MARK: The service

    func service(
        policy: ScoringPolicy?, roles: Set<Role> = Set(Role.allCases),
        _ change: (inout PipelineConfiguration) -> Void = { _ in }
    ) -> PipelineService {
        var configuration = PipelineConfiguration(kafka: kafka, topics: topics, roles: roles, policy: policy)
        configuration.clock = .events
        change(&configuration)
        return PipelineService(configuration, logger: logger)
    }

    /// Runs the service for as long as `body` takes, and expects a clean end.
    func running(_ service: PipelineService, _ body: (PipelineService) throws -> Void) throws {
        service.start()
        do {
            try wait("ready") { service.isCurrent || service.finalFailure != nil }
            try body(service)
        } catch {
            service.requestStop()
            try? service.join()
            throw error
        }
        service.requestStop()
        try service.join()
    }

    /// Waits until the fold has taken so many events and every fact of theirs is acknowledged.
    func waitForFold(of entries: Int, by service: PipelineService) throws {
        // Asked once: a rebalance may take the partitions away at any moment.
        var folded: Int64 = 0
        try wait("folded") {
            folded = service.foldCounters.entries
            return folded >= Int64(entries) && service.isCurrent
        }
        #expect(folded == Int64(entries))
    }

    func wait(_ what: @autoclosure () -> Comment, until condition: () throws -> Bool) throws {
        let end = ContinuousClock.now + Self.patience
        while try !condition() {
            try #require(ContinuousClock.now < end, what())
            Thread.sleep(forTimeInterval: 0.01)
        }
    }

    // MARK: Records

    func send(_ records: [Sent]) throws {
        let producer = try Producer(kafka)
        for record in records {
            try produce(
                record.key, record.value, record.headers, to: record.topic, Producer.anyPartition, with: producer)
        }
        try flush(producer)
    }

    /// Appends values as they are to a ledger partition.
    func append(_ frames: [[UInt8]?], toLedger partition: Int32) throws {
        let producer = try Producer(kafka)
        for frame in frames { try produce(nil, frame, [], to: topics.ledger, partition, with: producer) }
        try flush(producer)
    }

    private func produce(
        _ key: [UInt8]?, _ value: [UInt8]?, _ headers: [Sent.Header], to topic: String, _ partition: Int32,
        with producer: Producer
    ) throws {
        let number = try producer.topic(topic)
        let set = HeaderSet(copying: headers.map { ($0.name, $0.value) })
        func lend(_ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
            guard let bytes else { return try body(nil) }
            try bytes.withUnsafeBytes { try body($0) }
        }
        try lend(key) { key in
            try lend(value) { value in
                let isQueued = try producer.produce(
                    topic: number, partition: partition, key: key, value: value, headers: set)
                try #require(isQueued)
            }
        }
    }

    private func flush(_ producer: Producer) throws {
        var failures = 0
        let isFlushed = producer.flush(timeoutMilliseconds: Self.patienceMilliseconds) {
            if $0.code != 0 { failures += 1 }
        }
        try #require(isFlushed && failures == 0)
    }

    /// Everything that is in a topic now.
    func read(_ topic: String) throws -> [Read] {
        let partitions = try #require(try Admin(kafka).topic(topic)).partitions
        var options = Consumer.Options()
        options.reportsEnds = true
        let consumer = try Consumer(kafka, options: options)
        try consumer.assign(
            (0..<Int32(partitions)).map {
                PartitionOffset(TopicPartition(topic, $0), offset: PartitionOffset.beginning)
            })
        var result: [Read] = []
        try wait("read to the end") {
            try consumer.poll(timeoutMilliseconds: 20) { records in
                for record in records {
                    result.append(
                        Read(
                            topicPartition: consumer.assignment[record.source].topicPartition, offset: record.offset,
                            key: record.key.map(Array.init), value: record.value.map(Array.init),
                            headers: record.copyHeaders().map { .init($0.name, bytes: $0.value) }))
                }
            }
            return consumer.assignment.allSatisfy(\.reachedEnd)
        }
        return result
    }

    /// Every fact, by topic, after checking what holds for all: numbers without gap or repeat, the key, the partition, the
    /// form. `asConsumer`: records that the consumers' rule ignores may lie between them.
    func checkedFacts(asConsumer: Bool = false) throws -> [FactTopic: [FactBody]] {
        var result: [FactTopic: [FactBody]] = [:]
        var ids: Set<String> = []
        for topic in FactTopic.allCases {
            var last: [Int32: Int64] = [:]
            for record in try read(topics.facts[topic.rawValue]) {
                let body = try JSONDecoder().decode(FactBody.self, from: Data(try #require(record.value)))
                let number = record.topicPartition.partition
                if asConsumer, body.number != last[number, default: 0] + 1 { continue }
                #expect(body.number == last[number, default: 0] + 1, "\(record.topicPartition)@\(record.offset)")
                last[number] = body.number
                #expect(ids.insert(body.id).inserted)
                #expect(record.header("content-type") == "application/cloudevents+json; charset=UTF-8")
                #expect(record.key == Array(body.subject.utf8))
                #expect(Int(number) == partition(of: body.subject))
                #expect(body.specversion == "1.0" && body.source == "/standing/default/hamlet")
                result[topic, default: []].append(body)
            }
        }
        return result
    }

    func partition(of subject: String) -> Int {
        Array(subject.utf8).withUnsafeBytes { Murmur2.partition(of: $0, count: ledgerPartitions) }
    }
}
