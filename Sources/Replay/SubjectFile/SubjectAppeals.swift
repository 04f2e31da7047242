public import Events
internal import Policy
internal import Scoring

/// A subject's appeals: the statements and the outcomes.
public struct SubjectAppeals: Sendable {
    public enum State: String, Sendable { case open, upheld, rejected, lapsed }

    public struct Appeal: Sendable, Equatable {
        public let sanction: String
        public let statement: String
        public let filedAt: Timestamp
        public internal(set) var state: State
        /// Nil unless the appeal is open.
        public internal(set) var decideBy: Timestamp?
        /// The reason of the decision; nil if there was no decision.
        public internal(set) var reason: String?
        public internal(set) var decidedAt: Timestamp?
    }

    /// In the order in which they were filed. An event without effect, because there was no such sanction or its appeal
    /// had been used, is not in the list.
    public private(set) var appeals: [Appeal] = []

    /// As of `time`, the partition's clock. Throws errors of a replay.
    public init(_ history: SubjectEntries, asOf time: Timestamp) throws {
        let decoder = EventDecoder()
        func string(_ name: StaticString, of entry: SubjectEntries.Entry) -> String? {
            entry.data.withUnsafeBytes { data in
                decoder.string(name, of: data).map { String(decoding: $0, as: UTF8.self) }
            }
        }
        let replay = try SubjectReplay(history, asOf: time)
        for step in replay.steps {
            let entry = step.entry.map { history.entries[$0] }
            if let entry, entry.subject == history.subject, let sanction = string("sanction", of: entry) {
                if ControlType.appealFiled.isType(entry.type), !appeals.contains(where: { $0.isOpen(sanction) }) {
                    appeals.append(
                        Appeal(
                            sanction: sanction, statement: string("statement", of: entry) ?? "", filedAt: entry.time,
                            state: .open))
                } else if ControlType.appealDecided.isType(entry.type),
                    let index = appeals.firstIndex(where: { $0.isOpen(sanction) })
                {
                    appeals[index].state = string("outcome", of: entry) == "upheld" ? .upheld : .rejected
                    appeals[index].reason = string("reason", of: entry)
                    appeals[index].decidedAt = entry.time
                }
            }
            for change in step.changes where change.kind == .sanctionLifted {
                guard let index = appeals.firstIndex(where: { $0.isOpen(change.item) }) else { continue }
                appeals[index].state = .lapsed
                appeals[index].decidedAt = change.time
            }
        }
        let policy = replay.fold.policy
        let standing = replay.standing
        func open(_ sanction: String) -> Standing.Sanction? {
            standing?.sanctions.first { policy.sanctions[$0.sanction].id == sanction && $0.decideBy != nil }
        }
        // An appeal against no sanction, or too late, has left no trace in the standing.
        appeals.removeAll { $0.state == .open && open($0.sanction) == nil }
        for index in appeals.indices where appeals[index].state == .open {
            appeals[index].decideBy = open(appeals[index].sanction)?.decideBy
        }
    }

    /// `{"appeals":[{"sanction","state","filedAt","statement","decideBy","reason","decidedAt"}]}`; the last three are
    /// null if there is none.
    public func write(to writer: inout JSONWriter) {
        writer.open()
        writer.list("appeals", appeals) { writer, appeal in
            writer.open()
            writer.member("sanction", appeal.sanction)
            writer.member("state", appeal.state.rawValue)
            writer.member("filedAt", appeal.filedAt)
            writer.member("statement", appeal.statement)
            writer.member("decideBy", appeal.decideBy)
            writer.member("reason", appeal.reason)
            writer.member("decidedAt", appeal.decidedAt)
            writer.close()
        }
        writer.close()
    }
}

extension SubjectAppeals.Appeal {
    fileprivate func isOpen(_ sanction: String) -> Bool { state == .open && self.sanction == sanction }
}
