import Events
import Foundation
import Kafka
import Policy
import Replay
import Scoring
import Simulation
import Testing

@testable import Pipeline

extension PipelineServiceTests {
    /// What is asked of a service about many subjects, and about one subject's past.
    @Suite struct SubjectQuestionsTests {
        private typealias Fixture = PipelineFixture

        private func names(_ page: SubjectPage) -> [String] {
            page.items.map { String(decoding: $0.subject, as: UTF8.self) }
        }

        private func object(_ json: [UInt8]) throws -> [String: Any] {
            try #require(JSONSerialization.jsonObject(with: Data(json)) as? [String: Any])
        }

        @Test func listsStandingsBandsAndDifferencesAreThoseOfTheFold() throws {
            let fixture = try Fixture(sessionMilliseconds: Fixture.longSession)
            defer { withExtendedLifetime(fixture) {} }
            let subjects = Fixture.subjects(60)
            let sent = subjects.map { Fixture.enrolment(of: $0) }
            let behaviour = Fixture.behaviour("1", of: subjects)
            let disk = FaultyFileSystem()
            let service = fixture.service(policy: fixture.policy) { $0.data = LocalData("/data", on: disk) }
            try fixture.running(service) { service in
                try fixture.send(sent)
                try fixture.waitForFold(of: sent.count, by: service)
                try fixture.send(behaviour)
                try fixture.waitForFold(of: sent.count + behaviour.count, by: service)
                try lists(service, subjects, fixture)
                try standings(service, subjects)
                try past(service)
                let bands = try #require(service.bandHistory(.hours).last)
                #expect(bands.partitions == 2 && bands.bands.map(\.name) == ["C", "B", "A"])
                #expect(bands.bands.reduce(0) { $0 + $1.subjects } <= 60)
            }
        }

        private func lists(_ service: PipelineService, _ subjects: [String], _ fixture: Fixture) throws {
            #expect(service.ledgerPartitionCount == 2)
            var search = SubjectSearch()
            search.limit = 7
            var found: [String] = []
            repeat {
                let page = try service.search(search)
                #expect(page.missing.isEmpty && page.parts.map(\.partition) == [0, 1])
                #expect(page.parts.allSatisfy { $0.isCurrent && $0.offset > 0 })
                found += names(page)
                search.after = page.completeThrough
            } while search.after != nil
            #expect(found == subjects.sorted())

            search = try SubjectSearch([(name: "band", value: "C"), (name: "limit", value: "500")])
            let low = try service.search(search)
            #expect(Set(names(low)) == Set(subjects.enumerated().filter { $0.offset % 3 == 0 }.map(\.element)))
            #expect(low.items.allSatisfy { $0.score == 102 && $0.perks.isEmpty && $0.band == "C" })
            #expect(low.items.first?.enrolled == Timestamp("2020-01-01T00:00:00Z"))
            search = try SubjectSearch([(name: "perk", value: "discount"), (name: "prefix", value: "citizen-1")])
            let some = try service.search(search)
            #expect(
                names(some)
                    == subjects.enumerated().filter { $0.offset % 3 != 0 && $0.element.hasPrefix("citizen-1") }
                    .map(\.element).sorted())

            // A name that no policy has is a mistake, but not in a question of another member.
            search = try SubjectSearch([(name: "band", value: "Z")])
            #expect(throws: SubjectSearch.Problem.self) { try service.search(search) }
            #expect(try service.search(search, partitions: [0, 1]).items.isEmpty)
            search = SubjectSearch()
            search.limit = 500
            let half = try service.search(search, partitions: [1, 7])
            #expect(half.missing == [7] && half.parts.map(\.partition) == [1])
            #expect(names(half) == subjects.filter { fixture.partition(of: $0) == 1 }.sorted())
        }

        private func standings(_ service: PipelineService, _ subjects: [String]) throws {
            let asked = ["nobody"] + subjects.reversed() + [subjects[0]]
            let items = service.standings(of: asked.map { Array($0.utf8) })
            #expect(items.map { String(decoding: $0.subject, as: UTF8.self) } == asked)
            guard case .notEnrolled = items[0].outcome, case .found(let first) = items[1].outcome,
                case .found(let again) = items[61].outcome
            else {
                Issue.record("\(items[0].outcome)")
                return
            }
            #expect(first.standing.subject == Array(asked[1].utf8))
            #expect(again.standing.level.score == 102 && again.freshness.isCurrent)
            var writer = JSONWriter()
            items[1].write(to: &writer)
            let json = try object(Array(writer.bytes))
            #expect(json["outcome"] as? String == "found" && json["subject"] as? String == asked[1])
            #expect((json["freshness"] as? [String: Any])?["current"] as? Bool == true)
            writer.removeAll()
            items[0].write(to: &writer)
            let nobody = try object(Array(writer.bytes))
            #expect(nobody["outcome"] as? String == "not-enrolled" && nobody["standing"] is NSNull)
        }

        private func past(_ service: PipelineService) throws {
            let subject = Array("citizen-1".utf8)
            let day = try #require(Timestamp("2020-01-01T00:00:00Z"))
            guard
                case .found(let json, let freshness) = try service.difference(
                    of: subject, from: .offset(0), to: .time(day))
            else {
                Issue.record("no difference")
                return
            }
            let difference = try object(json)
            #expect(difference["score"] as? Int == 532)
            let parts = try #require(difference["parts"] as? [[String: Any]])
            #expect(parts.compactMap { $0["part"] as? String } == ["behaviour", "identity"])
            #expect(parts.compactMap { $0["score"] as? Int } == [32, 500])
            #expect(throws: HistoryFailure.self) {
                try service.difference(of: subject, from: .time(day), to: .offset(0))
            }
            #expect(throws: HistoryFailure.self) {
                try service.difference(of: subject, from: .offset(0), to: .offset(freshness.offset + 100))
            }
            guard case .found(let history, _) = try service.scoreHistory(of: subject, maximum: 100) else {
                Issue.record("no history")
                return
            }
            let points = try #require(object(history)["points"] as? [[String: Any]])
            #expect(points.first?["score"] as? Int == 500 && points.last?["score"] as? Int == 532)
        }
    }
}
