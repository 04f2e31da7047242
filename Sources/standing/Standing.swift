import ArgumentParser

@main
struct StandingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "standing",
        abstract: "Event-sourced reputation: behaviour events in, explained scores out.",
        discussion: """
            Data goes to standard output, messages to standard error.
            Exit codes: 0 good, 1 failed, 2 usage, 3 corruption found, 4 a limit exceeded.
            """,
        version: "0.1.0",
        subcommands: [ReplayCommand.self, BenchCommand.self])
}
