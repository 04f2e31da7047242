import Kafka
import Testing

@testable import Pipeline

@Suite struct CheckpointsTests {
    private let bills = TopicPartition("bills", 0)
    private let rides = TopicPartition("rides", 2)

    @Test func anUnsealedBatchCommitsNothing() {
        var checkpoints = Checkpoints()
        checkpoints.sent(bytes: 1)
        checkpoints.acknowledged(checkpoints.current)
        #expect(checkpoints.committable.isEmpty)
        #expect(checkpoints.depth == 1)
    }

    @Test func aBatchWithoutRecordsIsDoneWhenSealed() {
        var checkpoints = Checkpoints()
        checkpoints.seal([PartitionOffset(bills, offset: 5)])
        #expect(checkpoints.committable == [bills: 5])
        #expect(checkpoints.depth == 1)
    }

    /// (acknowledgements by batch, what may be committed after the last of them); each batch sends two records.
    @Test(
        arguments: [
            ([0], nil), ([0, 0], 10), ([1, 1], nil), ([0, 1, 1], nil), ([1, 1, 0, 0], 20), ([2, 2, 0, 0], 10),
            ([2, 1, 0, 2, 1], nil), ([2, 1, 0, 2, 1, 0], 30),
        ] as [([Int], Int64?)])
    func commitsUpToTheFirstBatchThatIsOpen(_ acknowledgements: [Int], _ expected: Int64?) {
        var checkpoints = Checkpoints()
        var tags: [Int] = []
        for batch in 1...3 {
            tags.append(checkpoints.current)
            checkpoints.sent(bytes: 1)
            checkpoints.sent(bytes: 1)
            checkpoints.seal([PartitionOffset(bills, offset: Int64(batch * 10))])
        }
        for batch in acknowledgements { checkpoints.acknowledged(tags[batch]) }
        #expect(checkpoints.committable[bills] == expected)
    }

    @Test func acknowledgedBeforeSealedCountsAtTheSeal() {
        var checkpoints = Checkpoints()
        let tag = checkpoints.current
        checkpoints.sent(bytes: 1)
        checkpoints.acknowledged(tag)
        checkpoints.seal([PartitionOffset(bills, offset: 3), PartitionOffset(rides, offset: 8)])
        #expect(checkpoints.committable == [bills: 3, rides: 8])
    }

    @Test func timestampsAreTakenOnceOfBatchesThatAreAcknowledged() {
        var checkpoints = Checkpoints()
        var tags: [Int] = []
        for written in [Int64(100), nil, 300] {
            tags.append(checkpoints.current)
            checkpoints.sent(bytes: 1)
            checkpoints.seal([PartitionOffset(bills, offset: 1)], written: written)
        }
        checkpoints.acknowledged(tags[1])
        #expect(checkpoints.takeAcknowledged().isEmpty)
        checkpoints.acknowledged(tags[0])
        #expect(checkpoints.takeAcknowledged() == [100])
        checkpoints.acknowledged(tags[2])
        #expect(checkpoints.takeAcknowledged() == [300])
        #expect(checkpoints.takeAcknowledged().isEmpty)
    }

    @Test func tagsOutsideTheOpenBatchesAreIgnored() {
        var checkpoints = Checkpoints()
        let old = checkpoints.current
        checkpoints.seal([PartitionOffset(bills, offset: 1)])
        let tag = checkpoints.current
        checkpoints.sent(bytes: 1)
        checkpoints.seal([PartitionOffset(bills, offset: 2)])
        checkpoints.acknowledged(old)
        checkpoints.acknowledged(tag + 7)
        #expect(checkpoints.committable == [bills: 1])
        checkpoints.acknowledged(tag)
        #expect(checkpoints.committable == [bills: 2])
    }

    @Test func partitionsKeepTheirPositions() {
        var checkpoints = Checkpoints()
        checkpoints.seal([PartitionOffset(bills, offset: 4)])
        checkpoints.seal([PartitionOffset(rides, offset: 9)])
        checkpoints.seal([PartitionOffset(bills, offset: 6)])
        #expect(checkpoints.committable == [bills: 6, rides: 9])
    }

    /// A batch that is acknowledged is in flight as long as one before it.
    @Test func bytesAreInFlightUntilTheirBatchIsDone() {
        var checkpoints = Checkpoints()
        var tags: [Int] = []
        for bytes in [100, 20] {
            tags.append(checkpoints.current)
            checkpoints.sent(bytes: bytes)
            checkpoints.seal([])
        }
        #expect(checkpoints.bytes == 120)
        checkpoints.acknowledged(tags[1])
        #expect(checkpoints.bytes == 120)
        checkpoints.acknowledged(tags[0])
        #expect(checkpoints.bytes == 0)
    }

    @Test func forgottenPositionsAreNeverCommitted() {
        var checkpoints = Checkpoints()
        checkpoints.seal([PartitionOffset(rides, offset: 9)])
        let tag = checkpoints.current
        checkpoints.sent(bytes: 1)
        checkpoints.seal([PartitionOffset(bills, offset: 4)])
        checkpoints.forgetPositions()
        #expect(checkpoints.committable.isEmpty)
        checkpoints.acknowledged(tag)
        #expect(checkpoints.committable.isEmpty)
        #expect(checkpoints.depth == 1)
        checkpoints.seal([PartitionOffset(bills, offset: 7)])
        #expect(checkpoints.committable == [bills: 7])
    }
}
