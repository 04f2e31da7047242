public import Events

/// Decides what of a ledger partition counts: which frames of an appender session, and which entries by their
/// origin. It is part of the folded state: the same ledger gives the same decisions.
///
/// A session's frames count while their numbers run on without a gap; from its first gap on the session counts no
/// more, because a batch may have failed while a later one landed. An entry counts if its origin lies beyond the
/// greatest that counted of its source partition.
public struct Acceptance: Sendable {
    public enum Verdict: Equatable, Sendable {
        case accept
        /// The frame was there before.
        case repeated
        /// The session has a gap, here or earlier; its appender starts a new one from the committed offsets.
        case broken
    }

    /// Sessions remembered; beyond that the one that has been silent longest is forgotten, and refused if it returns.
    public static let maximumSessions = 1024
    /// `maximumSessions`, but in a simulation.
    let sessionLimit: Int

    public internal(set) var repeatedFrames: Int64 = 0
    public internal(set) var brokenFrames: Int64 = 0
    public internal(set) var repeatedOrigins: Int64 = 0

    /// The greatest time of an entry that moved the partition's clock; `distantPast` before the first.
    public internal(set) var clock = Timestamp.distantPast
    /// The fold version that the ledger said last; 0 before the first.
    public internal(set) var foldVersion: Int64 = 0

    struct Session {
        var id: UInt64
        /// The next number; nil after a gap.
        var next: UInt64?
        var lastUse: Int64
    }

    struct Source {
        var topic: Int
        var partition: Int32
        var greatest: Int64
    }

    var sessions: [Session] = []
    private var lastSession = 0
    var uses: Int64 = 0
    var topics: [[UInt8]] = []
    var sources: [Source] = []
    private var lastSource = 0
    /// By number: topics that have lost records, until an operator has acknowledged it.
    var frozen: [Int] = []

    public init(maximumSessions: Int = Self.maximumSessions) { sessionLimit = maximumSessions }

    public mutating func judge(session: UInt64, number: UInt64) -> Verdict {
        uses += 1
        guard let index = find(session) else {
            if number != 0 {
                remember(Session(id: session, next: nil, lastUse: uses))
                brokenFrames += 1
                return .broken
            }
            remember(Session(id: session, next: 1, lastUse: uses))
            return .accept
        }
        sessions[index].lastUse = uses
        guard let next = sessions[index].next else {
            brokenFrames += 1
            return .broken
        }
        if number == next {
            sessions[index].next = next + 1
            return .accept
        }
        if number < next {
            repeatedFrames += 1
            return .repeated
        }
        sessions[index].next = nil
        brokenFrames += 1
        return .broken
    }

    /// A frame that is passed over: the session goes on behind it, if it was the next.
    mutating func pass(session: UInt64, number: UInt64) {
        guard let index = find(session), sessions[index].next == number, number < .max else { return }
        uses += 1
        sessions[index].lastUse = uses
        sessions[index].next = number + 1
    }

    /// Entries of out-of-range times (`EntryTime`) move no clock from this fold version on.
    private static let boundsTimes: Int64 = 4

    /// Moves the clock, unless an entry's time is out of range; then false.
    @inline(__always) mutating func move(to time: Timestamp) -> Bool {
        if foldVersion >= Self.boundsTimes, EntryTime.isOutOfRange(time, clock: clock) { return false }
        clock = max(clock, time)
        return true
    }

    /// What an entry of Standing's own says of the ledger: where it begins, `isBeginning`, and where it moves to a newer version.
    mutating func note(foldVersion version: Int64, isBeginning: Bool) {
        guard isBeginning == (foldVersion == 0) else { return }
        foldVersion = max(foldVersion, version)
    }

    private mutating func find(_ session: UInt64) -> Int? {
        if lastSession < sessions.count, sessions[lastSession].id == session { return lastSession }
        guard let index = sessions.firstIndex(where: { $0.id == session }) else { return nil }
        lastSession = index
        return index
    }

    private mutating func remember(_ session: Session) {
        if sessions.count >= sessionLimit {
            let oldest = sessions.indices.min { sessions[$0].lastUse < sessions[$1].lastUse } ?? 0
            sessions[oldest] = session
            lastSession = oldest
        } else {
            sessions.append(session)
            lastSession = sessions.count - 1
        }
    }

    /// Whether an entry counts; if so its origin becomes the greatest.
    public mutating func accept(topic: Int, partition: Int32, offset: Int64) -> Bool {
        let index = source(topic: topic, partition: partition)
        guard offset > sources[index].greatest else {
            repeatedOrigins += 1
            return false
        }
        sources[index].greatest = offset
        return true
    }

    @inline(__always) private mutating func source(topic: Int, partition: Int32) -> Int {
        if lastSource < sources.count, sources[lastSource].topic == topic, sources[lastSource].partition == partition {
            return lastSource
        }
        if let index = sources.firstIndex(where: { $0.topic == topic && $0.partition == partition }) {
            lastSource = index
            return index
        }
        sources.append(Source(topic: topic, partition: partition, greatest: -1))
        lastSource = sources.count - 1
        return lastSource
    }

    /// A topic's number, for `accept`.
    public mutating func topic(_ name: UnsafeRawBufferPointer) -> Int {
        if let index = topics.firstIndex(where: { $0.withUnsafeBytes { $0.equals(name) } }) { return index }
        topics.append(Array(name))
        return topics.count - 1
    }

    /// A topic's name by its number; nil if no topic has it.
    public func topicName(_ number: Int) -> String? {
        topics.indices.contains(number) ? String(decoding: topics[number], as: UTF8.self) : nil
    }

    /// `standing.source.reset`: the topic's origins start again at 0.
    public mutating func reset(topic name: UnsafeRawBufferPointer) {
        let topic = topic(name)
        for index in sources.indices where sources[index].topic == topic { sources[index].greatest = -1 }
        acknowledge(topic: name)
    }

    /// `standing.source.gap`: what lies before `end` in a source partition and has not come will not come. Said again, it
    /// changes nothing.
    public mutating func lose(topic name: UnsafeRawBufferPointer, partition: Int32, before end: Int64) {
        let topic = topic(name)
        let index = source(topic: topic, partition: partition)
        guard end - 1 > sources[index].greatest else { return }
        sources[index].greatest = end - 1
        if !frozen.contains(topic) { frozen.append(topic) }
    }

    /// `standing.source.acknowledged`: somebody has looked at what the topic has lost.
    public mutating func acknowledge(topic name: UnsafeRawBufferPointer) {
        let topic = topic(name)
        frozen.removeAll { $0 == topic }
    }

    /// The topics that have lost records, and nobody has acknowledged it.
    public var frozenTopics: [String] { frozen.map { String(decoding: topics[$0], as: UTF8.self) }.sorted() }

    @inline(__always) func isFrozen(_ topic: Int) -> Bool { !frozen.isEmpty && frozen.contains(topic) }
}
