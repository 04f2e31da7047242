import Kafka
import Ledger
import Testing

@testable import Pipeline

@Suite struct OpenFilesTests {
    private func configuration(_ roles: Set<Role>) -> PipelineConfiguration {
        let topics = PipelineConfiguration.Topics(
            control: "control", sources: [], ledger: "ledger", deadLetter: "dead",
            facts: ["scores", "sanctions", "perks"])
        return PipelineConfiguration(
            kafka: KafkaConfiguration(brokers: "127.0.0.1:1"), topics: topics, roles: roles)
    }

    /// A partition needs its lock, a segment that is written, one that is read and one that a shadow reads, its indexes and a
    /// snapshot.
    @Test func everyLedgerPartitionOfAFoldWithADataFolderCounts() {
        var fold = configuration([.fold])
        let without = fold.descriptors(ledgerPartitions: 12, brokers: 3)
        #expect(fold.descriptors(ledgerPartitions: 24, brokers: 3) == without)
        fold.data = LocalData("/data")
        let ofPartition = SubjectHistory.maximumOpenIndexes + 5
        #expect(fold.descriptors(ledgerPartitions: 12, brokers: 3) == without + 12 * ofPartition)
        #expect(fold.descriptors(ledgerPartitions: 24, brokers: 3) == without + 24 * ofPartition)

        var intake = configuration([.intake])
        intake.data = LocalData("/data")
        #expect(
            intake.descriptors(ledgerPartitions: 24, brokers: 3)
                == configuration([.intake]).descriptors(ledgerPartitions: 1, brokers: 3))
    }

    @Test func everyClientCountsForEveryBroker() {
        var both = configuration([.intake, .fold])
        func clients() -> Int {
            let more =
                both.descriptors(ledgerPartitions: 1, brokers: 4) - both.descriptors(ledgerPartitions: 1, brokers: 3)
            return more / PipelineConfiguration.descriptorsOfConnection
        }
        let few = clients()
        #expect(few > 4)
        both.standsBy = true
        #expect(clients() == few + 1)
        both.members = .init(topic: "members", member: "one")
        #expect(clients() == few + 2)
    }
}
