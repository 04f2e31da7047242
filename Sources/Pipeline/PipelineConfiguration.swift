public import Events
internal import Foundation
public import Kafka
public import Ledger
public import Mapping
public import Policy
package import Scoring

/// The configuration of the pipeline. It does not change while the pipeline runs.
public struct PipelineConfiguration: Sendable {
    /// The topics' names.
    public struct Topics: Sendable {
        /// The one source topic whose events may use the reserved types.
        public var control: String
        /// The other source topics.
        public var sources: [String]
        public var ledger: String
        public var deadLetter: String
        /// By `FactTopic.rawValue`.
        public var facts: [String]
        /// Declarations of source topics, by name.
        public var declarations: [String: SourceDeclaration] = [:]
        /// Maps of source topics whose records are not CloudEvents, by name.
        public var maps: [String: RecordMap] = [:]

        public init(control: String, sources: [String], ledger: String, deadLetter: String, facts: [String]) {
            self.control = control
            self.sources = sources
            self.ledger = ledger
            self.deadLetter = deadLetter
            self.facts = facts
        }

        /// Source topics without a declaration.
        public var undeclared: [String] { sources.filter { declarations[$0] == nil } }

        public var all: [String] { [control] + sources + [ledger, deadLetter] + facts }
    }

    /// The checkpoints of the states that are folded here, and the trusted keys for those of other members.
    public struct Checkpoints: Sendable {
        public var topic: String
        public var keyring: Keyring
        /// This member's name.
        public var member: String
        /// A checkpoint is made when a ledger offset passes a multiple of this, so that the checkpoints of all members
        /// have the same offsets.
        public var everyFrames: Int64 = 1024

        public init(topic: String, keyring: Keyring, member: String) {
            (self.topic, self.keyring, self.member) = (topic, keyring, member)
        }
    }

    /// The announcements of partitions' owners.
    public struct Members: Sendable {
        public var topic: String
        /// This member's name.
        public var member: String
        /// Nil if members have no secret; every writer of the topic is then trusted.
        public var seal: MemberSeal?

        public init(topic: String, member: String) { (self.topic, self.member) = (topic, member) }
    }

    public enum Clock: String, Sendable, CaseIterable {
        /// The owner of a partition appends ticks when its clock lags after the wall clock.
        case wall
        /// Only events move the clock, for imports and demonstrations with old data.
        case events
    }

    public var kafka: any KafkaCluster
    /// The machine of the process.
    public var runtime: any Runtime = SystemRuntime()
    public var topics: Topics
    public var roles: Set<Role>
    /// The policy that begins an empty ledger. A ledger that never had this text is refused.
    public var policy: ScoringPolicy?
    /// The name of a new ledger, which is in the source of every fact.
    public var ledgerName = LedgerIdentity.defaultName
    /// Whether a ledger of another name is refused.
    public var insistsOnLedgerName = false
    public static let standardIntakeGroup = "standing-intake"
    public static let standardFoldGroup = "standing-fold"
    public var intakeGroup = PipelineConfiguration.standardIntakeGroup
    public var foldGroup = PipelineConfiguration.standardFoldGroup
    public var clock = Clock.wall
    /// Microseconds by which the wall clock may be ahead of a partition's clock before a tick is appended.
    public var tickInterval: Int64 = 10_000_000
    /// The folder of archive and snapshots; nil if there is none, and every start folds the ledger from the topic.
    public var data: LocalData?
    /// Microseconds between two snapshots of a partition.
    public var snapshotInterval: Int64 = 300_000_000
    /// Whether the partitions of other members are folded too, without publishing, in order to take them over at once.
    /// Needs `data`.
    public var standsBy = false
    /// The name for Kafka's static membership: a member that returns within the session's time-out gets its partitions
    /// again, without a rebalance. Nil for dynamic membership.
    public var staticMember: String?
    /// Threads that fold. Each partition is folded by one at a time.
    public var workers = PipelineConfiguration.cores
    /// Milliseconds. A member that does not poll for longer is expelled by its groups.
    public var maximumPollInterval = Consumer.Options.standardPollInterval
    /// Nil if none are published or read.
    public var checkpoints: Checkpoints?
    /// The keys of control events; nil if events need no signature.
    public var controlKeys: ControlKeys?
    /// Nil if this member announces nothing and knows no other members.
    public var members: Members?
    /// The greatest lag of a ready fold after the ledger's end, in microseconds.
    public var readyWithin: Int64 = 5_000_000
    /// The limit of the process's memory in bytes, from which on enrolments become dead letters; nil if there is no
    /// limit.
    public var memoryLimit: Int64?
    /// The size of each queue between broker and fold in bytes: fetched records, polled frames, and unacknowledged
    /// records. One fetch, batch or record may exceed it, and a partition's inbox has at least a fixed part.
    public var queueSize: Int64 = 4 << 20
    /// The greatest size is that of librdkafka.
    public static let queueSizes: ClosedRange<Int64> = 1 << 20...1 << 30
    /// Microseconds by which an event may be in the future.
    public var allowedSkew: Int64 = 300_000_000

    /// Appender sessions that the fold remembers: a constant of the fold, except in a simulation.
    package var maximumSessions = Acceptance.maximumSessions
    /// Bytes of events' texts that a state has in memory if there is an archive: a useful number, except in a
    /// simulation.
    package var textBytes = Fold.standardTextBytes
    /// All versions, except for a simulated member with the program of an older release.
    package var knownFoldVersions = KnownFoldVersions()
    /// False only for a planted bug, in a simulation.
    package var noticesForgottenSessions = true
    /// False only for a planted bug: whether polled frames of a partition are folded in their order.
    package var keepsPartitionsInOrder = true
    /// False only for a planted bug: whether positions and snapshots wait until facts are acknowledged.
    package var waitsForAcknowledgements = true
    /// False only for a planted bug: whether this member stops answering as the owner of a revoked partition.
    package var forgetsLostPartitions = true

    /// The cores that this process may use.
    public static var cores: Int { ProcessInfo.processInfo.activeProcessorCount }

    /// The size of each queue between broker and fold: `queueSize`, and at most a small part of the memory limit.
    var queuedBytes: Int { Int(max(Self.queueSizes.lowerBound, min(queueSize, (memoryLimit ?? .max) / 32))) }
    var queuedKilobytes: Int { queuedBytes / 1024 }

    public init(
        kafka: any KafkaCluster, topics: Topics, roles: Set<Role> = Set(Role.allCases), policy: ScoringPolicy? = nil
    ) {
        self.kafka = kafka
        self.topics = topics
        self.roles = roles
        self.policy = policy
    }
}

/// The function of a process: reading source topics into the ledger, or folding the ledger and publishing facts.
public enum Role: String, Sendable, CaseIterable {
    case intake, fold
}

/// An error that ends the pipeline, because another attempt cannot succeed.
public struct PipelineError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        case topicMissing, policyMissing, policyDiffers
        /// The ledger has another name than the configured one.
        case ledgerDiffers
        /// The ledger has entries that this program does not know.
        case ledgerNewer
        /// A source topic was recreated since it was read.
        case sourceRecreated
        /// Frames are missing in the archive or the topic, and cannot be fetched.
        case ledgerDamaged
        /// Another member has folded the same ledger into another state.
        case divergence
        /// The disk has lost data, or another process uses the data folder.
        case storage
    }

    public let code: Code
    /// Whether stored data is wrong.
    public var isCorruption: Bool { code == .ledgerDamaged || code == .divergence }
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
