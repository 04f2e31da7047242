import Randomness

/// A small ledger partition of one subject, anna, the same for the same seed: early and late events, voids before and
/// after them, repeats of both, enrolments, sources that are withdrawn and restored, policies with other waits. Events of
/// the two sources have ids of one small set.
struct LedgerOfActs {
    /// Counts of what random ledgers had.
    struct Seen {
        /// Ledgers at whose end anna is enrolled, or a source withdrawn.
        var enrolled = 0
        var withdrawn = 0
        /// Early events of sources that are not withdrawn in the end, and events that came while their source was, and
        /// were counted by an enrolment when it was restored.
        var early = 0
        var restored = 0
        var repeatedVoids = 0
    }

    static let texts = ["1 hour", "10 minutes", "3 hours"].enumerated().map { number, wait in
        """
        policy: town
        version: \(1 + number)
        early: \(wait)
        score: {base: 600, min: 350, max: 950}
        kinds: [individual]
        dimensions: {payment: {max: 60}, community: {}}
        rules:
          - {id: paid, dimension: payment, event: bill.paid, points: 15}
          - {id: missed, dimension: payment, event: bill.missed, points: -20, per: day, cap: 30, lasts: 2 days}
          - {id: helped, dimension: community, event: hours, points: 7}
        bands: [{name: C, from: 350}]

        """
    }

    private static let sources = ["rail", "bank"]
    private static let behaviour = ["bill.paid", "bill.missed", "hours", "tea"]

    /// Topics that are withdrawn in the end.
    private(set) var withdrawn: Set<String> = []
    /// Voids with the id of an earlier one.
    private(set) var repeatedVoids = 0
    private var entries: [LedgerEntry] = []
    /// The numbers of the entries that begin a frame.
    private var cuts: Set<Int> = []
    private var offsets: [String: Int64] = [:]

    init(seed: UInt64) {
        var random = Seeded(seed)
        var second: Int64 = 1_000_000
        var voids: Set<String> = []
        for number in 0..<(15 + random.below(30)) {
            if random.below(3) == 0 { cuts.insert(number) }
            second += Int64(random.below(1200))
            switch random.below(100) {
            case 0..<14:
                let kind = random.below(8) == 0 ? "business" : "individual"
                control(
                    "standing.subject.enrolled", second - Int64(random.below(3600)),
                    #"{"kind":"\#(kind)","terms":"t"}"#)
            case 14..<20: control("standing.subject.withdrawn", second, "")
            case 20..<34:
                let id = random.below(3) == 0 ? "v\(random.below(3))" : nil
                if let id, !voids.insert(id).inserted { repeatedVoids += 1 }
                control(
                    "standing.event.voided", second, #"{"source":"/town","id":"e\#(random.below(12))","reason":"r"}"#,
                    id: id)
            case 34..<46: act(on: Self.sources[random.below(2)], isWithdrawal: random.below(2) == 0, second)
            case 46..<48:
                entries.append(
                    .activation(Self.texts[random.below(Self.texts.count)], offset: next("town"), replaces: nil))
            default:
                let topic = Self.sources[random.below(2)]
                entries.append(
                    .event(
                        type: Self.behaviour[random.below(Self.behaviour.count)], subject: "anna",
                        id: "e\(random.below(12))", offset: next(topic), topic: topic,
                        second: second - Int64(random.below(1800)), data: ""))
            }
        }
    }

    private mutating func control(_ type: String, _ second: Int64, _ data: String, id: String? = nil) {
        entries.append(
            .event(type: type, subject: "anna", id: id, offset: next("town"), second: second, data: data))
    }

    private mutating func act(on topic: String, isWithdrawal: Bool, _ second: Int64) {
        entries.append(
            RandomLedger.SourceAct(frame: 0, topic: topic, isWithdrawal: isWithdrawal)
                .entry(number: Int(next("acts")), second: second))
        if isWithdrawal { withdrawn.insert(topic) } else { withdrawn.remove(topic) }
    }

    /// An origin's offsets ascend.
    private mutating func next(_ topic: String) -> Int64 {
        offsets[topic, default: -1] += 1
        return offsets[topic, default: 0]
    }

    /// The frames. `silent`: as if these topics had never had an event, and no act had been about a source: another's
    /// events, who is never enrolled, are in their places. Nil for what happened.
    func frames(without silent: Set<String>? = nil) -> [(offset: Int64, bytes: [UInt8])] {
        var frames: [[LedgerEntry]] = [[]]
        for (number, entry) in entries.enumerated() {
            if cuts.contains(number), frames.last?.isEmpty == false { frames.append([]) }
            frames[frames.count - 1].append(silent.map { Self.without($0, entry) } ?? entry)
        }
        let beginning = LedgerEntry.policyData(Self.texts[0], version: 8)
        let first = LedgerEntry.frame(session: 9, [.system(type: "standing.policy.activated", data: beginning)])
        return [(0, first)]
            + frames.enumerated().map { (Int64($0 + 1), LedgerEntry.frame(number: UInt64($0), $1)) }
    }

    private static func without(_ silent: Set<String>, _ entry: LedgerEntry) -> LedgerEntry {
        guard case .event(_, _, _, let offset, let topic, _, let second, _) = entry,
            topic == "acts" || silent.contains(topic)
        else { return entry }
        return .event(type: "tea", subject: "nobody", offset: offset, topic: topic, second: second, data: "")
    }
}
