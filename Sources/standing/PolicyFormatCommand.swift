import ArgumentParser
import Foundation
import Options
import Policy
import Terminal

struct PolicyFormatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fmt",
        abstract: "Put the parts of policies in one order, with quotes where YAML needs them.",
        discussion: """
            Sections, and the keys of rules, measures, bands, perks and sanctions, come in the order that the samples have. \
            Comments stay with what they stand above. An expression that YAML would read as something else gets its quotes: \
            a ? 1 : 2, !data.late, 'a' == data.x. What a policy says never changes; a file that is good already is not written.

            Examples:
              standing policy fmt policy.yaml
              standing policy fmt --check policies/*.yaml
            """)

    @Argument(help: "Policies, YAML files.", completion: .policies)
    var files: [String]

    @Flag(help: "Write nothing: print the files that would change, and exit 1 if there is one.")
    var check = false

    func run() throws {
        var isGood = true
        for file in files {
            guard let bytes = FileManager.default.contents(atPath: file) else {
                throw fail("\(file): error: cannot be read")
            }
            do {
                let text = try YAMLReader.text(of: bytes, file: file)
                let formatted = try PolicyFormat.formatted(text, file: file)
                guard formatted != text else { continue }
                print(file)
                if check {
                    isGood = false
                } else {
                    let output = try OutputFile(file)
                    try Array(formatted.utf8).withUnsafeBytes { try output.write($0) }
                    try output.close()
                }
            } catch let mistakes as YAMLMistakes {
                printMessage(mistakes.description)
                isGood = false
            }
        }
        if !isGood { throw Exit.failed }
    }
}
