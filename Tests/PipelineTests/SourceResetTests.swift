import Kafka
import Pipeline
import Scoring
import Testing

extension PipelineServiceTests {
    /// A source topic that was made anew.
    @Suite struct SourceResetTests {
        private typealias Fixture = PipelineFixture

        @Test func aTopicThatWasMadeAnewIsFoundAndReadFromItsBeginning() throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            var score: Int64 = 0
            try fixture.running(fixture.service(policy: fixture.policy)) { service in
                try fixture.send([Fixture.enrolment(of: "anna")])
                try fixture.waitForFold(of: 1, by: service)
                try fixture.send((0..<10).map { Fixture.bill("old-\($0)", of: "anna") })
                try fixture.waitForFold(of: 11, by: service)
                try fixture.wait("the score") {
                    guard let found = try? self.score(service) else { return false }
                    score = found
                    return true
                }
                try fixture.wait("the commits") { service.status.sourcePositions.values.reduce(0, +) == 11 }
                // Somebody reads.
                #expect(throws: PipelineError.self) {
                    try SourceReset(service.configuration).run(Fixture.bills, id: "r0")
                }
            }
            // More was read of it than it has: the broker that the tests use cannot delete a topic.
            let reader = FarReader()
            let group = try Consumer(fixture.kafka, options: .init(group: "standing-intake"), listener: reader)
            try group.subscribe(to: [Fixture.bills])
            try fixture.wait("an assignment in the group") {
                try group.poll(timeoutMilliseconds: 20) { _ in }
                return reader.topicPartitions.count == 2
            }
            try group.commit(reader.topicPartitions.map { PartitionOffset($0, offset: 1000) }, wait: true)
            group.close()

            let service = fixture.service(policy: nil)
            service.start()
            defer { service.requestStop() }
            try fixture.wait("the refusal") { service.finalFailure != nil }
            #expect(service.finalFailure?.code == .sourceRecreated, "\(service.finalFailure?.message ?? "")")
            #expect(service.finalFailure?.message.contains("`standing source reset bills`") == true)
            #expect(throws: PipelineError.self) { try service.join() }

            #expect(throws: PipelineError.self) { try SourceReset(service.configuration).run("no-source", id: "r0") }
            try SourceReset(service.configuration).run(Fixture.bills, id: "r1")
            try fixture.send((0..<5).map { Fixture.bill("new-\($0)", of: "anna") })
            try fixture.running(fixture.service(policy: nil)) { service in
                // The old events are known, the new ones count, and none is taken for a repeat because of its offset.
                try fixture.wait("all of it") {
                    let counters = service.foldCounters
                    return counters.entries >= 26 && counters.duplicates == 10 && service.isCurrent
                        && (try? self.score(service)) == score + 50
                }
                // What a lost partition had read and not committed is read again.
                #expect(service.ledgerRepeats.entries <= service.status.intake.records - 15)
            }
            _ = try fixture.checkedFacts()
        }

        private final class FarReader: RebalanceListener {
            private(set) var topicPartitions: [TopicPartition] = []

            func assigned(_ partitions: [TopicPartition], to consumer: any ConsumerClient) -> [PartitionOffset] {
                topicPartitions = partitions
                return []
            }

            func revoked(_ partitions: [TopicPartition], lost: Bool, from consumer: any ConsumerClient) {
                topicPartitions = []
            }
        }

        private func score(_ service: PipelineService) throws -> Int64 {
            guard case .found(let answer) = service.standing(of: Array("anna".utf8)) else {
                throw PipelineError(.storage, "no standing")
            }
            return Int64(answer.standing.level.score)
        }
    }
}
