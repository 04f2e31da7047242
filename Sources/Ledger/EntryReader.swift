internal import Events

/// Reads what counts of a ledger partition: the entries of its frames, in order, less those that `Acceptance` turns down.
public struct EntryReader {
    public private(set) var acceptance: Acceptance
    /// The last entry's place in its frame.
    public private(set) var index = -1

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

    /// The next entry that counts; false after the last.
    public mutating func next(_ entry: inout Entry) throws(FrameError) -> Bool {
        while try reader.next(&entry) {
            index &+= 1
            if entry.kind == .tick { return true }
            if entry.kind == .event {
                guard
                    acceptance.accept(
                        topic: topic(entry.origin), partition: entry.origin.partition, offset: entry.origin.offset)
                else { continue }
            }
            if entry.event.type.equals(ControlType.sourceReset.name),
                let name = decoder.string("topic", of: entry.event.data)
            {
                acceptance.reset(topic: name)
            }
            return true
        }
        return false
    }

    /// Texts of a frame's dictionary are resolved once a frame.
    @inline(__always) private mutating func topic(_ origin: Origin) -> Int {
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
