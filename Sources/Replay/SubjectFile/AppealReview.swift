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
    public func write(to writer: inout JSONWriter) {
        writer.open()
        writer.key("standing")
        actual.writeStanding(to: &writer)
        writer.key("without")
        without.writeStanding(to: &writer)
        writer.key("statement")
        if let statement { statement.write(to: &writer) } else { writer.null() }
        writer.openList("evidence")
        for item in evidence.reversed() {
            guard let entry = actual.steps[item.step].entry.map({ history.entries[$0] }) else { continue }
            writer.open()
            writer.member("offset", entry.offset)
            writer.member("time", entry.time.known)
            for (name, bytes) in [
                ("type", entry.type), ("source", entry.source), ("id", entry.id), ("data", entry.data),
            ] {
                writer.member(name, String(decoding: bytes, as: UTF8.self))
            }
            SubjectFile.write(item.reasons, to: &writer)
            writer.member("disputed", item.isDisputed)
            writer.close()
        }
        writer.closeList()
        writer.close()
    }
}

extension SubjectReplay {
    /// The standing with its causes, as `Standing.writeExplained`; null if the subject is not enrolled.
    public borrowing func writeStanding(to writer: inout JSONWriter) {
        guard let standing else { return writer.null() }
        writer.value { standing.writeExplained(to: &$0, policy: fold.policy, clock: fold.clock) }
    }
}
