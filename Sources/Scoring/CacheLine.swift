internal import CIntrinsics

/// The cache lines of a record that a step uses, for each position at which a record can begin in a line. Lines beyond
/// 64 are left out.
struct RecordLines: BitwiseCopyable {
    private var masks = SIMD8<UInt64>()

    /// Adds words of the record.
    mutating func add(_ words: Range<Int>) {
        let perLine = CacheLine.bytes / MemoryLayout<Int64>.stride
        for start in 0..<perLine {
            for word in words { masks[start] |= 1 << UInt64((start + word) / perLine) }
        }
    }

    @inline(__always) func prefetch(_ record: UnsafeMutablePointer<Int64>) {
        let address = Int(bitPattern: record)
        let base = address & ~(CacheLine.bytes - 1)
        var mask = masks[(address & (CacheLine.bytes - 1)) / MemoryLayout<Int64>.stride]
        while mask != 0 {
            standing_prefetch(UnsafeRawPointer(bitPattern: base &+ mask.trailingZeroBitCount &* CacheLine.bytes))
            mask &= mask &- 1
        }
    }
}

/// The unit of transfer between memory and processor, on every platform that Standing supports.
enum CacheLine {
    static let bytes = 64

    /// Memory that begins on a cache line. The caller frees it with `deallocate`.
    static func allocate<Element: BitwiseCopyable>(
        repeating element: Element, count: Int
    ) -> UnsafeMutablePointer<Element> {
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: count * MemoryLayout<Element>.stride, alignment: bytes)
        return memory.initializeMemory(as: Element.self, repeating: element, count: count)
    }

    /// Prefetches every line that has one of the bytes.
    @inline(__always) static func prefetch(_ start: UnsafeRawPointer, byteCount: Int) {
        var line = UInt(bitPattern: start) & ~UInt(bytes - 1)
        let end = UInt(bitPattern: start) &+ UInt(bitPattern: byteCount)
        while line < end {
            standing_prefetch(UnsafeRawPointer(bitPattern: line))
            line &+= UInt(bytes)
        }
    }
}
