public import Events
public import Policy

/// Compares two states of the same subjects: the live one, and the shadow of a policy. The result depends only on the
/// set of subjects.
public struct StateComparison: Sendable {
    /// The limit of subjects in `sample`.
    public static let maximumSample = 20

    /// A perk or a sanction of one of the policies or of both, by its id. A subject counts for a sanction that is
    /// noticed, in force or stayed.
    public struct Item: Hashable, Sendable {
        /// The id in its policy.
        public let id: String
        /// Subjects that have it in each of the states.
        public internal(set) var live: Int64 = 0
        public internal(set) var shadow: Int64 = 0
        /// Subjects that have it only in the shadow, and subjects that have it only in the live state.
        public internal(set) var gained: Int64 = 0
        public internal(set) var lost: Int64 = 0

        init(id: String) { self.id = id }
    }

    /// A subject whose standings differ.
    public struct Subject: Equatable, Sendable {
        /// The subject's id, UTF-8.
        public let key: [UInt8]
        public let kind: SubjectKind
        public let live: Fact.Level
        public let shadow: Fact.Level
        /// Indices of `items`.
        public let gained: [Int]
        public let lost: [Int]

        var size: UInt64 { (shadow.score - live.score).magnitude }
    }

    public internal(set) var subjects: Int64 = 0
    /// Subjects with a higher score in the shadow than in the live state, and subjects with a lower one.
    public internal(set) var higher: Int64 = 0
    public internal(set) var lower: Int64 = 0
    /// Numbers of subjects, by their band in the live state, then by their band in the shadow.
    public internal(set) var bands: [[Int64]]
    /// Perks, then sanctions; of each the shadow's in the order of its policy, then those that only the live policy
    /// has.
    public internal(set) var items: [Item]
    /// The number of `items` that are perks; sanctions follow.
    public let perkCount: Int
    /// The subjects whose scores differ most. Of equals the first by the bytes of their keys.
    public internal(set) var sample: [Subject] = []

    /// Indices of `items`, by number in a policy.
    private let livePerks: [Int]
    private let shadowPerks: [Int]
    private let liveSanctions: [Int]
    private let shadowSanctions: [Int]
    /// The shadow's band with the name of each live band, or -1.
    private let sameBand: [Int]
    /// Of the current subject, by index of `items`: bit 0 if it has the item in the live state, bit 1 if in the shadow.
    private var held: [UInt8]
    /// The number of the live state's next record.
    fileprivate var next: UInt32 = 0

    public init(live: ScoringPolicy, shadow: ScoringPolicy) {
        let perks = Self.ids(shadow.perks.map(\.id), live.perks.map(\.id))
        let sanctions = Self.ids(shadow.sanctions.map(\.id), live.sanctions.map(\.id))
        func indexes(_ ids: [String], in all: [String], from first: Int) -> [Int] {
            ids.compactMap { id in all.firstIndex(of: id).map { first + $0 } }
        }
        perkCount = perks.count
        livePerks = indexes(live.perks.map(\.id), in: perks, from: 0)
        shadowPerks = indexes(shadow.perks.map(\.id), in: perks, from: 0)
        liveSanctions = indexes(live.sanctions.map(\.id), in: sanctions, from: perks.count)
        shadowSanctions = indexes(shadow.sanctions.map(\.id), in: sanctions, from: perks.count)
        items = (perks + sanctions).map { Item(id: $0) }
        held = [UInt8](repeating: 0, count: items.count)
        sameBand = live.bands.map { band in shadow.bands.firstIndex { $0.name == band.name } ?? -1 }
        bands = Array(repeating: Array(repeating: 0, count: shadow.bands.count), count: live.bands.count)
    }

    private static func ids(_ shadow: [String], _ live: [String]) -> [String] {
        shadow + live.filter { !shadow.contains($0) }
    }

    fileprivate mutating func add(
        _ live: borrowing Fold, _ was: UnsafeMutablePointer<Int64>, _ shadow: borrowing Fold,
        _ record: UnsafeMutablePointer<Int64>
    ) {
        let (before, after) = (live.level(was), shadow.level(record))
        subjects += 1
        if after.score > before.score { higher += 1 }
        if after.score < before.score { lower += 1 }
        bands[before.band][after.band] += 1
        live.mark(1, was, livePerks, liveSanctions, &held)
        shadow.mark(2, record, shadowPerks, shadowSanctions, &held)
        var differs = before.score != after.score || sameBand[before.band] != after.band
        for index in held.indices where held[index] != 0 {
            if held[index] & 1 != 0 { items[index].live += 1 }
            if held[index] & 2 != 0 { items[index].shadow += 1 }
            guard held[index] != 3 else { continue }
            differs = true
            if held[index] == 2 { items[index].gained += 1 } else { items[index].lost += 1 }
        }
        if differs { sample(was, before, after) }
        for index in held.indices { held[index] = 0 }
    }

    private mutating func sample(
        _ record: UnsafeMutablePointer<Int64>, _ before: Fact.Level, _ after: Fact.Level
    ) {
        let key = SubjectTable.key(record)
        let size = (after.score - before.score).magnitude
        var index = sample.count
        while index > 0, precedes(key, size, sample[index - 1]) { index -= 1 }
        guard index < Self.maximumSample else { return }
        if sample.count == Self.maximumSample { sample.removeLast() }
        let kind = SubjectKind(rawValue: SubjectTable.header(record).pointee.kind) ?? .individual
        sample.insert(
            Subject(
                key: Array(key), kind: kind, live: before, shadow: after, gained: held.indices.filter { held[$0] == 2 },
                lost: held.indices.filter { held[$0] == 1 }),
            at: index)
    }

    private func precedes(_ key: UnsafeRawBufferPointer, _ size: UInt64, _ other: Subject) -> Bool {
        guard size == other.size else { return size > other.size }
        return other.key.withUnsafeBytes { key.precedes($0) }
    }
}

extension Fold {
    /// Compares each subject of this state with that of `shadow`. Continues where the last call ended, and reads up to
    /// `records` records of subjects. Returns false if every subject is compared. The states must be those of one
    /// ledger offset at each call.
    public func compare(with shadow: borrowing Fold, _ comparison: inout StateComparison, records: Int) -> Bool {
        let start = Int(comparison.next)
        let end = min(subjects.used, start + max(0, min(records, subjects.used)))
        for number in UInt32(start)..<UInt32(max(start, end)) {
            let record = subjects.record(number)
            let key = SubjectTable.key(record)
            guard !key.isEmpty, let other = shadow.subjects.find(key, likely: number) else { continue }
            comparison.add(self, record, shadow, shadow.subjects.record(other))
        }
        comparison.next = UInt32(max(start, end))
        return Int(comparison.next) < subjects.used
    }

    /// Marks the perks and the sanctions of a subject that are not idle.
    fileprivate func mark(
        _ bit: UInt8, _ record: UnsafeMutablePointer<Int64>, _ perks: [Int], _ sanctions: [Int], _ held: inout [UInt8]
    ) {
        for (perk, index) in perks.enumerated() where record[subjects.layout.perksAt + perk] != PerkState.idle {
            held[index] |= bit
        }
        for (sanction, index) in sanctions.enumerated() where record[subjects.layout.sanctionsAt + sanction] != 0 {
            held[index] |= bit
        }
    }
}
