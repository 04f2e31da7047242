public import Events
public import Scoring

/// The state of a programme as seen by one member. It has no data of subjects. The subjects of changes are masked
/// unless the reader may see them.
public struct ProgrammeOverview: Sendable {
    public struct Policy: Sendable, Equatable {
        public let id: String
        public let version: Int64
        /// Ledger partitions that are folded here under it.
        public let partitions: Int
    }

    /// The lag of Standing's own groups, and the number of affected subjects.
    public struct Lag: Sendable, Equatable {
        /// Nil if it is unknown.
        public var seconds: Double?
        /// The range of the number of subjects with unfolded events; `peopleAtMost` is nil if there is no bound.
        public var peopleAtLeast: Int64
        public var peopleAtMost: Int64?

        public init(seconds: Double?, peopleAtLeast: Int64, peopleAtMost: Int64?) {
            (self.seconds, self.peopleAtLeast, self.peopleAtMost) = (seconds, peopleAtLeast, peopleAtMost)
        }
    }

    /// A condition that needs attention.
    public struct Attention: Sendable, Equatable {
        public enum Severity: String, Sendable, CaseIterable { case critical, warning, information }

        public let severity: Severity
        /// For programs, such as `quarantine`.
        public let code: String
        /// A sentence for people.
        public let text: String
        /// The page with details, such as `/lag`; nil if there is none.
        public let page: String?

        public init(_ severity: Severity, _ code: String, _ text: String, page: String? = nil) {
            (self.severity, self.code, self.text, self.page) = (severity, code, text, page)
        }
    }

    /// A fact, and the time at which this member sent it.
    public struct Change: Sendable {
        public let sentAt: Timestamp
        /// Masked unless the reader may see it.
        public let subject: String
        public let fact: FactText
        /// The fact's JSON, masked in the same way.
        public let json: [UInt8]
    }

    /// This member's wall clock.
    public var time: Timestamp
    /// The least and the greatest clock of the partitions that are owned here; nil before the first event.
    public var clocks: ClosedRange<Timestamp>?
    public var ownedPartitions: Int
    public var currentPartitions: Int
    /// Of the ledger.
    public var partitions: Int
    public var sourcePartitions: Int
    /// In the policy's order.
    public var bands: [(band: String, subjects: Int)]
    /// Since the ledger began, in the partitions that are owned here.
    public var enrolments: Int64
    public var withdrawals: Int64
    public var lastMinute: Activity?
    public var lastHour: Activity?
    /// Of each of the last minutes, the newest last.
    public var minutes: [Activity]
    /// The time for which the oldest frame has waited whose facts are not all published; nil if it is unknown.
    public var behindSeconds: Double?
    /// Nil if it is not measured here, or not yet.
    public var lag: Lag?
    public var policies: [Policy]
    public var switching: [PipelineStatus.Switching]
    /// The policy in the shadow, and the number of partitions here that fold it to the ledger's end; nil if there is
    /// none.
    public var shadow: (id: String, version: Int64, live: Int, partitions: Int)?
    public var sanctions: OpenSanctions
    /// The number of sanctions after the end of their term that are not lifted; nil in a ledger whose clock is not the
    /// wall clock.
    public var overdueSanctions: Int64?
    /// The first open appeals by deadline.
    public var appeals: AppealsQueue
    /// Since the start of the process, by reason, the greatest number first.
    public var deadLetters: [(reason: String, records: Int64)]
    /// Events of subjects who are not enrolled.
    public var notEnrolled: Int64
    /// The most severe first.
    public var attention: [Attention] = []
    /// The newest first.
    public var changes: [Change]

    public var subjects: Int { bands.reduce(0) { $0 + $1.subjects } }

    public mutating func add(_ attention: [Attention]) {
        let all = self.attention + attention
        self.attention = Attention.Severity.allCases.flatMap { severity in all.filter { $0.severity == severity } }
    }
}
