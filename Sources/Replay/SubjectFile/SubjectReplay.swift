public import Events
internal import Ledger
public import Policy
public import Scoring

/// Folds one subject's own entries. At every entry it has the standing that the subject has in its partition, because
/// subjects share only the clock, the policy and the limit of early events (`Fold.maximumEarlyEvents`).
public struct SubjectReplay: ~Copyable {
    /// A fact in words.
    public struct Change: Sendable, Equatable {
        public var time: Timestamp
        public var kind: Fact.Kind
        /// The perk's or sanction's id; empty for a score.
        public var item: String
        public var before: String?
        /// Nil for the score of a subject that withdraws.
        public var after: String?
        /// The score of `after`.
        public var score: Int64?
        /// Whether a timer made the change, which fell due before the entry of the step.
        public var isTimer = false
        /// Rules and points, largest first.
        public var reasons: [(rule: String, points: Int64)]

        public static func == (a: Self, b: Self) -> Bool {
            a.time == b.time && a.kind == b.kind && a.item == b.item && a.before == b.before && a.after == b.after
                && a.reasons.elementsEqual(b.reasons) { $0 == $1 }
        }
    }

    /// The changes by an entry, and by the timers that were due by then. `entry` is its number in `entries`; nil if
    /// there were only timers.
    public struct Step: Sendable {
        public var entry: Int?
        public var changes: [Change]
        /// Failed evaluations. Their example is the entry's event, or an early one that its enrolment made count.
        public var errors: [Diagnosis.Failure] = []
        /// Whether the entry is an event of a type that no rule, measure or sanction names.
        public var isUnmatched = false
        /// The outcome of the entry; nil if there is none.
        public var outcome: EventOutcome?
        /// Early events that the entry, an enrolment, made count: their numbers in `entries`.
        public var letCount: [Int] = []
    }

    public private(set) var fold = Fold(policy: .absent)
    public private(set) var steps: [Step] = []
    /// Names of the source topics that are withdrawn.
    private var leftOut: [[UInt8]] = []
    private let subject: [UInt8]
    private let entries: [SubjectEntries.Entry]
    private let fixedPolicy: ScoringPolicy?
    private let decoder = EventDecoder()
    private var folded = 0
    /// How long an early event waits, in microseconds, by the number of the entry before which it would come.
    private var earlyWaits: [Int64] = []
    /// Early events since the subject's last enrolment, each with the clock at which its wait expires.
    private var waiting: [(entry: Int, expires: Timestamp)] = []
    /// The reasons why early events did not count, by their numbers in `entries`.
    private var inVain: [Int: EventOutcome] = [:]
    /// The begin of the subject's present or last enrolment.
    private var enrolment = (entry: 0, early: [Int]())
    /// The enrolments that made early events count, by the events' numbers, in the history without the sources that are
    /// withdrawn now.
    private(set) var countedBy: [Int: Int] = [:]
    private var previous: ScoringPolicy?

    /// `policy` is used regardless of the ledger's policies; nil for those that the ledger activates. With `asOf` it
    /// ends before the first entry that came when the partition's clock was beyond that, or that would have moved it
    /// beyond. Without it the clock is moved to the partition's.
    public init(_ history: SubjectEntries, policy: ScoringPolicy? = nil, asOf time: Timestamp? = nil) throws {
        subject = history.subject
        entries = history.entries
        fixedPolicy = policy
        if let policy { fold = Fold(policy: policy) }
        for number in entries.indices {
            if let time, entries[number].clock > time || entries[number].time > time { break }
            try take(number)
        }
        advance(to: time ?? history.clock)
    }

    /// Begins before the first entry. `takeNext` folds one entry after the other, under the policies that the ledger
    /// activates.
    init(before history: SubjectEntries) {
        (subject, entries, fixedPolicy) = (history.subject, history.entries, nil)
    }

    /// The number of the next entry.
    var next: Int { folded }

    /// Whether the entry is left out: a behaviour event of a source that is withdrawn.
    func leavesOut(_ entry: SubjectEntries.Entry) -> Bool {
        entry.kind == .event && leftOut.contains(entry.topic) && entry.type.withUnsafeBytes { ControlType($0) == nil }
    }

    mutating func takeNext() throws { try take(folded) }

    /// Moves the clock and fires what is due by then.
    public mutating func advance(to time: Timestamp) {
        fold.tick(time, entry: 0)
        note(nil)
    }

    public var standing: Standing? { subject.withUnsafeBytes { fold.standing(of: $0) } }

    /// The entries that may count in the subject's present or last enrolment: the early events that it made count, the
    /// enrolment itself, and later entries. Numbers in `entries`.
    var entriesOfEnrolment: [Int] { enrolment.early + Array(enrolment.entry..<folded) }

    /// Records the effect of an entry on the subject's enrolment. Returns the early events that it made count.
    @discardableResult private mutating func noteEnrolment(
        _ number: Int, from before: EnrolmentState, to after: EnrolmentState
    ) -> [Int] {
        let entry = entries[number]
        expireWaiting(at: after.clock)
        if after.early > before.early {
            waiting.append((number, after.clock.adding(microseconds: earlyWaits[number])))
            if waiting.count > Fold.maximumEarlyEventsOfSubject {
                inVain[waiting.removeFirst().entry] = .earlyBeyondLimit
            }
        } else if after.voids > before.voids, ControlType.eventVoided.isType(entry.type) {
            for item in waiting {
                let early = entries[item.entry]
                if entry.voids(source: early.source, id: early.id, decoder) { inVain[item.entry] = .voidedBefore }
            }
            waiting.removeAll { inVain[$0.entry] != nil }
        }
        guard !before.isEnrolled, after.isEnrolled else { return [] }
        enrolment = (number, [])
        for item in waiting {
            let early = entries[item.entry]
            if early.time < entry.time {
                inVain[item.entry] = .earlyOlder
            } else if enrolment.early.contains(where: {
                entries[$0].source == early.source && entries[$0].id == early.id
            }) {
                inVain[item.entry] = .duplicate
            } else {
                enrolment.early.append(item.entry)
                countedBy[item.entry] = number
            }
        }
        waiting = []
        return enrolment.early
    }

    private mutating func expireWaiting(at clock: Timestamp) {
        guard !waiting.isEmpty else { return }
        for item in waiting where item.expires <= clock { inVain[item.entry] = .earlyExpired }
        waiting.removeAll { inVain[$0.entry] != nil }
    }

    /// The part of a fold's state that decides about early events.
    private struct EnrolmentState {
        let isEnrolled: Bool
        let early, voids: Int64
        let clock: Timestamp

        init(_ fold: borrowing Fold) {
            (isEnrolled, clock) = (fold.subjectCount > 0, fold.clock)
            (early, voids) = (fold.counters.early, fold.counters.voids)
        }
    }

    /// The outcome of an early event so far.
    func outcome(ofEarly number: Int) -> EventOutcome {
        if countedBy[number] != nil { return .early }
        if let outcome = inVain[number] { return outcome }
        // In a history with other sources a void may have come before it.
        guard let item = waiting.first(where: { $0.entry == number }) else { return .voidedBefore }
        return item.expires > fold.clock ? .earlyWaits : .earlyExpired
    }

    private mutating func take(_ number: Int) throws {
        let entry = entries[number]
        if entry.clock > fold.clock { fold.tick(entry.clock, entry: 0) }
        note(nil)
        var isUnmatched = false
        if leavesOut(entry) {
            fold.tick(entry.time, entry: 0)
            folded += 1
            earlyWaits.append(fold.policy.early)
            note(number)
            steps[steps.count - 1].outcome = .sourceWithdrawn
            return
        }
        let (was, before) = (EnrolmentState(fold), fold.counters)
        try entry.lend { event in
            let type = fold.resolve(type: event.type)
            isUnmatched = entry.kind == .event && type.isUnmatched
            if entry.kind == .system {
                try begin(by: event, at: entry.offset)
            } else if type == EventTypeID(.policyActivated), fixedPolicy == nil {
                try switchPolicy(event, number)
            } else if type == EventTypeID(.sourceWithdrawn) || type == EventTypeID(.sourceRestored) {
                try switchSources(event, number, isWithdrawal: type == EventTypeID(.sourceWithdrawn))
            } else {
                fold.fold(event, type: type, entry: 0, isFrozen: entry.isFrozen)
            }
        }
        folded += 1
        earlyWaits.append(fold.policy.early)
        let letCount = noteEnrolment(number, from: was, to: EnrolmentState(fold))
        let news = fold.counters - before
        note(number, isUnmatched: isUnmatched)
        let outcome = EventOutcome(
            of: news, isNamed: !isUnmatched, hasFailed: !steps[steps.count - 1].errors.isEmpty)
        let isVoid = ControlType.eventVoided.isType(entry.type)
        steps[steps.count - 1].outcome = isVoid && outcome == .applied ? .voidWaits : outcome
        steps[steps.count - 1].letCount = letCount
    }

    private mutating func switchPolicy(_ event: EventView, _ number: Int) throws {
        guard fold.admitActivation(event, entry: 0) == .admitted, let text = event.policyText(decoder),
            text != fold.policy.text
        else { return }
        note(nil)
        // The ledger continues after a policy that does not compile, which is passed over there (`SkipSearch`).
        guard let policy = try? ScoringPolicy(yaml: text, file: "") else { return }
        try succeed(policy, by: event, number, hasOtherSources: false)
    }

    private mutating func switchSources(_ event: EventView, _ number: Int, isWithdrawal: Bool) throws {
        guard fold.admitSourceAct(event, entry: 0) == .admitted,
            let topic = decoder.string("topic", of: event.data).map({ Array($0) }),
            leftOut.contains(topic) != isWithdrawal
        else { return }
        note(nil)
        if isWithdrawal { leftOut.append(topic) } else { leftOut.removeAll { $0 == topic } }
        try succeed(fold.policy, by: event, number, hasOtherSources: true)
    }

    /// Folds everything before the entry of this number again, and continues with that state.
    private mutating func succeed(
        _ policy: ScoringPolicy, by event: EventView, _ number: Int, hasOtherSources: Bool
    ) throws {
        var past = Fold(pastOf: policy)
        var hasBegun = false
        expireWaiting(at: fold.clock)
        let inVainBefore = inVain
        if hasOtherSources { (waiting, inVain, enrolment, countedBy) = ([], [:], (0, []), [:]) }
        for (index, earlier) in entries[..<number].enumerated() {
            let was = EnrolmentState(past)
            try earlier.lend { event in
                if earlier.kind == .system {
                    try begin(&past, by: event, at: earlier.offset, &hasBegun)
                    return
                }
                past.tick(earlier.clock, entry: 0)
                if leavesOut(earlier) {
                    past.tick(earlier.time, entry: 0)
                    inVain[index] = inVainBefore[index] ?? .sourceWithdrawn
                    return
                }
                past.fold(event, type: past.resolve(type: event.type), entry: 0, isFrozen: earlier.isFrozen)
            }
            if hasOtherSources { noteEnrolment(index, from: was, to: EnrolmentState(past)) }
            past.clearOutput()
        }
        try past.succeed(fold, by: event, entry: 0, hasOtherSources: hasOtherSources)
        previous = fold.policy
        swap(&fold, &past)
    }

    /// Handles an entry of Standing itself: the ledger's beginning, or a newer fold version.
    private mutating func begin(by event: EventView, at offset: Int64) throws {
        switch ControlType(event.type) {
        case .policyActivated:
            guard folded == 0, let text = event.policyText(decoder) else { return }
            let identity = try LedgerIdentity(in: event.data, decoder)
            fold = Fold(
                policy: try fixedPolicy ?? ScoringPolicy(yaml: text, file: "ledger@\(offset)"),
                version: identity.version, salt: identity.salt)
        case .ledgerUpgraded:
            if let identity = try? LedgerIdentity(in: event.data, decoder) { fold.upgrade(to: identity.version) }
        default: break
        }
    }

    /// The same, in a policy's past.
    private func begin(
        _ past: inout Fold, by event: EventView, at offset: Int64, _ hasBegun: inout Bool
    ) throws {
        switch ControlType(event.type) {
        case .policyActivated:
            guard !hasBegun, let text = event.policyText(decoder) else { return }
            hasBegun = true
            let policy = past.policy
            let identity = try LedgerIdentity(in: event.data, decoder)
            past = Fold(pastOf: policy, version: identity.version, salt: identity.salt)
            guard fixedPolicy == nil else { return past.passNoActivations() }
            past.begin(under: try ScoringPolicy(yaml: text, file: "ledger@\(offset)"))
        case .ledgerUpgraded:
            if let identity = try? LedgerIdentity(in: event.data, decoder) { past.upgrade(to: identity.version) }
        default: break
        }
    }

    /// Puts the changes since the last call into words.
    private mutating func note(_ entry: Int?, isUnmatched: Bool = false) {
        defer { fold.clearOutput() }
        let errors = fold.takeDiagnosis().failures
        guard !fold.output.facts.isEmpty || !errors.isEmpty || entry != nil else { return }
        let (policy, previous) = (fold.policy, previous ?? fold.policy)
        func name(_ number: Int, _ list: (ScoringPolicy) -> String) -> String { list(number >= 0 ? policy : previous) }
        func index(_ number: Int) -> Int { number >= 0 ? number : ~number }
        let changes = fold.output.facts.map { fact in
            func level(_ level: Fact.Level) -> String {
                "\(level.score) \(name(level.band) { $0.bands[index(level.band)].name })"
            }
            let item =
                switch fact.kind.topic {
                case .scoreChanges: ""
                case .perks: name(fact.item) { $0.perks[index(fact.item)].id }
                case .sanctions: name(fact.item) { $0.sanctions[index(fact.item)].id }
                }
            var isTimer = true
            if case .event = fact.cause { isTimer = false }
            return Change(
                time: fact.time, kind: fact.kind, item: item, before: fact.before.map { level($0) },
                after: fact.after.map { level($0) }, score: fact.after?.score, isTimer: isTimer,
                reasons: fold.output.reasons[fact.reasons].map { reason in
                    (name(reason.rule) { $0.rules[index(reason.rule)].id }, reason.points)
                })
        }
        steps.append(Step(entry: entry, changes: changes, errors: errors, isUnmatched: isUnmatched))
    }
}
