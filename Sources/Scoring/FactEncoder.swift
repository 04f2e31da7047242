public import Events
public import Policy

/// Writes facts as CloudEvents JSON (SPEC section 7). The bytes follow from the ledger alone.
public struct FactEncoder {
    private let head: [UInt8]  // up to the id's value
    private let source: [UInt8]  // between the id's value and the subject
    private let policyObject: [UInt8]
    private let bands: [[UInt8]]
    private let rules: [[UInt8]]  // {"rule":…,"dimension":…,"points":
    private let perks: [[UInt8]]
    private let sanctions: [[UInt8]]
    private let measures: [[UInt8]]

    /// Facts of one ledger partition.
    public init(policy: ScoringPolicy, partition: Int32) {
        head = Self.bytes { $0.append("{\"specversion\":\"1.0\",\"id\":\"\(partition)-") }
        source = Self.bytes {
            $0.append("\",\"source\":")
            $0.append(jsonString: "/standing/" + policy.id)
            $0.append(",\"type\":\"")
        }
        policyObject = Self.bytes {
            $0.append(",\"data\":{\"policy\":{\"id\":")
            $0.append(jsonString: policy.id)
            $0.append(",\"version\":")
            $0.append(decimal: policy.version)
            $0.append("},\"cause\":{")
        }
        bands = policy.bands.map { band in
            Self.bytes {
                $0.append(",\"band\":")
                $0.append(jsonString: band.name)
                $0.append("}")
            }
        }
        rules = policy.rules.map { rule in
            Self.bytes {
                $0.append("{\"rule\":")
                $0.append(jsonString: rule.id)
                $0.append(",\"dimension\":")
                $0.append(jsonString: policy.dimensions[rule.dimension].name)
                $0.append(",\"points\":")
            }
        }
        perks = policy.perks.map { perk in Self.bytes { $0.append(jsonString: perk.id) } }
        sanctions = policy.sanctions.map { sanction in Self.bytes { $0.append(jsonString: sanction.id) } }
        measures = policy.sanctions.map { sanction in
            Self.bytes {
                for (index, measure) in sanction.measures.enumerated() {
                    $0.append(byte: index == 0 ? 0x5B : 0x2C)
                    $0.append(jsonString: measure)
                }
                $0.append("]")
            }
        }
    }

    private static func bytes(_ write: (inout ByteWriter) -> Void) -> [UInt8] {
        var writer = ByteWriter()
        write(&writer)
        return Array(writer.bytes)
    }

    /// Appends one fact: caused by an entry of the frame at `offset` of the ledger partition, the `sequence`-th of its
    /// topic and partition.
    public func encode(
        _ fact: Fact, reasons: [Reason], offset: Int64, sequence: Int64, into writer: inout ByteWriter
    ) {
        writer.append(head)
        writer.append(decimal: offset)
        writer.append(byte: 0x2D)
        writer.append(decimal: Int64(fact.entry))
        writer.append(byte: 0x2D)
        writer.append(decimal: Int64(fact.number))
        writer.append(source)
        writer.append(fact.kind.type)
        writer.append("\",\"subject\":")
        writer.append(jsonString: fact.subject)
        writer.append(",\"time\":\"")
        writer.append(fact.time)
        writer.append("\",\"sequence\":")
        writer.append(decimal: sequence)
        writer.append(policyObject)
        switch fact.cause {
        case .event(let source, let id, let type):
            writer.append("\"source\":")
            writer.append(jsonString: source)
            writer.append(",\"id\":")
            writer.append(jsonString: id)
            writer.append(",\"type\":")
            writer.append(jsonString: type)
        case .bucketEnd: writer.append("\"timer\":\"bucket-end\"")
        case .perk(let perk):
            writer.append("\"timer\":")
            writer.append(perks[perk])
        case .sanction(let sanction):
            writer.append("\"timer\":")
            writer.append(sanctions[sanction])
        }
        writer.append("},\"reasons\":[")
        for index in fact.reasons {
            if index > fact.reasons.lowerBound { writer.append(byte: 0x2C) }
            writer.append(rules[reasons[index].rule])
            writer.append(decimal: reasons[index].points)
            writer.append(byte: 0x7D)
        }
        writer.append("],\"before\":")
        if let before = fact.before { append(before, to: &writer) } else { writer.append("null") }
        writer.append(",\"after\":")
        append(fact.after, to: &writer)
        switch fact.kind.topic {
        case .scoreChanges: break
        case .perks:
            writer.append(",\"perk\":")
            writer.append(perks[fact.item])
        case .sanctions: appendSanction(fact, to: &writer)
        }
        writer.append("}}")
    }

    private func appendSanction(_ fact: Fact, to writer: inout ByteWriter) {
        writer.append(",\"sanction\":")
        writer.append(sanctions[fact.item])
        writer.append(",\"measures\":")
        writer.append(measures[fact.item])
        guard let term = fact.term else { return }
        writer.append(",\"since\":\"")
        writer.append(term.since)
        writer.append("\",\"until\":\"")
        writer.append(term.until)
        writer.append(byte: 0x22)
        guard let reason = term.lifted else { return }
        writer.append(",\"reason\":\"")
        writer.append(reason.name)
        writer.append(byte: 0x22)
    }

    private func append(_ level: Fact.Level, to writer: inout ByteWriter) {
        writer.append("{\"score\":")
        writer.append(decimal: level.score)
        writer.append(bands[level.band])
    }
}
