public import Events
internal import Ledger
internal import Policy
internal import Scoring

/// What a reviewer of an appeal needs: the standing as it is, and as it would be without the disputed evidence. Disputed are the events
/// that took points in the sanction's dimension, and the one that imposed it.
public struct AppealReview: ~Copyable {
    /// Disputed events, and those of the dimension, that are listed: the newest.
    public static let maximumEvidence = 200

    private let history: SubjectEntries
    private let actual: SubjectReplay
    private let without: SubjectReplay
    private let statement: AppealStatement?
    /// Steps with points in the sanction's dimension.
    private let evidence: [(step: Int, reasons: [(rule: String, points: Int64)], isDisputed: Bool)]

    /// As of `time`, the partition's clock; nil if the active policy has no such sanction. Throws what a replay throws.
    public init?(_ history: SubjectEntries, sanction: String, asOf time: Timestamp) throws {
        let actual = try SubjectReplay(history, asOf: time)
        let policy = actual.fold.policy
        guard let number = policy.sanctions.firstIndex(where: { $0.id == sanction }) else { return nil }
        let dimension = policy.sanctions[number].dimension
        let rules = Set(policy.rules.filter { $0.dimension == dimension }.map(\.id))
        var evidence: [(step: Int, reasons: [(rule: String, points: Int64)], isDisputed: Bool)] = []
        var disputed: Set<Int> = []
        for (index, step) in actual.steps.enumerated() {
            guard let entry = step.entry, history.entries[entry].kind == .event,
                history.entries[entry].subject == history.subject
            else { continue }
            let changes = step.changes.filter { !$0.isTimer }
            let reasons = changes.filter { $0.kind == .scoreChanged }.flatMap(\.reasons).filter {
                rules.contains($0.rule)
            }
            let imposes = changes.contains {
                ($0.kind == .sanctionNoticed || $0.kind == .sanctionInForce) && $0.item == sanction
            }
            guard imposes || !reasons.isEmpty else { continue }
            let isDisputed = imposes || reasons.contains { $0.points < 0 }
            if isDisputed { disputed.insert(entry) }
            evidence.append((index, reasons, isDisputed))
        }
        without = try SubjectReplay(history.filtered { !disputed.contains($0) }, asOf: time)
        statement = AppealStatement(history, sanction: sanction)
        self.evidence = evidence.suffix(Self.maximumEvidence)
        self.actual = actual
        self.history = history
    }

    /// `{"standing","without","statement","evidence":[{"offset","time","type","source","id","data","reasons":[{"rule","points"}],
    /// "disputed"}]}`: standings as `Standing.writeExplained`, null for who is not enrolled; `data` as it came, as a string; the evidence
    /// newest first.
    public func write(to writer: inout ByteWriter) {
        writer.append("{\"standing\":")
        Self.write(actual, to: &writer)
        writer.append(",\"without\":")
        Self.write(without, to: &writer)
        writer.append(",\"statement\":")
        if let statement { statement.write(to: &writer) } else { writer.append("null") }
        writer.append(",\"evidence\":[")
        for (index, item) in evidence.reversed().enumerated() {
            guard let entry = actual.steps[item.step].entry.map({ history.entries[$0] }) else { continue }
            if index > 0 { writer.append(byte: 0x2C) }
            writer.append("{\"offset\":\(entry.offset),\"time\":")
            SubjectFile.append(entry.time, to: &writer)
            for (name, bytes) in [
                (",\"type\":", entry.type), (",\"source\":", entry.source), (",\"id\":", entry.id),
                (",\"data\":", entry.data),
            ] as [(StaticString, [UInt8])] {
                writer.append(name)
                writer.append(jsonString: String(decoding: bytes, as: UTF8.self))
            }
            writer.append(",\"reasons\":[")
            for (reasonIndex, reason) in item.reasons.enumerated() {
                writer.append(reasonIndex == 0 ? "{\"rule\":" : ",{\"rule\":")
                writer.append(jsonString: reason.rule)
                writer.append(",\"points\":\(reason.points)}")
            }
            writer.append("],\"disputed\":\(item.isDisputed)}")
        }
        writer.append("]}")
    }

    private static func write(_ replay: borrowing SubjectReplay, to writer: inout ByteWriter) {
        guard let standing = replay.standing else { return writer.append("null") }
        standing.writeExplained(to: &writer, policy: replay.fold.policy, clock: replay.fold.clock)
    }
}
