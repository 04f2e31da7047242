public import Events
public import Policy
internal import CEL

/// The pure fold of one ledger partition: (state, entry) → (state, facts). SPEC sections 2 to 7.
///
/// No clock, no randomness, no I/O: the same entries give the same facts on any machine.
public struct Fold: ~Copyable {
    /// Behaviour events of one subject in one enrolment, voided ones too: one a second for two years. A later one
    /// contributes nothing and is counted; what the subject has, and control events, go on as ever. So a subject's state has
    /// an end: about 16 bytes an event, and 24 more for every rule and measure that it counts under; for a measure that goes by the
    /// order of events also its texts, where they cannot be looked up.
    public static let maximumSubjectEvents: UInt32 = 1 << 26
    /// Early events that wait for one subject's enrolment.
    public static let maximumEarlyEventsOfSubject = 256
    /// Early events that wait in a ledger partition, and voids that wait for their event.
    public static let maximumEarlyEvents = 1_000_000
    /// Bytes of the early events that wait in a ledger partition: texts and data.
    public static let maximumEarlyBytes = 256 << 20

    public let policy: ScoringPolicy
    /// `policy` for those who keep it: one reference takes the place of a copy of every part.
    public let sharedPolicy: SharedPolicy
    /// What the ledger says that its entries mean.
    public internal(set) var version: FoldVersion
    /// What the fingerprints of events are keyed by, as the ledger's first entry says.
    public internal(set) var salt: FingerprintKey
    /// The greatest event time or tick folded so far; `distantPast` before the first.
    public internal(set) var clock: Timestamp = .distantPast
    public internal(set) var counters = FoldCounters()
    /// Facts since `clearOutput`.
    public internal(set) var output = FactBuffer()

    let types: CompiledRules
    let conditions: Conditions
    var subjects: SubjectTable
    /// Subjects by band number. It follows from `subjects`: no snapshot and no digest has it.
    public internal(set) var subjectsByBand: [Int]
    var identities = IdentityTable()
    /// Events that were voided: those stay so for ever, whoever sends them again.
    var voided = IdentityTable()
    /// Behaviour events of subjects that are not enrolled yet, by subject.
    var early: WaitingQueue
    /// Voids of events that have not come yet, by event.
    var waitingVoids: WaitingQueue
    /// When the next early event or waiting void expires.
    var nextExpiry = Int64.max
    /// How long what comes early waits, in microseconds: as the policy says that is active where it is read.
    var earlyWait: Int64
    /// Bytes of early events that were folded: facts may still point at them.
    var lentEvents: [UnsafeMutableRawBufferPointer] = []
    var timers = TimerQueue()
    /// A shadow's timers of perks and sanctions, which a switch leaves out: the others lie as in a past.
    var decisionTimers = TimerQueue()
    /// Buckets beyond the one that lies in the subject's record.
    var buckets = SlabAllocator<Bucket>()
    var evidence = SlabAllocator<Evidence>()
    var impositions = SlabAllocator<ActiveSanction>()
    let decoder = EventDecoder()
    let eventFrame: EvaluationFrame
    let standingFrame: EvaluationFrame
    let ranks: TimerRanks
    let bounds: [Bounds]
    /// Of the rules, then of the measures.
    let series: [Series]
    /// By series: the bucket of its last event, and from when it counts no more.
    var lastBuckets: [LastBucket]
    /// What calendar arithmetic gave of late.
    var calendar: CalendarCache
    /// Events of measures that go by their order.
    var ordered = OrderedEvents()
    /// Where earlier events are looked up; nil: what may be needed of them is kept.
    var earlierEvents: EarlierEvents?
    /// How many events were folded after a look-up of earlier ones. Of this process alone: no part of the state.
    public internal(set) var lookUps: Int64 = 0
    /// The next event is not folded because earlier ones could not be looked up.
    public internal(set) var lacksEarlierEvents = false
    /// The attributes that subjects have; a record holds the number.
    var attributes: AttributeTable
    /// `terms` as enrolled; a record holds the number.
    var terms = TermsTable()
    /// The place of the entry being folded in its frame.
    var entry = 0
    /// What is folded now is of a source that has lost records.
    var isFrozen = false
    /// Timers that fall due together, and have not all fired; empty if none do.
    var dueTimers = SortedRuns<Timer>()
    /// What may still be done before a call returns with a part of its work.
    public var allowance = Allowance.unlimited
    let kindTexts: [Text]
    let bandTexts: [Text]
    let bandFloors: [Int64]
    /// Whose enrolments count: those of the policy that is active where they lie.
    var enrolledKinds: KindSet
    /// The text of the policy that the ledger has active here: in a policy's past another than `policy`.
    var activeText: String
    /// `maximumSubjectEvents`, but in tests.
    var maximumEvents = Fold.maximumSubjectEvents
    /// Of this process alone: no part of the state.
    var diagnostics = FoldDiagnostics()
    /// By rule: the events that it took, for the diagnosis.
    let eventsByRule: UnsafeMutableBufferPointer<Int64>
    var purpose: Purpose

    struct LastBucket {
        var number: Int32 = .min
        var start: Int64 = .max
        var end: Int64 = .min
        var due: Int64 = .min
    }

    /// `version` and `salt`: what the ledger says of itself.
    public init(policy: ScoringPolicy, version: FoldVersion = .newest, salt: FingerprintKey = .none) {
        self.init(policy: policy, version: version, salt: salt, .live)
    }

    init(policy: ScoringPolicy, version: FoldVersion, salt: FingerprintKey, _ purpose: Purpose) {
        self.policy = policy
        sharedPolicy = SharedPolicy(policy)
        self.version = version
        self.salt = salt
        self.purpose = purpose
        output.isKept = purpose == .live
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
        types = CompiledRules(policy)
        let layout = SubjectTable.Layout(
            dimensions: policy.dimensions.count, series: policy.rules.count + policy.measures.count,
            perks: policy.perks.count, sanctions: policy.sanctions.count, states: Series.stateWords(of: policy),
            hasAttributes: !policy.attributes.isEmpty)
        subjects = SubjectTable(layout: layout)
        series = Series.all(of: policy, statesAt: layout.statesAt)
        conditions = Conditions(policy, series)
        attributes = AttributeTable(policy)
        subjectsByBand = [Int](repeating: 0, count: policy.bands.count)
        ranks = TimerRanks(policy)
        bounds = policy.dimensions.map { Bounds(min: $0.min, max: $0.max) }
        lastBuckets = [LastBucket](repeating: LastBucket(), count: series.count)
        eventsByRule = .allocate(capacity: policy.rules.count)
        eventsByRule.initialize(repeating: 0)
        calendar = CalendarCache(series: series.count)
        eventFrame = EvaluationFrame(policy.variables.event.declarations)
        standingFrame = EvaluationFrame(policy.variables.standing.declarations)
        kindTexts = SubjectKind.allCases.map { Text($0.description) }
        bandTexts = policy.bands.map { Text($0.name) }
        bandFloors = policy.bands.map(\.from)
    }

    deinit {
        for bytes in lentEvents { bytes.deallocate() }
        eventsByRule.deallocate()
    }

    /// False: facts are only counted (`FactBuffer.counts`), which is all that a replay needs of them. A past and a shadow never
    /// keep any.
    public var keepsFacts: Bool {
        get { output.isKept }
        set { output.isKept = newValue && purpose == .live }
    }

    public var subjectCount: Int { subjects.count }
    public var identityCount: Int { identities.count }

    /// Forgets the facts that were handed on, and wipes the ids of subjects that have withdrawn.
    ///
    /// `sameEntry`: more facts of the entry that the last ones belong to may follow, under the numbers behind theirs.
    public mutating func clearOutput(sameEntry: Bool = false) {
        output.removeAll(sameEntry: sameEntry)
        subjects.wipe()
        ordered.texts.age()
        if !lentEvents.isEmpty { returnLentEvents() }
    }

    /// What `fold` will do with events of this type.
    public func resolve(type: UnsafeRawBufferPointer) -> EventTypeID {
        if let control = ControlType(type) { return EventTypeID(control) }
        return types.find(type).map { EventTypeID(value: $0) } ?? .unnamed
    }

    /// From the next entry on the ledger's entries mean what `version` says.
    public mutating func upgrade(to version: FoldVersion) { self.version = max(self.version, version) }

    /// Whether an entry contributes nothing and moves nothing because of its time; then it is counted.
    @inline(__always) mutating func isOutOfRange(_ time: Timestamp) -> Bool {
        guard version >= .fourth, EntryTime.isOutOfRange(time, clock: clock) else { return false }
        counters.outOfRange += 1
        return true
    }

    /// Moves the clock; timers that are due by then fire first. False: the allowance is used up before; it is to be called once
    /// more.
    @discardableResult public mutating func tick(_ time: Timestamp, entry: Int) -> Bool {
        self.entry = entry
        guard advance(to: time) else { return false }
        counters.ticks += 1
        return true
    }

    /// One entry of a batch: an event and what `resolve` said of its type; nil for a tick, whose time is the event's.
    public struct Item {
        public var event: EventView
        public var type: EventTypeID?
        /// Its place in the frame, which goes into its facts' ids.
        public var entry: Int
        /// Its source has lost records: it imposes no sanction and begins no term anew.
        public var isFrozen: Bool
        /// Number of its source topic, under which events that contribute nothing are counted; -1 if it is not known.
        public var topic: Int32

        public init(
            event: EventView, type: EventTypeID?, entry: Int, isFrozen: Bool = false, topic: Int32 = -1
        ) {
            self.event = event
            self.type = type
            self.entry = entry
            self.isFrozen = isFrozen
            self.topic = topic
        }
    }

    /// Folds entries in their order, and returns how many are folded: fewer than there are only where the allowance is used up, or
    /// where earlier events are to be looked up and cannot be (`lacksEarlierEvents`). Then timers of the next one may have fired;
    /// it is to be given once more.
    ///
    /// Memory is asked for well before it is needed: a subject's index slot and the event's identity slot first, then the
    /// subject's record.
    @discardableResult public mutating func fold(_ items: UnsafeBufferPointer<Item>) -> Int {
        let farAhead = 32
        let ahead = 16
        let room = allowance.facts - maximumStepFacts
        let salt = salt
        lacksEarlierEvents = false
        return withUnsafeTemporaryAllocation(of: (subject: UInt64, identity: UInt64).self, capacity: farAhead) { keys in
            var hashed = 0
            var located = 0
            for index in 0..<items.count {
                while hashed < min(items.count, index + farAhead) {
                    let key = Self.keys(items[hashed].event, salt)
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
                guard output.facts.count <= room, allowance.cost > 0,
                    fold(items.baseAddress! + index, subjectHash: key.subject, identity: key.identity)
                else { return index }
            }
            return items.count
        }
    }

    /// Folds one event, whatever the allowance is. `topic`: as an item has it. Earlier events can be looked up.
    public mutating func fold(
        _ event: EventView, type: EventTypeID, entry: Int, isFrozen: Bool = false, topic: Int32 = -1
    ) {
        let key = keys(event)
        withUnsafePointer(to: Item(event: event, type: type, entry: entry, isFrozen: isFrozen, topic: topic)) {
            while !fold($0, subjectHash: key.subject, identity: key.identity) {
                precondition(!lacksEarlierEvents, "earlier events cannot be looked up")
                allowance = .unlimited
            }
        }
    }

    @inline(__always) static func keys(
        _ event: EventView, _ salt: FingerprintKey
    ) -> (subject: UInt64, identity: UInt64) {
        let subject = event.subject.fingerprint(seed: 0)
        return (subject, identity(event.source, event.id, ofSubject: subject, salt))
    }

    @inline(__always) func keys(_ event: EventView) -> (subject: UInt64, identity: UInt64) { Self.keys(event, salt) }

    /// By what an event is known. `ofSubject`: the fingerprint of its subject's name, which has no key.
    @inline(__always) static func identity(
        _ source: UnsafeRawBufferPointer, _ id: UnsafeRawBufferPointer, ofSubject hash: UInt64, _ salt: FingerprintKey
    ) -> UInt64 {
        id.fingerprint(seed: source.fingerprint(seed: hash, key: salt), key: salt)
    }

    /// False: the allowance is used up before; timers of the entry may have fired, and nothing else has been done.
    @inline(__always) private mutating func fold(
        _ item: UnsafePointer<Item>, subjectHash: UInt64, identity: UInt64
    ) -> Bool {
        guard let type = item.pointee.type else {
            // A time that was in range is so still when the clock has come nearer to it.
            if isOutOfRange(item.pointee.event.time) { return true }
            return tick(item.pointee.event.time, entry: item.pointee.entry)
        }
        let event = UnsafeRawPointer(item).advanced(by: MemoryLayout<Item>.offset(of: \.event)!)
            .assumingMemoryBound(to: EventView.self)
        entry = item.pointee.entry
        isFrozen = item.pointee.isFrozen
        counters.entries += 1
        guard !isOutOfRange(event.pointee.time) else { return true }
        guard advance(to: event.pointee.time) else {
            counters.entries -= 1
            return false
        }
        if let control = type.control {
            fold(control, event, subjectHash, identity)
            return true
        }
        guard let subject = subjects.find(event.pointee.subject, hash: subjectHash) else {
            comeEarly(event, subjectHash, identity, topic: item.pointee.topic)
            return true
        }
        if earlierEvents != nil, type != .unnamed, !hasTextsBeside(event, type, subjects.record(subject), identity) {
            counters.entries -= 1
            lacksEarlierEvents = true
            return false
        }
        behave(event, type, of: subject, identity)
        return true
    }

    /// A behaviour event of an enrolled subject, unless it is a repeat or was voided.
    @inline(__always) mutating func behave(
        _ event: UnsafePointer<EventView>, _ type: EventTypeID, of subject: UInt32, _ identity: UInt64
    ) {
        guard isNew(identity, of: subjects.record(subject)), !isVoided(identity) else { return }
        guard type != .unnamed else {
            counters.unmatched += 1
            if purpose == .live { diagnostics.noteUnmatched(event.pointee.type) }
            return
        }
        fold(event, type, of: subject, identity)
    }

    /// A behaviour event of an enrolled subject: rules; measures; then, in policy order, what it lifts and imposes; then the
    /// evaluation.
    @inline(__always) private mutating func fold(
        _ event: UnsafePointer<EventView>, _ typeID: EventTypeID, of subject: UInt32, _ identity: UInt64
    ) {
        let type = types[typeID.value]
        let record = subjects.record(subject)
        let kind = SubjectTable.header(record).pointee.kind
        if let input = type.input { input._withUnsafeGuaranteedRef { load(event, $0, record, kind: kind) } }
        allowEvent()
        allowStep()
        let firstReason = output.reasons.count
        var change = contribute(event, type.steps, record, subject, kind: kind, identity)
        if !type.entrances.isEmpty { measure(event, type.entrances, record, subject, kind: kind, identity, &change) }
        if change.measures != 0 { weighMeasures(record, cause: .event(event), &change) }
        output.sortReasons(from: firstReason)
        let reasons = firstReason..<output.reasons.count
        weigh(record, &change)
        if !type.triggers.isEmpty, purpose != .past {
            trigger(event, type.triggers, record, subject, identity, &change)
        }
        guard change.isMatched else {
            counters.unmatched += 1
            return
        }
        counters.scored += 1
        evaluate(subject, cause: .event(event), reasons: reasons, change)
    }

    /// What a step did to a subject, as far as the evaluation must know.
    struct Change {
        /// The score and band as last told, and as they are now.
        var before = Fact.Level(score: 0, band: 0)
        var after = Fact.Level(score: 0, band: 0)
        /// A rule, a measure or a sanction took the event.
        var isMatched = false
        /// A dimension's points are others than before.
        var points = false
        /// A sanction's state is another than before.
        var sanctions = false
        /// The enrolment: there is no standing before it.
        var isFirst = false
        /// Bit d: the event added negative points to a live bucket or window of dimension d, or came into an adverse measure
        /// of it.
        var adverse: UInt64 = 0
        /// Bit d: measures of dimension d are others than before, or may be.
        var measures: UInt64 = 0
        /// The subject's attributes are others than before.
        var attributes = false

        /// All dimensions.
        static let allMeasures = UInt64.max
    }

    /// What a step of the fold is: an event, borrowed while it is folded, or a timer.
    enum Cause {
        case event(UnsafePointer<EventView>)
        /// The activation of a policy.
        case policy(UnsafePointer<EventView>)
        case bucketEnd
        case perk(Int)
        case sanction(Int)
    }

    /// Whether a behaviour event counts: behaviour events are known within one enrolment, because a subject's state goes
    /// with it. One more than a subject may have does not, and leaves no trace but its number.
    @inline(__always) private mutating func isNew(_ identity: UInt64, of record: UnsafeMutablePointer<Int64>) -> Bool {
        let (life, events) = (SubjectTable.life(record).pointee, SubjectTable.events(record))
        guard events.pointee.known < maximumEvents || identities.contains(identity, life: life) else {
            counters.beyondLimit += 1
            if events.pointee.beyond < .max { events.pointee.beyond += 1 }
            return false
        }
        guard isNew(identity, life: life) else { return false }
        events.pointee.known += 1
        return true
    }

    /// Control events, which always count, are known for ever, so that a withdrawal that comes twice does not end the next
    /// life.
    @inline(__always) mutating func isNew(_ identity: UInt64, life: UInt32) -> Bool {
        if identities.insert(identity, life: life) { return true }
        counters.duplicates += 1
        return false
    }

    @inline(__always) mutating func isVoided(_ identity: UInt64) -> Bool {
        if waitingVoids.count > 0, meetsWaitingVoid(identity) { return true }
        guard voided.count > 0, voided.contains(identity, life: 0) else { return false }
        counters.duplicates += 1
        return true
    }

    mutating func emit(
        _ kind: Fact.Kind, _ record: UnsafeMutablePointer<Int64>, cause: Cause, before: Fact.Level?,
        after: Fact.Level?, item: Int = -1, term: Fact.Term? = nil, reasons: Range<Int>
    ) {
        guard output.isKept else {
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

    // MARK: Control events

    private mutating func fold(
        _ control: ControlType, _ event: UnsafePointer<EventView>, _ hash: UInt64, _ identity: UInt64
    ) {
        switch control {
        // The switch of a policy and what befalls a source are the ledger's business, not a subject's.
        case .policyActivated:
            if purpose != .live { passActivation(event, identity) }
            return
        case .sourceReset, .sourceGap, .sourceAcknowledged, .ledgerUpgraded, .ledgerSkipped: return
        case .enrolled, .withdrawn, .eventVoided, .appealFiled, .appealDecided: break
        }
        guard isNew(identity, life: 0) else { return }
        let known = subjects.find(event.pointee.subject, hash: hash)
        if control == .enrolled {
            enrol(event, hash, known)
            return
        }
        if control == .eventVoided, known != nil || version >= .third {
            void(event, of: known, hash)
            return
        }
        guard let subject = known else {
            counters.notEnrolled += 1
            return
        }
        switch control {
        case .withdrawn: withdraw(subject, event, hash)
        case .appealFiled where purpose != .past: fileAppeal(event, of: subject)
        case .appealDecided where purpose != .past: decideAppeal(event, of: subject)
        case .appealFiled, .appealDecided, .enrolled, .eventVoided, .policyActivated, .sourceReset, .sourceGap,
            .sourceAcknowledged, .ledgerUpgraded, .ledgerSkipped:
            break
        }
    }

    private mutating func enrol(_ event: UnsafePointer<EventView>, _ hash: UInt64, _ known: UInt32?) {
        let text = decoder.string("terms", of: event.pointee.data).map { Array($0) } ?? []
        if let known {
            let place = SubjectTable.terms(subjects.record(known))
            terms.remove(place.pointee)
            place.pointee = terms.add(text)
            if !attributes.isEmpty { replaceAttributes(of: known, by: event) }
            return
        }
        guard let kind = decoder.string("kind", of: event.pointee.data).flatMap({ SubjectKind($0) }),
            enrolledKinds.contains(KindSet(kind))
        else {
            counters.kindNotScored += 1
            return
        }
        counters.enrolments += 1
        let subject = subjects.insert(event.pointee.subject, hash: hash, kind: kind)
        let record = subjects.record(subject)
        SubjectTable.terms(record).pointee = terms.add(text)
        subjects.enrol(
            subject, life: UInt32(truncatingIfNeeded: counters.enrolments), at: event.pointee.time.microseconds)
        if !attributes.isEmpty {
            record[subjects.layout.attributesAt] = Int64(attributes.add(from: event.pointee.data))
        }
        allowStep()
        let firstReason = output.reasons.count
        var change = Change(isFirst: true)
        if conditions.hasRulesOverMeasures {
            change.measures = Change.allMeasures
            weighMeasures(record, cause: .event(event), &change)
            output.sortReasons(from: firstReason)
        }
        weigh(record, &change)
        evaluate(subject, cause: .event(event), reasons: firstReason..<output.reasons.count, change)
        if early.count > 0 { foldEarlyEvents(of: subject, hash, since: event.pointee.time) }
    }

    /// Where the reasons of a fact without any stand.
    var noReasons: Range<Int> { output.reasons.count..<output.reasons.count }

    /// Sanctions lifted, perks revoked, each in policy order; then a score that is no more, and the state removed.
    private mutating func withdraw(_ subject: UInt32, _ event: UnsafePointer<EventView>, _ hash: UInt64) {
        counters.withdrawals += 1
        let record = subjects.record(subject)
        let level = level(record)
        let change = Change(before: level, after: level)
        for sanction in policy.sanctions.indices where record[subjects.layout.sanctionsAt + sanction] != 0 {
            lift(sanction, record, .withdrawn, cause: .event(event), change)
        }
        let states = record + subjects.layout.perksAt
        for perk in policy.perks.indices where states[perk] != PerkState.idle {
            emit(
                .perkRevoked, record, cause: .event(event), before: level, after: level, item: perk, reasons: noReasons)
        }
        if purpose == .live, version >= .third {
            emit(.scoreChanged, record, cause: .event(event), before: level, after: nil, reasons: noReasons)
        }
        forgetEvidence(record)
        terms.remove(SubjectTable.terms(record).pointee)
        if !attributes.isEmpty { attributes.remove(attributesNumber(record)) }
        subjectsByBand[level.band] -= 1
        subjects.remove(subject, hash: hash)
    }
}
