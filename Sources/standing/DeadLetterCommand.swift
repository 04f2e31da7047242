import ArgumentParser
import Events
import Foundation
import Kafka
import Pipeline
import Topics

struct DeadLetterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letter",
        abstract: "Records that were no events: list them, look at one, send them to intake again.",
        discussion: "A letter is named by its place in the dead-letter topic, PARTITION:OFFSET.",
        subcommands: [DeadLetterListCommand.self, DeadLetterShowCommand.self, DeadLetterRedriveCommand.self])
}

private func place(_ text: String) throws -> DeadLetter.Place {
    guard let place = DeadLetter.Place(text) else { throw ValidationError("\"\(text)\" is not PARTITION:OFFSET") }
    return place
}

/// Which letters a command is about.
struct DeadLetterFilterOptions: ParsableArguments {
    @Option(help: "Only letters with this reason, such as time/in-the-future.")
    var reason: String?
    @Option(help: "Only letters from this source topic.")
    var topic: String?
    @Option(help: "Only what was put aside at this time (RFC 3339) or later.")
    var since: String?
    @Option(help: "Only what was put aside before this time (RFC 3339).")
    var until: String?

    var isEmpty: Bool { reason == nil && topic == nil && since == nil && until == nil }

    func filter() throws -> DeadLetterTopic.Filter {
        var filter = DeadLetterTopic.Filter()
        filter.reason = reason
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

/// Runs what talks to the dead-letter topic; ends the command where the broker says no.
private func withDeadLetters<Result>(
    _ options: ClusterOptions, _ body: (Cluster, _ topic: String) throws -> Result
) throws -> Result {
    var settings = try Settings(config: options.config)
    let cluster = try Cluster(options, &settings)
    do {
        return try body(cluster, cluster.names(.deadLetter)[0])
    } catch let error as KafkaError {
        throw fail("error: \(cluster.kafka.brokers): \(error)")
    } catch let error as PipelineError {
        throw fail("error: \(error)")
    }
}

struct DeadLetterListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Letters that wait, each with where it came from and what is wrong with it.")

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var filter: DeadLetterFilterOptions
    @Flag(help: "Also those that were sent to intake again.")
    var all = false
    @Option(help: "text or json, a line each.")
    var output = TableFormat.text

    func run() throws {
        let wanted = try filter.filter()
        if output == .text { print("letter  put aside  reason  from  bytes  sent again to") }
        var waiting = 0
        try withDeadLetters(cluster) { cluster, topic in
            let letters = try DeadLetterTopic(cluster.kafka, topic: topic)
            try letters.forEach(wanted) { letter in
                let sentTo = letters.redriven[letter.place]
                guard all || sentTo == nil else { return }
                if sentTo == nil { waiting += 1 }
                print(output == .json ? letter.json(sentTo: sentTo) : letter.row(sentTo: sentTo))
            }
        }
        say("\(waiting) \(waiting == 1 ? "waits" : "wait")")
    }
}

struct DeadLetterShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "One letter: what is wrong with it, its headers, key and bytes, as JSON.",
        discussion: "With --raw only its bytes, to be repaired and given to `standing dead-letter redrive --value`.")

    @OptionGroup var cluster: ClusterOptions
    @Flag(help: "Only the original bytes.")
    var raw = false
    @Argument(help: "PARTITION:OFFSET in the dead-letter topic.", transform: place)
    var letter: DeadLetter.Place

    func run() throws {
        var filter = DeadLetterTopic.Filter()
        filter.places = [letter]
        var found: (DeadLetter, String?)?
        try withDeadLetters(cluster) { cluster, topic in
            let letters = try DeadLetterTopic(cluster.kafka, topic: topic)
            try letters.forEach(filter) { found = ($0, letters.redriven[$0.place]) }
        }
        guard let (found, sentTo) = found else { throw fail("\(letter): error: no letter is there") }
        guard raw else { return print(found.json(sentTo: sentTo, isWhole: true)) }
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
            Name letters, or filter them, or say --every-letter. Prints one JSON line; exit 1 where letters for the control topic \
            stay.
            """)

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var filter: DeadLetterFilterOptions
    @Flag(help: "Everything that waits.")
    var everyLetter = false
    @Flag(help: "Send nothing; say what would go.")
    var dryRun = false
    @Flag(help: "Letters may go to the control topic too: enrolments, voids, appeals, policies.")
    var allowControl = false
    @Option(help: "A file with the bytes to send instead; of one letter.")
    var value: String?
    @Argument(help: "PARTITION:OFFSET in the dead-letter topic.", transform: place)
    var letters: [DeadLetter.Place] = []

    func validate() throws {
        if letters.isEmpty, filter.isEmpty, !everyLetter {
            throw ValidationError("Which letters? Name them, filter them, or say --every-letter.")
        }
        if everyLetter, !letters.isEmpty || !filter.isEmpty {
            throw ValidationError("--every-letter goes with no other choice of letters.")
        }
        if value != nil, letters.count != 1 { throw ValidationError("--value goes with exactly one letter.") }
    }

    func run() throws {
        var wanted = try filter.filter()
        if !letters.isEmpty { wanted.places = Set(letters) }
        var repaired: [UInt8]?
        if let value {
            guard let bytes = FileManager.default.contents(atPath: value) else {
                throw fail("\(value): error: cannot be read", Exit.usage)
            }
            repaired = Array(bytes)
        }
        let summary = try withDeadLetters(cluster) { cluster, topic in
            try Redrive(
                cluster.kafka, deadLetters: topic, control: cluster.names(.control)[0], sources: cluster.names(.source)
            ).run(wanted, repaired: repaired, isDryRun: dryRun, allowsControl: allowControl)
        }
        print(summary.json)
        for place in summary.withheld { say("\(place): stays: it would go to the control topic") }
        for place in summary.withoutBytes {
            say("\(place): stays: its bytes are not in the topic; give them with --value")
        }
        for place in summary.withoutTopic { say("\(place): stays: it names no source topic that is there") }
        if summary.withoutKey > 0 {
            say("\(summary.withoutKey) without a key: several of one subject can change places among each other")
        }
        let found =
            summary.total + summary.alreadySent + summary.withheld.count + summary.withoutBytes.count
            + summary.withoutTopic.count
        if found < letters.count { throw fail("error: \(letters.count - found) of the letters named are not there") }
        if !summary.withheld.isEmpty {
            throw fail(
                "error: \(summary.withheld.count) not sent to the control topic; look at each (`standing dead-letter show`), "
                    + "then say --allow-control")
        }
    }
}

extension Redrive.Summary {
    /// `{"sent","bySource","alreadySent","withheld","withoutBytes","withoutTopic","withoutKey"}`
    var json: String {
        var writer = ByteWriter()
        writer.append("{\"sent\":")
        writer.append(decimal: Int64(total))
        writer.append(",\"bySource\":{")
        for (index, (topic, count)) in sent.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 { writer.append(",") }
            writer.append(jsonString: topic)
            writer.append(":")
            writer.append(decimal: Int64(count))
        }
        for (name, count) in [
            ("},\"alreadySent\":", alreadySent), (",\"withheld\":", withheld.count),
            (",\"withoutBytes\":", withoutBytes.count), (",\"withoutTopic\":", withoutTopic.count),
            (",\"withoutKey\":", withoutKey),
        ] {
            writer.append(name)
            writer.append(decimal: Int64(count))
        }
        writer.append("}")
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

extension DeadLetter {
    private var time: String { timestamp < 0 ? "?" : Timestamp(microseconds: timestamp * 1000).description }

    fileprivate func row(sentTo: String?) -> String {
        "\(place)  \(time)  \(reason)  \(source)@\(sourceOffset)  \(droppedBytes ?? Int64(value?.count ?? 0))"
            + (sentTo.map { "  \($0)" } ?? "")
    }

    /// `{"letter","time","reason","message","topic","partition","offset","bytes"}`, then what there is of `redriveOf`, `sentTo`
    /// and, of a whole one, `key`, `headers` and `value`. Bytes that are no UTF-8 are in base64, in `…Base64`.
    fileprivate func json(sentTo: String?, isWhole: Bool = false) -> String {
        var writer = ByteWriter()
        func add(_ name: String, _ text: String) {
            writer.append(",\"\(name)\":")
            writer.append(jsonString: text)
        }
        func add(_ name: String, _ number: Int64) {
            writer.append(",\"\(name)\":")
            writer.append(decimal: number)
        }
        func add(_ name: String, _ bytes: [UInt8]?) {
            guard let bytes else { return }
            if let text = String(validating: bytes, as: UTF8.self) {
                add(name, text)
            } else {
                add(name + "Base64", Data(bytes).base64EncodedString())
            }
        }
        writer.append("{\"letter\":\"\(place)\"")
        add("time", time)
        add("reason", reason)
        add("message", message)
        add("topic", source.topic)
        add("partition", Int64(source.partition))
        add("offset", sourceOffset)
        add("bytes", droppedBytes ?? Int64(value?.count ?? 0))
        if let earlier = headers.last(where: { $0.name == Self.redriveOf })?.value { add("redriveOf", earlier) }
        if let sentTo { add("sentTo", sentTo) }
        if isWhole {
            add("key", key)
            writer.append(",\"headers\":[")
            for (index, header) in headers.enumerated() {
                if index > 0 { writer.append(",") }
                writer.append("{\"name\":")
                writer.append(jsonString: header.name)
                add("value", header.value)
                writer.append("}")
            }
            writer.append("]")
            add("value", value)
        }
        writer.append("}")
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
