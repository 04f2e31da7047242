public import Events
public import Scoring

/// A page of the open appeals, those that lapse first at the beginning.
public struct AppealsQueue: Sendable, Equatable, Codable {
    /// The appeal after which a page begins. As text, `DEADLINE.FINGERPRINT.SANCTION`: microseconds since 1970, the
    /// fingerprint of the subject's id in hexadecimal digits, and the sanction's id. The fingerprint has a secret key,
    /// so the text does not reveal the subject and may be in a URL.
    public struct Position: Sendable, Hashable, Comparable, Codable {
        /// Of the text.
        public static let maximumBytes = 256

        let decideBy: Int64
        let fingerprint: UInt64
        let sanction: String

        init(_ appeal: OpenAppeal, key: FingerprintKey) {
            decideBy = appeal.decideBy.microseconds
            fingerprint = appeal.subject.withUnsafeBytes { $0.fingerprint(seed: 0, key: key) }
            sanction = appeal.sanction
        }

        /// Nil if `text` cannot have written it.
        public init?(_ text: String) {
            let parts = text.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
            guard text.utf8.count <= Self.maximumBytes, parts.count == 3, let decideBy = Int64(parts[0]),
                let fingerprint = UInt64(parts[1], radix: 16)
            else { return nil }
            (self.decideBy, self.fingerprint, sanction) = (decideBy, fingerprint, String(parts[2]))
            guard self.text == text else { return nil }
        }

        public var text: String { "\(decideBy).\(String(fingerprint, radix: 16)).\(sanction)" }

        public static func < (a: Self, b: Self) -> Bool {
            (a.decideBy, a.fingerprint, a.sanction) < (b.decideBy, b.fingerprint, b.sanction)
        }
    }

    public struct Item: Sendable, Hashable, Codable {
        public let appeal: OpenAppeal
        public let partition: Int32
        /// The partition's clock at the time of reading. An appeal lapses when the clock reaches its deadline.
        public let clock: Timestamp
        public let position: Position
        /// JSON: what the subject said; nil where it is not asked for or not known.
        public var statement: String?

        private enum CodingKeys: String, CodingKey { case appeal, partition, clock, position = "place", statement }

        /// Microseconds until the appeal lapses; not negative.
        public var left: Int64 { max(0, appeal.decideBy.microseconds - clock.microseconds) }

        init(appeal: OpenAppeal, partition: Int32, clock: Timestamp, key: FingerprintKey) {
            (self.appeal, self.partition, self.clock) = (appeal, partition, clock)
            position = Position(appeal, key: key)
        }
    }

    public static let maximumPage = 200

    /// By `Position`.
    public internal(set) var items: [Item] = []
    /// The number on all pages, in the partitions that were read.
    public private(set) var total = 0
    /// The number of those whose sanction is stayed until the decision.
    public private(set) var stayed = 0
    /// The ledger partitions that were looked at.
    public internal(set) var partitions: [Int32] = []
    /// Those about which nobody answered: their appeals are not in the queue.
    public internal(set) var missing: [Int32] = []
    /// Whether there are appeals after `items`.
    public private(set) var hasMore = false
    let limit: Int
    let after: Position?

    init(limit: Int, after: Position?) {
        (self.limit, self.after) = (min(max(1, limit), Self.maximumPage), after)
    }

    mutating func add(_ item: Item) {
        total += 1
        if item.appeal.state == .stayed { stayed += 1 }
        insert(item)
    }

    /// Adds a queue with the same limit and the same beginning, of some of the missing partitions.
    mutating func add(_ part: Self) {
        (total, stayed, hasMore) = (total + part.total, stayed + part.stayed, hasMore || part.hasMore)
        for item in part.items { insert(item) }
        partitions = (partitions + part.partitions).sorted()
        missing.removeAll { part.partitions.contains($0) }
    }

    private mutating func insert(_ item: Item) {
        if let after, item.position <= after { return }
        let index = items.firstIndex { $0.position > item.position } ?? items.count
        if items.count == limit { hasMore = true }
        guard index < limit else { return }
        items.insert(item, at: index)
        if items.count > limit { items.removeLast() }
    }

    /// The beginning of the next page; nil after the last one.
    public var next: Position? { hasMore ? items.last?.position : nil }

    /// `{"appeals":[{"subject","sanction","state","since","until","decideBy","left":seconds,"partition"[,"statement"]}],"total","stayed",
    /// "partitions":[…],"missing":[…]}`, and `"next"` where there is another page. Without `showsSubjects` the subjects are left out.
    public func write(to writer: inout JSONWriter, showsSubjects: Bool = true) {
        writer.open()
        writer.list("appeals", items) { writer, item in
            writer.open()
            if showsSubjects { writer.member("subject", utf8: item.appeal.subject) }
            writer.member("sanction", item.appeal.sanction)
            writer.member("state", item.appeal.state.name.description)
            writer.member("since", item.appeal.since)
            writer.member("until", item.appeal.until)
            writer.member("decideBy", item.appeal.decideBy)
            writer.member("left", item.left / Timestamp.microsecondsPerSecond)
            writer.member("partition", item.partition)
            if let statement = item.statement { writer.member("statement", json: statement) }
            writer.close()
        }
        writer.member("total", total)
        writer.member("stayed", stayed)
        writer.member("partitions", partitions)
        writer.member("missing", missing)
        if let next { writer.member("next", next.text) }
        writer.close()
    }
}
