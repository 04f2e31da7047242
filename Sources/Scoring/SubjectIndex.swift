internal import Events

/// The subjects of a ledger partition in the order of their ids' bytes.
///
/// A fold does not know of it: whoever searches brings it up to date first, some subjects at a time (`Fold.update`), so that the fold
/// pays for nobody's searches. An entry is 16 bytes and lies in a block of at most 512; a block that overflows is split where the new
/// entry belongs. Entries of subjects that have withdrawn stay until they are met, or until they are an eighth of all.
///
/// Owned by whoever searches a partition. It belongs to one fold and to no other: after a switch of the policy it is made anew.
public struct SubjectIndex: ~Copyable {
    struct Entry: BitwiseCopyable {
        /// Where its id comes among others, as far as 8 bytes say (`order(of:)`); ids of which these are equal are compared as a whole.
        var order: UInt64
        /// The number of its record, and of its enrolment: it is another subject, or none, if the record's is another.
        var subject: UInt32
        var life: UInt32
    }

    static let blockEntries = 512

    /// In the order of ids; none is empty.
    var blocks: [[Entry]] = []
    /// The first order of each block.
    private var firsts: [UInt64] = []
    /// Entries, those of subjects that have withdrawn included.
    private(set) var count = 0
    /// What most ids begin with; their order is that of the bytes after it.
    private var common: [UInt8] = []
    /// Subjects that there were when it began.
    private var founded = 0
    /// Enrolments up to this number are in the index.
    private var life: UInt32 = 0
    /// Those up to this number are being added; nil while none are.
    private var target: UInt32?
    private var nextChunk = 0
    private var nextRecord = 0
    /// The block whose entries are looked at next, for those whose subjects have withdrawn; nil while they are few.
    private var swept: Int?
    /// The number of policy switches of the fold that it is of.
    private var switches: Int64 = -1

    public init() {}

    /// Bytes that it takes, with those of the enrolments that it is made from.
    public var byteCount: Int {
        blocks.reduce(0) { $0 + $1.capacity * MemoryLayout<Entry>.stride + Self.arrayBytes }
            + blocks.capacity * MemoryLayout<[Entry]>.stride + firsts.capacity * MemoryLayout<UInt64>.stride
            + count * SubjectTable.enrolmentBytes
    }

    /// What an array takes beside its elements.
    private static let arrayBytes = 32

    // MARK: Update

    /// Adds the subjects that have enrolled since the last update, at most about `maximum` of them, and drops those that have withdrawn
    /// where they are many. True: it has all that `fold` has.
    mutating func update(_ table: borrowing SubjectTable, newest: UInt32, switches: Int64, maximum: Int) -> Bool {
        let isOutgrown = !common.isEmpty && table.count > Self.outgrown * (founded + Self.blockEntries)
        // A fold with fewer enrolments has taken the place of the one that it is of.
        if self.switches != switches || newest < life || isOutgrown { begin(table, switches) }
        var left = maximum
        if target == nil, newest > life { (target, nextChunk, nextRecord) = (newest, 0, 0) }
        if let target {
            guard add(upTo: target, table, &left) else { return false }
            (life, self.target) = (target, nil)
        }
        if swept == nil, count > table.count + table.count / 8 + Self.blockEntries { swept = 0 }
        while let block = swept, left > 0 {
            left -= Self.blockEntries
            sweep(block, table)
        }
        return life == newest
    }

    private mutating func begin(_ table: borrowing SubjectTable, _ switches: Int64) {
        self = SubjectIndex()
        self.switches = switches
        founded = table.count
        // Of a few: any beginning is right, and what most have makes comparisons short.
        var sample: [UnsafeRawBufferPointer] = []
        for number in stride(from: 0, to: table.used, by: max(1, table.used / Self.sampled)) {
            let key = SubjectTable.key(table.record(UInt32(number)))
            if !key.isEmpty { sample.append(key) }
        }
        guard sample.count > 1, let first = sample.first else { return }
        var shared = first.count
        for key in sample {
            shared = min(shared, key.count)
            shared = (0..<shared).first { key[$0] != first[$0] } ?? shared
        }
        common = Array(first[..<shared])
    }

    /// Ids that `common` is taken from.
    private static let sampled = 64
    /// To look at all records of a chunk takes as long as to add so many subjects.
    private static let subjectsOfChunk = 64
    /// With so many times the subjects that it was made of, what they have in common is looked for anew.
    private static let outgrown = 8

    /// Goes through the chunks that have enrolments after `life`. False: `left` is used up before.
    private mutating func add(upTo target: UInt32, _ table: borrowing SubjectTable, _ left: inout Int) -> Bool {
        while nextChunk < table.chunks.count {
            guard table.newestLife(ofChunk: nextChunk).pointee > Int64(life) else {
                (nextChunk, nextRecord) = (nextChunk + 1, 0)
                continue
            }
            guard left > 0 else { return false }
            // Each call comes further, however few it may add.
            if nextRecord == 0 { left = max(1, left - Self.subjectsOfChunk) }
            while nextRecord < SubjectTable.chunkRecords {
                let number = nextChunk << SubjectTable.chunkShift + nextRecord
                guard number < table.used else { break }
                guard left > 0 else { return false }
                nextRecord += 1
                let record = table.record(UInt32(number))
                let enrolment = SubjectTable.life(record).pointee
                guard SubjectTable.header(record).pointee.keyLength > 0, enrolment > life, enrolment <= target else {
                    continue
                }
                left -= 1
                insert(UInt32(number), enrolment, SubjectTable.key(record), table)
            }
            (nextChunk, nextRecord) = (nextChunk + 1, 0)
        }
        return true
    }

    private mutating func insert(
        _ subject: UInt32, _ life: UInt32, _ key: UnsafeRawBufferPointer, _ table: borrowing SubjectTable
    ) {
        let entry = Entry(order: order(of: key), subject: subject, life: life)
        var (block, place) = position(of: key, after: false, table)
        count += 1
        if blocks.isEmpty {
            place = -1
        } else if blocks[block].count == Self.blockEntries {
            (block, place) = split(block, at: place)
        }
        if place < 0 {
            blocks.insert([entry], at: block)
            firsts.insert(entry.order, at: block)
            return
        }
        blocks[block].insert(entry, at: place)
        if place == 0 { firsts[block] = entry.order }
    }

    /// Makes room in a full block for an entry at `place`; returns where it belongs now, with a place of -1 for a block of its own.
    /// What comes in ascending or descending order leaves full blocks.
    private mutating func split(_ block: Int, at place: Int) -> (block: Int, place: Int) {
        if place == Self.blockEntries { return (block + 1, -1) }
        if place == 0 { return (block, -1) }
        let tail = Array(blocks[block][place...])
        blocks[block] = Array(blocks[block][..<place])
        blocks.insert(tail, at: block + 1)
        firsts.insert(tail[0].order, at: block + 1)
        return (block, place)
    }

    // MARK: Order

    /// A number that is not greater than that of any id that comes after.
    private func order(of key: UnsafeRawBufferPointer) -> UInt64 {
        common.withUnsafeBytes { common in
            if common.isEmpty { return SubjectTable.order(of: key, from: 0).high }
            if key.begins(with: common) {
                return SubjectTable.order(of: key, from: common.count).high
            }
            return key.precedes(common) ? 0 : .max
        }
    }

    /// The key of an entry's subject; empty if it has withdrawn.
    @inline(__always) func key(_ entry: Entry, _ table: borrowing SubjectTable) -> UnsafeRawBufferPointer {
        let record = table.record(entry.subject)
        return SubjectTable.life(record).pointee == entry.life
            ? SubjectTable.key(record) : UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// The place of the first entry whose id is not before `key`, or, if `after`, is after it. The number of blocks if there is none.
    mutating func position(
        of key: UnsafeRawBufferPointer, after: Bool, _ table: borrowing SubjectTable
    ) -> (block: Int, place: Int) {
        let order = order(of: key)
        while true {
            if let found = findPosition(of: key, order, after: after, table) { return found }
        }
    }

    /// Nil: it met an entry whose subject has withdrawn, and took it out.
    private mutating func findPosition(
        of key: UnsafeRawBufferPointer, _ order: UInt64, after: Bool, _ table: borrowing SubjectTable
    ) -> (block: Int, place: Int)? {
        /// Whether an entry comes before the place; nil if its subject has withdrawn and its order does not tell.
        func comesBefore(_ entry: Entry) -> Bool? {
            if entry.order != order { return entry.order < order }
            let own = self.key(entry, table)
            if own.isEmpty { return nil }
            return after ? !key.precedes(own) : own.precedes(key)
        }
        // The last block whose first entry comes before.
        var (low, high) = (0, blocks.count)
        while low < high {
            let middle = (low + high) / 2
            let isBefore: Bool?
            if firsts[middle] != order {
                isBefore = firsts[middle] < order
            } else {
                isBefore = comesBefore(blocks[middle][0])
            }
            guard let isBefore else {
                remove(at: 0, ofBlock: middle)
                return nil
            }
            if isBefore { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return (0, 0) }
        let block = low - 1
        (low, high) = (1, blocks[block].count)
        while low < high {
            let middle = (low + high) / 2
            guard let isBefore = comesBefore(blocks[block][middle]) else {
                remove(at: middle, ofBlock: block)
                return nil
            }
            if isBefore { low = middle + 1 } else { high = middle }
        }
        // After the last of a block is before the first of the next.
        return (block, low)
    }

    // MARK: Removal

    private mutating func remove(at place: Int, ofBlock block: Int) {
        blocks[block].remove(at: place)
        count -= 1
        if blocks[block].isEmpty {
            blocks.remove(at: block)
            firsts.remove(at: block)
        } else if place == 0 {
            firsts[block] = blocks[block][0].order
        }
    }

    /// Takes the entries of a block out whose subjects have withdrawn, and makes one of it and its neighbour if they are small.
    private mutating func sweep(_ block: Int, _ table: borrowing SubjectTable) {
        guard block < blocks.count else {
            swept = nil
            return
        }
        let before = blocks[block].count
        let rest = blocks[block].filter { !key($0, table).isEmpty }
        count -= before - rest.count
        swept = block + 1
        if block > 0, blocks[block - 1].count + rest.count <= Self.blockEntries {
            blocks[block - 1] = Self.joined(blocks[block - 1], rest)
            blocks.remove(at: block)
            firsts.remove(at: block)
            swept = block
        } else if rest.isEmpty {
            blocks.remove(at: block)
            firsts.remove(at: block)
            swept = block
        } else if rest.count < before {
            blocks[block] = Self.joined(rest, [])
            firsts[block] = rest[0].order
        }
    }

    /// With room for no more.
    private static func joined(_ first: [Entry], _ second: [Entry]) -> [Entry] {
        var entries: [Entry] = []
        entries.reserveCapacity(first.count + second.count)
        entries += first
        entries += second
        return entries
    }
}
