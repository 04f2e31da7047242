internal import Ledger
internal import Scoring
internal import Synchronization

/// Copied frames of one poll, in the order of their offsets.
final class FrameBlock: @unchecked Sendable {
    // Filled by the poller, then only read.
    private let bytes: UnsafeMutableRawBufferPointer
    private var items: [(offset: Int64, end: Int, written: Int64)] = []

    /// `capacity`: the sum of the frames' bytes.
    init(capacity: Int, frames: Int) {
        bytes = .allocate(byteCount: max(1, capacity), alignment: 8)
        items.reserveCapacity(frames)
    }

    deinit { bytes.deallocate() }

    /// `written`: the record's timestamp, in milliseconds since 1970; negative if it is unknown.
    func append(_ frame: UnsafeRawBufferPointer, at offset: Int64, written: Int64 = -1) {
        let start = byteCount
        UnsafeMutableRawBufferPointer(rebasing: bytes[start..<(start + frame.count)]).copyMemory(from: frame)
        items.append((offset, start + frame.count, written))
    }

    var byteCount: Int { items.last?.end ?? 0 }
    var count: Int { items.count }

    /// Nil if it is unknown.
    func written(_ index: Int) -> Int64? { items[index].written < 0 ? nil : items[index].written }

    /// Valid as long as the block.
    subscript(_ index: Int) -> LedgerFrame {
        let start = index == 0 ? 0 : items[index - 1].end
        return LedgerFrame(
            offset: items[index].offset, bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<items[index].end]))
    }
}

/// The input of a ledger partition between its slices. The poller fills it, and the thread that runs the partition
/// empties it.
final class PartitionInbox: Sendable {
    /// A poller's order to the partition. Orders are executed in their sequence.
    enum Order: Sendable {
        /// Called when the group assigns the partition to this member.
        case assign
        /// Later polled frames begin at the offset that the partition has requested.
        case read
        /// Its published facts and the ledger's end are known.
        case recover(Recovered)
        /// The group revokes the partition: nothing more is folded, and sent facts are waited for.
        case leave
        /// Another member has the partition now.
        case standBy
        /// The policy to fold beside the active one; nil if there is none.
        case shadow(ShadowOrder?)
        /// The partition is closed.
        case close(takesSnapshot: Bool)
    }

    struct Recovered: Sendable {
        /// The ledger offset that the group has of the partition.
        var committed: Int64
        var marks: [Publication.Mark]
        /// The ledger's.
        var end: Int64
    }

    /// Everything since the last slice except the frames.
    struct News {
        var orders: [Order] = []
        var acknowledged: [Publication.Mark?] = [Publication.Mark?](repeating: nil, count: FactTopic.allCases.count)
        /// Checkpoints of other members, and of this one before a restart.
        var checkpoints: [Checkpoint] = []
        /// The ledger's end, and the time at which the poller saw it exceed the previous one.
        var end: (offset: Int64, at: ContinuousClock.Instant)?
        /// For a standby: the ledger offset before which its owner has published every fact.
        var publishedByOwner: Int64?
    }

    private struct State {
        var blocks: [FrameBlock] = []
        var bytes = 0
        /// Whether everything in the topic was polled.
        var reachedEnd = false
        var news = News()
        /// How often a block was taken while another one waited.
        var choices = 0
    }

    /// Without `keepsOrder`, the number of such blocks after which the second block is taken first.
    private static let disorderEvery = 2

    private let state = Mutex(State())
    private let keepsOrder: Bool

    /// `keepsOrder`: as `PipelineConfiguration.keepsPartitionsInOrder`.
    init(keepsOrder: Bool = true) { self.keepsOrder = keepsOrder }

    // MARK: For the poller

    /// Adds a block. Returns the number of waiting bytes. The partition does not count as current from here on.
    func add(_ block: FrameBlock, of partition: OwnedPartition?) -> Int {
        state.withLock { state in
            state.blocks.append(block)
            state.bytes += block.byteCount
            state.reachedEnd = false
            partition?.isCurrent = false
            return state.bytes
        }
    }

    /// The bytes of waiting frames.
    var bytes: Int { state.withLock { $0.bytes } }

    /// Restarts the partition with an order: frames that were polled before are dropped. Acknowledgements stay.
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

    // MARK: For the partition

    func takeNews() -> News {
        state.withLock { state in
            defer { state.news = News() }
            return state.news
        }
    }

    /// Calls `body` unless an order waits. No order can be added meanwhile.
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

    /// Calls `body` with whether the partition has taken everything in the topic. Nothing can be added meanwhile.
    func settle(_ body: (_ hasEverything: Bool) -> Void) {
        state.withLock { body($0.reachedEnd && $0.blocks.isEmpty) }
    }
}
