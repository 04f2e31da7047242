import ArgumentParser
import Events
import Foundation
import Kafka
import Options
import Pipeline
import Replay
import Terminal
import Topics

struct DeadLetterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letter",
        abstract: "Records that were no events: list them, look at one, send them to intake again, or discard them.",
        discussion: """
            A letter is named by its place in the dead-letter topic, PARTITION:OFFSET.

            Examples:
              standing dead-letter list --brokers kafka:9092
              standing dead-letter show 2:17 --brokers kafka:9092
            """,
        subcommands: [
            DeadLetterListCommand.self, DeadLetterShowCommand.self, DeadLetterRedriveCommand.self,
            DeadLetterDiscardCommand.self,
        ])
}

private func position(_ text: String) throws -> DeadLetter.Position {
    guard let position = DeadLetter.Position(text) else { throw ValidationError("\"\(text)\" is not PARTITION:OFFSET") }
    return position
}

/// The letters that a command is about, by other properties than their defect.
struct DeadLetterFilterOptions: ParsableArguments {
    @Option(help: "Only letters from this source topic, with the topic prefix or without.", completion: .sourceTopics)
    var topic: String?
    @Option(help: "Only what was put aside at this time (RFC 3339) or later.")
    var since: String?
    @Option(help: "Only what was put aside before this time (RFC 3339).")
    var until: String?

    var isEmpty: Bool { topic == nil && since == nil && until == nil }

    /// `defect`: only letters with this defect.
    func filter(defect: String?) throws -> DeadLetterTopic.Filter {
        var filter = DeadLetterTopic.Filter()
        filter.reason = defect
        filter.topic = topic
        filter.since = try milliseconds(since, "--since")
        filter.until = try milliseconds(until, "--until")
        return filter
    }

    private func milliseconds(_ text: String?, _ option: String) throws -> Int64? {
        guard let text else { return nil }
        guard let time = Timestamp(text) else {
            throw fail("\(option): error: \"\(text)\" is not a time such as 2026-06-30T12:00:00Z", Exit.usage)
        }
        return time.microseconds / 1000
    }
}

extension Cluster {
    /// The filter with the full name of its topic.
    fileprivate func resolved(_ filter: DeadLetterTopic.Filter) -> DeadLetterTopic.Filter {
        var filter = filter
        filter.topic = filter.topic.map { sourceTopic($0) ?? $0 }
        return filter
    }
}

/// The dead-letter topic of a cluster, and how far its reading is.
private struct LetterReading {
    let cluster: Cluster
    let topic: String
    let progress: ReplayProgress
    /// To be finished before output.
    let line: ProgressLine

    func letters() throws -> DeadLetterTopic {
        try DeadLetterTopic(cluster.kafka, topic: topic, progress: progress)
    }
}

/// Runs work on the dead-letter topic. Ends the command with the broker's error.
private func withDeadLetters<Result>(
    _ options: ClusterOptions, _ body: (LetterReading) throws -> Result
) throws -> Result {
    var settings = try Settings(config: options.config)
    let cluster = try Cluster(options, &settings)
    let progress = ReplayProgress()
    let line = ProgressLine(progress, unit: "records")
    defer { line.finish() }
    do {
        return try body(
            LetterReading(cluster: cluster, topic: cluster.names(.deadLetter)[0], progress: progress, line: line))
    } catch let error as KafkaError {
        throw fail("error: \(cluster.kafka.brokers): \(error)")
    } catch let error as PipelineError {
        throw fail("error: \(error)")
    }
}

struct DeadLetterListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Letters that wait, each with where it came from and what is wrong with it.",
        discussion: """
            Examples:
              standing dead-letter list --brokers kafka:9092
              standing dead-letter list --reason time/in-the-future --output json
            """)

    /// The number of rows that are aligned together. No more are in memory.
    private static let rowsAtATime = 1000

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var filter: DeadLetterFilterOptions
    @Option(
        name: [.customLong("reason"), .customLong("defect")],
        help: "Only letters with this reason, such as time/in-the-future.")
    var defect: String?
    @Flag(help: "Also those that were sent to intake again or discarded.")
    var all = false
    @Option(help: "text or json, a line each.")
    var output = TableFormat.text

    func run() throws {
        let wanted = try filter.filter(defect: defect)
        var table = TextTable([
            .text("letter"), .text("put aside"), .text("reason"), .text("from"), .number("bytes"),
            .text("what became of it"),
        ])
        var waiting = 0
        try withDeadLetters(cluster) { reading in
            let letters = try reading.letters()
            defer {
                reading.line.finish()
                if output == .text { print(table.take(), terminator: "") }
            }
            try letters.forEach(reading.cluster.resolved(wanted)) { letter in
                let outcome = letters.outcome(of: letter)
                guard all || outcome.isWaiting else { return }
                if outcome.isWaiting { waiting += 1 }
                if output == .text {
                    table.add(letter.row(outcome))
                    guard table.count > Self.rowsAtATime else { return }
                }
                reading.line.finish()
                print(output == .text ? table.take() : letter.json(outcome) + "\n", terminator: "")
            }
        }
        printMessage("\(waiting) \(waiting == 1 ? "waits" : "wait")")
    }
}

struct DeadLetterShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "One letter: what is wrong with it, its headers, key and bytes, as JSON.",
        discussion: """
            With --raw only its bytes, to be repaired and given to `standing dead-letter redrive --value`.

            Examples:
              standing dead-letter show 2:17 --brokers kafka:9092
              standing dead-letter show 2:17 --raw > letter.json
            """)

    @OptionGroup var cluster: ClusterOptions
    @Flag(help: "Only the original bytes.")
    var raw = false
    @Argument(help: "PARTITION:OFFSET in the dead-letter topic.", transform: position)
    var letter: DeadLetter.Position

    func run() throws {
        var filter = DeadLetterTopic.Filter()
        filter.positions = [letter]
        var found: (DeadLetter, LetterOutcome)?
        try withDeadLetters(cluster) { reading in
            let letters = try reading.letters()
            try letters.forEach(filter) { found = ($0, letters.outcome(of: $0)) }
        }
        guard let (found, outcome) = found else { throw fail("\(letter): error: no letter is there") }
        guard raw else { return print(found.json(outcome, isWhole: true)) }
        if let bytes = found.droppedBytes {
            throw fail(
                "\(letter): error: its \(bytes) bytes were too many for the broker; they are in \(found.source), offset "
                    + "\(found.sourceOffset)")
        }
        FileHandle.standardOutput.write(Data(found.value ?? []))
    }
}

struct DeadLetterRedriveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "redrive",
        abstract: "Send letters to intake again, each once, as they were or repaired.",
        discussion: """
            Key, bytes and headers go to the source partition that they came from, and a mark beside the letter says so: it is \
            never taken twice. What is still no event becomes a new letter. Events of the same subjects that came after it \
            have counted already; a score does not depend on the order, and an event that is known counts once.
            Where a letter came from only its headers say, and whoever may write to the dead-letter topic writes them. So it goes \
            to source topics only, and what would go to the control topic, where enrolments, voids and policies are, stays \
            unless --allow-control says otherwise: look at it first.
            What was discarded is left alone. Name letters, or filter them, or say --every-letter. Prints one JSON line; exit 1 \
            where letters that were meant stay: they would go to the control topic, their bytes are not in the dead-letter \
            topic, or they name no source topic that is there.

            Examples:
              standing dead-letter redrive --topic behaviour.payments --dry-run
              standing dead-letter redrive 2:17 --value repaired.json
            """)

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var filter: DeadLetterFilterOptions
    @Option(
        name: [.customLong("reason"), .customLong("defect")],
        help: "Only letters with this reason, such as time/in-the-future.")
    var defect: String?
    @Flag(help: "Everything that waits.")
    var everyLetter = false
    @Flag(help: "Send nothing; say what would go.")
    var dryRun = false
    @Flag(help: "Letters may go to the control topic too: enrolments, voids, appeals, policies.")
    var allowControl = false
    @Option(help: "A file with the bytes to send instead; of one letter.", completion: .file())
    var value: String?
    @Argument(help: "PARTITION:OFFSET in the dead-letter topic.", transform: position)
    var letters: [DeadLetter.Position] = []

    func validate() throws {
        try checkChoice(letters, isFiltered: !filter.isEmpty || defect != nil, everyLetter: everyLetter)
        if value != nil, letters.count != 1 { throw ValidationError("--value goes with exactly one letter.") }
    }

    func run() throws {
        var wanted = try filter.filter(defect: defect)
        if !letters.isEmpty { wanted.positions = Set(letters) }
        var repaired: [UInt8]?
        if let value {
            guard let bytes = FileManager.default.contents(atPath: value) else {
                throw fail("\(value): error: cannot be read", Exit.usage)
            }
            repaired = Array(bytes)
        }
        let summary = try withDeadLetters(cluster) { reading in
            let cluster = reading.cluster
            return try Redrive(
                cluster.kafka, deadLetters: reading.topic, control: cluster.names(.control)[0],
                sources: cluster.names(.source), progress: reading.progress
            ).run(cluster.resolved(wanted), repaired: repaired, isDryRun: dryRun, allowsControl: allowControl)
        }
        print(summary.json)
        for position in summary.discarded { printMessage("\(position): is discarded") }
        for position in summary.withheld { printMessage("\(position): stays: it would go to the control topic") }
        for position in summary.withoutBytes {
            printMessage("\(position): stays: its bytes are not in the topic; give them with --value")
        }
        for position in summary.withoutTopic {
            printMessage("\(position): stays: it names no source topic that is there")
        }
        if summary.withoutKey > 0 {
            printMessage(
                "\(summary.withoutKey) without a key: several of one subject can change places among each other")
        }
        try checkFound(summary.found, of: letters)
        guard summary.staying == 0 else { throw fail("error: \(summary.whatStays)") }
    }
}

/// Ends the command unless the letters are given in exactly one way.
private func checkChoice(_ letters: [DeadLetter.Position], isFiltered: Bool, everyLetter: Bool) throws {
    if letters.isEmpty, !isFiltered, !everyLetter {
        throw ValidationError("Which letters? Name them, filter them, or say --every-letter.")
    }
    if everyLetter, !letters.isEmpty || isFiltered {
        throw ValidationError("--every-letter goes with no other choice of letters.")
    }
}

/// Ends the command if letters are missing that were named.
private func checkFound(_ found: Int, of letters: [DeadLetter.Position]) throws {
    let named = Set(letters).count
    if found < named { throw fail("error: \(named - found) of the letters named are not there") }
}

struct DeadLetterDiscardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "discard",
        abstract: "Put letters aside for good, with a reason: list hides them, redrive leaves them alone.",
        discussion: """
            Nothing is deleted: a mark beside each letter says that it is discarded and why, and `standing dead-letter list --all` \
            shows both for as long as the topic keeps them. There is no way back: `show --raw` has a letter's bytes, which any \
            producer can send. What was sent to intake again is left as it is.
            Name letters, or filter them, or say --every-letter. Prints one JSON line.

            Examples:
              standing dead-letter discard 2:17 --reason 'a test of the bank'
            """)

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var filter: DeadLetterFilterOptions
    @Option(help: "Only letters with this reason, such as time/in-the-future.")
    var defect: String?
    @Flag(help: "Everything that waits.")
    var everyLetter = false
    @Flag(help: "Discard nothing; say how many it would be.")
    var dryRun = false
    @Option(help: "Why they are discarded, in words.")
    var reason: String
    @Argument(help: "PARTITION:OFFSET in the dead-letter topic.", transform: position)
    var letters: [DeadLetter.Position] = []

    func validate() throws {
        try checkChoice(letters, isFiltered: !filter.isEmpty || defect != nil, everyLetter: everyLetter)
        if reason.isEmpty || reason.contains(where: \.isNewline) {
            throw ValidationError("--reason says in words, on one line, why the letters are discarded.")
        }
        if reason.utf8.count > Discard.maximumReasonBytes {
            throw ValidationError("--reason has at most \(Discard.maximumReasonBytes) bytes.")
        }
        // In `list` and `redrive` such a value selects letters, so it is probably a mistake here.
        if reason.wholeMatch(of: /[a-z]+\/[a-z0-9-]+/) != nil {
            throw ValidationError(
                "--reason says in words why the letters are discarded; --defect \(reason) chooses those with that defect."
            )
        }
    }

    func run() throws {
        var wanted = try filter.filter(defect: defect)
        if !letters.isEmpty { wanted.positions = Set(letters) }
        let summary = try withDeadLetters(cluster) { reading in
            try Discard(reading.cluster.kafka, deadLetters: reading.topic, progress: reading.progress).run(
                reading.cluster.resolved(wanted), reason: reason, isDryRun: dryRun)
        }
        print(summary.json)
        try checkFound(summary.found, of: letters)
    }
}

/// The outcome of a letter. If it has none, the letter is open.
private struct LetterOutcome {
    var sentTo: String?
    /// The reason of its discarding.
    var discarded: String?

    var isWaiting: Bool { sentTo == nil && discarded == nil }
    var inWords: String? { sentTo.map { "sent to \($0)" } ?? discarded.map { "discarded: \($0)" } }
}

extension DeadLetterTopic {
    fileprivate func outcome(of letter: DeadLetter) -> LetterOutcome {
        LetterOutcome(sentTo: redriven[letter.position], discarded: discarded[letter.position])
    }
}

extension Discard.Summary {
    /// `{"discarded","alreadyDiscarded","alreadySent"}`
    fileprivate var json: String {
        JSONWriter.object {
            $0.member("discarded", discarded)
            $0.member("alreadyDiscarded", alreadyDiscarded)
            $0.member("alreadySent", alreadySent)
        }
    }
}

extension Redrive.Summary {
    /// The number of the command's letters that remain, and what each kind of them needs.
    fileprivate var whatStays: String {
        let kinds = [
            (
                withheld,
                "would go to the control topic (look at each with `standing dead-letter show`, then say --allow-control)"
            ),
            (withoutBytes, "without bytes in the dead-letter topic (give them with --value, or discard the letter)"),
            (withoutTopic, "naming no source topic that is there (declare and apply the topic, or discard the letter)"),
        ]
        let parts = kinds.filter { !$0.0.isEmpty }.map { "\($0.0.count) \($0.1)" }
        return "\(staying) \(staying == 1 ? "letter stays" : "letters stay"): \(parts.joined(separator: ", "))"
    }

    /// `{"sent","bySource","alreadySent","discarded","withheld","withoutBytes","withoutTopic","withoutKey"}`
    var json: String {
        JSONWriter.object { writer in
            writer.member("sent", total)
            writer.open("bySource")
            for (topic, count) in sent.sorted(by: { $0.key < $1.key }) { writer.member(topic, count) }
            writer.close()
            writer.member("alreadySent", alreadySent)
            writer.member("discarded", discarded.count)
            writer.member("withheld", withheld.count)
            writer.member("withoutBytes", withoutBytes.count)
            writer.member("withoutTopic", withoutTopic.count)
            writer.member("withoutKey", withoutKey)
        }
    }
}

extension DeadLetter {
    private var time: String { timestamp < 0 ? "?" : Timestamp(microseconds: timestamp * 1000).description }

    fileprivate func row(_ outcome: LetterOutcome) -> [String] {
        [
            "\(position)", time, reason, "\(source)@\(sourceOffset)", "\(droppedBytes ?? Int64(value?.count ?? 0))",
            outcome.inWords ?? "",
        ]
    }

    /// `{"letter","time","reason","message","topic","partition","offset","bytes"}`, then `redriveOf`, `sentTo` and
    /// `discarded` (the reason) if there are any, and, if `isWhole`, `key`, `headers` and `value`. Bytes that are not
    /// UTF-8 are in base64, in `…Base64`.
    fileprivate func json(_ outcome: LetterOutcome, isWhole: Bool = false) -> String {
        func add(_ name: String, _ bytes: [UInt8]?, to writer: inout JSONWriter) {
            guard let bytes else { return }
            if let text = String(validating: bytes, as: UTF8.self) {
                writer.member(name, text)
            } else {
                writer.member(name + "Base64", Data(bytes).base64EncodedString())
            }
        }
        return JSONWriter.object { writer in
            writer.member("letter", position.description)
            writer.member("time", time)
            writer.member("reason", reason)
            writer.member("message", message)
            writer.member("topic", source.topic)
            writer.member("partition", source.partition)
            writer.member("offset", sourceOffset)
            writer.member("bytes", droppedBytes ?? Int64(value?.count ?? 0))
            add("redriveOf", headers.last { $0.name == Self.redriveOf }?.value, to: &writer)
            if let sentTo = outcome.sentTo { writer.member("sentTo", sentTo) }
            if let discarded = outcome.discarded { writer.member("discarded", discarded) }
            guard isWhole else { return }
            add("key", key, to: &writer)
            writer.list("headers", headers) { writer, header in
                writer.open()
                writer.member("name", header.name)
                add("value", header.value, to: &writer)
                writer.close()
            }
            add("value", value, to: &writer)
        }
    }
}
