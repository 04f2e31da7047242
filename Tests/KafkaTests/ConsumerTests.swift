import Kafka
import Testing

extension BrokerTests {
    @Suite struct ConsumerTests {
        @Test func readsWhatWasProduced() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            let topicPartition = KafkaFixture.topicPartition(1)
            let sent: [CopiedRecord] = [
                CopiedRecord(
                    topicPartition: topicPartition, offset: 0, key: Array("anna".utf8), value: Array("{}".utf8)),
                CopiedRecord(topicPartition: topicPartition, offset: 1, key: nil, value: [0, 255, 0]),
                CopiedRecord(topicPartition: topicPartition, offset: 2, key: [7], value: nil),
                CopiedRecord(
                    topicPartition: topicPartition, offset: 3, key: [], value: [],
                    headers: [
                        .init(name: "a", value: [1, 0, 2]), .init(name: "none", value: nil),
                        .init(name: "empty", value: []), .init(name: "a", value: [3]),
                    ]),
            ]
            try fixture.produce(sent)
            let read = try fixture.readAll()
            #expect(read.map(\.headers) == sent.map(\.headers))
            #expect(read == sent)
        }

        /// More of them than closed consumers may wait for their threads.
        @Test func oneShortReadingFollowsAnother() throws {
            let fixture = try KafkaFixture(partitions: 1)
            defer { withExtendedLifetime(fixture) {} }
            try fixture.produce(0..<3)
            for _ in 0..<3 * Consumer.maximumClosing {
                let consumer = try Consumer(fixture.kafka)
                try consumer.assign([PartitionOffset(KafkaFixture.topicPartition(0), offset: 0)])
                #expect(try fixture.read(consumer) { $0.count >= 3 }.numbers(of: 0) == [0, 1, 2])
                consumer.close()
                consumer.close()
            }
            #expect(Consumer.finishClosing())
        }

        /// Each record is a fetch of its own and fills the queue. Where nobody wakes the thread that fetches, as before librdkafka 2.2,
        /// it sleeps for a second after each, and the records do not come within the fixture's patience.
        @Test func aFullQueueIsFilledAgainOnceItIsRead() throws {
            let fixture = try KafkaFixture(
                partitions: 1, properties: ["batch.num.messages": "1", "fetch.message.max.bytes": "10"])
            defer { withExtendedLifetime(fixture) {} }
            try fixture.produce(0..<300)
            var options = Consumer.Options()
            (options.maximumQueuedRecords, options.maximumQueuedKilobytes) = (1, 1)
            let consumer = try Consumer(fixture.kafka, options: options)
            try consumer.assign([PartitionOffset(KafkaFixture.topicPartition(0), offset: 0)])
            let read = try fixture.read(consumer) { $0.count >= 300 }
            #expect(read.numbers(of: 0) == Array(0..<300))
        }

        @Test func looksUpHeadersByNameAndInTheirOrder() throws {
            let fixture = try KafkaFixture(partitions: 1)
            defer { withExtendedLifetime(fixture) {} }
            let headers: [CopiedRecord.Header] = [
                .init(name: "a", value: [1]), .init(name: "a", value: [2]), .init(name: "none", value: nil),
                .init(name: "empty", value: []),
            ]
            try fixture.produce([
                CopiedRecord(topicPartition: KafkaFixture.topicPartition(0), value: [1], headers: headers)
            ])
            let consumer = try fixture.consumer()
            try consumer.assign([PartitionOffset(KafkaFixture.topicPartition(0), offset: 0)])
            var found: [[UInt8]?] = []
            var all: [CopiedRecord.Header] = []
            let end = ContinuousClock.now + KafkaFixture.patience
            while found.isEmpty {
                try #require(ContinuousClock.now < end)
                try consumer.poll(timeoutMilliseconds: 20) { records in
                    for record in records {
                        found = [
                            record.header("a"), record.header("none"), record.header("empty"), record.header("b"),
                        ].map { $0.map(Array.init) }
                        record.forEachHeader { name, value in
                            all.append(.init(name: String(decoding: name, as: UTF8.self), value: value.map(Array.init)))
                        }
                    }
                }
            }
            #expect(found == [[2], nil, [], nil])
            #expect(all == headers)
        }

        @Test func keepsTheOrderOfEachPartition() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            try fixture.produce(0..<3000, to: 0)
            try fixture.produce(5000..<7000, to: 1)
            let records = try fixture.readAll()
            #expect(records.numbers(of: 0) == Array(0..<3000))
            #expect(records.numbers(of: 1) == Array(5000..<7000))
            #expect(records.filter { $0.topicPartition.partition == 0 }.map(\.offset) == Array(0..<3000))
        }

        /// Replacing an assignment that still starts or stops makes librdkafka abort the process.
        @Test func theSamePartitionsAreAssignedAgainAtOnce() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            try fixture.produce(0..<100, to: 0)
            try fixture.produce(0..<100, to: 1)
            let consumer = try fixture.consumer()
            func assign(_ offset: Int64) throws {
                try consumer.assign((0..<2).map { PartitionOffset(KafkaFixture.topicPartition($0), offset: offset) })
            }
            try assign(0)
            for offset in 1...50 {
                if offset % 5 == 0 {
                    try fixture.read(consumer) { _ in consumer.assignment.allSatisfy(\.reachedEnd) }
                }
                try assign(Int64(offset))
            }
            let records = try fixture.read(consumer) { _ in consumer.assignment.allSatisfy(\.reachedEnd) }
            #expect(records.numbers(of: 0) == Array(50..<100) && records.numbers(of: 1) == Array(50..<100))
        }

        @Test func startsAtTheAssignedOffsetAndSeeks() throws {
            let fixture = try KafkaFixture(partitions: 1)
            defer { withExtendedLifetime(fixture) {} }
            try fixture.produce(0..<100)
            let consumer = try fixture.consumer()
            try consumer.assign([PartitionOffset(KafkaFixture.topicPartition(0), offset: 40)])
            let first = try fixture.read(consumer) { _ in consumer.assignment[0].reachedEnd }
            #expect(first.numbers(of: 0) == Array(40..<100))
            #expect(consumer.assignment[0].position == 100)

            try consumer.seek(0, to: 10)
            #expect(!consumer.assignment[0].reachedEnd)
            let again = try fixture.read(consumer) { _ in consumer.assignment[0].reachedEnd }
            #expect(again.numbers(of: 0) == Array(10..<100))

            try consumer.assign([PartitionOffset(KafkaFixture.topicPartition(0), offset: PartitionOffset.end)])
            let none = try fixture.read(consumer) { _ in consumer.assignment[0].reachedEnd }
            #expect(none.isEmpty)
            #expect(consumer.assignment[0].position == 100)
        }

        @Test func noticesTheEndOfEmptyAndFilledPartitions() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            try fixture.produce(0..<5, to: 1)
            let consumer = try fixture.consumer()
            let starts = (0..<2).map {
                PartitionOffset(KafkaFixture.topicPartition($0), offset: PartitionOffset.beginning)
            }
            try consumer.assign(starts)
            #expect(consumer.assignment.allSatisfy { !$0.reachedEnd })
            try fixture.read(consumer) { _ in consumer.assignment.allSatisfy(\.reachedEnd) }
            #expect(consumer.assignment.map(\.position) == [0, 5])

            // A record takes the notice back; the next end brings it again.
            try fixture.produce(5..<6, to: 1)
            let more = try fixture.read(consumer) { _ in
                consumer.assignment[1].position == 6 && consumer.assignment[1].reachedEnd
            }
            #expect(more.numbers(of: 1) == [5])
        }

        @Test func pausesAndResumes() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            let consumer = try fixture.consumer()
            try consumer.assign((0..<2).map { PartitionOffset(KafkaFixture.topicPartition($0), offset: 0) })
            try fixture.read(consumer) { _ in consumer.assignment.allSatisfy(\.reachedEnd) }
            try consumer.pause([KafkaFixture.topicPartition(0)])
            try fixture.produce(0..<50, to: 0)
            try fixture.produce(0..<50, to: 1)
            let while1 = try fixture.read(consumer) { $0.count >= 50 }
            #expect(while1.numbers(of: 0).isEmpty)
            #expect(while1.numbers(of: 1) == Array(0..<50))
            try consumer.resume([KafkaFixture.topicPartition(0)])
            let after = try fixture.read(consumer) { $0.count >= 50 }
            #expect(after.numbers(of: 0) == Array(0..<50))
        }

        /// Also where it assigns the same partitions, which are then moved and stay assigned.
        @Test func anAssignmentResumesWhatWasPaused() throws {
            let fixture = try KafkaFixture(partitions: 1)
            defer { withExtendedLifetime(fixture) {} }
            try fixture.produce(0..<50, to: 0)
            let consumer = try fixture.consumer()
            let start = PartitionOffset(KafkaFixture.topicPartition(0), offset: 0)
            try consumer.assign([start])
            try fixture.read(consumer) { _ in consumer.assignment.allSatisfy(\.reachedEnd) }
            try consumer.pause([KafkaFixture.topicPartition(0)])
            try consumer.assign([start])
            #expect(try fixture.read(consumer) { $0.count >= 50 }.numbers(of: 0) == Array(0..<50))
        }

        @Test func saysThatAnOffsetHasExpired() throws {
            let fixture = try KafkaFixture(partitions: 1)
            defer { withExtendedLifetime(fixture) {} }
            // Twice what the embedded broker keeps.
            let padding = [UInt8](repeating: 0x20, count: EmbeddedBroker.retainedBytesPerPartition / 50)
            let records = (0..<100).map {
                CopiedRecord(topicPartition: KafkaFixture.topicPartition(0), value: Array(String($0).utf8) + padding)
            }
            try fixture.produce(records)
            let consumer = try fixture.consumer()
            try consumer.assign([PartitionOffset(KafkaFixture.topicPartition(0), offset: 0)])
            var errors: [(topicPartition: TopicPartition, error: KafkaError)] = []
            let read = try fixture.read(consumer) { _ in
                errors += consumer.takeErrors()
                return !errors.isEmpty
            }
            #expect(read.isEmpty)
            #expect(errors.first?.topicPartition == KafkaFixture.topicPartition(0))
            #expect(errors.first?.error.isOffsetOutOfRange == true)
            #expect(consumer.takeErrors().isEmpty)

            try consumer.assign([PartitionOffset(KafkaFixture.topicPartition(0), offset: PartitionOffset.beginning)])
            let left = try fixture.read(consumer) { _ in consumer.assignment[0].reachedEnd }
            #expect(!left.isEmpty && left.count < 100)
            #expect(left.map(\.value) == records.suffix(left.count).map(\.value))
        }
    }
}
