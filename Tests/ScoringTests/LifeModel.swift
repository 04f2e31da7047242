import Events

/// The town's policy as plain dictionaries: what `Fold` must agree with, written for reading and not for speed.
struct LifeModel {
    struct Subject: Equatable {
        var kind: String
        var terms: String
        var sums = [Int](repeating: 0, count: 6)
        var counts = [Int](repeating: 0, count: 6)
        var score = 600
        /// By perk, in policy order; a value is the day on which a grace ends.
        var perks: [String: Timestamp?] = [:]

        var band: String { score >= 640 ? "A" : score >= 550 ? "B" : "C" }

        var contributions: [Int] { zip(sums, LifeModel.rules).map { max(-$1.cap, min($1.cap, $0)) } }

        var dimensions: [Int] {
            let points = contributions
            return [max(-200, min(100, points[0] + points[1] + points[2])), points[3] + points[4] + points[5]]
        }
    }

    static let rules: [(id: String, events: [String], kinds: [String], points: Int, cap: Int)] = [
        ("paid", ["bill.paid"], ["individual", "business"], 15, .max),
        ("missed", ["bill.missed", "bill.late"], ["individual", "business"], -60, .max),
        ("fair", ["bill.paid", "wage.paid"], ["business"], 30, 60),
        ("noise", ["noise.made"], ["individual", "business"], -5, 10),
        ("rescue", ["life.saved"], ["individual", "business"], 400, .max),
        ("crime", ["crime.done"], ["individual", "business"], -400, .max),
    ]
    static let perks: [(id: String, bands: Set<String>, graceDays: Int64)] = [
        ("zebra", ["A"], 0), ("bikes", ["A", "B"], 14), ("apple", ["A", "B"], 14),
    ]

    private(set) var subjects: [String: Subject] = [:]
    private var seen: Set<[String]> = []
    private var lives: [String: Int] = [:]
    private var clock = Timestamp.distantPast
    private var graces: [Timestamp: Set<[String]>] = [:]

    /// Folds one happening, and returns the facts as `Story` does.
    mutating func given(_ happening: Happening) -> [String] {
        var emitted = advance(to: happening.time)
        guard let type = happening.type else { return emitted }
        let isControl = type.hasPrefix("standing.")
        guard isControl || subjects[happening.subject] != nil else { return emitted }
        // Behaviour is known within one enrolment, control events for ever.
        let enrolment = isControl ? "" : "\(lives[happening.subject] ?? 0)"
        guard seen.insert([happening.subject, enrolment, happening.source, happening.id]).inserted else {
            return emitted
        }
        switch type {
        case "standing.subject.enrolled": emitted += enrol(happening)
        case "standing.subject.withdrawn":
            guard let gone = subjects.removeValue(forKey: happening.subject) else { return emitted }
            emitted += Self.perks.filter { gone.perks[$0.id] != nil }
                .map { "\(day(clock)) \(happening.subject) revoked \($0.id)" }
            emitted.append("\(day(clock)) \(happening.subject) score \(gone.score) \(gone.band) -> none")
        default: emitted += happen(type, happening.subject)
        }
        return emitted
    }

    private mutating func enrol(_ happening: Happening) -> [String] {
        func member(_ name: String) -> String {
            happening.data.components(after: "\"\(name)\":\"", before: "\"")
        }
        guard subjects[happening.subject] == nil else {
            subjects[happening.subject]?.terms = member("terms")
            return []
        }
        guard member("kind") != "official" else { return [] }
        lives[happening.subject, default: 0] += 1
        subjects[happening.subject] = Subject(kind: member("kind"), terms: member("terms"))
        return ["\(day(clock)) \(happening.subject) score none -> 600 B"] + evaluatePerks(of: happening.subject)
    }

    private mutating func happen(_ type: String, _ name: String) -> [String] {
        guard var subject = subjects[name] else { return [] }
        let before = subject
        for (index, rule) in Self.rules.enumerated()
        where rule.events.contains(type) && rule.kinds.contains(subject.kind) {
            subject.sums[index] += rule.points
            subject.counts[index] += 1
        }
        subject.score = max(350, min(950, 600 + subject.dimensions.reduce(0, +)))
        subjects[name] = subject
        guard subject.counts != before.counts else { return [] }
        let reasons = zip(subject.contributions, before.contributions).enumerated()
            .map { (Self.rules[$0].id, $1.0 - $1.1) }.filter { $0.1 != 0 }
            .sorted { abs($0.1) > abs($1.1) }.map { "\($0) \($1)" }.joined(separator: ", ")
        let change = "\(before.score) \(before.band) -> \(subject.score) \(subject.band)"
        let facts = subject.score == before.score ? [] : ["\(day(clock)) \(name) score \(change): \(reasons)"]
        return facts + evaluatePerks(of: name)
    }

    private mutating func evaluatePerks(of name: String) -> [String] {
        guard var subject = subjects[name] else { return [] }
        defer { subjects[name] = subject }
        return Self.perks.compactMap { perk in
            let holds = perk.bands.contains(subject.band)
            switch (subject.perks[perk.id], holds) {
            case (nil, true):
                subject.perks[perk.id] = .some(nil)
                return "\(day(clock)) \(name) granted \(perk.id)"
            case (.some, true): subject.perks[perk.id] = .some(nil)
            case (.some(nil), false) where perk.graceDays == 0:
                subject.perks[perk.id] = nil
                return "\(day(clock)) \(name) revoked \(perk.id)"
            case (.some(nil), false):
                let due = clock.adding(microseconds: perk.graceDays * Timestamp.microsecondsPerDay)
                subject.perks[perk.id] = due
                graces[due, default: []].insert([name, perk.id])
            default: break
            }
            return nil
        }
    }

    private mutating func advance(to time: Timestamp) -> [String] {
        guard time > clock else { return [] }
        var emitted: [String] = []
        for due in graces.keys.filter({ $0 <= time }).sorted() {
            let timers = graces.removeValue(forKey: due) ?? []
            for timer in timers.sorted(by: {
                Array($0.joined(separator: "\0").utf8)
                    .lexicographicallyPrecedes(Array($1.joined(separator: "\0").utf8))
            })
            where subjects[timer[0]]?.perks[timer[1]] == .some(due) {
                subjects[timer[0]]?.perks[timer[1]] = nil
                emitted.append("\(day(due)) \(timer[0]) revoked \(timer[1]) by timer")
            }
        }
        clock = time
        return emitted
    }

    private func day(_ time: Timestamp) -> Int64 {
        (time.microseconds - Happening.day(0).microseconds) / Timestamp.microsecondsPerDay
    }
}

extension String {
    /// What stands between the first `opening` and the next `closing`.
    fileprivate func components(after opening: String, before closing: String) -> String {
        guard let start = firstRange(of: opening)?.upperBound,
            let end = self[start...].firstRange(of: closing)?.lowerBound
        else { return "" }
        return String(self[start..<end])
    }
}
