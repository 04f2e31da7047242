internal import Events

/// A part of a text.
struct TextPiece: BitwiseCopyable {
    static let bytes = 20
    var text: (UInt64, UInt64, UInt32) = (0, 0, 0)
    /// The next part; 0: it is the last.
    var next: UInt32 = 0
}

/// Source and id of events in measures that go by their order, by `OrderedEvent.mark`: what puts events of one time in order.
///
/// Of all of them, or, where they can be looked up (`limit`), of the newest: those that are not used in a generation go with the
/// one after. So it is no part of the state, and no digest has it.
struct EventTexts: ~Copyable {
    struct Text: BitwiseCopyable {
        /// 0: the slot is free.
        var mark: UInt64
        /// The first piece of its source and id, one after the other.
        var first: UInt32
        /// Measures that it is in.
        var uses: UInt32
        var sourceLength: UInt16
        var idLength: UInt16
    }

    /// Bytes of texts and slots that are kept, at most twice; those of one batch may come on top.
    var limit = Int.max
    private var young = Generation()
    private var old = Generation()

    /// An event that comes into a measure, or one more.
    mutating func add(_ mark: UInt64, _ source: UnsafeRawBufferPointer, _ id: UnsafeRawBufferPointer) {
        let mark = Self.key(mark)
        if let slot = young.find(mark) {
            young.slots[slot].uses &+= 1
        } else {
            young.add(mark, source, id, uses: 1)
        }
    }

    func contains(_ mark: UInt64) -> Bool { young.find(Self.key(mark)) != nil || old.find(Self.key(mark)) != nil }

    /// An event leaves a measure.
    mutating func remove(_ mark: UInt64) {
        if !young.release(Self.key(mark)) { _ = old.release(Self.key(mark)) }
    }

    /// Whether one event comes before another of the same time. A text that is not here counts as an empty one.
    func precedes(_ a: UInt64, _ b: UInt64) -> Bool {
        withText(of: a) { source, id in
            withText(of: b) { source.equals($0) ? id.precedes($1) : source.precedes($0) }
        }
    }

    /// Lends an event's source and id.
    func withText<Result>(
        of mark: UInt64, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Result
    ) -> Result {
        let mark = Self.key(mark)
        if let slot = young.find(mark) { return young.withText(slot, body) }
        if let slot = old.find(mark) { return old.withText(slot, body) }
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        return body(none, none)
    }

    /// Lets go of what was not used of late, if it is more than is kept. Not within a step.
    mutating func age() {
        guard young.byteCount > limit else { return }
        old = Generation()
        swap(&young, &old)
    }

    var count: Int { young.count + old.count }
    var byteCount: Int { young.byteCount + old.byteCount }

    /// Every text, in no particular order.
    func forEach(_ body: (Text, UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void) rethrows {
        try young.forEach(body)
        try old.forEach(body)
    }

    /// Takes a text as a snapshot has it. False: it was there.
    mutating func restore(
        _ mark: UInt64, uses: UInt32, _ source: UnsafeRawBufferPointer, _ id: UnsafeRawBufferPointer
    ) -> Bool {
        guard young.find(Self.key(mark)) == nil else { return false }
        young.add(Self.key(mark), source, id, uses: uses)
        return true
    }

    /// Zero marks a free slot.
    @inline(__always) private static func key(_ mark: UInt64) -> UInt64 { mark == 0 ? 1 : mark }
}

extension EventTexts {
    /// A table by open addressing.
    struct Generation: ~Copyable {
        private(set) var slots: UnsafeMutablePointer<Text>
        private var mask: Int
        private(set) var count = 0
        private var pieces = SlabAllocator<TextPiece>()

        private static let free = Text(mark: 0, first: 0, uses: 0, sourceLength: 0, idLength: 0)
        private static let leastSlots = 64

        init() {
            mask = Self.leastSlots - 1
            slots = .allocate(capacity: Self.leastSlots)
            slots.initialize(repeating: Self.free, count: Self.leastSlots)
        }

        deinit { slots.deallocate() }

        var byteCount: Int {
            count == 0 ? 0 : (mask + 1) * MemoryLayout<Text>.stride + pieces.byteCount
        }

        @inline(__always) private func home(_ mark: UInt64) -> Int { Int(truncatingIfNeeded: mark >> 6) & self.mask }

        @inline(__always) func find(_ mark: UInt64) -> Int? {
            guard count > 0 else { return nil }
            var slot = home(mark)
            while case let found = slots[slot].mark, found != 0 {
                if found == mark { return slot }
                slot = (slot + 1) & self.mask
            }
            return nil
        }

        mutating func add(
            _ mark: UInt64, _ source: UnsafeRawBufferPointer, _ id: UnsafeRawBufferPointer, uses: UInt32
        ) {
            if (count + 1) * 4 > (mask + 1) * 3 { grow() }
            let text = Text(
                mark: mark, first: addPieces(source, id), uses: uses,
                sourceLength: UInt16(truncatingIfNeeded: source.count), idLength: UInt16(truncatingIfNeeded: id.count))
            place(text)
            count += 1
        }

        private func place(_ text: Text) {
            var slot = home(text.mark)
            while slots[slot].mark != 0 { slot = (slot + 1) & self.mask }
            slots[slot] = text
        }

        private mutating func grow() {
            let old = UnsafeMutableBufferPointer(start: slots, count: mask + 1)
            mask = old.count * 2 - 1
            slots = .allocate(capacity: old.count * 2)
            slots.initialize(repeating: Self.free, count: old.count * 2)
            for text in old where text.mark != 0 { place(text) }
            old.deallocate()
        }

        /// One use less; with the last the text goes. False: it is not here.
        mutating func release(_ mark: UInt64) -> Bool {
            guard let slot = find(mark) else { return false }
            if slots[slot].uses > 1 { slots[slot].uses -= 1 } else { remove(slot) }
            return true
        }

        private mutating func remove(_ slot: Int) {
            var piece = slots[slot].first
            while piece != 0 {
                let next = pieces[piece].pointee.next
                pieces[piece].pointee = TextPiece()
                pieces.remove(piece)
                piece = next
            }
            // Close the gap, so that no search ends before its text.
            let mask = self.mask
            var (hole, next) = (slot, (slot + 1) & mask)
            while slots[next].mark != 0 {
                if (next - home(slots[next].mark)) & mask >= (next - hole) & mask {
                    slots[hole] = slots[next]
                    hole = next
                }
                next = (next + 1) & mask
            }
            slots[hole] = Self.free
            count -= 1
        }

        private mutating func addPieces(_ source: UnsafeRawBufferPointer, _ id: UnsafeRawBufferPointer) -> UInt32 {
            var first: UInt32 = 0
            var last: UnsafeMutablePointer<TextPiece>?
            var done = 0
            let count = source.count + id.count
            while done < count {
                let number = pieces.add(TextPiece())
                let piece = pieces[number]
                var filled = 0
                while filled < TextPiece.bytes, done < count {
                    let isSource = done < source.count
                    let rest = isSource ? source[done...] : id[(done - source.count)...]
                    let part = min(TextPiece.bytes - filled, rest.count)
                    (UnsafeMutableRawPointer(piece) + filled)
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: rest).baseAddress!, byteCount: part)
                    filled += part
                    done += part
                }
                if let last { last.pointee.next = number } else { first = number }
                last = piece
            }
            return first
        }

        func withText<Result>(
            _ slot: Int, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Result
        ) rethrows -> Result {
            let text = slots[slot]
            let (source, count) = (Int(text.sourceLength), Int(text.sourceLength) + Int(text.idLength))
            return try withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { bytes in
                var (number, done) = (text.first, 0)
                while number != 0, done < count {
                    let part = min(TextPiece.bytes, count - done)
                    (bytes.baseAddress! + done).copyMemory(from: pieces[number], byteCount: part)
                    done += part
                    number = pieces[number].pointee.next
                }
                let whole = UnsafeRawBufferPointer(bytes)
                return try body(
                    UnsafeRawBufferPointer(rebasing: whole[..<source]),
                    UnsafeRawBufferPointer(rebasing: whole[source...]))
            }
        }

        func forEach(_ body: (Text, UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void) rethrows {
            for slot in 0...mask where slots[slot].mark != 0 {
                try withText(slot) { try body(slots[slot], $0, $1) }
            }
        }
    }
}
