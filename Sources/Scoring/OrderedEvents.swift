internal import Events

/// An event in an ordered measure. The order is (time, source, id), the texts as bytes. The event is in the bucket of
/// its day. It has no texts, because they matter only for events of the same time (`EventTexts`).
struct OrderedEvent: BitwiseCopyable {
    /// The upper 58 bits of the event's fingerprint, then `isMixed`, then the upper 5 bits of its time.
    private var bits: UInt64
    /// In a streak 1, or 0 for an event that breaks it.
    var value: Int64
    private var timeLow: UInt32
    /// The number of the event before it in its bucket.
    var next: UInt32

    private static let timeHigh: UInt64 = 1 << 5 - 1
    private static let mixed: UInt64 = 1 << 5

    /// `time` is in microseconds of its day.
    init(identity: UInt64, time: Int64, value: Int64) {
        bits = Self.mark(identity) | UInt64(truncatingIfNeeded: time >> 32) & Self.timeHigh
        timeLow = UInt32(truncatingIfNeeded: time)
        (self.value, next) = (value, 0)
    }

    /// The stored bits of the event's fingerprint.
    @inline(__always) var mark: UInt64 { Self.mark(bits) }
    /// Microseconds of its day.
    @inline(__always) var time: Int64 { Int64(bits & Self.timeHigh) << 32 | Int64(timeLow) }

    /// Stored in the last event of those with the same time. True if their values differ, so that they are sorted by
    /// their texts.
    @inline(__always) var isMixed: Bool {
        get { bits & Self.mixed != 0 }
        set { bits = newValue ? bits | Self.mixed : bits & ~Self.mixed }
    }

    @inline(__always) static func mark(_ identity: UInt64) -> UInt64 { identity & ~(mixed | timeHigh) }
}

/// The events of ordered measures: 24 bytes per event. The events of a bucket are a list, the last one first.
///
/// Events of the same time and value are in any order among themselves, which makes no difference. If values differ
/// they are ordered by their texts. Texts that are not in memory must be looked up before.
struct OrderedEvents: ~Copyable {
    var events = SlabAllocator<OrderedEvent>()
    var texts = EventTexts()

    @inline(__always) subscript(_ number: UInt32) -> UnsafeMutablePointer<OrderedEvent> { events[number] }

    /// Adds an event to a bucket's list, which begins with `first`. Returns the number of events in the list that come
    /// after it.
    mutating func add(
        _ event: EventView, _ new: OrderedEvent, to first: UnsafeMutablePointer<UInt32>
    ) -> Int64 {
        texts.add(new.mark, event.source, event.id)
        var (link, later) = (first, Int64(0))
        while link.pointee != 0, events[link.pointee].pointee.time > new.time {
            link = Self.next(events[link.pointee])
            later += 1
        }
        let start = link
        let isMixed = isMixed(new.value, with: link.pointee, at: new.time)
        if isMixed {
            sort(from: link)
            while link.pointee != 0, case let old = events[link.pointee], old.pointee.time == new.time,
                texts.precedes(new.mark, old.pointee.mark)
            {
                link = Self.next(old)
                later += 1
            }
        }
        let added = events.add(new)
        events[added].pointee.next = link.pointee
        link.pointee = added
        if isMixed { events[start.pointee].pointee.isMixed = true }
        return later
    }

    /// Whether an event and those of the same time, the last of which is `first`, have different values, so that their
    /// texts matter.
    private func isMixed(_ value: Int64?, with first: UInt32, at time: Int64) -> Bool {
        guard first != 0, case let event = events[first].pointee, event.time == time else { return false }
        return event.isMixed || event.value != value
    }

    /// Sorts the events of one time, the last of which is at `link`, by their texts if they are not sorted.
    private mutating func sort(from link: UnsafeMutablePointer<UInt32>) {
        let first = events[link.pointee].pointee
        guard !first.isMixed, first.next != 0, events[first.next].pointee.time == first.time else { return }
        var group: [UInt32] = []
        var rest = link.pointee
        while rest != 0, events[rest].pointee.time == first.time {
            group.append(rest)
            rest = events[rest].pointee.next
        }
        group.sort { texts.precedes(events[$1].pointee.mark, events[$0].pointee.mark) }
        var link = link
        for number in group {
            link.pointee = number
            link = Self.next(events[number])
        }
        link.pointee = rest
    }

    /// Calls `body` with each event of a list whose text is needed to add an event of this time and value, and is not
    /// in memory. `value` is nil if it is not known.
    func forEachLacking(at time: Int64, _ value: Int64?, _ first: UInt32, _ body: (OrderedEvent) -> Void) {
        var number = first
        while number != 0, events[number].pointee.time > time { number = events[number].pointee.next }
        guard isMixed(value, with: number, at: time) else { return }
        while number != 0, case let event = events[number].pointee, event.time == time {
            if !texts.contains(event.mark) { body(event) }
            number = event.next
        }
    }

    /// Whether every event's texts are in memory.
    var hasAllTexts: Bool {
        for number in 0..<events.used {
            let mark = events[UInt32(number + 1)].pointee.mark
            if mark != 0, !texts.contains(mark) { return false }
        }
        return true
    }

    /// Removes an event from a bucket's list. Returns the number of events in the list that come after it; nil if the
    /// event is not there.
    mutating func take(_ identity: UInt64, from first: UnsafeMutablePointer<UInt32>) -> Int64? {
        let mark = OrderedEvent.mark(identity)
        var (link, later) = (first, Int64(0))
        while link.pointee != 0 {
            let number = link.pointee
            if events[number].pointee.mark == mark {
                let (removed, next) = (events[number].pointee, events[number].pointee.next)
                link.pointee = next
                if removed.isMixed, next != 0, events[next].pointee.time == removed.time {
                    events[next].pointee.isMixed = true
                }
                remove(number)
                return later
            }
            link = Self.next(events[number])
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

    /// Nothing of a withdrawn subject or a voided event remains in memory.
    private mutating func remove(_ number: UInt32) {
        texts.remove(events[number].pointee.mark)
        events[number].pointee = OrderedEvent(identity: 0, time: 0, value: 0)
        events.remove(number)
    }
}
