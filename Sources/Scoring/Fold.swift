public import Events
public import Policy
internal import CEL

/// The pure fold of one ledger partition: (state, entry) → (state, facts). SPEC sections 2 to 7.
///
/// No clock, no randomness, no I/O: the same entries give the same facts on any machine.
public struct Fold: ~Copyable {
    /// Limit of the behaviour events of one subject in one enrolment, voided ones included: one per second for two
    /// years. A later one contributes nothing and is counted. What the subject has does not change, and control events
    /// still apply. So a subject's state is bounded: about 16 bytes per event, and 24 more for every rule and measure
    /// that it counts under. Ordered measures also have its texts, if those cannot be looked up.
    public static let maximumSubjectEvents: UInt32 = 1 << 26
    /// Limit of the early events that wait for one subject's enrolment.
    public static let maximumEarlyEventsOfSubject = 256
    /// Limit of the early events that wait in a ledger partition, and of the voids that wait for their event.
    public static let maximumEarlyEvents = 1_000_000
    /// Limit of the bytes of the early events that wait in a ledger partition: texts and data.
    public static let maximumEarlyBytes = 256 << 20

    /// `policy` as one reference.
    public let sharedPolicy: SharedPolicy
    /// The policy that the state is folded under. It is not stored here, because the compiler goes through all fields of
    /// what cannot be copied again and again.
    public var policy: ScoringPolicy { sharedPolicy.policy }
    /// The version of the ledger's entries.
    public internal(set) var version: FoldVersion
    /// The key of the fingerprints of events, from the ledger's first entry.
    public internal(set) var salt: FingerprintKey
    /// Whether the points of each rule saturate before they are added to its dimension: in a ledger that began under
    /// fold version 9 or a later one.
    let ruleSumsSaturate: Bool
    /// The greatest event time or tick folded so far; `distantPast` before the first.
    public internal(set) var clock: Timestamp = .distantPast
    public internal(set) var counters = FoldCounters()
    /// The facts since the last `clearOutput`.
    public internal(set) var output = FactBuffer()

    let types: CompiledRules
    let conditions: Conditions
    var subjects: SubjectTable
    /// Number of subjects by band number. It follows from `subjects`: no snapshot and no digest has it.
    public internal(set) var subjectsByBand: [Int]
    var identities = IdentityTable()
    /// Events that were voided. They stay voided for ever, even if they are sent again.
    var voided = IdentityTable()
    /// Behaviour events of subjects that are not enrolled yet, by subject.
    var early: WaitingQueue
    /// Voids of events that have not come yet, by event.
    var waitingVoids: WaitingQueue
    /// When the next early event or waiting void expires.
    var nextExpiry = Int64.max
    /// How long early events and voids wait, in microseconds, by the policy that is active where they are read.
    var earlyWait: Int64
    /// Bytes of early events that were folded. Facts may still point to them.
    var lentEvents: [UnsafeMutableRawBufferPointer] = []
    var timers = TimerQueue()
    /// A shadow's timers of perks and sanctions. They are separate, so that the other timers equal those of a past; a
    /// switch drops them.
    var decisionTimers = TimerQueue()
    /// Buckets other than the latest one of each series, which is in the subject's record.
    var buckets = SlabAllocator<Bucket>()
    var evidence = SlabAllocator<Evidence>()
    var activeSanctions = SlabAllocator<ActiveSanction>()
    let decoder = EventDecoder()
    let eventFrame: EvaluationFrame
    let standingFrame: EvaluationFrame
    let ranks: TimerRanks
    let bounds: [Bounds]
    /// The series of the rules, then those of the measures.
    let series: [Series]
    /// By series: the bucket of its last event, and the time from which that does not count.
    var lastBuckets: [LastBucket]
    /// Recent results of calendar arithmetic.
    var calendar: CalendarCache
    /// Events of ordered measures.
    var ordered = OrderedEvents()
    /// The history in which earlier events are looked up. If it is nil, the state has all the texts that may be needed.
    var earlierEvents: EarlierEvents?
    /// Events that were folded after a look-up of earlier ones, in this process. Not part of the state.
    public internal(set) var lookUps: Int64 = 0
    /// True if the next event is not folded because earlier ones could not be looked up.
    public internal(set) var lacksEarlierEvents = false
    /// The attributes of subjects, by the number in a record.
    var attributes: AttributeTable
    /// The `terms` of enrolments, by the number in a record.
    var terms = TermsTable()
    /// The index of the current entry in its frame.
    var entry = 0
    /// Whether the current entry is of a source that has lost records.
    var isFrozen = false
    /// Timers that fall due together and have not all fired; empty if there are none.
    var dueTimers = SortedRuns<DueTimer>()
    /// The work that may still be done in this call.
    public var allowance = Allowance.unlimited
    let kindTexts: [Text]
    let bandTexts: [Text]
    let bandFloors: [Int64]
    /// The kinds whose enrolments count, by the policy that is active where the enrolments are.
    var enrolledKinds: KindSet
    /// The text of the ledger's active policy. In a policy's past it is not the text of `policy`.
    var activeText: String
    /// Whether a past passes the ledger's activations. One of a policy that is fixed does not.
    var passesActivations = true
    /// `maximumSubjectEvents`, except in tests.
    var maximumEvents = Fold.maximumSubjectEvents
    /// Counts of this process. Not part of the state.
    var diagnostics = FoldDiagnostics()
    /// Of each rule, for the diagnosis.
    let countsByRule: UnsafeMutableBufferPointer<RuleCounts>
    var purpose: Purpose

    struct RuleCounts {
        /// Events that it took.
        var events: Int64 = 0
        /// Units of work of its expressions over events (`Limit.cost`).
        var cost: Int64 = 0
    }

    struct LastBucket {
        var number: Int32 = .min
        var start: Int64 = .max
        var end: Int64 = .min
        var due: Int64 = .min
    }

    /// `version` and `salt` are those of the ledger's first entry.
    public init(policy: ScoringPolicy, version: FoldVersion = .newest, salt: FingerprintKey = .none) {
        self.init(policy: policy, version: version, salt: salt, .live)
    }

    init(policy: ScoringPolicy, version: FoldVersion, salt: FingerprintKey, _ purpose: Purpose) {
        self.init(policy, version: version, salt: salt, ruleSumsSaturate: version >= .ninth, purpose)
    }

    init(
        _ policy: ScoringPolicy, version: FoldVersion, salt: FingerprintKey, ruleSumsSaturate: Bool, _ purpose: Purpose
    ) {
        sharedPolicy = SharedPolicy(policy)
        self.version = version
        self.salt = salt
        self.ruleSumsSaturate = ruleSumsSaturate
        self.purpose = purpose
        output.isStored = purpose == .live
        earlyWait = policy.early
        early = WaitingQueue(
            limits: .init(
                itemsOfKey: Self.maximumEarlyEventsOfSubject, items: Self.maximumEarlyEvents,
                bytes: Self.maximumEarlyBytes))
        waitingVoids = WaitingQueue(
            limits: .init(
                itemsOfKey: Self.maximumEarlyEventsOfSubject, items: Self.maximumEarlyEvents,
                bytes: Self.maximumEarlyBytes))
        enrolledKinds = policy.kinds
        activeText = policy.text
        let layout = SubjectTable.Layout(
            dimensions: policy.dimensions.count, series: policy.rules.count + policy.measures.count,
            perks: policy.perks.count, sanctions: policy.sanctions.count,
            states: Series.stateWords(of: policy, ruleSumsSaturate: ruleSumsSaturate),
            hasAttributes: !policy.attributes.isEmpty)
        subjects = SubjectTable(layout: layout)
        series = Series.all(of: policy, statesAt: layout.statesAt, ruleSumsSaturate: ruleSumsSaturate)
        types = CompiledRules(policy, layout, series)
        conditions = Conditions(policy, series)
        attributes = AttributeTable(policy)
        subjectsByBand = [Int](repeating: 0, count: policy.bands.count)
        ranks = TimerRanks(policy)
        bounds = policy.dimensions.map { Bounds(min: $0.min, max: $0.max) }
        lastBuckets = [LastBucket](repeating: LastBucket(), count: series.count)
        countsByRule = .allocate(capacity: policy.rules.count)
        countsByRule.initialize(repeating: RuleCounts())
        calendar = CalendarCache(series: series.count)
        eventFrame = EvaluationFrame(policy.variables.event.declarations)
        standingFrame = EvaluationFrame(policy.variables.standing.declarations)
        kindTexts = SubjectKind.allCases.map { Text($0.description) }
        bandTexts = policy.bands.map { Text($0.name) }
        bandFloors = policy.bands.map(\.from)
    }

    deinit {
        for bytes in lentEvents { bytes.deallocate() }
        countsByRule.deallocate()
    }

    /// If false, facts are only counted (`FactBuffer.counts`), which is enough for a replay. A past and a shadow never
    /// store facts.
    public var storesFacts: Bool {
        get { output.isStored }
        set { output.isStored = newValue && purpose == .live }
    }

    /// Subjects that are enrolled.
    public var subjectCount: Int { subjects.count }

    /// Drops the facts, and clears the ids of subjects that have withdrawn.
    ///
    /// `sameEntry` means that more facts of the last fact's entry may follow. Their numbers continue after its last
    /// number.
    public mutating func clearOutput(sameEntry: Bool = false) {
        output.removeAll(sameEntry: sameEntry)
        subjects.wipe()
        ordered.texts.age()
        if !lentEvents.isEmpty { returnLentEvents() }
    }

    /// What `fold` does with events of this type.
    public func resolve(type: UnsafeRawBufferPointer) -> EventTypeID {
        if let control = ControlType(type) { return EventTypeID(control) }
        return types.find(type).map { EventTypeID(value: $0) } ?? .unnamed
    }

    /// Changes the version of the entries from the next one on.
    public mutating func upgrade(to version: FoldVersion) { self.version = max(self.version, version) }

    /// Whether an entry contributes nothing and moves nothing because of its time. Counts it then.
    @inline(__always) mutating func isOutOfRange(_ time: Timestamp) -> Bool {
        guard version >= .fourth, EntryTime.isOutOfRange(time, clock: clock) else { return false }
        counters.outOfRange += 1
        return true
    }

    /// Moves the clock, after the timers that are due by then have fired. Returns false if the allowance is used up
    /// first; the caller then calls again.
    @discardableResult public mutating func tick(_ time: Timestamp, entry: Int) -> Bool {
        self.entry = entry
        guard advance(to: time) else { return false }
        counters.ticks += 1
        return true
    }

    /// The effects of a step on a subject that its evaluation needs.
    struct Change {
        /// The last published and the present score and band.
        var before = Fact.Level(score: 0, band: 0)
        var after = Fact.Level(score: 0, band: 0)
        /// Whether a rule, a measure or a sanction took the event.
        var isMatched = false
        /// Whether a dimension's points changed.
        var points = false
        /// Whether a sanction's state changed.
        var sanctions = false
        /// Whether this is the enrolment, which has no standing before it.
        var isFirst = false
        /// Whether another policy, or another history, is switched to. Its conditions were never evaluated.
        var isSwitch = false
        /// Bit d is set if the event added negative points to a live bucket or window of dimension d, or came into an
        /// adverse measure of it.
        var adverse: UInt64 = 0
        /// Bit d is set if measures of dimension d may have changed.
        var measures: UInt64 = 0
        /// The bits of the measures that may have changed.
        var values: UInt64 = 0
        /// Whether the subject's attributes changed.
        var attributes = false

        /// A measure's bit in `values`, which it may share with others.
        @inline(__always) static func bit(ofMeasure number: Int) -> UInt64 { 1 &<< UInt64(number & 63) }

        @inline(__always) mutating func note(measure number: Int, dimension: Int) {
            measures |= 1 &<< UInt64(dimension)
            values |= Self.bit(ofMeasure: number)
        }

        mutating func noteAllMeasures() { (measures, values) = (.max, .max) }
    }

    /// The cause of a step of the fold: an event, borrowed while it is folded, or a timer.
    enum Cause {
        case event(UnsafePointer<EventView>)
        /// The activation of a policy.
        case policy(UnsafePointer<EventView>)
        case bucketEnd
        case perk(Int)
        case sanction(Int)
    }

    mutating func emit(
        _ kind: Fact.Kind, _ record: UnsafeMutablePointer<Int64>, cause: Cause, before: Fact.Level?,
        after: Fact.Level?, item: Int = -1, term: Fact.Term? = nil, reasons: Range<Int>
    ) {
        guard output.isStored else {
            output.counts[kind.topic.rawValue] += 1
            return
        }
        let number = output.number(inEntry: entry)
        let factCause: Fact.Cause
        let subject: UnsafeRawBufferPointer
        switch cause {
        case .event(let event):
            factCause = .event(
                source: event.pointee.source, id: event.pointee.id, type: event.pointee.type)
            subject = event.pointee.subject
        case .policy(let event):
            factCause = .event(source: event.pointee.source, id: event.pointee.id, type: event.pointee.type)
            subject = SubjectTable.key(record)
        case .bucketEnd:
            factCause = .bucketEnd
            subject = SubjectTable.key(record)
        case .perk(let perk):
            factCause = .perk(perk)
            subject = SubjectTable.key(record)
        case .sanction(let sanction):
            factCause = .sanction(sanction)
            subject = SubjectTable.key(record)
        }
        output.facts.append(
            Fact(
                kind: kind, subject: subject, time: clock, cause: factCause, before: before, after: after, item: item,
                term: term, reasons: reasons, entry: entry, number: number))
    }
}
