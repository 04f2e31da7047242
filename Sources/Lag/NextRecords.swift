import Kafka
import Logging

/// The first unread records of groups, stored while a group does not move. A look reads those with the greatest lag,
/// and as many of the others as time allows.
final class NextRecords {
    /// The position of a group, and what it can read.
    struct Position: Hashable {
        let offset: PartitionOffset
        /// Whether it reads only committed data.
        let isCommitted: Bool
    }

    struct Wanted {
        /// The end of what the group can read.
        let end: Int64
        /// Whether the log's start is not known, so that the record may have expired since it was read.
        let mayExpire: Bool
    }

    /// The number of records that each look reads, those with the greatest lag first.
    static let worst = 500
    /// The limit of records that a look reads.
    static let maximumReads = 4_096
    /// The time limit for these.
    static let worstMilliseconds = 6_000
    /// The time limit for the others.
    static let restMilliseconds = 3_000
    /// The time limit for records of open transactions.
    static let openMilliseconds = 3_000
    /// The age at which a stored record is read again, if it may expire.
    static let recheckMilliseconds: Int64 = 60_000

    private struct Read {
        let first: FirstRecord
        let at: Int64
    }

    private let reader: FirstRecordReader
    /// Reads records of open transactions too.
    private let openReader: FirstRecordReader
    private var known: [Position: Read] = [:]
    /// The partition up to which the others were read last.
    private var cursor: TopicPartition?

    init(_ kafka: KafkaConfiguration, queuedKilobytes: Int, logger: Logger) {
        reader = FirstRecordReader(
            kafka, isolation: "read_committed", queuedKilobytes: queuedKilobytes, logger: logger)
        openReader = FirstRecordReader(
            kafka, isolation: "read_uncommitted", queuedKilobytes: queuedKilobytes, logger: logger)
    }

    /// The next unread record at each position, as far as it is known. `failure` has the reason why others are not.
    func read(
        _ wanted: [Position: Wanted], now: Int64, _ failure: inout String?
    ) -> [Position: LagSample.NextRecord] {
        known = known.filter { wanted[$0.key] != nil }
        let due = wanted.filter { position, wanted in
            guard let read = known[position], read.first.next(before: wanted.end) != nil else { return true }
            return wanted.mayExpire && now - read.at >= Self.recheckMilliseconds
        }
        let order = Self.order(due.map { ($0.key, $0.value.end) }, after: cursor)
        let start = ContinuousClock.now
        let count = min(Self.worst, order.count)
        read(
            order[..<count], due, until: start + .milliseconds(Self.worstMilliseconds), now: now, &failure)
        if order.count > count {
            let done = read(
                order[count...], due, until: start + .milliseconds(Self.restMilliseconds), now: now, &failure)
            cursor = done ?? cursor
        }
        return wanted.reduce(into: [:]) { result, item in
            result[item.key] = known[item.key]?.first.next(before: item.value.end) ?? .unknown
        }
    }

    /// The positions with the greatest lag, and then the others in the order of their partitions, from the one after
    /// `cursor` on; no more than a look reads.
    static func order(_ due: [(position: Position, end: Int64)], after cursor: TopicPartition?) -> [Position] {
        let byLag = due.sorted { a, b in
            let (aLag, bLag) = (a.end - a.position.offset.offset, b.end - b.position.offset.offset)
            return aLag == bLag ? a.position < b.position : aLag > bLag
        }
        let others = byLag.dropFirst(worst).map(\.position).sorted()
        let next = cursor.flatMap { cursor in others.firstIndex { $0.offset.topicPartition > cursor } } ?? 0
        let order = byLag.prefix(worst).map(\.position) + others[next...] + others[..<next]
        return Array(order.prefix(maximumReads))
    }

    /// Reads until the deadline. Returns the partition of the last position that was read; nil if none was read.
    @discardableResult
    private func read(
        _ positions: ArraySlice<Position>, _ wanted: [Position: Wanted], until deadline: ContinuousClock.Instant,
        now: Int64,
        _ failure: inout String?
    ) -> TopicPartition? {
        var found = reader.read(Self.unique(positions.map(\.offset)), until: deadline, &failure)
        readOpen(positions, wanted, &found, &failure)
        var last: TopicPartition?
        for position in positions {
            let first = found[position.offset]
            guard let first else { continue }
            known[position] = Read(first: first, at: now)
            last = position.offset.topicPartition
        }
        return last
    }

    /// What can be read ends before an open transaction. Its records are unread too, for a group that may read
    /// uncommitted data.
    private func readOpen(
        _ positions: ArraySlice<Position>, _ wanted: [Position: Wanted], _ found: inout [PartitionOffset: FirstRecord],
        _ failure: inout String?
    ) {
        var held: [PartitionOffset: PartitionOffset] = [:]
        for position in positions where !position.isCommitted {
            let offset = position.offset
            guard let first = found[offset], case .end(let end) = first,
                first.next(before: wanted[position]?.end ?? 0) == nil
            else { continue }
            held[offset] = PartitionOffset(offset.topicPartition, offset: max(end, offset.offset))
        }
        guard !held.isEmpty else { return }
        let deadline = ContinuousClock.now + .milliseconds(Self.openMilliseconds)
        let starts = held.values.sorted { $0.topicPartition < $1.topicPartition }
        let open = openReader.read(Self.unique(starts), until: deadline, &failure)
        for (offset, start) in held { found[offset] = open[start] }
    }

    private static func unique(_ offsets: [PartitionOffset]) -> [PartitionOffset] {
        var seen: Set<PartitionOffset> = []
        return offsets.filter { seen.insert($0).inserted }
    }
}

extension NextRecords.Position: Comparable {
    static func < (a: Self, b: Self) -> Bool {
        (a.offset.topicPartition, a.offset.offset, a.isCommitted ? 1 : 0)
            < (b.offset.topicPartition, b.offset.offset, b.isCommitted ? 1 : 0)
    }
}
