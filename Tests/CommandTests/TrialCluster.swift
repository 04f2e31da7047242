import Events
import Foundation
import Kafka
import Ledger

/// A cluster as its producers and consumers of facts see it.
final class TrialCluster {
    static let control = "standing.control"
    static let ledger = "standing.ledger"
    static let scoreChanges = "standing.score-changes"
    static let facts = [scoreChanges, "standing.sanctions", "standing.perks"]
    private static let headers = HeaderSet([
        (name: "content-type", value: Array("application/cloudevents+json; charset=UTF-8".utf8))
    ])
    private static let flushMilliseconds = 60_000

    let configuration: KafkaConfiguration
    private let producer: Producer
    private let admin: Admin
    /// The number of partitions of the control topic; 0 if the cluster does not have it.
    let partitions: Int

    init(_ brokers: String) throws {
        configuration = KafkaConfiguration(brokers: brokers, fetchWaitMilliseconds: 10)
        producer = try Producer(configuration)
        admin = try Admin(configuration)
        partitions = try admin.topic(Self.control)?.partitions ?? 0
    }

    /// Sends events to a topic, each to its subject's partition, and waits for the acknowledgements.
    func feed(_ events: [Trial.Event], to name: String = control) throws {
        let topic = try producer.topic(name)
        let partitions = try partitions(of: name)
        for event in events {
            try Array(event.subject.utf8).withUnsafeBytes { key in
                try Array(event.text.utf8).withUnsafeBytes { value in
                    let partition = Int32(Murmur2.partition(of: key, count: partitions))
                    while try !producer.produce(
                        topic: topic, partition: partition, key: key, value: value, headers: Self.headers)
                    { producer.serve(timeoutMilliseconds: 10) { _ in } }
                }
            }
        }
        var failure: KafkaError?
        let sent = producer.flush(timeoutMilliseconds: Self.flushMilliseconds) {
            failure = failure ?? $0.error(topicName: name)
        }
        if let failure { throw failure }
        guard sent else { throw Trouble("the events were not acknowledged") }
    }

    /// Sends bytes as they are to a ledger partition.
    func write(_ bytes: [UInt8], toLedger partition: Int32) throws {
        let topic = try producer.topic(Self.ledger)
        try bytes.withUnsafeBytes { bytes in
            guard try producer.produce(topic: topic, partition: partition, key: nil, value: bytes) else {
                throw Trouble("the producer's queue is full")
            }
        }
        guard producer.flush(timeoutMilliseconds: Self.flushMilliseconds, { _ in }) else {
            throw Trouble("the record was not acknowledged")
        }
    }

    /// Sends an announcement to the members topic.
    func announce(_ announcement: String, as address: String) throws {
        let topic = try producer.topic("standing.members")
        try Array(address.utf8).withUnsafeBytes { key in
            try Array(announcement.utf8).withUnsafeBytes { value in
                guard try producer.produce(topic: topic, partition: 0, key: key, value: value) else {
                    throw Trouble("the producer's queue is full")
                }
            }
        }
        guard producer.flush(timeoutMilliseconds: Self.flushMilliseconds, { _ in }) else {
            throw Trouble("the announcement was not acknowledged")
        }
    }

    private func partitions(of topic: String) throws -> Int {
        if topic == Self.control, partitions > 0 { return partitions }
        guard let found = try admin.topic(topic) else { throw Trouble("the cluster has no topic \(topic)") }
        return found.partitions
    }

    /// Whether `group` has committed everything that `topic` holds.
    func hasCommitted(_ group: String, _ topic: String) throws -> Bool {
        let topicPartitions = (0..<Int32(try partitions(of: topic))).map { TopicPartition(topic, $0) }
        let ends = try admin.ends(of: topicPartitions)
        let committed = Dictionary(
            uniqueKeysWithValues: try admin.committed(group: group, partitions: topicPartitions).map {
                ($0.topicPartition, $0.offset)
            })
        return topicPartitions.allSatisfy { committed[$0] ?? 0 == ends[$0] ?? 0 }
    }

    struct Facts {
        struct Fact: Decodable {
            struct Change: Decodable, Equatable {
                let before: Point?
                let after: Point?
            }
            struct Point: Decodable, Equatable {
                let score: Int
                let band: String
            }

            let subject: String
            /// Decimal digits.
            private let sequence: String
            var number: Int64 { Int64(sequence) ?? -1 }
            let data: Change
        }

        /// Of the score facts, what the consumers' rule accepted, by subject.
        var changes: [String: [Fact.Change]] = [:]
        var accepted = 0
        var repeats = 0
        /// Records beyond the next number. They may stand in the log; a number that never comes may not.
        var ahead = 0
        /// The greatest number read of each partition, and the greatest accepted.
        var greatest: [TopicPartition: Int64] = [:]
        var last: [TopicPartition: Int64] = [:]
    }

    /// Reads every fact partition from its beginning to its end.
    func facts() async throws -> Facts {
        var options = Consumer.Options()
        options.reportsEnds = true
        let consumer = try Consumer(configuration, options: options)
        defer { consumer.close() }
        let topicPartitions = Self.facts.flatMap { topic in (0..<Int32(partitions)).map { TopicPartition(topic, $0) } }
        try consumer.assign(topicPartitions.map { PartitionOffset($0, offset: 0) })
        var facts = Facts()
        var sequences = topicPartitions.map { _ in FactSequence() }
        let decoder = JSONDecoder()
        try await wait(for: "the ends of the fact partitions") {
            try consumer.poll(timeoutMilliseconds: 100) { records in
                for record in records {
                    let topicPartition = consumer.assignment[record.source].topicPartition
                    guard let value = record.value else { throw Trouble("\(topicPartition): a fact without a value") }
                    let fact = try decoder.decode(Facts.Fact.self, from: Data(value))
                    facts.greatest[topicPartition] = max(facts.greatest[topicPartition] ?? 0, fact.number)
                    switch sequences[record.source].judge(fact.number) {
                    case .accept:
                        facts.accepted += 1
                        facts.last[topicPartition] = fact.number
                        if topicPartition.topic == Self.scoreChanges {
                            facts.changes[fact.subject, default: []].append(fact.data)
                        }
                    case .ignoreRepeat: facts.repeats += 1
                    case .ignoreGap: facts.ahead += 1
                    }
                }
            }
            return consumer.assignment.allSatisfy(\.reachedEnd) ? true : nil
        }
        return facts
    }
}
