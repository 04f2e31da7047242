import Events
import Foundation
import GRDB
import Kafka
import Logging
import Synchronization
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
    ) -> JudgedFacts {
        var batch = JudgedFacts(for: store, after: [0: FactPosition(offset: offset, sequence: last)])
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
        #expect(gap.positions == [0: FactPosition(offset: 3, sequence: 1, seen: 5)])
        try store.database.write(gap.effects, positions: gap.positions, of: "facts")
        #expect(try await store.perks(of: "anna").map(\.perk) == ["perk-1"])

        let stored = try store.database.positions(of: "facts")
        #expect(stored == gap.positions, "the gap is known after a restart")
        let filled = batch(of: [2, 3, 4, 5].map(grant), offset: 3, after: 1, in: store)
        #expect(filled.partitions[0]?.counts == FactCounts(accepted: 4))
        #expect(filled.partitions[0]?.firstGap == nil)
        try store.database.write(filled.effects, positions: filled.positions, of: "facts")
        #expect(try store.count() == 5)
        #expect(try store.database.positions(of: "facts") == [0: FactPosition(offset: 7, sequence: 5)])
    }

    @Test func aMalformedRecordHasNoSequenceNumber() throws {
        let store = try PerksStore(path: folder.path("perks.sqlite"))
        let noPerk = FactText.event("standing.perk.granted", of: "anna", sequence: 2, #""x":1"#)
        let batch = batch(of: [grant(1), "{", noPerk, nil, grant(2)], in: store)
        #expect(batch.partitions[0]?.counts == FactCounts(accepted: 2, malformed: 3))
        #expect(batch.partitions[0]?.firstMalformed?.offset == 1)
        #expect(batch.positions == [0: FactPosition(offset: 5, sequence: 2)])
    }

    @Test func aTypeWithoutEffectKeepsItsSequenceNumber() throws {
        let store = try PerksStore(path: folder.path("perks.sqlite"))
        let batch = batch(of: [FactText.sanction("in-force", sequence: 1), grant(2)], in: store)
        #expect(batch.partitions[0]?.counts == FactCounts(accepted: 2))
        #expect(batch.effects.count == 1)
    }

    @Test func partitionsCountForThemselves() throws {
        let store = try PerksStore(path: folder.path("perks.sqlite"))
        var batch = JudgedFacts(for: store, after: [1: FactPosition(offset: 0, sequence: 1)])
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
            try await eventually("current, and listening") { before.isCurrent && before.port != nil }
            #expect(before.counts == FactCounts(accepted: 3, malformed: 1))
            #expect(try before.held() == 3)
            let answer = try await get("subjects/anna%20b%2Fc/perks", from: before)
            #expect(answer.status == 200)
            #expect(
                answer.body
                    == #"{"current":true,"perks":[{"perk":"energy-discount","since":"\#(FactText.time)"}],"subject":"anna b/c"}"#
            )
            #expect(try await get("readyz", from: before) == (200, #"{"ready":true}"#))
            let metrics = try await get("metrics", from: before).body
            #expect(metrics.contains("standing_downstream_current 1\n"))
            #expect(metrics.contains(#"standing_downstream_facts_total{result="accepted"} 3"#))
            #expect(!metrics.contains("anna"))
        }

        // Both again, as after a producer's restart; then 3, a stray 5, and what was missing.
        let news = (3...5).map { FactText.perk("granted", "perk-\($0)", of: "ben", sequence: Int64($0)) }
        try produce(
            [(0, first), (0, second), (0, news[0]), (0, news[2]), (0, news[1]), (0, news[2])], to: topic, kafka)
        let after = try service()
        try await running(after) {
            try await eventually("current again") { after.isCurrent }
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
            try await eventually("current") { service.isCurrent }
            #expect(service.counts == FactCounts(accepted: 2, repeats: 1))
            #expect(try service.held() == 2)
        }
        let position = try BlacklistStore(path: path).database.positions(of: topic)[0]
        #expect(position == FactPosition(offset: 3, sequence: 3))
    }

    /// A service whose broker is away: nothing listens on port 1.
    private func alone(
        _ kind: DownstreamService.Kind, failsOpen: Bool, now: String = "2026-06-01T00:00:00Z", measures: [String] = []
    ) throws -> DownstreamService {
        var options = DownstreamService.Options()
        options.failsOpen = failsOpen
        options.measures = measures
        let time = try #require(Timestamp(now))
        options.now = { time }
        return try DownstreamService(
            kind, kafka: KafkaConfiguration(brokers: "127.0.0.1:1"), databasePath: folder.path("\(kind).sqlite"),
            port: 0,
            options: options, logger: logger)
    }

    @Test(.timeLimit(.minutes(2)))
    func aServiceThatIsNotCurrentAnswers503() async throws {
        try BlacklistStore(path: folder.path("blacklist.sqlite")).accept(FactText.sanction("in-force", of: "anna"))
        for (kind, path) in [
            (DownstreamService.Kind.blacklist, "check?subject=anna&measure=air-travel"),
            (.perks, "subjects/anna/perks"),
        ] {
            let service = try alone(kind, failsOpen: false)
            try await running(service) {
                try await eventually("listening") { service.port != nil }
                let answer = try await get(path, from: service)
                #expect(answer.status == 503)
                #expect(answer.body.hasPrefix(#"{"current":false,"error":"not current: "#), "\(answer.body)")
                #expect(answer.body.contains(#""reasons":["how far \#(kind.defaultTopic) goes is not known, for "#))
                #expect(!answer.body.contains("allowed") && !answer.body.contains("perks\":["))
                let readiness = try await get("readyz", from: service)
                #expect(readiness.status == 503)
                #expect(readiness.body.hasPrefix(#"{"error":"not current","ready":false,"reasons":["how far "#))
                #expect(try await get("livez", from: service).status == 200)
                #expect(try await get("metrics", from: service).body.contains("standing_downstream_current 0\n"))
            }
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func aServiceThatFailsOpenSaysThatItIsNotCurrent() async throws {
        try BlacklistStore(path: folder.path("blacklist.sqlite")).accept(
            FactText.sanction("in-force", of: "anna"), FactText.sanction("noticed", of: "ben"))
        let service = try alone(.blacklist, failsOpen: true)
        try await running(service) {
            try await eventually("listening") { service.port != nil }
            let denied = try await get("check?subject=%61nna&measure=air-travel", from: service)
            #expect(denied.status == 200)
            #expect(
                denied.body
                    == #"{"allowed":false,"current":false,"measure":"air-travel","sanctions":[{"measures":["rail-high-speed","#
                    + #""air-travel"],"reasons":[{"dimension":"transport","points":2,"rule":"fare"}],"#
                    + #""sanction":"rail-ban","since":"\#(FactText.time)","state":"in-force","#
                    + #""until":"2028-01-02T03:04:05Z"}],"subject":"anna"}"#)
            let noticed = try await get("check?subject=ben&measure=air-travel", from: service)
            #expect(
                noticed.body
                    == #"{"allowed":true,"current":false,"measure":"air-travel","sanctions":[],"subject":"ben"}"#)
            let missing = try await get("check?subject=anna", from: service)
            #expect(missing.status == 400 && missing.body.hasSuffix(#""error":"missing query parameter: measure"}"#))
            #expect(try await get("check?measure=air-travel", from: service).body.contains("subject"))
            #expect(try await get("check?subject=%FF&measure=air-travel", from: service).status == 400)
            #expect(try await get("readyz", from: service).status == 503)
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func anUnknownMeasureIs404() async throws {
        let empty = try alone(.blacklist, failsOpen: true)
        try await running(empty) {
            try await eventually("listening") { empty.port != nil }
            let answer = try await get("check?subject=anna&measure=rail", from: empty)
            #expect(answer.status == 404)
            #expect(answer.body.contains("none is known yet: declare the policy's with --measures"), "\(answer.body)")
        }
        try BlacklistStore(path: folder.path("blacklist.sqlite")).accept(FactText.sanction("lifted", of: "anna"))
        let service = try alone(.blacklist, failsOpen: true, measures: ["deferred-payment"])
        try await running(service) {
            try await eventually("listening") { service.port != nil }
            let answer = try await get("check?subject=anna&measure=rail-hihg-speed", from: service)
            #expect(answer.status == 404)
            #expect(answer.body.contains("those known are air-travel, deferred-payment, rail-high-speed"))
            #expect(!answer.body.contains("allowed"))
            for known in ["deferred-payment", "air-travel"] {
                let answer = try await get("check?subject=anna&measure=\(known)", from: service)
                #expect(answer.status == 200 && answer.body.hasPrefix(#"{"allowed":true"#), "\(known)")
            }
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func aTermThatIsOverDeniesNoMoreAndIsSaid() async throws {
        try BlacklistStore(path: folder.path("blacklist.sqlite")).accept(
            FactText.sanction("in-force", of: "anna", until: "2026-03-01T00:00:00Z"))
        let service = try alone(.blacklist, failsOpen: true, now: "2026-03-01T00:00:00Z")
        try await running(service) {
            try await eventually("listening") { service.port != nil }
            let body = try await get("check?subject=anna&measure=air-travel", from: service).body
            #expect(body.hasPrefix(#"{"allowed":true,"#), "\(body)")
            #expect(body.contains(#""state":"term over, engine behind","until":"2026-03-01T00:00:00Z""#), "\(body)")
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func theKeysOfEveryAnswerAreOfOneStyle() async throws {
        try BlacklistStore(path: folder.path("blacklist.sqlite")).accept(FactText.sanction("in-force", of: "anna"))
        try PerksStore(path: folder.path("perks.sqlite")).accept(
            FactText.perk("granted", "p", of: "anna", sequence: 1))
        let check = "check?subject=anna&measure="
        var seen: Set<String> = []
        for (kind, failsOpen, paths) in [
            (DownstreamService.Kind.blacklist, true, [check + "air-travel", check + "x", check, "readyz"]),
            (.blacklist, false, [check + "air-travel"]), (.perks, true, ["subjects/anna/perks"]),
        ] {
            let service = try alone(kind, failsOpen: failsOpen)
            try await running(service) {
                try await eventually("listening") { service.port != nil }
                for path in paths {
                    let body = try await get(path, from: service).body
                    seen.formUnion(Self.keys(of: try JSONSerialization.jsonObject(with: Data(body.utf8))))
                }
            }
        }
        #expect(seen.isSuperset(of: ["current", "reasons", "ready", "state", "until", "perk", "error"]))
        #expect(seen.allSatisfy { $0.wholeMatch(of: /[a-z]+/) != nil }, "\(seen.sorted())")
    }

    private static func keys(of value: Any) -> Set<String> {
        if let object = value as? [String: Any] {
            return object.values.reduce(into: Set(object.keys)) { $0.formUnion(keys(of: $1)) }
        }
        return (value as? [Any] ?? []).reduce(into: []) { $0.formUnion(keys(of: $1)) }
    }

    // MARK: A database that fails while it runs

    /// A perks store whose writes fail while it is full.
    private final class FullStore: FactStore {
        private struct Full: Error {}

        private let store: PerksStore
        let isFull = Atomic(true)

        init(_ store: PerksStore) { self.store = store }

        var database: FactDatabase { store.database }
        func count() throws -> Int { try store.count() }
        func probe() async throws { try await store.probe() }

        func effect(of fact: FactMessage) throws(MalformedFact) -> FactEffect? {
            guard let effect = try store.effect(of: fact) else { return nil }
            return { [self] db in
                if isFull.load(ordering: .relaxed) { throw Full() }
                try effect(db)
            }
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func aFullDiskIsWaitedFor() async throws {
        let broker = try EmbeddedBroker()
        defer { withExtendedLifetime(broker) {} }
        try broker.createTopic("standing.perks", partitions: 1)
        // It lets a group rest for a session's length after a member has left.
        let kafka = KafkaConfiguration(
            brokers: broker.bootstrap, properties: ["session.timeout.ms": "3000", "heartbeat.interval.ms": "500"],
            fetchWaitMilliseconds: 10)
        try produce([(0, FactText.perk("granted", "p", of: "anna", sequence: 1))], to: "standing.perks", kafka)
        let store = FullStore(try PerksStore(path: folder.path("perks.sqlite")))
        let follower = FactFollower(
            kafka: kafka, topic: "standing.perks", group: "g", store: store, within: .seconds(30), logger: logger)
        follower.start()
        do {
            try await eventually("the reason") {
                follower.reasonsNotCurrent.contains { $0.contains("perks.sqlite cannot be used (Full())") }
            }
            #expect(try store.count() == 0)
            store.isFull.store(false, ordering: .relaxed)
            try await eventually("current") { follower.isCurrent }
            #expect(try store.count() == 1)
        } catch {
            await follower.stop()
            throw error
        }
        await follower.stop()
    }

    @Test(.timeLimit(.minutes(2)))
    func aDatabaseThatCannotBeReadAnswers503AndGoesOnWhenItCan() async throws {
        let path = folder.path("blacklist.sqlite")
        let service = try alone(.blacklist, failsOpen: true, measures: ["air-travel"])
        let other = try DatabaseQueue(path: path)
        let question = "check?subject=anna&measure=air-travel"
        try await running(service) {
            try await eventually("listening") { service.port != nil }
            #expect(try await get(question, from: service).status == 200)
            try await other.write { try $0.execute(sql: "ALTER TABLE sanction RENAME TO elsewhere") }
            // Not even a service that fails open has an answer.
            let answer = try await get(question, from: service)
            #expect(answer.status == 503 && answer.body.contains(path), "\(answer.body)")
            #expect(try await get("readyz", from: service).body.contains("no such table: sanction"))
            try await other.write { try $0.execute(sql: "ALTER TABLE elsewhere RENAME TO sanction") }
            #expect(try await get(question, from: service).status == 200)
            #expect(!(try await get("readyz", from: service).body.contains("no such table")))
        }
    }
}
