import ArgumentParser
import Events
import Foundation
import Ledger
import Options
import Pipeline
import Terminal

/// The time of an operator's event: an option of every command that sends one.
///
/// With `clock: events` only the events of the sources move a ledger's clock. The time of an operator's event is then
/// chosen so that it moves no partition's clock: the time of the wall clock would end everything that expires between
/// the last event and today. If the kind of clock is not given, it is found out from the ledger.
struct OperatorTimeOptions: ParsableArguments {
    /// The greatest move of a ledger's clock by the wall clock without an explicit option, in microseconds.
    static let unaskedMove: Int64 = 3_600_000_000

    @Option(help: "When it happens (RFC 3339). Default: now, or with --clock events the ledger's clock.")
    var time: String?

    @Option(help: Setting.help("clock"), completion: .clocks)
    var clock: String?

    @Option(help: Setting.help("allowed-skew"))
    var allowedSkew: String?

    @Option(
        help: "With --clock events: read the clock from this data folder of `standing serve`. Default: the topic.",
        completion: .directory)
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

    /// As `OperatorTime.stamp`.
    func stamp(
        _ cluster: Cluster, _ settings: inout Settings, subject: String? = nil, known: Timestamp? = nil
    ) throws -> Timestamp {
        try OperatorTime(time: time, clock: clock, allowedSkew: allowedSkew, archive: archive)
            .stamp(cluster, &settings, subject: subject, known: known)
    }
}

/// When an operator's event happens, as options say it; nil where they do not.
struct OperatorTime {
    var time: String?
    var clock: String?
    var allowedSkew: String?
    /// The data folder that the ledger's clock is read from; nil if it is read from the topic.
    var archive: String?

    /// `subject`: of the event; nil if the event goes to every ledger partition. `known`: the ledger's clock, if it
    /// need not be read. Ends the command if intake would refuse the time, and if the kind of clock is not given and
    /// the wall clock would move the ledger's by more than `OperatorTimeOptions.unaskedMove`.
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

    /// Intake refuses events that are ahead of its clock by more than the allowed skew.
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
        let near = wall.adding(microseconds: -OperatorTimeOptions.unaskedMove)
        guard let clock = try LedgerClock(cluster, archive: nil).time(for: subject, before: near) else { return }
        throw fail(
            "error: the ledger's clock stands at \(clock), and the wall clock, \(wall), would move it by more than an hour: "
                + "give --clock events to stamp this with the ledger's clock, or --clock wall to move the ledger to today",
            Exit.usage)
    }
}

/// The clock of a ledger: the clocks of its partitions, computed from their entries.
struct LedgerClock {
    private let topic: LedgerSource
    private let archive: LedgerSource?

    /// Partitions without an archive are read from the topic. An archive that lags gives an earlier clock.
    init(_ cluster: Cluster, archive: String?) throws {
        let topic = try LedgerSource(topicOf: cluster)
        self.topic = topic
        self.archive = try archive.map { try LedgerSource(archive: $0, of: topic.topic) }
    }

    /// The greatest time that moves no clock: that of the subject's partition, or the least of all partitions' clocks.
    /// Ends the command if no clock has moved yet.
    func time(for subject: String?) throws -> Timestamp {
        guard let clock = try time(for: subject, of: { try self.clock(of: $0)?.time() }) else {
            throw fail("error: no event has moved the ledger's clock yet: give --time", Exit.usage)
        }
        return clock
    }

    /// The same time if it is before `limit`; nil if it is not, or if no clock has moved yet. Prints a message before
    /// it reads all of a long partition.
    func time(for subject: String?, before limit: Timestamp) throws -> Timestamp? {
        let time = try time(for: subject) { partition in
            try self.clock(of: partition)?.time(upTo: limit) {
                printMessage(
                    "reading \(topic.topic)[\(partition)] from its beginning, up to offset \(topic.ends[partition] ?? 0): its last "
                        + "records do not tell where its clock stands; --clock wall saves that")
            }
        }
        return time.flatMap { $0 < limit ? $0 : nil }
    }

    /// `clock`: a partition's; nil if it has not moved yet.
    private func time(for subject: String?, of clock: (Int32) throws -> Timestamp?) throws -> Timestamp? {
        try LedgerSource.reading {
            if let partition = subject.flatMap({ topic.partition(of: Array($0.utf8)) }), let own = try clock(partition)
            {
                return own
            }
            return try topic.partitions.compactMap { try clock($0) }.min()
        }
    }

    /// Nil if the partition is empty.
    private func clock(of partition: Int32) -> PartitionClock? {
        let end = topic.ends[partition] ?? 0
        if let archive, archive.partitions.contains(partition) {
            return PartitionClock(end: end) { try archive.frames(partition, $0, $1) }
        }
        return end == 0 ? nil : PartitionClock(end: end) { [topic] in try topic.frames(partition, $0, $1) }
    }
}
