import ArgumentParser
import Foundation
import Policy

struct PolicySchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of policy files, for editors.",
        discussion: """
            JSON Schema 2020-12. In an editor with the YAML language server, a policy's first line may be
            # yaml-language-server: $schema=policy.schema.json

            Examples:
              standing policy schema > policy.schema.json
            """)

    func run() throws { FileHandle.standardOutput.write(Data(PolicySchema.text.utf8)) }
}
