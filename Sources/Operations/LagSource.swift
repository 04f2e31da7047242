public import Kafka
public import Lag
internal import Logging
public import Options
internal import Topics

/// The cluster and the groups of `standing lag`.
public struct LagSource: Sendable {
    public private(set) var kafka: KafkaConfiguration
    private var logger = Logger(label: "standing.lag")
    private var queuedKilobytes = LagMonitor.standardQueuedKilobytes
    public let groups: [String]?
    public let knownGroups: [String: [String]]
    public let ledger: String
    public let ledgers: FramedTopics
    public let prefix: String
    public let committedReaders: [GroupPattern]
    /// `HOST:PORT` of members that are asked.
    public let members: [String]
    private let readings: MemberReadings

    public init(
        cluster: Cluster, groups: [String]?, knownGroups: [String: [String]], ledger: String,
        committedReaders: [GroupPattern] = [], members: [String] = [], readings: MemberReadings = MemberReadings()
    ) {
        (kafka, prefix, ledgers) = (cluster.kafka, cluster.prefix, .ledgers(Set(cluster.names(.ledger))))
        (self.groups, self.knownGroups, self.ledger) = (groups, knownGroups, ledger)
        (self.committedReaders, self.members, self.readings) = (committedReaders, members, readings)
    }

    public var brokers: String { kafka.brokers }
    public var fold: String { prefix + "standing-fold" }
    public var intake: String { prefix + "standing-intake" }

    /// A look for one thread.
    public func look() throws(KafkaError) -> Look {
        Look(
            source: self,
            monitor: try LagMonitor(
                kafka: kafka, groups: groups, knownGroups: knownGroups, committedReaders: committedReaders,
                ledgers: ledgers, queuedKilobytes: queuedKilobytes, logger: logger))
    }

    /// The same without messages on standard error, which would be in the middle of a screen.
    public var silent: LagSource {
        var source = self
        source.kafka.patience.onWait = { _ in }
        source.logger = Logger(label: "standing.lag") { _ in SwiftLogNoOpLogHandler() }
        return source
    }

    /// The same for a member, whose memory is for its subjects: the consumers fetch and buffer less.
    public var small: LagSource {
        var source = self
        source.queuedKilobytes = Self.queuedKilobytesOfMember
        return source
    }

    private static let queuedKilobytesOfMember = 2 * 1024

    public struct Look {
        public let source: LagSource
        private let monitor: LagMonitor
        private let readings: MemberReadings
        private let last = Last()

        /// The members' last answers.
        private final class Last {
            var members: [MemberReading] = []
        }

        public init(source: LagSource, monitor: LagMonitor) {
            (self.source, self.monitor, readings) = (source, monitor, source.readings)
        }

        public func observe(now: Int64) throws(KafkaError) -> LagReport { try monitor.observe(now: now) }

        /// A report that includes the members' answers: why fold and intake lag, and the sanctions that they have. What
        /// needs two answers of a member is known from the second report on.
        public func report(now: Int64) throws(KafkaError) -> LagReport {
            var notes: [String] = []
            let members = readings.ask(source.members, &notes)
            let before = last.members
            last.members = members
            let causes = LagCause.inside(members, ledger: source.ledger)
            let report = try observe(now: now).adding(causes, to: source.fold, notes: notes)
                .adding(LagCause.insideIntake(members, before: before), to: source.intake)
            return report.addingPeople(fold: source.fold, intake: source.intake, members.compactMap(\.sanctions))
        }
    }
}
