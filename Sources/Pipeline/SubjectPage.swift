public import Events
internal import Policy
public import Scoring

/// A page of the answer to a search, or one member's part of it. It is in the order of ids' bytes.
public struct SubjectPage: Sendable, Equatable {
    public struct Item: Sendable, Equatable {
        public struct Sanction: Sendable, Equatable {
            public var id: String
            public var state: SanctionState

            public init(id: String, state: SanctionState) { (self.id, self.state) = (id, state) }
        }

        public var subject: [UInt8]
        public var kind: SubjectKind
        public var score: Int64
        public var band: String
        /// The time of the enrolment.
        public var enrolled: Timestamp
        public var perks: [String]
        /// Those that are noticed, in force or stayed.
        public var sanctions: [Sanction]

        public init(
            subject: [UInt8], kind: SubjectKind, score: Int64, band: String, enrolled: Timestamp, perks: [String],
            sanctions: [Sanction]
        ) {
            (self.subject, self.kind, self.score, self.band) = (subject, kind, score, band)
            (self.enrolled, self.perks, self.sanctions) = (enrolled, perks, sanctions)
        }

        init(_ summary: SubjectSummary, _ policy: ScoringPolicy) {
            self.init(
                subject: summary.subject, kind: summary.kind, score: summary.level.score,
                band: policy.bands[summary.level.band].name, enrolled: Timestamp(microseconds: summary.enrolled),
                perks: summary.perks.map { policy.perks[$0].id },
                sanctions: summary.sanctions.map { Sanction(id: policy.sanctions[$0.sanction].id, state: $0.state) })
        }
    }

    /// A ledger partition of the page, with its position in the ledger.
    public struct Part: Sendable, Equatable {
        public var partition: Int32
        public var offset: Int64
        /// Nil before the first event.
        public var clock: Timestamp?
        /// Nil if it is unknown.
        public var lag: Int64?
        public var isCurrent: Bool

        public init(partition: Int32, offset: Int64, clock: Timestamp?, lag: Int64?, isCurrent: Bool) {
            (self.partition, self.offset, self.clock) = (partition, offset, clock)
            (self.lag, self.isCurrent) = (lag, isCurrent)
        }

        init(_ freshness: Freshness) {
            self.init(
                partition: freshness.partition, offset: freshness.offset,
                clock: freshness.clock == .min ? nil : Timestamp(microseconds: freshness.clock), lag: freshness.lag,
                isCurrent: freshness.isCurrent)
        }
    }

    public var items: [Item]
    /// Everything up to this id has been searched; nil if everything has.
    public var completeThrough: [UInt8]?
    /// By number.
    public var parts: [Part]
    /// Partitions whose subjects are not in the page, by number, because no member that folds them answered.
    public var missing: [Int32]

    public init(items: [Item] = [], completeThrough: [UInt8]? = nil, parts: [Part] = [], missing: [Int32] = []) {
        (self.items, self.completeThrough) = (items, completeThrough)
        (self.parts, self.missing) = (parts, missing)
    }

    /// Merges pages about different partitions, each up to its own id. The result ends at the least of these.
    public init(merging pages: [SubjectPage], limit: Int) {
        let ends = pages.compactMap(\.completeThrough)
        var end = ends.min { $0.lexicographicallyPrecedes($1) }
        // Items of one page after the end of another come with a later page.
        var items = pages.flatMap(\.items).filter { item in
            end.map { !$0.lexicographicallyPrecedes(item.subject) } ?? true
        }
        items.sort { $0.subject.lexicographicallyPrecedes($1.subject) }
        if items.count > limit {
            items.removeLast(items.count - limit)
            end = items.last?.subject
        }
        self.init(
            items: items, completeThrough: end,
            parts: pages.flatMap(\.parts).sorted { $0.partition < $1.partition },
            missing: pages.flatMap(\.missing).sorted())
    }
}

/// How ids are written for the caller. `plain`: unchanged.
public struct SubjectNaming: Sendable {
    let name: @Sendable (_ subject: [UInt8]) -> [UInt8]
    let cursor: @Sendable (_ text: String) -> String

    /// `cursor`: seals the cursor of the next page, because it has an id.
    public init(
        name: @escaping @Sendable (_ subject: [UInt8]) -> [UInt8],
        cursor: @escaping @Sendable (_ text: String) -> String
    ) {
        (self.name, self.cursor) = (name, cursor)
    }

    public static let plain = SubjectNaming(name: { $0 }, cursor: { $0 })
}

extension SubjectPage {
    /// `{"subjects":[{"subject","kind","score","band","enrolled","perks":[ids],"sanctions":[{"id","state"}]}],"next",
    /// "partitions":[{"partition","offset","clock","lag","current"}],"missing":[numbers]}`. `next`: the cursor of the
    /// next page, null after the last. A page can have fewer subjects than requested, or none, and still a next one.
    public func write(to writer: inout JSONWriter, search: SubjectSearch, naming: SubjectNaming = .plain) {
        writer.open()
        writer.list("subjects", items) { $1.write(to: &$0, naming) }
        writer.member("next", completeThrough.map { naming.cursor(SubjectCursor(after: $0, of: search).text) })
        writer.list("partitions", parts) { $1.write(to: &$0) }
        writer.member("missing", missing)
        writer.close()
    }
}

extension SubjectPage.Item {
    fileprivate func write(to writer: inout JSONWriter, _ naming: SubjectNaming) {
        writer.open()
        writer.member("subject", utf8: naming.name(subject))
        writer.member("kind", kind.name.description)
        writer.member("score", score)
        writer.member("band", band)
        writer.member("enrolled", enrolled)
        writer.member("perks", perks)
        writer.list("sanctions", sanctions) { writer, item in
            writer.open()
            writer.member("id", item.id)
            writer.member("state", item.state.name.description)
            writer.close()
        }
        writer.close()
    }
}

extension SubjectPage.Part {
    /// `{"partition","offset","clock","lag","current"}`; `clock` and `lag` are null if they are unknown.
    func write(to writer: inout JSONWriter) {
        writer.open()
        writer.member("partition", partition)
        writer.member("offset", offset)
        writer.member("clock", clock)
        writer.member("lag", lag)
        writer.member("current", isCurrent)
        writer.close()
    }
}
