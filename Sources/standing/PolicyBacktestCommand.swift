import ArgumentParser
import Backtests
import Events
import Options
import Replay
import Terminal

struct PolicyBacktestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backtest",
        abstract: "Fold the same events under a candidate policy and under a baseline, and report what differs.",
        discussion: """
            The candidate is --policy, the baseline --against: whatever moved, moved from the baseline to the candidate. \
            Without a baseline the report is about the candidate alone. Needs no broker and cannot publish. The same \
            files give the same report, byte for byte. It ends with what did not count, and why: expressions that had no \
            value, event types that the policy does not name, subjects who are not enrolled. Before that come what measures \
            come to, and changes of band that were soon taken back, with the grace that would bridge them; with --sensitivity \
            also the candidate without each of its rules.

            --outcomes is a CSV file with the header "subject,NAME" and 0 or 1 for each subject: what happened later. A \
            higher score is taken to mean that it is less likely.

            Examples:
              standing policy backtest --policy policy.yaml --events past.jsonl.gz
              standing policy backtest --policy new.yaml --against old.yaml \\
                  --events past.jsonl --html report.html
            """)

    enum Output: String, ExpressibleByArgument, CaseIterable { case table, json }

    @Option(help: "The candidate, a YAML file.", completion: .policies)
    var policy: String

    @Option(help: "The baseline that the candidate is compared with, a YAML file.", completion: .policies)
    var against: String?

    @Option(parsing: .upToNextOption, help: "Files of events, JSON lines, plain or .gz.", completion: .events)
    var events: [String]

    @Option(
        name: .customLong("as-of"), help: "Move the clock here at the end (RFC 3339). Default: the greatest time read.")
    var asOf: String?

    @Option(help: "What happened to subjects later, a CSV file.", completion: .file(extensions: ["csv"]))
    var outcomes: String?

    @Option(help: "How to print the report: table or json.")
    var output: Output = .table

    @Option(
        help: "Write the report as a page, too: one file, no scripts, nothing fetched.",
        completion: .file(extensions: ["html"]))
    var html: String?

    @Flag(help: "Fold the candidate once more without each of its rules, and say for whom that makes a difference.")
    var sensitivity = false

    @Flag(
        name: .customLong("no-subjects"),
        help: "Leave every subject's id, and every event's source and id, out of the report.")
    var noSubjects = false

    /// Further rejected lines are only counted.
    private static let rejectedLinesShown = 20

    func validate() throws {
        if let asOf, Timestamp(asOf) == nil {
            throw ValidationError("--as-of: \"\(asOf)\" is not an RFC 3339 time such as 2026-01-31T00:00:00Z")
        }
        if events.isEmpty { throw ValidationError("--events: name at least one file") }
        if html == "-" { throw ValidationError("--html: name a file; the report goes to standard output") }
    }

    func run() throws {
        try OutputFile.requireDistinct(
            [("--html", html)],
            from: [("--policy", policy), ("--against", against), ("--outcomes", outcomes)]
                + events.map { ("--events", $0) })
        var backtest = Backtest(
            policy: try loadPolicy(policy), against: try against.map { try loadPolicy($0) }, events: events,
            asOf: asOf.flatMap { Timestamp($0) }, outcomes: try outcomes.map { try Self.loadOutcomes($0) })
        if noSubjects { backtest.listLimit = 0 }
        backtest.asksSensitivity = sensitivity
        let report = try run(backtest)
        if let html { try Self.write(report.page(), to: html) }
        try Self.write(output == .json ? report.json() : report.table(), to: "-")
    }

    private func run(_ backtest: Backtest) throws -> BacktestReport {
        var shown = 0
        do {
            let progress = FileProgress(of: events, readings: backtest.readings)
            let line = ProgressLine(progress)
            defer { line.finish() }
            let report = try backtest.run(progress: progress) { rejected in
                shown += 1
                if shown <= Self.rejectedLinesShown { printMessage(rejected.description) }
            }
            line.finish()
            if report.input.rejected > 0 {
                printMessage(
                    "\(report.input.rejected) of \(report.input.read) lines were no event that could be folded")
            }
            return report
        } catch let failure as LineReader.Failure {
            throw fail(failure.description)
        }
    }

    private static func loadOutcomes(_ path: String) throws -> BacktestOutcomes {
        do {
            return try BacktestOutcomes(csv: path)
        } catch let mistakes as BacktestOutcomes.Mistakes {
            throw fail(mistakes.description)
        } catch let failure as LineReader.Failure {
            throw fail(failure.description)
        }
    }

    private static func write(_ text: String, to path: String) throws {
        let file = try OutputFile(path)
        try Array(text.utf8).withUnsafeBytes { try file.write($0) }
        try file.close()
    }
}
