/// Elements in chunks that never move, with numbers from 1; 0 is no element. Numbers of removed elements are used
/// again. The free ones are a linked list, in the last four bytes of each element, so removal allocates nothing.
struct SlabAllocator<Element: BitwiseCopyable>: ~Copyable {
    private static var chunkShift: Int { 10 }
    static var chunkElements: Int { 1 << chunkShift }

    var chunks: [UnsafeMutablePointer<Element>] = []
    var used = 0
    /// The number that was removed last and is free; 0 if there is none.
    var firstFree: UInt32 = 0
    var freeCount = 0
    /// The next element that was never used. No element before it is free while `firstFree` is 0.
    var bump: UnsafeMutablePointer<Element>?

    init() {}

    deinit {
        for chunk in chunks { chunk.deallocate() }
    }

    /// The address of an element, which is valid until its removal.
    @inline(__always) subscript(_ number: UInt32) -> UnsafeMutablePointer<Element> {
        let index = Int(number) - 1
        return chunks[index >> Self.chunkShift] + (index & (Self.chunkElements - 1))
    }

    @inline(__always) mutating func add(_ element: Element) -> UInt32 {
        guard firstFree == 0, let slot = bump else { return addElsewhere(element) }
        slot.initialize(to: element)
        used &+= 1
        bump = used & (Self.chunkElements - 1) == 0 ? nil : slot + 1
        return UInt32(truncatingIfNeeded: used)
    }

    /// Adds an element at a removed number, or in a new chunk.
    private mutating func addElsewhere(_ element: Element) -> UInt32 {
        if firstFree != 0 {
            let number = firstFree
            firstFree = freeLink(number).pointee
            freeCount -= 1
            self[number].initialize(to: element)
            return number
        }
        precondition(used < Int(UInt32.max), "a pool holds at most 2^32 - 1 elements")
        if used & (Self.chunkElements - 1) == 0 { chunks.append(.allocate(capacity: Self.chunkElements)) }
        let slot = chunks[used >> Self.chunkShift] + (used & (Self.chunkElements - 1))
        slot.initialize(to: element)
        used += 1
        bump = used & (Self.chunkElements - 1) == 0 ? nil : slot + 1
        return UInt32(used)
    }

    @inline(__always) mutating func remove(_ number: UInt32) {
        freeLink(number).pointee = firstFree
        firstFree = number
        freeCount += 1
    }

    /// The link to the next free element, in a free one.
    @inline(__always) func freeLink(_ number: UInt32) -> UnsafeMutablePointer<UInt32> {
        (UnsafeMutableRawPointer(self[number]) + (MemoryLayout<Element>.size - MemoryLayout<UInt32>.size))
            .assumingMemoryBound(to: UInt32.self)
    }

    var byteCount: Int { chunks.count * Self.chunkElements * MemoryLayout<Element>.stride }

    /// The numbers of all free elements; nil if an element is in the free list twice.
    borrowing func freeSlots() -> BitSet? {
        var free = BitSet(count: used)
        var number = firstFree
        while number != 0 {
            guard free.insert(number) else { return nil }
            number = freeLink(number).pointee
        }
        return free
    }
}

/// A set of numbers from 1.
struct BitSet {
    private let count: Int
    private var words: [UInt64]

    init(count: Int) {
        self.count = count
        words = [UInt64](repeating: 0, count: count / 64 + 1)
    }

    /// Returns false if it was there before, or if there is no such number.
    @inline(__always) mutating func insert(_ number: UInt32) -> Bool {
        guard number > 0, Int(number) <= count else { return false }
        let bit = UInt64(1) << UInt64(number & 63)
        let word = Int(number >> 6)
        guard words[word] & bit == 0 else { return false }
        words[word] |= bit
        return true
    }
}
