import Foundation
import Kafka
import Replay
import Scoring
import Synchronization
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
            let fixture = try Fixture(sessionMilliseconds: Fixture.longSession)
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

        /// On a thread of its own: this one may hold a fold.
        private static func isAnsweredAtOnce(_ subject: [UInt8], by service: PipelineService) -> Bool {
            let isFound = Atomic(false)
            let done = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                if case .found = service.standingAtOnce(of: subject) { isFound.store(true, ordering: .releasing) }
                done.signal()
            }
            done.wait()
            return isFound.load(ordering: .acquiring)
        }

        @Test func aStandingAtOnceWaitsForNoFold() throws {
            let fixture = try Fixture(sessionMilliseconds: Fixture.longSession)
            defer { withExtendedLifetime(fixture) {} }
            let subjects = Fixture.subjects(20)
            let sent = subjects.map { Fixture.enrolment(of: $0) }
            try fixture.running(fixture.service(policy: fixture.policy)) { service in
                try fixture.send(sent)
                try fixture.waitForFold(of: sent.count, by: service)
                for subject in subjects.map({ Array($0.utf8) }) {
                    // The fold has its state now and then also when nothing is to be folded.
                    try fixture.wait("a standing at once") { Self.isAnsweredAtOnce(subject, by: service) }
                }
                try fixture.wait("that nobody is enrolled") {
                    if case .notEnrolled = service.standingAtOnce(of: Array("stranger".utf8)) { true } else { false }
                }
                Self.holding(service.owned.all[...]) {
                    for subject in subjects { #expect(!Self.isAnsweredAtOnce(Array(subject.utf8), by: service)) }
                }
            }
        }

        /// However long the others' slices are.
        @Test func aQueryWaitsForItsOwnPartitionAlone() throws {
            let fixture = try Fixture(sessionMilliseconds: Fixture.longSession)
            defer { withExtendedLifetime(fixture) {} }
            let subjects = Fixture.subjects(20)
            let sent = subjects.map { Fixture.enrolment(of: $0) }
            try fixture.running(fixture.service(policy: fixture.policy)) { service in
                try fixture.send(sent)
                try fixture.waitForFold(of: sent.count, by: service)
                for partition in service.owned.all {
                    let others = service.owned.all.filter { $0 !== partition }
                    let own = subjects.filter { fixture.partition(of: $0) == Int(partition.partition) }
                    #expect(!own.isEmpty && !others.isEmpty)
                    var found = 0
                    Self.holding(others[...]) {
                        for subject in own {
                            if case .found = service.standing(of: Array(subject.utf8)) { found += 1 }
                        }
                    }
                    #expect(found == own.count)
                }
            }
        }

        @Test func atRestViewsSayWhatTheStatesSay() throws {
            let fixture = try Fixture(sessionMilliseconds: Fixture.longSession)
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
