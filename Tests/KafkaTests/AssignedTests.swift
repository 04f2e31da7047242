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
        #expect(place.judge(8, call: 2) == .take, "the broker has holes there")
    }

    /// What was fetched before a pause and not handed out may be missing after it.
    @Test func afterAPauseAHoleIsReadAgain() {
        var place = assigned(at: 3)
        #expect(place.judge(5, call: 1) == .readAgain)
        #expect(place.judge(5, call: 2) == .take)
        place.pause()
        #expect(place.judge(90, call: 3) == .readAgain, "although the broker has holes there")
        // It pauses while that is being read again.
        place.pause()
        #expect(place.judge(90, call: 4) == .readAgain)
        #expect((6...90).allSatisfy { place.judge($0, call: 5) == .take })
    }

    /// Ends of transactions: nothing of what lies between them is left out.
    @Test func everyRecordBetweenHolesIsTakenOnce() {
        var place = assigned(at: 0)
        let offsets = (0..<40).filter { $0 % 4 != 3 }.map(Int64.init)
        var (taken, index, call) = ([Int64](), 0, 1)
        while index < offsets.count {
            // A call brings seven at most; after a seek it begins at the position.
            var isAgain = false
            for offset in offsets[index..<min(index + 7, offsets.count)] {
                switch place.judge(offset, call: call) {
                case .take: taken.append(offset)
                case .drop: break
                case .readAgain: isAgain = true
                }
            }
            call += 1
            index = isAgain ? offsets.firstIndex { $0 >= place.position }! : min(index + 7, offsets.count)
        }
        #expect(taken == offsets)
    }

    @Test func theEndBehindAHoleIsNotTheEnd() {
        var place = assigned(at: 3)
        #expect(place.judge(5, call: 1) == .readAgain)
        #expect(place.judgeEnd(6, call: 1) == .drop)
        #expect(!place.reachedEnd && place.end == nil)
        #expect(place.judgeEnd(6, call: 2) == .take)
        #expect(place.reachedEnd && place.end == 6 && place.position == 3)
    }

    /// Taken at once, it would pass for the place to read on from, and what was lost on the way would stay so.
    @Test func anEndBehindAHoleIsReadAgain() {
        var place = assigned(at: 3)
        #expect(place.judgeEnd(6, call: 1) == .readAgain)
        #expect(!place.reachedEnd && place.end == nil)
        #expect((3...4).allSatisfy { place.judge($0, call: 2) == .take })
        #expect(place.judgeEnd(6, call: 2) == .readAgain)
        #expect(place.judgeEnd(6, call: 3) == .take)
        #expect(place.reachedEnd && place.end == 6 && place.position == 5)
        #expect(place.judge(6, call: 4) == .take && !place.reachedEnd)
    }

    @Test func theEndWithoutAHole() {
        var place = assigned(at: 3)
        #expect(place.judge(3, call: 1) == .take && place.judgeEnd(4, call: 1) == .take)
        #expect(place.reachedEnd && place.end == 4)
        #expect(place.judgeEnd(3, call: 2) == .drop, "that was the end once")
        var empty = assigned(at: PartitionOffset.beginning)
        #expect(empty.judgeEnd(9, call: 1) == .take && empty.position == 9)
    }

    @Test func aMoveForgetsTheHole() {
        var place = assigned(at: 3)
        #expect(place.judge(5, call: 1) == .readAgain)
        place.move(to: 10)
        #expect(place.judge(10, call: 1) == .take)
        #expect(place.judge(12, call: 1) == .readAgain && place.judge(12, call: 2) == .take)
        place.move(to: 20)
        #expect(place.judge(22, call: 3) == .readAgain)
    }
}
