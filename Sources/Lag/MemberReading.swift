import Events
public import Foundation
import Kafka

/// A member of Standing's own report over HTTP, as far as it explains its group's lag: its `/readyz`, and the waiting
/// work in its `/metrics`.
public struct MemberReading: Sendable, Hashable {
    public struct Quarantined: Sendable, Hashable, Decodable {
        public let partition: Int32
        public let offset: Int64
        public let reason: String

        public init(partition: Int32, offset: Int64, reason: String) {
            (self.partition, self.offset, self.reason) = (partition, offset, reason)
        }
    }

    public struct Switching: Sendable, Hashable, Decodable {
        public struct Policy: Sendable, Hashable, Decodable {
            public let id: String
            public let version: Int64

            public init(id: String, version: Int64) { (self.id, self.version) = (id, version) }
        }

        public struct Source: Sendable, Hashable, Decodable {
            public let topic: String
            /// False if it is restored.
            public let withdrawn: Bool

            public init(topic: String, withdrawn: Bool) { (self.topic, self.withdrawn) = (topic, withdrawn) }
        }

        public let partition: Int32
        /// The policy that is active after the switch; nil if the member does not report it.
        public let policy: Policy?
        /// The source that is withdrawn or restored; nil if it is a policy that changes.
        public let source: Source?
        /// From 0 to 1.
        public let done: Double

        public init(partition: Int32, policy: Policy?, source: Source?, done: Double) {
            (self.partition, self.policy, self.source, self.done) = (partition, policy, source, done)
        }

        /// `switch to policy town 3`, or `fold their history again for the withdrawal of behaviour.commerce`.
        func words(isOne: Bool) -> String {
            guard let source else {
                return (isOne ? "switches to " : "switch to ")
                    + (policy.map { "policy \($0.id) \($0.version)" } ?? "another policy")
            }
            return (isOne ? "folds its" : "fold their")
                + " history again for the \(source.withdrawn ? "withdrawal" : "restoration") of \(source.topic)"
        }
    }

    /// The `HOST:PORT` that answered.
    public let member: String
    /// The reasons why it is not ready; empty if it is.
    public let reasons: [String]
    public let quarantined: [Quarantined]
    public let switching: [Switching]
    public let work: Work
    /// Nil if it does not report it, as before its first look.
    public let sanctions: SanctionReading?

    /// Its waiting work; each is nil if it does not report it.
    public struct Work: Sendable, Hashable {
        /// Ledger partitions that wait for a worker.
        public var slicesWaiting: Int?
        /// Ledger partitions whose queues of frames are full.
        public var partitionsPaused: Int?
        /// Ledger partitions that wait for room on the archive's disk.
        public var partitionsWithoutRoom: Int?
        /// Ledger partitions that wait because the producer has no room for their facts.
        public var partitionsWithoutProducer: Int?
        /// Facts that are sent and not acknowledged.
        public var factsInFlight: Int?
        /// Whether intake reads nothing, because too much is not acknowledged.
        public var intakeIsPaused: Bool?
        /// Bytes that intake has sent and that are not acknowledged.
        public var intakeBytes: Int?
        /// Whether sources wait until the control topic is read.
        public var intakeWaitsForControl: Bool?
        /// The polls of intake since the start of its process.
        public var intakePolls: IntakePolls?
        /// For how many seconds the brokers delay a hundredth of its requests, and more.
        public var throttle: Double?

        /// The rule whose expressions over events took most work since the member or its policy began, and its share
        /// of that of all rules.
        public var costliestRule: RuleCost?

        public init() {}
    }

    public struct IntakePolls: Sendable, Hashable {
        public let all: Int
        /// Those that returned as many records as a poll can.
        public let full: Int

        public init(all: Int, full: Int) { (self.all, self.full) = (all, full) }

        /// The polls since an earlier reading; nil if the process was restarted since.
        func since(_ earlier: IntakePolls) -> IntakePolls? {
            let polls = IntakePolls(all: all - earlier.all, full: full - earlier.full)
            return polls.full >= 0 && polls.all >= polls.full ? polls : nil
        }
    }

    public struct RuleCost: Sendable, Hashable {
        public let rule: String
        /// From 0 to 1.
        public let share: Double

        /// Nil if no rule with a name took work. `costs`: of each rule, and of `Metric.others` together.
        public init?(_ costs: [(rule: String, units: Double)]) {
            let all = costs.reduce(0) { $0 + $1.units }
            let named = costs.filter { $0.rule != Metric.others && $0.units > 0 }
            // Of equal ones the first by name.
            guard let most = named.max(by: { ($0.units, $1.rule) < ($1.units, $0.rule) }) else { return nil }
            (rule, share) = (most.rule, most.units / all)
        }
    }

    private struct Readiness: Decodable {
        let ready: Bool
        let reasons: [String]?
        let quarantined: [Quarantined]?
        let switching: [Switching]?
    }

    public init(
        member: String, reasons: [String], quarantined: [Quarantined], switching: [Switching], work: Work,
        sanctions: SanctionReading?
    ) {
        (self.member, self.reasons) = (member, reasons)
        (self.quarantined, self.switching) = (quarantined, switching)
        (self.work, self.sanctions) = (work, sanctions)
    }

    /// Nil if the answers are not those of a member. `metrics` is the text exposition; nil if there is none.
    public init?(member: String, readiness: Data, metrics: String?) {
        guard let found = try? JSONDecoder().decode(Readiness.self, from: readiness) else { return nil }
        self.member = member
        reasons = found.ready ? [] : found.reasons ?? []
        (quarantined, switching) = (found.quarantined ?? [], found.switching ?? [])
        work = metrics.map { Self.work(in: $0) } ?? Work()
        sanctions = metrics.flatMap { Self.sanctions(in: $0) }
    }

    private static func work(in text: String) -> Work {
        func number(_ metric: Metric) -> Int? { value(of: metric.rawValue, in: text) }
        var work = Work()
        (work.slicesWaiting, work.partitionsPaused) = (number(.slicesWaiting), number(.partitionsPaused))
        work.partitionsWithoutRoom = number(.archiveWaitsForRoom)
        work.partitionsWithoutProducer = number(.factsWaitForRoom)
        work.factsInFlight = number(.factsInFlight)
        work.intakeIsPaused = number(.intakePaused).map { $0 > 0 }
        work.intakeBytes = number(.intakeBytesInFlight)
        work.intakeWaitsForControl = number(.intakeWaitsForControl).map { $0 > 0 }
        if let all = number(.intakePolls), let full = number(.intakeFullPolls) {
            work.intakePolls = IntakePolls(all: all, full: full)
        }
        work.costliestRule = RuleCost(
            series(of: Metric.foldCostByRule.rawValue, in: text).map { (rule: $0.label, units: $0.value) })
        // Of the quantiles of each broker and client; those of no request are not finite.
        work.throttle = series(of: Metric.kafkaThrottle.rawValue, in: text).map(\.value).max()
        return work
    }

    private static func sanctions(in text: String) -> SanctionReading? {
        guard let partitions = value(of: Metric.sanctionsPartitions.rawValue, in: text) else { return nil }
        return SanctionReading(
            open: series(of: Metric.sanctions.rawValue, in: text).reduce(0) { $0 + Int64($1.value) },
            overdue: value(of: Metric.sanctionsOverdue.rawValue, in: text).map { Int64($0) }, partitions: partitions,
            frozenTopics: series(of: Metric.sourceFrozen.rawValue, in: text).filter { $0.value > 0 }.map(\.label))
    }

    /// The values of a metric whose series have one label. They are unescaped as far as names of topics and states need
    /// it.
    private static func series(of metric: String, in text: String) -> [(label: String, value: Double)] {
        text.split(separator: "\n").compactMap { line in
            guard line.hasPrefix(metric + "{"), let open = line.firstIndex(of: "\""),
                let close = line.lastIndex(of: "\""),
                open < close, let space = line.lastIndex(of: " "),
                let value = Double(line[line.index(after: space)...]),
                value.isFinite, abs(value) < 9e15
            else { return nil }
            return (String(line[line.index(after: open)..<close]), value)
        }
    }

    /// The value of a metric with one series without labels.
    private static func value(of metric: String, in text: String) -> Int? {
        let line = text.split(separator: "\n").first { $0.hasPrefix(metric + " ") }
        return line.flatMap { Double($0.dropFirst(metric.utf8.count + 1)) }.flatMap { Int(exactly: $0.rounded()) }
    }
}
