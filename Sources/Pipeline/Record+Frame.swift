internal import Kafka
internal import Ledger

extension Record {
    /// What a record of the ledger topic holds; nothing where it has no value, or a longer one than a frame can be. Such a record
    /// is no frame, but it has its place in the ledger.
    var frame: UnsafeRawBufferPointer {
        guard let value, value.count <= Frame.readerMaximumBytes else {
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return value
    }
}
