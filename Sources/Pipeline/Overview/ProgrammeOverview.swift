public import Events
public import Scoring

/// The state of a programme, as one member or several members together see it: the figures of the first page. It has no
/// data of subjects. The subjects of changes are masked unless the reader may see them.
public struct ProgrammeOverview: Sendable, Codable {
    /// A member whose figures these are.
    public struct Member: Sendable, Equatable, Codable {
        public let name: String
        public let isReady: Bool
        /// Ledger partitions that it owns.
        public let partitions: [Int32]
        public let behindSeconds: Double?
    }

    public struct Policy: Sendable, Equatable, Codable {
        public let id: String
        public let version: Int64
        /// Ledger partitions that are folded under it.
        public var partitions: Int
    }

    public struct Band: Sendable, Equatable, Codable {
        public let band: String
        public var subjects: Int
    }

    /// The policy in the shadow, and how many of the partitions fold it to the ledger's end.
    public struct Shadow: Sendable, Equatable, Codable {
        public let id: String
        public let version: Int64
        public var live: Int
        public var partitions: Int
    }

    public struct DeadLetters: Sendable, Equatable, Codable {
        public let reason: String
        public var records: Int64
    }

    /// The lag of Standing's own groups, and the number of affected subjects.
    public struct Lag: Sendable, Equatable, Codable {
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
    public struct Attention: Sendable, Equatable, Codable {
        public enum Severity: String, Sendable, CaseIterable, Codable { case critical, warning, information }

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
    /// This member first.
    public var members: [Member]
    /// Ledger partitions of which nobody gave figures.
    public var missing: [Int32]
    /// The least and the greatest clock of the partitions; nil before the first event.
    public var clocks: ClosedRange<Timestamp>?
    public var ownedPartitions: Int
    public var currentPartitions: Int
    /// Of the ledger.
    public var partitions: Int
    public var sourcePartitions: Int
    /// In the policy's order.
    public var bands: [Band]
    /// Since the ledger began.
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
    public var switching: [PipelineReading.Switching]
    /// Nil if there is none.
    public var shadow: Shadow?
    public var sanctions: OpenSanctions
    /// The number of sanctions after the end of their term that are not lifted; nil in a ledger whose clock is not the
    /// wall clock.
    public var overdueSanctions: Int64?
    /// The first open appeals by deadline.
    public var appeals: AppealsQueue
    /// Since the processes began, by reason, the most first.
    public var deadLetters: [DeadLetters]
    /// Events of subjects who are not enrolled.
    public var notEnrolled: Int64
    /// In the partitions of the members that report them; nil if none does.
    public var withdrawnSources: WithdrawnSources?
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
