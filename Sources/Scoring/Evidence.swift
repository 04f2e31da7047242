/// What one event added to one bucket: by it a void takes back exactly that.
struct Evidence: BitwiseCopyable {
    /// The event's fingerprint.
    var identity: UInt64
    /// Points before caps, or the event's value in a measure.
    var points: Int64
    /// The bucket's evidence before it.
    var next: UInt32
    /// Snapshots have pools' elements as they lie in memory, and nothing that lay there before.
    private let padding: UInt32 = 0
}

/// The events of one rule or measure (`Series`) and one period or day of a subject.
struct Bucket: BitwiseCopyable {
    /// Of points, before caps. Points are within ±2^31 and events within 2^32, so it cannot overflow. Of a measure the least
    /// or the greatest value, where it goes by that.
    var sum: Int64
    /// 0: there is no such bucket.
    var events: UInt32
    /// The newest evidence; of a measure that goes by the order of events the last `OrderedEvent`.
    var evidence: UInt32
    /// `Period.bucket(of:)`
    var number: Int32
    /// The numbers of the bucket before it and of the one after it in time, combined by exclusive or; 0 stands for none, and for
    /// the latest bucket, which lies in the subject's record. So the list can be gone through from either end (`BucketWalk`).
    var link: UInt32
}

/// One time that a sanction was imposed on a subject.
struct ActiveSanction: BitwiseCopyable {
    enum Appeal: UInt8 { case none, pending, decided }

    var state: SanctionState
    var appeal: Appeal
    private let padding: (UInt16, UInt16, UInt16) = (0, 0, 0)
    /// Its term counts from here.
    var since: Int64
    var noticeEnd: Int64
    var until: Int64
    /// An undecided appeal lapses here.
    var deadline: Int64
    /// The fingerprint of the event that imposed it; 0 for a level, which no single event is said to have reached.
    var cause: UInt64
}

/// What a sanction is to a subject; none at all is idle.
public enum SanctionState: UInt8, Sendable, CaseIterable, BitwiseCopyable {
    case noticed = 1
    case inForce, stayed

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
