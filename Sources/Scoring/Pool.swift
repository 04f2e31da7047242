/// Elements in chunks that never move, under numbers from 1; 0 stands for none. A removed number is given out again.
struct Pool<Element: BitwiseCopyable>: ~Copyable {
    private static var chunkShift: Int { 10 }
    static var chunkElements: Int { 1 << chunkShift }

    var chunks: [UnsafeMutablePointer<Element>] = []
    var used = 0
    var free: [UInt32] = []
    /// The next element that was never used; nothing is free before it while `free` is empty.
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
        guard free.isEmpty, let place = bump else { return addElsewhere(element) }
        place.initialize(to: element)
        used &+= 1
        bump = used & (Self.chunkElements - 1) == 0 ? nil : place + 1
        return UInt32(truncatingIfNeeded: used)
    }

    /// Where one was removed, or in a new chunk.
    private mutating func addElsewhere(_ element: Element) -> UInt32 {
        if let number = free.popLast() {
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

    mutating func remove(_ number: UInt32) { free.append(number) }

    var byteCount: Int {
        chunks.count * Self.chunkElements * MemoryLayout<Element>.stride
            + free.capacity * MemoryLayout<UInt32>.stride
    }

    /// Every element, those that are free marked; nil: something is free twice.
    borrowing func marks() -> Marks? {
        var marks = Marks(count: used)
        for number in free where !marks.insert(number) { return nil }
        return marks
    }
}

/// Which numbers, from 1, were come across.
struct Marks {
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
