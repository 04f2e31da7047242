import ArgumentParser
import Events
import Foundation
import Options
import Policy
import Replay
import Scoring
import Synchronization
import Terminal

struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Fold a ledger, or files of events, once more and print every subject's standing.",
        discussion: """
            Publishes nothing, and has no way to. One of:
              --events FILE…  with --policy: a CloudEvent a line, plain or .gz
              --archive DIR   the data folder of `standing serve`, or an export
              --topic         the ledger topic as it is now
            Files are folded in the order given, as one ledger partition; control events are honoured.
            A ledger is folded under the policies that it activates, or under --policy whatever it says. Prints one JSON line a \
            subject, sorted by subject. Damage ends it with exit 3; nothing is printed as if it were whole.

            Examples:
              standing replay --policy policy.yaml --events events.jsonl.gz
              standing replay --archive /var/lib/standing --as-of 2026-01-31T00:00:00Z
              standing replay --archive /var/lib/standing --subject ada
              standing replay --topic --brokers kafka:9092 --digests
            """)

    @Option(
        help: "The policy, a YAML file. Of a ledger: what would be, had it always been active.", completion: .policies)
    var policy: String?

    @Option(parsing: .upToNextOption, help: "Files of events, JSON lines, plain or .gz.", completion: .events)
    var events: [String] = []

    @OptionGroup var source: LedgerSourceOptions

    @Option(
        name: .customLong("as-of"),
        help:
            "The standings at this time (RFC 3339). Of files: move the clock here at the end; default: the greatest time read. Of a ledger: each partition ends before the first entry that would move its clock further; a time beyond the ledger's clock is refused."
    )
    var asOf: String?

    @Option(help: "Of a ledger: leave out frames at this ledger offset and behind it.")
    var until: Int64?

    @Option(help: "Of a ledger, with --facts: only facts from this ledger offset on.")
    var from: Int64?

    @Option(help: "Only this subject, explained.")
    var subject: String?

    @Flag(help: "Of a ledger: print each partition's state digest instead of standings.")
    var digests = false

    @Option(help: "Of a ledger: partitions folded at a time. Default: the number of cores.")
    var threads: Int?

    @Option(help: "Where to write standings; - is standard output.", completion: .file())
    var output: String = "-"

    @Option(
        help: "Where to write every fact, in order, one JSON line each; of a ledger, partition after partition.",
        completion: .file())
    var facts: String?

    /// Further rejected lines are only counted.
    private static let rejectedLinesShown = 20

    func validate() throws {
        if let asOf, Timestamp(asOf) == nil {
            throw ValidationError("--as-of: \"\(asOf)\" is not an RFC 3339 time such as 2026-01-31T00:00:00Z")
        }
        let sources = [!events.isEmpty, source.archive != nil, source.topic].filter { $0 }.count
        guard sources == 1 else { throw ValidationError("give one of --events FILE…, --archive DIR and --topic") }
        if events.isEmpty {
            if from != nil, facts == nil { throw ValidationError("--from goes with --facts") }
            if digests, subject != nil { throw ValidationError("--subject has no effect on --digests") }
            if let threads, threads < 1 { throw ValidationError("--threads: at least 1") }
            return
        }
        if let flag = source.cluster.givenFlag {
            throw ValidationError("\(flag) has no effect: --events reads files, and no cluster")
        }
        if policy == nil { throw ValidationError("--events goes with --policy FILE") }
        if until != nil || from != nil || digests || threads != nil {
            throw ValidationError("--until, --from, --digests and --threads are of a ledger, not of files")
        }
    }

    func run() throws {
        try OutputFile.requireDistinct(
            [("--facts", facts), ("--output", output)],
            from: [("--policy", policy), ("--config", source.cluster.config)] + events.map { ("--events", $0) })
        if events.isEmpty { try replayLedger() } else { try replayFiles() }
    }

    private func replayFiles() throws {
        var replay = FileReplay(policy: try loadPolicy(policy ?? ""))
        let factFile = try facts.map { try OutputFile($0) }
        let writeFact: ((UnsafeRawBufferPointer) throws -> Void)? = factFile.map { file in { try file.write(line: $0) }
        }
        var shown = 0
        let progress = FileProgress(of: events)
        let line = ProgressLine(progress)
        defer { line.finish() }
        do {
            for file in events {
                try replay.run(file: file, progress: progress, fact: writeFact) { rejected in
                    shown += 1
                    if shown <= Self.rejectedLinesShown { printMessage(rejected.description) }
                }
            }
            try replay.finish(asOf: asOf.flatMap { Timestamp($0) }, fact: writeFact)
            line.finish()
        } catch let failure as LineReader.Failure {
            throw fail(failure.description)
        }
        if replay.rejected > 0 {
            printMessage("\(replay.rejected) of \(replay.read) lines were no event that could be folded")
        }
        try factFile?.close()
        if let subject {
            let key = Array(subject.utf8)
            guard let standing = key.withUnsafeBytes({ replay.fold.standing(of: $0) }) else {
                throw notEnrolled(subject)
            }
            try write(standing, replay.fold.policy, replay.fold.clock)
            return
        }
        let out = try OutputFile(output)
        var standings = StandingsWriter()
        standings.add(replay.fold)
        try standings.write { try out.write($0) }
        try out.close()
    }

    private func notEnrolled(_ subject: String) -> ExitCode { fail("\(subject): not enrolled at that point") }

    private func write(_ standing: Standing, _ policy: ScoringPolicy, _ clock: Timestamp) throws {
        let out = try OutputFile(output)
        var writer = ByteWriter()
        standing.writeExplained(to: &writer, policy: policy, clock: clock)
        try out.write(line: writer.bytes)
        try out.close()
    }

    // MARK: Of a ledger

    private func replayLedger() throws {
        let source = try source.open()
        var replay = LedgerReplay()
        replay.policy = try policy.map { try loadPolicy($0) }
        replay.asOf = asOf.flatMap { Timestamp($0) }
        replay.until = until ?? .max
        replay.computesDigests = digests
        if let threads { replay.threads = threads }
        if let subject, source.root != nil, facts == nil {
            try replaySubject(subject, source, replay)
            return
        }
        var partitions = source.partitions
        if let subject, let partition = source.partition(of: Array(subject.utf8)) { partitions = [partition] }
        let progress = ReplayProgress(total: source.total)
        let bar = ProgressLine(progress)
        defer { bar.finish() }
        let standings = Mutex(StandingsWriter())
        let found = Mutex<(Standing, ScoringPolicy, Timestamp)?>(nil)
        let key = subject.map { Array($0.utf8) }
        let wantsAll = !digests && subject == nil
        let results = try LedgerSource.reading {
            try replay.run(partitions: partitions, source: source.frames, progress: progress) { fold in
                if wantsAll { standings.withLock { $0.add(fold.fold) } }
                guard let key, let standing = key.withUnsafeBytes({ fold.fold.standing(of: $0) }) else { return }
                let answer = (standing, fold.fold.policy, fold.fold.clock)
                found.withLock { $0 = answer }
            }
        }
        bar.finish()
        noteKnown(results)
        if let facts { try writeFacts(facts, source, replay) }
        if let subject {
            guard let (standing, policy, clock) = found.withLock({ $0 }) else { throw notEnrolled(subject) }
            try write(standing, policy, clock)
            return
        }
        let out = try OutputFile(output)
        if digests {
            for result in results {
                let line = Array(result.json.utf8)
                try line.withUnsafeBytes { try out.write(line: $0) }
            }
        } else {
            var writer = standings.withLock { $0 }
            try writer.write { try out.write($0) }
        }
        try out.close()
    }

    /// Prints a message if the time is after the clocks of all partitions.
    private func noteKnown(_ results: [LedgerReplay.Result]) {
        let known = results.compactMap(\.knownUntil)
        if known.count == results.count, let last = known.max() { Self.noteKnown(until: last) }
    }

    private static func noteKnown(until clock: Timestamp) {
        let known =
            clock == .distantPast
            ? "the ledger has no clock yet" : "the past is known until \(clock), the ledger's clock"
        printMessage("--as-of: \(known): this is what comes of it by then if nothing more happens")
    }

    private func writeFacts(_ path: String, _ source: LedgerSource, _ replay: LedgerReplay) throws {
        let file = try OutputFile(path)
        let progress = ReplayProgress(total: source.total)
        let line = ProgressLine(progress)
        defer { line.finish() }
        for partition in source.partitions {
            try LedgerSource.reading {
                try replay.facts(partition: partition, from: from ?? 0, source: source.frames, progress: progress) {
                    try file.write(line: $0)
                }
            }
        }
        try file.close()
    }

    /// Reads only the subject's own entries.
    private func replaySubject(_ subject: String, _ source: LedgerSource, _ replay: LedgerReplay) throws {
        try LedgerSource.reading {
            guard let entries = try source.entries(of: Array(subject.utf8), until: replay.until) else {
                throw notEnrolled(subject)
            }
            if let asOf = replay.asOf, asOf > entries.clock { Self.noteKnown(until: entries.clock) }
            let own = try SubjectReplay(entries, policy: replay.policy, asOf: replay.asOf)
            guard let standing = own.standing else { throw notEnrolled(subject) }
            try write(standing, own.fold.policy, own.fold.clock)
        }
    }
}

extension LedgerReplay.Result {
    /// `{"partition","nextOffset","clock","entries","subjects","digest","sequences":[…]}`
    var json: String {
        JSONWriter.object { writer in
            writer.member("partition", partition)
            writer.member("nextOffset", nextOffset)
            writer.member("clock", clock.known)
            writer.member("entries", entries)
            writer.member("subjects", subjects)
            writer.member("digest", digest.description)
            writer.member("sequences", sequences)
        }
    }
}
