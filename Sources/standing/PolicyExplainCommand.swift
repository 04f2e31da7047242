import ArgumentParser
import Foundation
import Options
import Policy

struct PolicyExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say in plain sentences what a policy does.",
        discussion: """
            For the people it scores: what counts, for how long, what follows from it, and how to object. Markdown, \
            made from the checked policy alone, so the same policy gives the same text.

            Examples:
              standing policy explain policy.yaml > what-counts.md
            """)

    @Argument(help: "The policy, a YAML file.", completion: .policies)
    var file: String

    func run() throws {
        let text = PolicyExplanation(try loadPolicy(file)).text
        FileHandle.standardOutput.write(Data(text.utf8))
    }
}
