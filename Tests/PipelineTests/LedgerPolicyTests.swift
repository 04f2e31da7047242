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

        private func version(_ number: Int) throws -> ScoringPolicy {
            let text = Fixture.policyText.replacing("version: 1", with: "version: \(number)")
            return try ScoringPolicy(yaml: text, file: "hamlet.yaml")
        }

        /// Before any group is joined, and always alike.
        @Test func aPolicyThatTheLedgerNeverHadIsRefused() throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            try fixture.running(fixture.service(policy: fixture.policy, roles: [.fold])) { _ in }
            let error = try refusal(fixture, policy: try version(2))
            #expect(error.code == .policyDiffers)
            #expect(error.message.contains("active is hamlet version 1"))
            #expect(error.message.contains("standing policy activate"))
            #expect(try fixture.read(fixture.topics.ledger).count == fixture.ledgerPartitions)
        }

        @Test func aLedgerOfAnotherNameIsRefused() throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            try fixture.running(fixture.service(policy: fixture.policy) { $0.ledgerName = "town" }) { _ in }
            let service = fixture.service(policy: nil) { ($0.ledgerName, $0.insistsOnLedgerName) = ("village", true) }
            service.start()
            #expect(throws: PipelineError.self) { try service.join() }
            let message = try #require(service.finalFailure?.message)
            #expect(message.contains("is called town, not village"))
        }

        /// Of two that were approved against the same policy the first is active in every partition, also after a start.
        @Test func anActivationAgainstAnotherPolicyChangesNothing() throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            let partitions = Int64(fixture.ledgerPartitions)
            let (second, third) = (try version(2), try version(3))
            func active(_ service: PipelineService) -> Int64? {
                guard case .found(let answer) = service.standing(of: Array("anna".utf8)) else { return nil }
                return answer.policy.version
            }
            try fixture.running(fixture.service(policy: fixture.policy)) { service in
                try fixture.send([
                    Fixture.enrolment(of: "anna"), Fixture.activation(of: second, on: 5, replaces: fixture.policy),
                    Fixture.activation(of: third, on: 6, replaces: fixture.policy),
                ])
                try fixture.wait("the activations") {
                    service.foldCounters.activationsIgnored == partitions && service.isCurrent
                }
                #expect(service.foldCounters.policySwitches == partitions)
                #expect(active(service) == 2)
            }
            try fixture.running(fixture.service(policy: nil)) { #expect(active($0) == 2) }
            #expect(try refusal(fixture, policy: third).message.contains("active is hamlet version 2"))
        }

        /// Also when another one is active since; with an archive and without.
        @Test(arguments: [false, true]) func aPolicyThatTheLedgerHadOnceIsTaken(hasArchive: Bool) throws {
            let fixture = try Fixture()
            let folder = FileManager.default.temporaryDirectory.appending(path: "policy-\(UUID())").path
            defer {
                withExtendedLifetime(fixture) {}
                try? FileManager.default.removeItem(atPath: folder)
            }
            func service(_ policy: ScoringPolicy?) -> PipelineService {
                fixture.service(policy: policy) { if hasArchive { $0.data = LocalData(folder) } }
            }
            let second = try version(2)
            try fixture.running(service(fixture.policy)) { service in
                try fixture.send([Fixture.enrolment(of: "anna"), Fixture.activation(of: second, on: 5)])
                try fixture.wait("the activation") {
                    service.foldCounters.policySwitches == Int64(fixture.ledgerPartitions) && service.isCurrent
                }
            }
            for policy in [fixture.policy, second, nil] {
                try fixture.running(service(policy)) { service in
                    guard case .found(let answer) = service.standing(of: Array("anna".utf8)) else {
                        Issue.record("anna has no standing")
                        return
                    }
                    #expect(answer.policy.version == 2)
                }
            }
            #expect(try refusal(fixture, policy: try version(3)).message.contains("active is hamlet version 2"))

            // The policies of an archive are believed only where it is of this ledger.
            let other = try Fixture()
            defer { withExtendedLifetime(other) {} }
            try other.running(other.service(policy: other.policy, roles: [.fold])) { _ in }
            let stranger = other.service(policy: second, roles: [.fold]) { $0.data = LocalData(folder) }
            stranger.start()
            #expect(throws: PipelineError.self) { try stranger.join() }
            #expect(stranger.finalFailure?.code == .policyDiffers)
            #expect(stranger.finalFailure?.message.contains("active is hamlet version 1") == true)
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

        /// One tick may move the clock no further than ten years.
        @Test func aLedgerOfLongAgoComesToNowInSteps() throws {
            let fixture = try Fixture(ledgerPartitions: 1)
            defer { withExtendedLifetime(fixture) {} }
            let start = Int64(Date().timeIntervalSince1970 * 1_000_000)
            let events = fixture.service(policy: fixture.policy)
            try fixture.running(events) { service in
                try fixture.send([
                    Fixture.event(
                        "long-ago", "standing.subject.enrolled", of: "anna", at: "1985-02-28T12:00:00Z",
                        data: #"{"kind":"individual","terms":"1"}"#, to: Fixture.control)
                ])
                try fixture.waitForFold(of: 1, by: service)
            }
            let ticking = fixture.service(policy: nil) {
                $0.clock = .wall
                $0.tickInterval = 200_000
            }
            try fixture.running(ticking) { service in
                try fixture.wait("the clock comes to now") {
                    guard case .found(let answer) = service.standing(of: Array("anna".utf8)) else { return false }
                    return answer.freshness.clock >= start
                }
                #expect(service.status.ticks >= 5)
                #expect(service.foldCounters.outOfRange == 0)
            }
        }

        /// Under traffic there is no moment at which everything is folded and acknowledged: neither readiness nor ticks wait for
        /// one.
        @Test func underTrafficAMemberIsReadyAndTicks() throws {
            let fixture = try Fixture(ledgerPartitions: 1, sessionMilliseconds: Fixture.longSession)
            defer { withExtendedLifetime(fixture) {} }
            let subjects = Fixture.subjects(20)
            let busy = fixture.service(policy: fixture.policy) {
                $0.clock = .wall
                $0.tickInterval = 50_000
                // A slow machine is no failure here.
                $0.readyWithin = 120_000_000
            }
            try fixture.running(busy) { service in
                try fixture.send(subjects.map { Fixture.enrolment(of: $0) })
                try fixture.wait("the enrolments") { service.foldCounters.enrolments == 20 }
                let ticks = service.foldCounters.ticks
                var round = 0
                try fixture.wait("ticks among the events") {
                    round += 1
                    try fixture.send(Fixture.behaviour("\(round)", of: subjects))
                    #expect(service.isReady)
                    #expect(service.status.behind != nil)
                    return service.foldCounters.ticks >= ticks + 3
                }
                try fixture.wait("all of it") { service.foldCounters.entries == Int64(20 + round * 100) }
            }
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
