public import Events
internal import Foundation
internal import Kafka
public import Ledger
internal import Replay
internal import Scoring

/// An entry of the ledger.
public struct LedgerEntry: Sendable {
    public let partition: Int32
    /// The ledger offset of its frame, and its index there.
    public let offset: Int64
    public let index: Int
    public let kind: EntryKind
    /// Nil for a system entry without a time.
    public let time: Timestamp?
    /// Empty for a tick.
    public let type, source, id, subject: [UInt8]
    /// JSON; empty if there is none. The data of system entries is left out, because it has the key of fingerprints.
    public let data: [UInt8]
    /// The source of the event; nil for an entry that is not an event.
    public let origin: EventOrigin?

    public struct EventOrigin: Sendable, Hashable {
        public let topic: String
        public let partition: Int32
        public let offset: Int64
    }

    public var position: Position { Position(offset: offset, index: index) }

    /// An entry's position in its partition, written `OFFSET.INDEX`.
    public struct Position: Sendable, Comparable, LosslessStringConvertible {
        /// The greatest length in characters.
        public static let maximumText = 48

        let offset: Int64
        let index: Int

        init(offset: Int64, index: Int) { (self.offset, self.index) = (offset, index) }

        public init?(_ text: String) {
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 2, let offset = Int64(parts[0]), let index = Int(parts[1]), offset >= 0, index >= 0
            else {
                return nil
            }
            self.init(offset: offset, index: index)
        }

        public var description: String { "\(offset).\(index)" }

        public static func < (a: Position, b: Position) -> Bool { (a.offset, a.index) < (b.offset, b.index) }
    }

    fileprivate init(_ entry: Entry, partition: Int32, offset: Int64, index: Int) {
        (self.partition, self.offset, self.index, kind) = (partition, offset, index, entry.kind)
        time = entry.event.time == .distantPast ? nil : entry.event.time
        (type, source) = (Array(entry.event.type), Array(entry.event.source))
        (id, subject) = (Array(entry.event.id), Array(entry.event.subject))
        data = entry.kind == .event ? Array(entry.event.data) : []
        origin =
            entry.kind == .event
            ? EventOrigin(
                topic: String(decoding: entry.origin.topic, as: UTF8.self), partition: entry.origin.partition,
                offset: entry.origin.offset) : nil
    }

    init(_ entry: SubjectEntries.Entry, partition: Int32) {
        (self.partition, offset, index, kind) = (partition, entry.offset, entry.entry, entry.kind)
        time = entry.time == .distantPast ? nil : entry.time
        (type, source, id, subject, data) = (entry.type, entry.source, entry.id, entry.subject, entry.data)
        origin = EventOrigin(
            topic: String(decoding: entry.topic, as: UTF8.self), partition: entry.partition, offset: entry.sourceOffset)
    }
}

/// Entries of a ledger partition in its order.
public struct LedgerEntries: Sendable {
    /// Entries of a page.
    public static let limits: ClosedRange<Int> = 1...500
    /// Bytes of the data of a page's entries, without the last one.
    static let maximumBytes = 1 << 20

    public internal(set) var entries: [LedgerEntry] = []
    /// The last entry of this page; nil if no entries follow it.
    public internal(set) var next: LedgerEntry.Position?
    var bytes = 0

    /// Whether a page has the greatest number of entries or bytes.
    func isFull(_ limit: Int) -> Bool { entries.count >= limit || bytes >= Self.maximumBytes }

    mutating func append(_ entry: LedgerEntry) {
        entries.append(entry)
        bytes += entry.data.count
    }
}

/// The state of a ledger partition, as known to this member.
public struct LedgerPartitionReading: Sendable {
    public let partition: Int32
    /// The oldest offset and the next one, of the topic.
    public let beginning, end: Int64
    /// The fold on this member; nil if another member folds the partition.
    public let fold: Fold?
    /// The address of another member that owns it; nil if none is known.
    public let owner: String?
    /// Why the fold stops at a record; nil if it does not.
    public let quarantine: String?
    /// The newest signed checkpoint of it; nil if there is none.
    public let checkpoint: Statement?

    public struct Fold: Sendable {
        /// The ledger offset of the next frame.
        public let nextOffset: Int64
        public let clock: Timestamp?
        public let policy: PipelineService.PartitionProgress.Policy?
        /// Of the frames before `chainOffset`; nil before the first.
        public let chainHead: [UInt8]?
        public let chainOffset: Int64
    }

    /// A checkpoint, and the time of its publication.
    public struct Statement: Sendable {
        public let checkpoint: Checkpoint
        public let time: Timestamp?
        /// Whether it is signed with a key that this member trusts.
        public let isTrusted: Bool
    }
}

/// Reads the ledger for people. Every call blocks, for a limited time.
public final class LedgerReader: @unchecked Sendable {
    private static let longest = Duration.seconds(4)
    /// Frames that are read for a page. A frame may have no matching entry.
    private static let maximumFrames = 10_000

    private let service: PipelineService
    private let lock = NSLock()
    private let decoder = EventDecoder()
    // Guarded by `lock`.
    private var tail: TopicTail?
    private var statements: [Int32: LedgerPartitionReading.Statement] = [:]

    public init(_ service: PipelineService) {
        self.service = service
        tail = service.configuration.checkpoints.map { TopicTail(service.configuration.kafka, topic: $0.topic) }
    }

    /// The ledger's name; nil if it has none, or it is not known here.
    public var name: String? {
        service.owned.all.lazy.compactMap { partition in
            partition.readFold { $0.nextOffset > 0 ? $0.identity.name : nil }
        }.first
    }

    /// By partition. Throws `NotReadYet`, and the errors of reading.
    public func partitions() throws -> [LedgerPartitionReading] {
        let (kafka, topic) = (service.configuration.kafka, service.configuration.topics.ledger)
        let topicPartitions = (0..<Int32(try kafka.partitions(of: topic))).map { TopicPartition(topic, $0) }
        let (beginnings, ends) = (try kafka.beginnings(of: topicPartitions), try kafka.ends(of: topicPartitions))
        let statements = try newestStatements()
        let quarantined = service.status.quarantined
        return topicPartitions.map { topicPartition in
            let partition = topicPartition.partition
            let fold = service.owned[partition].map { owned in
                let (view, chain) = (owned.view, owned.chain)
                return LedgerPartitionReading.Fold(
                    nextOffset: view.nextOffset, clock: view.clock == .distantPast ? nil : view.clock,
                    policy: view.activePolicy, chainHead: chain?.head, chainOffset: chain?.offset ?? 0)
            }
            return LedgerPartitionReading(
                partition: partition, beginning: beginnings[topicPartition] ?? 0, end: ends[topicPartition] ?? 0,
                fold: fold,
                owner: fold == nil ? service.address(ofOwner: Int(partition)) : nil,
                quarantine: quarantined.first { $0.partition == partition }?.reason,
                checkpoint: statements[partition])
        }
    }

    /// The checkpoints of the greatest offsets; empty if this member reads no checkpoints.
    private func newestStatements() throws -> [Int32: LedgerPartitionReading.Statement] {
        guard let keyring = service.configuration.checkpoints?.keyring else { return [:] }
        return try lock.withLock {
            guard var tail else { return [:] }
            let runtime = service.configuration.runtime
            var found = statements
            let outcome = try tail.read(until: runtime.now + Self.longest, now: { runtime.now }, recreated: { _ in }) {
                _, record in
                guard let signed = record.value.flatMap({ SignedCheckpoint(json: $0, decoder) }) else { return }
                let partition = signed.checkpoint.partition
                let isTrusted = keyring.objection(to: signed) == nil
                if let known = found[partition],
                    known.isTrusted && !isTrusted
                        || known.isTrusted == isTrusted && known.checkpoint.nextOffset >= signed.checkpoint.nextOffset
                {
                    return
                }
                found[partition] = .init(
                    checkpoint: signed.checkpoint,
                    time: record.timestamp < 0 ? nil : Timestamp(microseconds: record.timestamp * 1000),
                    isTrusted: isTrusted)
            }
            (self.tail, statements) = (tail, found)
            guard outcome == .whole else { throw NotReadYet(what: "the topic of checkpoints") }
            return found
        }
    }

    // MARK: - Entries

    /// Entries of the ledger topic in order, including those that the fold refuses, such as repeats: from the frame at
    /// `offset` on, and after `position`. An unreadable frame has no entries. Throws `NotReadYet`, and the errors of
    /// reading.
    public func entries(
        of partition: Int32, from offset: Int64, after position: LedgerEntry.Position? = nil, limit: Int
    ) throws -> LedgerEntries {
        let limit = max(LedgerEntries.limits.lowerBound, min(limit, LedgerEntries.limits.upperBound))
        let (kafka, topic) = (service.configuration.kafka, service.configuration.topics.ledger)
        let runtime = service.configuration.runtime
        let deadline = runtime.now + Self.longest
        let frames = try LedgerTopicFrames(
            kafka, topic: topic, partition: partition, from: max(offset, position?.offset ?? 0),
            isStopped: { runtime.now >= deadline })
        var page = LedgerEntries()
        var (reader, entry) = (FrameReader(), FrameReader.blank)
        do {
            for _ in 0..<Self.maximumFrames {
                guard let frame = try frames.next() else { return page }
                guard EntryReader.defect(in: frame.bytes) == nil else { continue }
                try reader.open(frame.bytes)
                var index = -1
                while try reader.next(&entry) {
                    index += 1
                    if let position, LedgerEntry.Position(offset: frame.offset, index: index) <= position { continue }
                    if page.isFull(limit) {
                        page.next = page.entries.last?.position
                        return page
                    }
                    page.append(LedgerEntry(entry, partition: partition, offset: frame.offset, index: index))
                }
            }
        } catch is CancellationError {
            guard !page.entries.isEmpty else { throw NotReadYet(what: "the ledger") }
        }
        page.next = page.entries.last?.position
        return page
    }

    /// The ledger offset at which the clock of a partition that is folded here reaches `time`.
    public enum TimeLookup: Sendable, Equatable {
        case offset(Int64)
        /// The clock has not reached the time. The value is the partition's next offset.
        case beyond(Int64)
        case notFoldedHere
        case noArchive
    }

    /// Reads the archive's indexes. `asStandby`: also of a partition that another member owns. Throws `ArchiveDamage`.
    public func offset(of partition: Int32, reaching time: Timestamp, asStandby: Bool = false) throws -> TimeLookup {
        let standby = asStandby ? service.owned.standby(partition) : nil
        guard let owned = service.owned[partition] ?? standby else { return .notFoldedHere }
        let found = try owned.offset(reaching: time)
        guard found.isArchived else { return .noArchive }
        return found.offset.map { .offset($0) } ?? .beyond(owned.view.nextOffset)
    }
}

extension PipelineService {
    /// A page of a subject's entries, as in a file, and as JSON (`LedgerEntries.write`). Otherwise as for a file.
    public func ledgerEntries(
        of subject: [UInt8], after position: LedgerEntry.Position?, limit: Int, asStandby: Bool = false
    ) throws -> (lookup: FileLookup, page: LedgerEntries) {
        let limit = max(LedgerEntries.limits.lowerBound, min(limit, LedgerEntries.limits.upperBound))
        let partition = ledgerPartition(of: subject).map { Int32($0) } ?? 0
        var page = LedgerEntries()
        let lookup = try withHistory(of: subject, asStandby: asStandby) { found, _, _, writer in
            for entry in found.entries where !entry.subject.isEmpty {
                if let position, LedgerEntry.Position(offset: entry.offset, index: entry.entry) <= position { continue }
                if page.isFull(limit) {
                    page.next = page.entries.last?.position
                    break
                }
                page.append(LedgerEntry(entry, partition: partition))
            }
            page.write(to: &writer)
        }
        return (lookup, page)
    }
}
