internal import Events
internal import Scoring

/// The newest facts of one ledger partition, in the order in which they were sent. The acknowledged ones can be read.
///
/// A fact's *count* is the number of facts of its ledger partition up to and with it, over all fact topics. It follows
/// from the ledger alone, as the sequence numbers do, so it is the same at every member that has ever owned the
/// partition.
///
/// The memory is allocated with the first fact. The oldest facts make room for new ones. The facts of the newest run
/// have consecutive counts.
struct ChangeRing: ~Copyable {
    /// A fact's properties beside its bytes.
    struct Entry {
        let count: Int64
        let kind: Fact.Kind
        let sequence: Int64
        /// Of the subject.
        let fingerprint: UInt64
        /// The time at which this member sent the fact, in microseconds since 1970.
        let sentAt: Int64
        fileprivate let start: Int
        fileprivate let keyBytes: Int
        fileprivate let valueBytes: Int
    }

    /// A greater fact is left out, as if the ring had lost it.
    static func maximumFactBytes(capacity: Int) -> Int { capacity / 4 }

    let capacity: Int
    let maximumFacts: Int
    private var bytes: UnsafeMutableRawBufferPointer?
    private var entries: [Entry] = []
    /// Entries are numbered in the order in which they came, from 0. Entry n is at index n modulo `maximumFacts`.
    private(set) var (first, next) = (0, 0)
    /// The number of the first entry of the newest run.
    private var run = 0
    /// Entries before this one are acknowledged.
    private(set) var released = 0
    /// The count of the partition's next fact; nil before the number of published facts is known.
    private(set) var nextCount: Int64?
    /// By `FactTopic.rawValue`.
    private var acknowledged = [Int64](repeating: 0, count: FactTopic.allCases.count)
    /// The position of the next fact's bytes.
    private var head = 0

    init(capacity: Int, maximumFacts: Int) {
        (self.capacity, self.maximumFacts) = (capacity, maximumFacts)
    }

    deinit { bytes?.deallocate() }

    /// The count of the first fact that a reader can read without a gap.
    var readableFrom: Int64? { nextCount.map { $0 - Int64(next - max(run, first)) } }

    /// The count of the next fact to be acknowledged.
    var releasedCount: Int64? { nextCount.map { $0 - Int64(next - max(released, run)) } }

    /// This member owns the partition from now on, and the facts up to `sequences` are published. Facts after them that
    /// are in the ring are sent again, byte for byte.
    mutating func begin(published sequences: [Int64]) {
        let count = sequences.reduce(0, +) + 1
        acknowledged = sequences
        if let from = readableFrom, let nextCount, (from...nextCount).contains(count) {
            release()
        } else {
            skip(to: count)
        }
    }

    /// The facts before `count` are not in the ring. Its entries stay for `newest`.
    mutating func skip(to count: Int64) {
        nextCount = count
        (run, released) = (next, next)
    }

    /// Adds a fact that was sent. A fact that is sent again changes nothing.
    mutating func append(
        _ kind: Fact.Kind, count: Int64, sequence: Int64, at sentAt: Int64, key: UnsafeRawBufferPointer,
        value: UnsafeRawBufferPointer
    ) {
        if let nextCount, count < nextCount { return }
        if count != nextCount { skip(to: count) }
        let size = key.count + value.count
        guard size <= Self.maximumFactBytes(capacity: capacity) else { return skip(to: count + 1) }
        if next - first == maximumFacts { dropFirst() }
        let start = makeRoom(for: size)
        let room = UnsafeMutableRawBufferPointer(rebasing: storage[start..<(start + size)])
        room.copyMemory(from: key)
        UnsafeMutableRawBufferPointer(rebasing: room[key.count...]).copyMemory(from: value)
        let entry = Entry(
            count: count, kind: kind, sequence: sequence, fingerprint: key.fingerprint(seed: 0), sentAt: sentAt,
            start: start, keyBytes: key.count, valueBytes: value.count)
        if entries.count < maximumFacts { entries.append(entry) } else { entries[next % maximumFacts] = entry }
        (head, next, nextCount) = (start + size, next + 1, count + 1)
    }

    /// Notes that everything up to `sequence` of a fact topic is acknowledged. `release` applies it, once for many
    /// calls.
    mutating func acknowledge(topic: Int, sequence: Int64) {
        acknowledged[topic] = max(acknowledged[topic], sequence)
    }

    /// Returns the entries that can be read from now on.
    @discardableResult mutating func release() -> Range<Int> {
        released = max(released, run, first)
        let before = released
        while released < next, self[released].sequence <= acknowledged[self[released].kind.topic.rawValue] {
            released += 1
        }
        return before..<released
    }

    subscript(_ entry: Int) -> Entry { entries[entry % maximumFacts] }

    /// The number of the entry with this count; nil if there is a gap after the count.
    func entry(count: Int64) -> Int? {
        guard let nextCount, let from = readableFrom, (from...nextCount).contains(count) else { return nil }
        return next - Int(nextCount - count)
    }

    /// The number of facts between a count and the first readable one; nil if the count was never reached here.
    func missed(from count: Int64) -> Int64? {
        guard let readableFrom, count < readableFrom else { return nil }
        return readableFrom - count
    }

    /// The subject, valid until the next change.
    func key(_ entry: Entry) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes![entry.start..<(entry.start + entry.keyBytes)])
    }

    /// The fact's JSON, valid until the next change.
    func value(_ entry: Entry) -> UnsafeRawBufferPointer {
        let start = entry.start + entry.keyBytes
        return UnsafeRawBufferPointer(rebasing: bytes![start..<(start + entry.valueBytes)])
    }

    /// Entries that can be read, the newest first, without regard to gaps.
    func newest(_ limit: Int, _ body: (Entry) -> Bool) {
        // Entries from `released` on are not acknowledged. Those before the newest run were acknowledged, or will never
        // be.
        for entry in (first..<min(released, next)).reversed().prefix(limit) where !body(self[entry]) { return }
    }

    // MARK: Room

    private var storage: UnsafeMutableRawBufferPointer {
        mutating get {
            if let bytes { return bytes }
            let new = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 8)
            bytes = new
            return new
        }
    }

    private mutating func dropFirst() {
        first += 1
        (run, released) = (max(run, first), max(released, first))
    }

    /// Frees `size` contiguous bytes, and returns their position.
    private mutating func makeRoom(for size: Int) -> Int {
        while first < next {
            let tail = self[first].start
            if head > tail {
                if capacity - head >= size { return head }
                if tail >= size { return 0 }
            } else if tail - head >= size {
                return head
            }
            dropFirst()
        }
        return 0
    }
}
