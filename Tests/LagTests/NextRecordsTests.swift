import Kafka
import Testing

@testable import Lag

@Suite struct NextRecordsTests {
    private func position(_ partition: Int32, _ offset: Int64 = 0, topic: String = "orders") -> NextRecords.Position {
        NextRecords.Position(
            offset: PartitionOffset(TopicPartition(topic, partition), offset: offset), isCommitted: false)
    }

    @Test func whoIsFurthestBehindComesFirst() {
        let due = [(position: position(0, 90), end: Int64(100)), (position(1, 10), 100), (position(2, 50), 100)]
        #expect(NextRecords.order(due, after: nil) == [position(1, 10), position(2, 50), position(0, 90)])
    }

    /// Those that are not among the worst take turns, from look to look.
    @Test func theOthersGoOnWhereTheLastLookEnded() {
        let worst = (0..<NextRecords.worst).map { (position: position(Int32($0), topic: "busy"), end: Int64(1_000)) }
        let others = (0..<4).map { (position: position(Int32($0)), end: Int64(1)) }
        func order(_ cursor: TopicPartition?) -> [Int32] {
            let order = NextRecords.order(worst + others, after: cursor)
            #expect(order.prefix(NextRecords.worst).allSatisfy { $0.offset.topicPartition.topic == "busy" })
            return order.dropFirst(NextRecords.worst).map(\.offset.topicPartition.partition)
        }
        #expect(order(nil) == [0, 1, 2, 3])
        #expect(order(TopicPartition("orders", 1)) == [2, 3, 0, 1])
        #expect(order(TopicPartition("orders", 3)) == [0, 1, 2, 3])
        #expect(order(TopicPartition("alpha", 7)) == [0, 1, 2, 3])
    }

    @Test func aLookReadsSoManyAtTheMost() {
        let due = (0..<10_000).map { (position: position(Int32($0)), end: Int64(1)) }
        #expect(NextRecords.order(due, after: nil).count == NextRecords.maximumReads)
    }
}
