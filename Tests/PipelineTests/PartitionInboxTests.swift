import Foundation
import Ledger
import Replay
import Scoring
import Testing

@testable import Pipeline

@Suite struct PartitionInboxTests {
    private let inbox = PartitionInbox()
    private let now = ContinuousClock.now

    /// Frames of so many bytes, under offsets from the first one on.
    private func block(_ counts: Int..., from offset: Int64 = 0) -> FrameBlock {
        let block = FrameBlock(capacity: counts.reduce(0, +), frames: counts.count)
        for (index, count) in counts.enumerated() {
            [UInt8](repeating: UInt8(index), count: count).withUnsafeBytes {
                block.append($0, at: offset + Int64(index))
            }
        }
        return block
    }

    private var hasEverything: Bool {
        var result = false
        inbox.settle { result = $0 }
        return result
    }

    // MARK: Blocks

    @Test func aBlockKeepsCopiesOfItsFrames() {
        let frames: [[UInt8]] = [[1, 2, 3], [], [4], [UInt8](repeating: 5, count: 100)]
        let block = FrameBlock(capacity: 104, frames: 4)
        for (index, frame) in frames.enumerated() {
            var lent = frame
            lent.withUnsafeMutableBytes { bytes in
                block.append(UnsafeRawBufferPointer(bytes), at: Int64(index * 2))
                for byteIndex in bytes.indices { bytes[byteIndex] = 0 }
            }
        }
        #expect(block.count == 4 && block.byteCount == 104)
        for (index, frame) in frames.enumerated() {
            #expect(block[index].offset == Int64(index * 2) && Array(block[index].bytes) == frame)
        }
    }

    @Test func aBlockWithoutFramesIsEmpty() {
        let block = FrameBlock(capacity: 0, frames: 0)
        #expect(block.count == 0 && block.byteCount == 0)
    }

    // MARK: Frames

    @Test func theBytesAreThoseOfTheFramesThatWait() {
        #expect(inbox.bytes == 0)
        #expect(inbox.add(block(10, 20), of: nil) == 30)
        #expect(inbox.add(block(5, from: 2), of: nil) == 35)
        #expect(inbox.bytes == 35)
        #expect(inbox.takeBlock()?.byteCount == 30 && inbox.bytes == 5)
        #expect(inbox.takeBlock()?.byteCount == 5 && inbox.bytes == 0)
        #expect(inbox.takeBlock() == nil && inbox.bytes == 0)
    }

    @Test func blocksAreTakenInTheirOrder() {
        for offset in 0..<5 as Range<Int64> { _ = inbox.add(block(8, from: offset), of: nil) }
        #expect((0..<5).map { _ in inbox.takeBlock()?[0].offset } == [0, 1, 2, 3, 4])
    }

    @Test func withoutOrderASecondBlockIsTakenFirstNowAndThen() {
        let inbox = PartitionInbox(keepsOrder: false)
        for offset in 0..<5 as Range<Int64> { _ = inbox.add(block(8, from: offset), of: nil) }
        let offsets = (0..<5).compactMap { _ in inbox.takeBlock()?[0].offset }
        #expect(offsets != [0, 1, 2, 3, 4] && offsets.sorted() == [0, 1, 2, 3, 4])
        #expect(inbox.bytes == 0)
    }

    // MARK: News

    @Test func aBeginningDropsFramesAndKeepsOrdersAndAcknowledgements() {
        _ = inbox.add(block(10, 20), of: nil)
        inbox.order(.leave)
        inbox.acknowledge(topic: 1, sequence: 3, offset: 7)
        inbox.note(end: 9, reachedEnd: true, at: now)
        inbox.note(publishedByOwner: 4)
        inbox.begin(with: .assign)
        #expect(inbox.bytes == 0 && inbox.takeBlock() == nil && !hasEverything)
        let news = inbox.takeNews()
        guard case .leave? = news.orders.first, case .assign? = news.orders.last else {
            Issue.record("other orders: \(news.orders)")
            return
        }
        #expect(news.orders.count == 2)
        #expect(news.acknowledged == [nil, Publication.Mark(offset: 7, sequence: 3), nil])
        #expect(news.end == nil && news.publishedByOwner == nil)
        #expect(inbox.takeNews().orders.isEmpty)
    }

    @Test func theLastAcknowledgementOfATopicCounts() {
        inbox.acknowledge(topic: 0, sequence: 2, offset: 5)
        inbox.acknowledge(topic: 0, sequence: 3, offset: 6)
        inbox.acknowledge(topic: 0, sequence: 1, offset: 4)
        #expect(inbox.takeNews().acknowledged[0] == Publication.Mark(offset: 6, sequence: 3))
        #expect(inbox.takeNews().acknowledged[0] == nil)
    }

    @Test func theEndIsSeenWhenItFirstWentBeyondTheOneBefore() {
        inbox.note(end: 3, reachedEnd: false, at: now)
        inbox.note(end: 5, reachedEnd: false, at: now + .seconds(1))
        inbox.note(end: 4, reachedEnd: false, at: now + .seconds(2))
        let end = inbox.takeNews().end
        #expect(end?.offset == 5 && end?.at == now)
    }

    // MARK: The end

    @Test func everythingIsHereAtTheEndOfTheTopicWithAnEmptyInbox() {
        #expect(!hasEverything)
        inbox.note(end: 0, reachedEnd: true, at: now)
        #expect(hasEverything)
        _ = inbox.add(block(8), of: nil)
        #expect(!hasEverything)
        inbox.note(end: 1, reachedEnd: true, at: now)
        #expect(!hasEverything)
        _ = inbox.takeBlock()
        #expect(hasEverything)
    }

    /// A partition is never taken for current while frames wait, whichever comes first.
    @Test func nothingIsAddedWhileItIsSettled() {
        let partition = OwnedPartition(PartitionFold(partition: 0), archive: nil)
        for _ in 0..<500 {
            inbox.note(end: 1, reachedEnd: true, at: now)
            let added = block(8)
            DispatchQueue.concurrentPerform(iterations: 2) { side in
                if side == 0 {
                    _ = inbox.add(added, of: partition)
                } else {
                    inbox.settle { partition.isCurrent = $0 }
                }
            }
            #expect(!partition.isCurrent)
            _ = inbox.takeBlock()
        }
    }
}
