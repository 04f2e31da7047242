import Events
import Ledger
import Policy
import Randomness
import Replay
import Simulation

/// A ledger partition of random lives under changing policies, the same for the same seed: buckets that end, levels,
/// judgments, appeals, voids, withdrawals, duplicates and late events, measures, windows and attributes, frames that come
/// twice, sessions that break.
struct RandomLedger {
    static let partition: Int32 = 4

    static let text = """
        policy: lives
        version: 1
        score: {base: 1000, min: 700, max: 1200}
        kinds: [individual, business]
        constants: {many: 3}
        attributes: {tier: string, rooms: int}
        dimensions: {payment: {min: -200, max: 150}, judgments: {min: -300, max: 0}, community: {}}
        measures:
          - {id: noises, dimension: community, event: noise, count: true, within: 1 month, adverse: true}
          - {id: paid, dimension: payment, event: bill.paid, sum: data.amount, within: 50 days}
          - {id: least, dimension: payment, event: "bill.*", min: data.amount, within: 20 days}
          - {id: most, dimension: payment, event: "bill.*", max: data.amount}
          - {id: last, dimension: payment, event: bill.paid, latest: data.amount, within: 40 days}
          - {id: streak, dimension: payment, event: bill.paid, streak: [bill.missed], within: 3 months}
        rules:
          - {id: gold, dimension: payment, event: bill.paid, when: attribute.tier == "gold", points: attribute.rooms % 5, within: 25 days, cap: 8}
          - {id: steady, dimension: payment, points: 'measure.streak >= constant.many ? 7 : measure.least > 60 ? 2 : 0'}
          - {id: loud, dimension: community, points: 'measure.noises > constant.many ? -measure.noises : 0', cap: 12}
          - {id: cheer, dimension: community, event: hours, points: 9, per: month, lasts: 4 months, fades: true}
          - {id: on-time, dimension: payment, event: bill.paid, when: data.amount >= 50, points: 6, per: month, cap: 12, lasts: 2 months}
          - {id: late, dimension: payment, event: bill.missed, points: data.days * -2, per: month, cap: 70, lasts: 3 months}
          - {id: defaulted, dimension: judgments, event: court.defaulted, kinds: [individual], points: -150, per: year, lasts: 1 year}
          - {id: help, dimension: community, event: hours, when: data.hours > 0, points: data.hours, per: day, cap: 5, lasts: 20 days}
          - {id: noise, dimension: community, event: noise, points: -10, per: day, cap: 10, lasts: 1 month}
        bands: [{name: C, from: 700}, {name: B, from: 900}, {name: A, from: 1010}]
        perks:
          - {id: listing, when: 'band == "A" && !sanctioned'}
          - {id: lastly, when: measure.last > 40 && measure.most < 118, grace: 3 days}
          - {id: energy, when: score >= 1000 && dimension.community >= 4, grace: 5 days}
        sanctions:
          - {id: debtor, dimension: judgments, event: court.defaulted, when: data.amount > 50, lifted-by: court.satisfied, measures: [air], notice: 4 days, lasts: 1 month}
          - {id: credit, dimension: payment, measures: [credit], when: points <= -60, lasts: 20 days}
          - {id: quiet, dimension: community, measures: [gatherings], when: measure.noises >= constant.many, notice: 1 day, lasts: 9 days}
        appeals: {decide-within: 6 days}
        """

    /// Others of the same people: `credit` is another sanction, a perk is new, points count by other rules.
    static let others = [
        text.replacing("version: 1", with: "version: 2").replacing(
            "points: 6, per: month, cap: 12", with: "points: 9, per: day, cap: 9"
        )
        .replacing("id: credit", with: "id: loans").replacing("name: B, from: 900", with: "name: B2, from: 880"),
        text.replacing("version: 1", with: "version: 3").replacing("data.days * -2", with: "data.days * -3")
            .replacing("id: listing", with: "id: catalogue").replacing("within: 1 month", with: "within: 15 days")
            .replacing("attributes: {tier: string, rooms: int}", with: "attributes: {rooms: int, tier: string}")
            .replacing("fades: true", with: "cap: 30"),
    ]

    /// By ledger offset; some are left out.
    private(set) var frames: [(offset: Int64, bytes: [UInt8])] = []

    /// Of behaviour; control events come from the first.
    static let topics = ["town", "rail", "bank"]

    /// An act about a source, in the frame of this number.
    struct SourceAct {
        var frame: Int
        var topic: String
        var isWithdrawal = true

        /// Its entry is the `number`th act; `second` is its time.
        func entry(number: Int, second: Int64) -> LedgerEntry {
            .event(
                type: isWithdrawal ? "standing.source.withdrawn" : "standing.source.restored", subject: "",
                offset: Int64(number), topic: "acts", second: second,
                data: #"{"topic":"\#(topic)","reason":"the contract ended","by":"anna"}"#)
        }
    }

    /// `ties`: everything happens at the beginning of one of every ten days. `topics`: how many of the topics there are. `without`:
    /// the same lives as if that topic had never had a behaviour event, and no act had been about a source. A ledger of acts begins
    /// under fold version `version`.
    init(
        seed: UInt64, frames count: Int = 120, switches: Bool = true, ties: Bool = false, topics: Int = 1,
        acts: [SourceAct] = [], version: Int = 8, without silent: String? = nil
    ) {
        var random = Seeded(seed)
        var next: [UInt64] = [0, 0, 0]
        var origin: Int64 = 0
        var day: Double = 0
        var offset: Int64 = 0
        var subjects = (0..<7).map { "s\($0)" }
        subjects.append(String(repeating: "a-long-name-", count: 5))
        let beginning = LedgerEntry.policyData(Self.text, version: acts.isEmpty ? 6 : version)
        append(
            Self.frame(session: 9, number: 0, [.system(type: "standing.policy.activated", data: beginning)]), &offset)
        for number in 0..<count {
            var entries: [LedgerEntry] = []
            for _ in 0..<(1 + random.below(10)) {
                day += Double(random.below(8)) / 10
                let late = random.below(8) == 0 ? Double(random.below(60)) : 0
                let time = max(0, day - late)
                entries.append(
                    Self.entry(
                        subjects[random.below(subjects.count)], day: ties ? (time / 10).rounded(.down) * 10 : time,
                        origin, &random,
                        switches, topics))
                if random.below(15) != 0 { origin += 1 }
            }
            for (index, act) in acts.enumerated() where act.frame == number {
                entries.insert(
                    act.entry(number: index, second: Int64(day * 86_400)),
                    at: seed.isMultiple(of: 2) ? entries.count / 2 : 0)
            }
            if let silent { entries = entries.map { Self.without(silent, $0) } }
            let drawn = random.below(20) == 0 ? 2 : random.below(2)
            // An act is not in a session that breaks.
            let session = acts.contains { $0.frame == number } ? 0 : drawn
            let frame = Self.frame(session: UInt64(session + 1), number: next[session], entries)
            append(frame, &offset)
            if random.below(10) == 0 { append(frame, &offset) }
            next[session] += session == 2 && number > count / 2 ? 2 : 1
            if random.below(12) == 0 { offset += Int64(random.below(3)) }
        }
    }

    /// Another's event, who is never enrolled, instead of a behaviour event of the topic, and of an act about a source: time passes
    /// as it does with them.
    private static func without(_ silent: String, _ entry: LedgerEntry) -> LedgerEntry {
        guard case .event(let type, _, _, let offset, let topic, _, let second, _) = entry,
            topic == "acts" || topic == silent && !type.hasPrefix("standing.")
        else { return entry }
        return .event(type: "tea", subject: "nobody", offset: offset, topic: topic, second: second, data: "")
    }

    private mutating func append(_ frame: [UInt8], _ offset: inout Int64) {
        frames.append((offset, frame))
        offset += 1
    }

    private static func frame(session: UInt64, number: UInt64, _ entries: [LedgerEntry]) -> [UInt8] {
        LedgerEntry.frame(session: session, number: number, entries)
    }

    private static func entry(
        _ subject: String, day: Double, _ origin: Int64, _ random: inout Seeded, _ switches: Bool,
        _ topics: Int
    ) -> LedgerEntry {
        let second = Int64(day * 86_400)
        func event(_ type: String, _ data: String, subject: String = subject, topic: String = "town") -> LedgerEntry {
            .event(type: type, subject: subject, offset: origin, topic: topic, second: second, data: data)
        }
        let amount = random.below(120)
        let small = random.below(12)
        let data = #"{"amount":\#(amount),"days":\#(small),"hours":\#(small)}"#
        switch random.below(100) {
        case 0..<14:
            let kind = ["individual", "business", "official"][random.below(3)]
            let attributes = #"{"tier":"\#(small < 6 ? "gold" : "silver")","rooms":\#(amount)}"#
            return event(
                "standing.subject.enrolled",
                #"{"kind":"\#(kind)","terms":"t\#(random.below(3))","attributes":\#(attributes)}"#)
        case 14..<16: return event("standing.subject.withdrawn", "")
        case 16..<19: return .tick(second)
        case 19..<24:
            return event("standing.appeal.filed", #"{"sanction":"\#(["debtor", "credit", "loans"][random.below(3)])"}"#)
        case 24..<28:
            return event(
                "standing.appeal.decided",
                #"{"sanction":"\#(["debtor", "credit"][random.below(2)])","outcome":"\#(["upheld", "rejected"][random.below(2)])"}"#
            )
        case 28..<32:
            return event(
                "standing.event.voided",
                #"{"source":"/town","id":"town-0-\#(max(0, origin - Int64(random.below(40))))"}"#)
        case 32 where switches && random.below(2) == 0:
            return event(
                "standing.policy.activated", LedgerEntry.policyData(([text] + others)[random.below(3)]), subject: "")
        case 33 where random.below(4) == 0:
            return event("standing.source.reset", #"{"topic":"elsewhere"}"#, subject: "")
        case 34 where random.below(12) == 0:
            return .system(
                type: "standing.source.gap",
                data: #"{"topic":"town","partition":0,"from":\#(origin),"to":\#(origin + 1)}"#)
        case 35:
            return event("standing.source.acknowledged", #"{"topic":"town"}"#, subject: "")
        default:
            let types = [
                "bill.paid", "bill.missed", "bill.missed", "court.defaulted", "court.satisfied", "hours", "noise",
                "tea",
            ]
            let topic = topics > 1 ? Self.topics[random.below(topics)] : Self.topics[0]
            return event(types[random.below(types.count)], random.below(12) == 0 ? "" : data, topic: topic)
        }
    }

    /// The frames before an offset.
    var history: PartitionFold.History {
        let frames = frames
        return { end in MemoryFrames(frames.filter { $0.offset < end }) }
    }

    func source(from start: Int64 = 0) -> MemoryFrames { MemoryFrames(frames.filter { $0.offset >= start }) }

    func fold() -> PartitionFold { PartitionFold(partition: Self.partition, history: history) }

    /// Folds the frames in a range of their indexes; the facts' JSON.
    func apply(_ range: Range<Int>, to fold: inout PartitionFold) throws -> [String] {
        var batch = EncodedFacts()
        for frame in frames[range] {
            try frame.bytes.withUnsafeBytes {
                try fold.apply(frame: $0, at: frame.offset, above: [0, 0, 0], into: &batch)
            }
        }
        return batch.items.map { String(decoding: batch.value($0), as: UTF8.self) }
    }
}
