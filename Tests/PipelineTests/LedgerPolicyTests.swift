import Events
import Foundation
import Kafka
import Pipeline
import Policy
import Scoring
import Testing

extension PipelineServiceTests {
    @Suite struct LedgerPolicyTests {
        private typealias Fixture = PipelineFixture

        /// What ends the service for good.
        private func refusal(_ fixture: Fixture, policy: ScoringPolicy?) throws -> PipelineError {
            let service = fixture.service(policy: policy, roles: [.fold])
            service.start()
            defer { service.requestStop() }
            try fixture.wait("the refusal") { service.finalFailure != nil }
            #expect(throws: PipelineError.self) { try service.join() }
            #expect(!service.isCurrent)
            return try #require(service.finalFailure)
        }

        @Test func anEmptyLedgerNeedsAPolicy() throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            let error = try refusal(fixture, policy: nil)
            #expect(error.code == .policyMissing)
            #expect(error.message.contains("ledger"))
            #expect(try fixture.read(fixture.topics.ledger).isEmpty)
        }

        @Test func missingTopicsAreNamed() throws {
            let fixture = try Fixture(absent: [Fixture.rides, "perks"])
            defer { withExtendedLifetime(fixture) {} }
            let error = try refusal(fixture, policy: fixture.policy)
            #expect(error.code == .topicMissing)
            #expect(error.message.contains("\(Fixture.rides), perks;"))
        }

        @Test func anotherPolicyIsRefused() throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            try fixture.running(fixture.service(policy: fixture.policy, roles: [.fold])) { _ in }
            let text = Fixture.policyText.replacing("version: 1", with: "version: 2")
            let other = try ScoringPolicy(yaml: text, file: "other.yaml")
            let error = try refusal(fixture, policy: other)
            #expect(error.code == .policyDiffers)
            #expect(error.message.contains("hamlet version 1"))
            #expect(try fixture.read(fixture.topics.ledger).count == fixture.ledgerPartitions)
        }
    }

    @Suite struct ClockTests {
        private typealias Fixture = PipelineFixture

        /// Event times lie years back: only a tick can end the perk's grace.
        @Test func aTickEndsThePerksGrace() throws {
            let fixture = try Fixture(ledgerPartitions: 1)
            defer { withExtendedLifetime(fixture) {} }
            func revoked() throws -> [String] {
                try fixture.checkedFacts()[.perks, default: []]
                    .filter { $0.type == "standing.perk.revoked" && $0.data.perk == "discount" }.map(\.time)
            }
            let events = [
                Fixture.enrolment(of: "anna"),
                Fixture.bill("1", of: "anna"), Fixture.bill("2", of: "anna"),
                Fixture.bill("3", of: "anna", missed: true),
            ]
            try fixture.running(fixture.service(policy: fixture.policy)) { service in
                try fixture.send(Array(events.prefix(1)))
                try fixture.waitForFold(of: 1, by: service)
                try fixture.send(Array(events.dropFirst()))
                try fixture.waitForFold(of: events.count, by: service)
                #expect(service.status.ticks == 0)
                #expect(try revoked().isEmpty)
            }

            let start = Int64(Date().timeIntervalSince1970 * 1_000_000)
            let ticking = fixture.service(policy: nil) {
                $0.clock = .wall
                $0.tickInterval = 200_000
            }
            try fixture.running(ticking) { service in
                func answer() -> StandingAnswer? {
                    guard case .found(let answer) = service.standing(of: Array("anna".utf8)) else { return nil }
                    return answer
                }
                try fixture.wait("the clock moves on") { answer().map { $0.freshness.clock >= start } == true }
                let first = try #require(answer()).freshness.clock
                try fixture.wait("the clock moves again") { answer().map { $0.freshness.clock > first } == true }
                #expect(service.status.ticks >= 2)
                try fixture.wait("the fact") { try !revoked().isEmpty }
                #expect(answer()?.standing.perks.count == 0)
            }
            // Once, at the moment when the grace was over.
            #expect(try revoked() == ["2020-01-04T00:00:00Z"])
        }

        @Test func clocksCanBeAdvanced() throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            let time = try #require(Timestamp("2021-01-01T00:00:00Z"))
            try fixture.running(fixture.service(policy: fixture.policy, roles: [.fold])) { service in
                try service.advanceClocks(to: time)
                try fixture.wait("ticks") { service.foldCounters.ticks == Int64(fixture.ledgerPartitions) }
            }
        }
    }
}
