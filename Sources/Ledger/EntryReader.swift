public import Events

/// Reads the entries of a ledger partition that count: the entries of its frames, in order, without those that
/// `Acceptance` refuses.
public struct EntryReader {
    /// The state after the last frame.
    public private(set) var acceptance: Acceptance
    /// The last entry's index in its frame; -1 before the first.
    public private(set) var index = -1
    /// The number of the last entry's source topic; -1 if it has none.
    public private(set) var topic = -1
    /// The partition's clock before the last entry.
    public private(set) var clockBefore = Timestamp.distantPast
    /// True if the last entry's time is out of range (`EntryTime`). Such an entry moves no clock and contributes
    /// nothing.
    public private(set) var isOutOfRange = false
    /// True if the last entry's topic has lost records and nobody has acknowledged it.
    public private(set) var isFrozen = false
    /// Names of the source topics that are left out.
    public private(set) var leftOut: [[UInt8]] = []

    private var reader = FrameReader()
    private let decoder = EventDecoder()
    /// The numbers of topics in `acceptance`, by their number in the frame's dictionary; -1 while it is not known.
    private var topics: [Int] = []
    /// Behaviour events that were left out, by the number in `acceptance` of their topic, as far as it has them.
    private var without: [Int: Int64] = [:]

    public init(_ acceptance: Acceptance = Acceptance()) {
        self.acceptance = acceptance
        topics.reserveCapacity(Frame.dictionaryLimit)
    }

    /// Opens the next frame, which must stay valid while it is read. Returns false if the frame does not count.
    public mutating func open(_ frame: UnsafeRawBufferPointer) throws(FrameError) -> Bool {
        try reader.open(frame)
        index = -1
        topics.removeAll(keepingCapacity: true)
        return acceptance.judge(session: reader.session, number: reader.number) == .accept
    }

    /// From now on exactly these source topics are left out: a behaviour event of theirs is a tick. Control events are
    /// acts of the programme, and stay.
    public mutating func leaveOut(_ topics: [[UInt8]]) {
        leftOut = topics
        let before = without
        without = [:]
        for (number, name) in acceptance.topics.enumerated() where topics.contains(name) {
            without[number] = before[number] ?? 0
        }
    }

    /// Behaviour events of a topic that were left out.
    public func leftOutEntries(of topic: [UInt8]) -> Int64 {
        acceptance.topics.firstIndex(of: topic).flatMap { without[$0] } ?? 0
    }

    /// Continues with a copy of the open frame at another address. Returns the move for the entries that borrow from
    /// the old address; nil if the address is the same.
    public mutating func move(to frame: UnsafeRawBufferPointer) -> FrameMove? { reader.move(to: frame) }

    /// Why the bytes cannot be read to their end as a frame; nil if they can.
    public static func defect(in bytes: UnsafeRawBufferPointer) -> FrameError? {
        var (reader, entry, decoder) = (FrameReader(), FrameReader.blank, EventDecoder?.none)
        do throws(FrameError) {
            try reader.open(bytes)
            while try reader.next(&entry) {
                guard !isNobodys(entry) else { throw reader.withoutSubject }
                guard entry.kind == .system, ControlType(entry.event.type) == .sourceGap else { continue }
                let made = decoder ?? EventDecoder()
                decoder = made
                _ = try gap(in: entry.event.data, made) { reader.outOfBounds }
            }
            return nil
        } catch {
            return error
        }
    }

    /// Like `open`, for a reader of frames that a fold has read. The fold passed over a frame that cannot be read,
    /// and so does this method.
    public mutating func openOrPass(_ frame: UnsafeRawBufferPointer) throws(FrameError) -> Bool {
        guard Self.defect(in: frame) == nil else {
            pass(frame)
            return false
        }
        return try open(frame)
    }

    /// Passes over a frame that cannot be read. Its entries are lost. If its header can be read and it is its
    /// session's next frame, the session continues, because later frames are not affected.
    public mutating func pass(_ frame: UnsafeRawBufferPointer) {
        guard let header = FrameReader.header(of: frame) else { return }
        acceptance.pass(session: header.session, number: header.number)
    }

    /// The next entry that counts; false after the last.
    public mutating func next(_ entry: inout Entry) throws(FrameError) -> Bool {
        while try reader.next(&entry) {
            index &+= 1
            isFrozen = false
            topic = -1
            if entry.kind == .tick {
                move(to: entry)
                return true
            }
            if entry.kind == .event {
                guard !Self.isNobodys(entry) else { throw reader.withoutSubject }
                topic = number(of: entry.origin)
                guard
                    acceptance.accept(topic: topic, partition: entry.origin.partition, offset: entry.origin.offset)
                else { continue }
                isFrozen = acceptance.isFrozen(topic)
                if !without.isEmpty, let count = without[topic], ControlType(entry.event.type) == nil {
                    without[topic] = count + 1
                    entry.kind = .tick
                }
            }
            move(to: entry)
            if entry.kind != .tick, entry.event.subject.isEmpty { try note(entry) }
            return true
        }
        return false
    }

    /// True for an event without a subject that does not concern everyone. In the folded state an empty subject is
    /// one that has withdrawn.
    @inline(__always) private static func isNobodys(_ entry: Entry) -> Bool {
        entry.kind == .event && entry.event.subject.isEmpty && ControlType(entry.event.type)?.concernsEveryone != true
    }

    @inline(__always) private mutating func move(to entry: Entry) {
        clockBefore = acceptance.clock
        isOutOfRange = entry.kind != .system && !acceptance.move(to: entry.event.time)
    }

    /// Notes what an entry states about the ledger or about a source topic.
    private mutating func note(_ entry: Entry) throws(FrameError) {
        let data = entry.event.data
        guard let type = ControlType(entry.event.type) else { return }
        if entry.kind == .system, type == .policyActivated || type == .ledgerUpgraded {
            acceptance.note(
                // Greater than every version that a fold knows: the fold refuses the entry.
                foldVersion: min(Int64(UInt32.max), max(1, decoder.integer("fold-version", of: data) ?? 1)),
                isBeginning: type == .policyActivated)
        }
        guard let topic = decoder.string("topic", of: data) else { return }
        // The decoder reuses its memory in the next call.
        let name = Array(topic)
        let lost: (partition: Int32, end: Int64)? =
            if type == .sourceGap, entry.kind == .system {
                try Self.gap(in: data, decoder) { reader.outOfBounds }
            } else {
                nil
            }
        name.withUnsafeBytes { name in
            switch type {
            case .sourceReset: acceptance.reset(topic: name)
            case .sourceAcknowledged: acceptance.acknowledge(topic: name)
            default: if let lost { acceptance.lose(topic: name, partition: lost.partition, before: lost.end) }
            }
        }
    }

    /// What a source partition has lost; nil if the entry lacks one of the numbers.
    private static func gap(
        in data: UnsafeRawBufferPointer, _ decoder: EventDecoder, _ outOfBounds: () -> FrameError
    ) throws(FrameError) -> (partition: Int32, end: Int64)? {
        guard let partition = decoder.integer("partition", of: data), let end = decoder.integer("to", of: data) else {
            return nil
        }
        guard 0...Int64(Frame.maximumPartition) ~= partition, 0...Frame.maximumOffset ~= end else {
            throw outOfBounds()
        }
        return (Int32(partition), end)
    }

    /// Resolves each text of a frame's dictionary once per frame.
    @inline(__always) private mutating func number(of origin: Origin) -> Int {
        let number = origin.topicNumber
        if number >= 0, number < topics.count, topics[number] >= 0 { return topics[number] }
        let topic = acceptance.topic(origin.topic)
        if !leftOut.isEmpty, leftOut.contains(acceptance.topics[topic]), without[topic] == nil { without[topic] = 0 }
        if number >= 0 {
            while topics.count <= number { topics.append(-1) }
            topics[number] = topic
        }
        return topic
    }
}
