internal import Events

/// Reads what counts of a ledger partition: the entries of its frames, in order, less those that `Acceptance` turns down.
public struct EntryReader {
    public private(set) var acceptance: Acceptance
    /// The last entry's place in its frame.
    public private(set) var index = -1
    /// Number of the last entry's source topic; -1 if it has none.
    public private(set) var topic = -1
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

    /// As `open`, for whoever reads what a fold has folded: a frame that cannot be read was passed over there, and is here.
    public mutating func openOrPass(_ frame: UnsafeRawBufferPointer) throws(FrameError) -> Bool {
        guard FrameReader.defect(in: frame) == nil else {
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
            if entry.kind == .tick { return true }
            if entry.kind == .event {
                topic = number(of: entry.origin)
                guard
                    acceptance.accept(topic: topic, partition: entry.origin.partition, offset: entry.origin.offset)
                else { continue }
                isFrozen = acceptance.isFrozen(topic)
            }
            if entry.event.subject.isEmpty { note(entry) }
            return true
        }
        return false
    }

    /// What is said of a source topic.
    private mutating func note(_ entry: Entry) {
        let data = entry.event.data
        guard let type = ControlType(entry.event.type), let topic = decoder.string("topic", of: data) else { return }
        // The decoder's memory is used again by what is read next.
        let name = Array(topic)
        name.withUnsafeBytes { name in
            switch type {
            case .sourceReset: acceptance.reset(topic: name)
            case .sourceAcknowledged: acceptance.acknowledge(topic: name)
            case .sourceGap where entry.kind == .system:
                guard let partition = decoder.integer("partition", of: data).flatMap({ Int32(exactly: $0) }),
                    let end = decoder.integer("to", of: data)
                else { return }
                acceptance.lose(topic: name, partition: partition, before: end)
            default: break
            }
        }
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
