public import Events

/// Decides which parts of a ledger partition count: which frames of an appender session, and which entries by their
/// origin. It is part of the folded state: the same ledger gives the same decisions.
///
/// A session's frames count while their numbers follow one another without a gap. After its first gap a session
/// counts no more, because a batch may have failed while a later one was appended. An entry counts if its origin is
/// greater than every origin that has counted of its source partition.
public struct Acceptance: Sendable {
    /// Whether a frame counts.
    public enum Verdict: Equatable, Sendable {
        case accept
        /// The session has counted a frame of this number before.
        case repeated
        /// The session has a gap, at this frame or at an earlier one. Its appender starts a new session from the
        /// committed offsets.
        case broken
    }

    /// The number of sessions that are remembered. One more replaces the session that was unused for longest; that
    /// session is refused if it continues.
    public static let maximumSessions = 1024
    /// Equals `maximumSessions`, except in a simulation.
    let sessionLimit: Int

    public internal(set) var repeatedFrames: Int64 = 0
    public internal(set) var brokenFrames: Int64 = 0
    public internal(set) var repeatedOrigins: Int64 = 0

    /// The greatest time of an entry that moved the partition's clock; `distantPast` before the first.
    public internal(set) var clock = Timestamp.distantPast
    /// The last fold version in the ledger; 0 before the first.
    public internal(set) var foldVersion: Int64 = 0

    struct Session {
        var id: UInt64
        /// The next frame number; nil after a gap.
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
    /// Numbers of the topics that have lost records, until an operator has acknowledged the loss.
    var frozen: [Int] = []

    public init(maximumSessions: Int = Self.maximumSessions) { sessionLimit = maximumSessions }

    /// The verdict on a frame by its appender session and its number in it, from 0. Frames are judged once, in the
    /// ledger's order.
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

    /// Passes over a frame that cannot be read. If it was the session's next frame, the session continues after it.
    mutating func pass(session: UInt64, number: UInt64) {
        guard let index = find(session), sessions[index].next == number, number < .max else { return }
        uses += 1
        sessions[index].lastUse = uses
        sessions[index].next = number + 1
    }

    /// From this fold version on, an entry whose time is out of range (`EntryTime`) does not move the clock.
    private static let boundsTimes: Int64 = 4

    /// Moves the clock. Returns false if the entry's time is out of range; the clock then stays.
    @inline(__always) mutating func move(to time: Timestamp) -> Bool {
        if foldVersion >= Self.boundsTimes, EntryTime.isOutOfRange(time, clock: clock) { return false }
        clock = max(clock, time)
        return true
    }

    /// Notes the fold version of an entry that Standing wrote itself. The ledger's beginning (`isBeginning`) counts
    /// only while there is no version, an upgrade only after one.
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

    /// Whether an entry counts. If it does, its origin becomes its source partition's greatest.
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

    /// The number that `accept` takes for a topic. A new topic gets the next number.
    public mutating func topic(_ name: UnsafeRawBufferPointer) -> Int {
        if let index = topics.firstIndex(where: { $0.withUnsafeBytes { $0.equals(name) } }) { return index }
        topics.append(Array(name))
        return topics.count - 1
    }

    /// Whether a topic has a number.
    public func has(topic name: String) -> Bool { topics.contains(Array(name.utf8)) }

    /// A topic's name by its number; nil if no topic has it.
    public func topicName(_ number: Int) -> String? {
        topics.indices.contains(number) ? String(decoding: topics[number], as: UTF8.self) : nil
    }

    /// `standing.source.reset`: the topic's origins start again at 0, and its losses are acknowledged.
    public mutating func reset(topic name: UnsafeRawBufferPointer) {
        let topic = topic(name)
        for index in sources.indices where sources[index].topic == topic { sources[index].greatest = -1 }
        acknowledge(topic: name)
    }

    /// `standing.source.gap`: records of a source partition before `end` that have not arrived are lost. Repeating it
    /// changes nothing.
    public mutating func lose(topic name: UnsafeRawBufferPointer, partition: Int32, before end: Int64) {
        let topic = topic(name)
        let index = source(topic: topic, partition: partition)
        guard end - 1 > sources[index].greatest else { return }
        sources[index].greatest = end - 1
        if !frozen.contains(topic) { frozen.append(topic) }
    }

    /// `standing.source.acknowledged`: an operator has acknowledged the topic's losses.
    public mutating func acknowledge(topic name: UnsafeRawBufferPointer) {
        let topic = topic(name)
        frozen.removeAll { $0 == topic }
    }

    /// The topics that have lost records and whose loss is not acknowledged, sorted by name.
    public var frozenTopics: [String] { frozen.map { String(decoding: topics[$0], as: UTF8.self) }.sorted() }

    @inline(__always) func isFrozen(_ topic: Int) -> Bool { !frozen.isEmpty && frozen.contains(topic) }
}
