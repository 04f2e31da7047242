internal import Events
internal import Foundation
internal import Scoring

// What members ask each other: each gives its own overview, and the member that is asked first adds them up.
extension ProgrammeOverview {
    /// Changes of an overview. Older ones are left out.
    static let maximumChanges = 20
    /// Items of each list of another member's overview.
    private static let maximumItems = 10_000
    /// Names in a sentence.
    private static let maximumNames = 20

    /// The answer to another member. `changes` are JSON texts in it.
    public var bytes: [UInt8] {
        // A number that is not finite is not encodable, and then the asking member has no answer.
        (try? JSONEncoder().encode(self)).map { Array($0) } ?? []
    }

    /// Adds what another member has answered. Returns false, and adds nothing, for what `bytes` does not give.
    @discardableResult public mutating func merge(_ bytes: [UInt8]) -> Bool {
        guard let other = try? JSONDecoder().decode(Self.self, from: Data(bytes)), other.isPlausible else {
            return false
        }
        add(other)
        return true
    }

    /// Whether sums over members are in range.
    private var isPlausible: Bool {
        let numbers =
            [enrolments, withdrawals, notEnrolled, sanctions.noticed, sanctions.inForce, sanctions.stayed]
            + [ownedPartitions, currentPartitions, sourcePartitions].map { Int64($0) }
            + bands.map { Int64($0.subjects) }
            + policies.map { Int64($0.partitions) } + deadLetters.map(\.records)
            + (minutes + [lastMinute, lastHour].compactMap(\.self)).flatMap {
                [$0.events, $0.entries, $0.facts, $0.deadLetters]
            }
        let counts = [
            members.count, bands.count, minutes.count, policies.count, switching.count, deadLetters.count,
            attention.count, changes.count,
        ]
        let withdrawn = withdrawnSources?.partitions ?? []
        let withdrawnCounts = [withdrawn.count] + withdrawn.map(\.topics.count)
        return members.count == 1 && (counts + withdrawnCounts).allSatisfy { $0 <= Self.maximumItems }
            && numbers.allSatisfy { (0...(1 << 50)).contains($0) }
    }

    /// Adds the overview of one other member.
    mutating func add(_ other: Self) {
        let (name, here) = (other.members[0].name, Set(other.members[0].partitions))
        members += other.members
        missing.removeAll { here.contains($0) }
        clocks = Self.both(clocks, other.clocks) {
            min($0.lowerBound, $1.lowerBound)...max($0.upperBound, $1.upperBound)
        }
        ownedPartitions += other.ownedPartitions
        currentPartitions += other.currentPartitions
        partitions = max(partitions, other.partitions)
        sourcePartitions += other.sourcePartitions
        for band in other.bands { Self.add(band, to: &bands, \.band) { $0.subjects += $1.subjects } }
        enrolments += other.enrolments
        withdrawals += other.withdrawals
        lastMinute = Self.both(lastMinute, other.lastMinute, +)
        lastHour = Self.both(lastHour, other.lastHour, +)
        // The newest minute is the last one of each.
        let length = max(minutes.count, other.minutes.count)
        minutes = (0..<length).reversed().compactMap { age in
            Self.both(minutes.dropLast(age).last, other.minutes.dropLast(age).last, +)
        }
        behindSeconds = Self.both(behindSeconds, other.behindSeconds, max)
        lag = lag ?? other.lag
        for policy in other.policies {
            Self.add(policy, to: &policies, { [$0.id, "\($0.version)"] }) { $0.partitions += $1.partitions }
        }
        switching = (switching + other.switching).sorted { $0.partition < $1.partition }
        shadow = Self.both(shadow, other.shadow) { own, other in
            guard own.id == other.id, own.version == other.version else { return own }
            return Shadow(
                id: own.id, version: own.version, live: own.live + other.live,
                partitions: own.partitions + other.partitions)
        }
        sanctions = sanctions + other.sanctions
        overdueSanctions = Self.both(overdueSanctions, other.overdueSanctions, +)
        appeals.add(other.appeals)
        for letters in other.deadLetters {
            Self.add(letters, to: &deadLetters, \.reason) { $0.records += $1.records }
        }
        deadLetters.sort { ($1.records, $0.reason) < ($0.records, $1.reason) }
        notEnrolled += other.notEnrolled
        if let withdrawn = other.withdrawnSources {
            withdrawnSources = withdrawnSources ?? WithdrawnSources()
            withdrawnSources?.add(withdrawn.of(here))
        }
        let known = attention
        add(
            other.attention.filter { !known.contains($0) }.map {
                Attention($0.severity, $0.code, "Member \(name): \($0.text)", page: $0.page)
            })
        changes = Array((changes + other.changes).sorted { $0.sentAt > $1.sentAt }.prefix(Self.maximumChanges))
    }

    /// Notes what is missing because members are away. Called after all are asked.
    public mutating func noteMissing() {
        guard !missing.isEmpty else { return }
        let numbers =
            missing.prefix(Self.maximumNames).map { "\($0)" }.joined(separator: ", ")
            + (missing.count > Self.maximumNames ? ", …" : "")
        add([
            Attention(
                .warning, "members-away",
                "No member answers for the ledger partitions \(numbers): their subjects are in none of the figures.",
                page: "/ledger")
        ])
    }

    /// Names members without ledger partitions that have not given their figures. It may be that they have ended: one
    /// that is killed stays announced.
    public mutating func noteUnheard(_ addresses: [String]) {
        guard !addresses.isEmpty else { return }
        let names = addresses.prefix(Self.maximumNames).joined(separator: ", ")
        let more = addresses.count > Self.maximumNames ? ", …" : ""
        add([
            Attention(
                .information, "idle-members-away",
                addresses.count == 1
                    ? "The member \(names), which owns no ledger partition, does not answer: what it reads is in none of the figures."
                    : "\(addresses.count) members that own no ledger partition do not answer (\(names)\(more)): what they read is in none "
                        + "of the figures.")
        ])
    }

    private static func both<Value>(_ a: Value?, _ b: Value?, _ join: (Value, Value) -> Value) -> Value? {
        guard let a, let b else { return a ?? b }
        return join(a, b)
    }

    private static func add<Item, Key: Equatable>(
        _ item: Item, to items: inout [Item], _ key: (Item) -> Key, _ join: (inout Item, Item) -> Void
    ) {
        if let index = items.firstIndex(where: { key($0) == key(item) }) {
            join(&items[index], item)
        } else {
            items.append(item)
        }
    }
}

extension Activity {
    /// The activity of two members in about the same period.
    static func + (a: Self, b: Self) -> Self {
        Self(
            seconds: max(a.seconds, b.seconds), events: a.events + b.events, entries: a.entries + b.entries,
            facts: a.facts + b.facts, deadLetters: a.deadLetters + b.deadLetters)
    }
}

extension ProgrammeOverview.Change: Codable {
    private enum CodingKeys: CodingKey { case sentAt, subject, fact }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let json = Array(try values.decode(String.self, forKey: .fact).utf8)
        guard let fact = FactText(json[...]), (try? JSONSerialization.jsonObject(with: Data(json))) != nil else {
            throw DecodingError.dataCorruptedError(forKey: .fact, in: values, debugDescription: "no fact")
        }
        self.init(
            sentAt: try values.decode(Timestamp.self, forKey: .sentAt),
            subject: try values.decode(String.self, forKey: .subject), fact: fact, json: json)
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(sentAt, forKey: .sentAt)
        try values.encode(subject, forKey: .subject)
        try values.encode(String(decoding: json, as: UTF8.self), forKey: .fact)
    }
}
