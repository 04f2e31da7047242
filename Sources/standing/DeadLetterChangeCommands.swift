import ArgumentParser
import Events
import Foundation
import Options
import Pipeline
import Terminal
import Topics

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
    @Argument(help: "PARTITION:OFFSET in the dead-letter topic.", transform: letterPosition)
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
                "\(summary.withoutKey) without a key: the order of several of one subject can change")
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
    @Argument(help: "PARTITION:OFFSET in the dead-letter topic.", transform: letterPosition)
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
