public import Kafka

/// A cause of a group's lag: a code for programs, and a sentence with the remedy.
public struct LagCause: Sendable, Hashable {
    public enum Code: String, Sendable, CaseIterable {
        case broker
        case offsetsUnknown = "offsets-unknown"
        case topicMissing = "topic-missing"
        case topicChanged = "topic-changed"
        case retention
        case noMember = "no-member"
        case rebalance
        case unassigned
        case poison
        case member
        case stalled
        case rewound
        case hotPartition = "hot-partition"
        case transaction
        case tooSlow = "too-slow"
        case catchingUp = "catching-up"
        case nothingCommitted = "nothing-committed"
        /// Causes in Standing's own groups, reported by their members.
        case archive
        case policySwitch = "policy-switch"
        case publish
        case fold
        case fetch
        case controlFirst = "control-first"
        case decode
    }

    public let code: Code
    public let sentence: String
    /// The partition that it concerns; nil if it concerns the group.
    public let topicPartition: TopicPartition?

    public init(_ code: Code, _ sentence: String, topicPartition: TopicPartition? = nil) {
        (self.code, self.sentence, self.topicPartition) = (code, sentence, topicPartition)
    }
}

/// The causes that can be observed from outside, by commits, members and rates. They are pure rules, each of which
/// finds at most one cause. They are applied in this order, and the first cause is the most important.
///
/// 1. The end of a partition is unknown: `broker`. The group's commits are unknown: `offsets-unknown`.
/// 2. A topic is not on the cluster, or hidden from this client: `topic-missing`.
/// 3. A commit is of another log: `topic-changed`.
/// 4. Retention deleted unread records: `retention`.
/// 5. There are records to read and no member: `no-member`.
/// 6. The members are assigning the partitions anew, or the group has changed in `unrestChanges` of the last looks:
///    `rebalance`.
/// 7. A partition with records to read has no member: `unassigned`.
/// 8. A partition stands still while its member reads others of its partitions: `poison`.
/// 9. All partitions that stand still have one member, and partitions of other members move or are read to their ends:
///    `member`.
/// 10. Otherwise, partitions that stand still: `stalled`.
/// 11. A partition's commit went back: `rewound`.
/// 12. Of at least `hotPartitions` partitions one has `hotShare` of the lag and of the arrivals: `hot-partition`.
/// 13. Offsets wait for an open transaction: `transaction`.
/// 14. More arrives than is read: `too-slow`. Not if a rule above explains the lag, nor if all unread records are known to be
///     so young that they may be on their way (`freshSeconds`).
/// 15. More is read than arrives: `catching-up`. Not if a rule above explains the lag.
/// 16. Nothing is committed of a partition that has records, or no partition is known: `nothing-committed`.
extension LagCause {
    static let unrestChanges = 3
    static let freshSeconds = 5.0
    static let hotPartitions = 3
    static let hotShare = 0.5

    static func of(_ group: GroupLag) -> [LagCause] {
        let found = [
            broker(group), offsetsUnknown(group), topicMissing(group), topicChanged(group), retention(group),
            noMember(group),
            rebalance(group), unassigned(group), standstill(group), rewound(group), hotPartition(group),
            transaction(group),
        ].compactMap { $0 }
        return found + [found.isEmpty ? speed(group) : nil, nothingCommitted(group)].compactMap { $0 }
    }

    private static func broker(_ group: GroupLag) -> LagCause? {
        let partitions = group.partitions.filter { $0.lag.ignorance == .noEnd }
        guard let first = partitions.first else { return nil }
        return LagCause(
            .broker,
            "\(count(partitions.count, "partition")) of \(group.partitions.count) cannot be measured, such as \(first.topicPartition): "
                + "no leader answers with their ends; see that the brokers are up, and that this client may describe and read the topics",
            topicPartition: first.topicPartition)
    }

    private static func offsetsUnknown(_ group: GroupLag) -> LagCause? {
        group.profile.commitFailure.map {
            LagCause(
                .offsetsUnknown,
                "the group's coordinator does not answer with its offsets (\($0)): see that it is up, and that this client may describe the "
                    + "group"
            )
        }
    }

    private static func topicMissing(_ group: GroupLag) -> LagCause? {
        guard let topic = group.profile.missingTopics.first else { return nil }
        let more = group.profile.missingTopics.count - 1
        return LagCause(
            .topicMissing,
            "topic \(topic)\(more > 0 ? " and \(count(more, "other"))" : "") is not on the cluster, or this client may not "
                + "describe it: \(LagRemedy(group).topicMissing)")
    }

    private static func topicChanged(_ group: GroupLag) -> LagCause? {
        let changed = group.partitions.first { [.beyondEnd, .otherLog].contains($0.lag.ignorance) }
        guard let changed, let committed = changed.lag.committed else { return nil }
        let end = changed.lag.end.map { ", which ends at \($0)" } ?? ""
        return LagCause(
            .topicChanged,
            "\(committed) is committed of \(changed.topicPartition)\(end): the topic was made anew or cut; "
                + LagRemedy(group).topicChanged(changed.topicPartition),
            topicPartition: changed.topicPartition)
    }

    private static func retention(_ group: GroupLag) -> LagCause? {
        let expired = group.partitions.filter { $0.lag.status == .expired }
        guard let worst = expired.max(by: { $0.lag.lost ?? 0 < $1.lag.lost ?? 0 }) else { return nil }
        let lost = worst.lag.lost.map { "\($0) offsets" } ?? "offsets"
        return LagCause(
            .retention,
            "retention took \(lost) of \(worst.topicPartition) before they were read: "
                + LagRemedy(group).retention(worst.topicPartition),
            topicPartition: worst.topicPartition)
    }

    private static func noMember(_ group: GroupLag) -> LagCause? {
        guard let first = group.worst(where: { $0.reader == .noMember && $0.lag.isLagging }) else { return nil }
        return LagCause(
            .noMember, "the group has no member: \(LagRemedy(group).noMember)", topicPartition: first.topicPartition)
    }

    private static func rebalance(_ group: GroupLag) -> LagCause? {
        guard group.profile.isRebalancing || group.unrest >= unrestChanges else { return nil }
        let what =
            group.unrest >= unrestChanges
            ? "its members or its state changed at \(group.unrest) of the last \(GroupHistory.unrestLooks) looks"
            : "its members share the partitions anew"
        return LagCause(.rebalance, "\(what): \(LagRemedy(group).rebalance)")
    }

    private static func unassigned(_ group: GroupLag) -> LagCause? {
        let partitions = group.partitions.filter { $0.reader == .unassigned && $0.lag.isLagging }
        guard let first = partitions.first else { return nil }
        return LagCause(
            .unassigned,
            "no member has \(first.topicPartition)\(others(partitions.count)): \(LagRemedy(group).unassigned)",
            topicPartition: first.topicPartition)
    }

    /// Rules 8 to 10.
    private static func standstill(_ group: GroupLag) -> LagCause? {
        let still = group.partitions.filter { $0.lag.status == .stalled }
        guard let worst = still.max(by: { $0.lag.stillSeconds ?? 0 < $1.lag.stillSeconds ?? 0 }) else { return nil }
        let since = worst.lag.stillSeconds.map { " for \(LagText.duration($0))" } ?? ""
        let moving = group.partitions.filter { $0.lag.consumptionRate ?? 0 > 0 }
        let members = Set(still.compactMap(\.member))
        if still.allSatisfy({ $0.member != nil }), let member = members.first {
            if let stuck = still.first(where: { stuck in moving.contains { $0.member == stuck.member } }) {
                let offset = stuck.lag.committed.map { "offset \($0)" } ?? "one offset"
                return LagCause(
                    .poison,
                    "\(stuck.topicPartition) stands still at \(offset) while \(stuck.member ?? member) reads its other partitions: "
                        + LagRemedy(group).poison(stuck.topicPartition, stuck.lag.committed),
                    topicPartition: stuck.topicPartition)
            }
            let isElsewhereFine = group.partitions.contains {
                $0.member != nil && $0.member != member && ($0.lag.status == .ok || $0.lag.consumptionRate ?? 0 > 0)
            }
            if members.count == 1, isElsewhereFine {
                return LagCause(
                    .member,
                    "\(member) has read nothing of \(worst.topicPartition)\(others(still.count))\(since), while the other members read: see "
                        + "in its log what it waits for, or restart it",
                    topicPartition: worst.topicPartition)
            }
        }
        return LagCause(
            .stalled,
            "nothing was read of \(worst.topicPartition)\(others(still.count))\(since): "
                + LagRemedy(group).standstill(knowsMembers: group.profile.members != nil),
            topicPartition: worst.topicPartition)
    }

    private static func rewound(_ group: GroupLag) -> LagCause? {
        guard let first = group.partitions.first(where: { $0.lag.status == .rewound }) else { return nil }
        var time = ""
        if case .seconds(let seconds) = first.lag.catchUp { time = "; caught up in \(LagText.duration(seconds))" }
        return LagCause(
            .rewound,
            "\(first.topicPartition) was set back and is read again: nothing is to be done if that was intended\(time)",
            topicPartition: first.topicPartition)
    }

    /// The partition of rule 12, with its shares of arrivals and of the lag; nil if there is none.
    static func hot(_ group: GroupLag) -> (partition: GroupLag.Partition, arrival: Double, lag: Double)? {
        let partitions = group.partitions.filter { $0.lag.records != nil && $0.lag.arrivalRate != nil }
        guard partitions.count >= hotPartitions, partitions.count == group.partitions.count,
            let hot = partitions.max(by: { $0.lag.records ?? 0 < $1.lag.records ?? 0 }),
            let lag = group.records, lag > 0, let arrival = group.arrivalRate, arrival > 0
        else { return nil }
        let lagShare = Double(hot.lag.records ?? 0) / Double(lag)
        let arrivalShare = (hot.lag.arrivalRate ?? 0) / arrival
        return min(lagShare, arrivalShare) >= hotShare ? (hot, arrivalShare, lagShare) : nil
    }

    private static func hotPartition(_ group: GroupLag) -> LagCause? {
        guard let hot = hot(group) else { return nil }
        let what = hot.partition.isFramed ? "events are about one subject" : "records have one key"
        let key = group.hotKeyShare.map { "; \(LagText.percent($0.share)) of \($0.counted) unread \(what)" } ?? ""
        return LagCause(
            .hotPartition,
            "\(hot.partition.topicPartition) gets \(LagText.percent(hot.arrival)) of what arrives and has \(LagText.percent(hot.lag)) of the "
                + "lag\(key): \(LagRemedy(group).hotPartition)",
            topicPartition: hot.partition.topicPartition)
    }

    private static func transaction(_ group: GroupLag) -> LagCause? {
        guard let held = group.partitions.max(by: { $0.lag.held < $1.lag.held }), held.lag.held > 0 else { return nil }
        let end = held.lag.end.map { " from \($0) on" } ?? ""
        return LagCause(
            .transaction,
            "\(held.lag.held) offsets of \(held.topicPartition)\(end) wait for a transaction to end: if it stays, find its producer, or "
                + "abort it with kafka-transactions.sh",
            topicPartition: held.topicPartition)
    }

    /// Rules 14 and 15.
    private static func speed(_ group: GroupLag) -> LagCause? {
        guard group.status != .ok, let arrival = group.arrivalRate, let consumption = group.consumptionRate,
            let worst = group.partitions.first(where: { $0.topicPartition == group.worst })
        else { return nil }
        let rates = "\(LagText.decimal(consumption))/s are read and \(LagText.decimal(arrival))/s arrive"
        if case .seconds(let seconds) = group.catchUp {
            return LagCause(.catchingUp, "\(rates): caught up in \(LagText.duration(seconds)), with nothing to do")
        }
        guard arrival > consumption, group.seconds.map({ $0 >= freshSeconds }) ?? true else { return nil }
        let advice = LagRemedy(group).tooSlow(members: group.profile.members, partitions: group.partitions.count)
        return LagCause(.tooSlow, "\(rates): \(advice)", topicPartition: worst.topicPartition)
    }

    private static func nothingCommitted(_ group: GroupLag) -> LagCause? {
        let profile = group.profile
        if group.partitions.isEmpty, profile.missingTopics.isEmpty, profile.commitFailure == nil {
            return LagCause(
                .nothingCommitted,
                "no partition of it is known: it has committed nothing, or this client may not describe its topics")
        }
        let partitions = group.partitions.filter { $0.lag.ignorance == .nothingCommitted }
        guard let first = partitions.first else { return nil }
        return LagCause(
            .nothingCommitted,
            "nothing is committed of \(first.topicPartition)\(others(partitions.count)): \(LagRemedy(group).nothingCommitted)",
            topicPartition: first.topicPartition)
    }

    static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    /// The number of others, beside the one that is named.
    private static func others(_ all: Int) -> String { all > 1 ? " and \(count(all - 1, "other"))" : "" }
}

extension GroupLag {
    /// Of the partitions that meet a condition, the one with the greatest lag in records; nil if there is none.
    fileprivate func worst(where isMeant: (Partition) -> Bool) -> Partition? {
        partitions.filter(isMeant).max { $0.lag.records ?? 0 < $1.lag.records ?? 0 }
    }
}
