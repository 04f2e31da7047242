public import Events
public import Policy

/// Writes facts as CloudEvents JSON (SPEC section 7). The bytes follow from the ledger alone.
public struct FactEncoder {
    private let head: [UInt8]  // up to the id's value
    private let source: [UInt8]  // between the id's value and the subject
    private let policyObject: [UInt8]
    private let names: FactNames
    /// The quotes around the sequence number, which is a string. Empty for a ledger without a name, whose numbers are
    /// JSON numbers.
    private let sequenceQuote: [UInt8]

    /// Encodes the facts of one ledger partition. `previous` is the policy before this one. `ledger` is the ledger's
    /// name; nil if it began before ledgers had names.
    public init(policy: ScoringPolicy, previous: ScoringPolicy? = nil, partition: Int32, ledger: String?) {
        sequenceQuote = ledger == nil ? [] : [0x22]
        names = FactNames(policy, previous: previous)
        head = Self.bytes { $0.append("{\"specversion\":\"1.0\",\"id\":\"\(partition)-") }
        source = Self.bytes {
            $0.append("\",\"source\":")
            $0.append(jsonString: "/standing/" + (ledger.map { $0 + "/" } ?? "") + policy.id)
            $0.append(",\"type\":\"")
        }
        policyObject = Self.bytes {
            $0.append(",\"data\":{\"policy\":{\"id\":")
            $0.append(jsonString: policy.id)
            $0.append(",\"version\":")
            $0.append(decimal: policy.version)
            $0.append("},\"cause\":{")
        }
    }

    fileprivate static func bytes(_ write: (inout ByteWriter) -> Void) -> [UInt8] {
        var writer = ByteWriter()
        write(&writer)
        return Array(writer.bytes)
    }

    /// Appends one fact. The frame of the entry that caused it is at `offset` of the ledger partition; `sequence`
    /// counts within the fact's topic and partition.
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
        writer.append(sequenceQuote)
        writer.append(decimal: sequence)
        writer.append(sequenceQuote)
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
            names.perks.write(perk, to: &writer)
        case .sanction(let sanction):
            writer.append("\"timer\":")
            names.sanctions.write(sanction, to: &writer)
        }
        writer.append("},\"reasons\":[")
        for index in fact.reasons {
            if index > fact.reasons.lowerBound { writer.append(byte: 0x2C) }
            names.rules.write(reasons[index].rule, to: &writer)
            writer.append(decimal: reasons[index].points)
            writer.append(byte: 0x7D)
        }
        writer.append("],\"before\":")
        if let before = fact.before { append(before, to: &writer) } else { writer.append("null") }
        writer.append(",\"after\":")
        if let after = fact.after { append(after, to: &writer) } else { writer.append("null") }
        switch fact.kind.topic {
        case .scoreChanges: break
        case .perks:
            writer.append(",\"perk\":")
            names.perks.write(fact.item, to: &writer)
        case .sanctions: appendSanction(fact, to: &writer)
        }
        writer.append("}}")
    }

    private func appendSanction(_ fact: Fact, to writer: inout ByteWriter) {
        writer.append(",\"sanction\":")
        names.sanctions.write(fact.item, to: &writer)
        writer.append(",\"measures\":")
        names.measures.write(fact.item, to: &writer)
        guard let term = fact.term else { return }
        writer.append(",\"since\":\"")
        writer.append(term.since)
        writer.append("\",\"until\":\"")
        writer.append(term.until)
        writer.append(byte: 0x22)
        if term.isRestored { writer.append(",\"restored\":true") }
        guard let reason = term.lifted else { return }
        writer.append(",\"reason\":\"")
        writer.append(reason.name)
        writer.append(byte: 0x22)
    }

    private func append(_ level: Fact.Level, to writer: inout ByteWriter) {
        writer.append("{\"score\":")
        writer.append(decimal: level.score)
        names.bands.write(level.band, to: &writer)
    }
}

/// The names of a policy's parts as they stand in facts, each by its number, and those of the previous policy by
/// `~number`.
private struct FactNames {
    struct List {
        private var bytes: [UInt8] = []
        /// Where each text ends in `bytes`.
        private var ends: [Int] = [0]
        private let zero: Int

        init(_ texts: [[UInt8]], previous: [[UInt8]]?) {
            zero = previous?.count ?? 0
            for text in (previous ?? []).reversed() + texts {
                bytes += text
                ends.append(bytes.count)
            }
        }

        /// Appends a text without retaining an array.
        @inline(__always) func write(_ number: Int, to writer: inout ByteWriter) {
            let (start, end) = (ends[zero + number], ends[zero + number + 1])
            bytes.withUnsafeBytes { writer.append(UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
        }
    }

    let bands: List
    /// `{"rule":…,"dimension":…,"points":`
    let rules: List
    let perks: List
    let sanctions: List
    let measures: List

    init(_ policy: ScoringPolicy, previous: ScoringPolicy?) {
        func list(_ texts: (ScoringPolicy) -> [[UInt8]]) -> List { List(texts(policy), previous: previous.map(texts)) }
        bands = list { policy in
            policy.bands.map { band in
                FactEncoder.bytes {
                    $0.append(",\"band\":")
                    $0.append(jsonString: band.name)
                    $0.append("}")
                }
            }
        }
        rules = list { policy in
            policy.rules.map { rule in
                FactEncoder.bytes {
                    $0.append("{\"rule\":")
                    $0.append(jsonString: rule.id)
                    $0.append(",\"dimension\":")
                    $0.append(jsonString: policy.dimensions[rule.dimension].name)
                    $0.append(",\"points\":")
                }
            }
        }
        perks = list { $0.perks.map { perk in FactEncoder.bytes { $0.append(jsonString: perk.id) } } }
        sanctions = list { $0.sanctions.map { item in FactEncoder.bytes { $0.append(jsonString: item.id) } } }
        measures = list {
            $0.sanctions.map { sanction in FactEncoder.bytes { Self.write(sanction.measures, to: &$0) } }
        }
    }

    private static func write(_ measures: [String], to writer: inout ByteWriter) {
        for (index, measure) in measures.enumerated() {
            writer.append(byte: index == 0 ? 0x5B : 0x2C)
            writer.append(jsonString: measure)
        }
        writer.append("]")
    }
}
