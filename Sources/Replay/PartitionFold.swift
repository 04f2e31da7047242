public import Events
public import Ledger
public import Policy
public import Scoring

/// One ledger partition, folded: frames in, facts out. What counts is decided by `Acceptance`, what it means by `Fold`.
///
/// It is the whole of a partition's state, and a pure function of the partition's frames: whoever folds the same
/// frames has the same standings, and the same facts under the same sequence numbers.
///
/// It may go from one thread to another (`@unchecked`): tables and decoder are its own, and nobody else's.
public struct PartitionFold: ~Copyable, @unchecked Sendable {
    public struct Problem: Error, Sendable, CustomStringConvertible {
        public let partition: Int32
        /// The ledger offset of the frame at fault.
        public let offset: Int64
        public let message: String
        public var description: String { "ledger partition \(partition), offset \(offset): \(message)" }
    }

    /// Which policy a partition is folded under.
    private enum Rule {
        /// Those that the ledger activates. Gives the frames before an offset, from the partition's first.
        case ledger(history: History?)
        /// This one, whatever the ledger says.
        case fixed
        /// This one's past.
        case past
    }

    /// The frames of the partition from its first up to, not including, those at the offset: what a policy that is
    /// activated there is folded from.
    public typealias History = @Sendable (_ end: Int64) throws -> any FrameSource

    public let partition: Int32
    /// Under no policy, and empty, until the partition's first entry brings one.
    public internal(set) var fold: Fold
    /// The ledger offset of the next frame.
    public private(set) var nextOffset: Int64 = 0
    public var acceptance: Acceptance { reader.acceptance }
    /// The last sequence number of each fact topic, by `FactTopic.rawValue`.
    public private(set) var sequences = [Int64](repeating: 0, count: FactTopic.allCases.count)
    /// What the ledger says of itself: in its first entry, and where it moved to a newer fold version.
    public private(set) var identity = LedgerIdentity.unnamed
    /// The active policy's text.
    public private(set) var policyText = ""

    /// Ledger offsets of records that are passed over as far as they cannot be read or folded (`SkipSearch`).
    public internal(set) var skipped: Set<Int64> = []
    /// A frame was folded in part when an error came: nothing is to be folded into this state any more.
    public private(set) var isSpoiled = false

    /// By the number of a source topic plus one: events of nobody who is enrolled, before the diagnosis began.
    var notEnrolledBefore: [Int64] = []
    private let rule: Rule
    private let maximumSessions: Int
    /// The partition's first entry, which brings a policy, is folded.
    private var hasBegun = false
    private var encoder: FactEncoder?
    private var reader: EntryReader
    private var entry = FrameReader.blank
    private var typeIDs: [EventTypeID] = []
    private let decoder = EventDecoder()
    private var frameOffset: Int64 = 0
    /// Accepted entries on their way into the fold.
    private var batch: [Fold.Item] = []
    private static let batchEntries = 256

    /// Follows the ledger's policies. Without a `history` it follows the first alone and refuses a frame that activates
    /// another. `maximumSessions`: another bound than the fold's own is for simulations.
    public init(
        partition: Int32, history: History? = nil, keepsFacts: Bool = true,
        maximumSessions: Int = Acceptance.maximumSessions
    ) {
        self.init(
            partition, .ledger(history: history), Fold(policy: .absent), keepsFacts: keepsFacts,
            Acceptance(maximumSessions: maximumSessions), maximumSessions)
    }

    /// What would be, and would have been told, had this policy always been active: the ledger's own are passed over.
    public init(partition: Int32, fixedPolicy policy: ScoringPolicy, keepsFacts: Bool = true) {
        self.init(partition, .fixed, Fold(policy: policy), keepsFacts: keepsFacts)
        policyText = policy.text
        encoder = FactEncoder(policy: policy, partition: partition, ledger: nil)
    }

    private init(partition: Int32, pastOf policy: ScoringPolicy, maximumSessions: Int) {
        self.init(
            partition, .past, Fold(pastOf: policy), keepsFacts: false, Acceptance(maximumSessions: maximumSessions),
            maximumSessions)
    }

    /// Goes on from a state that was kept.
    init(
        partition: Int32, history: History?, fold: consuming Fold, identity: LedgerIdentity, policyText: String,
        acceptance: Acceptance, maximumSessions: Int, nextOffset: Int64, sequences: [Int64]
    ) {
        self.init(partition, .ledger(history: history), fold, keepsFacts: true, acceptance, maximumSessions)
        self.identity = identity
        encoder = FactEncoder(policy: self.fold.policy, partition: partition, ledger: identity.name)
        (self.policyText, self.nextOffset, self.sequences) = (policyText, nextOffset, sequences)
        hasBegun = true
    }

    private init(
        _ partition: Int32, _ rule: Rule, _ fold: consuming Fold, keepsFacts: Bool,
        _ acceptance: Acceptance = Acceptance(), _ maximumSessions: Int = Acceptance.maximumSessions
    ) {
        self.partition = partition
        self.rule = rule
        self.maximumSessions = maximumSessions
        reader = EntryReader(acceptance)
        self.fold = fold
        self.fold.keepsFacts = keepsFacts
    }

    /// Entries that would move the clock beyond this are not folded any more, nor is anything behind the first of them.
    public var horizon: Timestamp?
    public private(set) var hasReachedHorizon = false

    /// Moves the clock to `time`, if it is behind, and fires what is due by then, as an entry behind the last one would.
    public mutating func finish(at time: Timestamp, above published: [Int64], into facts: inout FactBatch) {
        frameOffset = nextOffset
        fold.tick(time, entry: 0)
        drain(above: published, into: &facts)
    }

    /// From now on the record at this offset, at which the fold stands, is passed over as far as it cannot be read or folded.
    public mutating func skip(_ offset: Int64) { skipped.insert(offset) }

    /// Folds one frame, and adds to `facts`, encoded, those whose sequence number is above `published` (by fact topic). Throws
    /// `Problem` where it cannot be read or folded.
    public mutating func apply(
        frame: UnsafeRawBufferPointer, at offset: Int64, above published: [Int64], into facts: inout FactBatch
    ) throws {
        try fold(frame, at: offset, above: published, into: &facts)
        drain(above: published, into: &facts)
    }

    /// `end`: the place in the frame of the first entry that is not to be folded.
    private mutating func fold(
        _ frame: UnsafeRawBufferPointer, at offset: Int64, until end: Int = .max, above published: [Int64],
        into facts: inout FactBatch
    ) throws {
        frameOffset = offset
        // Nothing may be left of a frame that was refused half-way: it borrowed from memory that is gone.
        batch.removeAll(keepingCapacity: true)
        let isSkipped = !skipped.isEmpty && skipped.contains(offset)
        guard !isSkipped || EntryReader.defect(in: frame) == nil else {
            reader.pass(frame)
            nextOffset = offset + 1
            return
        }
        do {
            let counts = try reader.open(frame)
            nextOffset = offset + 1
            guard counts else { return }
            isSpoiled = true
            typeIDs.removeAll(keepingCapacity: true)
            while try reader.next(&entry), reader.index < end {
                if let horizon, entry.event.time > horizon, !reader.isOutOfRange {
                    hasReachedHorizon = true
                    break
                }
                do {
                    if try take(above: published, into: &facts) {
                        try switchPolicy(of: frame, above: published, into: &facts)
                    }
                } catch  where isSkipped && error is Problem {
                    // This entry is what is passed over.
                }
            }
            foldBatch()
            isSpoiled = false
        } catch let error as FrameError {
            throw problem(error.description)
        }
    }

    /// True: the entry activates a policy, and everything before it is folded.
    @inline(__always) private mutating func take(
        above published: [Int64], into facts: inout FactBatch
    ) throws -> Bool {
        if entry.kind == .system {
            foldBatch()
            try applySystem(above: published, into: &facts)
            return false
        }
        guard hasBegun else { throw problem("the partition does not begin with a policy") }
        var type: EventTypeID?
        if entry.kind == .event {
            type = typeID()
            if type == EventTypeID(.policyActivated), case .ledger = rule {
                foldBatch()
                return true
            }
        }
        batch.append(
            Fold.Item(
                event: entry.event, type: type, entry: reader.index, isFrozen: reader.isFrozen,
                topic: Int32(truncatingIfNeeded: reader.topic)))
        if batch.count == Self.batchEntries { foldBatch() }
        return false
    }

    private mutating func foldBatch() {
        guard !batch.isEmpty else { return }
        batch.withUnsafeBufferPointer { fold.fold($0) }
        batch.removeAll(keepingCapacity: true)
    }

    /// Types of a frame's dictionary are resolved once a frame.
    @inline(__always) private mutating func typeID() -> EventTypeID {
        let number = entry.typeNumber
        if number >= 0, number < typeIDs.count, typeIDs[number] != .unresolved { return typeIDs[number] }
        let type = fold.resolve(type: entry.event.type)
        if number >= 0 {
            while typeIDs.count <= number { typeIDs.append(.unresolved) }
            typeIDs[number] = type
        }
        return type
    }

    private mutating func applySystem(above published: [Int64], into facts: inout FactBatch) throws {
        switch ControlType(entry.event.type) {
        // The reader has taken note of it.
        case .sourceReset, .sourceGap: return
        // It concerns a record before it (`SkipSearch`).
        case .ledgerSkipped: return
        case .policyActivated: try begin()
        case .ledgerUpgraded:
            guard hasBegun else { throw problem("the partition does not begin with a policy") }
            let new = try readIdentity()
            guard new.version > identity.version else { return }
            // What was folded by now is told as it was until here.
            drain(above: published, into: &facts, sameEntry: true)
            // A ledger keeps the name that it has.
            identity = LedgerIdentity(name: identity.name ?? new.name ?? "", version: new.version) ?? new
            fold.upgrade(to: new.version)
            if encoder != nil {
                encoder = FactEncoder(policy: fold.policy, partition: partition, ledger: identity.name)
            }
        default: throw problem("a system entry that this version does not know")
        }
    }

    private func readIdentity() throws -> LedgerIdentity {
        do {
            return try LedgerIdentity(in: entry.event.data, decoder)
        } catch {
            throw problem("the ledger is of \(error)")
        }
    }

    /// The partition's first entry: its policy, and what the ledger says of itself.
    private mutating func begin() throws {
        guard let text = entry.event.policyText(decoder) else { throw problem("it begins without a policy's text") }
        guard !hasBegun else {
            // Of two members that found the ledger empty the first entry wins.
            return
        }
        let (new, policy) = (try readIdentity(), try parse(text))
        identity = new
        let keepsFacts = fold.keepsFacts
        switch rule {
        case .ledger:
            policyText = text
            fold = Fold(policy: policy, version: identity.version)
        case .past:
            fold = Fold(pastOf: fold.policy, version: identity.version)
            fold.begin(under: policy)
        case .fixed: fold = Fold(policy: fold.policy, version: identity.version)
        }
        fold.keepsFacts = keepsFacts
        if case .past = rule {
        } else {
            encoder = FactEncoder(policy: fold.policy, partition: partition, ledger: identity.name)
        }
        hasBegun = true
    }

    private func parse(_ text: String) throws -> ScoringPolicy {
        do {
            return try ScoringPolicy(yaml: text, file: "ledger[\(partition)]@\(frameOffset)")
        } catch let mistakes as YAMLMistakes {
            throw problem("the policy that is activated here does not compile: \(mistakes)")
        }
    }

    /// The entry activates a policy: what lies before it is folded once more, under that policy, and goes on from here.
    private mutating func switchPolicy(
        of frame: UnsafeRawBufferPointer, above published: [Int64], into facts: inout FactBatch
    ) throws {
        guard fold.admitActivation(entry.event, entry: reader.index), let text = entry.event.policyText(decoder),
            text != policyText
        else { return }
        let policy = try parse(text)
        guard case .ledger(let history?) = rule else {
            throw problem(
                "policy \(policy.id) version \(policy.version) is activated here, and there is no history to "
                    + "fold it from")
        }
        drain(above: published, into: &facts, sameEntry: true)
        var past = try past(of: policy, until: frameOffset, history)
        var nothing = FactBatch()
        try past.fold(frame, at: frameOffset, until: reader.index, above: [], into: &nothing)
        do {
            try past.fold.succeed(fold, by: entry.event, entry: reader.index)
        } catch {
            throw problem("the policy that is activated here cannot be folded: \(error)")
        }
        encoder = FactEncoder(policy: policy, previous: fold.policy, partition: partition, ledger: identity.name)
        swap(&fold, &past.fold)
        policyText = text
        typeIDs.removeAll(keepingCapacity: true)
    }

    /// What lies before a ledger offset, folded under `policy`.
    private func past(of policy: ScoringPolicy, until end: Int64, _ history: History) throws -> PartitionFold {
        var nothing = FactBatch()
        return try SkipSearch.passingOver(skipped, in: { _ in try history(end) }) { skipped in
            var past = PartitionFold(partition: partition, pastOf: policy, maximumSessions: maximumSessions)
            past.skipped = skipped
            let frames = try history(end)
            while let frame = try frames.next(), frame.offset < end {
                try past.fold(frame.bytes, at: frame.offset, above: [], into: &nothing)
                past.fold.clearOutput()
            }
            return past
        }
    }

    /// What the state would be right behind the activation of `policy` here: `history` gives the frames that were folded.
    /// Changes the fold in nothing that anyone could see.
    public mutating func preview(_ policy: ScoringPolicy, history: History) throws -> Fold {
        var past = try past(of: policy, until: nextOffset, history)
        var event = EventView.empty
        event.time = fold.clock
        do {
            try past.fold.succeed(fold, by: event, entry: 0, isPreview: true)
        } catch {
            throw problem("\(error)")
        }
        var result = Fold(policy: .absent)
        swap(&result, &past.fold)
        return result
    }

    private func problem(_ message: String) -> Problem {
        Problem(partition: partition, offset: frameOffset, message: message)
    }

    /// Numbers the facts that wait in the fold, and adds to `facts` those above `published`.
    private mutating func drain(above published: [Int64], into facts: inout FactBatch, sameEntry: Bool = false) {
        if !fold.keepsFacts {
            for topic in sequences.indices { sequences[topic] += fold.output.counts[topic] }
            fold.clearOutput(sameEntry: sameEntry)
            return
        }
        guard let encoder else { return }
        for index in fold.output.facts.indices {
            let fact = fold.output.facts[index]
            let topic = fact.kind.topic
            sequences[topic.rawValue] += 1
            let sequence = sequences[topic.rawValue]
            guard sequence > published[topic.rawValue] else { continue }
            facts.append(topic, sequence, key: fact.subject) {
                encoder.encode(
                    fact, reasons: fold.output.reasons, offset: frameOffset, sequence: sequence, into: &$0)
            }
        }
        fold.clearOutput(sameEntry: sameEntry)
    }

    /// The policy that is active here; nil before the first entry.
    public var policy: ScoringPolicy? { encoder == nil ? nil : fold.policy }
}
