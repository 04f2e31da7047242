import Replay
import Testing

@testable import Pipeline

struct OwnedPartitionsTests {
    private func partition(_ number: Int32) -> OwnedPartition {
        OwnedPartition(PartitionFold(partition: number), archive: nil)
    }

    @Test func aPartitionIsFoundByItsNumber() {
        let partitions = OwnedPartitions()
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
}
