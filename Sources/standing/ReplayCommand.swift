import ArgumentParser
import Events
import Foundation
import Policy
import Replay
import Scoring

struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Fold files of events as one ledger partition and print every subject's standing.",
        discussion: """
            Needs no broker and cannot publish. Files hold one CloudEvent a line, plain or .gz, and are folded in the
            order given; control events are honoured. Prints one JSON line a subject, sorted by subject.
            """)

    @Option(help: "The policy, a YAML file.")
    var policy: String

    @Option(parsing: .upToNextOption, help: "Files of events, JSON lines, plain or .gz.")
    var events: [String]

    @Option(
        name: .customLong("as-of"), help: "Move the clock here at the end (RFC 3339). Default: the greatest time read.")
    var asOf: String?

    @Option(help: "Where to write standings; - is standard output.")
    var output: String = "-"

    @Option(help: "Where to write every fact, in order, one JSON line each.")
    var facts: String?

    /// Beyond these, rejected lines are only counted.
    private static let rejectedLinesShown = 20

    func validate() throws {
        if let asOf, Timestamp(asOf) == nil {
            throw ValidationError("--as-of: \"\(asOf)\" is not an RFC 3339 time such as 2026-01-31T00:00:00Z")
        }
        if events.isEmpty { throw ValidationError("--events: name at least one file") }
    }

    func run() throws {
        var replay = FileReplay(policy: try loadPolicy(policy))
        let factFile = try facts.map { try OutputFile($0) }
        let writeFact: ((UnsafeRawBufferPointer) throws -> Void)? = factFile.map { file in { try file.write(line: $0) }
        }
        var shown = 0
        do {
            for file in events {
                try replay.run(file: file, fact: writeFact) { rejected in
                    shown += 1
                    if shown <= Self.rejectedLinesShown { say(rejected.description) }
                }
            }
            try replay.finish(asOf: asOf.flatMap { Timestamp($0) }, fact: writeFact)
        } catch let failure as LineReader.Failure {
            throw fail(failure.description)
        }
        if replay.rejected > 0 { say("\(replay.rejected) of \(replay.read) lines were no event that could be folded") }
        try factFile?.close()
        let out = try OutputFile(output)
        var standings = StandingsWriter()
        standings.add(replay.fold)
        try standings.write { try out.write($0) }
        try out.close()
    }
}

/// Reads a policy file, or ends the command with all that is wrong with it.
func loadPolicy(_ path: String) throws -> ScoringPolicy {
    guard let bytes = FileManager.default.contents(atPath: path) else {
        throw fail("\(path): error: cannot be read")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw fail("\(path):1:1: error: not valid UTF-8") }
    do {
        return try ScoringPolicy(yaml: text, file: path)
    } catch let mistakes as YAMLMistakes {
        throw fail(mistakes.description)
    }
}
