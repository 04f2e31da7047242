internal import CEL
internal import Policy

extension Fold {
    /// What may be done before a call returns with a part of its work: counts, and never a time, so that it is the same on every
    /// machine. What comes of the whole is the same whatever the parts are.
    public struct Allowance: Hashable, Sendable {
        /// Timers that are put in order or fire, and early events and voids that wait no more. The buckets of a subject that end
        /// together are one step, so some more may fire than are left.
        public var timers: Int
        /// Facts in `output`. A step begins only where it has room for as many as a step can have (`maximumStepFacts`); the
        /// early events of a subject that enrols are one step with its enrolment, and may go beyond it.
        public var facts: Int
        /// Subjects that another policy takes over: each once where its key is measured, once where it is found, and once where it
        /// is told.
        public var subjects: Int
        /// Units of work of the policy's expressions (`Limit.cost`). A step begins while some are left, and is charged when the next
        /// one begins.
        public var cost: Int

        public init(timers: Int = .max, facts: Int = .max, subjects: Int = .max, cost: Int = .max) {
            (self.timers, self.facts, self.subjects, self.cost) = (timers, facts, subjects, cost)
        }

        public static let unlimited = Allowance()
    }

    /// No step of the fold has more facts: one of a score; of each sanction those that an event lifts and imposes, and one that
    /// follows from the points; one of each perk; one of a sanction's timer.
    public var maximumStepFacts: Int { 2 + 3 * policy.sanctions.count + policy.perks.count }

    var hasRoomForStep: Bool { allowance.cost > 0 && output.facts.count <= allowance.facts - maximumStepFacts }

    /// A behaviour event begins: what expressions over it may cost together.
    @inline(__always) mutating func allowEvent() {
        allowance.cost -= eventFrame.spent
        eventFrame.allow(version >= .fourth ? Limit.stepCost : .max)
    }

    /// A step of a subject begins: what rules over measures, levels and perks may cost together in it.
    @inline(__always) mutating func allowStep() {
        allowance.cost -= standingFrame.spent
        standingFrame.allow(version >= .sixth ? Limit.stepCost : .max)
    }
}
