import ArgumentParser
import Events
import Foundation
import Options
import Policy
import Replay
import Scoring
import Terminal

struct PolicyTestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Run the cases of policies: given these events, then exactly these facts.",
        discussion: """
            A folder is searched for *.yaml files with a `cases` key, which run in the order of their paths:

              policy: ../town.yaml
              cases:
                - name: one evaded fare costs 15 points
                  given:
                    - {enrol: anna, kind: individual, at: 2026-01-01}
                  when:
                    - {event: fare.evaded, at: 2026-01-02T10:00:00Z, data: {line: 4}}
                  then:
                    - {score: 985, band: A, because: [fare-evaded -15]}
                  standing: {anna: {dimensions: {transport: -15}, sanctions: {}}}

            A case that fails prints what it expected (-) against what came (+), in the same form. A case in which an \
            expression has no value, such as data.km / 10.0 with "km": 25, prints a warning, also if it passes. Exit 0 if \
            all cases pass, 1 if one fails or a file has mistakes.

            --coverage says which rules, measures, bands, perks and sanctions no case touches. --update writes the facts and \
            standings that failing cases gave into their files, for review, and those of cases that expect nothing yet; \
            comments stay.

            Examples:
              standing policy test my-club
              standing policy test --coverage my-club
              standing policy test --update my-club/cases/my-club.yaml
            """)

    @Argument(help: "Folders or files of cases.", completion: .file(extensions: ["yaml", "yml"]))
    var directories: [String]

    @Option(help: "text, or json: one JSON line a case and one for the sum.")
    var output: OutputForm = .text

    @Flag(help: "Say what of each policy no case touches.")
    var coverage = false

    @Flag(help: "Write what failing cases gave in place of what they expected.")
    var update = false

    enum OutputForm: String, ExpressibleByArgument { case text, json }

    /// The greatest number of files in a folder.
    private static let maximumFiles = 10_000

    func run() throws {
        var tally = Tally()
        var policies: [String: ScoringPolicy] = [:]
        var covered: [String: PolicyCoverage] = [:]
        for directory in directories {
            for path in try Self.files(in: directory) {
                let bytes = try Self.bytes(path)
                let isNamed = path == directory
                do {
                    let text = try YAMLReader.text(of: bytes, file: path)
                    let content = PolicyCaseFile.Content(of: text)
                    if content != .cases, !isNamed { continue }
                    if content == .policy {
                        printMessage("\(path): error: it has no cases: name a file or a folder of a policy's cases")
                        tally.broken += 1
                        continue
                    }
                    var policyPath = ""
                    let file = try PolicyCaseFile(yaml: text, file: path, needsExpectation: !update) { relative in
                        policyPath = Self.path(relative, from: path)
                        if let known = policies[policyPath] { return known }
                        let policy = try loadPolicy(policyPath)
                        policies[policyPath] = policy
                        return policy
                    }
                    let runner = PolicyCaseRunner(policy: file.policy)
                    let results = file.cases.map { runner.run($0) }
                    for result in results {
                        covered[policyPath, default: .init()].formUnion(result.coverage)
                        if !update { report(result, &tally) }
                    }
                    if update { try write(file, text, results, &tally) }
                } catch let mistakes as YAMLMistakes {
                    printMessage(mistakes.description)
                    tally.broken += 1
                } catch let code as ExitCode where code == Exit.failed {
                    // `loadPolicy` has printed the policy's mistakes.
                    printMessage("\(path): error: its policy cannot be used")
                    tally.broken += 1
                }
            }
        }
        if coverage {
            for path in covered.keys.sorted() {
                if let policy = policies[path], let parts = covered[path] { printCoverage(parts, of: policy, path) }
            }
        }
        sum(tally)
        if tally.passed + tally.failed + tally.updated + tally.broken == 0 {
            throw fail("error: no cases in \(directories.joined(separator: ", "))")
        }
        if tally.failed + tally.broken > 0 { throw Exit.failed }
    }

    private struct Tally {
        var passed = 0
        var failed = 0
        /// Cases that were updated with their results.
        var updated = 0
        /// Cases, passed or failed, with evaluation errors.
        var withErrors = 0
        /// Files with mistakes.
        var broken = 0
    }

    // MARK: Files

    /// The file itself, or every *.yaml below a folder, sorted by path.
    private static func files(in directory: String) throws -> [String] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isFolder) else {
            throw fail("\(directory): error: cannot be read")
        }
        guard isFolder.boolValue else { return [directory] }
        guard let walk = FileManager.default.enumerator(atPath: directory) else {
            throw fail("\(directory): error: cannot be read")
        }
        var paths: [String] = []
        while let path = walk.nextObject() as? String {
            guard path.hasSuffix(".yaml") || path.hasSuffix(".yml") else { continue }
            paths.append(directory.hasSuffix("/") ? directory + path : directory + "/" + path)
            guard paths.count <= maximumFiles else {
                throw fail("\(directory): error: more than \(maximumFiles) YAML files", Exit.limitExceeded)
            }
        }
        return paths.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func bytes(_ path: String) throws -> Data {
        let bytes: Data
        do {
            let file = try FileHandle(forReadingFrom: URL(filePath: path))
            bytes = try file.read(upToCount: PolicyCaseFile.maximumBytes + 1) ?? Data()
        } catch {
            throw fail("\(path): error: cannot be read")
        }
        guard bytes.count <= PolicyCaseFile.maximumBytes else {
            throw fail("\(path): error: larger than \(PolicyCaseFile.maximumBytes) bytes", Exit.limitExceeded)
        }
        return bytes
    }

    private static func path(_ relative: String, from file: String) -> String {
        guard !relative.hasPrefix("/") else { return relative }
        let folder = (file as NSString).deletingLastPathComponent
        var parts: [String] = []
        for part in (folder as NSString).appendingPathComponent(relative).components(separatedBy: "/") {
            // A `..` removes the part before it. At the beginning it stays.
            if part == "..", let last = parts.last, last != "..", !last.isEmpty {
                parts.removeLast()
            } else if part != "." {
                parts.append(part)
            }
        }
        return parts.joined(separator: "/")
    }

    // MARK: Update

    /// Writes the results of the cases into their file.
    private func write(
        _ file: PolicyCaseFile, _ text: String, _ results: [PolicyCaseResult], _ tally: inout Tally
    ) throws {
        let update = PolicyCaseUpdate(of: file, yaml: text, results: results)
        tally.passed += results.count - update.changed.count - update.left.count
        tally.updated += update.changed.count
        for result in results where update.left.contains(result.name) { report(result, &tally) }
        guard !update.changed.isEmpty else { return }
        let written = try OutputFile(file.file)
        try Array(update.text.utf8).withUnsafeBytes { try written.write($0) }
        try written.close()
        if output == .text { for name in update.changed { print("\(file.file): updated: \(name)".printable()) } }
    }

    // MARK: Output

    private func printCoverage(_ coverage: PolicyCoverage, of policy: ScoringPolicy, _ path: String) {
        switch output {
        case .text:
            let lines = coverage.lines(of: policy)
            for (number, line) in lines.enumerated() { print("\(number == 0 ? path + ": " : "  ")\(line)".printable()) }
        case .json:
            print(
                JSONWriter.object { writer in
                    writer.member("policy", path)
                    writer.key("coverage")
                    coverage.write(of: policy, to: &writer)
                })
        }
    }

    private func report(_ result: PolicyCaseResult, _ tally: inout Tally) {
        if result.hasPassed { tally.passed += 1 } else { tally.failed += 1 }
        if !result.errors.isEmpty { tally.withErrors += 1 }
        switch output {
        case .text:
            for warning in result.warnings { print(warning.printable()) }
            guard !result.hasPassed else { return }
            print("\(result.file):\(result.line): failed: \(result.name)".printable())
            for line in result.difference { print("  \(line)".printable()) }
        case .json:
            print(
                JSONWriter.object { writer in
                    writer.member("file", result.file)
                    writer.member("line", result.line)
                    writer.member("name", result.name)
                    writer.member("passed", result.hasPassed)
                    writer.member("difference", result.difference)
                    writer.list("errors", result.errors) { $1.write(to: &$0) }
                })
        }
    }

    private func sum(_ tally: Tally) {
        switch output {
        case .text:
            let broken =
                tally.broken == 0 ? "" : ", \(tally.broken) \(tally.broken == 1 ? "file" : "files") with mistakes"
            let errors = tally.withErrors == 0 ? "" : ", \(tally.withErrors) with evaluation errors"
            let updated = tally.updated == 0 ? "" : ", \(tally.updated) updated"
            print("\(tally.passed) passed, \(tally.failed) failed\(updated)\(errors)\(broken)")
        case .json:
            print(
                JSONWriter.object { writer in
                    writer.member("passed", tally.passed)
                    writer.member("failed", tally.failed)
                    writer.member("withErrors", tally.withErrors)
                    writer.member("filesWithMistakes", tally.broken)
                    if update { writer.member("updated", tally.updated) }
                })
        }
    }
}
