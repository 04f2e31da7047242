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
    public func write(to writer: inout JSONWriter, source: [UInt8]? = nil) {
        writer.open()
        writer.member("subject", utf8: history.subject)
        writer.member("clock", replay.fold.clock.known)
        writer.key("standing")
        replay.writeStanding(to: &writer)
        if let standing = replay.standing, !standing.measures.isEmpty {
            writer.key("measures")
            Self.writeMeasures(of: standing, in: replay, history, to: &writer)
        }
        writer.openList("history")
        for step in replay.steps where isWanted(step, source) { write(step, to: &writer) }
        writer.closeList()
        writer.list("voided", voids) { writer, void in
            writer.open()
            writer.member("source", utf8: void.source)
            writer.member("id", utf8: void.id)
            writer.member("reason", void.reason)
            writer.member("at", void.time.known)
            writer.key("wouldHaveHad")
            Self.write(void.makeGood.perks, of: "perk", to: &writer)
            writer.key("wouldNotHaveBeenUnder")
            Self.write(void.makeGood.sanctions, of: "sanction", to: &writer)
            writer.close()
        }
        SubjectSources(history, replay).write(to: &writer, declarations)
        writer.close()
    }

    private func isWanted(_ step: SubjectReplay.Step, _ source: [UInt8]?) -> Bool {
        guard let source else { return true }
        guard let entry = step.entry.map({ history.entries[$0] }) else { return false }
        return entry.source == source || entry.kind == .event && entry.topic == source
    }

    /// Writes an entry with its changes; without an entry, the changes by time.
    private func write(_ step: SubjectReplay.Step, to writer: inout JSONWriter) {
        let entry = step.entry.map { history.entries[$0] }
        writer.open()
        if let entry {
            writer.member("offset", entry.offset)
            writer.member("entry", entry.entry)
            writer.member("time", entry.time.known)
            writer.member("type", utf8: entry.type)
            writer.member("source", utf8: entry.source)
            writer.member("id", utf8: entry.id)
            if entry.kind == .event {
                writer.open("origin")
                writer.member("topic", utf8: entry.topic)
                writer.member("partition", entry.partition)
                writer.member("offset", entry.sourceOffset)
                declarations[String(decoding: entry.topic, as: UTF8.self)]?.writeOwner(to: &writer)
                writer.close()
            }
            if step.isUnmatched { writer.member("unmatched", true) }
            if replay.leavesOut(entry) { writer.member("withdrawn", true) }
        }
        writer.list("changes", step.changes) { Self.write($1, to: &$0) }
        if !step.errors.isEmpty { writer.list("errors", step.errors) { Self.write($1, of: entry, to: &$0) } }
        writer.close()
    }

    /// A failed evaluation, with its count if it is more than one, and the event if it is not the entry's.
    static func write(
        _ error: Diagnosis.Failure, of entry: SubjectEntries.Entry?, to writer: inout JSONWriter
    ) {
        writer.open()
        error.writeMembers(to: &writer)
        if error.count > 1 { writer.member("count", error.count) }
        if let example = error.example,
            entry?.source != Array(example.source.utf8) || entry?.id != Array(example.id.utf8)
        {
            writer.member("source", example.source)
            writer.member("id", example.id)
        }
        writer.close()
    }

    static func write(_ change: SubjectReplay.Change, to writer: inout JSONWriter) {
        writer.open()
        writer.member("time", change.time.known)
        writer.member("type", change.kind.type.description)
        switch change.kind.topic {
        case .scoreChanges:
            writer.member("before", change.before)
            writer.member("after", change.after)
        case .perks:
            writer.member("perk", change.item)
        case .sanctions:
            writer.member("sanction", change.item)
        }
        write(change.reasons, to: &writer)
        writer.close()
    }

    /// `"reasons":[{"rule","points"}]`
    static func write(_ reasons: [(rule: String, points: Int64)], to writer: inout JSONWriter) {
        writer.list("reasons", reasons) { writer, reason in
            writer.open()
            writer.member("rule", reason.rule)
            writer.member("points", reason.points)
            writer.close()
        }
    }

    /// `what`: the key of a span's item.
    private static func write(_ spans: [MakeGood.Span], of what: String, to writer: inout JSONWriter) {
        writer.list(spans) { writer, span in
            writer.open()
            writer.member(what, span.item)
            writer.member("from", span.from.known)
            writer.member("until", span.until?.known)
            writer.close()
        }
    }
}
