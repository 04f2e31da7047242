internal import Access
internal import Audit
internal import Console
internal import Events
internal import Foundation
internal import HTTP
internal import Ledger
internal import Pipeline

// The ledger's entries, and the audit.
extension ConsoleAnswers {
    private static let entriesOfPage = 50

    func ledger(_ search: LedgerSearch, for caller: Caller) async throws(ProblemView) -> LedgerView {
        let (name, partitions) = try await read { [reader = programme.ledger] in (reader.name, try reader.partitions())
        }
        let (entries, next) = try await entries(search, partitions, for: caller)
        let switching = service.status.switching
        return LedgerView(
            name: name ?? service.configuration.topics.ledger,
            partitions: partitions.map { partition in
                Self.view(partition, switching.first { $0.partition == partition.partition })
            },
            entries: entries, next: next)
    }

    private static func view(
        _ partition: LedgerPartitionReading, _ switching: PipelineReading.Switching?
    ) -> LedgerView.Partition {
        let fold = partition.fold
        var (level, state) = (Level.good, "folded to its end")
        if let quarantine = partition.quarantine {
            (level, state) = (.bad, "in quarantine: \(quarantine)")
        } else if let switching {
            let aim =
                switching.source == nil ? "policy \(switching.policy) \(switching.version)" : "an act about a source"
            (level, state) = (.notice, "folded again for \(aim): \(switching.percent) % is done")
        } else if let fold {
            let unread = partition.end - fold.nextOffset
            if unread > 0 { (level, state) = (.notice, unread == 1 ? "1 frame to fold" : "\(unread) frames to fold") }
        } else if let owner = partition.owner {
            state = "folded at \(owner)"
        } else {
            (level, state) = (.bad, "nobody folds it")
        }
        let checkpoint = partition.checkpoint
        if checkpoint?.isTrusted == false { (level, state) = (.notice, state + ", checkpoint of an unknown key") }
        return LedgerView.Partition(
            partition: Int(partition.partition), end: partition.end, clock: fold?.clock,
            hash: fold?.chainHead.map { head in head.map { String(format: "%02x", $0) }.joined() } ?? "",
            checkpoint: checkpoint?.checkpoint.nextOffset, checkpointTime: checkpoint?.time, level: level, state: state)
    }

    /// With a subject, its entries and their data, for callers who may read its file. Otherwise the entries of a
    /// partition in order, without data of subjects.
    private func entries(
        _ search: LedgerSearch, _ partitions: [LedgerPartitionReading], for caller: Caller
    ) async throws(ProblemView) -> ([LedgerView.Entry], next: String?) {
        if let subject = search.subject {
            let target = Self.target(
                "/subjects/\(Self.encoded(subject))/entries",
                [("after", search.after), ("limit", "\(Self.entriesOfPage)")])
            let page = try await ask(EntriesForm.self, target, for: caller, purpose: search.purpose)
            return (page.entries.map { $0.view(SubjectID(subject)) }, page.next)
        }
        guard search.partition != nil || search.from != nil else { return ([], nil) }
        let number = Int32(clamping: search.partition ?? 0)
        guard let partition = partitions.first(where: { $0.partition == number }) else {
            throw .nothing("partition", back: ProblemView.Step("The ledger", path: "/console/ledger"))
        }
        let position = search.after.flatMap { LedgerEntry.Position($0) }
        let (from, offset) = (search.from, search.offset)
        let newest = max(partition.beginning, partition.end - Int64(Self.entriesOfPage))
        let page = try await read { [reader = programme.ledger] in
            var start = offset ?? newest
            if offset == nil, let from, case .offset(let found) = try reader.offset(of: number, reaching: from) {
                start = found
            }
            return try reader.entries(of: number, from: start, after: position, limit: Self.entriesOfPage)
        }
        return (page.entries.map { view($0, for: caller) }, page.next?.description)
    }

    private func view(_ entry: LedgerEntry, for caller: Caller) -> LedgerView.Entry {
        let subject = String(decoding: entry.subject, as: UTF8.self)
        let isAboutSomebody = !subject.isEmpty
        return LedgerView.Entry(
            partition: Int(entry.partition), offset: entry.offset, time: entry.time ?? .distantPast,
            type: entry.type.isEmpty
                ? LedgerEntry.kinds[Int(entry.kind.rawValue)] : String(decoding: entry.type, as: UTF8.self),
            subject: isAboutSomebody ? id(subject, for: caller) : nil,
            origin: entry.origin.map { "\($0.topic) \($0.partition):\($0.offset)" } ?? "the ledger itself",
            data: isAboutSomebody ? "" : String(decoding: entry.data, as: UTF8.self))
    }

    // MARK: The audit

    private static let rowsOfPage = 100

    func audit(_ search: AuditSearch, for caller: Caller) async throws(ProblemView) -> AuditView {
        let target = Self.target(
            "/audit",
            [
                ("actor", search.actor), ("subject", search.subject), ("action", search.action),
                ("before", search.after), ("limit", "\(Self.rowsOfPage)"),
            ])
        let page = try await ask(AuditForm.self, target, for: caller)
        let isMasked = !caller.may(.readIdentities)
        let (chain, level) = Self.sentence(of: desk?.index?.chains)
        return AuditView(
            rows: page.records.map { record in
                AuditView.Row(
                    time: Timestamp(record.time) ?? .distantPast, actor: record.actor, action: record.action,
                    subject: record.subject.map { SubjectID($0, isMasked: isMasked) }, purpose: record.purpose,
                    outcome: record.outcome,
                    details: (record.details ?? []).filter { $0.name != "body" }.map {
                        AuditView.Detail(name: $0.name, value: $0.value)
                    })
            }, next: page.next, actions: actions,
            chain: chain, level: level)
    }

    /// What is known of the audit's chains; nil where nobody follows it.
    static func sentence(of chains: AuditIndex.Chains?) -> (String, Level) {
        guard let chains else { return ("Nobody checks the chain here: standing audit verify does.", .notice) }
        let records = chains.records == 1 ? "1 record" : "\(chains.records) records"
        if let finding = chains.findings.first {
            let others = chains.findings.count - 1
            return (
                "\(sentence(finding.description))\(others > 0 ? " There are \(others) more findings:" : "") "
                    + "standing audit verify lists what was removed or changed.", .bad
            )
        }
        guard chains.isRead else { return ("The chain is being read: \(records) so far.", .notice) }
        return ("\(records), and each proves the one before it.", .good)
    }

    /// The possible actions of records, from the routes and the acts.
    private var actions: [String] {
        let routes = table.routes.filter(\.isAudited).map(\.name)
        let acts = ControlAct.Kind.allCases.map(\.rawValue)
        return (routes + acts + [Proposal.proposing, Proposal.approving, Proposal.withdrawing]).sorted()
    }
}

private struct AuditForm: Decodable {
    struct Detail: Decodable {
        var name: String
        var value: String
    }

    struct Record: Decodable {
        var time: String
        var actor: String
        var action: String
        var subject: String?
        var purpose: String?
        var outcome: String
        var details: [Detail]?
    }

    var records: [Record]
    var next: String?
}

/// The JSON of `LedgerEntries`. An entry's data is any JSON.
struct EntriesForm: Decodable {
    /// Entries of the longest page.
    static let maximum = LedgerEntries.limits.upperBound

    struct Position: Hashable {
        var offset: Int64
        var entry: Int
    }

    struct Origin: Decodable {
        var topic: String
        var partition: Int
        var offset: Int64
    }

    struct Entry: Decodable {
        var partition: Int
        var offset: Int64
        var entry: Int
        var kind: String
        var time: String?
        var type: String?
        var origin: Origin?
        var data: JSONText?

        var position: Position { Position(offset: offset, entry: entry) }

        func view(_ subject: SubjectID) -> LedgerView.Entry {
            LedgerView.Entry(
                partition: partition, offset: offset, time: time.flatMap { Timestamp($0) } ?? .distantPast,
                type: type ?? kind, subject: subject,
                origin: origin.map { "\($0.topic) \($0.partition):\($0.offset)" } ?? "the ledger itself",
                data: data?.text ?? "")
        }
    }

    var entries: [Entry]
    var next: String?
}

/// A JSON value of any kind as text, with sorted members.
struct JSONText: Decodable {
    let text: String

    private enum Value: Decodable, Encodable {
        case null
        case bool(Bool)
        case integer(Int64)
        case number(Double)
        case string(String)
        case list([Value])
        case object([String: Value])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let value = try? container.decode(Bool.self) {
                self = .bool(value)
            } else if let value = try? container.decode(Int64.self) {
                self = .integer(value)
            } else if let value = try? container.decode(Double.self) {
                self = .number(value)
            } else if let value = try? container.decode(String.self) {
                self = .string(value)
            } else if let value = try? container.decode([Value].self) {
                self = .list(value)
            } else {
                self = .object(try container.decode([String: Value].self))
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .null: try container.encodeNil()
            case .bool(let value): try container.encode(value)
            case .integer(let value): try container.encode(value)
            case .number(let value): try container.encode(value)
            case .string(let value): try container.encode(value)
            case .list(let value): try container.encode(value)
            case .object(let value): try container.encode(value)
            }
        }
    }

    init(from decoder: any Decoder) throws {
        let value = try Value(from: decoder)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        text = String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
