public import Events

/// The topics of facts. The raw value is the topic's number everywhere.
public enum FactTopic: Int, CaseIterable, Sendable {
    case scoreChanges, sanctions, perks
}

/// One change of one subject. Its bytes are borrowed from the entry that caused it or from the fold, and are valid
/// until the next entry's frame or the next change of the fold.
public struct Fact {
    /// What changed. The name of each is in `type`.
    public enum Kind: UInt8, CaseIterable, Sendable {
        case scoreChanged
        case sanctionNoticed, sanctionInForce, sanctionStayed, sanctionLifted
        case perkGranted, perkRevoked

        /// The topic of the facts of this kind.
        public var topic: FactTopic {
            switch self {
            case .scoreChanged: .scoreChanges
            case .sanctionNoticed, .sanctionInForce, .sanctionStayed, .sanctionLifted: .sanctions
            case .perkGranted, .perkRevoked: .perks
            }
        }

        /// The CloudEvents type.
        public var type: StaticString {
            switch self {
            case .scoreChanged: "standing.score.changed"
            case .sanctionNoticed: "standing.sanction.noticed"
            case .sanctionInForce: "standing.sanction.in-force"
            case .sanctionStayed: "standing.sanction.stayed"
            case .sanctionLifted: "standing.sanction.lifted"
            case .perkGranted: "standing.perk.granted"
            case .perkRevoked: "standing.perk.revoked"
            }
        }
    }

    /// A score and its band. After a switch of the policy, bands, items and rules may be those of the previous policy:
    /// its number n is written as `~n`, which is negative.
    public struct Level: Equatable, Sendable {
        public var score: Int64
        /// The band's number in the policy.
        public var band: Int

        public init(score: Int64, band: Int) {
            self.score = score
            self.band = band
        }
    }

    /// The cause of the change.
    public enum Cause {
        case event(source: UnsafeRawBufferPointer, id: UnsafeRawBufferPointer, type: UnsafeRawBufferPointer)
        case bucketEnd
        /// The end of a perk's grace.
        case perk(Int)
        /// The end of a sanction's notice or term, or of the time to decide an appeal.
        case sanction(Int)
    }

    /// A sanction's dates.
    public struct Term: Equatable, Sendable {
        /// From this time on, until before `until`.
        public var since: Timestamp
        public var until: Timestamp
        /// The reason, if the sanction is lifted.
        public var lifted: LiftReason?
        /// True if a stayed sanction is back with its old dates, because the appeal was rejected.
        public var isRestored = false
    }

    public var kind: Kind
    /// The subject's id, UTF-8.
    public var subject: UnsafeRawBufferPointer
    /// The clock.
    public var time: Timestamp
    public var cause: Cause
    /// Nil at enrolment.
    public var before: Level?
    /// Nil for the score of a subject that withdraws.
    public var after: Level?
    /// The perk's or the sanction's number; -1 for a score.
    public var item: Int
    /// Nil unless the fact is about a sanction.
    public var term: Term?
    /// A range of `FactBuffer.reasons`, largest points first.
    public var reasons: Range<Int>
    /// The entry's index in its frame, and the fact's index among those of the entry.
    public var entry: Int
    public var number: Int
}

/// A rule and its points: the change that it made to a dimension, or, for a sanction, all that it contributes there.
public struct Reason: Equatable, Sendable {
    /// The rule's number in the policy.
    public var rule: Int
    public var points: Int64
}

/// Facts of the entries folded since the buffer was last emptied, in order.
public struct FactBuffer {
    public internal(set) var facts: [Fact] = []
    public internal(set) var reasons: [Reason] = []
    /// If false, facts are counted by topic and then dropped.
    var isStored = true
    public internal(set) var counts: [Int64] = [Int64](repeating: 0, count: FactTopic.allCases.count)
    /// The entry of the last fact, and the number of its facts.
    private var entry = -1
    private var count = 0

    public init() {}

    /// The next fact's number among those of its entry.
    @inline(__always) mutating func number(inEntry entry: Int) -> Int {
        if entry != self.entry {
            self.entry = entry
            count = 0
        }
        defer { count &+= 1 }
        return count
    }

    mutating func removeAll(sameEntry: Bool) {
        facts.removeAll(keepingCapacity: true)
        reasons.removeAll(keepingCapacity: true)
        if !isStored { for topic in counts.indices { counts[topic] = 0 } }
        if !sameEntry { entry = -1 }
    }

    /// Continues the numbers of an entry whose first facts are in another buffer.
    mutating func continueNumbers(of other: FactBuffer) { (entry, count) = (other.entry, other.count) }

    /// Largest points first. Equal ones are in policy order, and those of the previous policy come last.
    mutating func sortReasons(from start: Int) {
        guard reasons.count - start > 1 else { return }
        for index in start + 1..<reasons.count {
            var slot = index
            while slot > start, reasons[slot].precedes(reasons[slot - 1]) {
                reasons.swapAt(slot, slot - 1)
                slot -= 1
            }
        }
    }
}

extension Reason {
    fileprivate func precedes(_ other: Reason) -> Bool {
        guard points.magnitude == other.points.magnitude else { return points.magnitude > other.points.magnitude }
        guard (rule < 0) == (other.rule < 0) else { return rule >= 0 }
        return rule < 0 ? rule > other.rule : rule < other.rule
    }
}
