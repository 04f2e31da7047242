import Replay
import Testing

@testable import Pipeline

struct OwnedPartitionsTests {
    private func partition(_ number: Int32) -> OwnedPartition {
        OwnedPartition(PartitionFold(partition: number), archive: nil)
    }

    @Test func aPartitionIsFoundByItsNumber() {
        let partitions = OwnedPartitions(StillRuntime())
        #expect(partitions[0] == nil && partitions.standby(0) == nil)
        let (second, fifth, standby) = (partition(2), partition(5), partition(3))
        partitions.replace([fifth, second], standby: [standby])
        #expect(partitions[2] === second && partitions[5] === fifth)
        #expect(partitions.standby(3) === standby)
        for number: Int32 in [-1, 0, 3, 6, .max] { #expect(partitions[number] == nil, "\(number)") }
        #expect(partitions.standby(2) == nil, "another member's are not its own")
        #expect(partitions.all.map(\.partition) == [2, 5])
        partitions.replace([standby], standby: [])
        #expect(partitions.all.map(\.partition) == [3] && partitions[2] == nil && partitions.standby(3) == nil)
    }

    @Test func onlyAPartitionThatIsOwnedIsUsed() {
        let partitions = OwnedPartitions(StillRuntime())
        partitions.replace([partition(1)], standby: [partition(2)])
        #expect(partitions.withOwned(1) { $0.partition } == 1)
        #expect(partitions.withOwned(0) { $0.partition } == nil && partitions.withOwned(2) { $0.partition } == nil)
    }

    /// To free a state takes long where it is large.
    @Test func aPartitionThatGoesIsLetGoInTheStorageLine() {
        let runtime = QueuedRuntime()
        let partitions = OwnedPartitions(runtime)
        partitions.replace([partition(1), partition(2)], standby: [])
        weak let going = partitions[1]
        partitions.replace([partitions[2]].compactMap(\.self), standby: [partitions[1]].compactMap(\.self))
        #expect(runtime.waiting(in: .storage) == 0, "it has become a standby")
        partitions.replace(partitions.all, standby: [])
        #expect(partitions.standby(1) == nil)
        let isThere = going != nil
        #expect(isThere)
        runtime.run(.storage)
        let isGone = going == nil
        #expect(isGone)
        #expect(partitions[2]?.partition == 2)
    }
}
