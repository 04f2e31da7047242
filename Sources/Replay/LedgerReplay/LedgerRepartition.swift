internal import Events
public import Ledger
internal import Policy
internal import Scoring

/// Divides a ledger partition's frames among several new partitions: the way in which a ledger gets more partitions.
///
/// The new number of partitions is a multiple of the old one. So each new partition has subjects of only one old
/// partition, and their entries in the same order. Before an entry a tick moves the new partition's clock to that of
/// the old one, so that every step of a subject has the same clock: standings, terms and dates are the same. Entries
/// that do not count (repeats, broken sessions, records that are passed over) are left out. Every new partition has the
/// entries that concern all subjects.
///
/// Offsets begin at 0, and so do facts' ids and numbers. Therefore the new ledger has a name of its own.
public final class LedgerRepartition: FrameSource {
    /// The reason why a ledger cannot be divided.
    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// The limit of a tick's distance from the clock. Beyond ten years no tick counts (`EntryTime`).
    private static let maximumStep = CalendarSpan(1, .years)

    private let frames: any FrameSource
    private let partition: Int32
    private let count: Int
    private let name: String
    private let session: UInt64

    private var reader = EntryReader()
    private var entry = FrameReader.blank
    private let decoder = EventDecoder()
    private var builder = FrameBuilder()
    /// The old partition's identity; nil before its first entry.
    private var identity: LedgerIdentity?
    /// The new partition's clock.
    private var clock = Timestamp.distantPast
    private var isAtEnd = false
    /// Whether the old partition has entries after the last one that was copied.
    private var hasLeftOut = false
    /// Topics that had lost records before the last entry that concerns all subjects.
    private var frozen: [String] = []

    /// Frames that are built, by offset from `first` on.
    private var built: [[UInt8]] = []
    private var first: Int64 = 0
    /// The offset of the next frame to be returned.
    private var wanted: Int64
    private let lent = UnsafeMutableRawBufferPointer.allocate(byteCount: Frame.readerMaximumBytes, alignment: 8)

    /// The old partition of a new one's subjects.
    public static func origin(of partition: Int32, among oldCount: Int) -> Int32 { partition % Int32(oldCount) }

    /// `frames` has all frames of the partition `origin`. `partition` is the new one, of `count`, which is a multiple
    /// of the old number. `start` is the offset of the first frame to be returned.
    public init(_ frames: any FrameSource, partition: Int32, of count: Int, name: String, from start: Int64 = 0) {
        precondition(LedgerIdentity.isName(name), "\"\(name)\" is no name of a ledger")
        (self.frames, self.partition, self.count, self.name) = (frames, partition, count, name)
        session = Array("\(name)/\(count)".utf8).withUnsafeBytes { $0.fingerprint(seed: UInt64(partition)) | 1 }
        wanted = start
    }

    deinit { lent.deallocate() }

    /// The next frame of the new partition. Throws `Failure` if the ledger has no name, or an entry is not known.
    /// Throws `FrameError`, and errors of the old partition's frames.
    public func next() throws -> LedgerFrame? {
        while true {
            while let frame = built.first {
                let offset = first
                built.removeFirst()
                first += 1
                guard offset >= wanted else { continue }
                lent.copyBytes(from: frame)
                wanted = offset + 1
                return LedgerFrame(
                    offset: offset, bytes: UnsafeRawBufferPointer(rebasing: lent[..<frame.count]))
            }
            guard !isAtEnd else { return nil }
            try build()
        }
    }

    /// Reads one more frame of the old partition.
    private func build() throws {
        guard let frame = try frames.next() else {
            guard identity?.name != nil else {
                throw Failure(
                    description:
                        "partition \(partition): the ledger has no name, and facts of the new one could not be told "
                        + "from those of the old one: `standing ledger upgrade` names it")
            }
            isAtEnd = true
            tick(reader.acceptance.clock)
            // A timer that was due when it was set fires before the next entry of any subject.
            if hasLeftOut, clock != .distantPast { builder.append(tick: clock) }
            close()
            return
        }
        guard try reader.openOrPass(frame.bytes) else { return }
        while try reader.next(&entry) {
            try take()
            if builder.isFull { close() }
        }
    }

    private func take() throws {
        // If the new partition has no entries for long, its clock follows in steps that count.
        let now = reader.acceptance.clock
        hasLeftOut = true
        if clock != .distantPast, now > clock.adding(Self.maximumStep) {
            tick(reader.clockBefore)
            if entry.kind == .tick { tick(now) }
        }
        switch entry.kind {
        case .tick: break
        case .system: try takeSystem()
        case .event:
            guard entry.event.subject.isEmpty || Murmur2.partition(of: entry.event.subject, count: count) == partition
            else {
                if clock != .distantPast, now > clock.adding(Self.maximumStep) { tick(now) }
                return
            }
            tick(reader.clockBefore)
            if entry.event.subject.isEmpty { frozen = reader.acceptance.frozenTopics }
            builder.append(
                entry.event, topic: entry.origin.topic, partition: entry.origin.partition, offset: entry.origin.offset)
            if !reader.isOutOfRange { clock = max(clock, entry.event.time) }
            hasLeftOut = false
        }
    }

    private func takeSystem() throws {
        switch ControlType(entry.event.type) {
        case .policyActivated:
            // If two members began the empty ledger, the first entry won.
            guard identity == nil else { return }
            try append { data, identity in
                guard let text = entry.event.policyText(decoder) else { return false }
                data.member("policy", text)
                data.member("ledger", identity.version == .second ? "" : name)
                return true
            }
            close()
        case .ledgerUpgraded:
            guard let old = identity, try read().version > old.version else { return }
            tick(reader.clockBefore)
            try append { data, _ in
                data.member("ledger", name)
                return true
            }
        // It names a record by its offset, and that record is left out.
        case .ledgerSkipped: break
        case .sourceGap:
            // An entry that was no news to the old partition may be news to a new one, which has fewer of the source's
            // records.
            let before = frozen
            frozen = reader.acceptance.frozenTopics
            guard frozen.count > before.count else { return }
            tick(reader.clockBefore)
            builder.append(system: entry.event)
            hasLeftOut = false
        default:
            throw Failure(
                description: "partition \(partition): a system entry of type "
                    + "\(String(decoding: entry.event.type, as: UTF8.self).printable()) that this version does not know"
            )
        }
    }

    private func read() throws -> LedgerIdentity {
        do {
            return try LedgerIdentity(in: entry.event.data, decoder)
        } catch {
            throw Failure(description: "partition \(partition): the ledger is of \(error)")
        }
    }

    /// Appends the entry with other data. `write` gets the ledger's identity, and writes the first members of the data.
    private func append(_ write: (inout JSONWriter, LedgerIdentity) -> Bool) throws {
        let identity = try read()
        var data = JSONWriter()
        data.open()
        guard write(&data, identity) else {
            throw Failure(description: "partition \(partition): it begins without a policy's text")
        }
        data.member("fold-version", identity.version.rawValue)
        if identity.salt != .none { data.member("salt", identity.salt.description) }
        data.close()
        data.take().withUnsafeBytes { bytes in
            var event = entry.event
            event.data = bytes
            builder.append(system: event)
        }
        self.identity = identity
        hasLeftOut = false
    }

    /// Moves the clock to a time that is not before it.
    private func tick(_ time: Timestamp) {
        guard time > clock else { return }
        builder.append(tick: time)
        clock = time
    }

    private func close() {
        guard !builder.isEmpty else { return }
        built.append(builder.finish(session: session, number: UInt64(first) + UInt64(built.count)) { Array($0) })
    }
}
