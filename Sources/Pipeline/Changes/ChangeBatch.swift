public import Scoring

/// Facts of a subscription, in one piece of memory.
public struct ChangeBatch: Sendable {
    public struct Item: Sendable {
        public let partition: Int32
        /// A reader's token after this fact has the count after it.
        public let count: Int64
        public let kind: Fact.Kind
        /// The time at which this member sent the fact, in microseconds since 1970.
        public let sentAt: Int64
        fileprivate let key: Range<Int>
        fileprivate let value: Range<Int>
    }

    /// In each partition the order is that of the ledger.
    public private(set) var items: [Item] = []
    private(set) var bytes: [UInt8] = []

    public init() {}

    public var isEmpty: Bool { items.isEmpty }
    public var byteCount: Int { bytes.count }

    public mutating func removeAll() {
        items.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
    }

    mutating func append(_ entry: ChangeRing.Entry, of partition: Int32, in ring: borrowing ChangeRing) {
        let start = bytes.count
        bytes.append(contentsOf: ring.key(entry))
        let middle = bytes.count
        bytes.append(contentsOf: ring.value(entry))
        items.append(
            Item(
                partition: partition, count: entry.count, kind: entry.kind, sentAt: entry.sentAt,
                key: start..<middle, value: middle..<bytes.count))
    }

    /// Retains the newest items, at most `limit`.
    mutating func retainNewest(_ limit: Int) {
        items.sort { ($0.sentAt, $0.count) > ($1.sentAt, $1.count) }
        items.removeLast(max(0, items.count - limit))
    }

    public func subject(_ item: Item) -> ArraySlice<UInt8> { bytes[item.key] }

    /// The fact's JSON.
    public func json(_ item: Item) -> ArraySlice<UInt8> { bytes[item.value] }
}
