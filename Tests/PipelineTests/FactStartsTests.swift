import Events
import Kafka
import Pipeline
import Replay
import Testing

extension PipelineServiceTests {
    @Suite struct FactStartsTests {
        private typealias Fixture = PipelineFixture

        private func configuration(_ fixture: Fixture) -> PipelineConfiguration {
            PipelineConfiguration(kafka: fixture.kafka, topics: fixture.topics, policy: nil)
        }

        @Test func whoeverStartsThereHasAllTheRest() throws {
            let fixture = try Fixture(sessionMilliseconds: Fixture.longSession)
            defer { withExtendedLifetime(fixture) {} }
            try fixture.running(fixture.service(policy: fixture.policy)) { service in
                try fixture.send((0..<6).map { Fixture.enrolment(of: "s\($0)") })
                try fixture.waitForFold(of: 6, by: service)
                for part in 0..<4 {
                    try fixture.send(
                        (0..<12).map { Fixture.bill("\(part)-\($0)", of: "s\($0 % 6)", missed: $0 % 5 == 0) })
                    try fixture.waitForFold(of: 6 + 12 * (part + 1), by: service)
                }
            }
            let (kafka, ledger) = (fixture.kafka, fixture.topics.ledger)
            let records = try fixture.topics.facts.flatMap { try fixture.read($0) }
            let decoder = EventDecoder()
            var sums: Set<Int64> = []
            for until in [0, 1, 2, 4, 1000] as [Int64] {
                var replay = LedgerReplay()
                replay.until = until
                let results = try replay.run(partitions: (0..<Int32(fixture.ledgerPartitions)).map { $0 }) {
                    try LedgerTopicFrames(kafka, topic: ledger, partition: $0, from: $1, until: $2)
                }
                let starts = try FactStarts(configuration(fixture)).find(
                    after: Dictionary(uniqueKeysWithValues: results.map { ($0.partition, $0.sequences) }))
                #expect(starts.map(\.topicPartition.topic) == fixture.topics.facts.flatMap { [$0, $0] })
                for start in starts {
                    let ofPartition = records.filter { $0.topicPartition == start.topicPartition }
                    let numbers = try ofPartition.map { record in
                        let value = try #require(record.value)
                        return try #require(value.withUnsafeBytes { decoder.sequence(ofFact: $0) })
                    }
                    var rule = FactSequence(last: start.sequence - 1)
                    for (record, number) in zip(ofPartition, numbers) where record.offset >= start.offset {
                        _ = rule.judge(number)
                    }
                    #expect(rule.last == numbers.max() ?? 0, "\(start) of ledger offset \(until)")
                }
                sums.insert(starts.map(\.sequence).reduce(0, +))
            }
            #expect(sums.count > 2, "the ledger was cut in several places")
        }

        @Test func aTopicThatIsMissingIsNamed() throws {
            let fixture = try Fixture(absent: ["perks"])
            defer { withExtendedLifetime(fixture) {} }
            let error = #expect(throws: PipelineError.self) {
                try FactStarts(configuration(fixture)).find(after: [0: [0, 0, 0]])
            }
            #expect(error?.description == "there is no topic perks; `standing topics apply` creates it")
            let narrow = #expect(throws: PipelineError.self) {
                try FactStarts(configuration(fixture)).find(after: [7: [0, 0, 0]])
            }
            #expect(
                narrow?.description.hasPrefix("score-changes has 2 partitions, and the ledger has a partition 7")
                    == true)
        }
    }
}
