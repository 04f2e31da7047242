public import Events
public import Policy

/// A subject's score, band, dimensions and perks at a point of the ledger, and what made them.
/// Dimensions, rules, bands and perks are numbers of the policy.
public struct Standing: Sendable, Equatable {
    /// What a rule's events add up to, after its cap.
    public struct Contribution: Sendable, Equatable {
        public var rule: Int
        public var points: Int64
        public var events: Int64
    }

    public var subject: [UInt8]
    public var kind: SubjectKind
    public var terms: String
    public var level: Fact.Level
    public var dimensions: [Int64]
    public var contributions: [Contribution]
    public var perks: [Int]
}

extension Standing {
    /// The members of the line that `standing replay` prints, without braces:
    /// `"subject","kind","score","band","dimensions","sanctions","perks"`.
    private func writeMembers(to writer: inout ByteWriter, policy: ScoringPolicy) {
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
        writer.append("},\"sanctions\":[],\"perks\":[")
        for (index, perk) in perks.enumerated() {
            if index > 0 { writer.append(byte: 0x2C) }
            writer.append(jsonString: policy.perks[perk].id)
        }
        writer.append("]")
    }

    /// One line, newline included.
    public func writeLine(to writer: inout ByteWriter, policy: ScoringPolicy) {
        writer.append(byte: 0x7B)
        writeMembers(to: &writer, policy: policy)
        writer.append("}\n")
    }

    /// The standing with what made it: `terms`, and `contributions` [{`rule`,`dimension`,`points`,`events`}],
    /// largest first.
    public func writeExplained(to writer: inout ByteWriter, policy: ScoringPolicy, clock: Timestamp) {
        writer.append(byte: 0x7B)
        writeMembers(to: &writer, policy: policy)
        writer.append(",\"terms\":")
        writer.append(jsonString: terms)
        writer.append(",\"base\":")
        writer.append(decimal: policy.score.base)
        writer.append(",\"contributions\":[")
        let ordered = contributions.sorted { ($1.points.magnitude, $0.rule) < ($0.points.magnitude, $1.rule) }
        for (index, item) in ordered.enumerated() {
            if index > 0 { writer.append(byte: 0x2C) }
            let rule = policy.rules[item.rule]
            writer.append("{\"rule\":")
            writer.append(jsonString: rule.id)
            writer.append(",\"dimension\":")
            writer.append(jsonString: policy.dimensions[rule.dimension].name)
            writer.append(",\"points\":")
            writer.append(decimal: item.points)
            writer.append(",\"events\":")
            writer.append(decimal: item.events)
            writer.append(byte: 0x7D)
        }
        writer.append("],\"policy\":{\"id\":")
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
