import Testing

@testable import Kafka

@Suite struct AssignedTests {
    private func assigned(at position: Int64) -> Consumer.Assigned {
        Consumer.Assigned(PartitionOffset(TopicPartition("orders", 0), offset: position))
    }

    @Test func whatComesInOrderIsTaken() {
        var source = assigned(at: PartitionOffset.beginning)
        #expect((7..<20).allSatisfy { source.judge($0, call: 1) == .take })
        #expect(source.position == 20)
    }

    @Test func whatWasTakenBeforeIsDropped() {
        var source = assigned(at: 5)
        #expect(source.judge(4, call: 1) == .drop && source.judge(5, call: 1) == .take)
        #expect(source.judge(5, call: 2) == .drop)
    }

    /// The records after the hole came with it and are dropped too. If they were taken, the hole would stay.
    @Test func aHoleIsReadAgainAndFilled() {
        var source = assigned(at: 3)
        #expect(source.judge(5, call: 1) == .readAgain)
        #expect((6...9).allSatisfy { source.judge($0, call: 1) == .drop })
        #expect(source.position == 3)
        #expect((3...9).allSatisfy { source.judge($0, call: 2) == .take })
    }

    @Test func aHoleThatIsThereAgainStands() {
        var source = assigned(at: 3)
        #expect(source.judge(5, call: 1) == .readAgain)
        #expect(source.judge(5, call: 2) == .take && source.judge(6, call: 2) == .take)
        #expect(source.judge(8, call: 2) == .take, "the broker has holes there")
    }

    /// What was fetched before a pause and not handed out may be missing after it.
    @Test func afterAPauseAHoleIsReadAgain() {
        var source = assigned(at: 3)
        #expect(source.judge(5, call: 1) == .readAgain)
        #expect(source.judge(5, call: 2) == .take)
        source.pause()
        #expect(source.judge(90, call: 3) == .readAgain, "although the broker has holes there")
        // It pauses while that is being read again.
        source.pause()
        #expect(source.judge(90, call: 4) == .readAgain)
        #expect((6...90).allSatisfy { source.judge($0, call: 5) == .take })
    }

    /// Ends of transactions: no record between them is left out.
    @Test func everyRecordBetweenHolesIsTakenOnce() {
        var source = assigned(at: 0)
        let offsets = (0..<40).filter { $0 % 4 != 3 }.map(Int64.init)
        var (taken, index, call) = ([Int64](), 0, 1)
        while index < offsets.count {
            // A call brings seven at most; after a seek it begins at the position.
            var isAgain = false
            for offset in offsets[index..<min(index + 7, offsets.count)] {
                switch source.judge(offset, call: call) {
                case .take: taken.append(offset)
                case .drop: break
                case .readAgain: isAgain = true
                }
            }
            call += 1
            index = isAgain ? offsets.firstIndex { $0 >= source.position }! : min(index + 7, offsets.count)
        }
        #expect(taken == offsets)
    }

    @Test func theEndBehindAHoleIsNotTheEnd() {
        var source = assigned(at: 3)
        #expect(source.judge(5, call: 1) == .readAgain)
        #expect(source.judgeEnd(6, call: 1) == .drop)
        #expect(!source.reachedEnd && source.end == nil)
        #expect(source.judgeEnd(6, call: 2) == .take)
        #expect(source.reachedEnd && source.end == 6 && source.position == 3)
    }

    /// Taken at once, it would pass for the position to read on from, and what was lost on the way would stay so.
    @Test func anEndBehindAHoleIsReadAgain() {
        var source = assigned(at: 3)
        #expect(source.judgeEnd(6, call: 1) == .readAgain)
        #expect(!source.reachedEnd && source.end == nil)
        #expect((3...4).allSatisfy { source.judge($0, call: 2) == .take })
        #expect(source.judgeEnd(6, call: 2) == .readAgain)
        #expect(source.judgeEnd(6, call: 3) == .take)
        #expect(source.reachedEnd && source.end == 6 && source.position == 5)
        #expect(source.judge(6, call: 4) == .take && !source.reachedEnd)
    }

    @Test func theEndWithoutAHole() {
        var source = assigned(at: 3)
        #expect(source.judge(3, call: 1) == .take && source.judgeEnd(4, call: 1) == .take)
        #expect(source.reachedEnd && source.end == 4)
        #expect(source.judgeEnd(3, call: 2) == .drop, "that was the end once")
        var empty = assigned(at: PartitionOffset.beginning)
        #expect(empty.judgeEnd(9, call: 1) == .take && empty.position == 9)
    }

    @Test func aMoveForgetsTheHole() {
        var source = assigned(at: 3)
        #expect(source.judge(5, call: 1) == .readAgain)
        source.move(to: 10)
        #expect(source.judge(10, call: 1) == .take)
        #expect(source.judge(12, call: 1) == .readAgain && source.judge(12, call: 2) == .take)
        source.move(to: 20)
        #expect(source.judge(22, call: 3) == .readAgain)
    }
}
