import ArgumentParser
import Events
import Foundation
import Ledger
import Pipeline

/// When an operator's event happens: an option of every command that sends one.
///
/// With `clock: events` only the events of the sources move a ledger's clock. What an operator does is then stamped so that
/// it moves no partition's clock: the wall clock's time would end all that expires between the last event and today. Where
/// nobody says which clock it is, the ledger is asked.
struct OperatorTimeOptions: ParsableArguments {
    /// Microseconds that the wall clock may move a ledger's clock without being told to.
    static let unaskedMove: Int64 = 3_600_000_000

    @Option(help: "When it happens (RFC 3339). Default: now, or with --clock events the ledger's clock.")
    var time: String?

    @Option(help: Setting.help("clock"))
    var clock: String?

    @Option(help: Setting.help("allowed-skew"))
    var allowedSkew: String?

    @Option(help: "With --clock events: read the clock from this data folder of `standing serve`. Default: the topic.")
    var archive: String?

    func validate() throws {
        guard let time else {
            if allowedSkew != nil { throw ValidationError("--allowed-skew has no effect: it goes with --time") }
            return
        }
        if Timestamp(time) == nil {
            throw ValidationError("--time: \"\(time)\" is not an RFC 3339 time such as 2026-01-31T00:00:00Z")
        }
        for (name, value) in [("clock", clock), ("archive", archive)] where value != nil {
            throw ValidationError("--\(name) has no effect: --time says when it happens")
        }
    }

    /// `subject`: whose event it is; nil if it goes to every ledger partition. `known`: the ledger's clock, where it need not
    /// be read. Ends the command where intake would turn the time away, and where nobody has said which clock it is and the
    /// wall clock would move the ledger's by more than `unaskedMove`.
    func stamp(
        _ cluster: Cluster, _ settings: inout Settings, subject: String? = nil, known: Timestamp? = nil
    ) throws -> Timestamp {
        let wall = Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
        if let time = time.flatMap({ Timestamp($0) }) {
            try refuseFuture(time, wall, &settings)
            return time
        }
        let clock = try settings.parse("clock", flag: clock, expected: "wall or events") {
            PipelineConfiguration.Clock(rawValue: $0)
        }
        if archive != nil, clock != .events { throw fail("error: --archive goes with --clock events", Exit.usage) }
        switch clock {
        case .events: return try known ?? LedgerClock(cluster, archive: archive).time(for: subject)
        case .wall:
            if !settings.isGiven("clock") { try refuseMove(to: wall, cluster, subject) }
            return wall
        }
    }

    /// Intake takes no event that is later than its clock by more than the allowed skew.
    private func refuseFuture(_ time: Timestamp, _ wall: Timestamp, _ settings: inout Settings) throws {
        let skew = try settings.parse(
            "allowed-skew", flag: allowedSkew, expected: "a duration such as 5m", Settings.duration)
        guard time > wall.adding(microseconds: skew) else { return }
        throw fail(
            "error: --time: \(time) is later than the wall clock, \(wall), by more than the allowed skew, so intake would make "
                + "a dead letter of it: give a time that has come, or the --allowed-skew that `standing serve` has",
            Exit.usage)
    }

    private func refuseMove(to wall: Timestamp, _ cluster: Cluster, _ subject: String?) throws {
        let near = wall.adding(microseconds: -Self.unaskedMove)
        guard let clock = try LedgerClock(cluster, archive: nil).time(for: subject, before: near) else { return }
        throw fail(
            "error: the ledger's clock stands at \(clock), and the wall clock, \(wall), would move it by more than an hour: "
                + "give --clock events to stamp this with the ledger's clock, or --clock wall to move the ledger to today",
            Exit.usage)
    }
}

/// The clock of a ledger: where its partitions are, found by reading their entries once more.
struct LedgerClock {
    /// Frames at a partition's beginning, and at its end, that may say enough.
    private static let edgeFrames: Int64 = 64

    private let topic: LedgerSource
    private let archive: LedgerSource?

    /// Partitions without an archive are read from the topic; an archive that lags gives an earlier clock.
    init(_ cluster: Cluster, archive: String?) throws {
        let topic = try LedgerSource(topicOf: cluster)
        self.topic = topic
        self.archive = try archive.map { try LedgerSource(archive: $0, of: topic.topic) }
    }

    /// The greatest time that moves no clock: that of the subject's partition, or the least of all partitions' clocks. Ends
    /// the command where nothing has moved a clock yet.
    func time(for subject: String?) throws -> Timestamp {
        guard let clock = try time(for: subject, of: { try self.clock(of: $0) }) else {
            throw fail("error: no event has moved the ledger's clock yet: give --time", Exit.usage)
        }
        return clock
    }

    /// The same time if it is before `limit`; nil if it is not, or if nothing has moved a clock yet.
    func time(for subject: String?, before limit: Timestamp) throws -> Timestamp? {
        let time = try time(for: subject) { partition in
            if try isCertain(partition, toBeAt: limit) { return limit }
            return try clock(of: partition)
        }
        return time.flatMap { $0 < limit ? $0 : nil }
    }

    /// `clock`: a partition's; nil if nothing has moved it.
    private func time(for subject: String?, of clock: (Int32) throws -> Timestamp?) throws -> Timestamp? {
        if let partition = subject.flatMap({ topic.partition(of: Array($0.utf8)) }), let own = try clock(partition) {
            return own
        }
        return try topic.partitions.compactMap { try clock($0) }.min()
    }

    /// As the fold has it, without a fold: the entries that count say it.
    private func clock(of partition: Int32) throws -> Timestamp? {
        if let archive, archive.partitions.contains(partition) { return try Self.clock(of: partition, in: archive) }
        // Nothing is opened for an empty partition.
        return topic.ends[partition] == 0 ? nil : try Self.clock(of: partition, in: topic)
    }

    /// `end`: nothing at this offset and behind it is read.
    private static func clock(
        of partition: Int32, in source: LedgerSource, until end: Int64 = .max
    ) throws -> Timestamp? {
        try LedgerSource.reading {
            var (reader, entry) = (EntryReader(), FrameReader.blank)
            let frames = try source.frames(partition, 0, end)
            while let frame = try frames.next() {
                guard try reader.openOrPass(frame.bytes) else { continue }
                while try reader.next(&entry) {}
            }
            let clock = reader.acceptance.clock
            return clock == .distantPast ? nil : clock
        }
    }

    /// True: the clock stands at `limit` or later, as the first and the last frames prove, so that a long partition need not be
    /// read. A clock never goes back: what lies no further from the first frames' clock than an entry may has moved it. A
    /// tick has in any case: the owner of a partition appends none that lies further.
    private func isCertain(_ partition: Int32, toBeAt limit: Timestamp) throws -> Bool {
        guard let end = topic.ends[partition], end > 2 * Self.edgeFrames else { return false }
        let first = try Self.clock(of: partition, in: topic, until: Self.edgeFrames)
        let reach = first.map { EntryTime.latest(at: $0) }
        return try LedgerSource.reading {
            var (reader, entry) = (FrameReader(), FrameReader.blank)
            let frames = try topic.frames(partition, end - Self.edgeFrames, .max)
            while let frame = try frames.next() {
                guard EntryReader.defect(in: frame.bytes) == nil else { continue }
                try reader.open(frame.bytes)
                while try reader.next(&entry) {
                    let time = entry.event.time
                    guard entry.kind != .system, time >= limit else { continue }
                    if entry.kind == .tick { return true }
                    if let reach, time <= reach { return true }
                }
            }
            return false
        }
    }
}
