import Randomness

/// Random lives, the same for the same seed: people enrol, do this and that, leave, come back; events come twice, late,
/// and for people who are not there.
struct Lives {
    private var random: Seeded
    private let subjects: [String]
    private var day: Double = 0
    private var number = 0
    private var past: [Happening] = []
    private let daysAnEvent: Double

    private static let types = [
        "bill.paid", "bill.paid", "bill.paid", "bill.missed", "bill.late", "wage.paid", "noise.made", "life.saved",
        "crime.done", "tea.drunk",
    ]

    init(seed: UInt64, subjects count: Int, daysAnEvent: Double) {
        random = Seeded(seed)
        self.daysAnEvent = daysAnEvent
        var random = Seeded(seed ^ 0xFFFF)
        // Some names are longer than a record has room for.
        subjects = (0..<count).map { number in
            let stem = String(UInt64.random(in: 0...(.max), using: &random), radix: 36)
            return "\(stem.prefix(4))-\(number)"
                + (number.isMultiple(of: 7) ? "-of-the-long-street-by-the-river" : "")
        }
    }

    mutating func next() -> Happening {
        number += 1
        // Whole days, so that many due times are equal.
        day += Double.random(in: 0...2 * daysAnEvent, using: &random)
        let today = day.rounded(.down)
        let subject = subjects.randomElement(using: &random) ?? ""
        let id = "e\(number)"
        let happening: Happening
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<30:
            happening = enrolled(
                subject, on: today, kind: ["individual", "business", "official"].randomElement(using: &random) ?? "",
                terms: "t\(number % 5)", id: id)
        case 30..<38: happening = withdrawn(subject, on: today, id: id)
        case 38..<40: happening = tick(on: today)
        case 40..<45: happening = past.randomElement(using: &random) ?? tick(on: today)
        case 45..<50:
            happening = happened("bill.paid", subject, on: max(0, today - 30), id: id)
        default: happening = happened(Self.types.randomElement(using: &random) ?? "", subject, on: today, id: id)
        }
        if past.count < 1000 { past.append(happening) }
        return happening
    }

    mutating func next(_ count: Int) -> [Happening] { (0..<count).map { _ in next() } }
}
