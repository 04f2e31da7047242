import ArgumentParser
import CEL
import CELJSON
internal import Events
import Foundation
import Policy
import Replay
import Terminal

struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Check a policy, read it in plain sentences, test it, see what it would have done, and change it.",
        discussion: """
            Examples:
              standing policy new my-club
              standing policy check my-club/my-club.yaml
              standing policy test my-club
            """,
        subcommands: [
            PolicyNewCommand.self, PolicyCheckCommand.self, PolicyFormatCommand.self, PolicyExplainCommand.self,
            PolicyTestCommand.self,
            PolicyBacktestCommand.self,
            PolicyProposeCommand.self, PolicyDiffCommand.self, PolicyActivateCommand.self, PolicyRollbackCommand.self,
            PolicyShadowCommand.self, PolicyShowCommand.self, PolicyLogCommand.self, PolicyEvalCommand.self,
            PolicySchemaCommand.self,
        ])
}

struct PolicyEvalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Evaluate expressions of the policy language (CEL).",
        discussion: """
            One EXPR with its variables as a JSON object, or --batch FILE with a row a line: {"name","expr","container"?, \
            "vars"?}, vars as typed values ({"type":"int","value":"1"}). Prints {"name","value":{"type","value"}} or \
            {"name","error"} a row, and goes on after an error. A single expression that fails ends with exit 1.

            Examples:
              standing policy eval 'data.billed >= 1000' --vars '{"data": {"billed": 1}}'
              standing policy eval --batch rows.jsonl
            """)

    @Option(help: "Variables of a single expression: a JSON object, its members plain JSON or typed values.")
    var vars: String?

    @Option(help: "A file of rows, one a line; - is standard input.", completion: .file(extensions: ["jsonl"]))
    var batch: String?

    @Argument(help: "The expression.")
    var expression: String?

    func validate() throws {
        guard (expression == nil) != (batch == nil) else { throw ValidationError("give EXPR or --batch FILE") }
        if batch != nil, vars != nil { throw ValidationError("--vars goes with a single expression") }
    }

    func run() throws {
        if let batch { try evaluate(rowsOf: batch) } else if let expression { try evaluate(expression) }
    }
    private func evaluate(rowsOf path: String) throws {
        let out = try OutputFile("-")
        do {
            let lines = try LineReader(path == "-" ? "/dev/stdin" : path, maximumBytes: Self.maximumRowBytes)
            while true {
                do {
                    guard let line = try lines.next() else { break }
                    guard !line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) else { continue }
                    try write(EvaluationRow(line: line), to: out)
                } catch let failure as LineReader.Failure where failure.isOneLine {
                    let line = JSONWriter.object {
                        $0.member("name", "")
                        $0.member("error", failure.message)
                    }
                    try Array(line.utf8).withUnsafeBytes { try out.write(line: $0) }
                }
            }
        } catch let failure as LineReader.Failure {
            try out.close()
            throw fail(failure.description)
        }
        try out.close()
    }

    private static let maximumRowBytes = 1024 * 1024

    private func evaluate(_ expression: String) throws {
        let row: EvaluationRow
        do {
            let variables = try vars.map { try EvaluationRow.variables(json: $0) } ?? []
            row = EvaluationRow(name: expression, expression, variables: variables)
        } catch let defect as EvaluationRow.Defect {
            throw fail("error: --vars: \(defect)", Exit.usage)
        }
        let out = try OutputFile("-")
        try write(row, to: out)
        try out.close()
        for diagnostic in row.diagnostics + row.warnings {
            printMessage(diagnostic.diagnostic(source: expression, name: nil))
        }
        if row.error != nil { throw Exit.failed }
    }

    private func write(_ row: EvaluationRow, to out: OutputFile) throws {
        var line = row.resultLine
        try line.withUTF8 { try out.write(line: UnsafeRawBufferPointer($0)) }
    }
}
