/// The bytes of items: chains of small blocks.
extension WaitingQueue {
    /// 128 bytes: the next block's number, and data. Not private: an optimized build of the tests refers to its metadata.
    struct Block: BitwiseCopyable {
        static let dataAt = 8
        static var dataBytes: Int { MemoryLayout<Block>.size - dataAt }

        var next: UInt32 = 0
        private var unused: UInt32 = 0
        private var words:
            (
                UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64,
                UInt64, UInt64
            ) = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    }

    /// The position of the next byte.
    struct BlockEnd {
        var block: UInt32
        var used = 0
    }

    mutating func store(_ text: UnsafeRawBufferPointer, at end: inout BlockEnd) {
        var copied = 0
        while copied < text.count {
            if end.used == Block.dataBytes {
                let next = blocks.add(Block())
                blocks[end.block].pointee.next = next
                end = BlockEnd(block: next)
            }
            let count = min(text.count - copied, Block.dataBytes - end.used)
            (UnsafeMutableRawPointer(blocks[end.block]) + Block.dataAt + end.used).copyMemory(
                from: text.baseAddress! + copied, byteCount: count)
            copied += count
            end.used += count
        }
    }

    borrowing func copy(_ item: Item, to bytes: UnsafeMutableRawBufferPointer) {
        var (block, copied) = (item.block, 0)
        while block != 0 {
            let count = min(item.byteCount - copied, Block.dataBytes)
            UnsafeMutableRawBufferPointer(rebasing: bytes[copied..<copied + count]).copyMemory(
                from: UnsafeRawBufferPointer(start: UnsafeRawPointer(blocks[block]) + Block.dataAt, count: count))
            copied += count
            block = blocks[block].pointee.next
        }
    }
}
