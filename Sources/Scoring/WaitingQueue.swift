internal import Events

/// Events that wait under a key until they expire: early events under their subject, voids under the event that they
/// void. They are in the order of the ledger. If there are too many, the oldest is dropped.
///
/// Bytes are in small blocks that are used again, so a steady state allocates nothing.
struct WaitingQueue: ~Copyable {
    /// Limits of what waits; constants of the fold version.
    struct Limits {
        var itemsOfKey: Int
        var items: Int
        /// Bytes of the events' texts and data.
        var bytes: Int
    }

    struct Item: BitwiseCopyable {
        /// Its position in the order of the ledger.
        var number: UInt64
        var key: UInt64
        /// It waits while the clock is before this time, in microseconds since 1970.
        var expires: Int64
        /// The duration of its wait, in microseconds.
        var wait: Int64
        /// The event's fingerprint.
        var identity: UInt64
        /// The event's time.
        var time: Int64
        /// The number of its source topic; -1 if that is not known.
        var topic: Int32
        var isFrozen: Bool
        /// Bytes of source, id, type, subject and data, which follow one another; all 0 if no bytes are stored.
        var lengths: (source: UInt32, id: UInt32, type: UInt32, subject: UInt32, data: UInt32) = (0, 0, 0, 0, 0)
        /// The first block of its bytes; 0 if there are none.
        fileprivate(set) var block: UInt32 = 0
        /// The key's next newer item.
        fileprivate var nextOfKey: UInt32 = 0
        /// The neighbours in its lane.
        fileprivate var older: UInt32 = 0
        fileprivate var newer: UInt32 = 0

        var byteCount: Int {
            Int(lengths.source) + Int(lengths.id) + Int(lengths.type) + Int(lengths.subject) + Int(lengths.data)
        }
    }

    /// Items that wait equally long: they expire in the order of the ledger. Each duration has its own lane.
    private struct Lane: BitwiseCopyable {
        var wait: Int64
        var oldest: UInt32 = 0
        var newest: UInt32 = 0
    }

    let limits: Limits
    private(set) var count = 0
    private(set) var byteCount = 0
    /// The number of the newest item that was ever added.
    private(set) var lastNumber: UInt64 = 0
    /// The time at which the next item expires; `Int64.max` if none waits.
    private(set) var nextExpiry = Int64.max
    /// Events that contribute nothing, at the number of their source topic plus one.
    private(set) var inVainByTopic: [Int64] = []

    private var items = SlabAllocator<Item>()
    /// The bytes of the items, in chains of blocks (`WaitingQueue+Blocks.swift`).
    var blocks = SlabAllocator<Block>()
    private var lanes: [Lane] = []
    /// The table of keys (`WaitingQueue+Chains.swift`).
    var chains = [Chain](repeating: Chain(), count: 64)
    var usedChains = 0

    init(limits: Limits) { self.limits = limits }

    /// Bytes that the table of keys allocates when it next grows, if that is soon.
    var nextGrowth: Int {
        usedChains * 4 > chains.count * 3 / 10 * 9 ? chains.count * 2 * MemoryLayout<Chain>.stride : 0
    }

    /// Bytes that the tables take.
    var tableBytes: Int { items.byteCount + blocks.byteCount + chains.count * MemoryLayout<Chain>.stride }

    // MARK: Adding

    /// Adds `event`, with or without its bytes, to wait from `clock` on. Returns how many were dropped for it, possibly
    /// including the event itself.
    mutating func add(
        _ event: EventView, storesBytes: Bool, key: UInt64, identity: UInt64, clock: Int64, wait: Int64, topic: Int32,
        isFrozen: Bool
    ) -> Int64 {
        lastNumber += 1
        var item = Item(
            number: lastNumber, key: key, expires: clock > .max - wait ? .max : clock + wait, wait: wait,
            identity: identity,
            time: event.time.microseconds, topic: topic, isFrozen: isFrozen)
        if storesBytes {
            item.lengths = (
                UInt32(event.source.count), UInt32(event.id.count), UInt32(event.type.count),
                UInt32(event.subject.count), UInt32(event.data.count)
            )
            item.block = blocks.add(Block())
            var end = BlockEnd(block: item.block)
            store(event.source, at: &end)
            store(event.id, at: &end)
            store(event.type, at: &end)
            store(event.subject, at: &end)
            store(event.data, at: &end)
        }
        link(item)
        let before = count
        let mine = chains[chain(of: key)!]
        if Int(mine.count) > limits.itemsOfKey { waitInVain(mine.oldest) }
        while count > limits.items || byteCount > limits.bytes { waitInVain(oldest) }
        return Int64(before - count)
    }

    private mutating func link(_ item: Item) {
        let lane = lane(item.wait)
        let number = items.add(item)
        let added = items[number]
        added.pointee.older = lanes[lane].newest
        if lanes[lane].newest == 0 {
            lanes[lane].oldest = number
        } else {
            items[lanes[lane].newest].pointee.newer = number
        }
        lanes[lane].newest = number
        let slot = chain(of: item.key) ?? addChain(item.key)
        if chains[slot].count == 0 {
            chains[slot].oldest = number
        } else {
            items[chains[slot].newest].pointee.nextOfKey = number
        }
        chains[slot].newest = number
        chains[slot].count += 1
        count += 1
        byteCount += item.byteCount
        nextExpiry = min(nextExpiry, item.expires)
    }

    private mutating func lane(_ wait: Int64) -> Int {
        if let known = lanes.firstIndex(where: { $0.wait == wait }) { return known }
        if let free = lanes.firstIndex(where: { $0.oldest == 0 }) {
            lanes[free] = Lane(wait: wait)
            return free
        }
        lanes.append(Lane(wait: wait))
        return lanes.count - 1
    }

    // MARK: Removing

    /// Removes at most `limit` items whose wait has expired at `clock`. Returns their number. `nextExpiry` is after the
    /// clock if none remain.
    mutating func expire(at clock: Int64, atMost limit: Int) -> Int {
        let before = count
        var next = Int64.max
        for lane in lanes.indices {
            while before - count < limit, lanes[lane].oldest != 0,
                items[lanes[lane].oldest].pointee.expires <= clock
            {
                waitInVain(lanes[lane].oldest)
            }
            if lanes[lane].oldest != 0 { next = min(next, items[lanes[lane].oldest].pointee.expires) }
        }
        nextExpiry = next
        return before - count
    }

    private mutating func waitInVain(_ number: UInt32) {
        noteInVain(topic: items[number].pointee.topic)
        drop(number)
    }

    /// Counts an event of a source topic that contributes nothing.
    mutating func noteInVain(topic: Int32) {
        let index = topic < Self.maximumTopics ? Int(topic) + 1 : 0
        while inVainByTopic.count <= index { inVainByTopic.append(0) }
        inVainByTopic[index] += 1
    }

    /// Removes a key's oldest item; nil if it has none. Appends its bytes, a copy that the caller frees, to `lent`:
    /// source, id, type, subject and data, in this order.
    mutating func takeOldest(of key: UInt64, lendTo lent: inout [UnsafeMutableRawBufferPointer]) -> Item? {
        guard let slot = chain(of: key) else { return nil }
        let number = chains[slot].oldest
        let item = items[number].pointee
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: item.byteCount, alignment: 1)
        copy(item, to: bytes)
        lent.append(bytes)
        drop(number)
        return item
    }

    /// Removes a key's items that have the identity of an event. Returns their number.
    mutating func remove(_ identity: UInt64, of key: UInt64) -> Int {
        guard let slot = chain(of: key) else { return 0 }
        var found = 0
        var number = chains[slot].oldest
        while number != 0 {
            let next = items[number].pointee.nextOfKey
            if items[number].pointee.identity == identity {
                drop(number)
                found += 1
            }
            number = next
        }
        return found
    }

    /// Calls the body with every item in the order of the ledger, with its bytes.
    borrowing func forEach(_ body: (Item, UnsafeRawBufferPointer) throws -> Void) rethrows {
        var next = lanes.map(\.oldest)
        while true {
            var first: Int?
            for lane in next.indices where next[lane] != 0 {
                if first.map({ number(next[lane]) < number(next[$0]) }) ?? true { first = lane }
            }
            guard let first else { return }
            try lend(next[first], body)
            next[first] = items[next[first]].pointee.newer
        }
    }

    private func number(_ item: UInt32) -> UInt64 { items[item].pointee.number }

    /// The oldest item of the ledger; 0 if none waits.
    private var oldest: UInt32 {
        var oldest: UInt32 = 0
        for lane in lanes where lane.oldest != 0 {
            if oldest == 0 || number(lane.oldest) < number(oldest) { oldest = lane.oldest }
        }
        return oldest
    }

    private borrowing func lend(
        _ number: UInt32, _ body: (Item, UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        let item = items[number].pointee
        try withUnsafeTemporaryAllocation(byteCount: item.byteCount, alignment: 8) { bytes in
            copy(item, to: bytes)
            try body(item, UnsafeRawBufferPointer(bytes))
        }
    }

    private mutating func drop(_ number: UInt32) {
        let item = items[number].pointee
        unlinkFromLane(number, item)
        unlinkFromChain(number, item)
        var block = item.block
        while block != 0 {
            let next = blocks[block].pointee.next
            blocks.remove(block)
            block = next
        }
        items.remove(number)
        count -= 1
        byteCount -= item.byteCount
        if count == 0 { nextExpiry = .max }
    }

    private mutating func unlinkFromLane(_ number: UInt32, _ item: Item) {
        let lane = lane(item.wait)
        if item.older == 0 { lanes[lane].oldest = item.newer } else { items[item.older].pointee.newer = item.newer }
        if item.newer == 0 { lanes[lane].newest = item.older } else { items[item.newer].pointee.older = item.older }
    }

    private mutating func unlinkFromChain(_ number: UInt32, _ item: Item) {
        guard let slot = chain(of: item.key) else { preconditionFailure("a waiting item has a chain") }
        chains[slot].count -= 1
        if chains[slot].count == 0 { return removeChain(slot) }
        if chains[slot].oldest == number {
            chains[slot].oldest = item.nextOfKey
            return
        }
        var previous = chains[slot].oldest
        while items[previous].pointee.nextOfKey != number { previous = items[previous].pointee.nextOfKey }
        items[previous].pointee.nextOfKey = item.nextOfKey
        if chains[slot].newest == number { chains[slot].newest = previous }
    }
}

// MARK: As bytes

extension WaitingQueue {
    /// Writes items in the order of the ledger. Each has its number, key, expires, wait, identity, time, topic, frozen,
    /// the lengths, and the bytes.
    borrowing func write(to body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var writer = ByteWriter(capacity: 1 << 16)
        writer.append(littleEndian: UInt64(count))
        writer.append(littleEndian: lastNumber)
        writer.append(varint: UInt64(inVainByTopic.count))
        for tally in inVainByTopic { writer.append(littleEndian: tally) }
        try forEach { item, bytes in
            for word in [item.number, item.key, item.identity] { writer.append(littleEndian: word) }
            for word in [item.expires, item.wait, item.time] { writer.append(littleEndian: word) }
            writer.append(littleEndian: item.topic)
            writer.append(byte: item.isFrozen ? 1 : 0)
            let lengths = item.lengths
            for length in [lengths.source, lengths.id, lengths.type, lengths.subject, lengths.data] {
                writer.append(littleEndian: length)
            }
            writer.append(bytes)
            if writer.count >= 1 << 16 {
                try body(writer.bytes)
                writer.removeAll()
            }
        }
        try body(writer.bytes)
    }

    private static let itemBytes = 73

    /// Reads into an empty queue. Throws if the bytes are not a queue within the limits.
    mutating func read(from reader: inout ByteReader) throws(ByteReader.Failure) {
        let count = try reader.integer(UInt64.self)
        let last = try reader.integer(UInt64.self)
        for _ in 0..<(try reader.count(bytesEach: 8)) { inVainByTopic.append(try reader.tally()) }
        guard count <= UInt64(limits.items), count <= UInt64(reader.remaining / Self.itemBytes),
            last < UInt64(Int64.max)
        else { throw reader.failure }
        for _ in 0..<count {
            let (number, key, identity) = (
                try reader.integer(UInt64.self), try reader.integer(UInt64.self), try reader.integer(UInt64.self)
            )
            let (expires, wait, time) = (
                try reader.integer(Int64.self), try reader.integer(Int64.self), try reader.integer(Int64.self)
            )
            var item = Item(
                number: number, key: key, expires: expires, wait: wait, identity: identity, time: time,
                topic: try reader.integer(), isFrozen: try reader.byte() == 1)
            item.lengths = (
                try reader.integer(), try reader.integer(), try reader.integer(), try reader.integer(),
                try reader.integer()
            )
            let bytes = try reader.take(item.byteCount)
            guard item.topic >= -1, number > lastNumber, number <= last, wait > 0, wait <= Self.longestWait,
                byteCount + bytes.count <= limits.bytes, lanes.count <= Self.maximumLanes,
                chain(of: key).map({ Int(chains[$0].count) < limits.itemsOfKey }) ?? true,
                lanes.first(where: { $0.wait == wait && $0.newest != 0 })
                    .map({ items[$0.newest].pointee.expires <= expires }) ?? true
            else { throw reader.failure }
            lastNumber = number
            if !bytes.isEmpty {
                item.block = blocks.add(Block())
                var end = BlockEnd(block: item.block)
                store(bytes, at: &end)
            }
            link(item)
        }
        lastNumber = last
    }

    /// The limit of topics that are counted separately.
    private static let maximumTopics: Int32 = 1 << 16
    /// A policy's `early` is at most seven days.
    static let longestWait = 7 * Timestamp.microsecondsPerDay
    /// The limit of lanes in a state that is read. Policies may have different waits, all within seven days.
    private static let maximumLanes = 4096
}
