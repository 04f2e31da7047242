import Foundation
import Kafka
import Pipeline
import Randomness
import Scoring
import Testing

extension PipelineServiceTests {
    /// A pipeline at work while the cluster misbehaves: what it says in the end is what a direct fold says, and every fact is
    /// out once and in order. `STANDING_FUZZ` scripts, from `STANDING_FUZZ_SEED`.
    @Suite struct FaultScriptTests {
        private typealias Fixture = PipelineFixture
        private static let brokers: Int32 = 3

        /// What a broker may answer to each kind of request, by Kafka's numbers; -195: the connection breaks.
        private static let answers: [(apiKey: Int16, codes: [Int32])] = [
            // Produce: leader moved, time-out, too few replicas, out of order, not allowed.
            (0, [6, 7, 19, 20, 45, 29, -195]),
            // Fetch: unknown partition, leader moved, storage, epoch, compression.
            (1, [3, 6, 56, 74, 75, 76, -195]),
            // Metadata.
            (3, [-195]),
            // OffsetCommit: loading, moved, generation, member, rebalance.
            (8, [14, 16, 22, 25, 27, -195]),
            // OffsetFetch.
            (9, [14, 16, -195]),
            // FindCoordinator.
            (10, [15, -195]),
            // JoinGroup, Heartbeat, SyncGroup.
            (11, [14, 16, 25, -195]), (12, [16, 22, 25, 27, -195]), (14, [22, 25, 27, -195]),
            // InitProducerId.
            (22, [14, 15, -195]),
        ]

        /// Sends again what was refused, so that every event arrives; an event that arrives twice is known.
        private final class Sender {
            private let kafka: KafkaConfiguration
            private var producer: Producer
            private var waiting: [Fixture.Sent] = []
            private var underWay: [Int: Fixture.Sent] = [:]
            private var count = 0

            init(_ kafka: KafkaConfiguration) throws {
                self.kafka = kafka
                producer = try Producer(kafka)
            }

            var isDone: Bool { waiting.isEmpty && underWay.isEmpty }

            func send(_ events: [Fixture.Sent]) { waiting = events.reversed() + waiting }

            func work(milliseconds: Int) throws {
                if producer.fatalError != nil {
                    waiting += underWay.values
                    underWay = [:]
                    producer = try Producer(kafka)
                }
                while let event = waiting.popLast() {
                    do {
                        try produce(event)
                    } catch is KafkaError {
                        // The topic is not to be written to now: a refusal is remembered for a while.
                        waiting.append(event)
                        break
                    }
                }
                let end = ContinuousClock.now + .milliseconds(milliseconds)
                repeat {
                    producer.serve(timeoutMilliseconds: 5) { delivery in
                        guard let event = underWay.removeValue(forKey: delivery.tag) else { return }
                        if delivery.code != 0 { waiting.append(event) }
                    }
                } while ContinuousClock.now < end
            }

            private func produce(_ event: Fixture.Sent) throws {
                let topic = try producer.topic(event.topic)
                let headers = HeaderSet(copying: event.headers.map { ($0.name, $0.value) })
                try (event.key ?? []).withUnsafeBytes { key in
                    try (event.value ?? []).withUnsafeBytes { value in
                        let isQueued = try producer.produce(
                            topic: topic, partition: Producer.anyPartition, key: key, value: value, headers: headers,
                            tag: count)
                        try #require(isQueued)
                    }
                }
                underWay[count] = event
                count += 1
            }
        }

        @Test func whateverTheClusterDoes() throws {
            var fuzz = Fuzz("fault script", count: 8, long: 300)
            let fixture = try Fixture(brokers: Int(Self.brokers))
            defer { withExtendedLifetime(fixture) {} }
            let seed = fuzz.seed
            var random = Seeded(seed)
            let subjects = Fixture.subjects(12)
            var sent = subjects.map { Fixture.enrolment(of: $0) }
            var slowest = Duration.zero
            try fixture.running(fixture.service(policy: fixture.policy)) { service in
                try fixture.send(sent)
                try fixture.waitForFold(of: sent.count, by: service)
                let sender = try Sender(fixture.kafka)
                for script in 0..<fuzz.count {
                    let more = Fixture.behaviour("\(script)", of: subjects)
                    sent += more
                    try fuzz.run("script \(script)") {
                        try misbehave(fixture, more, sender, &random)
                        let healed = ContinuousClock.now
                        try fixture.wait(
                            "script \(script) of seed \(seed): all sent: \(sender.isDone), \(service.foldCounters) of \(sent.count), \(service.status)"
                        ) {
                            if let failure = service.finalFailure { throw failure }
                            try sender.work(milliseconds: 5)
                            let counters = service.foldCounters
                            return sender.isDone && counters.entries - counters.duplicates >= Int64(sent.count)
                                && service.isCurrent
                        }
                        slowest = max(slowest, ContinuousClock.now - healed)
                    }
                    // What a fault did to the group may take the partitions away even now.
                    var standings = ""
                    try fixture.wait("script \(script) of seed \(seed): an owner of each partition") {
                        standings = fixture.standings(of: service)
                        return service.positions.count == fixture.ledgerPartitions
                    }
                    try #require(standings == (try fixture.directStandings(sent)), "script \(script)")
                }
                var positions = service.positions
                try fixture.wait("the positions of all") {
                    guard service.isCurrent else { return false }
                    positions = service.positions
                    return positions.count == fixture.ledgerPartitions
                }
                let facts = try fixture.checkedFacts(asConsumer: true)
                for topic in FactTopic.allCases {
                    let published = positions.values.reduce(0) { $0 + $1.sequences[topic.rawValue] }
                    #expect(Int64(facts[topic, default: []].count) == published)
                }
            }
            fuzz.report("caught up at the latest \(slowest) after healing")
        }

        /// Sends events in three parts while faults come and go, and heals everything.
        private func misbehave(
            _ fixture: Fixture, _ events: [Fixture.Sent], _ sender: Sender, _ random: inout Seeded
        ) throws {
            let broker = fixture.broker
            for part in 0..<3 {
                for _ in 0...random.below(3) { breakSomething(fixture, &random) }
                sender.send(Array(events[events.count * part / 3..<events.count * (part + 1) / 3]))
                try sender.work(milliseconds: 50 + random.below(700))
            }
            for some in 1...Self.brokers {
                broker.setBroker(some, down: false)
                broker.setRoundTrip(some, milliseconds: 0)
            }
            for (apiKey, _) in Self.answers { broker.clearFailures(apiKey: apiKey) }
        }

        private func breakSomething(_ fixture: Fixture, _ random: inout Seeded) {
            let broker = fixture.broker
            let some = Int32(1 + random.below(Int(Self.brokers)))
            switch random.below(7) {
            case 0...2:
                let (apiKey, codes) = Self.answers[random.below(Self.answers.count)]
                broker.failNext(
                    apiKey: apiKey, codes: (0...random.below(4)).map { _ in codes[random.below(codes.count)] })
            case 3: broker.setBroker(some, down: true)
            case 4: broker.setRoundTrip(some, milliseconds: Int32(50 + random.below(500)))
            case 5:
                broker.moveCoordinator(
                    ofGroup: random.below(2) == 0 ? "standing-intake" : "standing-fold", to: some)
            default:
                broker.moveLeader(
                    of: TopicPartition(
                        random.below(2) == 0 ? fixture.topics.ledger : fixture.topics.facts[0],
                        Int32(random.below(fixture.ledgerPartitions))), to: some)
            }
        }
    }
}
