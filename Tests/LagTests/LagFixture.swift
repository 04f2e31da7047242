import Kafka
import Lag

/// 2026-01-02T03:04:05.006Z.
let fixtureTime: Int64 = 1_767_323_045_006

/// One partition, from what was committed of it and its end at each look, ten seconds apart; the last look is at `fixtureTime`.
func lagging(
    _ topic: String, _ number: Int32, _ looks: [(committed: Int64?, end: Int64?)], age: Int64? = nil,
    reader: LagContext.Reader = .member, member: String? = nil, unit: LagUnit = .records, subjects: CountBounds? = nil
) -> GroupLag.Partition {
    let samples = looks.enumerated().map { index, look in
        let isRead = look.committed != nil && look.committed == look.end
        return LagSample(
            time: fixtureTime - Int64(looks.count - 1 - index) * 10_000, committed: look.committed, start: 0,
            end: look.end, next: isRead ? .nothing : age.map { .timestamp(fixtureTime - $0) } ?? .unknown)
    }
    return GroupLag.Partition(
        topicPartition: TopicPartition(topic, number),
        lag: LagEvaluation(samples, now: fixtureTime, LagContext(reader: reader)),
        unit: unit, reader: reader, member: member, subjects: subjects)
}

/// `billing` reads on, `mailer` has one partition of which nothing is known, `search` stands still.
let fixtureReport = LagReport(
    time: fixtureTime,
    groups: [
        GroupLag(
            GroupProfile(name: "billing", state: "Stable", kind: .classic, members: 1),
            partitions: [
                lagging("orders", 0, [(90, 100), (100, 100)], member: "app at 10.0.0.1"),
                lagging("orders", 1, [(50, 60), (80, 90)], age: 2_500, member: "app at 10.0.0.1"),
            ]),
        GroupLag(
            GroupProfile(name: "mailer", state: "Empty", members: 0),
            partitions: [
                lagging("mails", 0, [(nil, 7)], reader: .noMember), lagging("mails", 1, [(7, 7)], reader: .noMember),
            ]),
        GroupLag(
            GroupProfile(name: "search", state: "Stable", kind: .classic, members: 1),
            partitions: [lagging("orders", 0, Array(repeating: (40, 100), count: 4), age: 90_000, member: "s at b")]),
    ], notes: ["group mailer: the members are unknown"])
