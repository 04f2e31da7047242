internal import Ledger
internal import Policy
internal import Scoring

// A frame is folded in one call, or in as many as its bounds make of it. What comes of it is the same.
extension PartitionFold {
    public enum Progress: Sendable {
        case done
        /// The slice is used up before the frame: the next call goes on with it.
        case unfinished
    }

    /// Bounds of one call: counts, and never a time, so that what is folded in a call is the same on every machine.
    public struct Slice: Hashable, Sendable {
        /// About 2 ms of an ordinary policy's entries.
        public static let standardEntries = Frame.maximumEntries
        public static let standardTimers = 1024
        public static let standardHistory = 2048
        public static let standardFacts = 2048
        /// About 1 ms of expressions that work on lists and texts. Comparisons of numbers cost nothing.
        public static let standardCost = 200_000

        /// Entries folded. Up to 256 more may be left over from the call before. A policy in the shadow folds the frame with as
        /// many, and as many timers, of its own.
        public internal(set) var entries: Int
        /// Timers that are put in order or fire, and early events and voids that wait no more, of the partition and of the
        /// history that a new policy is folded from. A step of a subject may fire some more than are left.
        public internal(set) var timers: Int
        /// What is done for the switch of a policy, or for one in the shadow: frames and entries of the history that are read, and
        /// subjects that are taken over or compared.
        public internal(set) var history: Int
        /// Facts produced, whether they are above what is published or not. A bound smaller than one step of the fold can have
        /// (`Fold.maximumStepFacts`, while a policy is switched that of both) is that. An enrolment with the early events that
        /// waited for it is one step, and may go beyond it.
        public internal(set) var facts: Int
        /// Units of work of the policy's expressions (`Limit.cost`), and of those of a new policy that the history is folded under.
        /// The last step may cost more than what is left.
        public internal(set) var cost: Int

        /// Of each bound at least 1, so that every call does something.
        public init(
            entries: Int = standardEntries, timers: Int = standardTimers, history: Int = standardHistory,
            facts: Int = standardFacts, cost: Int = standardCost
        ) {
            (self.entries, self.timers) = (max(1, entries), max(1, timers))
            (self.history, self.facts, self.cost) = (max(1, history), max(1, facts), max(1, cost))
        }

        public static let standard = Slice()
        /// The whole frame.
        public static let unbounded = Slice(
            entries: .max, timers: .max, history: .max, facts: .max, cost: .max)
    }

    /// A policy that is being switched to: the partition is folded once more under it, while the policy before is active.
    public struct PolicySwitch: Hashable, Sendable {
        public let id: String
        public let version: Int64
        /// Ledger offsets that are folded under it, of those before the frame that activates it. It begins again at 0 where a
        /// record is found that is passed over.
        public let folded: Int64
        public let total: Int64
    }

    /// A frame is folded in part: the next call of `apply` must bring the same one. Nothing is to be written or digested of the
    /// state until then, which lies between two frames.
    public var isWithinFrame: Bool { place != .outside }

    /// The policy switch that is under way; nil if there is none. Until it is done the fold is under the policy before, right
    /// before the entry that activates the new one.
    public var policySwitch: PolicySwitch? {
        candidate.map {
            PolicySwitch(
                id: $0.policy.id, version: $0.policy.version, folded: min($0.folded, frameOffset),
                total: frameOffset)
        }
    }

    /// A state that a switch has replaced, or could not use: its only use is to be let go, which takes long where it is large.
    public struct Retired: @unchecked Sendable {
        let state: AnyObject
    }

    /// The state that a switch has replaced, or could not use, since this was asked last; nil if there is none. Until it is taken it takes its memory.
    public mutating func takeRetired() -> Retired? {
        defer { retired = nil }
        return retired.map { Retired(state: $0) }
    }

    /// The last slice ended because the history's next frame is not here yet. Before it is there is nothing to go on with.
    public var waitsForHistory: Bool { candidate?.isWaiting ?? false }

    /// Folds a part of a frame, and adds to `facts`, encoded, those of this part whose sequence number is above `published` (by
    /// fact topic). Called again with the same frame and offset until it answers `.done`; the frame's bytes may lie elsewhere
    /// then, and `published` may have grown.
    ///
    /// Throws `Problem` where the frame cannot be read or folded, and what the history throws. A frame that cannot be read to its
    /// end is refused before it gives any facts.
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

    /// Folds one frame, and adds to `facts`, encoded, those whose sequence number is above `published` (by fact topic). Throws
    /// `Problem` where it cannot be read or folded. The history must be one that waits.
    public mutating func apply(
        frame: UnsafeRawBufferPointer, at offset: Int64, above published: [Int64], into facts: inout EncodedFacts
    ) throws {
        while try apply(frame: frame, at: offset, above: published, into: &facts, within: .unbounded) == .unfinished {
            precondition(!waitsForHistory, "the history's next frame is not here yet")
            precondition(earlierEventQuestions.isEmpty, "earlier events are asked for in slices alone")
        }
        retired = nil
    }
}

extension PartitionFold.Slice {
    /// What is left to the partition's own fold.
    var allowance: Fold.Allowance { Fold.Allowance(timers: timers, facts: facts, cost: cost) }

    /// Takes back what a fold has left of an allowance. The facts are counted where they are drained.
    mutating func settle(_ fold: inout Fold) {
        (timers, cost) = (fold.allowance.timers, fold.allowance.cost)
        fold.allowance = .unlimited
    }

    var hasRoomForHistory: Bool { history > 0 && timers > 0 && cost > 0 }
}
