public import Events
internal import Foundation
public import Kafka
public import Ledger
public import Mapping
public import Policy
package import Scoring

/// What the pipeline is told. A value: nothing in it changes while it runs.
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
        /// Of source topics, by name.
        public var declarations: [String: SourceDeclaration] = [:]
        /// Of source topics whose records are no CloudEvents, by name.
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

    /// What is said of the states that are folded here, and to whom they are held against.
    public struct Checkpoints: Sendable {
        public var topic: String
        public var keyring: Keyring
        /// What this member calls itself.
        public var member: String
        /// A checkpoint lies where a ledger offset passes a multiple of this, so that all members speak of the same places.
        public var everyFrames: Int64 = 1024

        public init(topic: String, keyring: Keyring, member: String) {
            (self.topic, self.keyring, self.member) = (topic, keyring, member)
        }
    }

    /// Where members say who owns what.
    public struct Members: Sendable {
        public var topic: String
        /// What this member calls itself.
        public var member: String
        /// Nil where members have no secret, and whoever may write the topic is believed.
        public var seal: MemberSeal?

        public init(topic: String, member: String) { (self.topic, self.member) = (topic, member) }
    }

    public enum Clock: String, Sendable, CaseIterable {
        /// The owner of a partition appends ticks when its clock falls behind the wall clock.
        case wall
        /// Only events move the clock: imports, demonstrations on old data.
        case events
    }

    public var kafka: any KafkaCluster
    /// The machine that it runs on.
    public var host: any Runtime = SystemRuntime()
    public var topics: Topics
    public var roles: Set<Role>
    /// Appended to a ledger that is empty. A ledger that never had this text is refused.
    public var policy: ScoringPolicy?
    /// The name that a ledger which is empty gets: it stands in the source of every fact.
    public var ledgerName = LedgerIdentity.defaultName
    /// A ledger of another name is refused.
    public var insistsOnLedgerName = false
    public static let standardIntakeGroup = "standing-intake"
    public static let standardFoldGroup = "standing-fold"
    public var intakeGroup = PipelineConfiguration.standardIntakeGroup
    public var foldGroup = PipelineConfiguration.standardFoldGroup
    public var clock = Clock.wall
    /// Microseconds by which the wall clock may run ahead of a partition's clock before a tick is appended.
    public var tickInterval: Int64 = 10_000_000
    /// Where archive and snapshots are kept; nil: nowhere, and every start folds the ledger from the topic.
    public var data: LocalData?
    /// Microseconds between two snapshots of a partition.
    public var snapshotInterval: Int64 = 300_000_000
    /// Also fold, without publishing, what other members own, so as to take it over at once. Needs `data`.
    public var standsBy = false
    /// Kafka's static membership under this name: a member that comes back within the session's time-out has its partitions
    /// again, and nobody else is disturbed. Nil: dynamic membership.
    public var staticMember: String?
    /// Threads that fold; each partition is folded by one at a time.
    public var workers = PipelineConfiguration.cores
    /// Milliseconds: a member that does not poll for longer is taken for dead by its groups.
    public var maximumPollInterval = Consumer.Options.standardPollInterval
    /// Nil: none are published or read.
    public var checkpoints: Checkpoints?
    /// Who may write control events. Nil: whoever may write the control topic.
    public var controlKeys: ControlKeys?
    /// Nil: this member announces nothing and knows of no others.
    public var members: Members?
    /// Microseconds by which a fold may be behind the ledger's end, and still be ready.
    public var readyWithin: Int64 = 5_000_000
    /// Bytes that the process should not use more of: from there on enrolments become dead letters. Nil: no limit.
    public var memoryLimit: Int64?
    /// Bytes that each queue between broker and fold may hold: what is fetched, what is polled and not folded, what is sent and not
    /// acknowledged. One fetch, batch or record may go beyond them, and a partition's inbox holds at least a named part.
    public var queueSize: Int64 = 4 << 20
    /// The greatest is what librdkafka takes.
    public static let queueSizes: ClosedRange<Int64> = 1 << 20...1 << 30
    /// Microseconds by which an event may lie in the future.
    public var allowedSkew: Int64 = 300_000_000

    /// Appender sessions that the fold remembers: a constant of the fold, but in a simulation.
    package var maximumSessions = Acceptance.maximumSessions
    /// Bytes of events' texts that a state has in memory beside an archive: as much as makes sense, but in a simulation.
    package var textBytes = Fold.standardTextBytes
    /// All, but of a simulated member whose program is an older release's.
    package var knownFoldVersions = KnownFoldVersions()
    /// False: what a planted bug would be, in a simulation.
    package var noticesForgottenSessions = true
    /// The same: what is polled of a partition is folded in its order.
    package var keepsPartitionsInOrder = true
    /// The same: positions and snapshots wait until facts are acknowledged.
    package var waitsForAcknowledgements = true
    /// The same: nobody is answered as by its owner from a partition that the group has taken back.
    package var forgetsLostPartitions = true

    /// Those that this process may use.
    public static var cores: Int { ProcessInfo.processInfo.activeProcessorCount }

    /// What each queue between broker and fold may hold: `queueSize`, and no more than a small part of the memory limit.
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

/// What a process does: read source topics into the ledger, or fold the ledger and publish facts.
public enum Role: String, Sendable, CaseIterable {
    case intake, fold
}

/// What ends the pipeline for good: trying again cannot help.
public struct PipelineError: Error, Sendable, CustomStringConvertible {
    public enum Code: Sendable {
        case topicMissing, policyMissing, policyDiffers
        /// The ledger has another name than it should.
        case ledgerDiffers
        /// The ledger's entries mean what this program does not know.
        case ledgerNewer
        /// A source topic is not the one that was read before.
        case sourceRecreated
        /// Archive or topic lack what they should have, and it cannot be fetched.
        case ledgerDamaged
        /// Another member has folded the same ledger into another state.
        case divergence
        /// The disk does not keep what it was given, or another process has the data folder.
        case storage
    }

    public let code: Code
    /// What was kept is not what it should be.
    public var isCorruption: Bool { code == .ledgerDamaged || code == .divergence }
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
