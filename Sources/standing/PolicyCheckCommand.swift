import ArgumentParser
import Foundation
import Options
import Policy
import Replay
import Terminal

struct PolicyCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say whether a policy is good, or all that is wrong with it.",
        discussion: """
            Each mistake is a line on standard error: FILE:LINE:COLUMN: error: message. Exit 0 or 1.

            What is allowed and was perhaps not meant is a warning: a comparison that is always or never true, a band, a rule \
            or a sanction that nobody can reach, a JSON number that meets a double (data.km / 10.0 has no value where km is 25: \
            write double(data.km)), what nothing names. With --sample, also rules, measures and sanctions that no event of the \
            files matches, or that cannot be evaluated for some. With --strict warnings are errors.

            Examples:
              standing policy check policy.yaml
              standing policy check --strict policy.yaml --sample past.jsonl.gz
            """)

    @Argument(help: "Policies, YAML files.", completion: .policies)
    var files: [String]

    @Option(
        parsing: .upToNextOption, help: "Files of events, JSON lines, plain or .gz, enrolments among them.",
        completion: .events)
    var sample: [String] = []

    @Flag(help: "Warnings are errors.")
    var strict = false

    func run() throws {
        var isGood = true
        for file in files {
            do {
                var review = try reviewPolicy(file)
                if !sample.isEmpty {
                    let events = try read(review.policy)
                    if events.events == 0 {
                        printMessage("\(sample.joined(separator: ", ")): error: there is no event in the sample")
                        isGood = false
                    }
                    review.add(events)
                }
                for line in review.lines(areErrors: strict) { printMessage(line) }
                if strict, !review.warnings.isEmpty { isGood = false }
            } catch is ExitCode {
                // The mistakes are printed. The next file may have others.
                isGood = false
            }
        }
        if !isGood { throw Exit.failed }
    }

    private func read(_ policy: ScoringPolicy) throws -> PolicySample {
        var result = PolicySample(policy)
        let progress = FileProgress(of: sample)
        let line = ProgressLine(progress)
        defer { line.finish() }
        for path in sample {
            do {
                let events = try EventFile(path, progress: progress)
                while let event = try events.next(reject: { _ in }) { result.add(event) }
                if events.rejected > 0 {
                    printMessage("\(path): \(events.rejected) of \(events.read) lines are no events")
                }
            } catch let failure as LineReader.Failure {
                throw fail(failure.description)
            }
        }
        return result
    }
}
