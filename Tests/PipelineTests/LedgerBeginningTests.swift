import Events
import Kafka
import Ledger
import Logging
import Policy
import Replay
import Scoring
import Synchronization
import Testing

@testable import Pipeline

extension PipelineServiceTests {
    /// Two members begin the same ledger, each with a policy of its own.
    @Suite struct LedgerBeginningTests {
        private typealias Fixture = PipelineFixture

        /// Does something once, before the first producer is made: the ledger has been found empty by then.
        private final class LateCluster: KafkaCluster {
            private let cluster: KafkaConfiguration
            private let isDone = Mutex(false)
            private let meanwhile: @Sendable () throws -> Void
            var brokers: String { cluster.brokers }
            var patience: Patience { cluster.patience }

            init(_ cluster: KafkaConfiguration, meanwhile: @escaping @Sendable () throws -> Void) {
                (self.cluster, self.meanwhile) = (cluster, meanwhile)
            }

            func consumer(
                _ options: Consumer.Options, listener: (any RebalanceListener)?,
                onNotice: @escaping (KafkaNotice) -> Void
            ) throws(KafkaError) -> any ConsumerClient {
                try cluster.consumer(options, listener: listener, onNotice: onNotice)
            }

            func producer(
                _ options: Producer.Options, onNotice: @escaping (KafkaNotice) -> Void
            ) throws(KafkaError) -> any ProducerClient {
                let isFirst = isDone.withLock { isDone in
                    defer { isDone = true }
                    return !isDone
                }
                if isFirst {
                    do {
                        try meanwhile()
                    } catch {
                        throw KafkaError(code: -196, name: "_FAIL", message: "\(error)")
                    }
                }
                return try cluster.producer(options, onNotice: onNotice)
            }

            func metadata(timeoutMilliseconds: Int) throws(KafkaError) -> Metadata {
                try cluster.metadata(timeoutMilliseconds: timeoutMilliseconds)
            }

            func beginnings(
                of partitions: [TopicPartition], timeoutMilliseconds: Int
            ) throws(KafkaError) -> [TopicPartition: Int64] {
                try cluster.beginnings(of: partitions, timeoutMilliseconds: timeoutMilliseconds)
            }

            func ends(
                of partitions: [TopicPartition], timeoutMilliseconds: Int
            ) throws(KafkaError) -> [TopicPartition: Int64] {
                try cluster.ends(of: partitions, timeoutMilliseconds: timeoutMilliseconds)
            }
        }

        private static func begin(_ configuration: PipelineConfiguration, partitions: Int) throws {
            try LedgerBeginning(
                configuration: configuration, stop: StopFlag(),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            ).run(partitions: partitions)
        }

        /// The policies of a ledger partition, and how many records it has.
        private struct Found: Equatable {
            var texts: [String]
            var records: Int
        }

        private func partition(_ number: Int32, of fixture: Fixture) throws -> Found {
            let topicPartition = TopicPartition(fixture.topics.ledger, number)
            let frames = try LedgerTopicFrames(fixture.kafka, topic: topicPartition.topic, partition: number)
            let texts = try PolicyHistory.texts(of: frames)
            return Found(
                texts: texts,
                records: try fixture.read(fixture.topics.ledger).count { $0.topicPartition == topicPartition })
        }

        /// The first entry of partition 0 wins, whether its member continues with the other partitions at once or dies before.
        @Test(arguments: [false, true]) func theLoserNamesTheWinnerAndWritesToNoOtherPartition(goesOn: Bool) throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            let partitions = fixture.ledgerPartitions
            func configuration(_ kafka: any KafkaCluster, _ policy: ScoringPolicy?) -> PipelineConfiguration {
                PipelineConfiguration(kafka: kafka, topics: fixture.topics, roles: [.fold], policy: policy)
            }
            let winner = configuration(fixture.kafka, fixture.policy)
            let other = try ScoringPolicy(
                yaml: Fixture.policyText.replacing("version: 1", with: "version: 7"), file: "hamlet.yaml")
            let late = LateCluster(fixture.kafka) {
                if goesOn {
                    try Self.begin(winner, partitions: partitions)
                } else if let policy = winner.policy {
                    try SystemEntry.beginning(policy, ledger: LedgerIdentity(name: winner.ledgerName))
                        .append(to: [0], of: partitions, winner)
                }
            }
            let loser = configuration(late, other)
            let error = #expect(throws: PipelineError.self) { try Self.begin(loser, partitions: partitions) }
            #expect(error?.code == .policyDiffers)
            #expect(error?.message.contains("never had hamlet version 7") == true)
            #expect(error?.message.contains("active is hamlet version 1") == true)
            // It had found the ledger empty, and its entry is after the winner's.
            let first = try partition(0, of: fixture)
            #expect(first.texts == [fixture.policy.text] && first.records == 2)
            let second = try partition(1, of: fixture)
            #expect(second.texts == (goesOn ? [fixture.policy.text] : []) && second.records == (goesOn ? 1 : 0))

            // Again and again: it writes nothing more. The winner ends what it began.
            #expect(throws: PipelineError.self) { try Self.begin(loser, partitions: partitions) }
            try Self.begin(winner, partitions: partitions)
            #expect(try partition(0, of: fixture) == first)
            #expect(try partition(1, of: fixture) == Found(texts: [fixture.policy.text], records: 1))
        }

        /// Its fingerprints are keyed by what nobody can foresee.
        @Test func everyLedgerHasASaltOfItsOwn() throws {
            var salts: Set<FingerprintKey> = []
            for _ in 0..<2 {
                let fixture = try Fixture(ledgerPartitions: 1)
                defer { withExtendedLifetime(fixture) {} }
                let configuration = PipelineConfiguration(
                    kafka: fixture.kafka, topics: fixture.topics, roles: [.fold], policy: fixture.policy)
                try Self.begin(configuration, partitions: 1)
                var fold = PartitionFold(partition: 0)
                var facts = EncodedFacts()
                for record in try fixture.read(fixture.topics.ledger) {
                    try #require(record.value).withUnsafeBytes {
                        try fold.apply(frame: $0, at: record.offset, above: [0, 0, 0], into: &facts)
                    }
                }
                salts.insert(fold.identity.salt)
            }
            #expect(salts.count == 2 && !salts.contains(.none))
        }

        private func publishOneFact(_ fixture: Fixture) throws {
            let facts = try fixture.kafka.producer(.init()) { _ in }
            let topic = try facts.topic(fixture.topics.facts[1])
            try Array("{}".utf8).withUnsafeBytes { value in
                let isQueued = try facts.produce(topic: topic, partition: 1, key: nil, value: value, tag: 0)
                try #require(isQueued)
            }
            try #require(facts.flush(timeoutMilliseconds: 20_000) { _ in })
        }

        /// Where facts are published, an empty ledger topic is one that was lost, and not one that begins.
        @Test func aLedgerThatWasLostDoesNotBeginAnew() throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            try publishOneFact(fixture)
            let configuration = PipelineConfiguration(
                kafka: fixture.kafka, topics: fixture.topics, roles: [.fold], policy: fixture.policy)
            let error = #expect(throws: PipelineError.self) {
                try Self.begin(configuration, partitions: fixture.ledgerPartitions)
            }
            #expect(error?.code == .ledgerDamaged && error?.message.contains("that ledger is lost") == true)
            #expect(try fixture.read(fixture.topics.ledger).isEmpty)
        }

        /// A ledger that is half imported has its first partition, and an import that continues finds the others as it left them.
        @Test func aPartitionThatWasLostDoesNotBeginAnew() throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            let configuration = PipelineConfiguration(
                kafka: fixture.kafka, topics: fixture.topics, roles: [.fold], policy: fixture.policy)
            try SystemEntry.beginning(fixture.policy, ledger: LedgerIdentity(name: configuration.ledgerName))
                .append(to: [0], of: fixture.ledgerPartitions, configuration)
            try publishOneFact(fixture)
            let error = #expect(throws: PipelineError.self) {
                try Self.begin(configuration, partitions: fixture.ledgerPartitions)
            }
            #expect(error?.code == .ledgerDamaged)
            #expect(error?.message.contains("\(fixture.topics.ledger)[1] does not begin with a policy") == true)
            #expect(try partition(1, of: fixture) == Found(texts: [], records: 0))
        }
    }
}
