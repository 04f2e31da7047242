import Events
import Kafka
import Pipeline
import Policy
import Scoring
import Testing

/// The whole pipeline against librdkafka's broker, on which joining a group takes some seconds.
@Suite(.serialized) enum PipelineServiceTests {}

extension PipelineServiceTests {
    @Suite struct GoodRunTests {
        private typealias Fixture = PipelineFixture

        @Test(arguments: [1, 2, 4]) func foldsPublishesAndForgetsTheWithdrawn(workers: Int) throws {
            let fixture = try Fixture(sessionMilliseconds: Fixture.longSession)
            defer { withExtendedLifetime(fixture) {} }
            let subjects = Fixture.subjects(60)
            let enrolments = subjects.map { Fixture.enrolment(of: $0) }
            let behaviour = Fixture.behaviour("1", of: subjects + ["stranger"])
            let service = fixture.service(policy: fixture.policy) { $0.workers = workers }
            try fixture.running(service) { service in
                try fixture.send(enrolments)
                try fixture.waitForFold(of: enrolments.count, by: service)
                try fixture.send(behaviour)
                try fixture.waitForFold(of: enrolments.count + behaviour.count, by: service)

                #expect(fixture.standings(of: service) == (try fixture.directStandings(enrolments + behaviour)))
                let counters = service.foldCounters
                #expect(counters.enrolments == 60)
                #expect(counters.scored == 300)
                // The stranger may still enrol.
                #expect(counters.early == 5 && counters.notEnrolled == 0)
                #expect(service.status.intake.records == Int64(enrolments.count + behaviour.count))
                #expect(service.status.intake.deadLetterTotal == 0)
                #expect(service.ledgerRepeats == (0, 0, 0))
                #expect(service.subjectsByBand().map(\.band) == ["C", "B", "A"])
                #expect(service.subjectsByBand().map(\.subjects) == [20, 0, 40])

                let facts = try fixture.checkedFacts()
                // One at enrolment, one for each event that changed a score: clamped, the third miss changes nothing.
                let scores = facts[.scoreChanges, default: []]
                #expect(scores.allSatisfy { $0.type == "standing.score.changed" })
                #expect(Set(scores.map(\.subject)) == Set(subjects))
                #expect(scores.count == 60 + 20 * 4 + 40 * 5)
                #expect(facts[.sanctions] == nil)
                let perks = facts[.perks, default: []]
                #expect(perks.filter { $0.type == "standing.perk.granted" && $0.data.perk == "discount" }.count == 40)
                let published = FactTopic.allCases.map { Int64(facts[$0, default: []].count) }
                #expect(service.status.factsPublished == published)
                #expect(service.positions.count == 2)

                try withdraw(fixture, service, folded: enrolments.count + behaviour.count)
            }
        }

        private func withdraw(_ fixture: PipelineFixture, _ service: PipelineService, folded: Int) throws {
            let subject = "citizen-1"
            guard case .found(let answer) = service.standing(of: Array(subject.utf8)) else {
                Issue.record("no standing")
                return
            }
            #expect(answer.standing.level.score == 532)
            #expect(answer.freshness.isCurrent)
            #expect(Int(answer.freshness.partition) == fixture.partition(of: subject))
            try fixture.send([
                Fixture.event("leave", "standing.subject.withdrawn", of: subject, to: Fixture.control)
            ])
            try fixture.waitForFold(of: folded + 1, by: service)
            guard case .notEnrolled = service.standing(of: Array(subject.utf8)) else {
                Issue.record("the standing is still there")
                return
            }
            #expect(!fixture.standings(of: service).contains("\"\(subject)\""))
            #expect(service.subjectsByBand().map(\.subjects) == [20, 0, 39])
            let revoked = try fixture.checkedFacts()[.perks, default: []].filter {
                $0.subject == subject && $0.type == "standing.perk.revoked"
            }
            #expect(revoked.map(\.data.perk) == ["discount", "counter"])
        }

        /// Attributes in `ce_` headers, the value is the data; a value may be empty.
        @Test func takesEventsInBinaryMode() throws {
            let fixture = try Fixture(sessionMilliseconds: Fixture.longSession)
            defer { withExtendedLifetime(fixture) {} }
            func binary(_ id: String, _ type: String, _ topic: String, _ value: String, json: Bool) -> Fixture.Sent {
                var headers: [Fixture.Sent.Header] = [
                    .init("ce_specversion", "1.0"), .init("ce_id", id), .init("ce_source", "/hamlet"),
                    .init("ce_type", type), .init("ce_subject", "anna"), .init("ce_time", "2020-01-01T00:00:00Z"),
                ]
                if json { headers.append(.init("content-type", "application/json")) }
                return Fixture.Sent(topic: topic, key: nil, value: Array(value.utf8), headers: headers)
            }
            try fixture.running(fixture.service(policy: fixture.policy)) { service in
                let enrolment = #"{"kind":"individual","terms":"1"}"#
                try fixture.send([binary("1", "standing.subject.enrolled", Fixture.control, enrolment, json: true)])
                try fixture.waitForFold(of: 1, by: service)
                try fixture.send([
                    binary("2", "bill.paid", Fixture.bills, "{}", json: true),
                    binary("3", "bill.paid", Fixture.bills, "", json: false),
                ])
                try fixture.waitForFold(of: 3, by: service)
                guard case .found(let answer) = service.standing(of: Array("anna".utf8)) else {
                    Issue.record("no standing")
                    return
                }
                #expect(answer.standing.level.score == 520)
                #expect(service.status.intake.deadLetterTotal == 0)
            }
        }
    }
}
