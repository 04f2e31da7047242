internal import Ledger
internal import Policy
internal import Scoring

// A frame is folded in one call, or in several if the limits require it, with the same result.
extension PartitionFold {
    public enum Progress: Sendable {
        case done
        /// The slice is used up before the frame: the next call continues with it.
        case unfinished
    }

    /// Limits of one call: counts, and never a time, so that a call folds the same on every machine.
    public struct Slice: Hashable, Sendable {
        /// About 2 ms of an ordinary policy's entries.
        public static let standardEntries = Frame.maximumEntries
        public static let standardTimers = 1024
        public static let standardHistory = 2048
        public static let standardFacts = 2048
        /// About 1 ms of expressions over lists and texts. Comparisons of numbers cost nothing.
        public static let standardCost = 200_000

        /// Entries folded. Up to 256 more may remain from the previous call. A policy in the shadow folds the frame
        /// with as many entries and timers of its own.
        public internal(set) var entries: Int
        /// Timers that are sorted or fire, and early events and voids that expire, of the partition and of the history
        /// for a new policy. A step of a subject may fire slightly more than are left.
        public internal(set) var timers: Int
        /// Work for the switch of a policy, or for one in the shadow: frames and entries of the history that are read,
        /// and subjects that are taken over or compared.
        public internal(set) var history: Int
        /// Facts produced, including those that are published already. The limit is at least that of one step of the
        /// fold (`Fold.maximumStepFacts`; during a switch the sum of both policies). An enrolment and the early events
        /// that waited for it are one step, and may exceed it.
        public internal(set) var facts: Int
        /// Units of work of the policy's expressions (`Limit.cost`), and of those of a new policy for the history. The
        /// last step may exceed what is left.
        public internal(set) var cost: Int

        /// Each limit is at least 1, so that every call makes progress.
        public init(
            entries: Int = standardEntries, timers: Int = standardTimers, history: Int = standardHistory,
            facts: Int = standardFacts, cost: Int = standardCost
        ) {
            (self.entries, self.timers) = (max(1, entries), max(1, timers))
            (self.history, self.facts, self.cost) = (max(1, history), max(1, facts), max(1, cost))
        }

        public static let standard = Slice()
        /// Folds the whole frame in one call.
        public static let unbounded = Slice(
            entries: .max, timers: .max, history: .max, facts: .max, cost: .max)
    }

    /// A switch in progress: the partition is folded again under the new policy, or with other sources left out, while
    /// the old state is in use.
    public struct PolicySwitch: Hashable, Sendable {
        /// A source topic whose withdrawal or restoration is switched to.
        public struct Source: Hashable, Sendable, Codable {
            public let topic: String
            /// False if it is restored.
            public let isWithdrawn: Bool

            public init(topic: String, isWithdrawn: Bool) { (self.topic, self.isWithdrawn) = (topic, isWithdrawn) }
        }

        /// The policy that is active after the switch. An act about a source does not change it.
        public let id: String
        public let version: Int64
        /// Nil if the switch is to another policy.
        public let source: Source?
        /// Ledger offsets that are folded under it, of those before the frame that activates it. It restarts at 0 after
        /// a record is found that is passed over.
        public let folded: Int64
        public let total: Int64
    }

    /// Whether a frame is folded in part: the next call of `apply` must supply the same one. Until then no snapshot or
    /// digest of the state may be made.
    public var isWithinFrame: Bool { phase != .outside }

    /// The policy switch in progress; nil if there is none. Until it is done the fold is under the old policy, directly
    /// before the entry that activates the new one.
    public var policySwitch: PolicySwitch? {
        candidate.map {
            PolicySwitch(
                id: $0.policy.id, version: $0.policy.version, source: source(of: $0),
                folded: min($0.folded, frameOffset), total: frameOffset)
        }
    }

    private func source(of candidate: PolicyCandidate) -> PolicySwitch.Source? {
        guard let topics = candidate.withdrawnSources else { return nil }
        let withdrawn = topics.first { !withdrawnSources.contains($0) }
        let topic = withdrawn ?? withdrawnSources.first { !topics.contains($0) } ?? []
        return PolicySwitch.Source(topic: String(decoding: topic, as: UTF8.self), isWithdrawn: withdrawn != nil)
    }

    /// States that a switch has replaced, or could not use. They are only to be freed, which takes long if they are
    /// large.
    public struct Retired: @unchecked Sendable {
        let states: [AnyObject]
    }

    /// Returns the states that a switch has replaced, or could not use, since the last call; nil if there is none. They
    /// occupy memory until they are taken.
    public mutating func takeRetired() -> Retired? {
        defer { retired = [] }
        return retired.isEmpty ? nil : Retired(states: retired)
    }

    /// Whether the last slice ended because the history's next frame is not available yet. The fold cannot continue
    /// before it is.
    public var waitsForHistory: Bool { candidate?.isWaiting ?? false }

    /// Folds a part of a frame, and adds to `facts`, encoded, the facts of this part whose sequence number is above
    /// `published` (by fact topic). The caller calls again with the same frame and offset until it returns `.done`. The
    /// frame's bytes may have another address then, and `published` may have grown.
    ///
    /// Throws `Problem` if the frame cannot be read or folded, and errors of the history. A frame that cannot be read
    /// to its end is refused before it gives any facts.
    public mutating func apply(
        frame: UnsafeRawBufferPointer, at offset: Int64, above published: [Int64], into facts: inout EncodedFacts,
        within slice: Slice
    ) throws -> Progress {
        left = slice
        let before = nextOffset
        let step = fold.maximumStepFacts + (candidate?.folding.past.fold.maximumStepFacts ?? 0)
        left.facts = max(slice.facts, step)
        let progress = try fold(frame, at: offset, above: published, into: &facts)
        // The next facts may be of the same entry.
        drain(above: published, into: &facts, sameEntry: progress == .unfinished)
        if progress == .done, shadowFold != nil { followInShadow(frame, at: offset, from: before, within: slice) }
        return progress
    }

    /// Folds one frame, and adds to `facts`, encoded, those whose sequence number is above `published` (by fact topic).
    /// Throws `Problem` if it cannot be read or folded. The history must wait for its frames.
    public mutating func apply(
        frame: UnsafeRawBufferPointer, at offset: Int64, above published: [Int64], into facts: inout EncodedFacts
    ) throws {
        while try apply(frame: frame, at: offset, above: published, into: &facts, within: .unbounded) == .unfinished {
            precondition(!waitsForHistory, "the history's next frame is not here yet")
            precondition(earlierEventQuestions.isEmpty, "earlier events are asked for in slices alone")
        }
        retired = []
    }
}

extension PartitionFold.Slice {
    /// The limits that remain for the partition's own fold.
    var allowance: Fold.Allowance { Fold.Allowance(timers: timers, facts: facts, cost: cost) }

    /// Takes the rest of the allowance back from a fold. Facts are counted when they are drained.
    mutating func settle(_ fold: inout Fold) {
        (timers, cost) = (fold.allowance.timers, fold.allowance.cost)
        fold.allowance = .unlimited
    }

    var hasRoomForHistory: Bool { history > 0 && timers > 0 && cost > 0 }
}
