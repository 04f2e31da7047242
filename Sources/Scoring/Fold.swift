public import Events
public import Policy

/// The pure fold of one ledger partition: (state, entry) → (state, facts). SPEC sections 2 to 7.
///
/// No clock, no randomness, no I/O: the same entries give the same facts on any machine.
public struct Fold: ~Copyable {
    public let policy: ScoringPolicy
    /// The greatest event time or tick folded so far; `distantPast` before the first.
    public private(set) var clock: Timestamp = .distantPast
    public private(set) var counters = FoldCounters()
    /// Facts since `clearOutput`.
    public private(set) var output = FactBuffer()

    private let types: EventTypes
    private var subjects: SubjectTable
    private var identities = IdentityTable()
    private var timers = TimerHeap()
    private let decoder = EventDecoder()
    /// Rank of each perk's id: timers fire by id.
    private let perkRanks: [UInt32]
    /// `terms` as enrolled, each text once; word 3 of a record is its number.
    private var terms: [String] = [""]
    private var termNumbers: [String: Int64] = ["": 0]
    private var reasonStart = 0

    /// Perk states in a record: not held, held, or (any other value) held until this time unless the condition returns.
    private static let idle: Int64 = 0
    private static let held: Int64 = .max

    public init(policy: ScoringPolicy) {
        self.policy = policy
        types = EventTypes(policy)
        subjects = SubjectTable(
            layout: .init(
                dimensions: policy.dimensions.count, rules: policy.rules.count, perks: policy.perks.count))
        let order = policy.perks.indices.sorted {
            Array(policy.perks[$0].id.utf8).lexicographicallyPrecedes(Array(policy.perks[$1].id.utf8))
        }
        var ranks = [UInt32](repeating: 0, count: order.count)
        for (rank, perk) in order.enumerated() { ranks[perk] = UInt32(rank) }
        perkRanks = ranks
    }

    public var subjectCount: Int { subjects.count }
    public var identityCount: Int { identities.count }

    /// Forgets the facts that were handed on, and wipes the ids of subjects that have withdrawn.
    public mutating func clearOutput() {
        output.removeAll()
        subjects.wipe()
    }

    /// What `fold` will do with events of this type.
    public func resolve(type: UnsafeRawBufferPointer) -> EventTypeID {
        if let control = ControlType(type) { return EventTypeID(control) }
        return types.find(type).map { EventTypeID(value: $0) } ?? .unnamed
    }

    /// Moves the clock; timers that are due by then fire first.
    public mutating func tick(_ time: Timestamp, entry: Int) {
        counters.ticks += 1
        advance(to: time, entry: entry)
    }

    /// One entry of a batch: an event and what `resolve` said of its type; nil for a tick, whose time is the event's.
    public struct Item {
        public var event: EventView
        public var type: EventTypeID?
        /// Its place in the frame, which goes into its facts' ids.
        public var entry: Int

        public init(event: EventView, type: EventTypeID?, entry: Int) {
            self.event = event
            self.type = type
            self.entry = entry
        }
    }

    /// Folds entries in their order. Memory is asked for well before it is needed: a subject's index slot and the
    /// event's identity slot first, then the subject's record.
    public mutating func fold(_ items: UnsafeBufferPointer<Item>) {
        let farAhead = 32
        let ahead = 16
        withUnsafeTemporaryAllocation(of: (subject: UInt64, identity: UInt64).self, capacity: farAhead) { keys in
            var hashed = 0
            var located = 0
            for index in 0..<items.count {
                while hashed < min(items.count, index + farAhead) {
                    let key = Self.keys(items[hashed].event)
                    keys[hashed & (farAhead - 1)] = key
                    subjects.prefetchSlot(hash: key.subject)
                    identities.prefetch(key.identity)
                    hashed += 1
                }
                while located < min(items.count, index + ahead) {
                    subjects.prefetchRecord(hash: keys[located & (farAhead - 1)].subject)
                    located += 1
                }
                let key = keys[index & (farAhead - 1)]
                fold(items[index], subjectHash: key.subject, identity: key.identity)
            }
        }
    }

    /// Folds one event.
    public mutating func fold(_ event: EventView, type: EventTypeID, entry: Int) {
        let key = Self.keys(event)
        fold(Item(event: event, type: type, entry: entry), subjectHash: key.subject, identity: key.identity)
    }

    @inline(__always) private static func keys(_ event: EventView) -> (subject: UInt64, identity: UInt64) {
        let subject = event.subject.fingerprint(seed: 0)
        return (subject, event.id.fingerprint(seed: event.source.fingerprint(seed: subject)))
    }

    @inline(__always) private mutating func fold(_ item: Item, subjectHash: UInt64, identity: UInt64) {
        guard let type = item.type else {
            tick(item.event.time, entry: item.entry)
            return
        }
        counters.entries += 1
        advance(to: item.event.time, entry: item.entry)
        if let control = type.control {
            fold(control, item.event, subjectHash, identity, entry: item.entry)
            return
        }
        guard isNew(identity) else { return }
        guard let subject = subjects.find(item.event.subject, hash: subjectHash) else {
            counters.notEnrolled += 1
            return
        }
        guard type != .unnamed else {
            counters.unmatched += 1
            return
        }
        contribute(to: subject, item.event, type, entry: item.entry)
    }

    /// Within a subject (source, id) identifies an event, for ever and whatever came of it.
    @inline(__always) private mutating func isNew(_ identity: UInt64) -> Bool {
        if identities.insert(identity) { return true }
        counters.duplicates += 1
        return false
    }

    private mutating func contribute(
        to subject: UInt32, _ event: EventView, _ type: EventTypeID, entry: Int
    ) {
        let record = subjects.record(subject)
        let kind = UInt8(1) << SubjectTable.header(record).pointee.kind
        let firstReason = output.reasons.count
        var matched = false
        let totals = record + subjects.layout.rulesAt
        let dimensions = record + SubjectTable.Layout.dimensionsAt
        let range = types.steps(of: type.value)
        types.steps.withUnsafeBufferPointer { steps in
            for number in range {
                let step = steps[Int(number)]
                guard step.kinds & kind != 0 else { continue }
                matched = true
                let total = totals + 2 * Int(step.rule)
                let before = Self.clamp(total[0], cap: step.cap)
                total[0] &+= step.points
                total[1] &+= 1
                let points = Self.clamp(total[0], cap: step.cap) - before
                guard points != 0 else { continue }
                dimensions[Int(step.dimension)] &+= points
                output.reasons.append(Reason(rule: Int(step.rule), points: points))
            }
        }
        guard matched else {
            counters.unmatched += 1
            return
        }
        counters.scored += 1
        if output.reasons.count - firstReason > 1 { Self.sort(&output.reasons, from: firstReason) }
        evaluate(subject, cause: event, reasons: firstReason..<output.reasons.count, entry: entry, isFirst: false)
    }

    /// Largest effect first; equal ones in policy order.
    private static func sort(_ reasons: inout [Reason], from start: Int) {
        for index in start + 1..<reasons.count {
            var place = index
            while place > start, reasons[place].points.magnitude > reasons[place - 1].points.magnitude {
                reasons.swapAt(place, place - 1)
                place -= 1
            }
        }
    }

    @inline(__always) private static func clamp(_ sum: Int64, cap: Int64) -> Int64 {
        let bound = min(cap, ScoringPolicy.saturation)
        return max(-bound, min(bound, sum))
    }

    private func score(_ record: UnsafeMutablePointer<Int64>) -> Int64 {
        var sum = policy.score.base
        let points = record + SubjectTable.Layout.dimensionsAt
        policy.dimensions.withUnsafeBufferPointer { dimensions in
            for index in 0..<dimensions.count {
                sum += max(dimensions[index].min, min(dimensions[index].max, points[index]))
            }
        }
        return max(policy.score.min, min(policy.score.max, sum))
    }

    /// Score and band, then perks in policy order; each change is a fact. `cause` nil: a timer.
    private mutating func evaluate(
        _ subject: UInt32, cause: EventView?, reasons: Range<Int>, entry: Int, isFirst: Bool
    ) {
        let record = subjects.record(subject)
        let header = SubjectTable.header(record)
        let before = Fact.Level(score: record[SubjectTable.Layout.scoreAt], band: Int(header.pointee.band))
        let score = score(record)
        let after = Fact.Level(
            score: score, band: score == before.score && !isFirst ? before.band : policy.band(of: score))
        if isFirst || after != before {
            record[SubjectTable.Layout.scoreAt] = after.score
            header.pointee.band = UInt8(after.band)
            emit(
                .scoreChanged, record, cause: cause, before: isFirst ? nil : before, after: after, perk: -1,
                reasons: reasons, entry: entry)
        }
        guard !policy.perks.isEmpty else { return }
        let states = record + subjects.layout.perksAt
        for perk in policy.perks.indices {
            let holds = policy.perks[perk].bands & (1 << UInt64(after.band)) != 0
            switch (states[perk], holds) {
            case (Self.idle, true):
                states[perk] = Self.held
                emit(
                    .perkGranted, record, cause: cause, before: isFirst ? nil : before, after: after, perk: perk,
                    reasons: reasons, entry: entry)
            case (Self.held, false):
                let grace = policy.perks[perk].grace
                if grace == 0 {
                    states[perk] = Self.idle
                    emit(
                        .perkRevoked, record, cause: cause, before: before, after: after, perk: perk, reasons: reasons,
                        entry: entry)
                } else {
                    let due = clock.adding(microseconds: grace).microseconds
                    states[perk] = due
                    push(
                        Timer(due: due, subject: subject, rank: perkRanks[perk], perk: UInt32(perk)))
                }
            case (Self.idle, false), (Self.held, true): break
            case (_, true): states[perk] = Self.held
            case (_, false): break
            }
        }
    }

    private mutating func emit(
        _ kind: Fact.Kind, _ record: UnsafeMutablePointer<Int64>, cause: EventView?, before: Fact.Level?,
        after: Fact.Level, perk: Int, reasons: Range<Int>, entry: Int
    ) {
        let number = output.facts.last.map { $0.entry == entry ? $0.number + 1 : 0 } ?? 0
        output.facts.append(
            Fact(
                kind: kind, subject: cause?.subject ?? SubjectTable.key(record), time: clock,
                cause: cause.map { ($0.source, $0.id, $0.type) }, before: before, after: after, perk: perk,
                reasons: reasons, entry: entry, number: number))
    }

    // MARK: Time

    /// Fires every timer due by `time` (or already due), each with the clock at its due time; then moves the clock.
    @inline(__always) private mutating func advance(to time: Timestamp, entry: Int) {
        let target = max(clock, time)
        if let first = timers.first, first.due <= target.microseconds { fireTimers(until: target, entry: entry) }
        clock = target
    }

    private mutating func fireTimers(until target: Timestamp, entry: Int) {
        while let timer = timers.first, timer.due <= target.microseconds {
            pop()
            let record = subjects.record(timer.subject)
            let header = SubjectTable.header(record)
            header.pointee.timers -= 1
            let states = record + subjects.layout.perksAt
            guard states[Int(timer.perk)] == timer.due else { continue }
            clock = max(clock, Timestamp(microseconds: timer.due))
            states[Int(timer.perk)] = Self.idle
            let level = Fact.Level(score: record[SubjectTable.Layout.scoreAt], band: Int(header.pointee.band))
            emit(
                .perkRevoked, record, cause: nil, before: level, after: level, perk: Int(timer.perk),
                reasons: output.reasons.count..<output.reasons.count, entry: entry)
        }
    }

    private func precedes(_ a: Timer, _ b: Timer) -> Bool {
        if a.due != b.due { return a.due < b.due }
        if a.subject != b.subject {
            return SubjectTable.key(subjects.record(a.subject)).precedes(SubjectTable.key(subjects.record(b.subject)))
        }
        return a.rank < b.rank
    }

    private mutating func push(_ timer: Timer) {
        SubjectTable.header(subjects.record(timer.subject)).pointee.timers += 1
        var heap = timers
        timers = TimerHeap()
        heap.push(timer) { precedes($0, $1) }
        timers = heap
    }

    private mutating func pop() {
        var heap = timers
        timers = TimerHeap()
        heap.pop { precedes($0, $1) }
        timers = heap
    }

    // MARK: Control events

    private mutating func fold(
        _ control: ControlType, _ event: EventView, _ hash: UInt64, _ identity: UInt64, entry: Int
    ) {
        switch control {
        // The switch of a policy and the reset of a source are the ledger's business, not a subject's.
        case .policyActivated, .sourceReset: return
        case .enrolled, .withdrawn, .appealFiled, .appealDecided: break
        }
        guard isNew(identity) else { return }
        let subject = subjects.find(event.subject, hash: hash)
        switch control {
        case .enrolled: enrol(event, hash, subject, entry: entry)
        case .withdrawn:
            guard let subject else {
                counters.notEnrolled += 1
                return
            }
            withdraw(subject, event, hash, entry: entry)
        default:
            // This version's policies have no sanctions, so no appeal can be about one.
            if subject == nil { counters.notEnrolled += 1 } else { counters.appealsIgnored += 1 }
        }
    }

    private mutating func enrol(_ event: EventView, _ hash: UInt64, _ known: UInt32?, entry: Int) {
        let text = decoder.string("terms", of: event.data).map { String(decoding: $0, as: UTF8.self) } ?? ""
        if let known {
            subjects.record(known)[SubjectTable.Layout.termsAt] = number(ofTerms: text)
            return
        }
        guard let kind = decoder.string("kind", of: event.data).flatMap({ SubjectKind($0) }),
            policy.kinds.contains(KindSet(kind))
        else {
            counters.kindNotScored += 1
            return
        }
        counters.enrolments += 1
        let subject = subjects.insert(event.subject, hash: hash, kind: kind)
        subjects.record(subject)[SubjectTable.Layout.termsAt] = number(ofTerms: text)
        let none = output.reasons.count..<output.reasons.count
        evaluate(subject, cause: event, reasons: none, entry: entry, isFirst: true)
    }

    private mutating func number(ofTerms text: String) -> Int64 {
        if let number = termNumbers[text] { return number }
        terms.append(text)
        termNumbers[text] = Int64(terms.count - 1)
        return Int64(terms.count - 1)
    }

    /// Perks revoked in policy order, then the state removed.
    private mutating func withdraw(_ subject: UInt32, _ event: EventView, _ hash: UInt64, entry: Int) {
        counters.withdrawals += 1
        let record = subjects.record(subject)
        let level = Fact.Level(
            score: record[SubjectTable.Layout.scoreAt], band: Int(SubjectTable.header(record).pointee.band))
        let states = record + subjects.layout.perksAt
        let none = output.reasons.count..<output.reasons.count
        for perk in policy.perks.indices where states[perk] != Self.idle {
            emit(
                .perkRevoked, record, cause: event, before: level, after: level, perk: perk, reasons: none, entry: entry
            )
        }
        if SubjectTable.header(record).pointee.timers > 0 {
            var heap = timers
            timers = TimerHeap()
            heap.removeAll(of: subject) { precedes($0, $1) }
            timers = heap
        }
        subjects.remove(subject, hash: hash)
    }

    // MARK: Reading

    /// A subject's standing now; nil if it is not enrolled.
    public func standing(of subject: UnsafeRawBufferPointer) -> Standing? {
        subjects.find(subject, hash: subject.fingerprint(seed: 0)).map { standing(subjects.record($0)) }
    }

    /// Every subject's standing, in no particular order.
    public func forEachStanding(_ body: (Standing) -> Void) {
        subjects.forEach { _, record in body(standing(record)) }
    }

    /// Every subject's band number, in no particular order.
    public func forEachBand(_ body: (Int) -> Void) {
        subjects.forEach { _, record in body(Int(SubjectTable.header(record).pointee.band)) }
    }

    private func standing(_ record: UnsafeMutablePointer<Int64>) -> Standing {
        let header = SubjectTable.header(record).pointee
        let layout = subjects.layout
        return Standing(
            subject: Array(SubjectTable.key(record)),
            kind: SubjectKind(rawValue: header.kind) ?? .individual,
            terms: terms[Int(record[SubjectTable.Layout.termsAt])],
            level: Fact.Level(score: record[SubjectTable.Layout.scoreAt], band: Int(header.band)),
            dimensions: policy.dimensions.indices.map {
                max(
                    policy.dimensions[$0].min,
                    min(policy.dimensions[$0].max, record[SubjectTable.Layout.dimensionsAt + $0]))
            },
            contributions: policy.rules.indices.compactMap { rule in
                let total = record + layout.rulesAt + 2 * rule
                guard total[1] > 0 else { return nil }
                return Standing.Contribution(
                    rule: rule, points: Self.clamp(total[0], cap: policy.rules[rule].cap), events: total[1])
            },
            perks: policy.perks.indices.filter { record[layout.perksAt + $0] != Self.idle })
    }
}
