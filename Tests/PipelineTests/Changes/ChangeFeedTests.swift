import Events
import Foundation
import Kafka
import Scoring
import Testing

@testable import Pipeline

extension PipelineServiceTests {
    /// Changes of a small town, read from a service.
    @Suite struct ChangeFeedTests {
        private typealias Fixture = PipelineFixture

        /// A fact topic's partition.
        private struct FactPartition: Hashable {
            let topic: String
            let partition: Int32
        }

        private func read(_ subscription: ChangeSubscription) -> (ChangeBatch, ChangeSubscription.Taken) {
            var batch = ChangeBatch()
            var all = subscription.take(into: &batch, bytes: 1 << 20)
            while all.hasMore {
                let more = subscription.take(into: &batch, bytes: batch.byteCount + 1 << 20)
                (all.hasMore, all.gaps) = (more.hasMore, all.gaps + more.gaps)
            }
            return (batch, all)
        }

        @Test func aReaderHasWhatTheTopicsHaveAndGoesOnAfterARestart() throws {
            let fixture = try Fixture()
            defer { withExtendedLifetime(fixture) {} }
            let subjects = Fixture.subjects(12)
            let events = subjects.map { Fixture.enrolment(of: $0) } + Fixture.behaviour("first", of: subjects)
            var token = ChangeToken()
            try fixture.running(fixture.service(policy: fixture.policy)) { service in
                let reader = try #require(service.changes.subscribe(.everything))
                #expect(read(reader).1.hasOtherPartitions)
                try fixture.send(events)
                try fixture.waitForFold(of: events.count, by: service)
                let (batch, taken) = read(reader)
                #expect(
                    taken.gaps.isEmpty && service.changeRouting.here == [0, 1] && service.changeRouting.nowhere == [])
                var facts: [FactPartition: [[UInt8]]] = [:]
                for item in batch.items {
                    let topic = fixture.topics.facts[item.kind.topic.rawValue]
                    facts[FactPartition(topic: topic, partition: item.partition), default: []].append(
                        Array(batch.json(item)))
                }
                var published: [FactPartition: [[UInt8]]] = [:]
                for record in try fixture.topics.facts.flatMap({ try fixture.read($0) }) {
                    let factPartition = FactPartition(
                        topic: record.topicPartition.topic, partition: record.topicPartition.partition)
                    published[factPartition, default: []].append(try #require(record.value))
                }
                #expect(!batch.isEmpty && facts == published)
                token = try #require(ChangeToken(reader.token.text))
            }
            try fixture.running(fixture.service(policy: nil)) { service in
                let reader = try #require(service.changes.subscribe(.everything, from: token))
                let (before, taken) = read(reader)
                #expect(before.isEmpty && taken.gaps.isEmpty, "nothing came meanwhile, and that is known")
                let more = Fixture.behaviour("second", of: subjects)
                try fixture.send(more)
                try fixture.waitForFold(of: events.count + more.count, by: service)
                let (batch, after) = read(reader)
                #expect(!batch.isEmpty && after.gaps.isEmpty)
                let first = try #require(token.positions.first)
                #expect(batch.items.first { $0.partition == first.partition }?.count == first.count)
            }
        }

        @Test func theOverviewHasTheFiguresAndNobodysName() throws {
            let fixture = try Fixture(sessionMilliseconds: Fixture.longSession)
            defer { withExtendedLifetime(fixture) {} }
            let subjects = Fixture.subjects(12)
            let events = subjects.map { Fixture.enrolment(of: $0) } + Fixture.behaviour("first", of: subjects)
            try fixture.running(fixture.service(policy: fixture.policy)) { service in
                let reader = service.changes.subscribe(.everything)
                try fixture.send(events)
                try fixture.waitForFold(of: events.count, by: service)
                let overview = service.overview { _ in "somebody" }
                #expect(overview.subjects == 12 && overview.enrolments == 12 && overview.appeals.total == 0)
                #expect(overview.policies == [.init(id: "hamlet", version: 1, partitions: 2)])
                #expect(overview.ownedPartitions == 2 && overview.partitions == 2 && overview.attention.isEmpty)
                #expect(!overview.changes.isEmpty && overview.changes.allSatisfy { $0.subject == "somebody" })
                var writer = JSONWriter()
                overview.write(to: &writer, showsSubjects: false)
                let json = try #require(
                    try JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [String: Any])
                #expect(json["subjects"] as? Int == 12 && (json["changes"] as? [Any])?.isEmpty == false)
                #expect(!String(decoding: writer.bytes, as: UTF8.self).contains("citizen"))
                #expect(service.overview(mask: nil).changes.allSatisfy { $0.subject.hasPrefix("citizen-") })
                reader?.cancel()
            }
        }
    }
}
