internal import Ledger
internal import Scoring
internal import Synchronization

/// Frames of one poll, copied, in the order of their offsets.
final class FrameBlock: @unchecked Sendable {
    // Filled by the poller, then only read.
    private let bytes: UnsafeMutableRawBufferPointer
    private var places: [(offset: Int64, end: Int, written: Int64)] = []

    /// `capacity`: the sum of the frames' bytes.
    init(capacity: Int, frames: Int) {
        bytes = .allocate(byteCount: max(1, capacity), alignment: 8)
        places.reserveCapacity(frames)
    }

    deinit { bytes.deallocate() }

    /// `written`: the record's timestamp, in milliseconds since 1970; negative if that is not known.
    func append(_ frame: UnsafeRawBufferPointer, at offset: Int64, written: Int64 = -1) {
        let start = byteCount
        UnsafeMutableRawBufferPointer(rebasing: bytes[start..<(start + frame.count)]).copyMemory(from: frame)
        places.append((offset, start + frame.count, written))
    }

    var byteCount: Int { places.last?.end ?? 0 }
    var count: Int { places.count }

    /// Nil if it is not known.
    func written(_ index: Int) -> Int64? { places[index].written < 0 ? nil : places[index].written }

    /// Valid as long as the block.
    subscript(_ index: Int) -> LedgerFrame {
        let start = index == 0 ? 0 : places[index - 1].end
        return LedgerFrame(
            offset: places[index].offset, bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<places[index].end]))
    }
}

/// What reaches a ledger partition between its slices. The poller fills it, whoever runs the partition empties it.
final class PartitionInbox: Sendable {
    /// A poller's order to the partition. Orders are obeyed in the sequence in which they were given.
    enum Order: Sendable {
        /// The group assigns it to this member.
        case assign
        /// What is polled from now on begins at the offset that the partition has asked for.
        case read
        /// The facts that are published of it, and the ledger's end, are known.
        case recover(Recovered)
        /// The group takes it away: nothing more is folded, and what is sent is waited for.
        case leave
        /// Another member has it now.
        case standBy
        /// A policy is to be folded beside the active one; nil: none is.
        case shadow(ShadowOrder?)
        /// It is let go of for good.
        case close(takesSnapshot: Bool)
    }

    struct Recovered: Sendable {
        /// The ledger offset that the group has of the partition.
        var committed: Int64
        var marks: [Publication.Mark]
        /// The ledger's.
        var end: Int64
    }

    /// Everything that came since the last slice, but for the frames.
    struct News {
        var orders: [Order] = []
        var acknowledged: [Publication.Mark?] = [Publication.Mark?](repeating: nil, count: FactTopic.allCases.count)
        /// Other members' checkpoints, and this member's of an earlier life.
        var checkpoints: [Checkpoint] = []
        /// The ledger's end, and when the poller saw it go beyond the one before.
        var end: (offset: Int64, at: ContinuousClock.Instant)?
        /// Of a standby: the ledger offset before which its owner has published every fact.
        var publishedByOwner: Int64?
    }

    private struct State {
        var blocks: [FrameBlock] = []
        var bytes = 0
        /// Everything that the topic has was polled.
        var reachedEnd = false
        var news = News()
        /// How often a block was taken while another one waited behind it.
        var choices = 0
    }

    /// Where order is not kept, the second block is taken first whenever this many times another one waited behind it.
    private static let disorderEvery = 2

    private let state = Mutex(State())
    private let keepsOrder: Bool

    /// `keepsOrder`: as `PipelineConfiguration.keepsPartitionsInOrder`.
    init(keepsOrder: Bool = true) { self.keepsOrder = keepsOrder }

    // MARK: The poller's side

    /// Returns the bytes that wait now. From here on nobody may take the partition for current.
    func add(_ block: FrameBlock, of partition: OwnedPartition?) -> Int {
        state.withLock { state in
            state.blocks.append(block)
            state.bytes += block.byteCount
            state.reachedEnd = false
            partition?.isCurrent = false
            return state.bytes
        }
    }

    /// Of frames that wait.
    var bytes: Int { state.withLock { $0.bytes } }

    /// The order begins another time for the partition: what was polled before is of no use in it. What is acknowledged stays so.
    func begin(with order: Order) {
        state.withLock { state in
            (state.blocks, state.bytes, state.reachedEnd) = ([], 0, false)
            (state.news.end, state.news.publishedByOwner) = (nil, nil)
            state.news.orders.append(order)
        }
    }

    func order(_ order: Order) { state.withLock { $0.news.orders.append(order) } }

    func acknowledge(topic: Int, sequence: Int64, offset: Int64) {
        state.withLock { state in
            guard sequence > state.news.acknowledged[topic]?.sequence ?? 0 else { return }
            state.news.acknowledged[topic] = Publication.Mark(offset: offset, sequence: sequence)
        }
    }

    func note(end: Int64?, reachedEnd: Bool, at now: ContinuousClock.Instant) {
        state.withLock { state in
            state.reachedEnd = reachedEnd
            guard let end, end > state.news.end?.offset ?? -1 else { return }
            state.news.end = (end, state.news.end?.at ?? now)
        }
    }

    func note(publishedByOwner offset: Int64) { state.withLock { $0.news.publishedByOwner = offset } }

    func add(_ checkpoint: Checkpoint) { state.withLock { $0.news.checkpoints.append(checkpoint) } }

    // MARK: The partition's side

    func takeNews() -> News {
        state.withLock { state in
            defer { state.news = News() }
            return state.news
        }
    }

    /// Calls `body` unless an order waits, and while none can come.
    func withoutOrders(_ body: () -> Void) {
        state.withLock { if $0.news.orders.isEmpty { body() } }
    }

    func takeBlock() -> FrameBlock? {
        state.withLock { state in
            guard !state.blocks.isEmpty else { return nil }
            if !keepsOrder, state.blocks.count > 1 {
                state.choices += 1
                if state.choices.isMultiple(of: Self.disorderEvery) { state.blocks.swapAt(0, 1) }
            }
            let block = state.blocks.removeFirst()
            state.bytes -= block.byteCount
            return block
        }
    }

    /// Calls `body` with whether everything that the topic has is in the partition's hands, while nothing can be added.
    func settle(_ body: (_ hasEverything: Bool) -> Void) {
        state.withLock { body($0.reachedEnd && $0.blocks.isEmpty) }
    }
}
