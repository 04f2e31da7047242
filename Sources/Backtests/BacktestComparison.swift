internal import Policy
internal import Replay
internal import Scoring

/// Compares every subject's standings under two policies, one subject at a time and in no particular order. The result
/// depends only on the set of subjects.
struct BacktestComparison {
    private typealias Part = BacktestReport.Part

    private(set) var result = BacktestReport.Comparison()
    private let policy: ScoringPolicy
    private let against: ScoringPolicy
    /// The index in `parts` of each rule, by its number in its policy.
    private let policyParts: [Int]
    private let againstParts: [Int]
    private let policySanctions: [Int]
    private let againstSanctions: [Int]
    private let policyPerks: [Int]
    private let againstPerks: [Int]
    /// By the band of `against`, then by that of `policy`: below 0 is down, above 0 is up; nil if they cannot be
    /// compared.
    private let directions: [[Int?]]
    private var gainers: Shortlist<Change>
    private var losers: Shortlist<Change>
    private var onlySanctions: [(policy: Shortlist<[UInt8]>, against: Shortlist<[UInt8]>)]
    private var onlyPerks: [(policy: Shortlist<[UInt8]>, against: Shortlist<[UInt8]>)]
    /// The current subject's differences, by part.
    private var differences: [Int64]

    private struct Change {
        var subject: [UInt8]
        var against: Fact.Level
        var policy: Fact.Level
        var part: Int
        var points: Int64
        var difference: Int64 { policy.score - against.score }
    }

    init(policy: ScoringPolicy, against: ScoringPolicy, listLimit: Int) {
        self.policy = policy
        self.against = against
        let rules = BacktestReport.ids(policy.rules.map(\.id), against.rules.map(\.id))
        let sanctions = BacktestReport.ids(policy.sanctions.map(\.id), against.sanctions.map(\.id))
        let perks = BacktestReport.ids(policy.perks.map(\.id), against.perks.map(\.id))
        func indexes(_ ids: [String], in all: [String], from first: Int = 0) -> [Int] {
            let numbers = Dictionary(uniqueKeysWithValues: zip(all, first...))
            return ids.map { numbers[$0] ?? first }
        }
        policyParts = indexes(policy.rules.map(\.id), in: rules, from: 1)
        againstParts = indexes(against.rules.map(\.id), in: rules, from: 1)
        policySanctions = indexes(policy.sanctions.map(\.id), in: sanctions)
        againstSanctions = indexes(against.sanctions.map(\.id), in: sanctions)
        policyPerks = indexes(policy.perks.map(\.id), in: perks)
        againstPerks = indexes(against.perks.map(\.id), in: perks)
        directions = Self.directions(from: against.bands.map(\.name), to: policy.bands.map(\.name))
        let subjects = Shortlist<[UInt8]>(limit: listLimit) { $0.lexicographicallyPrecedes($1) }
        onlySanctions = Array(repeating: (subjects, subjects), count: sanctions.count)
        onlyPerks = Array(repeating: (subjects, subjects), count: perks.count)
        let changes = Shortlist<Change>(limit: listLimit) { a, b in
            let sizes = (a.difference.magnitude, b.difference.magnitude)
            return sizes.0 != sizes.1 ? sizes.0 > sizes.1 : a.subject.lexicographicallyPrecedes(b.subject)
        }
        gainers = changes
        losers = changes
        let parts = [Part(source: .base)] + rules.map { Part(source: .rule($0)) } + [Part(source: .limits)]
        differences = Array(repeating: 0, count: parts.count)
        result.parts = parts
        result.sanctions = sanctions.map { .init(id: $0) }
        result.perks = perks.map { .init(id: $0) }
        result.matrix = Array(repeating: Array(repeating: 0, count: policy.bands.count), count: against.bands.count)
    }

    private static func directions(from old: [String], to new: [String]) -> [[Int?]] {
        old.map { before in new.map { BandDistance.steps(from: before, to: $0, old, new) } }
    }

    /// Adds every subject of two states of a ledger partition.
    mutating func add(policy new: borrowing Fold, against old: borrowing Fold) {
        old.forEachStanding { standing in
            add(policy: standing.subject.withUnsafeBytes { new.standing(of: $0) }, against: standing)
        }
        new.forEachStanding { standing in
            guard standing.subject.withUnsafeBytes({ old.standing(of: $0) }) == nil else { return }
            add(policy: standing, against: nil)
        }
    }

    // MARK: A subject

    /// Adds a subject that is scored under one of the policies or under both.
    mutating func add(policy new: Standing?, against old: Standing?) {
        switch (new, old) {
        case (let new?, let old?):
            result.subjects += 1
            addBands(new, old)
            addScores(new, old)
            let perks = new.perks.map { policyPerks[$0] }
            if old.perks.contains(where: { !perks.contains(againstPerks[$0]) }) { result.losePerk += 1 }
        case (_?, nil): result.onlyPolicy += 1
        case (nil, _?): result.onlyAgainst += 1
        case (nil, nil): return
        }
        guard let subject = new?.subject ?? old?.subject else { return }
        Self.addDifferences(
            new?.sanctions.map { policySanctions[$0.sanction] } ?? [],
            old?.sanctions.map { againstSanctions[$0.sanction] } ?? [], of: subject, &result.sanctions, &onlySanctions)
        Self.addDifferences(
            new?.perks.map { policyPerks[$0] } ?? [], old?.perks.map { againstPerks[$0] } ?? [], of: subject,
            &result.perks, &onlyPerks)
    }

    private mutating func addBands(_ new: Standing, _ old: Standing) {
        result.matrix[old.level.band][new.level.band] += 1
        switch directions[old.level.band][new.level.band] {
        case nil: result.bandOther += 1
        case 0?: result.bandSame += 1
        case let direction? where direction > 0: result.bandUp += 1
        default: result.bandDown += 1
        }
    }

    private mutating func addScores(_ new: Standing, _ old: Standing) {
        let difference = new.level.score - old.level.score
        guard difference != 0 else {
            result.stay += 1
            return
        }
        for part in differences.indices { differences[part] = 0 }
        differences[0] = policy.score.base - against.score.base
        for item in new.contributions { differences[policyParts[item.rule]] += item.points }
        for item in old.contributions { differences[againstParts[item.rule]] -= item.points }
        differences[differences.count - 1] = difference - differences.dropLast().reduce(0, +)
        var largest = 0
        for part in differences.indices {
            if difference > 0 {
                result.parts[part].overGainers += differences[part]
                if differences[part] > differences[largest] { largest = part }
            } else {
                result.parts[part].overLosers += differences[part]
                if differences[part] < differences[largest] { largest = part }
            }
        }
        result.parts[largest].largestFor += 1
        let change = Change(
            subject: new.subject, against: old.level, policy: new.level, part: largest, points: differences[largest])
        if difference > 0 {
            result.gain += 1
            result.pointsGained += difference
            gainers.add(change)
        } else {
            result.lose += 1
            result.pointsLost += difference
            result.largestLoss = max(result.largestLoss, -difference)
            losers.add(change)
        }
    }

    private static func addDifferences(
        _ new: [Int], _ old: [Int], of subject: [UInt8], _ counts: inout [BacktestReport.Difference],
        _ lists: inout [(policy: Shortlist<[UInt8]>, against: Shortlist<[UInt8]>)]
    ) {
        for item in new {
            if old.contains(item) {
                counts[item].both += 1
            } else {
                counts[item].onlyPolicy.count += 1
                lists[item].policy.add(subject)
            }
        }
        for item in old where !new.contains(item) {
            counts[item].onlyAgainst.count += 1
            lists[item].against.add(subject)
        }
    }

    // MARK: Everyone

    func finished() -> BacktestReport.Comparison {
        var result = result
        result.gainers = gainers.items.map(move)
        result.losers = losers.items.map(move)
        for (item, lists) in onlySanctions.enumerated() {
            result.sanctions[item].onlyPolicy.first = lists.policy.items.map(Self.text)
            result.sanctions[item].onlyAgainst.first = lists.against.items.map(Self.text)
        }
        for (item, lists) in onlyPerks.enumerated() {
            result.perks[item].onlyPolicy.first = lists.policy.items.map(Self.text)
            result.perks[item].onlyAgainst.first = lists.against.items.map(Self.text)
        }
        return result
    }

    private static func text(_ subject: [UInt8]) -> String { String(decoding: subject, as: UTF8.self) }

    private func move(_ change: Change) -> BacktestReport.Move {
        BacktestReport.Move(
            subject: Self.text(change.subject),
            against: .init(score: change.against.score, band: against.bands[change.against.band].name),
            policy: .init(score: change.policy.score, band: policy.bands[change.policy.band].name),
            part: result.parts[change.part].source, points: change.points)
    }

    /// The first of many elements, by an order in which no two are equal.
    private struct Shortlist<Element> {
        let limit: Int
        let precedes: (Element, Element) -> Bool
        private(set) var items: [Element] = []

        init(limit: Int, precedes: @escaping (Element, Element) -> Bool) {
            self.limit = limit
            self.precedes = precedes
        }

        mutating func add(_ element: Element) {
            if items.count >= limit {
                guard let last = items.last, precedes(element, last) else { return }
                items.removeLast()
            }
            let index = items.firstIndex { precedes(element, $0) } ?? items.count
            items.insert(element, at: index)
        }
    }
}
