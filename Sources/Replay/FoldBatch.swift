internal import Ledger
internal import Scoring

/// Accepted entries of one frame that are not folded yet, or are being folded. They borrow from the frame.
struct FoldBatch: ~Copyable {
    /// The number of entries at which a batch must be folded.
    static let capacity = 256

    private let items = UnsafeMutablePointer<Fold.Item>.allocate(capacity: capacity)
    private var count = 0
    /// The number of entries, from the first, that are folded.
    private var folded = 0

    deinit { items.deallocate() }

    var isEmpty: Bool { count == 0 }
    var isFull: Bool { count == Self.capacity }
    /// The entries that are not folded.
    var rest: UnsafeBufferPointer<Fold.Item> { UnsafeBufferPointer(start: items + folded, count: count - folded) }

    /// Must not be called on a full batch.
    @inline(__always) mutating func append(_ item: Fold.Item) {
        assert(!isFull, "the batch is full")
        (items + count).initialize(to: item)
        count += 1
    }

    /// Notes that so many more entries are folded.
    mutating func noteFolded(_ number: Int) {
        folded += number
        precondition(folded <= count, "more entries are folded than there are")
    }

    /// Drops the first entry that is not folded.
    mutating func dropFirst() {
        precondition(folded < count, "every entry is folded")
        (items + folded).update(from: items + folded + 1, count: count - folded - 1)
        count -= 1
    }

    mutating func removeAll() { (count, folded) = (0, 0) }

    mutating func move(_ move: FrameMove) {
        for index in 0..<count { move.move(&items[index].event) }
    }
}
