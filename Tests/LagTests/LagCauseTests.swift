import Kafka
import Lag
import Testing

private let start: Int64 = 1_767_323_045_000

/// A partition of `orders`, looked at every ten seconds.
private func partition(
    _ number: Int32, _ looks: [(committed: Int64?, end: Int64?)], log: Int64 = 0, held: Int64 = 0,
    _ reader: LagContext.Reader = .unknown, member: String? = nil, knowsCommits: Bool = true
) -> GroupLag.Partition {
    let samples = looks.enumerated().map { index, look in
        LagSample(
            time: start + Int64(index) * 10_000, committed: look.committed, start: log, end: look.end,
            highWatermark: look.end.map { $0 + held }, next: .unknown)
    }
    let context = LagContext(reader: member == nil ? reader : .member, knowsCommits: knowsCommits)
    return GroupLag.Partition(
        topicPartition: TopicPartition("orders", number),
        lag: LagEvaluation(samples, now: samples.last?.time ?? start, context),
        reader: context.reader, member: member)
}

private func causes(
    _ partitions: [GroupLag.Partition], of group: String = "g", unrest: Int = 0,
    _ change: (inout GroupProfile) -> Void = { _ in }
) -> [LagCause] {
    var profile = GroupProfile(name: group)
    change(&profile)
    return GroupLag(profile, partitions: partitions, unrest: unrest).causes
}

private let still: [(committed: Int64?, end: Int64?)] = [(40, 100), (40, 100), (40, 100)]
private let moving: [(committed: Int64?, end: Int64?)] = [(40, 100), (60, 100), (80, 100)]
private let read: [(committed: Int64?, end: Int64?)] = [(100, 100), (100, 100), (100, 100)]

/// Which causes follow from what is seen.
@Suite struct LagCauseTests {
    @Test func whereNothingIsBehindThereIsNone() {
        #expect(causes([partition(0, read)]).isEmpty)
    }

    @Test func anEndThatNobodyTellsIsTheBrokers() {
        let found = causes([partition(0, [(4, nil)]), partition(1, read)])
        #expect(found.map(\.code) == [.broker])
        #expect(found.first?.topicPartition == TopicPartition("orders", 0))
        #expect(found.first?.sentence.hasPrefix("1 partition of 2 cannot be measured, such as orders[0]: ") == true)
    }

    /// That nothing is committed would be another thing.
    @Test func offsetsThatNobodyTellsAreUnknown() {
        let found = causes([partition(0, [(nil, 7)], knowsCommits: false)]) { $0.commitFailure = "no right" }
        #expect(found.map(\.code) == [.offsetsUnknown])
        #expect(found.first?.sentence.contains("(no right)") == true)
        #expect(causes([partition(0, [(nil, 7)])]).map(\.code) == [.nothingCommitted])
    }

    /// Brokers leave out topics that a client may not describe, and say nothing of it.
    @Test func aGroupWithoutPartitionsMayHaveHiddenOnes() {
        #expect(causes([]).map(\.code) == [.nothingCommitted])
        #expect(causes([]).first?.sentence.contains("may not describe its topics") == true)
        #expect(causes([]) { $0.commitFailure = "no right" }.map(\.code) == [.offsetsUnknown])
    }

    @Test func aTopicMayBeMissingOrAnotherOne() {
        let missing = causes([]) { $0.missingTopics = ["bills"] }
        #expect(missing.map(\.code) == [.topicMissing])
        let changed = causes([partition(0, [(500, 100)])])
        #expect(changed.map(\.code) == [.topicChanged])
        #expect(changed.first?.sentence.hasPrefix("500 is committed of orders[0], which ends at 100: ") == true)
    }

    @Test func retentionWasFaster() {
        let found = causes([partition(0, [(4, 100)], log: 10), partition(1, [(4, 100)], log: 50)])
        #expect(found.map(\.code) == [.retention])
        #expect(found.first?.sentence.hasPrefix("retention took 46 offsets of orders[1] ") == true)
    }

    @Test func nobodyIsThere() {
        #expect(causes([partition(0, [(4, 100)], .noMember)]).map(\.code) == [.noMember])
        #expect(causes([partition(0, [(100, 100)], .noMember)]).isEmpty, "there is nothing to read")
        let found = causes([partition(0, still, .unassigned), partition(1, moving, member: "a at h")])
        #expect(found.map(\.code) == [.unassigned])
    }

    @Test func membersComeAndGo() {
        #expect(causes([partition(0, moving)], unrest: 3).map(\.code) == [.rebalance])
        #expect(causes([partition(0, moving)], unrest: 2).map(\.code) == [.catchingUp])
        let sharing = causes([partition(0, moving)]) { $0.state = "PreparingRebalance" }
        #expect(sharing.map(\.code) == [.rebalance])
    }

    @Test func onePartitionOfAMemberThatReadsOthersHasARecordThatItCannotRead() {
        let found = causes([partition(0, still, member: "a at h"), partition(1, moving, member: "a at h")])
        #expect(found.map(\.code) == [.poison])
        #expect(found.first?.topicPartition == TopicPartition("orders", 0))
        #expect(found.first?.sentence.hasPrefix("orders[0] stands still at offset 40 while a at h reads ") == true)
    }

    @Test func oneMemberStandsStillWhileOthersRead() {
        let found = causes([
            partition(0, still, member: "a at h"), partition(1, still, member: "a at h"),
            partition(2, moving, member: "b at h"),
        ])
        #expect(found.map(\.code) == [.member])
        #expect(found.first?.sentence.hasPrefix("a at h has read nothing of orders[0] and 1 other for 20s, ") == true)
    }

    @Test func allStandStillOrItIsNotKnownWhoReads() {
        let all = [partition(0, still, member: "a at h"), partition(1, still, member: "b at h")]
        #expect(causes(all).map(\.code) == [.stalled])
        #expect(causes([partition(0, still), partition(1, moving)]).map(\.code) == [.stalled])
    }

    @Test func somebodyTookItBack() {
        let found = causes([partition(0, [(90, 100), (10, 100), (20, 100)])])
        #expect(found.map(\.code) == [.rewound])
        #expect(found.first?.sentence.hasSuffix("; caught up in 1m 20s") == true)
    }

    @Test func mostOfItIsOnePartitions() {
        let even: [(committed: Int64?, end: Int64?)] = [(0, 0), (10, 10)]
        let hot: [(committed: Int64?, end: Int64?)] = [(0, 0), (10, 90)]
        let found = causes([partition(0, even), partition(1, hot), partition(2, even)])
        #expect(found.map(\.code) == [.hotPartition])
        #expect(found.first?.topicPartition == TopicPartition("orders", 1))
        #expect(found.first?.sentence.contains("gets 81% of what arrives and has 100% of the lag") == true)
        // One that is slow and gets no more than the others is not hot.
        let slow: [(committed: Int64?, end: Int64?)] = [(0, 0), (1, 10)]
        #expect(causes([partition(0, even), partition(1, slow), partition(2, even)]).map(\.code) == [.tooSlow])
    }

    @Test func howMuchOneKeyHasOfIt() {
        let even: [(committed: Int64?, end: Int64?)] = [(0, 0), (10, 10)]
        var group = GroupLag(
            GroupProfile(name: "g"),
            partitions: [partition(0, even), partition(1, [(0, 0), (10, 90)]), partition(2, even)])
        group.hotKeyShare = KeyShare(share: 0.637, counted: 80)
        #expect(group.causes.first?.sentence.contains("of the lag; 63% of 80 unread records have one key: ") == true)
    }

    @Test func aTransactionIsOpen() {
        let found = causes([partition(0, [(100, 100)], held: 12)])
        #expect(found.map(\.code) == [.transaction])
        #expect(found.first?.sentence.hasPrefix("12 offsets of orders[0] from 100 on wait ") == true)
    }

    @Test func itIsTooSlowOrCatchesUp() {
        let slow = [partition(0, [(0, 100), (50, 300), (100, 500)]), partition(1, read)]
        #expect(causes(slow).map(\.code) == [.tooSlow])
        let alone = causes(slow) { $0.members = 1 }
        #expect(alone.first?.sentence.contains("add members (1 member for 2 partitions)") == true)
        let full = causes(slow) { $0.members = 2 }
        #expect(full.first?.sentence.contains("it has one member per partition") == true)
        let fast = causes([partition(0, moving), partition(1, read)])
        #expect(fast.map(\.code) == [.catchingUp])
        #expect(fast.first?.sentence == "2.0/s are read and 0.0/s arrive: caught up in 10s, with nothing to do")
    }

    /// One look more often than not falls between a record's arrival and its reading.
    @Test(arguments: [(500, []), (4_999, []), (5_000, [.tooSlow])] as [(Int64, [LagCause.Code])])
    func aRecordOnItsWayIsNoGroupThatIsTooSlow(_ age: Int64, _ codes: [LagCause.Code]) {
        let samples = [
            LagSample(time: start, committed: 2, start: 0, end: 2, next: .nothing),
            LagSample(
                time: start + 10_000, committed: 3, start: 0, end: 5, next: .timestamp(start + 10_000 - age)),
        ]
        let lag = LagEvaluation(samples, now: start + 10_000)
        let found = causes([GroupLag.Partition(topicPartition: TopicPartition("orders", 0), lag: lag)])
        #expect(found.map(\.code) == codes)
    }

    /// A remedy for a group of Standing names Standing's commands, and none of what other programs may do.
    @Test(arguments: ["standing-intake", "north.standing-fold", "standing-perks", "standing-blacklist"])
    func theRemediesForStandingsGroupsAreItsOwn(group: String) {
        let slow: [(committed: Int64?, end: Int64?)] = [(0, 100), (50, 300), (100, 500)]
        let even: [(committed: Int64?, end: Int64?)] = [(0, 0), (10, 10)]
        let all =
            causes([partition(0, [(500, 100)])], of: group)
            + causes([partition(0, [(4, 100)], log: 10)], of: group)
            + causes([partition(0, [(4, 100)], .noMember)], of: group)
            + causes([partition(0, still, .unassigned), partition(1, moving, member: "a at h")], of: group)
            + causes([partition(0, still, member: "a at h"), partition(1, moving, member: "a at h")], of: group)
            + causes([partition(0, still)], of: group)
            + causes([partition(0, even), partition(1, [(0, 0), (10, 90)]), partition(2, even)], of: group)
            + causes([partition(0, slow)], of: group)
            + causes([partition(0, moving)], of: group, unrest: 3)
            + causes([partition(0, [(nil, 7)])], of: group)
            + causes([], of: group) { $0.missingTopics = ["bills"] }
        #expect(
            Set(all.map(\.code)) == [
                .topicChanged, .retention, .noMember, .unassigned, .poison, .stalled, .hotPartition, .tooSlow,
                .rebalance,
                .nothingCommitted, .topicMissing,
            ])
        for cause in all {
            for foreign in ["a database, ", "auto.offset.reset", "kafka-", "consumers", "spread its keys"] {
                #expect(!cause.sentence.contains(foreign), "\(cause.sentence)")
            }
        }
    }

    @Test func aRecordThatTheFoldCannotReadIsPassedOverByItsOffset() {
        let looks = [partition(0, still, member: "a at h"), partition(1, moving, member: "a at h")]
        let own = causes(looks, of: "standing-fold").first?.sentence
        #expect(own?.hasSuffix("restore the topic, or `standing ledger skip 0 40 --reason TEXT`") == true)
        let other = causes(looks).first?.sentence
        #expect(other?.contains("--topic orders --partition 0 --offset 40 --max-messages 1") == true)
    }
}
