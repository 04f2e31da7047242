import ArgumentParser
import CIntrinsics
import Foundation

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
        subcommands: [
            ServeCommand.self, ReplayCommand.self, PolicyCommand.self, SubjectCommand.self, EventCommand.self,
            AppealCommand.self, SourceCommand.self, ArchiveCommand.self, VerifyCommand.self, LedgerCommand.self,
            KeyCommand.self, DeadLetterCommand.self, FactsCommand.self, LagCommand.self, PerksCommand.self,
            BlacklistCommand.self, TopicsCommand.self, SettingsCommand.self, QuickstartCommand.self, BrokerCommand.self,
            SimulateCommand.self, BenchCommand.self,
        ])

    static func main() async {
        standing_keep_heap()
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            // The argument parser's own code for usage is 64; ours is 2.
            if exitCode(for: error) == .validationFailure {
                say(fullMessage(for: error))
                Foundation.exit(Exit.usage.rawValue)
            }
            exit(withError: error)
        }
    }
}
