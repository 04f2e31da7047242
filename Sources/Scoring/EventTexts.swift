internal import Events

/// A part of a text, in a linked list.
struct TextPiece: BitwiseCopyable {
    static let bytes = 20
    var text: (UInt64, UInt64, UInt32) = (0, 0, 0)
    /// The next part; 0 after the last.
    var next: UInt32 = 0
}

/// Source and id of events in ordered measures, by `OrderedEvent.mark`. They order events of the same time.
///
/// Without a history to look texts up in, all texts are in memory; with one (`limit`), only the newest. Texts that are
/// not used within a generation are dropped with the next. So the table is not part of the state, and no digest covers
/// it.
struct EventTexts: ~Copyable {
    struct Text: BitwiseCopyable {
        /// 0 if the slot is free.
        var mark: UInt64
        /// The first part of its source, directly followed by its id.
        var first: UInt32
        /// The number of measures that the event is in.
        var uses: UInt32
        var sourceLength: UInt16
        var idLength: UInt16
    }

    /// Limit of a generation's bytes of texts and slots. There are two generations, and the texts of one batch may
    /// exceed the limit.
    var limit = Int.max
    private var young = Generation()
    private var old = Generation()

    /// Adds one use of an event's text, for a measure that the event comes into.
    mutating func add(_ mark: UInt64, _ source: UnsafeRawBufferPointer, _ id: UnsafeRawBufferPointer) {
        let mark = Self.key(mark)
        if let slot = young.find(mark) {
            young.slots[slot].uses &+= 1
        } else {
            young.add(mark, source, id, uses: 1)
        }
    }

    func contains(_ mark: UInt64) -> Bool { young.find(Self.key(mark)) != nil || old.find(Self.key(mark)) != nil }

    /// Removes one use, for a measure that the event leaves.
    mutating func remove(_ mark: UInt64) {
        if !young.release(Self.key(mark)) { _ = old.release(Self.key(mark)) }
    }

    /// Whether one event precedes another of the same time. A missing text compares like an empty one.
    func precedes(_ a: UInt64, _ b: UInt64) -> Bool {
        withText(of: a) { source, id in
            withText(of: b) { source.equals($0) ? id.precedes($1) : source.precedes($0) }
        }
    }

    /// Calls the body with an event's source and id, which are valid until it returns.
    func withText<Result>(
        of mark: UInt64, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Result
    ) -> Result {
        let mark = Self.key(mark)
        if let slot = young.find(mark) { return young.withText(slot, body) }
        if let slot = old.find(mark) { return old.withText(slot, body) }
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        return body(none, none)
    }

    /// Drops texts that were not used recently, if there are more than the limit. Never called within a step.
    mutating func age() {
        guard young.byteCount > limit else { return }
        old = Generation()
        swap(&young, &old)
    }

    var count: Int { young.count + old.count }
    var byteCount: Int { young.byteCount + old.byteCount }

    /// Calls the body with every text, in no particular order.
    func forEach(_ body: (Text, UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void) rethrows {
        try young.forEach(body)
        try old.forEach(body)
    }

    /// Adds a text of a snapshot. Returns false if it is there already.
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
    /// A table with open addressing.
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
            insert(text)
            count += 1
        }

        private func insert(_ text: Text) {
            var slot = home(text.mark)
            while slots[slot].mark != 0 { slot = (slot + 1) & self.mask }
            slots[slot] = text
        }

        private mutating func grow() {
            let old = UnsafeMutableBufferPointer(start: slots, count: mask + 1)
            mask = old.count * 2 - 1
            slots = .allocate(capacity: old.count * 2)
            slots.initialize(repeating: Self.free, count: old.count * 2)
            for text in old where text.mark != 0 { insert(text) }
            old.deallocate()
        }

        /// Removes one use, and the text with its last use. Returns false if the text is not here.
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
            // Closes the gap, so that no search ends before its text.
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
