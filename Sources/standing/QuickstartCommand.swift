import ArgumentParser
import Foundation
import Kafka
import Options
import Policy
import Quickstart
import Terminal
import Topics

struct QuickstartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quickstart",
        abstract: "The main job in one process: a made-up town, or your own events, through the whole pipeline.",
        discussion: """
            Without --events a town of people, businesses and officials lives in fast motion on the embedded broker, and a \
            live view shows scores changing; the first line is the address of its console, for a browser. With --policy, --events and --until-done the files go through Kafka, the \
            ledger and the fold; standings are written as `standing replay` writes them, and one JSON line sums up.

            Examples:
              standing quickstart --for 30s
              standing quickstart --policy policy.yaml --events events.jsonl.gz \\
                  --until-done --standings out.jsonl
            """)

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var logging: LogOptions

    @Option(name: .customLong("for"), help: "End after this long, such as 30s. Default: until interrupted.")
    var duration: String?

    @Option(help: "The policy for --events.", completion: .policies)
    var policy: String?

    @Option(help: "The town's policy. Default: the one that the program carries.", completion: .policies)
    var townPolicy: String?

    @Option(parsing: .upToNextOption, help: "Files of events to feed, JSON lines, plain or .gz.", completion: .events)
    var events: [String] = []

    @Flag(help: "Feed the files, wait until every event is folded and published, write the results, end.")
    var untilDone = false

    @Option(help: "Where to write standings; - is standard output. With --until-done.", completion: .file())
    var standings: String?

    @Option(
        help: "Where to write every fact as it was read back from Kafka, one JSON line each. With --until-done.",
        completion: .file())
    var facts: String?

    @Option(help: Setting.help("workers"))
    var workers: String?

    @Option(help: "Simulated days that the town lives in a second. Default: 3.")
    var daysPerSecond: Double?

    @Option(help: "Inhabitants of the town. Default: 2000.")
    var inhabitants: Int?

    func validate() throws {
        if let duration, Settings.duration(duration) == nil {
            throw ValidationError("--for: \"\(duration)\" is not a duration such as 30s")
        }
        if untilDone && (events.isEmpty || policy == nil) {
            throw ValidationError("--until-done needs --policy FILE and --events FILE...")
        }
        if !untilDone && (!events.isEmpty || standings != nil || facts != nil) {
            throw ValidationError("--events, --standings and --facts go with --until-done")
        }
        if !untilDone && policy != nil {
            throw ValidationError("--policy goes with --events; the town's policy is --town-policy FILE")
        }
        if let daysPerSecond, !(0.01...100).contains(daysPerSecond) {
            throw ValidationError("--days-per-second: must be from 0.01 to 100")
        }
        if let inhabitants, !(10...1_000_000).contains(inhabitants) {
            throw ValidationError("--inhabitants: must be from 10 to 1000000")
        }
        let ofTown = [
            ("for", duration != nil), ("days-per-second", daysPerSecond != nil), ("inhabitants", inhabitants != nil),
        ]
        if untilDone, let (name, _) = ofTown.first(where: \.1) {
            throw ValidationError("--\(name) has no effect: with --until-done no town lives")
        }
    }

    func run() async throws {
        try OutputFile.requireDistinct(
            [("--facts", facts), ("--standings", standings)],
            from: [("--policy", policy), ("--config", cluster.config)] + events.map { ("--events", $0) })
        var settings = try Settings(config: cluster.config)
        var cluster = try Cluster(self.cluster, &settings, defaultBrokers: "embedded", mayEmbed: true)
        let logger = try logging.logger(&settings, label: "standing", level: "warning")
        let workers = try settings.workers(flag: workers)
        let policy = try untilDone ? loadPolicy(self.policy ?? "") : policyOfTown()
        // Checked first, so that nothing is created on the cluster for a ledger that cannot begin.
        _ = try cluster.pipeline(policy: policy)
        let broker = try cluster.startEmbedded()
        let brokerLine = broker.map {
            "embedded broker at \($0.bootstrap)   (look inside: kcat -b \($0.bootstrap) -t standing.score-changes)"
        }
        if broker == nil {
            do {
                let admin = TopicAdmin(try Admin(cluster.kafka), topicPrefix: cluster.prefix)
                guard try admin.apply(cluster.definitions, report: { printMessage($0.description) }) != .refused else {
                    throw Exit.failed
                }
            } catch let error as KafkaError {
                throw fail("error: \(cluster.kafka.brokers): \(error)")
            }
        }
        if untilDone {
            if let brokerLine { printMessage(brokerLine) }
            let run = try FileRun(
                cluster: cluster, policy: policy, events: events, standings: standings,
                facts: facts, workers: workers, logger: logger)
            try await onThread { try run.run() }
        } else {
            let limit = duration.flatMap { Settings.duration($0) }.map { Double($0) / 1e6 }
            let folder = FileManager.default.temporaryDirectory.appending(path: "standing-town-\(getpid())")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let member = try await TownMember(
                cluster, policy: policy, workers: workers, data: folder.appending(path: "data").path, logger)
            defer { member.close() }
            try await TownRun(
                cluster: cluster, service: member.service, server: member.server, seconds: limit,
                daysPerSecond: daysPerSecond ?? 3, inhabitants: inhabitants ?? 2000, folder: folder, logger: logger
            ).run(printing: brokerLine)
        }
        withExtendedLifetime(broker) {}
    }

    private func policyOfTown() throws -> ScoringPolicy {
        try townPolicy.map { try loadPolicy($0) } ?? ScoringPolicy(yaml: TownPolicy.text, file: "the town's policy")
    }
}
