import Events
import Policy
import Scoring

/// A fold with the memory of its events: given happenings, then facts in words.
final class Story {
    var fold: Fold
    /// The policy before the last switch.
    var previous: ScoringPolicy?
    /// The types of the events that caused the last facts; empty for a timer.
    private(set) var causes: [String] = []
    private var lent: [UnsafeMutableRawBufferPointer] = []
    var entry = 0

    init(_ policy: ScoringPolicy, version: FoldVersion = .newest) { fold = Fold(policy: policy, version: version) }

    deinit {
        for bytes in lent { bytes.deallocate() }
    }

    func lend(_ text: String) -> UnsafeRawBufferPointer { lend(text.utf8) }

    func lend(_ bytes: some Collection<UInt8>) -> UnsafeRawBufferPointer {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        copy.copyBytes(from: bytes)
        lent.append(copy)
        return UnsafeRawBufferPointer(copy)
    }

    func item(_ happening: Happening, entry: Int) -> Fold.Item {
        var event = EventView.empty
        event.time = happening.time
        guard let type = happening.type else { return Fold.Item(event: event, type: nil, entry: entry) }
        event.id = lend(happening.id)
        event.source = lend(happening.source)
        event.type = lend(type)
        event.subject = lend(happening.subject)
        event.data = lend(happening.data)
        return Fold.Item(event: event, type: fold.resolve(type: event.type), entry: entry)
    }

    /// Folds one after the other, and returns the facts.
    @discardableResult func given(_ happenings: Happening...) -> [String] { given(happenings) }

    @discardableResult func given(_ happenings: [Happening]) -> [String] {
        for happening in happenings {
            fold(item(happening, entry: entry))
            entry += 1
        }
        defer { fold.clearOutput() }
        return factTexts()
    }

    /// Folds all of them as one batch, and returns the facts.
    @discardableResult func given(batch happenings: [Happening]) -> [String] {
        let items = happenings.enumerated().map { item($1, entry: entry + $0) }
        _ = items.withUnsafeBufferPointer { fold.fold($0) }
        entry += items.count
        defer { fold.clearOutput() }
        return factTexts()
    }

    /// Each fact's JSON, numbered from 1, as of partition 3 and offset 7.
    func encoded(_ happenings: Happening...) -> [String] { encoded(happenings, isBatch: true) }

    func encoded(_ happenings: [Happening], isBatch: Bool) -> [String] {
        let items = happenings.enumerated().map { item($1, entry: $0) }
        if isBatch {
            _ = items.withUnsafeBufferPointer { fold.fold($0) }
        } else {
            for item in items { fold(item) }
        }
        defer { fold.clearOutput() }
        let encoder = FactEncoder(policy: fold.policy, partition: 3, ledger: "city")
        return fold.output.facts.enumerated().map { number, fact in
            var writer = ByteWriter()
            encoder.encode(
                fact, reasons: fold.output.reasons, offset: 7, sequence: Int64(number + 1), into: &writer)
            return String(decoding: writer.bytes, as: UTF8.self)
        }
    }

    func fold(_ item: Fold.Item) {
        withUnsafePointer(to: item) { _ = fold.fold(UnsafeBufferPointer(start: $0, count: 1)) }
    }

    func standing(of subject: String) -> Standing? {
        var subject = subject
        return subject.withUTF8 { fold.standing(of: UnsafeRawBufferPointer($0)) }
    }

    func score(of subject: String) -> Int64? { standing(of: subject)?.level.score }

    func perks(of subject: String) -> [String] {
        (standing(of: subject)?.perks ?? []).map { fold.policy.perks[$0].id }
    }

    /// `RULE POINTS of EVENTS`
    func contributions(to subject: String) -> [String] {
        (standing(of: subject)?.contributions ?? [])
            .map { "\(fold.policy.rules[$0.rule].id) \($0.points) of \($0.events)" }
    }

    /// Every standing, by subject.
    var standings: [String: Standing] {
        var all: [String: Standing] = [:]
        fold.forEachStanding { all[String(decoding: $0.subject, as: UTF8.self)] = $0 }
        return all
    }

    /// `DAY SUBJECT score BEFORE -> AFTER: RULE POINTS, …`, `DAY SUBJECT granted|revoked PERK [by timer]` or
    /// `DAY SUBJECT noticed|in-force|stayed|lifted SANCTION until DAY [REASON] [by timer][: RULE POINTS, …]`.
    func factTexts() -> [String] {
        let policy = fold.policy
        func name(_ number: Int, _ list: (ScoringPolicy) -> [String]) -> String {
            number >= 0 ? list(policy)[number] : previous.map { list($0)[~number] } ?? "?"
        }
        func level(_ level: Fact.Level?) -> String {
            level.map { "\($0.score) \(name($0.band) { $0.bands.map(\.name) })" } ?? "none"
        }
        func day(_ time: Timestamp) -> Int64 {
            (time.microseconds - Happening.day(0).microseconds) / Timestamp.microsecondsPerDay
        }
        causes = fold.output.facts.map { fact in
            if case .event(_, _, let type) = fact.cause { String(decoding: type, as: UTF8.self) } else { "" }
        }
        return fold.output.facts.map { fact in
            let subject = String(decoding: fact.subject, as: UTF8.self)
            let timer = if case .event = fact.cause { "" } else { " by timer" }
            let reasons = fold.output.reasons[fact.reasons]
                .map { "\(name($0.rule) { $0.rules.map(\.id) }) \($0.points)" }.joined(separator: ", ")
            let because = reasons.isEmpty ? "" : ": \(reasons)"
            let head = "\(day(fact.time)) \(subject)"
            let word = fact.kind.type.description.split(separator: ".").last ?? ""
            switch fact.kind.topic {
            case .scoreChanges: return "\(head) score \(level(fact.before)) -> \(level(fact.after))\(because)"
            case .perks: return "\(head) \(word) \(name(fact.item) { $0.perks.map(\.id) })\(timer)"
            case .sanctions:
                let until = fact.term.map { " until \(day($0.until))" } ?? ""
                let lifted =
                    (fact.term?.lifted).map { " \($0.name)" } ?? (fact.term?.isRestored == true ? " restored" : "")
                let id = name(fact.item) { $0.sanctions.map(\.id) }
                return "\(head) \(word) \(id)\(until)\(lifted)\(timer)\(because)"
            }
        }
    }
}

/// The policy of these tests.
enum TownPolicy {
    static let text = """
        policy: town
        version: 1
        early: 0 hours
        score: {base: 600, min: 350, max: 950}
        kinds: [individual, business]
        dimensions:
          payment: {min: -200, max: 100}
          conduct: {}
        rules:
          - {id: paid, dimension: payment, event: bill.paid, points: 15}
          - {id: missed, dimension: payment, event: [bill.missed, bill.late], points: -60}
          - {id: fair, dimension: payment, kinds: [business], event: [bill.paid, wage.paid], points: 30, cap: 60}
          - {id: noise, dimension: conduct, event: noise.made, points: -5, cap: 10}
          - {id: rescue, dimension: conduct, event: life.saved, points: 400}
          - {id: crime, dimension: conduct, event: crime.done, points: -400}
        bands:
          - {name: C, from: 350}
          - {name: B, from: 550}
          - {name: A, from: 640}
        perks:
          - {id: zebra, when: band == "A"}
          - {id: bikes, when: 'band in ["A", "B"]', grace: 14 days}
          - {id: apple, when: 'band in ["A", "B"]', grace: 14 days}

        """

    static func policy() throws -> ScoringPolicy { try ScoringPolicy(yaml: text, file: "town.yaml") }

    /// Without perks.
    static func scores() throws -> ScoringPolicy {
        var policy = try policy()
        policy.perks = []
        return policy
    }
}
