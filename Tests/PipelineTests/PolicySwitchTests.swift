import Kafka
import Ledger
import Policy
import Scoring
import Simulation
import Synchronization
import Testing

@testable import Pipeline

extension PipelineServiceTests {
    /// A switch that is held in the middle: nobody takes the facts of one partition.
    @Suite struct PolicySwitchTests {
        private typealias Fixture = PipelineFixture

        /// A cluster whose producers have no room for the facts of one ledger partition.
        private final class HeldCluster: KafkaCluster {
            private let cluster: KafkaConfiguration
            private let facts: Set<String>
            private let partition = Mutex<Int32?>(nil)
            var brokers: String { cluster.brokers }
            var patience: Patience { cluster.patience }

            /// `facts`: the topics.
            init(_ cluster: KafkaConfiguration, facts: [String]) { (self.cluster, self.facts) = (cluster, Set(facts)) }

            /// Nil if there is none.
            var held: Int32? {
                get { partition.withLock { $0 } }
                set { partition.withLock { $0 = newValue } }
            }

            func holds(_ topic: String, _ number: Int32) -> Bool { held == number && facts.contains(topic) }

            func consumer(
                _ options: Consumer.Options, listener: (any RebalanceListener)?,
                onNotice: @escaping (KafkaNotice) -> Void
            ) throws(KafkaError) -> any ConsumerClient {
                try cluster.consumer(options, listener: listener, onNotice: onNotice)
            }

            func producer(
                _ options: Producer.Options, onNotice: @escaping (KafkaNotice) -> Void
            ) throws(KafkaError) -> any ProducerClient {
                HeldProducer(try cluster.producer(options, onNotice: onNotice), self)
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

        private final class HeldProducer: ProducerClient {
            private let producer: any ProducerClient
            private let cluster: HeldCluster

            init(_ producer: any ProducerClient, _ cluster: HeldCluster) {
                (self.producer, self.cluster) = (producer, cluster)
            }

            var fatalError: KafkaError? { producer.fatalError }
            var queued: Int { producer.queued }
            func topic(_ name: String) throws(KafkaError) -> Int { try producer.topic(name) }
            func topicName(_ topic: Int) -> String { producer.topicName(topic) }

            func produce(
                topic: Int, partition: Int32, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
                headers: HeaderSet?, tag: Int
            ) throws(KafkaError) -> Bool {
                guard !cluster.holds(producer.topicName(topic), partition) else { return false }
                return try producer.produce(
                    topic: topic, partition: partition, key: key, value: value, headers: headers, tag: tag)
            }

            func serve(timeoutMilliseconds: Int, _ delivered: (Delivery) -> Void) {
                producer.serve(timeoutMilliseconds: timeoutMilliseconds, delivered)
            }

            func flush(timeoutMilliseconds: Int, _ delivered: (Delivery) -> Void) -> Bool {
                producer.flush(timeoutMilliseconds: timeoutMilliseconds, delivered)
            }

            func purge() { producer.purge() }
        }

        private struct NoStanding: Error { let subject: String }

        private func answer(_ service: PipelineService, _ subject: String) throws -> StandingAnswer {
            guard case .found(let answer) = service.standing(of: Array(subject.utf8)) else {
                throw NoStanding(subject: subject)
            }
            return answer
        }

        /// A slice of a switch has at most 2,048 facts, so that of more subjects is never done in one.
        @Test func withinASwitchQueriesAnswerUnderTheOldPolicyAndOtherPartitionsGoOn() throws {
            let fixture = try Fixture(sessionMilliseconds: Fixture.longSession)
            defer { withExtendedLifetime(fixture) {} }
            let cluster = HeldCluster(fixture.kafka, facts: fixture.topics.facts)
            let disk = FaultyFileSystem()
            let subjects = Fixture.subjects(5600)
            let held = try #require(subjects.first { fixture.partition(of: $0) == 0 })
            let free = try #require(subjects.first { fixture.partition(of: $0) == 1 })
            #expect(subjects.count { fixture.partition(of: $0) == 0 } > 2048)
            let text = Fixture.policyText.replacing("version: 1", with: "version: 2")
                .replacing("base: 500", with: "base: 510")
            let second = try ScoringPolicy(yaml: text, file: "hamlet.yaml")
            let service = fixture.service(policy: fixture.policy) { configuration in
                configuration.kafka = cluster
                configuration.data = LocalData("/data", on: disk)
                configuration.workers = 2
                // A slow machine is no failure here.
                configuration.readyWithin = 120_000_000
            }
            try fixture.running(service) { service in
                try fixture.send(subjects.map { Fixture.enrolment(of: $0) })
                try fixture.waitForFold(of: subjects.count, by: service)
                #expect(try answer(service, held).policySwitch == nil)
                cluster.held = 0
                try fixture.send([Fixture.activation(of: second, on: 5)])
                try fixture.wait("the switch of the other partition") {
                    try answer(service, free).policy.version == 2 && service.status.switching.map(\.partition) == [0]
                }
                try fixture.send([Fixture.bill("1", of: free), Fixture.bill("2", of: held)])
                try fixture.wait("the bill") { try answer(service, free).standing.level.score == 520 }

                let before = try answer(service, held)
                #expect(before.policy.version == 1 && before.standing.level.score == 500)
                #expect(before.policySwitch?.policy == "hamlet" && before.policySwitch?.version == 2)
                #expect(before.policySwitch?.partition == 0 && !before.freshness.isCurrent)
                #expect(try answer(service, free).policySwitch == nil)
                guard case .found(let file, let freshness) = try service.file(of: Array(held.utf8)) else {
                    Issue.record("no file")
                    return
                }
                #expect(String(decoding: file, as: UTF8.self).contains(#""policy":{"id":"hamlet","version":1}"#))
                #expect(freshness.policySwitch?.version == 2)
                let status = service.status
                #expect(status.unreadyFor == nil && status.behind != nil && !service.isCurrent)
                #expect(status.switching.map(\.version) == [2])

                cluster.held = nil
                try fixture.wait("the switch") {
                    try answer(service, held).policy.version == 2 && service.isCurrent
                        && service.status.switching.isEmpty
                }
                try fixture.wait("the bill that waited") { try answer(service, held).standing.level.score == 520 }
                #expect(try answer(service, held).policySwitch == nil)
            }
            let facts = try fixture.checkedFacts()
            #expect(
                facts[.scoreChanges, default: []].count { $0.time == "2020-01-05T00:00:00Z" } >= subjects.count)
        }
    }
}
