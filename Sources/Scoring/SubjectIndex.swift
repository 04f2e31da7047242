internal import Events

/// The subjects of a ledger partition in the order of their ids' bytes.
///
/// The fold does not maintain it. A search first updates it, some subjects at a time (`Fold.update`), so a fold without
/// searches has no cost. An entry has 16 bytes and is in a block of at most 512. A full block is split at the position
/// of the new entry. Entries of withdrawn subjects stay until a search meets them, or until they are an eighth of all.
///
/// The owner is the one that searches a partition. The index belongs to one fold and to no other: after a switch of the
/// policy it is built anew.
public struct SubjectIndex: ~Copyable {
    struct Entry: BitwiseCopyable {
        /// The position of its id among others, as far as 8 bytes determine it (`order(of:)`). If these are equal the
        /// whole ids are compared.
        var order: UInt64
        /// The numbers of its record and of its enrolment. If the record has another enrolment, the subject has
        /// withdrawn.
        var subject: UInt32
        var enrolment: UInt32
    }

    static let blockEntries = 512

    /// In the order of ids. No block is empty.
    var blocks: [[Entry]] = []
    /// The first order of each block.
    private var firsts: [UInt64] = []
    /// Entries, including those of withdrawn subjects.
    private(set) var count = 0
    /// The prefix of most ids. The order of ids with the prefix is that of the bytes after it.
    private var common: [UInt8] = []
    /// The number of subjects when the index was begun.
    private var founded = 0
    /// Enrolments up to this number are in the index.
    private var indexedEnrolment: UInt32 = 0
    /// Enrolments up to this number are being added; nil if no update is in progress.
    private var target: UInt32?
    private var nextChunk = 0
    private var nextRecord = 0
    /// The next block to be searched for entries of withdrawn subjects; nil while they are few.
    private var swept: Int?
    /// The number of policy switches of its fold.
    private var switches: Int64 = -1

    public init() {}

    /// Bytes of the index, including the enrolments from which it is built.
    public var byteCount: Int {
        blocks.reduce(0) { $0 + $1.capacity * MemoryLayout<Entry>.stride + Self.arrayBytes }
            + blocks.capacity * MemoryLayout<[Entry]>.stride + firsts.capacity * MemoryLayout<UInt64>.stride
            + count * SubjectTable.enrolmentBytes
    }

    /// The overhead of an array in bytes.
    private static let arrayBytes = 32

    // MARK: Update

    /// Adds the subjects that enrolled since the last update, about `maximum` of them at most, and drops withdrawn ones
    /// if they are many. Returns true if it has all subjects of the fold.
    mutating func update(_ table: borrowing SubjectTable, newest: UInt32, switches: Int64, maximum: Int) -> Bool {
        let isOutgrown = !common.isEmpty && table.count > Self.outgrown * (founded + Self.blockEntries)
        // A fold with fewer enrolments has replaced the fold of this index.
        if self.switches != switches || newest < indexedEnrolment || isOutgrown { begin(table, switches) }
        var left = maximum
        if target == nil, newest > indexedEnrolment { (target, nextChunk, nextRecord) = (newest, 0, 0) }
        if let target {
            guard add(upTo: target, table, &left) else { return false }
            (indexedEnrolment, self.target) = (target, nil)
        }
        if swept == nil, count > table.count + table.count / 8 + Self.blockEntries { swept = 0 }
        while let block = swept, left > 0 {
            left -= Self.blockEntries
            sweep(block, table)
        }
        return indexedEnrolment == newest
    }

    private mutating func begin(_ table: borrowing SubjectTable, _ switches: Int64) {
        self = SubjectIndex()
        self.switches = switches
        founded = table.count
        // A sample is enough: any prefix is correct, and a frequent one makes comparisons short.
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

    /// Ids in the sample for `common`.
    private static let sampled = 64
    /// Searching all records of a chunk takes as long as adding this many subjects.
    private static let subjectsOfChunk = 64
    /// When the subjects have grown by this factor, their common prefix is computed again.
    private static let outgrown = 8

    /// Searches the chunks that have enrolments after `indexedEnrolment`. Returns false if `left` is used up first.
    private mutating func add(upTo target: UInt32, _ table: borrowing SubjectTable, _ left: inout Int) -> Bool {
        while nextChunk < table.chunks.count {
            guard table.newestEnrolment(ofChunk: nextChunk).pointee > Int64(indexedEnrolment) else {
                (nextChunk, nextRecord) = (nextChunk + 1, 0)
                continue
            }
            guard left > 0 else { return false }
            // Each call makes progress, however small `left` is.
            if nextRecord == 0 { left = max(1, left - Self.subjectsOfChunk) }
            while nextRecord < SubjectTable.chunkRecords {
                let number = nextChunk << SubjectTable.chunkShift + nextRecord
                guard number < table.used else { break }
                guard left > 0 else { return false }
                nextRecord += 1
                let record = table.record(UInt32(number))
                let enrolment = SubjectTable.enrolment(record).pointee
                guard SubjectTable.header(record).pointee.keyLength > 0, enrolment > indexedEnrolment,
                    enrolment <= target
                else {
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
        _ subject: UInt32, _ enrolment: UInt32, _ key: UnsafeRawBufferPointer, _ table: borrowing SubjectTable
    ) {
        let entry = Entry(order: order(of: key), subject: subject, enrolment: enrolment)
        var (block, entryIndex) = position(of: key, after: false, table)
        count += 1
        if blocks.isEmpty {
            entryIndex = -1
        } else if blocks[block].count == Self.blockEntries {
            (block, entryIndex) = split(block, at: entryIndex)
        }
        if entryIndex < 0 {
            blocks.insert([entry], at: block)
            firsts.insert(entry.order, at: block)
            return
        }
        blocks[block].insert(entry, at: entryIndex)
        if entryIndex == 0 { firsts[block] = entry.order }
    }

    /// Makes room in a full block for an entry at `entryIndex`. Returns the entry's new position, with an index of -1 for a
    /// block of its own. Ascending and descending additions leave full blocks.
    private mutating func split(_ block: Int, at entryIndex: Int) -> (block: Int, entryIndex: Int) {
        if entryIndex == Self.blockEntries { return (block + 1, -1) }
        if entryIndex == 0 { return (block, -1) }
        let tail = Array(blocks[block][entryIndex...])
        blocks[block] = Array(blocks[block][..<entryIndex])
        blocks.insert(tail, at: block + 1)
        firsts.insert(tail[0].order, at: block + 1)
        return (block, entryIndex)
    }

    // MARK: Order

    /// A number that is at most that of any later id.
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
        return SubjectTable.enrolment(record).pointee == entry.enrolment
            ? SubjectTable.key(record) : UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// The position of the first entry whose id is at least `key`, or, with `after`, greater than it. The number of
    /// blocks if there is none.
    mutating func position(
        of key: UnsafeRawBufferPointer, after: Bool, _ table: borrowing SubjectTable
    ) -> (block: Int, entryIndex: Int) {
        let order = order(of: key)
        while true {
            if let found = findPosition(of: key, order, after: after, table) { return found }
        }
    }

    /// Nil if it met an entry of a withdrawn subject, which it removed.
    private mutating func findPosition(
        of key: UnsafeRawBufferPointer, _ order: UInt64, after: Bool, _ table: borrowing SubjectTable
    ) -> (block: Int, entryIndex: Int)? {
        /// Whether an entry comes before the position; nil if its subject has withdrawn and its order does not decide.
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
        // The position after the last entry of a block is that before the first entry of the next block.
        return (block, low)
    }

    // MARK: Removal

    private mutating func remove(at entryIndex: Int, ofBlock block: Int) {
        blocks[block].remove(at: entryIndex)
        count -= 1
        if blocks[block].isEmpty {
            blocks.remove(at: block)
            firsts.remove(at: block)
        } else if entryIndex == 0 {
            firsts[block] = blocks[block][0].order
        }
    }

    /// Removes entries of withdrawn subjects from a block, and joins it with its neighbour if both are small.
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

    /// Joins two blocks without spare capacity.
    private static func joined(_ first: [Entry], _ second: [Entry]) -> [Entry] {
        var entries: [Entry] = []
        entries.reserveCapacity(first.count + second.count)
        entries += first
        entries += second
        return entries
    }
}
