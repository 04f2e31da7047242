internal import CIntrinsics

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
