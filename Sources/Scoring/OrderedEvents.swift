internal import Events

/// An event in a measure that goes by the order of events: (time, source, id), the texts as bytes.
struct OrderedEvent: BitwiseCopyable {
    /// The event's fingerprint.
    var identity: UInt64
    var time: Int64
    /// Of a streak 1, or 0 for what breaks it.
    var value: Int64
    /// The first piece of its source and id, one after the other.
    var text: UInt32
    /// The event before it in its bucket.
    var next: UInt32
    var sourceLength: UInt16
    var idLength: UInt16
}

/// A part of a text.
struct TextPiece: BitwiseCopyable {
    static let bytes = 20
    var text: (UInt64, UInt64, UInt32) = (0, 0, 0)
    /// The next part; 0: it is the last.
    var next: UInt32 = 0
}

/// The events of measures that go by their order, with what tells them apart: 40 bytes an event, and 24 for each 20 bytes
/// of its source and id.
///
/// A bucket's events are a list, the last one first.
struct OrderedEvents: ~Copyable {
    var events = Pool<OrderedEvent>()
    var pieces = Pool<TextPiece>()

    @inline(__always) subscript(_ number: UInt32) -> UnsafeMutablePointer<OrderedEvent> { events[number] }

    /// Adds an event to a bucket's list, which begins with `first`; how many events of the list come after it.
    mutating func add(
        _ event: EventView, identity: UInt64, value: Int64, to first: UnsafeMutablePointer<UInt32>
    ) -> Int64 {
        var new = OrderedEvent(
            identity: identity, time: event.time.microseconds, value: value, text: 0, next: 0,
            sourceLength: UInt16(truncatingIfNeeded: event.source.count),
            idLength: UInt16(truncatingIfNeeded: event.id.count))
        new.text = addText(event.source, event.id)
        var (place, later) = (first, Int64(0))
        while place.pointee != 0, precedes(new, event, events[place.pointee].pointee) {
            place = Self.next(events[place.pointee])
            later += 1
        }
        new.next = place.pointee
        place.pointee = events.add(new)
        return later
    }

    /// Takes an event out of a bucket's list; how many events of the list come after it. Nil: it is not there.
    mutating func take(_ identity: UInt64, from first: UnsafeMutablePointer<UInt32>) -> Int64? {
        var (place, later) = (first, Int64(0))
        while place.pointee != 0 {
            let number = place.pointee
            if events[number].pointee.identity == identity {
                place.pointee = events[number].pointee.next
                remove(number)
                return later
            }
            place = Self.next(events[number])
            later += 1
        }
        return nil
    }

    /// Removes a whole list.
    mutating func removeAll(_ first: UInt32) {
        var number = first
        while number != 0 {
            let next = events[number].pointee.next
            remove(number)
            number = next
        }
    }

    private static func next(_ event: UnsafeMutablePointer<OrderedEvent>) -> UnsafeMutablePointer<UInt32> {
        (UnsafeMutableRawPointer(event) + MemoryLayout<OrderedEvent>.offset(of: \.next)!)
            .assumingMemoryBound(to: UInt32.self)
    }

    /// Whether one event that is here comes before another.
    func precedes(_ a: OrderedEvent, _ b: OrderedEvent) -> Bool {
        guard a.time == b.time else { return a.time < b.time }
        return withText(of: a) { source, id in
            withText(of: b) { source.equals($0) ? id.precedes($1) : source.precedes($0) }
        }
    }

    /// Whether a new event comes before one that is here. Texts are looked at only where the times are the same.
    private func precedes(_ new: OrderedEvent, _ event: EventView, _ old: OrderedEvent) -> Bool {
        guard new.time == old.time else { return new.time < old.time }
        return withText(of: old) { source, id in
            event.source.equals(source) ? event.id.precedes(id) : event.source.precedes(source)
        }
    }

    // MARK: Texts

    private mutating func addText(_ source: UnsafeRawBufferPointer, _ id: UnsafeRawBufferPointer) -> UInt32 {
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

    /// Lends an event's source and id. Pieces that end too early, in a state that is only looked at, leave zeros.
    func withText<Result>(
        of event: OrderedEvent, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Result
    ) -> Result {
        let (source, count) = (Int(event.sourceLength), Int(event.sourceLength) + Int(event.idLength))
        return withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { text in
            text.initializeMemory(as: UInt8.self, repeating: 0)
            var (number, done) = (event.text, 0)
            while number != 0, done < count {
                let part = min(TextPiece.bytes, count - done)
                (text.baseAddress! + done).copyMemory(from: pieces[number], byteCount: part)
                done += part
                number = pieces[number].pointee.next
            }
            let whole = UnsafeRawBufferPointer(text)
            return body(
                UnsafeRawBufferPointer(rebasing: whole[..<source]), UnsafeRawBufferPointer(rebasing: whole[source...]))
        }
    }

    /// The pieces of who has withdrawn, or of what was voided, leave nothing behind.
    private mutating func remove(_ number: UInt32) {
        var piece = events[number].pointee.text
        while piece != 0 {
            let next = pieces[piece].pointee.next
            pieces[piece].pointee = TextPiece()
            pieces.remove(piece)
            piece = next
        }
        events[number].pointee.identity = 0
        events.remove(number)
    }
}
