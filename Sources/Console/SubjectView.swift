public import Events

/// One subject: the standing, its history, and the way back.
public struct SubjectView: Sendable {
    public var id: SubjectID
    public var kind: String
    public var score: Int
    public var minimum: Int
    public var maximum: Int
    public var base: Int
    /// In the policy's order, the lowest first.
    public var bands: [Band]
    public var band: String
    public var policy: String
    public var enrolled: Timestamp
    /// The partition's clock.
    public var clock: Timestamp
    public var partition: Int
    public var dimensions: [Dimension]
    public var sanctions: [Sanction]
    public var perks: [Perk]
    /// The changes of the score, the oldest first. The first is the enrolment.
    public var steps: [Step]
    /// The number of older steps that are left out.
    public var olderSteps: Int
    /// Sentences about how the score rises or a sanction ends, the nearest first.
    public var wayBack: [String]
    /// The newest first.
    public var events: [FileEvent]
    public var appeals: [Appeal]
    /// The looks at the file, the newest first; nil if the caller may not see them.
    public var looks: [Look]?
    /// A sentence about the change of everybody's score that is being folded; nil if there is none.
    public var change: String?

    public init(
        id: SubjectID, kind: String, score: Int, minimum: Int, maximum: Int, base: Int, bands: [Band], band: String,
        policy: String, enrolled: Timestamp, clock: Timestamp, partition: Int, dimensions: [Dimension],
        sanctions: [Sanction], perks: [Perk], steps: [Step], olderSteps: Int, wayBack: [String], events: [FileEvent],
        appeals: [Appeal], looks: [Look]?
    ) {
        (self.id, self.kind, self.score, self.minimum, self.maximum) = (id, kind, score, minimum, maximum)
        (self.base, self.bands, self.band, self.policy) = (base, bands, band, policy)
        (self.enrolled, self.clock, self.partition) = (enrolled, clock, partition)
        (self.dimensions, self.sanctions, self.perks) = (dimensions, sanctions, perks)
        (self.steps, self.olderSteps, self.wayBack) = (steps, olderSteps, wayBack)
        (self.events, self.appeals, self.looks) = (events, appeals, looks)
    }

    public struct Band: Sendable {
        public var name: String
        public var from: Int

        public init(name: String, from: Int) { (self.name, self.from) = (name, from) }
    }

    public struct Dimension: Sendable {
        public var name: String
        public var points: Int
        public var minimum: Int?
        public var maximum: Int?
        public var reasons: [Reason]

        public init(name: String, points: Int, minimum: Int?, maximum: Int?, reasons: [Reason]) {
            (self.name, self.points, self.reasons) = (name, points, reasons)
            (self.minimum, self.maximum) = (minimum, maximum)
        }
    }

    public struct Reason: Sendable {
        public var rule: String
        public var dimension: String
        public var points: Int

        public init(rule: String, dimension: String, points: Int) {
            (self.rule, self.dimension, self.points) = (rule, dimension, points)
        }
    }

    public struct Step: Sendable {
        public var time: Timestamp
        public var score: Int
        public var band: String
        public var reasons: [Reason]
        /// An event's type, or a description of the timer.
        public var cause: String
        /// The event's source and id; nil for a timer.
        public var event: EventName?

        public init(time: Timestamp, score: Int, band: String, reasons: [Reason], cause: String, event: EventName?) {
            (self.time, self.score, self.band) = (time, score, band)
            (self.reasons, self.cause, self.event) = (reasons, cause, event)
        }
    }

    public struct Perk: Sendable {
        public var name: String
        public var isHeld: Bool
        /// When a perk ends whose condition is false; nil if it does not end.
        public var ends: Timestamp?
        /// The condition in a plain sentence.
        public var sentence: String

        public init(name: String, isHeld: Bool, ends: Timestamp?, sentence: String) {
            (self.name, self.isHeld, self.ends, self.sentence) = (name, isHeld, ends, sentence)
        }
    }

    /// A look at the file, or an act about the subject.
    public struct Look: Sendable {
        public var time: Timestamp
        public var actor: String
        /// The action's name in the audit.
        public var action: String
        public var outcome: String
        public var purpose: String?

        public init(time: Timestamp, actor: String, action: String, outcome: String, purpose: String?) {
            (self.time, self.actor, self.action) = (time, actor, action)
            (self.outcome, self.purpose) = (outcome, purpose)
        }
    }
}

/// The source and id of an event.
public struct EventName: Hashable, Sendable {
    public var source: String
    public var id: String

    public init(source: String, id: String) { (self.source, self.id) = (source, id) }
}

public struct Sanction: Sendable {
    public enum State: String, Sendable { case noticed, inForce = "in force", stayed }

    public var name: String
    public var state: State
    public var dimension: String
    /// The measures that are blocked while the sanction is in force.
    public var measures: [String]
    public var imposed: Timestamp
    /// The end of the notice.
    public var inForce: Timestamp
    public var ends: Timestamp
    /// When an open appeal lapses, which lifts the sanction; nil if there is no open appeal.
    public var decideBy: Timestamp?
    public var canAppeal: Bool
    /// Why it was imposed, in a sentence.
    public var sentence: String

    public init(
        name: String, state: State, dimension: String, measures: [String], imposed: Timestamp, inForce: Timestamp,
        ends: Timestamp, decideBy: Timestamp?, canAppeal: Bool, sentence: String
    ) {
        (self.name, self.state, self.dimension, self.measures) = (name, state, dimension, measures)
        (self.imposed, self.inForce, self.ends) = (imposed, inForce, ends)
        (self.decideBy, self.canAppeal, self.sentence) = (decideBy, canAppeal, sentence)
    }
}

/// An event of a subject's file.
public struct FileEvent: Sendable {
    public var time: Timestamp
    public var type: String
    public var name: EventName
    public var partition: Int
    public var offset: Int64
    /// Its points, by rule.
    public var reasons: [SubjectView.Reason]
    /// Why it gave no points, or another remark; nil if there is none.
    public var note: String?
    public var data: String
    /// Whether a void removes it, or an appeal if that is upheld.
    public var isStruck: Bool

    public init(
        time: Timestamp, type: String, name: EventName, partition: Int, offset: Int64,
        reasons: [SubjectView.Reason], note: String?, data: String, isStruck: Bool
    ) {
        (self.time, self.type, self.name, self.partition, self.offset) = (time, type, name, partition, offset)
        (self.reasons, self.note, self.data, self.isStruck) = (reasons, note, data, isStruck)
    }
}
