public import Events
public import Policy

/// A subject's score, band, dimensions, sanctions and perks at a point of the ledger, and what made them.
/// Dimensions, rules, measures, attributes, bands and perks are numbers of the policy.
public struct Standing: Sendable, Equatable {
    /// The points of a rule's events in its live buckets or its window, after caps. A rule over measures has its
    /// points, and no events.
    public struct Contribution: Sendable, Equatable {
        public var rule: Int
        public var points: Int64
        public var events: Int64
    }

    /// A measure of the subject's kind.
    public struct Measure: Sendable, Equatable {
        public var measure: Int
        /// Nil if it is absent.
        public var value: Int64?
        /// Events in its window. A streak also counts those that break it.
        public var events: Int64
    }

    /// An attribute that the subject has.
    public struct Attribute: Sendable, Equatable {
        public var attribute: Int
        /// Its value.
        public var json: [UInt8]
    }

    /// A sanction that is not idle.
    public struct Sanction: Sendable, Equatable {
        /// The sanction's number in the policy.
        public var sanction: Int
        public var state: SanctionState
        public var since: Timestamp
        public var until: Timestamp
        /// The end of its notice; nil if it is in force.
        public var inForceFrom: Timestamp?
        /// When an undecided appeal lapses in the subject's favour.
        public var decideBy: Timestamp?
        /// Whether an appeal is possible now.
        public var mayAppeal: Bool
    }

    /// The subject's id, UTF-8.
    public var subject: [UInt8]
    public var kind: SubjectKind
    /// The terms of the last enrolment.
    public var terms: String
    public var level: Fact.Level
    /// Points by dimension, after its clamp.
    public var dimensions: [Int64]
    /// Rules with events or points, in policy order.
    public var contributions: [Contribution]
    /// In policy order.
    public var sanctions: [Sanction]
    /// Granted perks, in policy order.
    public var perks: [Int]
    /// Conditions and points of rules that could not be evaluated for this subject's events.
    public var errors: Int64
    /// Events that do not count because the subject had `Fold.maximumSubjectEvents` before them.
    public var beyondLimit: Int64
    public var measures: [Measure] = []
    public var attributes: [Attribute] = []
}

extension Standing {
    /// The members of the line that `standing replay` prints, without braces:
    /// `"subject","kind","score","band","dimensions","sanctions","perks"`.
    private func writeMembers(to writer: inout ByteWriter, policy: ScoringPolicy, isExplained: Bool) {
        writer.append("\"subject\":")
        subject.withUnsafeBytes { writer.append(jsonString: $0) }
        writer.append(",\"kind\":\"")
        writer.append(kind.name)
        writer.append("\",\"score\":")
        writer.append(decimal: level.score)
        writer.append(",\"band\":")
        writer.append(jsonString: policy.bands[level.band].name)
        writer.append(",\"dimensions\":{")
        for (index, points) in dimensions.enumerated() {
            if index > 0 { writer.append(byte: 0x2C) }
            writer.append(jsonString: policy.dimensions[index].name)
            writer.append(byte: 0x3A)
            writer.append(decimal: points)
        }
        writer.append("},\"sanctions\":[")
        for (index, item) in sanctions.enumerated() {
            if index > 0 { writer.append(byte: 0x2C) }
            writer.append("{\"id\":")
            writer.append(jsonString: policy.sanctions[item.sanction].id)
            writer.append(",\"state\":\"")
            writer.append(item.state.name)
            writer.append(byte: 0x22)
            if isExplained { item.writeTerm(to: &writer, policy: policy) }
            writer.append(byte: 0x7D)
        }
        writer.append("],\"perks\":[")
        for (index, perk) in perks.enumerated() {
            if index > 0 { writer.append(byte: 0x2C) }
            writer.append(jsonString: policy.perks[perk].id)
        }
        writer.append("]")
    }

    /// Appends one line, with its newline.
    public func writeLine(to writer: inout ByteWriter, policy: ScoringPolicy) {
        writer.append(byte: 0x7B)
        writeMembers(to: &writer, policy: policy, isExplained: false)
        writer.append("}\n")
    }

    /// Writes the standing with its causes: `terms`, `base`, `contributions` [{`rule`,`dimension`,`points`,`events`}],
    /// largest first, `errors` (conditions and points that could not be evaluated for this subject), `policy` and
    /// `clock`. If the policy has any: `measures` [{`measure`,`dimension`,`value`,`events`}], whose value is null if it
    /// is absent, and `attributes` {name: value}. If there are any: `beyondLimit`, the events beyond the subject's
    /// limit. Each of the `sanctions` also has `measures`, `since`, `until`, `inForceFrom` (until it is in force),
    /// `decideBy` (while an appeal is undecided) and `mayAppeal`.
    public func writeExplained(to writer: inout ByteWriter, policy: ScoringPolicy, clock: Timestamp) {
        writer.append(byte: 0x7B)
        writeMembers(to: &writer, policy: policy, isExplained: true)
        writer.append(",\"terms\":")
        writer.append(jsonString: terms)
        writer.append(",\"base\":")
        writer.append(decimal: policy.score.base)
        writer.append(",\"contributions\":[")
        let ordered = contributions.sorted { ($1.points.magnitude, $0.rule) < ($0.points.magnitude, $1.rule) }
        for (index, item) in ordered.enumerated() {
            if index > 0 { writer.append(byte: 0x2C) }
            writer.append("{\"rule\":")
            writer.append(jsonString: policy.rules[item.rule].id)
            writer.append(",\"dimension\":")
            writer.append(jsonString: policy.dimensions[policy.rules[item.rule].dimension].name)
            writer.append(",\"points\":")
            writer.append(decimal: item.points)
            writer.append(",\"events\":")
            writer.append(decimal: item.events)
            writer.append(byte: 0x7D)
        }
        writer.append("]")
        if !policy.measures.isEmpty { writeMeasures(to: &writer, policy: policy) }
        if !policy.attributes.isEmpty { writeAttributes(to: &writer, policy: policy) }
        writer.append(",\"errors\":")
        writer.append(decimal: errors)
        if beyondLimit > 0 {
            writer.append(",\"beyondLimit\":")
            writer.append(decimal: beyondLimit)
        }
        writer.append(",\"policy\":{\"id\":")
        writer.append(jsonString: policy.id)
        writer.append(",\"version\":")
        writer.append(decimal: policy.version)
        writer.append("},\"clock\":")
        if clock == .distantPast {
            writer.append("null")
        } else {
            writer.append(byte: 0x22)
            writer.append(clock)
            writer.append(byte: 0x22)
        }
        writer.append(byte: 0x7D)
    }
}

extension Standing {
    private func writeMeasures(to writer: inout ByteWriter, policy: ScoringPolicy) {
        writer.append(",\"measures\":[")
        for (index, item) in measures.enumerated() {
            if index > 0 { writer.append(byte: 0x2C) }
            let measure = policy.measures[item.measure]
            writer.append("{\"measure\":")
            writer.append(jsonString: measure.id)
            writer.append(",\"dimension\":")
            writer.append(jsonString: policy.dimensions[measure.dimension].name)
            writer.append(",\"value\":")
            if let value = item.value { writer.append(decimal: value) } else { writer.append("null") }
            writer.append(",\"events\":")
            writer.append(decimal: item.events)
            writer.append(byte: 0x7D)
        }
        writer.append("]")
    }

    private func writeAttributes(to writer: inout ByteWriter, policy: ScoringPolicy) {
        writer.append(",\"attributes\":{")
        for (index, item) in attributes.enumerated() {
            if index > 0 { writer.append(byte: 0x2C) }
            writer.append(jsonString: policy.attributes[item.attribute].name)
            writer.append(byte: 0x3A)
            writer.append(item.json)
        }
        writer.append("}")
    }
}

extension Standing.Sanction {
    /// Writes the members after `id` and `state`.
    fileprivate func writeTerm(to writer: inout ByteWriter, policy: ScoringPolicy) {
        writer.append(",\"measures\":[")
        for (index, measure) in policy.sanctions[sanction].measures.enumerated() {
            if index > 0 { writer.append(byte: 0x2C) }
            writer.append(jsonString: measure)
        }
        writer.append("],\"since\":\"")
        writer.append(since)
        writer.append("\",\"until\":\"")
        writer.append(until)
        if let inForceFrom {
            writer.append("\",\"inForceFrom\":\"")
            writer.append(inForceFrom)
        }
        if let decideBy {
            writer.append("\",\"decideBy\":\"")
            writer.append(decideBy)
        }
        writer.append("\",\"mayAppeal\":")
        writer.append(mayAppeal ? "true" : "false")
    }
}
