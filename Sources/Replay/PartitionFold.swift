public import Events
public import Ledger
public import Policy
public import Scoring

/// One ledger partition, folded: frames in, facts out. `Acceptance` decides which entries count, `Fold` what they do.
///
/// It is the whole state of a partition, and a pure function of the partition's frames: the same frames give the same
/// standings, and the same facts with the same sequence numbers.
///
/// It may move from one thread to another (`@unchecked`): it is the only owner of its tables and decoder.
public struct PartitionFold: ~Copyable, @unchecked Sendable {
    /// The frames of the partition from its first up to, not including, those at the offset. A policy that is activated
    /// there is folded from them, and so is the state without a source that is withdrawn there. If they may not be
    /// available yet, `waitsForHistory` is true between two slices.
    public typealias History = @Sendable (_ end: Int64) throws -> any FrameFeed

    /// The frames of the partition in a range of offsets, from which a shadow is folded. Frames before the range do no
    /// harm.
    public typealias RangeHistory = @Sendable (_ offsets: Range<Int64>) throws -> any FrameFeed

    public let partition: Int32
    /// Without a policy, and empty, until the partition's first entry has one.
    public internal(set) var fold: Fold
    /// The ledger offset of the next frame. While a frame is folded in part (`isWithinFrame`) it is that frame's.
    public private(set) var nextOffset: Int64 = 0
    public var acceptance: Acceptance { reader.acceptance }
    /// The last sequence number of each fact topic, by `FactTopic.rawValue`.
    public internal(set) var sequences = [Int64](repeating: 0, count: FactTopic.allCases.count)
    /// The ledger's identity, from its first entry and from the entries that moved it to a newer fold version.
    public internal(set) var identity = LedgerIdentity.unnamed
    /// The active policy's text.
    public internal(set) var policyText = ""

    /// Ledger offsets of records that are passed over as far as they cannot be read or folded (`SkipSearch`).
    public internal(set) var skipped: Set<Int64> = []
    /// Names of the source topics that are withdrawn, in the order in which they were.
    public var withdrawnSources: [[UInt8]] { reader.leftOut }
    /// Behaviour events of such a topic since this state began or was read from a snapshot. They moved the clock, and no
    /// more.
    public func leftOutEntries(of topic: [UInt8]) -> Int64 { reader.leftOutEntries(of: topic) }
    /// Whether an error occurred within a frame: nothing may be folded into this state any more.
    public private(set) var isSpoiled = false

    /// Events of subjects that were not enrolled, before the diagnosis began, at the number of their source topic plus
    /// one.
    var notEnrolledBefore: [Int64] = []
    let rule: Rule
    let maximumSessions: Int
    let known: KnownFoldVersions
    /// Whether the partition's first entry, which has a policy, is folded.
    var hasBegun = false
    var encoder: FactEncoder?
    let decoder = EventDecoder()

    /// The next work in a frame.
    enum Phase {
        /// No frame is open.
        case outside
        case reading
        /// `entry` is Standing's own: everything that was read before it is folded, and then it.
        case system
        /// `entry` activates a policy, or withdraws or restores a source: everything that was read before it is folded,
        /// and then it.
        case activation
        /// The switch to the state that follows from `entry` is in progress.
        case switching
        /// No further entry is to be read.
        case end
    }

    var phase = Phase.outside
    private(set) var reader: EntryReader
    /// The last entry that was read.
    private(set) var entry = FrameReader.blank
    private(set) var frameOffset: Int64 = 0
    /// The clock before the frame at `frameOffset`.
    private var clockBefore = Timestamp.distantPast
    /// The partition's clock at `nextOffset`. While a frame is folded in part the state's own clock may be beyond it.
    public var clock: Timestamp { isWithinFrame ? clockBefore : fold.clock }
    private var frameBytes = 0
    /// Whether the frame is passed over as far as it cannot be folded.
    private var isSkipped = false
    /// Whether the frame can be read to its end.
    private var isWhole = false
    private var typeIDs: [EventTypeID] = []
    var batch = FoldBatch()
    /// The work that may still be done in this call.
    var left = Slice.unbounded
    /// The switch in progress.
    var candidate: PolicyCandidate?
    /// The last candidate, with the state before it, or with a state that could not be used, and a shadow that began
    /// anew; empty after they are taken.
    var retired: [AnyObject] = []
    /// The policy that is folded beside the active one. It does not change this state.
    var shadowFold: ShadowFold?
    /// Nil if the state has all texts of earlier events that it may need.
    var earlierEvents: EarlierEventLookUp?

    /// Follows the ledger's policies. Without a `history` it follows only the first and refuses a frame that activates
    /// another, or withdraws a source. Simulations pass `maximumSessions` and `known` that differ from the fold's own.
    public init(
        partition: Int32, history: History? = nil, storesFacts: Bool = true,
        maximumSessions: Int = Acceptance.maximumSessions, known: KnownFoldVersions = KnownFoldVersions()
    ) {
        self.init(
            partition, .ledger(history: history), Fold(policy: .absent), storesFacts: storesFacts,
            Acceptance(maximumSessions: maximumSessions), maximumSessions, known)
    }

    /// The standings and facts that would exist if this policy had always been active. The ledger's own policies are
    /// ignored. `history` and `maximumSessions` are as above. With `topics` these sources are left out from the first
    /// entry on, and the ledger's withdrawals and restorations of sources are ignored too.
    public init(
        partition: Int32, fixedPolicy policy: ScoringPolicy, leavingOut topics: [[UInt8]]? = nil,
        history: History? = nil, storesFacts: Bool = true, maximumSessions: Int = Acceptance.maximumSessions
    ) {
        self.init(
            partition, topics == nil ? .fixed(history: history) : .fixedSources, Fold(policy: policy),
            storesFacts: storesFacts, Acceptance(maximumSessions: maximumSessions), maximumSessions)
        leaveOut(topics ?? [])
        policyText = policy.text
        encoder = FactEncoder(policy: policy, partition: partition, ledger: nil)
    }

    /// A policy's past or its shadow, according to `rule`.
    init(partition: Int32, of policy: ScoringPolicy, as rule: Rule, maximumSessions: Int) {
        self.init(
            partition, rule, rule.fold(of: policy), storesFacts: false, Acceptance(maximumSessions: maximumSessions),
            maximumSessions)
    }

    /// Continues from a stored state.
    init(
        partition: Int32, history: History?, fold: consuming Fold, identity: LedgerIdentity, policyText: String,
        acceptance: Acceptance, withdrawnSources: [[UInt8]], maximumSessions: Int, known: KnownFoldVersions,
        nextOffset: Int64, sequences: [Int64]
    ) {
        self.init(partition, .ledger(history: history), fold, storesFacts: true, acceptance, maximumSessions, known)
        self.identity = identity
        encoder = FactEncoder(policy: self.fold.policy, partition: partition, ledger: identity.name)
        (self.policyText, self.nextOffset, self.sequences) = (policyText, nextOffset, sequences)
        leaveOut(withdrawnSources)
        hasBegun = true
    }

    private init(
        _ partition: Int32, _ rule: Rule, _ fold: consuming Fold, storesFacts: Bool,
        _ acceptance: Acceptance = Acceptance(), _ maximumSessions: Int = Acceptance.maximumSessions,
        _ known: KnownFoldVersions = KnownFoldVersions()
    ) {
        self.partition = partition
        self.known = known
        self.rule = rule
        self.maximumSessions = maximumSessions
        reader = EntryReader(acceptance)
        self.fold = fold
        self.fold.storesFacts = storesFacts
    }

    /// Entries that would move the clock beyond this are not folded, and neither is any entry after the first of them.
    public var horizon: Timestamp?
    public private(set) var hasReachedHorizon = false

    /// Moves the clock to `time` if it is before that, and fires what is due by then, as an entry after the last one
    /// would. Not allowed while a frame is folded in part.
    public mutating func finish(at time: Timestamp, above published: [Int64], into facts: inout EncodedFacts) {
        precondition(!isWithinFrame, "the frame at offset \(frameOffset) is folded in part")
        frameOffset = nextOffset
        fold.tick(time, entry: 0)
        drain(above: published, into: &facts)
    }

    /// From now on exactly these source topics are left out.
    mutating func leaveOut(_ topics: [[UInt8]]) { reader.leaveOut(topics) }

    /// From now on the record at this offset, which is the next one, is passed over as far as it cannot be read or
    /// folded.
    public mutating func skip(_ offset: Int64) {
        skipped.insert(offset)
        shadowFold?.skip(offset)
    }

    /// Folds a frame, or continues with it, as far as `left` allows. `end` is the index in the frame of the first entry
    /// that is not to be folded.
    mutating func fold(
        _ frame: UnsafeRawBufferPointer, at offset: Int64, until end: Int = .max, above published: [Int64],
        into facts: inout EncodedFacts
    ) throws -> Progress {
        if isWithinFrame {
            goOn(with: frame, at: offset)
        } else if try !open(frame, at: offset) {
            nextOffset = offset + 1
            return .done
        }
        do {
            if try foldEntries(of: frame, until: end, above: published, into: &facts) {
                phase = .outside
                nextOffset = offset + 1
                return .done
            }
            try checkRest(of: frame)
            return .unfinished
        } catch {
            (phase, candidate, isSpoiled) = (.outside, nil, true)
            if let error = error as? FrameError {
                throw problem(error.description, needsNewerProgram: error.code == .unknownVersion)
            }
            throw error
        }
    }

    /// Returns false if the frame is passed over, or does not count.
    private mutating func open(_ frame: UnsafeRawBufferPointer, at offset: Int64) throws -> Bool {
        frameOffset = offset
        frameBytes = frame.count
        clockBefore = fold.clock
        // Drops the rest of a frame that was refused in part, because its entries borrow freed memory.
        batch.removeAll()
        earlierEvents?.forget()
        isSkipped = !skipped.isEmpty && skipped.contains(offset)
        guard !isSkipped || EntryReader.defect(in: frame) == nil else {
            reader.pass(frame)
            return false
        }
        do {
            guard try reader.open(frame) else { return false }
        } catch {
            throw problem(error.description)
        }
        forgetTypes()
        isWhole = isSkipped
        phase = .reading
        return true
    }

    /// Whether this can be the frame that is folded in part, if there is one.
    func isOpen(_ frame: UnsafeRawBufferPointer, at offset: Int64) -> Bool {
        !isWithinFrame || (offset == frameOffset && frame.count == frameBytes)
    }

    /// Continues with the frame that is folded in part, at its present address.
    private mutating func goOn(with frame: UnsafeRawBufferPointer, at offset: Int64) {
        precondition(
            offset == frameOffset && frame.count == frameBytes,
            "the frame at offset \(frameOffset) is folded in part, and another is given")
        guard let move = reader.move(to: frame) else { return }
        move.move(&entry)
        batch.move(move)
    }

    /// Called before the first part of a frame gives its facts. Facts of a frame that cannot be read to its end must
    /// not be published: an operator may have the whole frame passed over, as if it had never been written.
    private mutating func checkRest(of frame: UnsafeRawBufferPointer) throws {
        if isWhole { return }
        if rule.isBeside { return }
        if let defect = EntryReader.defect(in: frame) { throw defect }
        isWhole = true
    }

    /// Returns false if the slice is used up before the frame.
    private mutating func foldEntries(
        of frame: UnsafeRawBufferPointer, until end: Int, above published: [Int64], into facts: inout EncodedFacts
    ) throws -> Bool {
        while true {
            do {
                switch phase {
                case .reading: guard try read(until: end) else { return false }
                case .system:
                    guard try foldBatch() else { return false }
                    phase = .reading
                    try applySystem(above: published, into: &facts)
                case .activation:
                    guard try foldBatch(), try beginSwitch(above: published, into: &facts) else { return false }
                case .switching:
                    guard try goOnSwitching(frame, above: published, into: &facts) else { return false }
                case .end: return try foldBatch()
                case .outside: preconditionFailure("no frame is open")
                }
            } catch  where isSkipped && error is Problem {
                // This entry is passed over.
                (phase, candidate) = (.reading, nil)
            }
        }
    }

    /// Reads and folds entries up to the end, or up to one before which all others must be folded. Returns false if the
    /// slice is used up first.
    private mutating func read(until end: Int) throws -> Bool {
        // The rest of the previous part.
        guard try foldBatch() else { return false }
        while true {
            guard left.entries > 0, left.cost > 0 else {
                _ = try foldBatch()
                return false
            }
            guard try reader.next(&entry), reader.index < end else {
                phase = .end
                return true
            }
            if let horizon, entry.event.time > horizon, !reader.isOutOfRange {
                hasReachedHorizon = true
                phase = .end
                return true
            }
            left.entries -= 1
            if entry.kind == .system {
                phase = .system
                return true
            }
            if try take() {
                phase = .activation
                return true
            }
            guard try !batch.isFull || foldBatch() else { return false }
        }
    }

    /// Returns true if a switch may follow from the entry, so that everything before it must be folded first.
    @inline(__always) private mutating func take() throws -> Bool {
        guard hasBegun else { throw problem("the partition does not begin with a policy") }
        var type: EventTypeID?
        if entry.kind == .event {
            type = typeID()
            if let type, type.isControl, isOfSwitch(type) { return true }
        }
        batch.append(
            Fold.Item(
                event: entry.event, type: type, entry: reader.index, isFrozen: reader.isFrozen,
                topic: Int32(truncatingIfNeeded: reader.topic)))
        return false
    }

    @inline(__always) private func isOfSwitch(_ type: EventTypeID) -> Bool {
        let isOfSource = type == EventTypeID(.sourceWithdrawn) || type == EventTypeID(.sourceRestored)
        guard isOfSource || type == EventTypeID(.policyActivated) else { return false }
        return switch rule {
        case .ledger: true
        case .fixed: isOfSource
        case .fixedSources, .past, .shadow: false
        }
    }

    /// Returns false if the slice is used up before the batch, or if the fold asks for earlier events.
    private mutating func foldBatch() throws -> Bool {
        guard !batch.isEmpty else { return true }
        fold.allowance = left.allowance
        batch.noteFolded(fold.fold(batch.rest))
        left.settle(&fold)
        guard batch.rest.isEmpty else {
            if fold.lacksEarlierEvents { try askForEarlierEvents() }
            return false
        }
        earlierEvents?.forget()
        batch.removeAll()
        return true
    }

    mutating func forgetTypes() { typeIDs.removeAll(keepingCapacity: true) }

    /// The types of a frame's dictionary are resolved once per frame.
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

    /// The active policy; nil before the first entry.
    public var policy: ScoringPolicy? { encoder == nil ? nil : fold.policy }

    /// The same, for owners that store it.
    public var sharedPolicy: SharedPolicy? { encoder == nil ? nil : fold.sharedPolicy }
}
