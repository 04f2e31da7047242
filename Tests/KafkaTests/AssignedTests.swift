import Testing

@testable import Kafka

@Suite struct AssignedTests {
    private func assigned(at position: Int64) -> Consumer.Assigned {
        Consumer.Assigned(PartitionOffset(TopicPartition("orders", 0), offset: position))
    }

    @Test func whatComesInOrderIsTaken() {
        var place = assigned(at: PartitionOffset.beginning)
        #expect((7..<20).allSatisfy { place.judge($0, call: 1) == .take })
        #expect(place.position == 20)
    }

    @Test func whatWasTakenBeforeIsDropped() {
        var place = assigned(at: 5)
        #expect(place.judge(4, call: 1) == .drop && place.judge(5, call: 1) == .take)
        #expect(place.judge(5, call: 2) == .drop)
    }

    /// What is behind the hole came with it and is dropped too: taken, it would let the hole stand.
    @Test func aHoleIsReadAgainAndFilled() {
        var place = assigned(at: 3)
        #expect(place.judge(5, call: 1) == .readAgain)
        #expect((6...9).allSatisfy { place.judge($0, call: 1) == .drop })
        #expect(place.position == 3)
        #expect((3...9).allSatisfy { place.judge($0, call: 2) == .take })
    }

    @Test func aHoleThatIsThereAgainStands() {
        var place = assigned(at: 3)
        #expect(place.judge(5, call: 1) == .readAgain)
        #expect(place.judge(5, call: 2) == .take && place.judge(6, call: 2) == .take)
        #expect(place.judge(8, call: 2) == .readAgain, "another one")
    }

    @Test func theEndBehindAHoleIsNotTheEnd() {
        var place = assigned(at: 3)
        #expect(place.judge(5, call: 1) == .readAgain)
        place.noteEnd(at: 6, call: 1)
        #expect(!place.reachedEnd)
        place.noteEnd(at: 6, call: 2)
        #expect(place.reachedEnd && place.position == 3)
    }

    @Test func aMoveForgetsTheHole() {
        var place = assigned(at: 3)
        #expect(place.judge(5, call: 1) == .readAgain)
        place.move(to: 10)
        #expect(place.judge(10, call: 1) == .take)
    }
}
