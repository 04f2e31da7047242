internal import Kafka

/// A record of the ledger topic that takes an offset and nothing else: the ledger has no frame there, as where a transaction was
/// aborted. An import writes one where the ledger had none, because a producer cannot leave an offset out. Whoever reads the topic
/// passes over it, so that archive, chain and fold are what they were: key `standing.no-frame`, no value.
enum LedgerFiller {
    static let key: StaticString = "standing.no-frame"

    static var keyBytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount)
    }
}

extension Record {
    var isLedgerFiller: Bool { value == nil && key.map { $0.elementsEqual(LedgerFiller.keyBytes) } == true }
}
