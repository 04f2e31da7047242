import ArgumentParser
import Benchmarks
import CBuild
import CMimalloc
import Foundation
import Kafka
import Ledger
import Scoring
import Terminal

@main
struct StandingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "standing",
        abstract: "Event-sourced reputation: behaviour events in, explained scores out.",
        discussion: """
            Data goes to standard output, messages to standard error.
            Exit codes: 0 good, 1 failed, 2 usage, 3 corruption found, 4 a limit exceeded.

            Examples:
              standing quickstart
              standing serve --brokers kafka:9092 --policy policy.yaml --data data
              standing help policy test
            """,
        version: version,
        subcommands: [
            ServeCommand.self, ReplayCommand.self, PolicyCommand.self, SubjectCommand.self, EventCommand.self,
            AppealCommand.self, SourceCommand.self, ArchiveCommand.self, VerifyCommand.self, LedgerCommand.self,
            KeyCommand.self, KeysCommand.self, AuditCommand.self, DeadLetterCommand.self, FactsCommand.self,
            LagCommand.self,
            PerksCommand.self,
            BlacklistCommand.self, TopicsCommand.self, SettingsCommand.self, QuickstartCommand.self, BrokerCommand.self,
            SimulateCommand.self, BenchCommand.self,
            TraceCommand.self,
            StatusCommand.self, TailCommand.self, DoctorCommand.self, CapacityCommand.self, AccessCommand.self,
        ])

    static let release = "0.1.0"

    /// The commit of the build; nil if the build was not given it.
    static var commit: String? {
        let commit = String(cString: standing_commit())
        return commit.isEmpty ? nil : commit
    }

    /// The version numbers of the formats on disks and topics. A program reads those of the same number.
    private static var formats: [(name: String, number: Int)] {
        [
            ("fold version", Int(FoldVersion.newest.rawValue)), ("frame", Int(Frame.version)),
            ("archive", ArchiveDirectory.format), ("snapshot", Int(Fold.stateVersion)),
            ("export", Int(LedgerExport.format)),
        ]
    }

    /// The version with the native libraries that decide the speed of the process. The mention of mimalloc also links
    /// it. It replaces the C library's allocator, which takes a sixth more time, and on Apache Kafka far more memory.
    private static var version: String {
        let allocator = mi_version()
        let numbers = formats.map { "\($0.name) \($0.number)" }.joined(separator: ", ")
        return "\(release) (commit \(commit ?? "unknown"), \(numbers), "
            + "librdkafka \(KafkaConfiguration.libraryVersion), "
            + "mimalloc \(allocator / 100).\(allocator / 10 % 10).\(allocator % 10))"
    }

    /// The delay after which free memory returns to the system, in milliseconds. Batches of records take and free
    /// megabytes. A delay of 5 costs a tenth more of a member's time, and the default of 25 uses a twentieth more of its
    /// memory.
    private static let decommitMilliseconds = 10

    /// If standard input, output or error is closed, the next file or connection would get its descriptor, and with it
    /// the output.
    private static func occupyStandardStreams() {
        for stream in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(stream, F_GETFD) < 0 {
            // The opposite direction, so that reading and writing fail as before.
            _ = open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    static func main() async {
        occupyStandardStreams()
        mi_option_set(mi_option_decommit_delay, decommitMilliseconds)
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            Consumer.finishClosing()
        } catch {
            Consumer.finishClosing()
            // The argument parser's code for usage errors is 64; ours is 2.
            if exitCode(for: error) == .validationFailure {
                printMessage(fullMessage(for: error))
                Foundation.exit(Exit.usage.rawValue)
            }
            exit(withError: error)
        }
    }
}
