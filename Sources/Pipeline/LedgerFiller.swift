internal import Kafka

/// A record of the ledger topic that only takes an offset: the ledger has no frame there, as after an aborted
/// transaction. An import writes one for each such offset, because a producer cannot skip an offset. Readers of the
/// topic ignore it, so archive, chain and fold do not change. Its key is `standing.no-frame`, and its value null.
enum LedgerFiller {
    static let key: StaticString = "standing.no-frame"

    static var keyBytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount)
    }
}

extension Record {
    var isLedgerFiller: Bool { value == nil && key.map { $0.elementsEqual(LedgerFiller.keyBytes) } == true }
}
