import Foundation

/// What `--experimental-dump-help` tells of all commands.
struct Help: Decodable {
    struct Command: Decodable {
        struct Argument: Decodable {
            struct Name: Decodable {
                let kind: String
                let name: String
            }
            let kind: String
            let names: [Name]?
            let abstract: String?

            var flags: [String] { (names ?? []).filter { $0.kind == "long" }.map { "--" + $0.name } }
        }
        let commandName: String
        let discussion: String?
        let arguments: [Argument]?
        let subcommands: [Command]?

        var flags: Set<String> { Set((arguments ?? []).flatMap(\.flags)) }
        /// Its own, and those of all commands below it.
        var everyFlag: Set<String> { (subcommands ?? []).reduce(into: flags) { $0.formUnion($1.everyFlag) } }

        /// The lines after `Examples:` in the discussion. A line that ends in a `\` is one with the next.
        var examples: [String] {
            let whole = (discussion ?? "").replacing(/\\\n */, with: "")
            let lines = whole.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            return lines.firstIndex(of: "Examples:").map { Array(lines[($0 + 1)...]) } ?? []
        }

        /// This command and all below it but `help`, each by its words.
        func all(_ path: [String] = []) -> [(path: [String], command: Command)] {
            [(path, self)]
                + (subcommands ?? []).filter { $0.commandName != "help" }.flatMap { $0.all(path + [$0.commandName]) }
        }

        /// Every command without subcommands, by its words.
        func leaves() -> [(path: [String], command: Command)] {
            all().filter { $0.command.subcommands?.isEmpty ?? true }
        }

        /// What is wrong with the words after this command; nil if the program would know their command and flags.
        func mistake(in words: [String]) -> String? {
            var command = self
            var rest = words[...]
            while let name = rest.first, let next = command.subcommands?.first(where: { $0.commandName == name }) {
                (command, rest) = (next, rest.dropFirst())
            }
            if command.subcommands?.isEmpty == false, let name = rest.first, !name.hasPrefix("-") {
                return "no command is called \(name)"
            }
            for word in rest where word.hasPrefix("--") {
                let flag = String(word.prefix { $0 != "=" })
                if !command.flags.contains(flag) { return "\(command.commandName) has no \(flag)" }
            }
            return nil
        }
    }
    let command: Command

    static func ofAll() async throws -> Command {
        let help = try await standing("--experimental-dump-help").output
        return try JSONDecoder().decode(Help.self, from: Data(help.utf8)).command
    }
}
