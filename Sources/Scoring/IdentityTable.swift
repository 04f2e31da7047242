internal import CIntrinsics

/// The events that a ledger partition has seen: a set of 64-bit fingerprints of (subject, source, id), each with the
/// subject's enrolment under which it came (0 for any enrolment).
///
/// Two different events of one partition with the same fingerprint would count as one. With n events the chance is
/// about n²/2^65: one in 70,000 million for a hundred thousand, one in 3,700 for a hundred million. The table is
/// divided into shards, so that it grows in many short pauses instead of a long one. A search begins at the start of a
/// cache line, so most searches end in the line that was prefetched.
struct IdentityTable: ~Copyable {
    struct Shard {
        var slots: UnsafeMutablePointer<UInt64>
        var mask: Int
        var count: Int
    }

    private static let shardBits: UInt64 = 6
    static let shardCount = 1 << 6
    let shards: UnsafeMutablePointer<Shard>
    var count = 0

    init() {
        shards = .allocate(capacity: Self.shardCount)
        for shard in 0..<Self.shardCount {
            let slots = CacheLine.allocate(repeating: UInt64(0), count: 64)
            (shards + shard).initialize(to: Shard(slots: slots, mask: 63, count: 0))
        }
    }

    deinit {
        for shard in 0..<Self.shardCount { shards[shard].slots.deallocate() }
        shards.deallocate()
    }

    private static let lineSlots = CacheLine.bytes / MemoryLayout<UInt64>.stride

    /// The slot at which a search begins.
    @inline(__always) private static func home(_ fingerprint: UInt64, mask: Int) -> Int {
        Int(truncatingIfNeeded: fingerprint) & mask & ~(lineSlots - 1)
    }

    /// Prefetches the fingerprint's line.
    @inline(__always) func prefetch(_ fingerprint: UInt64) {
        let shard = shards + Int(fingerprint >> (64 - Self.shardBits))
        standing_prefetch(shard.pointee.slots + Self.home(fingerprint, mask: shard.pointee.mask))
    }

    /// The position of the enrolment in the hash: bits that choose neither the shard nor, in any table that fits a machine,
    /// the line. So the line can be prefetched before the enrolment is known. Two enrolments out of 67 million never collide.
    private static let enrolmentShift: UInt64 = 32
    private static let enrolmentBits: UInt64 = 26

    @inline(__always) private static func value(_ fingerprint: UInt64, _ enrolment: UInt32) -> UInt64 {
        let mixed = fingerprint ^ (UInt64(enrolment) & (1 << enrolmentBits - 1)) << enrolmentShift
        return mixed == 0 ? 1 : mixed
    }

    func contains(_ fingerprint: UInt64, enrolment: UInt32) -> Bool {
        let value = Self.value(fingerprint, enrolment)
        let shard = shards + Int(value >> (64 - Self.shardBits))
        var slot = Self.home(value, mask: shard.pointee.mask)
        while case let found = shard.pointee.slots[slot], found != 0 {
            if found == value { return true }
            slot = (slot &+ 1) & shard.pointee.mask
        }
        return false
    }

    /// Returns true if it was not there. Zero marks a free slot, so a fingerprint of zero counts as one.
    mutating func insert(_ fingerprint: UInt64, enrolment: UInt32) -> Bool {
        let value = Self.value(fingerprint, enrolment)
        let shard = shards + Int(value >> (64 - Self.shardBits))
        var slot = Self.home(value, mask: shard.pointee.mask)
        while true {
            let found = shard.pointee.slots[slot]
            if found == value { return false }
            if found == 0 { break }
            slot = (slot &+ 1) & shard.pointee.mask
        }
        shard.pointee.slots[slot] = value
        shard.pointee.count += 1
        count += 1
        if shard.pointee.count * 4 > (shard.pointee.mask + 1) * 3 { Self.grow(shard) }
        return true
    }

    /// Bytes that shards allocate when they next grow, of those that will grow soon.
    var nextGrowth: Int {
        (0..<Self.shardCount).reduce(0) { sum, shard in
            let size = shards[shard].mask + 1
            return shards[shard].count * 4 > size * 3 / 10 * 9 ? sum + size * 2 * MemoryLayout<UInt64>.stride : sum
        }
    }

    var byteCount: Int {
        (0..<Self.shardCount).reduce(0) { $0 + (shards[$1].mask + 1) * MemoryLayout<UInt64>.stride }
    }

    /// Calls the body with every fingerprint, in no particular order.
    func forEach(_ body: (UInt64) -> Void) {
        for shard in 0..<Self.shardCount {
            for slot in 0...shards[shard].mask where shards[shard].slots[slot] != 0 { body(shards[shard].slots[slot]) }
        }
    }

    private static func grow(_ shard: UnsafeMutablePointer<Shard>) {
        let old = UnsafeMutableBufferPointer(start: shard.pointee.slots, count: shard.pointee.mask + 1)
        let mask = old.count * 2 - 1
        let slots = CacheLine.allocate(repeating: UInt64(0), count: old.count * 2)
        for value in old where value != 0 {
            var slot = home(value, mask: mask)
            while slots[slot] != 0 { slot = (slot &+ 1) & mask }
            slots[slot] = value
        }
        old.deallocate()
        shard.pointee.slots = slots
        shard.pointee.mask = mask
    }
}
