import Events

/// The numbers of records by result.
public struct FactCounts: Sendable, Equatable {
    public internal(set) var accepted = 0
    public internal(set) var repeats = 0
    /// Ignored because earlier facts are missing.
    public internal(set) var gaps = 0
    public internal(set) var malformed = 0

    static func += (a: inout Self, b: Self) {
        a.accepted += b.accepted
        a.repeats += b.repeats
        a.gaps += b.gaps
        a.malformed += b.malformed
    }
}

/// The records of one poll, judged by the consumers' rule: the effects of the accepted facts, and the positions of
/// the partitions after them. Nothing is written here.
///
/// A malformed record has no position in the sequence. If it replaced a fact, the next one is a gap.
struct JudgedFacts {
    struct Partition {
        fileprivate(set) var position: FactPosition
        fileprivate(set) var counts = FactCounts()
        /// The first fact of the batch, whatever the verdict.
        fileprivate(set) var first: (offset: Int64, sequence: Int64)?
        fileprivate(set) var firstGap: (offset: Int64, missing: Int64)?
        fileprivate(set) var firstMalformed: (offset: Int64, fault: MalformedFact)?
    }

    private let store: any FactStore
    private let former: [Int32: FactPosition]
    private(set) var effects: [FactEffect] = []
    private(set) var partitions: [Int32: Partition] = [:]

    /// `former` has each partition's position before the batch. A partition that has not begun is absent.
    init(for store: any FactStore, after former: [Int32: FactPosition]) {
        self.store = store
        self.former = former
    }

    /// Adds the next record of a partition; `value` is nil if the record has none.
    mutating func add(_ value: UnsafeRawBufferPointer?, partition: Int32, offset: Int64) {
        var item =
            partitions[partition]
            ?? Partition(position: former[partition] ?? FactPosition(offset: offset, sequence: 0))
        defer { partitions[partition] = item }
        item.position.offset = offset + 1
        do throws(MalformedFact) {
            guard let value else { throw MalformedFact("the record has no value") }
            let fact = try FactMessage(json: value)
            let effect = try store.effect(of: fact)
            if item.first == nil { item.first = (offset, fact.sequence) }
            item.position.seen = max(item.position.seen, fact.sequence)
            var sequence = FactSequence(last: item.position.sequence)
            let verdict = sequence.judge(fact.sequence)
            item.position.sequence = sequence.last
            switch verdict {
            case .accept:
                item.counts.accepted += 1
                if let effect { effects.append(effect) }
            case .ignoreRepeat:
                item.counts.repeats += 1
            case .ignoreGap(let missing):
                item.counts.gaps += 1
                if item.firstGap == nil { item.firstGap = (offset, missing) }
            }
        } catch {
            item.counts.malformed += 1
            if item.firstMalformed == nil { item.firstMalformed = (offset, error) }
        }
    }

    var positions: [Int32: FactPosition] { partitions.mapValues(\.position) }
}
