import Kafka
import Testing

@testable import Pipeline

@Suite struct InFlightBatchesTests {
    private let bills = TopicPartition("bills", 0)
    private let rides = TopicPartition("rides", 2)

    @Test func anUnsealedBatchCommitsNothing() {
        var openBatches = InFlightBatches()
        openBatches.sent(bytes: 1)
        openBatches.acknowledged(openBatches.current)
        #expect(openBatches.committable.isEmpty)
        #expect(openBatches.depth == 1)
    }

    @Test func aBatchWithoutRecordsIsDoneWhenSealed() {
        var openBatches = InFlightBatches()
        openBatches.seal([PartitionOffset(bills, offset: 5)])
        #expect(openBatches.committable == [bills: 5])
        #expect(openBatches.depth == 1)
    }

    /// (acknowledgements by batch, what may be committed after the last of them); each batch sends two records.
    @Test(
        arguments: [
            ([0], nil), ([0, 0], 10), ([1, 1], nil), ([0, 1, 1], nil), ([1, 1, 0, 0], 20), ([2, 2, 0, 0], 10),
            ([2, 1, 0, 2, 1], nil), ([2, 1, 0, 2, 1, 0], 30),
        ] as [([Int], Int64?)])
    func commitsUpToTheFirstBatchThatIsOpen(_ acknowledgements: [Int], _ expected: Int64?) {
        var openBatches = InFlightBatches()
        var tags: [Int] = []
        for batch in 1...3 {
            tags.append(openBatches.current)
            openBatches.sent(bytes: 1)
            openBatches.sent(bytes: 1)
            openBatches.seal([PartitionOffset(bills, offset: Int64(batch * 10))])
        }
        for batch in acknowledgements { openBatches.acknowledged(tags[batch]) }
        #expect(openBatches.committable[bills] == expected)
    }

    @Test func acknowledgedBeforeSealedCountsAtTheSeal() {
        var openBatches = InFlightBatches()
        let tag = openBatches.current
        openBatches.sent(bytes: 1)
        openBatches.acknowledged(tag)
        openBatches.seal([PartitionOffset(bills, offset: 3), PartitionOffset(rides, offset: 8)])
        #expect(openBatches.committable == [bills: 3, rides: 8])
    }

    @Test func timestampsAreTakenOnceOfBatchesThatAreAcknowledged() {
        var openBatches = InFlightBatches()
        var tags: [Int] = []
        for written in [Int64(100), nil, 300] {
            tags.append(openBatches.current)
            openBatches.sent(bytes: 1)
            openBatches.seal([PartitionOffset(bills, offset: 1)], written: written)
        }
        openBatches.acknowledged(tags[1])
        #expect(openBatches.takeAcknowledged().isEmpty)
        openBatches.acknowledged(tags[0])
        #expect(openBatches.takeAcknowledged() == [100])
        openBatches.acknowledged(tags[2])
        #expect(openBatches.takeAcknowledged() == [300])
        #expect(openBatches.takeAcknowledged().isEmpty)
    }

    @Test func tagsOutsideTheOpenBatchesAreIgnored() {
        var openBatches = InFlightBatches()
        let old = openBatches.current
        openBatches.seal([PartitionOffset(bills, offset: 1)])
        let tag = openBatches.current
        openBatches.sent(bytes: 1)
        openBatches.seal([PartitionOffset(bills, offset: 2)])
        openBatches.acknowledged(old)
        openBatches.acknowledged(tag + 7)
        #expect(openBatches.committable == [bills: 1])
        openBatches.acknowledged(tag)
        #expect(openBatches.committable == [bills: 2])
    }

    @Test func partitionsKeepTheirPositions() {
        var openBatches = InFlightBatches()
        openBatches.seal([PartitionOffset(bills, offset: 4)])
        openBatches.seal([PartitionOffset(rides, offset: 9)])
        openBatches.seal([PartitionOffset(bills, offset: 6)])
        #expect(openBatches.committable == [bills: 6, rides: 9])
    }

    /// A batch that is acknowledged is in flight as long as one before it.
    @Test func bytesAreInFlightUntilTheirBatchIsDone() {
        var openBatches = InFlightBatches()
        var tags: [Int] = []
        for bytes in [100, 20] {
            tags.append(openBatches.current)
            openBatches.sent(bytes: bytes)
            openBatches.seal([])
        }
        #expect(openBatches.bytes == 120)
        openBatches.acknowledged(tags[1])
        #expect(openBatches.bytes == 120)
        openBatches.acknowledged(tags[0])
        #expect(openBatches.bytes == 0)
    }

    @Test func forgottenPositionsAreNeverCommitted() {
        var openBatches = InFlightBatches()
        openBatches.seal([PartitionOffset(rides, offset: 9)])
        let tag = openBatches.current
        openBatches.sent(bytes: 1)
        openBatches.seal([PartitionOffset(bills, offset: 4)])
        openBatches.forgetPositions()
        #expect(openBatches.committable.isEmpty)
        openBatches.acknowledged(tag)
        #expect(openBatches.committable.isEmpty)
        #expect(openBatches.depth == 1)
        openBatches.seal([PartitionOffset(bills, offset: 7)])
        #expect(openBatches.committable == [bills: 7])
    }
}
