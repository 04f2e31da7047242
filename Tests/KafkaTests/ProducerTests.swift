import Kafka
import Testing

extension BrokerTests {
    @Suite struct ProducerTests {
        /// Serves until nothing is queued; returns the deliveries.
        private func drain(_ producer: Producer) throws -> [Delivery] {
            var deliveries: [Delivery] = []
            let isFlushed = producer.flush(timeoutMilliseconds: KafkaFixture.patienceMilliseconds) {
                deliveries.append($0)
            }
            try #require(isFlushed)
            return deliveries
        }

        @Test func tellsWhatBecameOfEachRecord() throws {
            let fixture = try KafkaFixture()
            defer { withExtendedLifetime(fixture) {} }
            let producer = try Producer(fixture.kafka)
            let topic = try producer.topic(KafkaFixture.topic)
            #expect(try producer.topic(KafkaFixture.topic) == topic)
            #expect(producer.topicName(topic) == KafkaFixture.topic)
            for tag in 1...10 {
                #expect(try producer.produce(topic: topic, partition: 1, key: nil, value: [1], tag: tag))
            }
            let deliveries = try drain(producer)
            #expect(deliveries.map(\.tag) == Array(1...10))
            #expect(deliveries.map(\.offset) == Array(0..<10))
            #expect(deliveries.allSatisfy { $0.code == 0 && $0.partition == 1 && $0.topic == topic })
            #expect(producer.queued == 0)
        }

        @Test func refusesARecordThatIsTooLarge() throws {
            let fixture = try KafkaFixture(partitions: 1)
            defer { withExtendedLifetime(fixture) {} }
            var options = Producer.Options()
            options.maximumRecordBytes = 100_000
            let producer = try Producer(fixture.kafka, options: options)
            let topic = try producer.topic(KafkaFixture.topic)
            let value = [UInt8](repeating: 1, count: 200_000)
            let error = #expect(throws: KafkaError.self) {
                try producer.produce(topic: topic, partition: 0, key: nil, value: value)
            }
            #expect(error?.isTooLarge == true)
            #expect(producer.fatalError == nil)
        }

        /// The linger is ten minutes: without the word the record does not come within the fixture's patience.
        @Test func whatWaitsForCompanyGoesWhenTheProducerIsToHurry() throws {
            let fixture = try KafkaFixture(partitions: 1)
            defer { withExtendedLifetime(fixture) {} }
            var options = Producer.Options()
            options.lingerMilliseconds = 600_000
            let producer = try Producer(fixture.kafka, options: options)
            let topic = try producer.topic(KafkaFixture.topic)
            try #require(try produce(1, with: producer, topic))
            var deliveries: [Delivery] = []
            let end = ContinuousClock.now + KafkaFixture.patience
            while deliveries.isEmpty {
                try #require(ContinuousClock.now < end, "the record does not go")
                // One word may come before the producer knows its broker.
                producer.hurry()
                producer.serve(timeoutMilliseconds: 20) { deliveries.append($0) }
            }
            #expect(deliveries.map(\.code) == [0])
        }

        /// A record that never fits would stop a caller that waits for room.
        @Test func takesARecordThatIsLargerThanItsQueue() throws {
            let fixture = try KafkaFixture(partitions: 1)
            defer { withExtendedLifetime(fixture) {} }
            var options = Producer.Options()
            options.maximumQueuedKilobytes = 1024
            let producer = try Producer(fixture.kafka, options: options)
            let topic = try producer.topic(KafkaFixture.topic)
            let large = [UInt8](repeating: 7, count: 4 << 20)
            #expect(try producer.produce(topic: topic, partition: 0, key: nil, value: large))
            #expect(try !producer.produce(topic: topic, partition: 0, key: nil, value: large + large.prefix(1 << 20)))
            #expect(try drain(producer).allSatisfy { $0.code == 0 })
        }

        @Test func boundsItsQueueWhileTheBrokerIsAway() throws {
            let fixture = try KafkaFixture(partitions: 1)
            defer { withExtendedLifetime(fixture) {} }
            fixture.broker.setBroker(1, down: true)
            var options = Producer.Options()
            options.gapless = true
            options.maximumQueuedRecords = 10
            let producer = try Producer(fixture.kafka, options: options)
            let topic = try producer.topic(KafkaFixture.topic)
            var sent = 0
            while sent < 20, try produce(sent, with: producer, topic) { sent += 1 }
            #expect(sent == 10)
            #expect(try !produce(sent, with: producer, topic))

            fixture.broker.setBroker(1, down: false)
            var failures = 0
            let end = ContinuousClock.now + KafkaFixture.patience
            while sent < 100 {
                try #require(ContinuousClock.now < end)
                if try produce(sent, with: producer, topic) {
                    sent += 1
                } else {
                    producer.serve(timeoutMilliseconds: 20) { if $0.code != 0 { failures += 1 } }
                }
            }
            #expect(try drain(producer).allSatisfy { $0.code == 0 })
            #expect(failures == 0)
            #expect(try fixture.readAll(partitions: 1).numbers(of: 0) == Array(0..<100))
        }

        /// REQUEST_TIMED_OUT, LEADER_NOT_AVAILABLE, NOT_LEADER_FOR_PARTITION, NOT_ENOUGH_REPLICAS.
        @Test(arguments: [[7], [5, 6], [7, 19, 7]] as [[Int32]])
        func triesAgainWithoutLossOrRepeat(_ codes: [Int32]) throws {
            let fixture = try KafkaFixture(partitions: 1)
            defer { withExtendedLifetime(fixture) {} }
            var options = Producer.Options()
            options.gapless = true
            let producer = try Producer(fixture.kafka, options: options)
            let topic = try producer.topic(KafkaFixture.topic)
            var deliveries: [Delivery] = []
            for round in 0..<5 {
                if round == 1 { fixture.broker.failNext(apiKey: 0, codes: codes) }
                for number in round * 20..<round * 20 + 20 {
                    #expect(try produce(number, with: producer, topic))
                }
                deliveries += try drain(producer)
            }
            #expect(deliveries.count == 100)
            #expect(deliveries.allSatisfy { $0.code == 0 })
            #expect(producer.fatalError == nil)
            #expect(try fixture.readAll(partitions: 1).numbers(of: 0) == Array(0..<100))
        }

        /// The embedded broker stores a record whose predecessor it has refused, and then librdkafka takes both for stored.
        @Test func whatIsAcknowledgedIsThere() throws {
            let fixture = try KafkaFixture(partitions: 1)
            defer { withExtendedLifetime(fixture) {} }
            var options = Producer.Options()
            options.gapless = true
            options.lingerMilliseconds = 0
            let producer = try Producer(fixture.kafka, options: options)
            let topic = try producer.topic(KafkaFixture.topic)
            #expect(try produce(0, with: producer, topic))
            #expect(try drain(producer).map(\.code) == [0])
            fixture.broker.setRoundTrip(1, milliseconds: 300)
            fixture.broker.failNext(apiKey: 0, codes: [7])
            for number in 1...5 {
                #expect(try produce(number, with: producer, topic))
                producer.serve(timeoutMilliseconds: 20) { _ in }
            }
            let deliveries = try drain(producer)
            let delivered = try fixture.readAll(partitions: 1).numbers(of: 0)
            #expect(deliveries.count == 5 && delivered.count < 6)
            #expect(deliveries.filter { $0.code == 0 }.map(\.offset) == Array(1..<Int64(delivered.count)))
            let refused = try #require(deliveries.first { $0.code != 0 })
            #expect(
                refused.error(topicName: "orders")?.description
                    == "orders[0]: acknowledged at no offset: it need not be there (_INCONSISTENT)")
        }

        @Test func forgetsWhatIsPurged() throws {
            let fixture = try KafkaFixture(partitions: 1)
            defer { withExtendedLifetime(fixture) {} }
            fixture.broker.setBroker(1, down: true)
            let producer = try Producer(fixture.kafka)
            let topic = try producer.topic(KafkaFixture.topic)
            for number in 0..<5 { #expect(try produce(number, with: producer, topic)) }
            producer.purge()
            let deliveries = try drain(producer)
            #expect(deliveries.count == 5)
            #expect(deliveries.allSatisfy { $0.code != 0 && $0.offset < 0 })
        }

        private func produce(_ number: Int, with producer: Producer, _ topic: Int) throws -> Bool {
            try producer.produce(topic: topic, partition: 0, key: nil, value: Array(String(number).utf8))
        }
    }
}
