internal import CEL
internal import Policy

extension Fold {
    /// Limits of the work in one call: counts, and never a time, so that it is the same on every machine. The result of
    /// the whole does not depend on how the work is divided.
    public struct Allowance: Hashable, Sendable {
        /// Timers that are sorted or fire, and early events and voids that expire. The buckets of a subject that end
        /// together are one step, so slightly more timers than this may fire.
        public var timers: Int
        /// Facts in `output`. A step begins only if there is room for the largest possible step (`maximumStepFacts`). A
        /// subject's enrolment and its early events are one step, and may exceed the limit.
        public var facts: Int
        /// Subjects that another policy takes over. Each counts three times: when its key is measured, when it is
        /// paired, and when its facts are emitted.
        public var subjects: Int
        /// Units of work of the policy's expressions (`Limit.cost`). A step begins while some are left. Its cost is
        /// subtracted when the next step begins.
        public var cost: Int

        public init(timers: Int = .max, facts: Int = .max, subjects: Int = .max, cost: Int = .max) {
            (self.timers, self.facts, self.subjects, self.cost) = (timers, facts, subjects, cost)
        }

        /// Folds everything in one call.
        public static let unlimited = Allowance()
    }

    /// The most facts of one step: one score; for each sanction one that an event lifts, one that it imposes and one
    /// that follows from the points; one for each perk; and one for a sanction's timer.
    public var maximumStepFacts: Int { 2 + 3 * policy.sanctions.count + policy.perks.count }

    var hasRoomForStep: Bool { allowance.cost > 0 && output.facts.count <= allowance.facts - maximumStepFacts }

    /// Begins a behaviour event: resets the cost that its expressions may have together.
    @inline(__always) mutating func allowEvent() {
        allowance.cost -= eventFrame.spent
        eventFrame.allow(version >= .fourth ? Limit.stepCost : .max)
    }

    /// Begins a step of a subject: resets the cost that its rules over measures, levels and perks may have together.
    @inline(__always) mutating func allowStep() {
        allowance.cost -= standingFrame.spent
        standingFrame.allow(version >= .sixth ? Limit.stepCost : .max)
    }
}
