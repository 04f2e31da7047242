/// Elements in chunks that never move, under numbers from 1; 0 stands for none. A removed number is given out again: the free ones
/// are a list, whose links lie in the last four bytes of the elements. So to remove one takes no memory.
struct SlabAllocator<Element: BitwiseCopyable>: ~Copyable {
    private static var chunkShift: Int { 10 }
    static var chunkElements: Int { 1 << chunkShift }

    var chunks: [UnsafeMutablePointer<Element>] = []
    var used = 0
    /// The number that was removed last, and is not in use; 0: none is free.
    var firstFree: UInt32 = 0
    var freeCount = 0
    /// The next element that was never used; nothing is free before it while `firstFree` is 0.
    var bump: UnsafeMutablePointer<Element>?

    init() {}

    deinit {
        for chunk in chunks { chunk.deallocate() }
    }

    /// The place of an element; valid until it is removed.
    @inline(__always) subscript(_ number: UInt32) -> UnsafeMutablePointer<Element> {
        let index = Int(number) - 1
        return chunks[index >> Self.chunkShift] + (index & (Self.chunkElements - 1))
    }

    @inline(__always) mutating func add(_ element: Element) -> UInt32 {
        guard firstFree == 0, let place = bump else { return addElsewhere(element) }
        place.initialize(to: element)
        used &+= 1
        bump = used & (Self.chunkElements - 1) == 0 ? nil : place + 1
        return UInt32(truncatingIfNeeded: used)
    }

    /// Where one was removed, or in a new chunk.
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
        let place = chunks[used >> Self.chunkShift] + (used & (Self.chunkElements - 1))
        place.initialize(to: element)
        used += 1
        bump = used & (Self.chunkElements - 1) == 0 ? nil : place + 1
        return UInt32(used)
    }

    @inline(__always) mutating func remove(_ number: UInt32) {
        freeLink(number).pointee = firstFree
        firstFree = number
        freeCount += 1
    }

    /// Where a free element has the number of the next one.
    @inline(__always) func freeLink(_ number: UInt32) -> UnsafeMutablePointer<UInt32> {
        (UnsafeMutableRawPointer(self[number]) + (MemoryLayout<Element>.size - MemoryLayout<UInt32>.size))
            .assumingMemoryBound(to: UInt32.self)
    }

    var byteCount: Int { chunks.count * Self.chunkElements * MemoryLayout<Element>.stride }

    /// Every element, those that are free marked; nil: something is free twice.
    borrowing func marks() -> BitSet? {
        var marks = BitSet(count: used)
        var number = firstFree
        while number != 0 {
            guard marks.insert(number) else { return nil }
            number = freeLink(number).pointee
        }
        return marks
    }
}

/// Which numbers, from 1, were come across.
struct BitSet {
    private let count: Int
    private var words: [UInt64]

    init(count: Int) {
        self.count = count
        words = [UInt64](repeating: 0, count: count / 64 + 1)
    }

    /// False: it was there before, or there is no such number.
    @inline(__always) mutating func insert(_ number: UInt32) -> Bool {
        guard number > 0, Int(number) <= count else { return false }
        let bit = UInt64(1) << UInt64(number & 63)
        let word = Int(number >> 6)
        guard words[word] & bit == 0 else { return false }
        words[word] |= bit
        return true
    }
}
