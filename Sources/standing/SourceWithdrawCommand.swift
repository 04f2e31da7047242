import ArgumentParser
import Backtests
import Events
import Feeding
import Foundation
import Options
import Pipeline
import Replay
import Terminal
import Topics

struct SourceWithdrawCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw",
        abstract: "Take back what a source said: say who would gain and who would lose, and do it.",
        discussion: """
            Folds the ledger as it is, and shows the state directly after a withdrawal of the source topic at its end, on one \
            thread at low priority. Prints numbers, the largest changes without anybody's name, and which sanctions would be \
            lifted and which perks won and lost. With --what-if that is all.

            With --go and a reason it then sends `standing.source.withdrawn` to the control topic and prints the event's id. From \
            that entry on, the score of everybody is that of a history in which the source had never spoken, also under policies \
            that come later. Sanctions that its events imposed, or that its points alone justify, are lifted; none is imposed. What \
            it writes from then on moves the clock and counts for nothing. Members fold the history of their partitions without it \
            in the background, as for a policy. `standing source restore` takes the act back.

            Examples:
              standing source withdraw behaviour.commerce --what-if --archive /var/lib/standing
              standing source withdraw behaviour.commerce --what-if --topic --brokers kafka:9092
              standing source withdraw behaviour.commerce --go --reason 'the contract ended' --topic --brokers kafka:9092
            """)

    @Argument(help: "The source topic, as the ledger's origins name it.", completion: .sourceTopics)
    var name: String
    @Flag(help: "Only ask.")
    var whatIf = false
    @Flag(help: "Withdraw it, after what --what-if prints. It goes with --topic.")
    var go = false
    @OptionGroup var act: SourceActOptions
    @OptionGroup var source: LedgerSourceOptions
    @Option(help: "Subjects in each list, under numbers instead of their names.")
    var listed = 10
    @Option(help: "text or json.")
    var output = TableFormat.text

    private static let priority: Int32 = 10

    func validate() throws {
        guard whatIf != go else { throw ValidationError("give --what-if, or --go to withdraw it") }
        guard (source.archive != nil) != source.topic else { throw ValidationError("give --topic or --archive DIR") }
        guard listed >= 0 else { throw ValidationError("--listed: at least 0") }
        if go {
            guard source.topic else { throw ValidationError("--go goes with --topic") }
            guard act.reason?.isEmpty == false else { throw ValidationError("--go needs a --reason") }
        } else if let flag = act.givenFlag {
            throw ValidationError("\(flag) has no effect: it goes with --go")
        }
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
        let cluster = go ? try Cluster(source.cluster, &settings) : nil
        if let cluster { try SourceActOptions.require(.sourceWithdrawn, of: topic, cluster) }
        _ = nice(Self.priority)
        let difference = try self.difference(of: topic)
        print(output == .json ? difference.json + "\n" : difference.page, terminator: "")
        if let cluster { try act.send(.sourceWithdrawn, of: topic, cluster, &settings, output) }
    }

    private func difference(of topic: String) throws -> SourceWithdrawal.Difference {
        let ledger = try source.open()
        let progress = ReplayProgress(total: SourceWithdrawal.passes * ledger.total)
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
        return difference
    }
}

struct SourceRestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Count a source again that was withdrawn.",
        discussion: """
            Sends `standing.source.restored` to the control topic and prints the event's id. From that entry on, scores follow \
            from all that the source ever wrote, also while it was withdrawn. Sanctions that were lifted stay lifted, and none is \
            imposed: only a new event can.

            Examples:
              standing source restore behaviour.commerce --reason 'a new contract' --brokers kafka:9092
            """)

    @OptionGroup var cluster: ClusterOptions
    @Argument(help: "The source topic, as the ledger's origins name it.", completion: .sourceTopics)
    var topic: String
    @OptionGroup var act: SourceActOptions

    func validate() throws {
        guard act.reason?.isEmpty == false else { throw ValidationError("give a --reason") }
    }

    func run() throws {
        var settings = try Settings(config: cluster.config)
        let cluster = try Cluster(cluster, &settings)
        let topic = cluster.sourceTopic(topic) ?? topic
        try SourceActOptions.require(.sourceRestored, of: topic, cluster)
        try act.send(.sourceRestored, of: topic, cluster, &settings, .text)
    }
}

/// An act about a source: why, who and when.
struct SourceActOptions: ParsableArguments {
    @Option(help: "Why; it stays in the ledger.")
    var reason: String?
    @Option(help: "Who decided it; it stays in the ledger.")
    var by: String?
    @Option(help: "When it happens (RFC 3339). Default: now, or with --clock events the ledger's clock.")
    var time: String?
    @Option(help: Setting.help("clock"), completion: .clocks)
    var clock: String?
    @Option(help: Setting.help("allowed-skew"))
    var allowedSkew: String?
    @OptionGroup var key: ControlKeyOptions

    func validate() throws {
        guard let time, Timestamp(time) == nil else { return }
        throw ValidationError("--time: \"\(time)\" is not an RFC 3339 time such as 2026-01-31T00:00:00Z")
    }

    /// The first option that is given; nil if there is none.
    var givenFlag: String? {
        let options = [
            ("--reason", reason), ("--by", by), ("--time", time), ("--clock", clock), ("--allowed-skew", allowedSkew),
            ("--control-key", key.controlKey),
        ]
        return options.first { $0.1 != nil }?.0
    }

    /// Ends the command where the act would change nothing.
    static func require(_ type: ControlType, of topic: String, _ cluster: Cluster) throws {
        let ledger = try LedgerSource(topicOf: cluster)
        let sources = try LedgerSource.reading { try LedgerSources(ledger) }
        guard sources.withoutPolicy.count < sources.partitions else { throw LedgerPolicies.emptyLedger() }
        guard sources.withoutPolicy.isEmpty else {
            let names = sources.withoutPolicy.map(String.init).joined(separator: ", ")
            let verb = sources.withoutPolicy.count == 1 ? "partition \(names) has" : "partitions \(names) have"
            throw fail(
                "error: ledger \(verb) no policy, and the others have one, so the act would not reach all. The start of a member "
                    + "begins what is empty, or reports what is lost; give the command again after it")
        }
        guard sources.foldVersion >= PolicyHistory.sourcesVersion else {
            throw fail(
                "error: the ledger is of fold version \(sources.foldVersion), in which no source is withdrawn: `standing ledger "
                    + "upgrade` moves it, once all members are updated")
        }
        // An act that only some partitions have is repeated for the others.
        switch type {
        case .sourceRestored where sources.withdrawn.extent(of: topic)?.isNowhere != false:
            throw fail("error: \(topic) is not withdrawn")
        case .sourceWithdrawn where sources.withdrawn.extent(of: topic)?.isEverywhere == true:
            throw fail("error: \(topic) is withdrawn already")
        default: break
        }
    }

    func send(
        _ type: ControlType, of topic: String, _ cluster: Cluster, _ settings: inout Settings, _ output: TableFormat
    ) throws {
        let data = JSONWriter.object {
            $0.member("topic", topic)
            $0.member("reason", reason ?? "")
            if let by { $0.member("by", by) }
        }
        let signer = try key.signer(&settings)
        let when = OperatorTime(time: time, clock: clock, allowedSkew: allowedSkew)
        let id = try ControlTopic(cluster: cluster, signer: signer).send(type, data: data) {
            try when.stamp(cluster, &settings)
        }
        print(output == .json ? JSONWriter.object { $0.member("id", id) } : id)
    }
}
