internal import Events
internal import Kafka

/// The causes that members report about the group that folds the ledger. They are pure rules, in this order:
///
/// 1. A ledger partition is in quarantine: `poison`.
/// 2. Ledger partitions wait for room on the archive's disk: `archive`.
/// 3. Ledger partitions switch to another policy, or fold their history again because a source is withdrawn or restored:
///    `policy-switch`.
/// 4. Queues of frames are full, nothing waits for a worker, and ledger partitions wait because the producer has no room
///    for their facts: `publish`. Facts that are not acknowledged are no sign of it: there always are some.
/// 5. Otherwise ledger partitions wait for a worker, or their queues are full: `fold`. Not those of rule 2.
/// 6. The brokers delay the member's requests, because a quota is used up: `fetch`.
/// 7. A member is not ready for another reason: `member`.
///
/// And about the group that reads the sources:
///
/// 1. Intake reads nothing, because what it has sent is not acknowledged: `publish`.
/// 2. Sources wait until the control topic is read: `control-first`.
/// 3. As rule 6 above: `fetch`.
/// 4. Of at least `fewestPolls` polls since the reading before, `fullShare` returned a full batch, and none of the rules
///    above is the case at this member: `decode`. So more records are fetched than intake decodes, checks and maps. Polls
///    during a pause, or a wait for the broker, return no full batch.
extension LagCause {
    public static func inside(_ members: [MemberReading], ledger: String) -> [LagCause] {
        [
            quarantine(members, ledger), archive(members), policySwitch(members), publish(members), fold(members),
            fetch(members), unready(members),
        ].compactMap { $0 }
    }

    /// Of intake. `before`: the readings before these.
    public static func insideIntake(_ members: [MemberReading], before: [MemberReading] = []) -> [LagCause] {
        [append(members), controlFirst(members), fetch(members), decode(members, before)].compactMap { $0 }
    }

    // MARK: The fold

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

    private static func archive(_ members: [MemberReading]) -> LagCause? {
        let full = members.filter { $0.work.partitionsWithoutRoom ?? 0 > 0 }
        guard let worst = full.first, let waiting = worst.work.partitionsWithoutRoom else { return nil }
        return LagCause(
            .archive,
            "at \(worst.member) \(count(waiting, "ledger partition")) \(waiting == 1 ? "waits" : "wait") for room on the disk of the "
                + "archive: make room, and it goes on by itself")
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

    private static func waitsForFacts(_ member: MemberReading) -> Bool {
        member.work.partitionsPaused ?? 0 > 0 && member.work.slicesWaiting == 0
            && member.work.partitionsWithoutProducer ?? 0 > 0 && member.work.partitionsWithoutRoom ?? 0 == 0
    }

    private static func publish(_ members: [MemberReading]) -> LagCause? {
        let full = members.filter(waitsForFacts)
        guard let worst = full.max(by: { $0.work.factsInFlight ?? 0 < $1.work.factsInFlight ?? 0 }),
            let waiting = worst.work.partitionsWithoutProducer
        else { return nil }
        let facts = worst.work.factsInFlight.map { facts in
            ", and \(count(facts, "fact")) \(facts == 1 ? "is" : "are") not acknowledged"
        }
        return LagCause(
            .publish,
            "at \(worst.member) \(count(waiting, "ledger partition")) \(waiting == 1 ? "waits" : "wait") for room in the producer of "
                + "facts\(facts ?? ""): see the brokers of the fact topics (replicas in sync, their disks, "
                + "`\(Metric.kafkaRoundTrip.rawValue)`)"
        )
    }

    private static func fold(_ members: [MemberReading]) -> LagCause? {
        let busy = members.filter { member in
            !waitsForFacts(member)
                && (member.work.slicesWaiting ?? 0 > 0
                    || member.work.partitionsPaused ?? 0 > member.work.partitionsWithoutRoom ?? 0)
        }
        guard let worst = busy.max(by: { $0.work.slicesWaiting ?? 0 < $1.work.slicesWaiting ?? 0 }) else { return nil }
        let waiting = worst.work.slicesWaiting ?? 0
        let rule =
            worst.work.costliestRule.map { cost in
                "; of the work of the rules' expressions over events \(LagText.percent(cost.share)) is rule \(cost.rule)'s"
            } ?? ""
        return LagCause(
            .fold,
            "at \(worst.member) \(count(waiting, "ledger partition")) \(waiting == 1 ? "waits" : "wait") for a worker, and the queues "
                + "of \(worst.work.partitionsPaused ?? 0) are full: raise --workers while cores are idle, else add a member\(rule)"
        )
    }

    private static func unready(_ members: [MemberReading]) -> LagCause? {
        let unready = members.first { !$0.reasons.isEmpty && $0.quarantined.isEmpty && $0.switching.isEmpty }
        guard let unready, let reason = unready.reasons.first else { return nil }
        return LagCause(.member, "\(unready.member) is not ready: \(reason)")
    }

    // MARK: Both

    /// In seconds. A shorter delay makes no lag.
    static let longThrottle = 0.1

    private static func fetch(_ members: [MemberReading]) -> LagCause? {
        let throttled = members.filter { $0.work.throttle ?? 0 >= longThrottle }
        guard let worst = throttled.max(by: { $0.work.throttle ?? 0 < $1.work.throttle ?? 0 }) else { return nil }
        return LagCause(
            .fetch,
            "the brokers delay requests of \(worst.member) by \(LagText.decimal(worst.work.throttle ?? 0)) s, because its user has used up "
                + "a quota: raise consumer_byte_rate or producer_byte_rate of that user")
    }

    // MARK: Intake

    private static func append(_ members: [MemberReading]) -> LagCause? {
        let paused = members.filter { $0.work.intakeIsPaused == true }
        guard let worst = paused.max(by: { $0.work.intakeBytes ?? 0 < $1.work.intakeBytes ?? 0 }) else { return nil }
        let bytes = worst.work.intakeBytes.map { "\($0) bytes that were sent" } ?? "records that were sent"
        return LagCause(
            .publish,
            "at \(worst.member) \(bytes) to the ledger and the dead letters are not acknowledged, so nothing is read: see the brokers "
                + "of these topics (replicas in sync, their disks, `\(Metric.kafkaRoundTrip.rawValue)`)")
    }

    private static func controlFirst(_ members: [MemberReading]) -> LagCause? {
        guard let member = members.first(where: { $0.work.intakeWaitsForControl == true }) else { return nil }
        return LagCause(
            .controlFirst,
            "at \(member.member) the sources wait until the control topic is read, so that enrolments come before events: it goes on by "
                + "itself")
    }

    /// Fewer polls show nothing.
    static let fewestPolls = 10
    static let fullShare = 0.95

    private static func decode(_ members: [MemberReading], _ before: [MemberReading]) -> LagCause? {
        let busy = members.compactMap { member -> (member: String, share: Double)? in
            let work = member.work
            guard work.intakeIsPaused != true, work.intakeWaitsForControl != true, work.throttle ?? 0 < longThrottle,
                let earlier = before.first(where: { $0.member == member.member })?.work.intakePolls,
                let polls = work.intakePolls?.since(earlier), polls.all >= fewestPolls
            else { return nil }
            let share = Double(polls.full) / Double(polls.all)
            return share >= fullShare ? (member.member, share) : nil
        }
        guard let worst = busy.max(by: { $0.share < $1.share }) else { return nil }
        return LagCause(
            .decode,
            "at \(worst.member) \(LagText.percent(worst.share)) of intake's polls return as many records as they can: records are "
                + "fetched faster than it decodes, checks and maps them. Add a member, which takes over partitions if this one "
                + "reads several; of a source with a map its expressions cost most")
    }
}
