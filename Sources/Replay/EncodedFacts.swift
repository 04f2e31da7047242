internal import Events
public import Scoring

/// Encoded facts to be published, in order. A value that is used again does not allocate.
public struct EncodedFacts: ~Copyable {
    public struct Item: Sendable {
        public let kind: Fact.Kind
        public let sequence: Int64
        let key: Range<Int>
        let value: Range<Int>

        public var topic: FactTopic { kind.topic }
    }

    public private(set) var items: [Item] = []
    private var bytes = ByteWriter(capacity: 256 * 1024)

    public init() {}

    public mutating func removeAll() {
        items.removeAll(keepingCapacity: true)
        bytes.removeAll()
    }

    mutating func append(
        _ kind: Fact.Kind, _ sequence: Int64, key: UnsafeRawBufferPointer, _ encode: (inout ByteWriter) -> Void
    ) {
        let start = bytes.count
        bytes.append(key)
        let middle = bytes.count
        encode(&bytes)
        items.append(Item(kind: kind, sequence: sequence, key: start..<middle, value: middle..<bytes.count))
    }

    /// The subject. Valid until the next change.
    public func key(_ item: Item) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: bytes.bytes[item.key]) }

    /// The fact's JSON. Valid until the next change.
    public func value(_ item: Item) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes.bytes[item.value])
    }
}
