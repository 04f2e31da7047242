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
            A letter is named by its position in the dead-letter topic, PARTITION:OFFSET.

            Examples:
              standing dead-letter list --brokers kafka:9092
              standing dead-letter show 2:17 --brokers kafka:9092
            """,
        subcommands: [
            DeadLetterListCommand.self, DeadLetterShowCommand.self, DeadLetterRedriveCommand.self,
            DeadLetterDiscardCommand.self,
        ])
}

func letterPosition(_ text: String) throws -> DeadLetter.Position {
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
    func resolved(_ filter: DeadLetterTopic.Filter) -> DeadLetterTopic.Filter {
        var filter = filter
        filter.topic = filter.topic.map { sourceTopic($0) ?? $0 }
        return filter
    }
}

/// The dead-letter topic of a cluster, and how far its reading is.
struct LetterReading {
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
func withDeadLetters<Result>(
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
    @Argument(help: "PARTITION:OFFSET in the dead-letter topic.", transform: letterPosition)
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
