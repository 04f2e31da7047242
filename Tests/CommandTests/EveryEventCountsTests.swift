import Events
import Foundation
import Kafka
import Randomness
import Replay
import Scoring
import Testing

extension CommandTests {
    /// People enrol on the control topic, and their events come on three other topics, while members are away, start, die and
    /// take each other's partitions: every event of everyone counts.
    struct EveryEventCountsTests {
        private static let topics = ["behaviour.payments", "behaviour.commerce", "behaviour.community"]
        /// What each of them declares.
        private static let types = ["bill.paid", "order.delivered", "volunteer.hours"]
        private static let sources = ["/bank/trial", "/market/trial", "/city/volunteers"]
        private static let people = Fuzz.isLong ? 10_000 : 1_200
        private static let slice = people / 12
        private static let members = 3
        private static let seed: UInt64 = 20_261_129

        private static var policy: String {
            Trial.policy.replacing("event: bill.paid", with: "event: [\(types.joined(separator: ", "))]")
        }

        /// A cluster of the caller's, new and empty, or an embedded broker.
        private func broker() async throws -> (address: String, embedded: Broker?) {
            guard let address = ProcessInfo.processInfo.environment["STANDING_TEST_BROKERS"] else {
                let broker = try await Broker()
                return (broker.address, broker)
            }
            #expect(try await standing("topics", "apply", "--brokers", address).code == 0)
            return (address, nil)
        }

        /// All of it within a few minutes of 2026: what comes early waits by the ledger's clock.
        private func event(_ number: Int, _ person: Int, at time: Int) -> Trial.Event {
            let data = number < 0 ? #"{"kind":"individual","terms":"1"}"# : "{}"
            let type = number < 0 ? "standing.subject.enrolled" : Self.types[number]
            let source = number < 0 ? "/trial" : Self.sources[number]
            let moment = Timestamp(microseconds: 1_767_225_600_000_000 + Int64(time) * 1000)
            return Trial.Event(
                subject: "p\(person)",
                text:
                    #"{"specversion":"1.0","id":"\#(number)","source":"\#(source)","type":"\#(type)","subject":"p\#(person)","#
                    + #""time":"\#(moment)","data":\#(data)}"#)
        }

        private func feed(_ people: Range<Int>, to cluster: TrialCluster) throws {
            try cluster.feed(people.map { event(-1, $0, at: $0) })
            for (number, topic) in Self.topics.enumerated() {
                try cluster.feed(people.map { event(number, $0, at: $0 + 2000) }, to: topic)
            }
        }

        @Test func ofEveryoneWhoEnrolledWhileMembersComeAndGo() async throws {
            let folder = try TemporaryFolder()
            let policy = try folder.write(Self.policy, to: "policy.yaml")
            let (address, embedded) = try await broker()
            defer { withExtendedLifetime(embedded) {} }
            let cluster = try TrialCluster(address)
            var random = Seeded(Self.seed)
            // A third of them while nobody runs.
            try feed(0..<Self.people / 3, to: cluster)
            var servers: [Server] = []
            for _ in 0..<Self.members { servers.append(try await Server(broker: address, policy: policy)) }
            for start in stride(from: Self.people / 3, to: Self.people, by: Self.slice) {
                try feed(start..<min(Self.people, start + Self.slice), to: cluster)
                let number = Int.random(in: 0..<Self.members, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: try await servers[number].process.killed()
                case 1: #expect(try await servers[number].process.stop().code == 0)
                default: continue
                }
                servers[number] = try await Server(broker: address, policy: policy)
            }
            for server in servers { try await server.waitUntilReady() }
            for topic in [TrialCluster.control] + Self.topics {
                try await wait(for: "the intake's commits of \(topic)") {
                    try cluster.hasCommitted("standing-intake", topic) ? true : nil
                }
            }
            let (counters, scores) = try await fold(cluster)
            print("every event counts: \(Self.people) people, \(counters.early) events came early")
            #expect(counters.notEnrolled == 0)
            #expect(counters.enrolments == Int64(Self.people))
            #expect(counters.scored == Int64(Self.people * Self.topics.count))
            #expect(scores == [645: Self.people])
            for server in servers { #expect(try await server.process.stop().code == 0) }
        }

        /// What the whole ledger comes to, and how many have each score.
        private func fold(_ cluster: TrialCluster) async throws -> (FoldCounters, [Int64: Int]) {
            var options = Consumer.Options()
            options.reportsEnds = true
            let consumer = try Consumer(cluster.configuration, options: options)
            defer { consumer.close() }
            try consumer.assign(
                (0..<Int32(cluster.partitions)).map {
                    PartitionOffset(TopicPartition(TrialCluster.ledger, $0), offset: 0)
                })
            var frames = [[(offset: Int64, bytes: [UInt8])]](repeating: [], count: cluster.partitions)
            try await wait(for: "the ends of the ledger") {
                try consumer.poll(timeoutMilliseconds: 100) { records in
                    for record in records {
                        frames[record.source].append((record.offset, record.value.map { Array($0) } ?? []))
                    }
                }
                return consumer.assignment.allSatisfy(\.reachedEnd) ? true : nil
            }
            var counters = FoldCounters()
            var scores: [Int64: Int] = [:]
            for partition in frames.indices {
                var fold = PartitionFold(partition: Int32(partition), storesFacts: false)
                var facts = EncodedFacts()
                for frame in frames[partition] {
                    try frame.bytes.withUnsafeBytes {
                        try fold.apply(frame: $0, at: frame.offset, above: [], into: &facts)
                    }
                }
                counters = counters + fold.fold.counters
                fold.fold.forEachStanding { scores[$0.level.score, default: 0] += 1 }
            }
            return (counters, scores)
        }
    }
}
