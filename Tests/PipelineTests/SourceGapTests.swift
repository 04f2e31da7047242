import Kafka
import Pipeline
import Policy
import Randomness
import Scoring
import Testing

extension PipelineServiceTests {
    /// Records of a source that expire before they are read.
    @Suite struct SourceGapTests {
        private typealias Fixture = PipelineFixture

        private static let policy =
            Fixture.policyText + """

                sanctions:
                  - {id: debtor, dimension: payment, measures: [rail], when: points < 0, lasts: 900 years}
                appeals: {decide-within: 5 days}
                """
        /// The embedded broker keeps 5 MiB of a partition.
        private static let largeBytes = 200_000

        private func sanctions(of subject: String, _ service: PipelineService) throws -> Int {
            guard case .found(let answer) = service.standing(of: Array(subject.utf8)) else { return -1 }
            return answer.standing.sanctions.count
        }

        @Test func aGapIsToldAndImposesNothingUntilItIsAcknowledged() throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            let policy = try ScoringPolicy(yaml: Self.policy, file: "hamlet.yaml")
            try fixture.running(fixture.service(policy: policy)) { service in
                try fixture.send(["anna", "ben"].map { Fixture.enrolment(of: $0) })
                try fixture.send([Fixture.bill("first", of: "anna")])
                try fixture.waitForFold(of: 3, by: service)
                try fixture.wait("the commits") { service.status.sourcePositions.values.reduce(0, +) == 3 }
            }
            // Random, for what is packed would be small.
            var random = Seeded(1)
            let text = String(decoding: (0..<Self.largeBytes).map { _ in UInt8(97 + random.below(26)) }, as: UTF8.self)
            let padding = #"{"text":"\#(text)"}"#
            for number in 0..<40 {
                try fixture.send([
                    Fixture.event("large-\(number)", "bill.paid", of: "anna", data: padding, to: Fixture.bills)
                ])
            }
            try fixture.running(fixture.service(policy: nil)) { service in
                try fixture.wait("the gap") { service.frozenTopics == [Fixture.bills] }
                try fixture.send((0..<20).map { Fixture.bill("missed-\($0)", of: "anna", missed: true) })
                try fixture.send((0..<20).map { Fixture.bill("ben-\($0)", of: "ben", missed: true) })
                try fixture.wait("what is left of it") {
                    service.foldCounters.scored > 41 && service.isCurrent
                        && service.status.sourcePositions.values.reduce(0, +) >= 81
                }
                #expect(service.status.intake.expiredPositions == 1)
                for subject in ["anna", "ben"] {
                    try fixture.wait("no sanction of \(subject)") { try sanctions(of: subject, service) == 0 }
                }
                #expect(service.foldCounters.sanctionsImposed == 0)

                try fixture.send([
                    Fixture.event(
                        "a1", "standing.source.acknowledged", of: "-", data: #"{"topic":"bills","reason":"looked at"}"#,
                        to: Fixture.control)
                ])
                try fixture.wait("the acknowledgement") { service.frozenTopics == [] }
                try fixture.send([Fixture.bill("missed-again", of: "ben", missed: true)])
                try fixture.wait("the sanction") { try sanctions(of: "ben", service) == 1 }
            }
            // It is known: a restart says nothing new.
            try fixture.running(fixture.service(policy: nil)) { service in
                #expect(service.frozenTopics == [] && service.status.intake.expiredPositions == 0)
            }
            let gaps = try fixture.read(fixture.topics.ledger).filter {
                String(decoding: $0.value ?? [], as: UTF8.self).contains("standing.source.gap")
            }
            #expect(gaps.count == fixture.ledgerPartitions)
            _ = try fixture.checkedFacts()
        }
    }
}
