public import Events

/// The kinds of facts of this version. The raw value is also the fact topic: 0 score changes, 1 sanctions, 2 perks.
public enum FactTopic: Int, CaseIterable, Sendable {
    case scoreChanges, sanctions, perks
}

/// One change of one subject, borrowed: its bytes belong to the entry that caused it or to the fold, and die with the
/// next entry's frame or the next change of the fold.
public struct Fact {
    public enum Kind: UInt8, Sendable {
        case scoreChanged, perkGranted, perkRevoked

        public var topic: FactTopic { self == .scoreChanged ? .scoreChanges : .perks }

        public var type: StaticString {
            switch self {
            case .scoreChanged: "standing.score.changed"
            case .perkGranted: "standing.perk.granted"
            case .perkRevoked: "standing.perk.revoked"
            }
        }
    }

    /// A score and its band.
    public struct Level: Equatable, Sendable {
        public var score: Int64
        public var band: Int

        public init(score: Int64, band: Int) {
            self.score = score
            self.band = band
        }
    }

    public var kind: Kind
    public var subject: UnsafeRawBufferPointer
    /// The clock.
    public var time: Timestamp
    /// The causing event's source, id and type; nil where a timer was the cause.
    public var cause: (source: UnsafeRawBufferPointer, id: UnsafeRawBufferPointer, type: UnsafeRawBufferPointer)?
    public var before: Level?
    public var after: Level
    /// The perk's number; -1 for a score.
    public var perk: Int
    /// Range of `FactBuffer.reasons`, largest points first.
    public var reasons: Range<Int>
    /// The entry's place in its frame, and the fact's place among the entry's.
    public var entry: Int
    public var number: Int
}

/// A rule and the points by which it changed a dimension.
public struct Reason: Equatable, Sendable {
    public var rule: Int
    public var points: Int64
}

/// Facts of the entries folded since the buffer was last emptied, in order.
public struct FactBuffer {
    public internal(set) var facts: [Fact] = []
    public internal(set) var reasons: [Reason] = []

    public init() {}

    public mutating func removeAll() {
        facts.removeAll(keepingCapacity: true)
        reasons.removeAll(keepingCapacity: true)
    }
}
