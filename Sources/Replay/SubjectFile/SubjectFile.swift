public import Events
internal import Ledger
internal import Policy
internal import Scoring

/// All data about one subject, for that subject: its events, the changes by each event with their reasons, and what
/// would have been different without the voided events.
public struct SubjectFile: ~Copyable {
    private let history: SubjectEntries
    private let replay: SubjectReplay
    /// Voided events and their effects, in the order of the voids.
    private let voids: [(source: [UInt8], id: [UInt8], reason: String, time: Timestamp, makeGood: MakeGood)]

    /// The declarations of the source topics, by name.
    let declarations: [String: SourceDeclaration]

    /// As of `time`, the partition's clock.
    public init(
        _ history: SubjectEntries, asOf time: Timestamp, declarations: [String: SourceDeclaration] = [:]
    ) throws {
        let replay = try SubjectReplay(history, asOf: time)
        let decoder = EventDecoder()
        var voids: [(source: [UInt8], id: [UInt8], reason: String, time: Timestamp, makeGood: MakeGood)] = []
        for step in replay.steps {
            guard let number = step.entry, ControlType.eventVoided.isType(history.entries[number].type) else {
                continue
            }
            let entry = history.entries[number]
            func string(_ name: StaticString) -> [UInt8]? {
                entry.data.withUnsafeBytes { data in decoder.string(name, of: data).map { Array($0) } }
            }
            guard let source = string("source"), let id = string("id") else { continue }
            let without = try SubjectReplay(history.without(source: source, id: id, decoder), asOf: time)
            voids.append(
                (
                    source, id, string("reason").map { String(decoding: $0, as: UTF8.self) } ?? "", entry.time,
                    MakeGood(actual: replay.steps, without: without.steps)
                ))
        }
        self.history = history
        self.replay = replay
        self.declarations = declarations
        self.voids = voids
    }

    /// The make-good of each void, in their order.
    public var makeGoods: [MakeGood] { voids.map(\.makeGood) }

    /// `{"subject","clock","standing","history":[{"offset","entry","time","type","source","id","origin","changes":[…]}],
    /// "voided":[{"source","id","reason","at","wouldHaveHad":[{"perk","from","until"}],
    /// "wouldNotHaveBeenUnder":[{"sanction","from","until"}]}]}`. `standing` is null if the subject is not enrolled. If
    /// it has measures, `"measures":[{"measure","value","events":[{"time","type","source","id"}]}]` follows it. The
    /// sources of the score are at the end as `sources` and `parts` (`SubjectSources`). `origin` names owner and sector
    /// if the topic declares them.
    ///
    /// If an event did not count, its item of `history` has the reason: `"unmatched":true` if no rule, measure or
    /// sanction names its type, and `"errors":[{"rule","error"}]` (or `sanction`, or `perk`) if an evaluation failed.
    /// `count` follows if an error occurred for several events at once; `source` and `id` follow for an early event
    /// that counts from here on. `"withdrawn":true` if the event's source is withdrawn now: whatever it changed then is
    /// taken back.
    ///
    /// With `source` the history has only entries of this source topic, or with this `source`; nil for all.
    public func write(to writer: inout ByteWriter, source: [UInt8]? = nil) {
        writer.append("{\"subject\":")
        history.subject.withUnsafeBytes { writer.append(jsonString: $0) }
        writer.append(",\"clock\":")
        Self.append(replay.fold.clock, to: &writer)
        writer.append(",\"standing\":")
        if let standing = replay.standing {
            standing.writeExplained(to: &writer, policy: replay.fold.policy, clock: replay.fold.clock)
            if !standing.measures.isEmpty {
                writer.append(",\"measures\":")
                Self.writeMeasures(of: standing, in: replay, history, to: &writer)
            }
        } else {
            writer.append("null")
        }
        writer.append(",\"history\":[")
        var isFirst = true
        for step in replay.steps where isWanted(step, source) {
            if !isFirst { writer.append(byte: 0x2C) }
            isFirst = false
            write(step, to: &writer)
        }
        writer.append("],\"voided\":[")
        for (index, void) in voids.enumerated() {
            if index > 0 { writer.append(byte: 0x2C) }
            writer.append("{\"source\":")
            void.source.withUnsafeBytes { writer.append(jsonString: $0) }
            writer.append(",\"id\":")
            void.id.withUnsafeBytes { writer.append(jsonString: $0) }
            writer.append(",\"reason\":")
            writer.append(jsonString: void.reason)
            writer.append(",\"at\":")
            Self.append(void.time, to: &writer)
            writer.append(",\"wouldHaveHad\":")
            write(void.makeGood.perks, "{\"perk\":", to: &writer)
            writer.append(",\"wouldNotHaveBeenUnder\":")
            write(void.makeGood.sanctions, "{\"sanction\":", to: &writer)
            writer.append("}")
        }
        writer.append("],")
        SubjectSources(history, replay).write(to: &writer, declarations)
        writer.append("}")
    }

    private func isWanted(_ step: SubjectReplay.Step, _ source: [UInt8]?) -> Bool {
        guard let source else { return true }
        guard let entry = step.entry.map({ history.entries[$0] }) else { return false }
        return entry.source == source || entry.kind == .event && entry.topic == source
    }

    static func append(_ time: Timestamp, to writer: inout ByteWriter) {
        guard time != .distantPast else { return writer.append("null") }
        writer.append(byte: 0x22)
        writer.append(time)
        writer.append(byte: 0x22)
    }

    /// Writes an entry with its changes; without an entry, the changes by time.
    private func write(_ step: SubjectReplay.Step, to writer: inout ByteWriter) {
        if let number = step.entry {
            let entry = history.entries[number]
            writer.append("{\"offset\":\(entry.offset),\"entry\":\(entry.entry),\"time\":")
            Self.append(entry.time, to: &writer)
            writer.append(",\"type\":")
            entry.type.withUnsafeBytes { writer.append(jsonString: $0) }
            writer.append(",\"source\":")
            entry.source.withUnsafeBytes { writer.append(jsonString: $0) }
            writer.append(",\"id\":")
            entry.id.withUnsafeBytes { writer.append(jsonString: $0) }
            if entry.kind == .event {
                writer.append(",\"origin\":{\"topic\":")
                entry.topic.withUnsafeBytes { writer.append(jsonString: $0) }
                writer.append(",\"partition\":\(entry.partition),\"offset\":\(entry.sourceOffset)")
                declarations[String(decoding: entry.topic, as: UTF8.self)]?.writeOwner(to: &writer)
                writer.append("}")
            }
            if step.isUnmatched { writer.append(",\"unmatched\":true") }
            if replay.leavesOut(entry) { writer.append(",\"withdrawn\":true") }
            writer.append(",\"changes\":[")
        } else {
            writer.append("{\"changes\":[")
        }
        for (index, change) in step.changes.enumerated() {
            if index > 0 { writer.append(byte: 0x2C) }
            Self.write(change, to: &writer)
        }
        writer.append("]")
        if !step.errors.isEmpty {
            writer.append(",\"errors\":[")
            for (index, error) in step.errors.enumerated() {
                if index > 0 { writer.append(byte: 0x2C) }
                Self.write(error, of: step.entry.map { history.entries[$0] }, to: &writer)
            }
            writer.append("]")
        }
        writer.append("}")
    }

    /// A failed evaluation, with its count if it is more than one, and the event if it is not the entry's.
    static func write(
        _ error: Diagnosis.Failure, of entry: SubjectEntries.Entry?, to writer: inout ByteWriter
    ) {
        writer.append("{")
        error.writeMembers(to: &writer)
        if error.count > 1 { writer.append(",\"count\":\(error.count)") }
        if let example = error.example,
            entry?.source != Array(example.source.utf8) || entry?.id != Array(example.id.utf8)
        {
            writer.append(",\"source\":")
            writer.append(jsonString: example.source)
            writer.append(",\"id\":")
            writer.append(jsonString: example.id)
        }
        writer.append("}")
    }

    static func write(_ change: SubjectReplay.Change, to writer: inout ByteWriter) {
        writer.append("{\"time\":")
        Self.append(change.time, to: &writer)
        writer.append(",\"type\":\"")
        writer.append(change.kind.type)
        writer.append(byte: 0x22)
        switch change.kind.topic {
        case .scoreChanges:
            writer.append(",\"before\":")
            if let before = change.before { writer.append(jsonString: before) } else { writer.append("null") }
            writer.append(",\"after\":")
            if let after = change.after { writer.append(jsonString: after) } else { writer.append("null") }
        case .perks:
            writer.append(",\"perk\":")
            writer.append(jsonString: change.item)
        case .sanctions:
            writer.append(",\"sanction\":")
            writer.append(jsonString: change.item)
        }
        writer.append(",\"reasons\":[")
        for (index, reason) in change.reasons.enumerated() {
            if index > 0 { writer.append(byte: 0x2C) }
            writer.append("{\"rule\":")
            writer.append(jsonString: reason.rule)
            writer.append(",\"points\":\(reason.points)}")
        }
        writer.append("]}")
    }

    private func write(_ spans: [MakeGood.Span], _ head: StaticString, to writer: inout ByteWriter) {
        writer.append("[")
        for (index, span) in spans.enumerated() {
            if index > 0 { writer.append(byte: 0x2C) }
            writer.append(head)
            writer.append(jsonString: span.item)
            writer.append(",\"from\":")
            Self.append(span.from, to: &writer)
            writer.append(",\"until\":")
            if let until = span.until { Self.append(until, to: &writer) } else { writer.append("null") }
            writer.append("}")
        }
        writer.append("]")
    }
}
