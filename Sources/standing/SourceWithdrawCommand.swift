import ArgumentParser
import Foundation
import Options
import Replay
import Terminal
import Topics

struct SourceWithdrawCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw",
        abstract: "Say who would gain and who would lose if a source had never written anything.",
        discussion: """
            Folds the ledger as it is and once more without the entries of one source topic, under the policies that the ledger \
            activates, on one thread at low priority. Prints numbers, the largest changes without anybody's name, and which \
            sanctions and perks there would be. It changes nothing; without --what-if it does nothing.

            Examples:
              standing source withdraw behaviour.commerce --what-if --archive /var/lib/standing
              standing source withdraw behaviour.commerce --what-if --topic --brokers kafka:9092
            """)

    @Argument(help: "The source topic, as the ledger's origins name it.", completion: .sourceTopics)
    var name: String
    @Flag(help: "Only ask.")
    var whatIf = false
    @OptionGroup var source: LedgerSourceOptions
    @Option(help: "Subjects in each list, under numbers instead of their names.")
    var listed = 10
    @Option(help: "text or json.")
    var output = TableFormat.text

    private static let priority: Int32 = 10

    func validate() throws {
        guard whatIf else { throw ValidationError("give --what-if: a source is not withdrawn by this release") }
        guard (source.archive != nil) != source.topic else { throw ValidationError("give --topic or --archive DIR") }
        guard listed >= 0 else { throw ValidationError("--listed: at least 0") }
    }

    func run() throws {
        var settings = try Settings(config: source.cluster.config)
        let (prefix, definitions) = try Cluster.topics(
            source.cluster.topics, prefix: source.cluster.topicPrefix, &settings)
        let definition = definitions.first { $0.name == name || prefix + $0.name == name }
        guard definition?.role != .control else {
            throw fail("error: \(name) is the control topic: without it nobody is enrolled", Exit.usage)
        }
        let topic = definition.map { prefix + $0.name } ?? name
        _ = nice(Self.priority)
        let ledger = try source.open()
        let progress = ReplayProgress(total: ledger.total * 2)
        let bar = ProgressLine(progress)
        defer { bar.finish() }
        var withdrawal = SourceWithdrawal(of: topic)
        withdrawal.listLimit = listed
        let difference = try LedgerSource.reading {
            do {
                return try withdrawal.run(partitions: ledger.partitions, source: ledger.frames, progress: progress)
            } catch let failure as SourceWithdrawal.Failure {
                throw fail("error: \(failure)")
            }
        }
        guard difference.entries > 0 else { throw fail("error: the ledger has no entry of \(topic)") }
        print(output == .json ? difference.json + "\n" : difference.page, terminator: "")
    }
}
