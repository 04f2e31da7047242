import Events
import Foundation
import Kafka
import Logging
import Testing

@testable import Downstream

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

struct FactBatchTests {
    private let folder = TemporaryFolder()

    /// Adds `facts` to partition 0 from `offset` on.
    private func batch(
        of facts: [String?], offset: Int64 = 0, after last: Int64 = 0, in store: any FactStore
    ) -> FactBatch {
        var batch = FactBatch(for: store, after: [0: FactSequence(last: last)])
        for (index, fact) in facts.enumerated() {
            guard let fact else {
                batch.add(nil, partition: 0, offset: offset + Int64(index))
                continue
            }
            Array(fact.utf8).withUnsafeBytes { batch.add($0, partition: 0, offset: offset + Int64(index)) }
        }
        return batch
    }

    private func grant(_ sequence: Int64) -> String {
        FactText.perk("granted", "perk-\(sequence)", of: "anna", sequence: sequence)
    }

    @Test func repeatsAreIgnored() throws {
        let store = try PerksStore(path: folder.path("perks.sqlite"))
        let batch = batch(of: [2, 3, 4, 4, 3, 5].map(grant), offset: 10, after: 3, in: store)
        #expect(batch.partitions[0]?.counts == FactCounts(accepted: 2, repeats: 4))
        #expect(batch.effects.count == 2)
        #expect(batch.positions == [0: FactPosition(offset: 16, sequence: 5)])
    }

    @Test func aGapIsIgnoredUntilItIsFilled() async throws {
        let store = try PerksStore(path: folder.path("perks.sqlite"))
        let gap = batch(of: [1, 4, 5].map(grant), in: store)
        #expect(gap.partitions[0]?.counts == FactCounts(accepted: 1, gaps: 2))
        #expect(gap.partitions[0]?.firstGap?.offset == 1)
        #expect(gap.partitions[0]?.firstGap?.missing == 2)
        #expect(gap.positions == [0: FactPosition(offset: 3, sequence: 1)])
        try store.database.write(gap.effects, positions: gap.positions, of: "facts")
        #expect(try await store.perks(of: "anna").map(\.perk) == ["perk-1"])

        let filled = batch(of: [2, 3, 4, 5].map(grant), offset: 3, after: 1, in: store)
        #expect(filled.partitions[0]?.counts == FactCounts(accepted: 4))
        #expect(filled.partitions[0]?.firstGap == nil)
        try store.database.write(filled.effects, positions: filled.positions, of: "facts")
        #expect(try store.count() == 5)
        #expect(try store.database.positions(of: "facts") == [0: FactPosition(offset: 7, sequence: 5)])
    }

    @Test func aMalformedRecordHasNoPlaceInTheSequence() throws {
        let store = try PerksStore(path: folder.path("perks.sqlite"))
        let noPerk = FactText.event("standing.perk.granted", of: "anna", sequence: 2, #""x":1"#)
        let batch = batch(of: [grant(1), "{", noPerk, nil, grant(2)], in: store)
        #expect(batch.partitions[0]?.counts == FactCounts(accepted: 2, malformed: 3))
        #expect(batch.partitions[0]?.firstMalformed?.offset == 1)
        #expect(batch.positions == [0: FactPosition(offset: 5, sequence: 2)])
    }

    @Test func aTypeWithoutEffectKeepsItsPlaceInTheSequence() throws {
        let store = try PerksStore(path: folder.path("perks.sqlite"))
        let batch = batch(of: [FactText.sanction("in-force", sequence: 1), grant(2)], in: store)
        #expect(batch.partitions[0]?.counts == FactCounts(accepted: 2))
        #expect(batch.effects.count == 1)
    }

    @Test func partitionsCountForThemselves() throws {
        let store = try PerksStore(path: folder.path("perks.sqlite"))
        var batch = FactBatch(for: store, after: [1: FactSequence(last: 1)])
        for (partition, sequence) in [(0, 1), (1, 1), (1, 2), (0, 2)] as [(Int32, Int64)] {
            Array(grant(sequence).utf8).withUnsafeBytes { batch.add($0, partition: partition, offset: sequence) }
        }
        #expect(batch.partitions[0]?.counts == FactCounts(accepted: 2))
        #expect(batch.partitions[1]?.counts == FactCounts(accepted: 1, repeats: 1))
        #expect(
            batch.positions == [0: FactPosition(offset: 3, sequence: 2), 1: FactPosition(offset: 3, sequence: 2)])
    }
}

/// The whole service, against librdkafka's broker. Joining a group takes that broker some seconds.
struct FactFollowerTests {
    private static let patience = Duration.seconds(40)

    private let folder = TemporaryFolder()
    private let logger = Logger(label: "downstream-tests", factory: { _ in SwiftLogNoOpLogHandler() })

    private func produce(_ facts: [(partition: Int32, text: String)], to topic: String, _ kafka: KafkaConfiguration)
        throws
    {
        let producer = try Producer(kafka)
        let number = try producer.topic(topic)
        for fact in facts {
            let bytes = Array(fact.text.utf8)
            let isQueued = try bytes.withUnsafeBytes {
                try producer.produce(topic: number, partition: fact.partition, key: nil, value: $0)
            }
            try #require(isQueued)
        }
        var failures = 0
        let isFlushed = producer.flush(timeoutMilliseconds: 20_000) { if $0.code != 0 { failures += 1 } }
        try #require(isFlushed && failures == 0)
    }

    /// Runs the service for as long as `body` takes, and expects it to end without an error when it is cancelled.
    private func running(_ service: DownstreamService, _ body: () async throws -> Void) async throws {
        let task = Task { try await service.run() }
        do {
            try await body()
        } catch {
            task.cancel()
            _ = await task.result
            throw error
        }
        task.cancel()
        try await task.value
    }

    private func eventually(_ what: Comment, _ condition: () -> Bool) async throws {
        let end = ContinuousClock.now + Self.patience
        while !condition() {
            try #require(ContinuousClock.now < end, what)
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func get(_ path: String, from service: DownstreamService) async throws -> (status: Int?, body: String) {
        let port = try #require(service.port)
        let url = try #require(URL(string: "http://127.0.0.1:\(port)/\(path)"))
        let (data, response) = try await URLSession.shared.data(from: url)
        return ((response as? HTTPURLResponse)?.statusCode, String(decoding: data, as: UTF8.self))
    }

    @Test(.timeLimit(.minutes(3)))
    func startsAgainAtTheStoredPositionAndIgnoresRepeats() async throws {
        let broker = try EmbeddedBroker()
        defer { withExtendedLifetime(broker) {} }
        let topic = "standing.perks"
        try broker.createTopic(topic, partitions: 2)
        let kafka = KafkaConfiguration(brokers: broker.bootstrap, fetchWaitMilliseconds: 10)
        let path = folder.path("perks.sqlite")
        func service() throws -> DownstreamService {
            try DownstreamService(.perks, kafka: kafka, databasePath: path, port: 0, logger: logger)
        }
        let first = FactText.perk("granted", "energy-discount", of: "anna b/c", sequence: 1)
        let second = FactText.perk("granted", "deposit-free", of: "ben", sequence: 2)
        let other = FactText.perk("granted", "deposit-free", of: "cleo", sequence: 1)
        try produce([(0, first), (0, second), (1, other), (1, "not a fact")], to: topic, kafka)

        let before = try service()
        try await running(before) {
            try await eventually("ready, and listening") { before.isReady && before.port != nil }
            #expect(before.counts == FactCounts(accepted: 3, malformed: 1))
            #expect(try before.held() == 3)
            let answer = try await get("subjects/anna%20b%2Fc/perks", from: before)
            #expect(answer.status == 200)
            #expect(
                answer.body
                    == #"{"perks":[{"perk":"energy-discount","since":"\#(FactText.time)"}],"subject":"anna b/c"}"#)
            #expect(try await get("readyz", from: before).status == 200)
            let metrics = try await get("metrics", from: before).body
            #expect(metrics.contains(#"standing_downstream_facts_total{result="accepted"} 3"#))
            #expect(!metrics.contains("anna"))
        }

        // Both again, as after a producer's restart; then 3, a stray 5, and what was missing.
        let news = (3...5).map { FactText.perk("granted", "perk-\($0)", of: "ben", sequence: Int64($0)) }
        try produce(
            [(0, first), (0, second), (0, news[0]), (0, news[2]), (0, news[1]), (0, news[2])], to: topic, kafka)
        let after = try service()
        try await running(after) {
            try await eventually("ready again") { after.isReady }
            #expect(after.counts == FactCounts(accepted: 3, repeats: 2, gaps: 1))
            #expect(try after.held() == 6)
        }
        #expect(
            try PerksStore(path: path).database.positions(of: topic) == [
                0: FactPosition(offset: 8, sequence: 5), 1: FactPosition(offset: 2, sequence: 1),
            ])
    }

    @Test(.timeLimit(.minutes(2)))
    func aPositionThatTheBrokerDoesNotHaveGoesToTheBeginningAndKeepsTheSequence() async throws {
        let broker = try EmbeddedBroker()
        defer { withExtendedLifetime(broker) {} }
        let topic = "other.sanctions"
        try broker.createTopic(topic, partitions: 1)
        let kafka = KafkaConfiguration(brokers: broker.bootstrap, fetchWaitMilliseconds: 10)
        let path = folder.path("blacklist.sqlite")
        try BlacklistStore(path: path).database.write(
            [], positions: [0: FactPosition(offset: 1000, sequence: 1)], of: topic)
        try produce(
            [
                (0, FactText.sanction("in-force", of: "anna", sequence: 1)),
                (0, FactText.sanction("in-force", of: "ben", sequence: 2)),
                (0, FactText.sanction("in-force", of: "cleo", sequence: 3)),
            ], to: topic, kafka)
        let service = try DownstreamService(
            .blacklist, kafka: kafka, topic: topic, group: "others", databasePath: path, port: 0, logger: logger)
        try await running(service) {
            try await eventually("ready") { service.isReady }
            #expect(service.counts == FactCounts(accepted: 2, repeats: 1))
            #expect(try service.held() == 2)
        }
        let position = try BlacklistStore(path: path).database.positions(of: topic)[0]
        #expect(position == FactPosition(offset: 3, sequence: 3))
    }

    @Test(.timeLimit(.minutes(2)))
    func answersFromTheDatabaseWhileTheBrokerIsAway() async throws {
        let path = folder.path("blacklist.sqlite")
        try BlacklistStore(path: path).accept(
            FactText.sanction("in-force", of: "anna"), FactText.sanction("noticed", of: "ben"))
        // Nothing listens on port 1.
        let service = try DownstreamService(
            .blacklist, kafka: KafkaConfiguration(brokers: "127.0.0.1:1"), databasePath: path, port: 0, logger: logger)
        try await running(service) {
            try await eventually("listening") { service.port != nil }
            let denied = try await get("check?subject=%61nna&measure=air-travel", from: service)
            #expect(denied.status == 200)
            #expect(
                denied.body
                    == #"{"allowed":false,"measure":"air-travel","sanctions":[{"measures":["rail-high-speed","#
                    + #""air-travel"],"reasons":[{"dimension":"transport","points":2,"rule":"fare"}],"#
                    + #""sanction":"rail-ban","since":"\#(FactText.time)","until":"2028-01-02T03:04:05Z"}],"#
                    + #""subject":"anna"}"#)
            let noticed = try await get("check?subject=ben&measure=air-travel", from: service)
            #expect(
                noticed.body == #"{"allowed":true,"measure":"air-travel","sanctions":[],"subject":"ben"}"#)
            let missing = try await get("check?subject=anna", from: service)
            #expect(missing.status == 400 && missing.body == #"{"error":"missing query parameter: measure"}"#)
            #expect(try await get("check?measure=air-travel", from: service).body.contains("subject"))
            #expect(try await get("check?subject=%FF&measure=air-travel", from: service).status == 400)
            #expect(try await get("livez", from: service).status == 200)
            #expect(try await get("readyz", from: service).status == 503)
        }
    }
}
