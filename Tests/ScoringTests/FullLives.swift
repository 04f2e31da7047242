import Randomness

/// Random lives under a policy with everything in it, the same for the same seed: buckets that end, levels, court
/// judgments, appeals, voids, people who come and go; events come twice, late, and without what a rule looks for.
struct FullLives {
    /// How long its early events wait.
    static let early = "36 hours"

    static let text = """
        policy: lives
        version: 1
        early: 36 hours
        score: {base: 1000, min: 700, max: 1200}
        kinds: [individual, business]
        dimensions: {payment: {min: -200, max: 150}, judgments: {min: -300, max: 0}, community: {}, transport: {}}
        rules:
          - {id: on-time, dimension: payment, event: bill.paid, when: data.amount >= 50, points: 6, per: month, cap: 12, lasts: 2 months}
          - {id: big, dimension: payment, event: bill.paid, when: 'data.amount >= 90 && kind == "business"', points: 15}
          - {id: late, dimension: payment, event: bill.missed, points: data.days * -2, per: month, cap: 70, lasts: 3 months}
          - {id: defaulted, dimension: judgments, event: court.defaulted, kinds: [individual], points: -150, per: year, lasts: 1 year}
          - {id: help, dimension: community, event: hours, when: has(data.hours) && data.hours > 0, points: data.hours, per: day, cap: 5, lasts: 20 days}
          - {id: noise, dimension: community, event: noise, points: -10, per: day, cap: 10, lasts: 1 month}
          - {id: fare, dimension: transport, event: fare.evaded, points: -25, per: month, cap: 60, lasts: 30 days}
          - {id: ride, dimension: transport, event: fare.paid, points: 3, cap: 30}
        bands:
          - {name: C, from: 700}
          - {name: B, from: 900}
          - {name: A, from: 1010}
        perks:
          - {id: listing, when: 'band == "A" && !sanctioned'}
          - {id: energy, when: score >= 1000 && dimension.community >= 4, grace: 5 days}
          - {id: bikes, when: dimension.transport > -20 && !sanctioned, grace: 10 days}
        sanctions:
          - {id: rail, dimension: transport, measures: [rail], when: points <= -40, notice: 3 days, lasts: 25 days}
          - {id: debtor, dimension: judgments, event: court.defaulted, when: data.amount > 50, lifted-by: court.satisfied, measures: [air], notice: 4 days, lasts: 1 month}
          - {id: credit, dimension: payment, measures: [credit], when: points <= -60, lasts: 20 days}
          - {id: quiet, dimension: community, measures: [gatherings], when: 'points < -5 && kind == "individual"', notice: 1 day, lasts: 8 days}
        appeals: {stay: %, decide-within: 6 days}
        """

    private static let types = [
        "bill.paid", "bill.paid", "bill.missed", "bill.missed", "court.defaulted", "court.satisfied", "hours", "noise",
        "fare.evaded", "fare.evaded", "fare.paid", "tea.drunk",
    ]
    private static let sanctions = ["rail", "debtor", "rail", "debtor", "credit", "quiet", "quiet", "nothing"]

    private var random: Seeded
    private let subjects: [String]
    private var day: Double = 0
    private var number = 0
    private var past: [Happening] = []
    private let daysAnEvent: Double

    init(seed: UInt64, subjects count: Int, daysAnEvent: Double) {
        random = Seeded(seed)
        self.daysAnEvent = daysAnEvent
        subjects = (0..<count).map { "s\($0 * 7 % 10)-\($0)" }
    }

    /// Everybody enrolled, on day 0.
    var enrolments: [Happening] {
        subjects.enumerated().map { enrolled($1, kind: $0.isMultiple(of: 3) ? "business" : "individual") }
    }

    mutating func next() -> Happening {
        number += 1
        // Whole days, so that many due times are equal.
        day += Double.random(in: 0...2 * daysAnEvent, using: &random)
        let happening = happening(on: day.rounded(.down), id: "e\(number)")
        if past.count < 300 { past.append(happening) } else { past[number % 300] = happening }
        return happening
    }

    mutating func next(_ count: Int) -> [Happening] { (0..<count).map { _ in next() } }

    private mutating func happening(on today: Double, id: String) -> Happening {
        let subject = subjects.randomElement(using: &random) ?? ""
        let sanction = Self.sanctions.randomElement(using: &random) ?? ""
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<6:
            let kind = ["individual", "business", "official"].randomElement(using: &random) ?? ""
            return enrolled(subject, on: today, kind: kind, terms: "t\(number % 5)", id: id)
        case 6..<8: return withdrawn(subject, on: today, id: id)
        case 8..<10: return tick(on: today)
        case 10..<14: return past.randomElement(using: &random) ?? tick(on: today)
        case 14..<22:
            return happened(
                "standing.appeal.filed", subject, on: today, id: id, data: #"{"sanction":"\#(sanction)"}"#)
        case 22..<32:
            let outcome = Bool.random(using: &random) ? "upheld" : "rejected"
            return happened(
                "standing.appeal.decided", subject, on: today, id: id,
                data: #"{"sanction":"\#(sanction)","outcome":"\#(outcome)"}"#)
        case 32..<37:
            guard let event = past.randomElement(using: &random), event.type != nil else { return tick(on: today) }
            return Self.void(event, on: today, id: id)
        case 37..<45: return behaviour(subject, on: max(0, today - Double(Int.random(in: 1...70, using: &random))), id)
        default: return behaviour(subject, on: today, id)
        }
    }

    static func void(_ event: Happening, on day: Double, id: String) -> Happening {
        happened(
            "standing.event.voided", event.subject, on: day, id: id, source: "/register",
            data: #"{"source":"\#(event.source)","id":"\#(event.id)"}"#)
    }

    /// A deed of somebody; one in ten lacks its data.
    mutating func behaviour(_ subject: String, on day: Double, _ id: String) -> Happening {
        let amount = Int.random(in: 0...120, using: &random)
        let small = Int.random(in: 0...12, using: &random)
        let data = small == 12 ? "{}" : #"{"amount":\#(amount),"days":\#(small),"hours":\#(small - 2)}"#
        return happened(Self.types.randomElement(using: &random) ?? "", subject, on: day, id: id, data: data)
    }
}
