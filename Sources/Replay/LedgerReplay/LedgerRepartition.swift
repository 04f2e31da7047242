internal import Events
public import Ledger
internal import Policy
internal import Scoring

/// A ledger partition's frames as those of several new ones: how a ledger gets more partitions.
///
/// The number of partitions becomes a multiple of what it was, so that each new partition has subjects of one old partition alone,
/// and their entries in the order that they had there. Before an entry, a tick brings the new partition's clock to where the old one's
/// was, so that every step of a subject has the clock that it had: standings, terms and dates are the same. What counted for nothing
/// (repeats, broken sessions, records that are passed over) is left out; every new partition has the entries that concern everyone.
///
/// Offsets begin at 0, and facts' ids and numbers with them. Therefore the new ledger has a name of its own.
public final class LedgerRepartition: FrameSource {
    /// Why a ledger cannot be divided so.
    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// A tick lies at most this far beyond the clock: farther than ten years none would count (`EntryTime`).
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
    /// What the old partition says of itself; nil before its first entry.
    private var identity: LedgerIdentity?
    /// The new partition's.
    private var clock = Timestamp.distantPast
    private var isAtEnd = false
    /// The old partition has entries after the last one that the new one got.
    private var hasLeftOut = false
    /// Topics that had lost records before the last entry that concerns everyone.
    private var frozen: [String] = []

    /// Frames that are built, by offset, from `first` on.
    private var built: [[UInt8]] = []
    private var first: Int64 = 0
    /// The offset of the frame that is given next.
    private var wanted: Int64
    private let lent = UnsafeMutableRawBufferPointer.allocate(byteCount: Frame.readerMaximumBytes, alignment: 8)

    /// The old partition that the subjects of a new one come from.
    public static func origin(of partition: Int32, among oldCount: Int) -> Int32 { partition % Int32(oldCount) }

    /// `frames`: all of the partition `origin`. `partition`: the new one, of `count`, which is a multiple of the old number. `start`: the
    /// offset of the first frame to be given.
    public init(_ frames: any FrameSource, partition: Int32, of count: Int, name: String, from start: Int64 = 0) {
        precondition(LedgerIdentity.isName(name), "\"\(name)\" is no name of a ledger")
        (self.frames, self.partition, self.count, self.name) = (frames, partition, count, name)
        session = Array("\(name)/\(count)".utf8).withUnsafeBytes { $0.fingerprint(seed: UInt64(partition)) | 1 }
        wanted = start
    }

    deinit { lent.deallocate() }

    /// The next frame of the new partition. Throws `Failure` where the ledger has no name, or an entry is not known; `FrameError`, and
    /// what the old partition's frames throw.
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

    /// Takes one more frame of the old partition.
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
            // A timer that was due when it was set fires before the next entry, whoever's that is.
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
        // Where nothing of the new partition has happened for long, its clock keeps up in steps that count.
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
            // Of two members that found the ledger empty the first entry won.
            guard identity == nil else { return }
            try append { data, identity in
                guard let text = entry.event.policyText(decoder) else { return false }
                data.append("{\"policy\":")
                data.append(jsonString: text)
                data.append(",\"ledger\":")
                data.append(jsonString: identity.version == .second ? "" : name)
                return true
            }
            close()
        case .ledgerUpgraded:
            guard let old = identity, try read().version > old.version else { return }
            tick(reader.clockBefore)
            try append { data, _ in
                data.append("{\"ledger\":")
                data.append(jsonString: name)
                return true
            }
        // It names a record by its offset, and that record is left out.
        case .ledgerSkipped: break
        case .sourceGap:
            // One that told the old partition nothing may tell a new one something, which has fewer of the source's records.
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

    /// The entry with other data: what `write` gives, which is a JSON object without its end, and the fold version.
    private func append(_ write: (inout ByteWriter, LedgerIdentity) -> Bool) throws {
        let identity = try read()
        var data = ByteWriter()
        guard write(&data, identity) else {
            throw Failure(description: "partition \(partition): it begins without a policy's text")
        }
        data.append(",\"fold-version\":")
        data.append(decimal: Int64(identity.version.rawValue))
        if identity.salt != .none { data.append(",\"salt\":\"\(identity.salt)\"") }
        data.append("}")
        Array(data.bytes).withUnsafeBytes { bytes in
            var event = entry.event
            event.data = bytes
            builder.append(system: event)
        }
        self.identity = identity
        hasLeftOut = false
    }

    /// Brings the clock to a time that it has not passed yet.
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
