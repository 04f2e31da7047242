internal import Kafka
internal import Simulation

/// The traffic of programmes: lives with bills and courts, appeals and voids, withdrawals, changes of policy, repeats,
/// late events, and bad records.
struct Traffic {
    private static let policy = """
        policy: lives
        version: 1
        score: {base: 1000, min: 700, max: 1200}
        kinds: [individual, business]
        dimensions: {payment: {min: -200, max: 150}, judgments: {min: -300, max: 0}}
        rules:
          - {id: on-time, dimension: payment, event: bill.paid, points: 6, per: day, cap: 12, lasts: 20 days}
          - {id: late, dimension: payment, event: bill.missed, points: data.days * -2, per: day, cap: 70, lasts: 10 days}
          - {id: defaulted, dimension: judgments, event: court.defaulted, points: -150, per: month, lasts: 2 months}
        bands: [{name: C, from: 700}, {name: B, from: 900}, {name: A, from: 1010}]
        perks:
          - {id: listing, when: 'band == "A" && !sanctioned'}
          - {id: energy, when: score >= 1000, grace: 1 day}
        sanctions:
          - {id: debtor, dimension: judgments, event: court.defaulted, lifted-by: court.satisfied, measures: [air], notice: 1 day, lasts: 5 days}
          - {id: credit, dimension: payment, measures: [credit], when: points <= -20, lasts: 3 days}
        appeals: {decide-within: 1 day}
        """

    /// The same with measures that depend on the order of events. A ledger of an older fold version passes over its
    /// activation.
    private static let measuringPolicy =
        policy.replacing(
            "bands:",
            with: """
                  - {id: steady, dimension: payment, points: measure.run * 3 - measure.last}
                measures:
                  - {id: run, dimension: payment, event: bill.paid, streak: bill.missed, within: 20 days}
                  - {id: last, dimension: payment, event: bill.missed, latest: data.days}
                bands:
                """)

    /// The policy at the beginning of the ledger.
    let policy: String
    /// The policies that are activated.
    private let activated: [String]
    /// The policies that are put into the shadow. One of them is activated only from there.
    let candidates: [String]

    /// A record and its expected outcome.
    struct Sent {
        let topic: String
        var record: SimulatedCluster.Stored
        let type: String
        /// Nil if it concerns all subjects.
        let subject: String?
        let id: String
        /// Why it is a dead letter; nil if it is an event.
        let reason: String?
    }

    /// A record that was sent, and its offset in its source's partition.
    struct Placed {
        let offset: Int64
        let sent: Sent
    }

    private static let hour: Int64 = 3_600_000_000
    /// Longer than any simulation.
    private static let ages: Int64 = 20_000 * hour
    let subjects = (0..<12).map { "citizen-\($0)" }
    private var number = 0
    private var sent: [Sent] = []
    /// Subject and id of behaviour events, so that they can be voided.
    private var events: [(subject: String, id: String)] = []
    private let changesPolicy: Bool
    /// Whether half of the traffic is about one subject.
    private let hasHotSubject: Bool

    /// Whether bills have few different times, so that the order of many is that of their texts, and measures depend on
    /// it.
    private let hasTies: Bool
    /// Now and then a source is withdrawn, which writes all the same, or restored.
    private let withdrawsSources: Bool

    init(changesPolicy: Bool, hasHotSubject: Bool, hasTies: Bool, withdrawsSources: Bool) {
        (self.changesPolicy, self.hasHotSubject, self.hasTies) = (changesPolicy, hasHotSubject, hasTies)
        self.withdrawsSources = withdrawsSources
        let policy = hasTies ? Self.measuringPolicy : Self.policy
        self.policy = policy
        activated = [
            policy, policy.replacing("version: 1", with: "version: 2").replacing("points: 6", with: "points: 9"),
            policy.replacing("version: 1", with: "version: 3").replacing("id: credit", with: "id: loans")
                .replacing("name: B, from: 900", with: "name: B2, from: 880"),
        ]
        candidates =
            activated + [
                policy.replacing("version: 1", with: "version: 4").replacing("points: -150", with: "points: -90")
                    .replacing("score >= 1000, grace: 1 day", with: "score >= 990, grace: 3 days")
                    .replacing("points <= -20", with: "points <= -8")
            ]
    }

    /// `time`: now, in microseconds since 1970.
    mutating func next(at time: Int64, _ random: inout SplitMix64) -> Sent {
        if !sent.isEmpty, random.chance(perMille: 40) { return sent[random.below(sent.count)] }
        let record = make(at: time, &random)
        // A record of the past is sent again. A change of policy is not, so that the last one stays the last.
        if sent.count < 200, record.reason == nil { sent.append(record) }
        return record
    }

    /// `time`: now, in microseconds since 1970.
    mutating func activation(of text: String, at time: Int64) -> Sent {
        number += 1
        let (type, id) = ("standing.policy.activated", "e\(number)")
        return Sent(
            topic: SimulatedTopics.control, record: Self.record(type, nil, id, time, Self.activation(of: text)),
            type: type, subject: nil, id: id, reason: nil)
    }

    /// The event's data.
    private static func activation(of text: String) -> String {
        let text = text.replacing("\n", with: "\\n").replacing("\"", with: "\\\"")
        return #"{"policy":"\#(text)"}"#
    }

    private mutating func make(at time: Int64, _ random: inout SplitMix64) -> Sent {
        number += 1
        let isHot = hasHotSubject && random.chance(perMille: 500)
        let subject = subjects[isHot ? 0 : random.below(subjects.count)]
        let time = random.chance(perMille: 100) ? time - Int64(random.below(72)) * Self.hour : time
        func event(
            _ topic: String, _ type: String, _ data: String, subject: String? = subject, at time: Int64 = time,
            reason: String? = nil
        ) -> Sent {
            Sent(
                topic: topic, record: Self.record(type, subject, "e\(number)", time, data), type: type,
                subject: subject, id: "e\(number)", reason: reason)
        }
        let control = SimulatedTopics.control
        let (bills, courts) = (SimulatedTopics.sources[0], SimulatedTopics.sources[1])
        let sanction = ["debtor", "credit", "loans"][random.below(3)]
        switch random.below(100) {
        case 0..<20:
            let kind = ["individual", "business", "official"][random.below(3)]
            return event(control, "standing.subject.enrolled", #"{"kind":"\#(kind)","terms":"t1"}"#)
        case 20..<22: return event(control, "standing.subject.withdrawn", "{}")
        case 22..<26:
            return event(control, "standing.appeal.filed", #"{"sanction":"\#(sanction)","statement":"no"}"#)
        case 26..<29:
            let outcome = random.chance(perMille: 500) ? "upheld" : "rejected"
            return event(
                control, "standing.appeal.decided",
                #"{"sanction":"\#(sanction)","outcome":"\#(outcome)","reason":"so"}"#)
        case 29..<33 where !events.isEmpty:
            let old = events[random.below(events.count)]
            return event(
                control, "standing.event.voided", #"{"source":"/town","id":"\#(old.id)","reason":"wrong"}"#,
                subject: old.subject)
        case 33 where changesPolicy:
            let text = activated[random.below(3)]
            return event(control, "standing.policy.activated", Self.activation(of: text), subject: nil)
        case 36, 37:
            guard withdrawsSources else { return bad(bills, subject, time, &random) }
            let topic = random.chance(perMille: 500) ? bills : courts
            let type = random.chance(perMille: 650) ? "standing.source.withdrawn" : "standing.source.restored"
            return event(control, type, #"{"topic":"\#(topic)","reason":"so"}"#, subject: nil)
        case 34, 35: return bad(bills, subject, time, &random)
        case 38..<50:
            events.append((subject, "e\(number)"))
            return event(courts, random.chance(perMille: 600) ? "court.defaulted" : "court.satisfied", "{}")
        default:
            events.append((subject, "e\(number)"))
            let type = random.chance(perMille: 500) ? "bill.paid" : "bill.missed"
            let day = hasTies ? time - time % (24 * Self.hour) : time
            return event(bills, type, #"{"days":\#(random.below(12))}"#, at: day)
        }
    }

    private func bad(_ topic: String, _ subject: String, _ time: Int64, _ random: inout SplitMix64) -> Sent {
        func sent(_ type: String, at time: Int64, reason: String) -> Sent {
            Sent(
                topic: topic, record: Self.record(type, subject, "e\(number)", time, "{}"), type: type,
                subject: subject,
                id: "e\(number)", reason: reason)
        }
        switch random.below(4) {
        case 0:
            var cut = sent("bill.paid", at: time, reason: "event/not-json")
            cut.record.value?.removeLast(3)
            return cut
        case 1: return sent("standing.subject.withdrawn", at: time, reason: "type/reserved-type")
        case 2: return sent("bill.paid", at: time + Self.ages, reason: "time/in-the-future")
        default:
            var empty = sent("bill.paid", at: time, reason: "event/null-value")
            empty.record.value = nil
            return empty
        }
    }

    private static func record(
        _ type: String, _ subject: String?, _ id: String, _ time: Int64, _ data: String
    ) -> SimulatedCluster.Stored {
        var text = EventText()
        text.append(#"{"specversion":"1.0","id":""# + id + #"","source":"/town","type":""# + type + #"""#)
        if let subject { text.append(#","subject":""# + subject + #"""#) }
        text.append(#","time":""#)
        text.append(time: time)
        text.append(#"","data":"# + data + "}")
        return .init(
            key: subject.map { Array($0.utf8) }, value: text.bytes,
            headers: [("content-type", Array("application/cloudevents+json".utf8))])
    }
}
