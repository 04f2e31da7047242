import ArgumentParser
import Foundation
import Policy
import Terminal

struct PolicyNewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Write a first policy, small and commented, with its cases.",
        discussion: """
            Writes NAME/NAME.yaml and NAME/cases/NAME.yaml, asks nothing and overwrites nothing. Change what it says, run \
            `standing policy check --strict` and `standing policy test` on the folder, and read it with `standing policy explain`.

            Examples:
              standing policy new my-club
              standing policy new my-club --directory policies
            """)

    @Argument(help: "The policy's name: lower-case letters, digits and hyphens, a letter first.")
    var name: String
    @Option(help: "The folder in which the policy's own folder is made. Default: this one.", completion: .directory)
    var directory = "."

    func validate() throws {
        guard (try? ScoringPolicy(yaml: PolicyTemplate.policy(name), file: ""))?.id == name else {
            throw ValidationError("NAME: lower-case letters, digits and hyphens, a letter first, at most 128")
        }
    }

    func run() throws {
        let folder = URL(filePath: directory).appending(path: name)
        let files = [
            (folder.appending(path: "\(name).yaml"), PolicyTemplate.policy(name)),
            (folder.appending(path: "cases/\(name).yaml"), PolicyTemplate.cases(name)),
        ]
        for (file, _) in files where FileManager.default.fileExists(atPath: file.path(percentEncoded: false)) {
            throw fail("\(file.relativePath): error: is already there")
        }
        do {
            try FileManager.default.createDirectory(
                at: folder.appending(path: "cases"), withIntermediateDirectories: true)
            for (file, text) in files {
                try Data(text.utf8).write(to: file, options: .withoutOverwriting)
                print(file.relativePath)
            }
        } catch {
            throw fail("\(folder.relativePath): error: cannot be written")
        }
    }
}
