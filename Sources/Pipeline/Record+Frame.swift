internal import Kafka
internal import Ledger

extension Record {
    /// The value of a record of the ledger topic; empty if it has none, or one that is longer than a frame can be. Such
    /// a record is not a frame, but it has an offset in the ledger.
    var frame: UnsafeRawBufferPointer {
        guard let value, value.count <= Frame.readerMaximumBytes else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return value
    }
}
