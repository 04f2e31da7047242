import ArgumentParser
import Events
import Foundation
import Ledger
import Pipeline
import Replay

/// When an operator's event happens: an option of every command that sends one.
///
/// With `clock: events` only the events of the sources move a ledger's clock. What an operator does is then stamped so that
/// it moves no partition's clock: the wall clock's time would end all that expires between the last event and today.
struct OperatorTimeOptions: ParsableArguments {
    @Option(help: "When it happens (RFC 3339). Default: now, or with --clock events the ledger's clock.")
    var time: String?

    @Option(help: "wall (default) or events, as `standing serve` has it.")
    var clock: String?

    @Option(help: "With --clock events: read the clock from this data folder of `standing serve`. Default: the topic.")
    var archive: String?

    func validate() throws {
        if let time, Timestamp(time) == nil {
            throw ValidationError("--time: \"\(time)\" is not an RFC 3339 time such as 2026-01-31T00:00:00Z")
        }
    }

    /// `subject`: whose event it is; nil if it goes to every ledger partition. `known`: the ledger's clock, where it need not
    /// be read.
    func stamp(
        _ cluster: Cluster, _ settings: inout Settings, subject: String? = nil, known: Timestamp? = nil
    ) throws -> Timestamp {
        let clock = try settings.parse("clock", flag: clock, default: "wall", expected: "wall or events") {
            PipelineConfiguration.Clock(rawValue: $0)
        }
        if archive != nil, clock != .events { throw fail("error: --archive goes with --clock events", Exit.usage) }
        if let time = time.flatMap({ Timestamp($0) }) { return time }
        switch clock {
        case .wall: return Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
        case .events: return try known ?? LedgerClock(cluster, archive: archive).time(for: subject)
        }
    }
}

/// The clock of a ledger: where its partitions are, found by folding them once more.
struct LedgerClock {
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
        if let partition = subject.flatMap({ topic.partition(of: Array($0.utf8)) }),
            let clock = try least(of: [partition])
        {
            return clock
        }
        guard let clock = try least(of: topic.partitions) else {
            throw fail("error: no event has moved the ledger's clock yet: give --time", Exit.usage)
        }
        return clock
    }

    private func least(of partitions: [Int32]) throws -> Timestamp? {
        let fromTopic = topic.frames
        let fromArchive = archive?.frames
        let archived = Set(archive?.partitions ?? [])
        let source: LedgerReplay.Source = { partition, start, end in
            if let fromArchive, archived.contains(partition) { return try fromArchive(partition, start, end) }
            return try fromTopic(partition, start, end)
        }
        var replay = LedgerReplay()
        replay.computesDigests = false
        let results = try LedgerSource.reading { try replay.run(partitions: partitions, source: source) }
        return results.map(\.clock).filter { $0 != .distantPast }.min()
    }
}
