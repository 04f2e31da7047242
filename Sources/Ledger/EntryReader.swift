public import Events

/// Reads what counts of a ledger partition: the entries of its frames, in order, less those that `Acceptance` turns down.
public struct EntryReader {
    public private(set) var acceptance: Acceptance
    /// The last entry's place in its frame.
    public private(set) var index = -1
    /// Number of the last entry's source topic; -1 if it has none.
    public private(set) var topic = -1
    /// The partition's clock before the last entry.
    public private(set) var clockBefore = Timestamp.distantPast
    /// The last entry's time is out of range (`EntryTime`): it moves no clock, and contributes nothing.
    public private(set) var isOutOfRange = false
    /// The last entry is of a topic that has lost records.
    public private(set) var isFrozen = false

    private var reader = FrameReader()
    private let decoder = EventDecoder()
    /// By number in the frame's dictionary: the topic's number for `acceptance`; -1: not asked yet.
    private var topics: [Int] = []

    public init(_ acceptance: Acceptance = Acceptance()) {
        self.acceptance = acceptance
        topics.reserveCapacity(Frame.dictionaryLimit)
    }

    /// Checks the next frame, which must outlive the reading. False: it does not count.
    public mutating func open(_ frame: UnsafeRawBufferPointer) throws(FrameError) -> Bool {
        try reader.open(frame)
        index = -1
        topics.removeAll(keepingCapacity: true)
        return acceptance.judge(session: reader.session, number: reader.number) == .accept
    }

    /// The frame that is read lies elsewhere now, with the same bytes. Returns how entries that were read of it are moved there;
    /// nil if it lies where it did.
    public mutating func move(to frame: UnsafeRawBufferPointer) -> FrameMove? { reader.move(to: frame) }

    /// Why bytes are no frame that can be read to its end; nil: they are one.
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

    /// As `open`, for whoever reads what a fold has folded: a frame that cannot be read was passed over there, and is here.
    public mutating func openOrPass(_ frame: UnsafeRawBufferPointer) throws(FrameError) -> Bool {
        guard Self.defect(in: frame) == nil else {
            pass(frame)
            return false
        }
        return try open(frame)
    }

    /// Passes over a frame that cannot be read. What it brought is lost, but where its header stands and it is its session's
    /// next, the session goes on: the frames behind it have no part in what befell it.
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
            }
            move(to: entry)
            if entry.event.subject.isEmpty { try note(entry) }
            return true
        }
        return false
    }

    /// An event about nobody that does not concern everyone. A subject without a name would be one that has withdrawn.
    @inline(__always) private static func isNobodys(_ entry: Entry) -> Bool {
        entry.kind == .event && entry.event.subject.isEmpty && ControlType(entry.event.type)?.concernsEveryone != true
    }

    @inline(__always) private mutating func move(to entry: Entry) {
        clockBefore = acceptance.clock
        isOutOfRange = entry.kind != .system && !acceptance.move(to: entry.event.time)
    }

    /// What is said of the ledger, or of a source topic.
    private mutating func note(_ entry: Entry) throws(FrameError) {
        let data = entry.event.data
        guard let type = ControlType(entry.event.type) else { return }
        if entry.kind == .system, type == .policyActivated || type == .ledgerUpgraded {
            acceptance.note(
                // Beyond all that a fold knows: whoever folds refuses the entry.
                foldVersion: min(Int64(UInt32.max), max(1, decoder.integer("fold-version", of: data) ?? 1)),
                isBeginning: type == .policyActivated)
        }
        guard let topic = decoder.string("topic", of: data) else { return }
        // The decoder's memory is used again by what is read next.
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

    /// What a source partition has lost; nil: the entry does not say it.
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

    /// Texts of a frame's dictionary are resolved once a frame.
    @inline(__always) private mutating func number(of origin: Origin) -> Int {
        let number = origin.topicNumber
        if number >= 0, number < topics.count, topics[number] >= 0 { return topics[number] }
        let topic = acceptance.topic(origin.topic)
        if number >= 0 {
            while topics.count <= number { topics.append(-1) }
            topics[number] = topic
        }
        return topic
    }
}
