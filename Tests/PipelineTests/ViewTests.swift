import Kafka
import Replay
import Scoring
import Testing

@testable import Pipeline

extension PipelineServiceTests {
    @Suite struct ViewTests {
        private typealias Fixture = PipelineFixture

        /// What `/metrics` and `/readyz` ask a service.
        private struct Answers: Equatable {
            var counters: FoldCounters
            var repeats: [Int64]
            var frozenTopics: [String]
            var bands: [String: Int]
            var diagnosis: Diagnosis
            var partitions: Int
            var isReady: Bool

            init(_ service: PipelineService) {
                counters = service.foldCounters
                repeats = [
                    service.ledgerRepeats.entries, service.ledgerRepeats.frames, service.ledgerRepeats.brokenFrames,
                ]
                frozenTopics = service.frozenTopics
                bands = Dictionary(service.subjectsByBand().map { ($0.band, $0.subjects) }) { $1 }
                diagnosis = service.diagnosis
                partitions = service.status.foldPartitions
                isReady = service.isReady
            }
        }

        /// Runs `body` while a frame seems to be folded in each of these.
        private static func holding(_ partitions: ArraySlice<OwnedPartition>, _ body: () -> Void) {
            guard let first = partitions.first else { return body() }
            first.withFold { _ in holding(partitions.dropFirst(), body) }
        }

        @Test func metricsAndReadinessWaitForNoFold() throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            let subjects = Fixture.subjects(20)
            let sent = subjects.map { Fixture.enrolment(of: $0) }
            let service = fixture.service(policy: fixture.policy) {
                // A slow machine is no failure here.
                $0.readyWithin = 120_000_000
            }
            try fixture.running(service) { service in
                try fixture.send(sent)
                try fixture.waitForFold(of: sent.count, by: service)
                let before = Answers(service)
                #expect(before.isReady && before.partitions == 2 && before.counters.enrolments == 20)
                #expect(before.bands == ["C": 0, "B": 20, "A": 0])
                let partitions = service.owned.all
                #expect(partitions.count == 2)
                Self.holding(partitions[...]) { #expect(Answers(service) == before) }
            }
        }

        @Test func atRestViewsSayWhatTheStatesSay() throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            let subjects = Fixture.subjects(20)
            let enrolments = subjects.map { Fixture.enrolment(of: $0) }
            let behaviour = Fixture.behaviour("1", of: subjects + ["stranger"])
            try fixture.running(fixture.service(policy: fixture.policy)) { service in
                try fixture.send(enrolments)
                try fixture.waitForFold(of: enrolments.count, by: service)
                try fixture.send(behaviour)
                try fixture.waitForFold(of: enrolments.count + behaviour.count, by: service)
                for partition in service.owned.all {
                    #expect(partition.view == partition.withFold { PartitionView($0) })
                }
                #expect(service.diagnosis.waiting == 5)
            }
        }

        /// There are more members than partitions.
        @Test func aMemberWithoutPartitionsIsReady() throws {
            let fixture = try Fixture(ledgerPartitions: 1)
            defer { withExtendedLifetime(fixture) {} }
            let second = fixture.service(policy: nil, roles: [.fold])
            #expect(!second.isReady && second.status.joined.isEmpty)
            try fixture.running(fixture.service(policy: fixture.policy, roles: [.fold])) { first in
                second.start()
                defer {
                    second.requestStop()
                    try? second.join()
                }
                try fixture.wait("both ready") {
                    let statuses = [first.status, second.status]
                    return statuses.allSatisfy { $0.joined == [.fold] && $0.unreadyFor == nil }
                        && statuses.map(\.foldPartitions).sorted() == [0, 1]
                }
            }
        }
    }
}
