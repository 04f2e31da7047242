import Foundation
import Kafka
import Lag
import Testing

private let group = "readers"
private let topic = "orders"

/// A broker with `orders`, which has two partitions of `records` records each.
private struct Cluster {
    let broker: EmbeddedBroker
    let kafka: KafkaConfiguration

    init(records: Int = 1000, bytes: Int = 10) throws {
        broker = try EmbeddedBroker()
        try broker.createTopic(topic, partitions: 2)
        kafka = KafkaConfiguration(brokers: broker.bootstrap, fetchWaitMilliseconds: 10)
        try write(records, bytes: bytes)
    }

    /// To each partition, each of so many bytes, which are sevens.
    func write(_ records: Int, bytes: Int = 10) throws {
        var options = Producer.Options()
        options.compression = "none"
        let producer = try Producer(kafka, options: options)
        let orders = try producer.topic(topic)
        let value = [UInt8](repeating: 7, count: bytes)
        var failures = 0
        for _ in 0..<records {
            for partition in 0..<2 {
                try value.withUnsafeBytes { bytes in
                    while !(try producer.produce(topic: orders, partition: Int32(partition), key: nil, value: bytes)) {
                        producer.serve(timeoutMilliseconds: 10) { if $0.code != 0 { failures += 1 } }
                    }
                }
            }
        }
        let isFlushed = producer.flush(timeoutMilliseconds: 30_000) { if $0.code != 0 { failures += 1 } }
        try #require(isFlushed && failures == 0)
    }

    func commit(_ offset: Int64, partition: Int32 = 0) throws {
        let consumer = try Consumer(kafka, options: Consumer.Options(group: group))
        let offsets = [PartitionOffset(TopicPartition(topic, partition), offset: offset)]
        try consumer.assign(offsets)
        try consumer.commit(offsets, wait: true)
    }

    func monitor(
        groups: [String]? = nil, known: [String: [String]] = [group: [topic]], ledgers: FramedTopics? = nil
    ) throws -> LagMonitor {
        try LagMonitor(kafka: kafka, groups: groups, knownGroups: known, ledgers: ledgers)
    }
}

private func wallClock() -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

@Suite struct LagCollectorTests {
    @Test func reportsWhatIsBehindAndWhatIsUnknown() throws {
        let start = wallClock()
        let cluster = try Cluster()
        defer { withExtendedLifetime(cluster) {} }
        try cluster.commit(400)

        let now = wallClock()
        let report = try cluster.monitor().observe(now: now)

        #expect(report.groups.map(\.group) == [group])
        let found = try #require(report.groups.first)
        #expect(found.state == nil)
        #expect(found.partitions.map(\.topicPartition) == [TopicPartition(topic, 0), TopicPartition(topic, 1)])
        try #require(found.partitions.count == 2)

        let behind = found.partitions[0].lag
        #expect(behind.committed == 400)
        #expect(behind.end == 1000)
        #expect(behind.records == 600)
        let seconds = try #require(behind.seconds)
        // The next record is no older than the cluster.
        #expect(seconds >= 0 && seconds * 1000 < Double(now - start + 1))
        #expect(behind.consumptionRate == nil)
        #expect(behind.status == .behind)

        let uncommitted = found.partitions[1].lag
        #expect(uncommitted.committed == nil)
        #expect(uncommitted.end == 1000)
        #expect(uncommitted.records == nil)
        #expect(uncommitted.seconds == nil)
        #expect(uncommitted.status == .unknown)

        #expect(report.notes.contains { $0.hasPrefix("the broker does not list groups") })
    }

    /// The rates come from the given times, so they are exact.
    @Test func followsAGroupOverTime() throws {
        let cluster = try Cluster()
        defer { withExtendedLifetime(cluster) {} }
        let monitor = try cluster.monitor()
        let start = wallClock()

        try cluster.commit(400)
        _ = try monitor.observe(now: start)
        try cluster.commit(500)
        let moving = try #require(try monitor.observe(now: start + 10_000).groups.first?.partitions.first?.lag)
        #expect(moving.records == 500)
        #expect(moving.consumptionRate == 10)
        #expect(moving.arrivalRate == 0)
        #expect(moving.catchUp == .seconds(50))

        // Not moved: the age of the same record grows with the clock.
        let still = try #require(try monitor.observe(now: start + 20_000).groups.first?.partitions.first?.lag)
        let before = try #require(moving.seconds)
        let after = try #require(still.seconds)
        #expect(abs(after - before - 10) < 0.001)

        try cluster.commit(1000)
        let done = try #require(try monitor.observe(now: start + 30_000).groups.first?.partitions.first?.lag)
        #expect(done.records == 0)
        #expect(done.seconds == 0)
        #expect(done.status == .ok)
    }

    /// The embedded broker keeps 5 MB of a partition; the first of 10 MB are gone.
    @Test func saysThatTheNextRecordExpired() throws {
        let cluster = try Cluster(records: 100, bytes: EmbeddedBroker.retainedBytesPerPartition / 50)
        defer { withExtendedLifetime(cluster) {} }
        try cluster.commit(0)
        try cluster.commit(99, partition: 1)

        let report = try cluster.monitor().observe(now: wallClock())
        let partitions = try #require(report.groups.first?.partitions)
        try #require(partitions.count == 2)
        let expired = partitions[0].lag
        #expect(expired.status == .expired)
        // What is gone is no lag: it begins where the log begins.
        let (start, lost) = (try #require(expired.start), try #require(expired.lost))
        #expect(start > 0)
        #expect(lost == start)
        #expect(expired.records == 100 - start)
        #expect(expired.seconds != nil)
        #expect(report.groups.first?.causes.first?.code == .retention)
        #expect(partitions[1].lag.status == .behind)
        #expect(partitions[1].lag.records == 1)
        #expect(partitions[1].lag.seconds != nil)
        #expect(report.excesses(maxSeconds: 1e9).isEmpty, "what is left is not that old")
    }

    /// A group that has read every record of committed transactions stands before the record that ends the last.
    @Test func theEndOfATransactionIsNotBehind() throws {
        let cluster = try Cluster(records: 10)
        defer { withExtendedLifetime(cluster) {} }
        for partition in 0..<2 as Range<Int32> { try cluster.commit(10, partition: partition) }
        try appendTransactionEnd(to: TopicPartition(topic, 0), broker: cluster.broker.bootstrap)
        let monitor = try cluster.monitor()
        let start = wallClock()

        for second in 0..<4 as Range<Int64> {
            let report = try monitor.observe(now: start + second * 1000)
            let lag = try #require(report.groups.first?.partitions.first?.lag)
            #expect(lag.committed == 10)
            #expect(lag.end == 11)
            #expect(lag.records == 0)
            #expect(lag.seconds == 0)
            #expect(lag.catchUp == .seconds(0))
            #expect(lag.status == .ok)
            #expect(report.notes.count == 1, "that groups are not listed")
            #expect(report.excesses(maxSeconds: 0, asked: [group]) == [])
        }

        // That there was nothing holds up to that end only.
        try cluster.write(1)
        let report = try monitor.observe(now: start + 4000)
        let lag = try #require(report.groups.first?.partitions.first?.lag)
        #expect(lag.records == 2)
        #expect(lag.seconds != nil)
        #expect(lag.status == .behind)
    }

    /// A record of the fixture begins with a seven, which stands for so many events.
    @Test func countsTheEventsInUnreadFrames() throws {
        let cluster = try Cluster(records: 1000)
        defer { withExtendedLifetime(cluster) {} }
        let monitor = try cluster.monitor(
            ledgers: FramedTopics(includes: { $0 == topic }, events: { $0.first.map { Int($0) } }, subjects: { $1($0) })
        )
        func units() throws -> [LagUnit] {
            let report = try monitor.observe(now: wallClock())
            return try #require(report.groups.first).partitions.map(\.unit)
        }

        try cluster.commit(100)
        #expect(try units() == [.frames(events: nil), .frames(events: nil)], "too many, and nothing committed")
        for (offset, unread) in [(990, 10), (995, 5), (1000, 0), (980, 20)] as [(Int64, Int64)] {
            try cluster.commit(offset)
            #expect(try units() == [.frames(events: 7 * unread), .frames(events: nil)])
        }
        try cluster.write(3)
        #expect(try units() == [.frames(events: 7 * 23), .frames(events: nil)])
    }

    /// Every record of the fixture has the same value, which stands for its subject.
    @Test func countsTheSubjectsOfUnreadFrames() throws {
        let cluster = try Cluster(records: 1000)
        defer { withExtendedLifetime(cluster) {} }
        let framed = FramedTopics(
            includes: { $0 == topic }, events: { $0.first.map { Int($0) } }, subjects: { $1($0) })
        let monitor = try cluster.monitor(ledgers: framed)
        func subjects() throws -> [CountBounds?] {
            try #require(monitor.observe(now: wallClock()).groups.first).partitions.map(\.subjects)
        }
        try cluster.commit(100)
        #expect(
            try subjects() == [CountBounds(atLeast: 1, atMost: nil), .unknown], "too many to read, and none committed")
        try cluster.commit(990)
        #expect(try subjects().first == CountBounds(exactly: 1))
        try cluster.commit(1000)
        #expect(try subjects().first == CountBounds(exactly: 0))

        try cluster.commit(990)
        let records = try cluster.monitor().observe(now: wallClock())
        #expect(records.groups.first?.partitions.first?.subjects == CountBounds(atLeast: 0, atMost: 10))
        #expect(records.groups.first?.subjects == .unknown)
    }

    @Test func topicsThatAreNoLedgerHaveRecords() throws {
        let cluster = try Cluster(records: 1)
        defer { withExtendedLifetime(cluster) {} }
        let ledgers = FramedTopics(includes: { _ in false }, events: { _ in 1 }, subjects: { _, _ in })
        let monitor = try cluster.monitor(ledgers: ledgers)
        let report = try monitor.observe(now: wallClock())
        #expect(report.groups.first?.partitions.map(\.unit) == [.records, .records])
    }

    /// Two groups at different offsets of one partition cannot share a round.
    @Test func readsOnePartitionForTwoGroups() throws {
        let cluster = try Cluster()
        defer { withExtendedLifetime(cluster) {} }
        try cluster.commit(400)
        let other = try Consumer(cluster.kafka, options: Consumer.Options(group: "others"))
        try other.commit([PartitionOffset(TopicPartition(topic, 0), offset: 700)], wait: true)

        let report = try cluster.monitor(known: [group: [topic], "others": [topic]]).observe(now: wallClock())
        #expect(report.groups.map(\.group) == ["others", group])
        #expect(report.groups.map { $0.partitions.first?.lag.records } == [300, 600])
        #expect(report.groups.allSatisfy { $0.partitions.first?.lag.seconds != nil })
    }

    @Test func showsOnlyTheGroupsAskedFor() throws {
        let cluster = try Cluster(records: 1)
        defer { withExtendedLifetime(cluster) {} }
        let known = [group: [topic], "others": [topic, "missing"]]
        let report = try cluster.monitor(groups: ["others"], known: known).observe(now: wallClock())
        #expect(report.groups.map(\.group) == ["others"])
        #expect(report.groups.first?.partitions.map(\.lag.committed) == [nil, nil])
        #expect(report.notes.contains("group others: topic missing is not on the cluster, or hidden from this client"))
    }

    /// The others are reported all the same.
    @Test func doesNotKnowTheEndOfAPartitionWithoutALeader() throws {
        let cluster = try Cluster(records: 10)
        defer { withExtendedLifetime(cluster) {} }
        try cluster.commit(4)
        try cluster.commit(4, partition: 1)
        cluster.broker.moveLeader(of: TopicPartition(topic, 1), to: EmbeddedBroker.nobody)
        let report = try cluster.monitor().observe(now: wallClock())
        let partitions = try #require(report.groups.first?.partitions)
        #expect(partitions.map(\.lag.committed) == [4, 4])
        #expect(partitions.map(\.lag.end) == [10, nil])
        #expect(partitions.map(\.lag.status) == [.behind, .unknown])
    }

    /// The topic was made anew, or somebody made a mistake.
    @Test func saysThatACommitIsBeyondTheEnd() throws {
        let cluster = try Cluster(records: 10)
        defer { withExtendedLifetime(cluster) {} }
        try cluster.commit(400)
        try cluster.commit(10, partition: 1)
        let found = try #require(try cluster.monitor().observe(now: wallClock()).groups.first)
        let lag = try #require(found.partitions.first?.lag)
        #expect(lag.status == .unknown)
        #expect(lag.ignorance == .beyondEnd)
        #expect(lag.records == nil)
        #expect(lag.seconds == nil)
        #expect(found.records == nil)
        #expect(found.causes.map(\.code) == [.topicChanged])
    }

    @Test func aGroupThatStandsStillIsStalledInTime() throws {
        let cluster = try Cluster(records: 100)
        defer { withExtendedLifetime(cluster) {} }
        try cluster.commit(40)
        try cluster.commit(100, partition: 1)
        let monitor = try cluster.monitor()
        let start = wallClock()
        var found: [LagEvaluation.Status] = []
        for second in [0, 8, 16] as [Int64] {
            let report = try monitor.observe(now: start + second * 1000)
            found.append(try #require(report.groups.first?.partitions.first?.lag.status))
        }
        #expect(found == [.behind, .behind, .stalled])
        try cluster.commit(50)
        let moved = try monitor.observe(now: start + 24_000)
        #expect(moved.groups.first?.partitions.first?.lag.status == .behind)
        try cluster.commit(20)
        let back = try monitor.observe(now: start + 32_000)
        #expect(back.groups.first?.partitions.first?.lag.status == .rewound)
        #expect(back.groups.first?.causes.first?.code == .rewound)
    }

    /// The time without records is no standstill, and the first record after it is not one either.
    @Test func anIdleTopicIsRead() throws {
        let cluster = try Cluster(records: 10)
        defer { withExtendedLifetime(cluster) {} }
        for partition in 0..<2 as Range<Int32> { try cluster.commit(10, partition: partition) }
        let monitor = try cluster.monitor()
        let now = wallClock()
        for secondsAgo in [3600, 1800, 60] as [Int64] {
            let idle = try #require(try monitor.observe(now: now - secondsAgo * 1000).groups.first)
            #expect(idle.status == .ok && idle.records == 0 && idle.seconds == 0 && idle.causes.isEmpty)
        }
        try cluster.write(1)
        let busy = try #require(try monitor.observe(now: wallClock()).groups.first)
        #expect(busy.status == .behind && busy.records == 2)
        #expect(busy.partitions.allSatisfy { $0.lag.stillSeconds ?? 0 == 0 })
    }

    /// Its part is unknown, and the rest is reported.
    @Test func aGroupWhoseCoordinatorRefusesHidesNoOther() throws {
        let cluster = try Cluster(records: 10)
        defer { withExtendedLifetime(cluster) {} }
        let other = try Consumer(cluster.kafka, options: Consumer.Options(group: "others"))
        try other.commit([PartitionOffset(TopicPartition(topic, 0), offset: 7)], wait: true)
        // OffsetFetch of the first group that is asked: GROUP_AUTHORIZATION_FAILED.
        cluster.broker.failNext(apiKey: 9, codes: [30])
        let report = try cluster.monitor(known: [group: [topic], "others": [topic]]).observe(now: wallClock())
        #expect(report.groups.count == 2)
        #expect(report.notes.contains { $0.contains("the committed offsets are unknown") })
        let refused = try #require(report.groups.first { group in report.notes.contains { $0.contains(group.group) } })
        #expect(refused.records == nil)
        #expect(refused.status == .unknown)
        #expect(refused.causes.map(\.code) == [.offsetsUnknown])
    }

    /// One broker leads a partition and coordinates a group; the answers of another one are reported all the same.
    @Test func aBrokerThatHangsKeepsBackWhatItWouldHaveTold() throws {
        let broker = try EmbeddedBroker(brokers: 2)
        defer { withExtendedLifetime(broker) {} }
        try broker.createTopic(topic, partitions: 2)
        let kafka = KafkaConfiguration(brokers: broker.bootstrap, fetchWaitMilliseconds: 10)
        let topicPartitions = (0..<2 as Range<Int32>).map { TopicPartition(topic, $0) }
        for (index, topicPartition) in topicPartitions.enumerated() {
            broker.moveLeader(of: topicPartition, to: Int32(index + 1))
        }
        for (index, name) in ["readers", "others"].enumerated() {
            broker.moveCoordinator(ofGroup: name, to: Int32(index + 1))
            let consumer = try Consumer(kafka, options: Consumer.Options(group: name))
            try consumer.commit(topicPartitions.map { PartitionOffset($0, offset: 0) }, wait: true)
        }
        broker.setRoundTrip(2, milliseconds: 600_000)
        let monitor = try LagMonitor(kafka: kafka, knownGroups: ["readers": [topic], "others": [topic]])
        let report = try monitor.observe(now: wallClock())
        try #require(report.groups.map(\.group) == ["others", "readers"])
        #expect(report.groups[0].partitions.map(\.lag.committed) == [nil, nil])
        #expect(report.groups[0].profile.commitFailure != nil)
        #expect(report.groups[1].partitions.map(\.lag.committed) == [0, 0])
        #expect(report.groups[1].partitions.map(\.lag.end) == [0, nil])
        #expect(report.groups[1].partitions.map(\.lag.status) == [.ok, .unknown])
        #expect(report.groups[1].causes.map(\.code) == [.broker])
        #expect(report.notes.contains { $0.hasPrefix("broker 2 does not tell the offsets") })
    }

    @Test func throwsWithoutACluster() throws {
        let kafka = KafkaConfiguration(brokers: "127.0.0.1:1")
        let monitor = try LagMonitor(kafka: kafka, timeoutMilliseconds: 500)
        #expect(throws: KafkaError.self) { try monitor.observe(now: wallClock()) }
    }
}
