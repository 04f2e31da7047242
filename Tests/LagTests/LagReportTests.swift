import Kafka
import Lag
import Testing

/// 2026-01-02T03:04:05.006Z.
private let now: Int64 = 1_767_323_045_006

private func partition(
    _ topic: String, _ number: Int32, from: (committed: Int64, end: Int64)? = nil, to: (committed: Int64?, end: Int64),
    _ next: LagSample.NextRecord, unit: LagUnit = .records
) -> GroupLag.Partition {
    var samples: [LagSample] = []
    if let from {
        samples.append(LagSample(time: now - 10_000, committed: from.committed, end: from.end, next: .unknown))
    }
    samples.append(LagSample(time: now, committed: to.committed, end: to.end, next: next))
    return GroupLag.Partition(
        topicPartition: TopicPartition(topic, number), lag: LagEvaluation(samples, now: now), unit: unit)
}

private func report(_ partitions: [GroupLag.Partition]) -> LagReport {
    LagReport(time: now, groups: [GroupLag(GroupProfile(name: "g"), partitions: partitions)], notes: [])
}

/// One partition lags, two do not, one of which nothing is known, and a group that committed nothing at all.
private let mixed = LagReport(
    time: now,
    groups: [
        GroupLag(
            GroupProfile(name: "intake", state: "Stable", kind: .classic, members: 2),
            partitions: [
                partition("orders", 2, from: (20, 20), to: (20, 20), .nothing),
                partition("orders", 1, from: (490, 500), to: (500, 500), .nothing),
                partition("orders", 0, from: (300, 1000), to: (400, 1000), .timestamp(now - 12_345)),
                partition("alpha", 0, to: (nil, 7), .unknown),
            ]),
        GroupLag(GroupProfile(name: "idle", state: "Empty"), partitions: []),
    ], notes: ["a \"note\""])

@Suite struct LagReportTests {
    @Test func tableFoldsPartitionsWithoutLag() {
        let expected = """
            GROUP   TOPIC   PARTITION  COMMITTED   END      LAG  UNIT     EVENTS  SECONDS  TREND       RATE/S  ARRIVAL/S  CATCH-UP  RETENTION  STATUS
            idle    total           -          -     -  unknown  -             -  unknown  unknown    unknown    unknown   unknown    unknown  unknown (Empty)
            intake  alpha           0    unknown     7  unknown  records       -  unknown  unknown    unknown    unknown   unknown    unknown  unknown
            intake  orders          0        400  1000      600  records       -     12.3  shrinking     10.0        0.0     1m 0s    unknown  behind
            intake  orders     2 of 3          -     -        0  records       -      0.0  -              1.0        0.0        0s          -  ok
            intake  total           -          -     -   >= 600  records       -  >= 12.3  unknown    unknown    unknown   unknown      >= 0%  unknown (classic, Stable)

            GROUP   CAUSE              WHAT TO DO
            idle    nothing-committed  no partition of it is known: it has committed nothing, or this client may not describe its topics
            intake  nothing-committed  nothing is committed of alpha[0]: see that its consumers run; where they begin is decided by their auto.offset.reset

            """
        #expect(mixed.table() == expected)
    }

    @Test func tableOfAllPartitions() {
        let expected = """
            GROUP   TOPIC   PARTITION  COMMITTED   END      LAG  UNIT     EVENTS  SECONDS  TREND       RATE/S  ARRIVAL/S  CATCH-UP  RETENTION  STATUS
            idle    total           -          -     -  unknown  -             -  unknown  unknown    unknown    unknown   unknown    unknown  unknown (Empty)
            intake  alpha           0    unknown     7  unknown  records       -  unknown  unknown    unknown    unknown   unknown    unknown  unknown
            intake  orders          0        400  1000      600  records       -     12.3  shrinking     10.0        0.0     1m 0s    unknown  behind
            intake  orders          1        500   500        0  records       -      0.0  shrinking      1.0        0.0        0s         0%  ok
            intake  orders          2         20    20        0  records       -      0.0  steady         0.0        0.0        0s         0%  ok
            intake  total           -          -     -   >= 600  records       -  >= 12.3  unknown    unknown    unknown   unknown      >= 0%  unknown (classic, Stable)

            GROUP   CAUSE              WHAT TO DO
            idle    nothing-committed  no partition of it is known: it has committed nothing, or this client may not describe its topics
            intake  nothing-committed  nothing is committed of alpha[0]: see that its consumers run; where they begin is decided by their auto.offset.reset

            """
        #expect(mixed.table(all: true) == expected)
    }

    @Test func tableOfNothingIsItsHeader() {
        let empty = LagReport(time: now, groups: [], notes: [])
        #expect(
            empty.table() == """
                GROUP  TOPIC  PARTITION  COMMITTED  END  LAG  UNIT  EVENTS  SECONDS  TREND  RATE/S  ARRIVAL/S  CATCH-UP  RETENTION  STATUS

                """)
    }

    /// Frames are not events: the unit is named, and the events in the frames are shown where they were counted.
    @Test func framesAreToldFromRecords() {
        let counted = partition(
            "ledger", 0, to: (400, 412), .timestamp(now - 2000), unit: .frames(events: 340))
        let uncounted = partition("ledger", 1, to: (0, 900), .timestamp(now - 9000), unit: .frames(events: nil))
        let read = partition("ledger", 2, to: (7, 7), .nothing, unit: .frames(events: 0))

        #expect(
            report([counted, read]).table() == """
                GROUP  TOPIC   PARTITION  COMMITTED  END  LAG  UNIT    EVENTS  SECONDS  TREND     RATE/S  ARRIVAL/S  CATCH-UP  RETENTION  STATUS
                g      ledger          0        400  412   12  frames     340      2.0  unknown  unknown    unknown   unknown    unknown  behind
                g      ledger     1 of 2          -    -    0  frames       0      0.0  -        unknown    unknown        0s          -  ok
                g      total           -          -    -   12  frames     340      2.0  unknown  unknown    unknown   unknown      >= 0%  behind

                """)
        #expect(
            report([counted, uncounted, read]).table() == """
                GROUP  TOPIC   PARTITION  COMMITTED  END  LAG  UNIT     EVENTS  SECONDS  TREND     RATE/S  ARRIVAL/S  CATCH-UP  RETENTION  STATUS
                g      ledger          0        400  412   12  frames      340      2.0  unknown  unknown    unknown   unknown    unknown  behind
                g      ledger          1          0  900  900  frames  unknown      9.0  unknown  unknown    unknown   unknown    unknown  behind
                g      ledger     1 of 3          -    -    0  frames        0      0.0  -        unknown    unknown        0s          -  ok
                g      total           -          -    -  912  frames  unknown      9.0  unknown  unknown    unknown   unknown      >= 0%  behind

                """)
        let json = report([counted, uncounted]).json()
        #expect(json.contains(#""events":340,"lost":null,"member":null,"partition":0,"records":12,"#))
        #expect(json.contains(#""events":null,"lost":null,"member":null,"partition":1,"records":900,"#))
        #expect(json.contains(#""topic":"ledger","trend":null,"unit":"frames"}"#))
        #expect(!json.contains(#""unit":"records""#))

        let other = GroupLag(
            GroupProfile(name: "g"), partitions: [counted, partition("orders", 0, to: (0, 5), .timestamp(now))])
        #expect(!other.isFramed)
        #expect(other.events == 340)
    }

    /// 1 record a second is read and none arrives, so as many seconds are left as records.
    @Test(arguments: [
        (1, "1s"), (59, "59s"), (61, "1m 1s"), (7_500, "2h 5m"), (360_000, "4d 4h"), (1_000_000_000, ">9999d"),
    ])
    func catchUpHasTwoUnits(records: Int64, text: String) {
        let behind = partition("t", 0, from: (0, records + 10), to: (10, records + 10), .timestamp(now))
        #expect(report([behind]).table().split(separator: "\n")[1].hasSuffix("  \(text)    unknown  behind"))
    }

    @Test func catchUpMayBeNever() {
        let behind = partition("t", 0, from: (5, 10), to: (5, 10), .timestamp(now))
        #expect(report([behind]).table().contains("  never    unknown  behind\n"))
        #expect(report([behind]).json().contains(#""catchUp":"never""#))
    }

    @Test func foreignNamesCannotSteerTheTerminal() {
        let group = GroupLag(GroupProfile(name: "a\u{1B}[31m\nb"), partitions: [])
        let table = LagReport(time: now, groups: [group], notes: []).table()
        #expect(table.contains(#"a\u001b[31m\nb"#))
        #expect(!table.contains("\u{1B}"))
    }

    @Test func jsonSaysUnknownAsNull() {
        let expected = [
            #"{"groups":[{"arrivalRate":null,"catchUp":null,"causes":[{"code":"nothing-committed","partition":null,"#,
            #""sentence":"no partition of it is known: it has committed nothing, or this client may not "#,
            #"describe its topics","topic":null}],"consumptionRate":null,"events":null,"#,
            #""group":"idle","isolation":null,"knownRecords":null,"knownSeconds":null,"lost":null,"#,
            #""members":null,"partitions":[],"records":null,"retention":null,"seconds":null,"state":"Empty","#,
            #""status":"unknown","trend":null,"type":null,"unit":"records","worst":null},{"arrivalRate":null,"#,
            #""catchUp":null,"causes":[{"code":"nothing-committed","partition":0,"#,
            #""sentence":"nothing is committed of alpha[0]: see that its consumers run; where they begin is decided by their auto.offset.reset","#,
            #""topic":"alpha"}],"consumptionRate":null,"events":null,"group":"intake","isolation":null,"#,
            #""knownRecords":600,"knownSeconds":12.345,"lost":null,"members":2,"#,
            #""partitions":[{"arrivalRate":null,"catchUp":null,"committed":null,"consumptionRate":null,"#,
            #""end":7,"events":null,"lost":null,"member":null,"partition":0,"records":null,"retention":null,"#,
            #""seconds":null,"start":null,"status":"unknown","topic":"alpha","trend":null,"#,
            #""unit":"records"},{"arrivalRate":0,"catchUp":60,"committed":400,"consumptionRate":10,"#,
            #""end":1000,"events":null,"lost":null,"member":null,"partition":0,"records":600,"#,
            #""retention":null,"seconds":12.345,"start":null,"status":"behind","topic":"orders","#,
            #""trend":"shrinking","unit":"records"},{"arrivalRate":0,"catchUp":0,"committed":500,"#,
            #""consumptionRate":1,"end":500,"events":null,"lost":null,"member":null,"partition":1,"#,
            #""records":0,"retention":0,"seconds":0,"start":null,"status":"ok","topic":"orders","#,
            #""trend":"shrinking","unit":"records"},{"arrivalRate":0,"catchUp":0,"committed":20,"#,
            #""consumptionRate":0,"end":20,"events":null,"lost":null,"member":null,"partition":2,"records":0,"#,
            #""retention":0,"seconds":0,"start":null,"status":"ok","topic":"orders","trend":"steady","#,
            #""unit":"records"}],"records":null,"retention":null,"seconds":null,"state":"Stable","#,
            #""status":"unknown","trend":null,"type":"classic","unit":"records","worst":{"partition":0,"#,
            #""topic":"orders"}}],"notes":["a \"note\""],"time":"2026-01-02T03:04:05.006Z"}"#,
        ].joined()
        #expect(mixed.json() == expected)
    }

    @Test func totalsOfKnownPartitions() {
        let group = GroupLag(
            GroupProfile(name: "g"),
            partitions: [
                partition("a", 0, to: (10, 30), .timestamp(now - 2000)),
                partition("a", 1, to: (0, 5), .timestamp(now - 9000)),
                partition("a", 2, to: (5, 5), .nothing),
            ])
        #expect(group.records == 25)
        #expect(group.seconds == 9)
        #expect(group.worst == TopicPartition("a", 1))
        #expect(group.status == .behind)
    }

    @Test func unknownSecondsAreTheWorst() {
        let group = GroupLag(
            GroupProfile(name: "g"),
            partitions: [
                partition("a", 0, to: (0, 5), .timestamp(now - 9000)),
                partition("a", 1, to: (0, 1), .expired),
                partition("a", 2, to: (nil, 100), .unknown),
            ])
        #expect(group.records == nil)
        #expect(group.knownRecords == 5)
        #expect(group.seconds == nil)
        #expect(group.knownSeconds == 9)
        #expect(group.worst == TopicPartition("a", 1))
        #expect(group.status == .expired)
    }

    @Test func sentencesSayWhatExceedsTheLimit() {
        let late = report([partition("a", 0, to: (0, 5), .timestamp(now - 9000))])
        #expect(late.excesses(maxSeconds: 8.9) == ["group g: a[0] is 9.0 s behind, the limit is 8.9 s"])
        #expect(late.excesses(maxSeconds: 9) == [])
        // Lag of unknown age may be any age; an unknown lag is not known to be one.
        let sentence = "group g: a[0] is behind by an unknown time, the limit is 1e+09 s"
        #expect(report([partition("a", 0, to: (0, 5), .unknown)]).excesses(maxSeconds: 1e9) == [sentence])
        #expect(report([partition("a", 0, to: (0, 5), .expired)]).excesses(maxSeconds: 1e9) == [sentence])
        #expect(report([partition("a", 0, to: (nil, 5), .unknown)]).excesses(maxSeconds: 0) == [])
        #expect(report([partition("a", 0, to: (5, 5), .nothing)]).excesses(maxSeconds: 0) == [])
        #expect(report([partition("a", 0, to: (4, 5), .nothing)]).excesses(maxSeconds: 0) == [])
    }

    /// Asked whether a group is within a limit, "nothing is known of it" is no yes.
    @Test func aGroupAskedForThatIsNotThereExceedsTheLimit() {
        let known = report([
            partition("a", 0, to: (5, 5), .nothing), partition("a", 1, to: (nil, 5), .unknown),
        ])
        #expect(known.excesses(maxSeconds: 1, asked: ["g"]) == [])
        #expect(
            known.excesses(maxSeconds: 1, asked: ["nosuch", "g"])
                == ["group nosuch: not on the cluster, so nothing shows that it is within 1 s"])
        #expect(
            report([partition("a", 0, to: (nil, 5), .unknown)]).excesses(maxSeconds: 1, asked: ["g"])
                == ["group g: its lag is unknown, so nothing shows that it is within 1 s"])
        #expect(
            report([]).excesses(maxSeconds: 1, asked: ["g"])
                == ["group g: its lag is unknown, so nothing shows that it is within 1 s"])
    }
}
