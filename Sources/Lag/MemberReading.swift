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
        fileprivate func words(isOne: Bool) -> String {
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
    /// Ledger partitions that wait for a worker; nil if it does not report it.
    public let slicesWaiting: Int?
    /// Ledger partitions whose queues of frames are full; nil if it does not report it.
    public let partitionsPaused: Int?
    /// Nil if it does not report it, as before its first look.
    public let sanctions: SanctionReading?

    private struct Readiness: Decodable {
        let ready: Bool
        let reasons: [String]?
        let quarantined: [Quarantined]?
        let switching: [Switching]?
    }

    public init(
        member: String, reasons: [String], quarantined: [Quarantined], switching: [Switching], slicesWaiting: Int?,
        partitionsPaused: Int?, sanctions: SanctionReading?
    ) {
        (self.member, self.reasons) = (member, reasons)
        (self.quarantined, self.switching) = (quarantined, switching)
        (self.slicesWaiting, self.partitionsPaused) = (slicesWaiting, partitionsPaused)
        self.sanctions = sanctions
    }

    /// Nil if the answers are not those of a member. `metrics` is the text exposition; nil if there is none.
    public init?(member: String, readiness: Data, metrics: String?) {
        guard let found = try? JSONDecoder().decode(Readiness.self, from: readiness) else { return nil }
        self.member = member
        reasons = found.ready ? [] : found.reasons ?? []
        (quarantined, switching) = (found.quarantined ?? [], found.switching ?? [])
        slicesWaiting = metrics.flatMap { Self.value(of: Metric.slicesWaiting.rawValue, in: $0) }
        partitionsPaused = metrics.flatMap { Self.value(of: Metric.partitionsPaused.rawValue, in: $0) }
        sanctions = metrics.flatMap { Self.sanctions(in: $0) }
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

/// The causes that members report about the group that folds the ledger. They are pure rules, in this order:
///
/// 1. A ledger partition is in quarantine: `poison`.
/// 2. Ledger partitions switch to another policy, or fold their history again because a source is withdrawn or restored:
///    `policy-switch`.
/// 3. Ledger partitions wait for a worker, or their queues of frames are full: `fold`.
/// 4. A member is not ready for another reason: `member`.
extension LagCause {
    public static func inside(_ members: [MemberReading], ledger: String) -> [LagCause] {
        [quarantine(members, ledger), policySwitch(members), fold(members), unready(members)].compactMap { $0 }
    }

    private static func quarantine(_ members: [MemberReading], _ ledger: String) -> LagCause? {
        let all = members.flatMap(\.quarantined)
        guard let first = all.first else { return nil }
        let others = all.count > 1 ? " (and \(count(all.count - 1, "other partition")))" : ""
        return LagCause(
            .poison,
            "ledger partition \(first.partition) is in quarantine at offset \(first.offset)\(others), \(first.reason): restore the "
                + "topic, or `standing ledger skip \(first.partition) \(first.offset) --reason TEXT`",
            topicPartition: TopicPartition(ledger, first.partition))
    }

    private static func policySwitch(_ members: [MemberReading]) -> LagCause? {
        let all = members.flatMap(\.switching)
        guard let slowest = all.min(by: { $0.done < $1.done }) else { return nil }
        return LagCause(
            .policySwitch,
            "\(count(all.count, "ledger partition")) \(slowest.words(isOne: all.count == 1)), "
                + "\(LagText.percent(slowest.done)) of the slowest is done: wait, its answers are those of before until then"
        )
    }

    private static func fold(_ members: [MemberReading]) -> LagCause? {
        let busy = members.filter { $0.slicesWaiting ?? 0 > 0 || $0.partitionsPaused ?? 0 > 0 }
        guard let worst = busy.max(by: { $0.slicesWaiting ?? 0 < $1.slicesWaiting ?? 0 }) else { return nil }
        let waiting = worst.slicesWaiting ?? 0
        return LagCause(
            .fold,
            "at \(worst.member) \(count(waiting, "ledger partition")) \(waiting == 1 ? "waits" : "wait") for a worker, and the queues "
                + "of \(worst.partitionsPaused ?? 0) are full: raise --workers while cores are idle, else add a member"
        )
    }

    private static func unready(_ members: [MemberReading]) -> LagCause? {
        let unready = members.first { !$0.reasons.isEmpty && $0.quarantined.isEmpty && $0.switching.isEmpty }
        guard let unready, let reason = unready.reasons.first else { return nil }
        return LagCause(.member, "\(unready.member) is not ready: \(reason)")
    }
}
