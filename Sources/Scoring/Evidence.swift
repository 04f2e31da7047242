/// The contribution of one event to one bucket. A void removes exactly that.
struct Evidence: BitwiseCopyable {
    /// The event's fingerprint.
    var identity: UInt64
    /// Points before caps, or the event's value in a measure.
    var points: Int64
    /// The number of the bucket's evidence before it; 0 if there is none.
    var next: UInt32
    /// Explicit, because snapshots write the elements of pools as they are in memory: padding must be zero.
    private let padding: UInt32 = 0
}

/// The events of one rule or measure (`Series`) of a subject in one period or day.
struct Bucket: BitwiseCopyable {
    /// Of a rule, the sum of points before caps. Points are within ±2^31 and events within 2^32, so it cannot overflow.
    /// Of a least or greatest measure, that value.
    var sum: Int64
    /// 0 if there is no such bucket.
    var events: UInt32
    /// The number of the newest evidence; in an ordered measure, of the last `OrderedEvent`.
    var evidence: UInt32
    /// `Period.bucket(of:)`
    var number: Int32
    /// The numbers of the bucket before it and of the bucket after it in time, combined by exclusive or. 0 stands for
    /// no bucket, and for the latest bucket, which is in the subject's record. So the list can be walked from either
    /// end (`BucketWalk`).
    var link: UInt32
}

/// One imposition of a sanction on a subject.
struct ActiveSanction: BitwiseCopyable {
    enum Appeal: UInt8 { case none, pending, decided }

    var state: SanctionState
    var appeal: Appeal
    private let padding: (UInt16, UInt16, UInt16) = (0, 0, 0)
    /// The begin of its term, in microseconds since 1970.
    var since: Int64
    var noticeEnd: Int64
    var until: Int64
    /// An undecided appeal lapses at this time.
    var deadline: Int64
    /// The fingerprint of the event that imposed it; 0 for a level sanction, which no single event imposes.
    var cause: UInt64
}

/// The state of a sanction that is not idle.
public enum SanctionState: UInt8, Sendable, CaseIterable, BitwiseCopyable, Codable {
    case noticed = 1
    case inForce, stayed

    /// As facts and standings have it.
    public var name: StaticString {
        switch self {
        case .noticed: "noticed"
        case .inForce: "in-force"
        case .stayed: "stayed"
        }
    }
}

/// Why a sanction was lifted.
public enum LiftReason: UInt8, Sendable, CaseIterable {
    case cured, remedied, expired, appealUpheld, appealLapsed, voided, withdrawn

    /// As facts and standings have it.
    public var name: StaticString {
        switch self {
        case .cured: "cured"
        case .remedied: "remedied"
        case .expired: "expired"
        case .appealUpheld: "appeal-upheld"
        case .appealLapsed: "appeal-lapsed"
        case .voided: "voided"
        case .withdrawn: "withdrawn"
        }
    }
}
