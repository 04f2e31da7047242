public import Events
public import Scoring

/// A page of the open appeals, those that lapse first at the beginning.
public struct AppealsQueue: Sendable {
    /// The beginning of a page: after an appeal. It names no subject, so it may be in a URL:
    /// `DEADLINE.FINGERPRINT.SANCTION`. The deadline is in microseconds since 1970. The fingerprint is of the subject's
    /// id, in hexadecimal digits, with a key of this process, so that its id cannot be searched for. After a restart
    /// the order of appeals with the same deadline may change.
    public struct Place: Sendable, Hashable, Comparable {
        /// Of the text.
        public static let maximumBytes = 256

        private static let key: FingerprintKey = {
            var generator = SystemRandomNumberGenerator()
            return .random(using: &generator)
        }()

        let decideBy: Int64
        let fingerprint: UInt64
        let sanction: String

        init(_ appeal: OpenAppeal) {
            decideBy = appeal.decideBy.microseconds
            fingerprint = appeal.subject.withUnsafeBytes { $0.fingerprint(seed: 0, key: Self.key) }
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

    public struct Item: Sendable, Hashable {
        public let appeal: OpenAppeal
        public let partition: Int32
        /// The partition's clock at the time of reading. An appeal lapses when the clock reaches its deadline.
        public let clock: Timestamp
        /// Microseconds until then, never negative.
        public var left: Int64 { max(0, appeal.decideBy.microseconds - clock.microseconds) }
        public var place: Place { Place(appeal) }
    }

    public static let maximumPage = 200

    /// By `Place`.
    public private(set) var items: [Item] = []
    /// The number on all pages, in the partitions that were read.
    public private(set) var total = 0
    /// The number of those whose sanction is stayed until the decision.
    public private(set) var stayed = 0
    /// The ledger partitions that were read. The appeals of other partitions are at their owners.
    public internal(set) var partitions: [Int32] = []
    /// Whether there are appeals after `items`.
    public private(set) var hasMore = false
    private let limit: Int
    private let after: Place?

    init(limit: Int, after: Place?) {
        (self.limit, self.after) = (min(max(1, limit), Self.maximumPage), after)
    }

    mutating func add(_ item: Item) {
        total += 1
        if item.appeal.state == .stayed { stayed += 1 }
        let place = item.place
        if let after, place <= after { return }
        let index = items.firstIndex { $0.place > place } ?? items.count
        if items.count == limit { hasMore = true }
        guard index < limit else { return }
        items.insert(item, at: index)
        if items.count > limit { items.removeLast() }
    }

    /// The beginning of the next page; nil after the last one.
    public var next: Place? { hasMore ? items.last?.place : nil }

    /// `{"appeals":[{"subject","sanction","state","since","until","decideBy","left":seconds,"partition"[,"statement"]}],"total","stayed",
    /// "partitions":[…]}`, and `"next"` if there is another page. `statements`: by item, JSON; nil if unknown. Without
    /// `showsSubjects` the subjects are left out.
    public func write(to writer: inout ByteWriter, statements: [[UInt8]?] = [], showsSubjects: Bool = true) {
        writer.append("{\"appeals\":[")
        for (index, item) in items.enumerated() {
            if index > 0 { writer.append(",") }
            writer.append("{")
            if showsSubjects {
                writer.append("\"subject\":")
                item.appeal.subject.withUnsafeBytes { writer.append(jsonString: $0) }
                writer.append(",")
            }
            writer.append("\"sanction\":")
            writer.append(jsonString: item.appeal.sanction)
            writer.append(",\"state\":\"")
            writer.append(item.appeal.state.name)
            for (name, time) in [
                ("\",\"since\":\"", item.appeal.since), ("\",\"until\":\"", item.appeal.until),
                ("\",\"decideBy\":\"", item.appeal.decideBy),
            ] as [(StaticString, Timestamp)] {
                writer.append(name)
                writer.append(time)
            }
            writer.append("\",\"left\":")
            writer.append(decimal: item.left / Timestamp.microsecondsPerSecond)
            writer.append(",\"partition\":")
            writer.append(decimal: Int64(item.partition))
            if index < statements.count, let statement = statements[index] {
                writer.append(",\"statement\":")
                writer.append(statement)
            }
            writer.append("}")
        }
        writer.append("],\"total\":")
        writer.append(decimal: Int64(total))
        writer.append(",\"stayed\":")
        writer.append(decimal: Int64(stayed))
        writer.append(",\"partitions\":[")
        for (index, partition) in partitions.enumerated() {
            if index > 0 { writer.append(",") }
            writer.append(decimal: Int64(partition))
        }
        writer.append("]")
        if let next {
            writer.append(",\"next\":")
            writer.append(jsonString: next.text)
        }
        writer.append("}")
    }
}
